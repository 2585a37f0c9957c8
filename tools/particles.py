"""Do Korean particles follow the reading of the word before them?

은/는, 이/가, 을/를, 와/과 and (으)로 depend on whether the word ends in a consonant
as it is read aloud: ViT는 (브이아이티), CNN은 (시엔엔), 37은 (삼십칠), $D$는 (디). A
word in parentheses is passed over: 패치(patch)는.
"""

import re

from tools.book import HANGUL, Prose, Report

# (after a vowel, after a consonant); ㄹ takes 로, not 으로.
PARTICLES = [
    ("는", "은"), ("가", "이"), ("를", "을"), ("와", "과"), ("란", "이란"),
    ("라는", "이라는"), ("라고", "이라고"), ("와의", "과의"), ("와는", "과는"),
    ("로", "으로"), ("로는", "으로는"), ("로서", "으로서"), ("로써", "으로써"),
    ("로도", "으로도"), ("로만", "으로만"),
]  # fmt: skip
FORMS = {form: both for both in PARTICLES for form in both}
LETTERS = dict.fromkeys("ABCDEFGHIJKOPQSTUVWXYZ", "") | {
    "L": "ㄹ", "M": "ㅁ", "N": "ㄴ", "R": "ㄹ",
}  # fmt: skip
DIGITS = dict(zip("0123456789", "ㅇㄹ ㅁ  ㄱㄹㄹ ", strict=True))
ZEROS = {1: "ㅂ", 2: "ㄱ", 3: "ㄴ", 4: "ㄴ", 5: "ㄴ", 6: "ㄴ", 7: "ㄴ", 8: "ㄱ"}
# The final consonant with which Korean reads a Latin word, where its spelling
# (see `_spelled_final`) does not say so: words on -t, -p, -k, names, Greek.
READINGS = {
    "ㄱ": "block blk feedback hook lock notebook pack stack track clock book basic "
    "logic metric generic facebook mac quick",
    "ㄴ": r"json swin \epsilon \varepsilon",
    "ㄹ": "px d2l url html ml yaml al",
    "ㅁ": "adam norm layernorm batchnorm same",
    "ㅂ": "app backprop chip clip crop drop flip gap map pip setup step stop swap top "
    "up warmup colab",
    "ㅅ": "cat concat cut dataset dot dropout fit hit imagenet input layout lenet net "
    "output resnet shot slot split timeout unit set",
    "": "add attend attr benchmark bit cka check cls conv2d cost deit dict dist eps "
    "exact false first float32 float64 gelu github gradient head hw int key last "
    "least list max mask mlp mnist most must object point post print pytest relu "
    "shape softmax sort std tanh task test text true value vit week weight work "
    "flops macs pre zero conv expect view "
    r"\alpha \beta \gamma \delta \eta \theta \lambda \mu \pi \sigma \tau \phi \varphi",
}
FINAL = {word: final for final, row in READINGS.items() for word in row.split()}
AFTER = re.compile(
    r"(?P<word>[A-Za-z][A-Za-z0-9_.+-]*|\d[\d,.]*|%|\$[^$]+\$|`[^`]+`)"
    r"(?P<closed>[\"'’”*]*)(?P<group>\([^()]*(?:\([^()]*\)[^()]*)*\))?"
    r"(?P<particle>" + "|".join(sorted(FORMS, key=len, reverse=True)) + r")"
    r"(?=[\s.,;:!?)\]]|$)"
)
AFTER_TERM = (
    r"(?P<group>\([^()]*(?:\([^()]*\)[^()]*)*\))?(?P<particle>%s)(?=[\s.,;:]|$)"
)


def particles(book):
    """은/는, 이/가, 을/를, 와/과, (으)로 as the word before them is read."""
    report = Report("particles after Latin words, numbers, formulas and terms")
    terms = sorted((e["ko"] for e in book.glossary if HANGUL.search(e["ko"])), key=len)
    after_term = re.compile(
        rf"(?P<word>{'|'.join(map(re.escape, reversed(terms)))})"
        + AFTER_TERM % "|".join(sorted(FORMS, key=len, reverse=True))
    )
    unread = set()
    for where, _, korean in book.pairs():
        text = "\n".join(block.plain for block in Prose.of(korean).blocks)
        for found in [*AFTER.finditer(text), *after_term.finditer(text)]:
            final = read_final(found["word"])
            if final is None:
                unread.add(found["word"])
            else:
                report.item(_particle(where, found, final))
    if unread:
        report.notes.append(f"not read: {', '.join(sorted(unread))}")
    return report


def _particle(where, found, final):
    vowel, consonant = FORMS[found["particle"]]
    rieul = vowel.startswith("로") and final == "ㄹ"
    right = consonant if final and not rieul else vowel
    if found["particle"] != right:
        word = found[0].removesuffix(found["particle"])
        yield f"{where}: a particle, found {found[0]!r}, expected {word + right!r}"


def read_final(word):
    """The final consonant with which Korean reads a word, "", or None: unknown."""
    if HANGUL.search(word[-1]):
        return _hangul_final(word[-1])
    if word == "%":
        return ""
    if word.startswith("$"):
        return _formula_final(word.strip("$"))
    if word.startswith("`"):
        return _code_final(word.strip("`"))
    word = word.rstrip(".,")
    if word[0].isdigit() and re.fullmatch(r"[\d,.]+", word):
        return _number_final(word)
    return _word_final(word)


def _hangul_final(syllable):
    finals = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
    return finals[(ord(syllable) - 0xAC00) % 28].strip()


def _number_final(number):
    """Sino-Korean: 10 is 십, 2,048 is 이천사십팔, 0.5 is 영 점 오."""
    digits = number.replace(",", "")
    zeros = len(digits) - len(digits.rstrip("0"))
    if "." in digits or not zeros or not digits.strip("0"):
        return DIGITS[digits[-1]].strip()
    return ZEROS.get(zeros)


def _formula_final(formula):
    """Only of formulas whose last sign is read by itself: $D$, $W_2$, $QK^T$ not."""
    formula = formula.strip()
    if formula.endswith("'"):
        return "ㅁ"  # 프라임
    formula = re.sub(r"_\{?(\w)\}?$", r" \1", formula)  # an index is read as it is
    last_sign = r"(?:^|[\s({=,-])\d*?(\\?[A-Za-z]+|\d[\d,.]*)[)\]}]*$"
    found = re.search(last_sign, formula)
    if not found or re.search(r"[_^]\{?[^}\s]*\}?$|/|\\[td]?frac", formula):
        return None
    last = found[1]
    if last.startswith("\\"):
        return FINAL.get(last)
    if last[0].isdigit():
        return _number_final(last)
    return LETTERS.get(last[-1].upper()) if len(last) == 1 else None


def _code_final(code):
    """Code is read by its last word: `self.ln1`, `PatchEmbedding`, `zero_grad()`."""
    found = re.search(r"([A-Za-z_]+|\d+)(?:\(\))?$", code)
    if not found:
        return None
    last = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", found[1]).split("_")[-1]
    return (
        _number_final(last) if last.isdigit() else _word_final(last) if last else None
    )


def _word_final(word):
    key = word.lower()
    if key in FINAL:
        return FINAL[key]
    if "-" in word and word.rsplit("-", 1)[1]:
        return read_final(word.rsplit("-", 1)[1])
    if found := re.search(r"[A-Za-z](\d+)$", word):
        return _number_final(found[1])
    if len(word) == 1 or re.search(r"[A-Z]{2}$|[a-z][A-Z]$|\d[a-z]$", word):
        return LETTERS.get(word[-1].upper())
    return _spelled_final(key)


def _spelled_final(word):
    """Of a word whose last letters leave no doubt: token, model, batch, but not map."""
    for ending, final in SPELLED.items():
        if re.search(f"(?:{ending})$", word):
            return final
    return None


SPELLED = {
    "m|me": "ㅁ",
    "ng": "ㅇ",
    "n|ne": "ㄴ",
    "l|le": "ㄹ",
    "[aiouy]|[eoa]r|x|s|z|[sct]h|f|d|[cgszv]e|[aeiou]te|re|ie|ee": "",
}
