"""Figures: a text alternative in each language, and the caption below.

A figure cell holds ``alt: {en: ..., ko: ...}`` in its metadata. The English is
the ``alt`` of its picture; the Korean travels in ``data-alt-ko`` and the language
switch swaps it in. A pair that opens with **Figure.** / **그림.** is a caption.
"""

from html import escape

from docutils import nodes
from sphinx.transforms import SphinxTransform

from .annotations import is_code_cell

CAPTION = {"Figure", "그림"}


class bilingual_image(nodes.image):
    """An image whose Korean text alternative is in ``alt_ko``."""


class Figures(SphinxTransform):
    default_priority = 240

    def apply(self):
        for node in list(self.document.findall(nodes.container)):
            if is_code_cell(node):
                self.describe(node)
            elif "pair" in node["classes"] and is_caption(node):
                node["classes"].append("caption")

    def describe(self, cell: nodes.container):
        alt = cell["cell_metadata"].get("alt")
        if not alt:
            return
        for image in list(cell.findall(nodes.image)):
            attributes = {**image.attributes, "alt": alt["en"], "alt_ko": alt["ko"]}
            image.replace_self(bilingual_image("", **attributes))


def is_caption(pair: nodes.container) -> bool:
    first = pair.next_node(nodes.strong)
    return first is not None and first.astext().rstrip(".") in CAPTION


def visit_image(self, node):
    self.visit_image(node)
    korean = f'<img data-alt-ko="{escape(node["alt_ko"])}" '
    self.body[-1] = self.body[-1].replace("<img ", korean, 1)


def depart_image(self, node):
    self.depart_image(node)


def setup(app):
    app.add_node(bilingual_image, html=(visit_image, depart_image))
    app.add_transform(Figures)
