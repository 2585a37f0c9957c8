"""The glossary: its page, made from ``glossary.yml``, and links that lead there.

The directive ``{terms}`` lists all terms. In a chapter, the first mention of a
term, 패치(patch), becomes a link to it, and so does the English word beside it.
"""

import re
from functools import cache
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

from .pairs import block

FILE = Path(__file__).parents[2] / "glossary.yml"
PAGE = "glossary"
# Text in these is no running text, or leads somewhere else.
CLOSED = (nodes.reference, pending_xref, nodes.literal, nodes.raw, nodes.math)


@cache
def terms() -> list[dict]:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def anchor(entry: dict) -> str:
    return f"term-{nodes.make_id(entry['en'])}"


class Terms(SphinxDirective):
    """All terms in English order: the term twice, and what it means."""

    def run(self):
        self.env.note_dependency(str(FILE))
        ordered = sorted(terms(), key=lambda entry: entry["en"].lower())
        items = [self.item(entry) for entry in ordered]
        return [nodes.definition_list("", *items, classes=["terms"])]

    def item(self, entry: dict) -> nodes.definition_list_item:
        names = [nodes.inline("", entry["en"], classes=["term-en"])]
        if not entry.get("keep"):
            names.append(nodes.inline("", entry["ko"], classes=["term-ko"]))
        term = nodes.term("", "", *names, ids=[anchor(entry)])
        self.state.document.note_explicit_target(term)
        halves = []
        for language, ending in (("en", ""), ("ko", "_ko")):
            texts = [entry[f"meaning{ending}"], entry.get(f"note{ending}")]
            paragraph = nodes.paragraph("", "", nodes.Text(texts[0]))
            if texts[1]:
                note = nodes.inline("", texts[1], classes=["term-note"])
                paragraph += [nodes.Text(" "), note]
            halves.append(block(language, [paragraph]))
        pair = nodes.container("", *halves, classes=["pair"])
        return nodes.definition_list_item("", term, nodes.definition("", pair))


class FirstMentions(SphinxTransform):
    """Links from the first mention of a term in a chapter to the glossary."""

    default_priority = 245  # after the pairs, before particles are glued

    def apply(self):
        if self.env.docname.rpartition("/")[2] == PAGE:
            return
        met = set()
        for pair in self.document.findall(nodes.container):
            if "pair" in pair["classes"]:
                english, korean = pair.children[:2]
                for entry in link_korean(korean, met):
                    link_english(english, entry)


def link_korean(half: nodes.container, met: set) -> list[dict]:
    """Link each term that this text introduces as 한글(English)."""
    linked, texts = [], running_text(half)
    for text, after in zip(texts, [*texts[1:], ""], strict=True):
        pieces, end = [], 0
        # The parenthesis may stand outside of emphasis: *패치*(patch).
        joined = f"{text}{after}" if after.startswith("(") else text
        for found in introduced().finditer(joined):
            if found.end(1) > len(text):
                break
            entry = by_korean()[found[1]]
            forms = (entry["en"], *entry.get("also", ()))
            named = plain(found[2])
            if found[1] in met or not any(plain(form) in named for form in forms):
                continue
            met.add(found[1])
            linked.append(entry)
            pieces += [nodes.Text(text[end : found.start()]), link(entry, found[1])]
            end = found.end(1)
        if pieces:
            text.parent.replace(text, [*pieces, nodes.Text(text[end:])])
    return linked


def link_english(half: nodes.container, entry: dict):
    """Link the first place where the English half has this term, if any."""
    forms = "|".join(map(re.escape, (entry["en"], *entry.get("also", ()))))
    word = re.compile(rf"\b(?:{forms})(?:s|es)?\b", re.I)
    for text in running_text(half):
        if found := word.search(text):
            before, after = text[: found.start()], text[found.end() :]
            pieces = [nodes.Text(before), link(entry, found[0]), nodes.Text(after)]
            text.parent.replace(text, pieces)
            return


def link(entry: dict, text: str) -> nodes.reference:
    return nodes.reference(
        "", text, refuri=f"{PAGE}.html#{anchor(entry)}", classes=["term"], internal=True
    )


def running_text(half: nodes.container) -> list[nodes.Text]:
    """The pieces of text in paragraphs, without code, formulas and links."""
    found = []
    for text in half.findall(nodes.Text):
        parent = text.parent
        while parent is not half and not isinstance(parent, CLOSED):
            parent = parent.parent
        if parent is half:
            found.append(text)
    return found


@cache
def by_korean() -> dict[str, dict]:
    return {entry["ko"]: entry for entry in terms() if entry["first"]}


@cache
def introduced() -> re.Pattern:
    longest_first = sorted(by_korean(), key=len, reverse=True)
    names = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<![가-힣])({names})\(([^()]*)\)")


def plain(text: str) -> str:
    return re.sub(r"[-\s]+", " ", text.lower())


def setup(app):
    app.add_directive("terms", Terms)
    app.add_transform(FirstMentions)
