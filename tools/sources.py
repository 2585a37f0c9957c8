"""Where statements come from: cited papers, and numbers that something vouches for.

Each check takes a `Book` and returns a `Report` whose faults read
`NOTEBOOK cell N: what, found ..., expected ...`.
"""

import re

from pybtex.database import parse_file

from tools.book import PAPER, Prose, Report, outputs_text, pair


def bibliography(book):
    """{address: (surname of the first author, year, key)} of `references.bib`."""
    found = {}
    for key, entry in parse_file(book.root / "book" / "references.bib").entries.items():
        surname = " ".join(
            entry.persons["author"][0].prelast_names
            + entry.persons["author"][0].last_names
        ).strip("{}")
        record = surname, entry.fields["year"], key
        for address in addresses(entry.fields):
            found[address] = record
    return found


def addresses(fields):
    if "eprint" in fields:
        yield f"arxiv.org/{fields['eprint']}"
    if "doi" in fields:
        yield f"doi.org/{fields['doi'].lower()}"
    if "url" in fields:
        yield _address(fields["url"])


def _address(url):
    """One form for all the addresses of a paper."""
    url = re.sub(r"^https?://(www\.|dx\.)?", "", url).rstrip("/")
    if found := re.match(r"arxiv\.org/(?:abs|pdf|html)/([\d.]+\d)", url):
        return f"arxiv.org/{found[1]}"
    return url.lower() if url.startswith("doi.org") else url


def citations(book):
    """Each linked paper is in `references.bib`, under the cited name and year."""
    report = Report("citations")
    known = bibliography(book)
    for where, english, _ in book.pairs():  # parity compares the Korean half
        for text, url in Prose.of(english).links:
            if PAPER.search(url):
                report.item(_citation(where, text, url, known))
    return report


def _citation(where, text, url, known):
    found = known.get(_address(url))
    if not found:
        yield f"{where}: a citation, found {url}, expected an entry in references.bib"
        return
    surname, year, key = found
    cited = re.match(r"(?:\W*)(.+?),? \(?((?:19|20)\d\d)\b", text)
    if cited and (year != cited[2] or not cited[1].startswith(surname)):
        expected = f"{surname} ..., {year} ({key})"
        yield f"{where}: a citation, found {text!r}, expected {expected}"


MEASURED = re.compile(
    r"(?<![\d.,])(?:\d+\.\d+ ?(?:%|퍼센트|percent)|[01]?\.\d{3,})(?!\d)"
)


def numbers(book):
    """A measured number in prose is data, a formula, cited or printed by a cell."""
    report = Report("paragraphs without a naked number")
    for notebook in book.notebooks:
        printed = ""
        for i, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                printed += outputs_text(cell) + "\n"
            for text in pair(cell) or ():
                blocks = Prose.of(text).blocks
                for block in blocks:
                    around = blocks if block.kind in ("td", "th") else [block]
                    report.item(_naked(notebook.where(i), block, around, printed))
    return report


def _naked(where, block, around, printed):
    if any(url.startswith("http") for other in around for _, url in other.links):
        return
    for number in MEASURED.findall(block.bare):
        digits = re.match(r"[\d.]+", number)[0]
        if not re.search(rf"(?<![\d.]){re.escape(digits)}(?!\d)", printed):
            yield (
                f"{where}: a measured number, found {number!r}, expected <data>, a "
                "citation, or a cell above that prints it"
            )
