"""The text of every chapter keeps the book's rules, and the rules say what they mean.

The checks are in `tools`; here each runs over the whole book, with a floor under
what it covered, and on small texts that are right or wrong.
"""

import re

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import checks, code, english, korean, particles, sources, text
from tools.book import HANGUL, ROOT, Book, Prose
from tools.checks import CHECKS

# What each check covers at least; it looks at nothing when this is not reached.
FLOORS = {
    "form": 500,
    "headings": 25,
    "links": 100,
    "parity": 380,
    "citations": 80,
    "numbers": 2100,
    "annotations": 200,
    "cells": 330,
    "shapes": 60,
    "figures": 38,
    "paths": 880,
    "words": 600,
    "first_mentions": 260,
    "particles": 2100,
    "english": 3400,
}


@pytest.fixture(scope="module")
def book():
    return Book()


@pytest.mark.parametrize("name", FLOORS)
def test_the_book_keeps_the_rule(book, name, tell):
    report = CHECKS[name](book)
    tell(str(report))
    assert not report.faults, "\n".join(["", *report.faults])
    assert report.total >= FLOORS[name], "the check looked at too little"
    assert report.total <= 2 * FLOORS[name], "the floor is too low to say anything"


def test_every_chapter_is_read(book, tell):
    """A page of the table of contents that is no file would go unchecked."""
    missing = [
        page
        for page in book.pages
        if not any((ROOT / f"{page}{end}").is_file() for end in (".ipynb", ".md"))
    ]
    assert not missing, f"in _toc.yml but not there: {missing}"
    strays = {path.stem for path in (ROOT / "book").glob("*.ipynb")}
    assert strays == {notebook.name for notebook in book.notebooks}
    tell(f"notebooks {len(book.notebooks)}/{len(strays)}")


# --- The rules on texts made for the purpose --------------------------------


def made(tmp_path, *cells):
    """A book of one chapter, `made`, with these cells."""
    (tmp_path / "book").mkdir()
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/made\n")
    for name in ("glossary.yml", "references.bib"):
        source = (ROOT / "book" / name).read_text(encoding="utf-8")
        (tmp_path / "book" / name).write_text(source, encoding="utf-8")
    notebook = new_notebook(
        cells=[new_markdown_cell(c) if isinstance(c, str) else c for c in cells]
    )
    nbformat.write(notebook, tmp_path / "book" / "made.ipynb")
    return Book(tmp_path)


@pytest.mark.parametrize("source", ["# A | 가", "A sentence of prose."])
def test_the_command_fails_with_a_fault(tmp_path, monkeypatch, capsys, source):
    book = made(tmp_path, source)
    monkeypatch.setattr(checks, "Book", lambda: book)
    monkeypatch.setattr(checks, "CHECKS", {"form": text.form})
    wrong = source.startswith("A")
    assert checks.main([]) == wrong
    assert ("prose outside a pair" in capsys.readouterr().out) == wrong


def both(english, korean):
    return (
        f'<div lang="en">\n\n{english}\n\n</div>\n<div lang="ko">\n\n{korean}\n\n</div>'
    )


def faults(check, tmp_path, *cells):
    return check(made(tmp_path, *cells)).faults


RIGHT = both("The width is $D$, not `x`.", "너비는 $D$이고 `x`가 아닙니다.")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (RIGHT, None),
        ("## Heads | 헤드", None),
        ("$$x + y$$", None),
        ("| $D$ | 64 |\n|---|---|\n| ViT-B/16 | 768 |", None),
        (both("*A* word.", "*패치(patch)* 는 말입니다."), None),
        (both('<data value="f.k">1</data>', '값 <data value="f.k">1</data>'), None),
        ("## Heads", "expected 'English | 한국어'"),
        ("## Heads | Heads and more", "expected 'English | 한국어'"),
        ("## Two heads | Two heads", "expected 'English | 한국어'"),
        ("## ViT-B/16 | ViT-B/16", None),
        ("## 2 heads | 헤드", "halves differ"),
        ("A sentence of prose.", "prose outside a pair"),
        ('<div lang="en">\nText.\n</div>', "a malformed pair"),
        (both("# Heading", "본문"), "a heading in a pair"),
        (both("Text 본문", "본문"), "Hangul in the English half"),
        (both("Text", "Text"), "no Hangul in the Korean half"),
        (both("See {ref}`here`.", "본문"), "a MyST role"),
        (both("Text\n\n:::{note}\nText\n:::", "본문"), "a directive"),
        (both("<b>Bold</b>", "본문"), "raw HTML"),
        (both("Text", '값 <data value="f.k">1'), "<data> is not closed"),
        (both("Text", "값 <data value='f.k'>1</data>"), "raw HTML"),
        (both("Text", "**패치(patch)**는 말입니다."), "an asterisk"),
        (both("It costs 5 $.", "본문"), "a dollar sign"),
        (both("See https://d2l.ai", "본문"), "a bare address"),
    ],
)
def test_form(tmp_path, source, said):
    found = faults(text.form, tmp_path, source)
    assert bool(found) == bool(said), found
    assert all(said in fault for fault in found[:1])


@pytest.mark.parametrize(
    ("english", "korean", "said"),
    [
        ("12 heads of $D/H$", "$D/H$인 헤드 12개", None),
        ("303 million images", "이미지 3억 300만 장", None),
        ("1.3 million images", "이미지 130만 장", None),
        ("60,000 images", "이미지 6만 장", None),
        ("302 million images", "이미지 3억 300만 장", "numbers differ"),
        ("Three heads", "헤드 3개", "numbers differ"),
        ("Width $D$", "너비 $H$", "formulas differ"),
        ("Call `x`", "`y` 호출", "code differ"),
        ("[a](vit.ipynb)", "[a](mlp.ipynb)", "links differ"),
        (
            "[Liu et al., 2021](https://arxiv.org/abs/2103.14030)",
            "[리우 외, 2021](https://arxiv.org/abs/2103.14030)",
            "citations differ",
        ),
        ("- a\n- b", "- 가", "list items differ"),
        ("> **Paper**: a", "**논문**: 가", "quotes differ"),
        ("a\n\nb", "가", "paragraphs differ"),
        ('<data value="f.a">1</data>', '<data value="f.b">1</data>', "data values"),
    ],
)
def test_parity(tmp_path, english, korean, said):
    found = faults(text.parity, tmp_path, both(english, korean))
    assert bool(found) == bool(said), found
    assert all(said in fault for fault in found[:1])


def test_headings_are_in_order(tmp_path):
    good = faults(text.headings, tmp_path, "# A | 가", RIGHT, "## B | 나", "### C | 다")
    assert not good


@pytest.mark.parametrize(
    "sources", [["## A | 가"], ["# A | 가", "### B | 나"], ["# A | 가", "# B | 나"]]
)
def test_headings_out_of_order(tmp_path, sources):
    assert faults(text.headings, tmp_path, *sources)


DEFINITION = new_code_cell("def f(x):\n    return x + 1")


@pytest.mark.parametrize(
    ("below", "said"),
    [
        ([both("- `x + 1`: why", "- `x + 1`: 까닭")], None),
        ([both("- `f(x)`, `x + 1`: why", "- `f(x)`, `x + 1`: 까닭")], None),
        ([both("- `x + 2`: why", "- `x + 2`: 까닭")], "found `x + 2`"),
        ([both("- `x + 1`: why", "- 까닭")], "missing in Korean"),
        ([both("Text", "본문")], "a definition without an annotation list"),
        ([], "a definition without an annotation list"),
        ([new_code_cell("f(1)")], "a definition without an annotation list"),
    ],
)
def test_annotations(tmp_path, below, said):
    found = faults(code.annotations, tmp_path, DEFINITION, *below)
    assert bool(found) == bool(said), found
    assert all(said in fault for fault in found[:1])


@pytest.mark.parametrize(
    ("source", "right"),
    [
        ("x = X.flatten(2)  # (B, N, D)", True),
        ("# (B, N, D)\nx = X.flatten(2)", True),
        ("x = f(\n    X.flatten(2)\n)  # (B, N, D)", True),
        ("# (B, C) -> (B, 1, C) -> (B, C, 1)\nx = x.view(s)\nx = x.mT.view(t)", True),
        ("# (B, C) -> (B, 1, C)\nx = x.view(s)\nx = x.mT.view(t)", False),
        ("x = X.flatten(2)  # joins the axes", False),
        ("x = X.flatten(2)\n# (B, N, D)\ny = x", False),
        ("def f(X):\n    # (B, N, D)\n    y = X\n    return X.permute(0, 2, 1)", False),
        ("%pip install x\nx = 1", True),
    ],
)
def test_shapes(source, right):
    assert bool([*code.shapeless(source)]) != right


def test_code_cells_are_small(tmp_path):
    cells = [
        new_code_cell("\n".join("x = 1" for _ in range(26))),
        new_code_cell("x = 1" + " " * 40 + "# " + "x" * 40),
        new_code_cell("x = 1\n" * 30, metadata={"tags": ["vitlib:a.B"]}),
    ]
    found = faults(code.cells, tmp_path, *cells)
    assert ["26 lines" in found[0], "columns" in found[1], len(found)] == [
        True,
        True,
        2,
    ]


def picture(alt):
    output = new_output(
        "display_data", {"image/png": "iVBOR", "text/plain": "<Figure>"}
    )
    return new_code_cell("f()", outputs=[output], metadata={"alt": alt} if alt else {})


ALT = {
    "en": "A grid of twelve squares.",
    "ko": "정사각형 열두 개로 이루어진 격자입니다.",
}
CAPTION = both("**Figure.** A grid.", "**그림.** 격자입니다.")


@pytest.mark.parametrize(
    ("alt", "below", "said"),
    [
        (ALT, CAPTION, None),
        ({}, CAPTION, "the text alternative"),
        ({**ALT, "ko": ALT["en"]}, CAPTION, "the text alternative, found ko"),
        (ALT, RIGHT, "no caption"),
    ],
)
def test_figures(tmp_path, alt, below, said):
    found = faults(code.figures, tmp_path, picture(alt), below)
    assert bool(found) == bool(said), found
    assert all(said in fault for fault in found[:1])


def test_machine_paths(tmp_path):
    output = new_output("stream", text="/" + "home/reader/x.py:3: warning")
    cells = [new_code_cell("f()", outputs=[output]), "[a](https://x.org/home/b)"]
    found = faults(code.paths, tmp_path, *cells)
    assert len(found) == 1
    assert "home/reader" in found[0]


VIT = "https://arxiv.org/abs/2010.11929"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"[Dosovitskiy et al., 2021, §3.1]({VIT})", None),
        (f"[the paper]({VIT})", None),
        (f"[Dosovitskiy et al., 2021]({VIT}v2)", None),
        (f"[Dosovitskiy et al., 2020]({VIT})", "expected Dosovitskiy ..., 2021"),
        (f"[Liu et al., 2021]({VIT})", "expected Dosovitskiy ..., 2021"),
        ("[X, 2021](https://arxiv.org/abs/2010.99999)", "an entry in references.bib"),
    ],
)
def test_citations(tmp_path, words, said):
    found = faults(sources.citations, tmp_path, both(words, words))
    assert bool(found) == bool(said), found
    assert all(said in fault for fault in found[:1])


def test_the_bibliography_is_whole(tell):
    entries = sources.parse_file(ROOT / "book" / "references.bib").entries
    for key, entry in entries.items():
        assert entry.persons["author"], key
        assert entry.fields["title"], key
        assert entry.fields["year"].isdigit(), key
        assert {"eprint", "doi", "url"} & set(entry.fields), key
    addresses = [a for e in entries.values() for a in sources.addresses(e.fields)]
    assert len(addresses) == len(set(addresses)), "a paper stands there twice"
    tell(f"papers {len(entries)}/{len(entries)}")


@pytest.mark.parametrize(
    ("words", "right"),
    [
        ("It reached 86.1%.", False),
        ("The accuracy was 0.861.", False),
        ("A rate of 0.1 and 3 blocks.", True),
        (f"It reached 86.1% ([Dosovitskiy et al., 2021]({VIT})).", True),
        ('It reached <data value="f.k">86.1%</data>.', True),
        ("It reached $86.1\\%$.", True),
        ("The cell printed 12.5%.", True),
    ],
)
def test_naked_numbers(tmp_path, words, right):
    printing = new_code_cell("p()", outputs=[new_output("stream", text="share 12.5\n")])
    found = faults(sources.numbers, tmp_path, printing, both(words, words))
    assert bool(found) != right, found


# --- Korean -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("모델을 학습합니다.", None),
        ("계층적 특징 맵입니다.", None),
        ("하이퍼파라미터를 고릅니다.", None),
        ("너비가 같다고 합시다.", None),
        ("모델을 교육합니다.", "'교육'"),
        ("변압기입니다.", "'변압기'"),
        ("레이어를 쌓습니다.", "'레이어'"),
        ("파라미터를 셉니다.", "'파라미터'"),
        ("토큰들을 섞습니다.", "plural -들"),
        ("모델에 의해 정해집니다.", "에 의해"),
        ("정사각형이다.", "합니다체"),
        ("리우 외, 2021의 결과입니다.", "Latin"),
    ],
)
def test_korean_words(tmp_path, sentence, said):
    found = faults(korean.words, tmp_path, both("Text.", sentence))
    assert bool(found) == bool(said), found
    assert all(said in fault for fault in found[:1])


def test_a_word_may_be_wrong_only_beside_its_twin(tmp_path):
    wrong = both("Dropout is a regularization.", "드롭아웃은 정규화입니다.")
    right = both("Layer normalization.", "층 정규화입니다.")
    found = faults(korean.words, tmp_path, wrong, right)
    assert len(found) == 1
    assert "expected 규제" in found[0]


@pytest.mark.parametrize(
    ("sentences", "right"),
    [
        (["패치(patch)를 봅니다.", "패치를 봅니다."], True),
        (["*패치(patch)* 를 봅니다."], True),
        (["패치 임베딩(patch embedding)입니다.", "패치를 봅니다."], True),
        (["패치를 봅니다. 곧 패치(patch)입니다."], True),
        (["클래스 토큰(class token, `<cls>`)입니다."], True),
        (["[패치](patch_embedding.ipynb) 장을 보십시오."], True),
        (["패치를 봅니다.", "패치(patch)를 봅니다."], False),
        (["패치(조각)를 봅니다."], False),
    ],
)
def test_first_mentions(tmp_path, sentences, right):
    cells = [both("Text.", sentence) for sentence in sentences]
    assert bool(faults(korean.first_mentions, tmp_path, *cells)) != right


RIGHT_PARTICLES = (
    "ViT는 ResNet은 CNN은 MLP는 DeiT는 Swin은 Adam으로 AdamW로 D2L로 GELU를 ImageNet을 "
    "37은 36이 12와 1로 3으로 2,048은 0.5를 8%를 100과 1000으로 $D$는 $N$은 $L$로 "
    "$4D$가 $N=37$을 `forward`는 `PatchEmbedding`은 `ln1`을 28px은 "
    "패치(patch)는 토큰(token)은 커널로 합성곱(convolution)으로 2021로 "
    "$W_2$는 $W_1$은 $h_j$를 $\\mathbf{z}_n$을 $X'$은 iGPT는 ImageNet-21k로"
)


@pytest.mark.parametrize("right", RIGHT_PARTICLES.split())
def test_particles_that_are_right(tmp_path, right):
    assert not faults(particles.particles, tmp_path, both("Text", f"{right} 봅니다."))


@pytest.mark.parametrize(
    ("wrong", "better"),
    [
        ("ViT은", "ViT는"),
        ("ResNet는", "ResNet은"),
        ("CNN를", "CNN을"),
        ("D2L으로", "D2L로"),
        ("37는", "37은"),
        ("$N$는", "$N$은"),
        ("$D$을", "$D$를"),
        ("`forward`은", "`forward`는"),
        ("패치(patch)은", "패치(patch)는"),
        ("토큰를", "토큰을"),
        ("커널으로", "커널로"),
        ("$W_2$은", "$W_2$는"),
        ("$x_{1}$를", "$x_{1}$을"),
        ("AdamW은", "AdamW는"),
        ("ImageNet-21k을", "ImageNet-21k를"),
    ],
)
def test_particles_that_are_wrong(tmp_path, wrong, better):
    found = faults(particles.particles, tmp_path, both("Text", f"{wrong} 봅니다."))
    assert len(found) == 1
    assert repr(better) in found[0]


def test_most_particles_can_be_read(book):
    """An unknown word goes unchecked; too many of them, and the check is none."""
    report = particles.particles(book)
    unread = report.notes[0].count(",") + 1 if report.notes else 0
    assert unread <= 0.1 * report.total, report.notes


def test_the_glossary_is_whole(tell):
    file = ROOT / "book" / "glossary.yml"
    entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    needed = {"en", "ko", "first", "meaning", "meaning_ko"}
    keys = needed | {"also", "keep", "forbid", "not_for", "note", "note_ko"}
    for entry in entries:
        assert needed <= set(entry) <= keys, entry
        assert ("note" in entry) == ("note_ko" in entry), entry
        assert HANGUL.search(entry["meaning_ko"]), entry
        assert not HANGUL.search(entry["meaning"]), entry
        assert not korean.NOT_POLITE.search(entry["meaning_ko"]), entry
        assert not (entry["first"] and entry.get("keep")), entry
    for language in ("en", "ko"):
        names = [entry[language] for entry in entries]
        assert len(names) == len(set(names)), f"{language}: a term stands there twice"
    rules = [korean.re.compile(p) for e in entries for p in e.get("forbid", ())]
    clashes = [
        (rule.pattern, entry["ko"])
        for rule in rules
        for entry in entries
        if rule.search(entry["ko"])
    ]
    assert not clashes, "a term that another one forbids"
    tell(f"terms {len(entries)}/{len(entries)}")


def test_the_korean_of_a_term_is_what_the_book_writes(book, tell):
    """A term that the English uses has its Korean in the Korean, as spelled here."""
    pairs = [*book.pairs()]
    halves = ["\n".join(pair[i] for pair in pairs) for i in (1, 2)]
    used = [
        entry
        for entry in book.glossary
        if entry["first"]  # SGD and MACs stay as they are, and patchify is code
        and not entry["en"].isupper()
        and len(re.findall(rf"\b{re.escape(entry['en'])}s?\b", halves[0], re.I)) > 2
    ]
    assert not [entry["ko"] for entry in used if entry["ko"] not in halves[1]]
    assert len(used) >= 50
    tell(f"terms that the book uses {len(used)}/{len(used)}")


# --- English ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("The patch is cut.", None),
        ("In [Zhang et al., 2021](https://d2l.ai) it is cut.", None),
        (f"{'word ' * 20}stops. {'Word ' * 20}", None),
        (f"The sum is ${'x + ' * 40}y$.", None),
        ("It is simply cut.", "filler"),
        ("Of course it is cut.", "filler"),
        ("A powerful model.", "hype"),
        ("word " * 31, "31 words"),
    ],
)
def test_english(tmp_path, sentence, said):
    found = faults(english.english, tmp_path, both(sentence.strip(), "본문"))
    assert bool(found) == bool(said), found
    assert all(said in fault for fault in found[:1])


def test_prose_is_taken_apart():
    prose = Prose.of("> **Our code**: $a$, `b` and [c](d.ipynb), 12.\n\n- 1,024 or 0.5")
    assert prose.formulas == ["a"]
    assert prose.codes == ["b"]
    assert prose.links == [("c", "d.ipynb")]
    assert prose.numbers == ["12", "1,024", "0.5"]
    assert prose.counts["quotes"] == prose.counts["list items"] == 1
