"""What a program can check of the Korean: words, endings, first mentions.

Like the checks of `tools.text`: each takes a `Book` and returns a `Report`.
"""

import re
from functools import cache

from tools.book import Prose, Report, pair

# Words that are right in one place although a rule forbids them everywhere:
# (notebook, a fragment of the sentence around it, why).
EXCEPTIONS = []
PLURALS = (
    "패치|토큰|블록|층|헤드|이미지|픽셀|벡터|행렬|가중치|매개변수|하이퍼파라미터|채널|"
    "모델|임베딩|쿼리|키|값|윈도우|커널|필터|특징|데이터|데이터셋|시드|함수|클래스|텐서|"
    "차원|축|열|행|원소|성분|뉴런|유닛|기울기|손실|곡선|배치|에폭|변수"
)
STYLE = {
    "plural -들 after a technical noun": rf"(?:{PLURALS})들(?!어|이켜)",
    "~에 의해": r"에 의(?:해|하여|한)(?!$)",
    "고려하다": r"고려(?:하십|하세|해 ?보|할 필요|하는 것이)",
    "가져오다 for an input": r"가져오(?:면|십|세)",
    "가지다 for to have": r"[을를] (?:가지(?:고 있|며|는|게)|가집니|갖(?:습|는|고 있))",
    "그것, 이것": r"(?<![가-힣])(?:그것[은이의들]|이것[은들])",
    "a doubled passive": r"되어지|되어진|보여지|보여집|쓰여지|쓰여집|나뉘어지|나뉘어집",
    "~에 있어서": r"에 있어서?[ ,]",
    "~함에 따라": r"함에 따라",
    "필요로 하다": r"[을를] 필요로 (?:하|합)",
    "add & norm": r"추가 및 규범",
    "the picture changes": r"그림이 (?:변경|바뀝|바뀐)",
    "authors stay in Latin": r"(?<![가-힣])[가-힣]{1,4} 외[,.) ] ?\(?(?:19|20)\d\d",
    "Chinese or Japanese letters": r"[\u3040-\u30ff\u4e00-\u9fff]",
    "full-width punctuation": r"[，．：；！？（）]",
}
NOT_POLITE = re.compile(r"(?<![니시])다\.(?=\s|$|\*|\))")  # but 합니다. and 합시다.


def words(book):
    """No forbidden Korean word; each sentence ends as 합니다체 does."""
    report = Report("Korean texts without a forbidden word")
    rules = [(re.compile(pattern), what) for pattern, what in _rules(book.glossary)]
    for where, english, korean in book.pairs():
        text = "\n".join(block.bare for block in Prose.of(korean).blocks)
        report.item(
            [
                *_forbidden(where, text, rules),
                *_mistaken(where, text, english, book.glossary),
                *_impolite(where, text),
            ]
        )
    for notebook, i, cell in book.cells():
        text = cell.metadata.get("alt", {}).get("ko", "")
        if cell.cell_type == "markdown" and not pair(cell):
            text = " ".join(re.findall(r"^#+ .* \| (.*)$", cell.source, re.M))
        if text:
            report.item(_forbidden(notebook.where(i), text, rules))
    return report


def _rules(glossary):
    """(pattern, why) of everything that is wrong wherever it stands."""
    for entry in glossary:
        for pattern in entry.get("forbid", ()):
            yield pattern, f"expected {entry['ko']} for {entry['en']}"
    for what, pattern in STYLE.items():
        yield pattern, f"style: {what}"


def _forbidden(where, text, rules):
    name = where.split(" cell ")[0]
    for pattern, why in rules:
        for found in pattern.finditer(text):
            around = text[max(0, found.start() - 12) : found.end() + 12]
            if not any(
                notebook == name and fragment in around
                for notebook, fragment, _ in EXCEPTIONS
            ):
                yield f"{where}: a word, found {found[0]!r} in {around!r}, {why}"


def _mistaken(where, text, english, glossary):
    """A Korean word that means something else than the English beside it says."""
    for entry in glossary:
        for word in entry.get("not_for", ()):
            rightful = (e["en"] for e in glossary if word in e["ko"])
            if (
                word in text
                and _mentions(entry["en"], english)
                and not any(_mentions(term, english) for term in rightful)
            ):
                yield (
                    f"{where}: a word, found {word!r} for {entry['en']}, expected "
                    f"{entry['ko']}"
                )


@cache
def _pattern(term):
    """A term and the words made of it: regularization, regularized."""
    stem = rf"{term[:-5]}\w*" if len(term) > 9 else f"{re.escape(term)}s?"
    return re.compile(rf"\b{stem}\b", re.I)


def _mentions(term, english):
    return _pattern(term).search(english)


def _impolite(where, text):
    if found := NOT_POLITE.search(text):
        sentence = text[max(0, found.start() - 20) : found.end()]
        yield f"{where}: a sentence, found {sentence!r}, expected 합니다체"


def first_mentions(book):
    """A technical term comes with its English where a chapter first names it.

    In the same paragraph is near enough, and so is a longer term given before:
    패치 임베딩(patch embedding) introduces 패치, too. Exercises follow a chapter
    that has named its terms.
    """
    report = Report("first mentions")
    known = {entry["ko"]: entry for entry in book.glossary}
    longest_first = sorted(known, key=len, reverse=True)
    term = re.compile(rf"(?<![가-힣])(?:{'|'.join(map(re.escape, longest_first))})")
    for notebook in book.chapters:
        met, given = set(), ""
        for i, cell in enumerate(notebook.cells):
            for paragraph in _paragraphs(cell):
                for found in term.finditer(paragraph):
                    given += f" {_given(paragraph[found.end() :])}"
                for name in dict.fromkeys(term.findall(paragraph)):
                    if name not in met and known[name]["first"]:
                        report.item(_introduced(notebook.where(i), known[name], given))
                    met.add(name)
    return report


def _paragraphs(cell):
    """Korean as it is read, without the titles of other chapters."""
    for block in Prose.of(pair(cell)[1] if pair(cell) else "").blocks:
        text = block.plain.replace("`", "")
        for label, address in block.links:
            if address.endswith(".ipynb"):
                text = text.replace(label, " ", 1)
        yield text


def _given(text):
    """What stands in parentheses at the start of a text."""
    found = re.match(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)", text)
    return _plain(found[1]) if found else ""


def _plain(text):
    return re.sub(r"[-\s]+", " ", text.lower())


def _introduced(where, entry, given):
    forms = (entry["en"], *entry.get("also", ()))
    if not any(_plain(form) in given for form in forms):
        yield (
            f"{where}: a first mention, found {entry['ko']!r}, expected "
            f"{entry['ko']}({entry['en']})"
        )
