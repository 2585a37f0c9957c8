"""The book as data: its notebooks, their cells, and the pairs in them."""

import os
import re
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import nbformat
import yaml
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

ROOT = Path(__file__).resolve().parents[1]
PAIR = re.compile(
    r'<div lang="en">\n\n(?P<en>.*?)\n\n</div>\n'
    r'<div lang="ko">\n\n(?P<ko>.*?)\n\n</div>',
    re.S,
)
HANGUL = re.compile(r"[가-힣]")
PAPER = re.compile(  # the address of a paper
    r"arxiv\.org|doi\.org|openreview\.net|aclanthology\.org|proceedings\."
)
MARKDOWN = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin)


class SyncError(Exception):
    """The book refers to something that does not exist."""


class Book:
    """The chapters of `_toc.yml` and the data files beside them."""

    def __init__(self, root=ROOT):
        self.root = Path(root)
        toc = yaml.safe_load((self.root / "_toc.yml").read_text(encoding="utf-8"))
        self.pages = list(_pages(toc))
        self.notebooks = [Notebook(path) for path in self._files(".ipynb")]
        self.chapters = [n for n in self.notebooks if not n.is_exercises]

    @property
    def files(self):
        """The file of each page, in reading order."""
        return self._files(".ipynb", ".md")

    def _files(self, *ends):
        files = (self.root / f"{page}{end}" for page in self.pages for end in ends)
        return [path for path in files if path.is_file()]

    @cached_property
    def glossary(self):
        file = self.root / "book" / "glossary.yml"
        return yaml.safe_load(file.read_text(encoding="utf-8"))

    def cells(self, kind=None):
        """(notebook, index, cell) of every cell of a kind, in reading order."""
        for notebook in self.notebooks:
            for i, cell in enumerate(notebook.cells):
                if kind in (None, cell.cell_type):
                    yield notebook, i, cell

    def pairs(self):
        """(where, English, Korean) of every pair, of notebooks and other pages."""
        for notebook, i, cell in self.cells("markdown"):
            if found := pair(cell):
                yield notebook.where(i), *found
        for path in self._files(".md"):
            text = path.read_text(encoding="utf-8")
            for i, found in enumerate(PAIR.finditer(text), 1):
                yield f"{path.name} pair {i}", found["en"], found["ko"]


def _pages(entry):
    """Every page an entry of the table of contents names, in order."""
    if isinstance(entry, list):
        for item in entry:
            yield from _pages(item)
    elif isinstance(entry, dict):
        page = entry.get("root") or entry.get("file")
        if page:
            yield re.sub(r"\.(ipynb|md)$", "", page)
        for key in ("parts", "chapters", "sections"):
            yield from _pages(entry.get(key, []))


class Notebook:
    """A notebook and the name by which faults call it."""

    def __init__(self, path):
        self.path = Path(path)
        self.name = self.path.stem
        self.nb = nbformat.read(self.path, as_version=4)
        # Made from exercises/NAME.ipynb, and read beside the chapter NAME.
        self.is_exercises = self.name.endswith(("_exercises", "_solutions"))

    @property
    def cells(self):
        return self.nb.cells

    def where(self, i):
        return f"{self.name} cell {i}"

    def text(self):
        """The file as it should stand on disk."""
        return nbformat.writes(self.nb).rstrip("\n") + "\n"


def pair(cell):
    """(English, Korean) of a cell that is a well-formed pair, else None."""
    found = PAIR.fullmatch(cell.source)
    return (found["en"], found["ko"]) if found else None


def tags(cell):
    return cell.metadata.get("tags", [])


def tagged(cell, prefix):
    """What follows `prefix` in the first tag that starts with it, else None."""
    return next((t[len(prefix) :] for t in tags(cell) if t.startswith(prefix)), None)


def outputs_text(cell):
    """What a code cell printed or returned, as one string."""
    parts = [out.get("text", "") for out in cell.get("outputs", [])]
    parts += [o.get("data", {}).get("text/plain", "") for o in cell.get("outputs", [])]
    return "\n".join(parts)


def write(path, text):
    """Replace a file in one step: it holds the old text or the new one."""
    path = Path(path)
    half_written = path.with_name(f"{path.name}.part")
    half_written.write_text(text, encoding="utf-8", newline="\n")
    if path.exists():
        shutil.copymode(path, half_written)
    os.replace(half_written, path)


@dataclass
class Report:
    """What a check looked at, and what it found wrong."""

    what: str
    total: int = 0
    bad: int = 0
    faults: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def item(self, faults):
        """Count one thing that was checked, with its faults."""
        faults = list(faults)
        self.total += 1
        self.bad += bool(faults)
        self.faults += faults

    def __str__(self):
        notes = f" ({'; '.join(self.notes)})" if self.notes else ""
        return f"{self.what} {self.total - self.bad}/{self.total}{notes}"


@dataclass
class Block:
    """A paragraph, list item, heading or table cell: what is said, and with what."""

    kind: str
    plain: str  # formulas, code and links replaced by what a reader reads
    bare: str  # only typed text: no formula, code, <data>, link address
    codes: list
    links: list  # (text, address)


@dataclass
class Prose:
    """A Markdown text taken apart."""

    blocks: list
    formulas: list
    codes: list
    links: list
    data: list
    html: list
    counts: dict  # items, quotes, paragraphs, rows, fences

    @classmethod
    def of(cls, text):
        tokens = MARKDOWN.parse(text)
        prose = cls([], [], [], [], [], [], dict.fromkeys(COUNTED.values(), 0))
        inside = []
        for token in tokens:
            if token.type in COUNTED:
                prose.counts[COUNTED[token.type]] += 1
            if token.nesting == 1:
                inside.append(token.type.removesuffix("_open"))
            elif token.nesting == -1:
                inside.pop()
            elif token.type == "inline":
                prose.blocks.append(_block(token, inside, prose))
            elif token.type in ("math_block", "math_block_label"):
                prose.formulas.append(_squeeze(token.content))
            elif token.type in ("fence", "code_block"):
                prose.codes.append(token.content)
            elif token.type == "html_block":
                prose.html += TAG.findall(token.content)
        return prose

    @property
    def numbers(self):
        return [n for block in self.blocks for n in NUMBER.findall(block.bare)]


COUNTED = {
    "list_item_open": "list items",
    "blockquote_open": "quotes",
    "paragraph_open": "paragraphs",
    "tr_open": "table rows",
    "fence": "code blocks",
    "heading_open": "headings",
}
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
TAG = re.compile(r"<!--.*?-->|</?[a-zA-Z][^>]*>", re.S)
DATA = re.compile(r'<data value="([^"<>]+)">')


def _squeeze(formula):
    return " ".join(formula.split())


def _block(token, inside, prose):
    kind = next((k for k in reversed(inside) if k in KINDS), "paragraph")
    block = Block(kind, "", "", [], [])
    address, start, in_data = None, 0, False
    for child in token.children:
        text = bare = ""
        if child.type == "text":
            text = child.content
            bare = "" if in_data else text
        elif child.type in ("softbreak", "hardbreak"):
            text = bare = " "
        elif child.type.startswith("math_inline"):
            prose.formulas.append(_squeeze(child.content))
            text, bare = f"${child.content}$", "\ufffc"
        elif child.type == "code_inline":
            prose.codes.append(child.content)
            block.codes.append(child.content)
            text, bare = f"`{child.content}`", "\ufffc"
        elif child.type == "link_open":
            address, start = child.attrGet("href"), len(block.plain)
        elif child.type == "link_close":
            link = (block.plain[start:], address)
            block.links.append(link)
            prose.links.append(link)
        elif child.type == "image":
            prose.links.append((child.content, child.attrGet("src")))
        elif child.type == "html_inline":
            prose.html.append(child.content)
            if found := DATA.fullmatch(child.content):
                prose.data.append(found[1])
                in_data = True
            elif child.content == "</data>":
                in_data = False
        block.plain += text
        block.bare += bare
    return block


KINDS = ("heading", "th", "td", "list_item", "blockquote")
