"""What may stand in a text cell: neutral Markdown, or a pair of two languages.

Each check takes a `Book` and returns a `Report` whose faults read
`NOTEBOOK cell N: what, found ..., expected ...`.
"""

import re
from collections import Counter
from itertools import pairwise

from tools.book import HANGUL, NUMBER, PAPER, TAG, Prose, Report, pair

MYST = {
    "a MyST role": re.compile(r"\{[a-z:_-]+\}`"),
    "a directive": re.compile(r"^\s*(?:`{3,}|:{3,})\s*\{", re.M),
    "a colon fence": re.compile(r"^\s*:{3,}", re.M),
    "a MyST target": re.compile(r"^\([\w-]+\)=\s*$", re.M),
    "a MyST comment": re.compile(r"^% ", re.M),
    "a footnote": re.compile(r"\[\^\w+\]"),
}
ALLOWED_TAGS = re.compile(
    r'<data value="[^"<>]+">|</data>|</?details>|<details open>|</?summary>'
)
FENCED = re.compile(r"^ {0,3}(`{3,}).*?^ {0,3}\1`*\s*$", re.M | re.S)
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.S)


def form(book):
    """Every Markdown cell is neutral or a well-formed pair of plain Markdown."""
    report = Report("text cells")
    for notebook, i, cell in book.cells("markdown"):
        report.item(_form(notebook.where(i), cell))
    return report


def _form(where, cell):
    found = pair(cell)
    if not found:
        yield from _neutral(where, cell.source)
        yield from _markup(where, cell.source)
        return
    for language, text in zip(("English", "Korean"), found, strict=True):
        yield from _markup(f"{where} ({language})", text)
        if Prose.of(text).counts["headings"]:
            yield f"{where} ({language}): a heading in a pair, expected its own cell"
    english, korean = (_words_only(text) for text in found)
    if hangul := HANGUL.findall(english):
        yield f"{where}: Hangul in the English half, found {''.join(hangul)[:20]!r}"
    if not HANGUL.search(korean):
        yield f"{where}: no Hangul in the Korean half, found {korean[:40]!r}"


def _words_only(text):
    return " ".join(block.bare for block in Prose.of(text).blocks)


def _neutral(where, source):
    """Headings, formulas, tables of symbols and images; a sentence needs a pair."""
    if re.search(r"</?div", source):
        yield f"{where}: a malformed pair, expected the two <div>s with blank lines"
        return
    for block in Prose.of(source).blocks:
        if block.kind == "heading":
            yield from _heading(where, block.plain)
        else:
            words = [] if block.links else re.findall(r"\b[a-z]{3,}\b", block.bare)
            if words or HANGUL.search(block.bare):
                text = block.plain[:40]
                yield f"{where}: prose outside a pair, found {text!r}"


def _heading(where, text):
    halves = text.split(" | ")
    if len(halves) != 2:
        yield f"{where}: a heading, found {text!r}, expected 'English | 한국어'"
        return
    english, korean = halves
    name = english == korean and not re.search(r"\b[a-z]+\b", english)  # ViT-B/16
    if HANGUL.search(english) or not (name or HANGUL.search(korean)):
        yield f"{where}: a heading, found {text!r}, expected 'English | 한국어'"
    numbers = [Counter(re.findall(r"\d+|`[^`]+`|\$[^$]+\$", half)) for half in halves]
    if numbers[0] != numbers[1]:
        yield f"{where}: a heading whose halves differ, found {text!r}"


def _markup(where, text):
    text = FENCED.sub("", text)
    for what, pattern in MYST.items():
        if found := pattern.search(text):
            yield f"{where}: {what}, found {found[0].strip()!r}, expected CommonMark"
    prose = Prose.of(text)
    for tag in prose.html:
        if not ALLOWED_TAGS.fullmatch(tag):
            yield f"{where}: raw HTML, found {tag!r}, expected <data> or <details>"
    opened = Counter(re.sub(r"[ >].*", ">", tag) for tag in prose.html)
    for name in ("data", "details", "summary"):
        if opened[f"<{name}>"] != opened[f"</{name}>"]:
            yield f"{where}: <{name}> is not closed as often as it is opened"
    for block in prose.blocks:
        typed = TAG.sub("", block.bare)
        for what, pattern in LITERAL.items():
            if found := pattern.search(typed):
                around = typed[max(0, found.start() - 15) : found.end() + 15]
                yield f"{where}: {what} shows as it is, found {around!r}"
        if "http" in re.sub(r"\[[^]]*\]", "", typed):
            yield f"{where}: a bare address, found {typed[:60]!r}, expected a link"


# Characters that are markup when a renderer takes them and a slip when it does not.
LITERAL = {
    "an asterisk (emphasis that does not close)": re.compile(r"\*"),
    "an underscore (emphasis that does not close)": re.compile(r"(?<!\w)_|_(?!\w)"),
    "a dollar sign (a formula that does not close)": re.compile(r"\$"),
    "a backtick (code that does not close)": re.compile(r"`"),
    "a link that is none": re.compile(r"\]\("),
}


def headings(book):
    """Each notebook opens with its one title; below it no level is skipped."""
    report = Report("notebooks with an order of headings")
    for notebook in book.notebooks:
        levels, faults = [], []
        for i, cell in enumerate(notebook.cells):
            if cell.cell_type == "markdown" and not pair(cell):
                # A `#` in a fence is no heading; neutral cells hold no fences.
                found = re.findall(r"^(#+) ", cell.source, re.M)
                levels += [(i, len(marks)) for marks in found]
        if not levels or levels[0] != (0, 1):
            faults.append(
                f"{notebook.where(0)}: the title, expected '# English | 한국어'"
            )
        for (_, before), (i, level) in pairwise(levels):
            if level == 1 or level > before + 1:
                faults.append(
                    f"{notebook.where(i)}: a heading of level {level} after level "
                    f"{before}, expected 2 to {before + 1}"
                )
        report.item(faults)
    return report


def links(book):
    """A link to another page of the book names one that is there."""
    report = Report("links between pages")
    there = {path.name for path in book.files}
    for where, english, _ in book.pairs():  # parity compares the Korean half
        for _, address in Prose.of(english).links:
            if not re.match(r"https?://|#", address):
                good = address.partition("#")[0] in there
                fault = (
                    f"{where}: a link, found {address!r}, expected a page in _toc.yml"
                )
                report.item([] if good else [fault])
    return report


# --- Parity: the two languages of a pair say the same ----------------------


def parity(book):
    """Both halves hold the same formulas, code, links, data, numbers and parts."""
    report = Report("pairs")
    for where, english, korean in book.pairs():
        report.item(_differences(where, Prose.of(english), Prose.of(korean)))
    return report


def _differences(where, english, korean):
    for what, of in COMPARED.items():
        left, right = Counter(of(english)), Counter(of(korean))
        if what == "numbers" and _amounts(english) == _amounts(korean):
            continue  # 303 million is 3억 300만
        if left != right:
            here, there = [*(left - right).elements()], [*(right - left).elements()]
            yield (
                f"{where}: {what} differ, found only in English {here}, only in "
                f"Korean {there}"
            )
    for part in english.counts:
        if english.counts[part] != korean.counts[part]:
            yield (
                f"{where}: {part} differ, found {english.counts[part]} in English, "
                f"{korean.counts[part]} in Korean"
            )


SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
SCALES |= {"천": 10**3, "만": 10**4, "억": 10**8, "조": 10**12}
SCALED = re.compile(r"([\d,.]*\d) ?(thousand|million|billion|천|만|억|조)(?!큼)")


def _amounts(prose):
    """The numbers of a text with words such as million and 만 worked out."""
    text = " ".join(block.bare for block in prose.blocks)
    text = SCALED.sub(
        lambda m: f"{float(m[1].replace(',', '')) * SCALES[m[2]]:.0f}+", text
    )
    text = re.sub(r"\d+\+(?: ?\d+\+?)*", _added, text)
    return Counter(number.replace(",", "") for number in NUMBER.findall(text))


def _added(match):
    return f"{sum(int(part.strip('+')) for part in match[0].split())} "


COMPARED = {
    "formulas": lambda prose: prose.formulas,
    "code": lambda prose: prose.codes,
    "links": lambda prose: [address for _, address in prose.links],
    "citations": lambda prose: [link for link in prose.links if PAPER.search(link[1])],
    "data values": lambda prose: prose.data,
    "numbers": lambda prose: prose.numbers,
}
