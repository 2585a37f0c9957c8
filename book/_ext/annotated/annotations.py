"""Annotation lists: pointing at an item lights up its lines of code.

A list in a pair annotates the nearest code cell before it when its items begin
with fragments of that cell, in backticks. The lines are found here, at build
time: every line of the cell gets an id, the fragment becomes a link to its first
line, and the item carries the ids of all of them in ``data-lines``. Without
JavaScript the link still leads to the line.
"""

from itertools import takewhile

from docutils import nodes
from sphinx.transforms import SphinxTransform


class annotation(nodes.list_item):
    """A list item with the ids of the lines it is about, in ``lines``."""


def fragments(item: nodes.list_item) -> list[nodes.literal]:
    """The inline code an item opens with, up to its first colon."""
    first = item.children[0] if item.children else None
    if not isinstance(first, nodes.paragraph):
        return []
    words = [n for n in first.children if n.astext()]  # Markdown leaves empty ones
    head = list(takewhile(before_colon, words))
    if not head or not isinstance(head[0], nodes.literal):
        return []
    return [n for n in head if isinstance(n, nodes.literal)]


def before_colon(node: nodes.Node) -> bool:
    return isinstance(node, nodes.literal) or ":" not in node.astext()


def lines_with(fragment: str, code: str) -> list[int]:
    """1-based numbers of the lines that hold the fragment."""
    return [n for n, line in enumerate(code.splitlines(), 1) if fragment in line]


class Annotations(SphinxTransform):
    default_priority = 230

    def apply(self):
        code = None
        for node in list(self.document.findall()):
            if isinstance(node, nodes.section):
                code = None  # a list does not annotate across a heading
            elif is_code_cell(node):
                code = node.next_node(nodes.literal_block)
                if code is not None:
                    # Pygments wraps each line in <span id="PREFIX-NUMBER">.
                    prefix = f"cell-{node['cell_index']}-line"
                    code["highlight_args"] = {"linespans": prefix}
            elif isinstance(node, nodes.list_item) and code is not None:
                self.annotate(node, code)

    def annotate(self, item: nodes.list_item, code: nodes.literal_block):
        prefix = code["highlight_args"]["linespans"]
        lines = []
        for literal in fragments(item):
            found = lines_with(literal.astext(), code.astext())
            if not found:
                continue
            link = nodes.reference("", "", internal=True, classes=["fragment"])
            link["refid"] = f"{prefix}-{found[0]}"
            literal.replace_self(link)
            link += literal
            lines += [n for n in found if n not in lines]
        if lines:
            ids = " ".join(f"{prefix}-{n}" for n in sorted(lines))
            item.replace_self(annotation("", *item.children, lines=ids))


def is_code_cell(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def visit_annotation(self, node):
    self.body.append(
        self.starttag(
            node, "li", "", CLASS="annotation", **{"data-lines": node["lines"]}
        )
    )


def depart_annotation(self, node):
    self.depart_list_item(node)


def setup(app):
    app.add_node(annotation, html=(visit_annotation, depart_annotation))
    app.add_transform(Annotations)
    app.add_js_file("annotations.js", loading_method="defer")
