"""Headings in two languages: ``## Splitting the image | 이미지 나누기``.

Each half becomes a ``<span lang>``, wherever Sphinx copies the heading to: the
text, both tables of contents, the links to the previous and next chapter. The
anchor is made from the English half alone.
"""

from docutils import nodes
from myst_parser.mdit_to_docutils.base import default_slugify
from sphinx.transforms import SphinxTransform

SEPARATOR = " | "


def slug(title: str) -> str:
    """The anchor that a link writes (``block.ipynb#residual-stream``)."""
    return default_slugify(title.split(SEPARATOR)[0])


def split_title(title: nodes.title) -> tuple[list, list] | None:
    """The children of a title before and after the separator."""
    for i, child in enumerate(title.children):
        if isinstance(child, nodes.Text) and SEPARATOR in child:
            left, right = child.split(SEPARATOR, 1)
            english = [*title.children[:i], nodes.Text(left)]
            korean = [nodes.Text(right), *title.children[i + 1 :]]
            return english, korean
    return None


class BilingualHeadings(SphinxTransform):
    default_priority = 210  # before MyST resolves links to headings (879)

    def apply(self):
        for title in list(self.document.findall(nodes.title)):
            halves = split_title(title)
            if halves is None:
                continue
            english, korean = halves
            self.rename(title.parent, "".join(n.astext() for n in english))
            title.children = []
            title += [
                nodes.inline("", "", *english, classes=["language-en"]),
                nodes.inline("", SEPARATOR, classes=["separator"]),
                nodes.inline("", "", *korean, classes=["language-ko"]),
            ]

    def rename(self, section: nodes.section, english: str):
        """Give the section an id made from the English half."""
        ids = self.document.ids
        old, base = section["ids"][0], nodes.make_id(english)
        if not base or old == base:
            return
        new, n = base, 1
        while new in ids:
            n += 1
            new = f"{base}-{n}"
        section["ids"][0] = new
        ids[new] = ids.pop(old)
        for name in section["names"]:
            if self.document.nameids.get(name) == old:
                self.document.nameids[name] = new
        slugs = getattr(self.document, "myst_slugs", {})
        for key, (line, target, text) in slugs.items():
            if target == old:
                slugs[key] = (line, new, text)


def setup(app):
    app.add_transform(BilingualHeadings)
