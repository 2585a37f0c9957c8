"""Korean line breaks: a particle stays with its noun.

``word-break: keep-all`` keeps Hangul words whole, but browsers still break after a
closing bracket or a percent sign: 트랜스포머(Transformer) / 는. A word joiner
between the two forbids it. (Formulas are glued in ``formulas.js``.)
"""

import re

from docutils import nodes
from sphinx.transforms import SphinxTransform

JOINER = "\u2060"
CLOSING = r"[)\]%’”»]"
INSIDE = re.compile(rf"(?<={CLOSING})(?=[가-힣])")
HANGUL = re.compile(r"[가-힣]")


class Particles(SphinxTransform):
    default_priority = 250

    def apply(self):
        for block in self.document.findall(nodes.container):
            if block["classes"] == ["language-ko"]:
                for paragraph in block.findall(nodes.paragraph):
                    glue(paragraph)


def glue(paragraph: nodes.paragraph):
    """Join closing marks and the Hangul right after them, across markup too."""
    before = ""
    for text in list(paragraph.findall(nodes.Text)):
        if isinstance(text.parent, nodes.raw):
            continue  # a tag such as </data>: no text of its own
        joined = text.astext()
        if not isinstance(text.parent, (nodes.literal, nodes.math)):
            joined = INSIDE.sub(JOINER, joined)
            if re.search(CLOSING + "$", before) and HANGUL.match(joined):
                joined = JOINER + joined
            if joined != text:
                text.parent.replace(text, nodes.Text(joined))
        before = "" if isinstance(text.parent, nodes.math) else joined


def setup(app):
    app.add_transform(Particles)
