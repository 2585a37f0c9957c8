"""Pairs: the ``<div lang="en">`` and ``<div lang="ko">`` of one notebook cell.

Markdown leaves the tags as raw HTML with the text between them. This transform
puts the text *into* two real blocks, so that everything after it (styles, other
transforms, screen readers) meets a tree and not loose tags.
"""

import re

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
OPEN = re.compile(r'\s*<div lang="en">\s*')
TURN = re.compile(r'\s*</div>\s*<div lang="ko">\s*')
CLOSE = re.compile(r"\s*</div>\s*")
LANG_DIV = re.compile(r"<div\s+lang=")


def block(lang: str, children: list[nodes.Node]) -> nodes.container:
    """A ``<div lang=...>``: docutils writes the class language-xx as ``lang``."""
    return nodes.container("", *children, classes=[f"language-{lang}"])


def is_raw(node: nodes.Node, pattern: re.Pattern) -> bool:
    return isinstance(node, nodes.raw) and bool(pattern.fullmatch(node.astext()))


class Pairs(SphinxTransform):
    default_priority = 200  # before the transforms that look into pairs

    def apply(self):
        openings = [n for n in self.document.findall(nodes.raw) if is_raw(n, OPEN)]
        for opening in openings:
            self.wrap(opening)
        for raw in self.document.findall(nodes.raw):
            if LANG_DIV.search(raw.astext()):
                LOGGER.warning("a <div lang> outside a pair", location=raw)

    def wrap(self, opening: nodes.raw):
        parent, start = opening.parent, opening.parent.index(opening)
        turn = end = None
        for i, node in enumerate(parent.children[start + 1 :], start + 1):
            if turn is None and is_raw(node, TURN):
                turn = i
            elif turn is not None and is_raw(node, CLOSE):
                end = i
                break
        if end is None:
            LOGGER.warning("a pair that does not end", location=opening)
            return
        english = parent.children[start + 1 : turn]
        korean = parent.children[turn + 1 : end]
        pair = nodes.container(
            "", block("en", english), block("ko", korean), classes=["pair"]
        )
        pair.source, pair.line = opening.source, opening.line
        parent[start : end + 1] = [pair]


def setup(app):
    app.add_transform(Pairs)
