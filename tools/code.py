"""What a reader finds at a code cell: annotations, shapes, captions.

Each check takes a `Book` and returns a `Report` whose faults read
`NOTEBOOK cell N: what, found ..., expected ...`.
"""

import ast
import io
import re
import tokenize

from tools.book import HANGUL, Prose, Report, outputs_text, pair, tagged, tags

MAX_LINES, MAX_COLUMNS, MAX_SHARED_COLUMNS = 25, 79, 88


def annotations(book):
    """A list of code fragments stands under each definition and quotes it verbatim.

    A list may also go through the code cell right above it that defines nothing.
    Answers to exercises have none: their reasons are not a walk through the code.
    """
    report = Report("annotations")
    for notebook in book.chapters:
        defining = last = due = None
        for i, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                if due is not None:
                    report.item([_unannotated(notebook, due)])
                last, due = i, i if _defines(cell.source) else None
                defining = i if due is not None else defining
            elif (found := pair(cell)) and last is not None:
                items = [_annotated(text) for text in found]
                if items[0] or items[1]:
                    due = None
                above = {last, last if defining is None else defining}
                code = [notebook.cells[k].source for k in above]
                for fragment in dict.fromkeys(items[0] + items[1]):
                    report.item(_misquoted(notebook.where(i), fragment, code, items))
        if due is not None:
            report.item([_unannotated(notebook, due)])
    return report


def _unannotated(notebook, i):
    return (
        f"{notebook.where(i)}: a definition without an annotation list, expected "
        "a pair below it with items '- `fragment`: ...'"
    )


def _misquoted(where, fragment, code, items):
    if not any(fragment in source for source in code):
        yield (
            f"{where}: an annotation, found `{fragment}`, expected words of the code "
            "cell above or of the last one that defines something"
        )
    for language, found in zip(("English", "Korean"), items, strict=True):
        if fragment not in found:
            yield f"{where}: an annotation of `{fragment}`, missing in {language}"


ANNOTATED = re.compile(r"((?:`[^`]+`(?:, | and |, and |와 |과 |\W{1,3})?)+):")


def _annotated(text):
    """The fragments that items of this text begin with, followed by a colon."""
    fragments = []
    for block in Prose.of(text).blocks:
        head = ANNOTATED.match(block.plain) if block.kind == "list_item" else None
        if head:
            fragments += re.findall(r"`([^`]+)`", head[1])
    return fragments


def _defines(source):
    tree = parse(source)
    return any(isinstance(n, (ast.ClassDef, ast.FunctionDef)) for n in tree.body)


def parse(source):
    """The syntax tree of a code cell, IPython's own lines taken for `pass`."""
    return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.M))


RESHAPING = {"reshape", "view", "permute", "transpose", "flatten", "unflatten"}
SHAPE = re.compile(r"\(.*,.*\)|\([A-Z\d*/ ]+,\)")


def cells(book):
    """Code cells are small, and say the shape where an array changes its own."""
    report = Report("code cells")
    for notebook, i, cell in book.cells("code"):
        report.item(_cell(notebook.where(i), cell))
    return report


def _cell(where, cell):
    if "colab" in tags(cell):
        return  # written by sync; an address cannot be broken into lines
    shared = tagged(cell, "vitlib:") is not None
    lines, limit = (
        cell.source.splitlines(),
        MAX_SHARED_COLUMNS if shared else MAX_COLUMNS,
    )
    if len(lines) > MAX_LINES and not shared:
        yield f"{where}: a long cell, found {len(lines)} lines, expected {MAX_LINES}"
    for number, line in enumerate(lines, 1):
        if len(line) > limit:
            yield f"{where}: line {number}, found {len(line)} columns, expected {limit}"
    yield from (f"{where}: {fault}" for fault in shapeless(cell.source))


def shapes(book):
    """The package's own lines that change a shape say it, too."""
    report = Report("modules with shapes")
    for file in sorted((book.root / "src" / "vitlib").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        report.item(f"{file.relative_to(book.root)}: {f}" for f in shapeless(text))
    return report


def shapeless(source):
    """Faults for each reshaping statement without a shape on it or just above."""
    source = re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.M)
    comments = {
        token.start[0]: token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    seen = set()
    for first, last, call in _reshaping(ast.parse(source)):
        said = [comments.get(line, "") for line in range(first - 1, last + 1)]
        # A comment (...) -> (...) -> (...) goes with the 2 lines below it.
        said += [
            comment
            for line, comment in comments.items()
            if line < first <= line + comment.count("->")
        ]
        if not any(SHAPE.search(comment) for comment in said) and first not in seen:
            seen.add(first)
            text = source.splitlines()[call.end_lineno - 1].strip()
            yield f"line {first}, no shape, found {text!r}, expected e.g. # (B, N, D)"


def _reshaping(tree):
    """(first line, last line, call) of each call that changes a shape."""
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.stmt):
            continue
        simple = not hasattr(statement, "body")
        for node in _own_nodes(statement):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in RESHAPING
            ):
                span = statement if simple else node
                yield span.lineno, span.end_lineno, node


def _own_nodes(statement):
    """Nodes of a statement without those of the statements inside it."""
    for child in ast.iter_child_nodes(statement):
        if not isinstance(child, (ast.stmt, ast.ExceptHandler)):
            yield child
            yield from _own_nodes(child)


def figures(book):
    """A picture has a text alternative in both languages and a caption pair."""
    report = Report("figures")
    for notebook in book.notebooks:
        for i, cell in enumerate(notebook.cells):
            pictures = [
                out
                for out in cell.get("outputs", [])
                if "image/png" in out.get("data", {})
            ]
            if pictures or "alt" in cell.metadata:
                after = notebook.cells[i + 1 : i + 2]
                report.item(_figure(notebook.where(i), cell, pictures, after))
    return report


def _figure(where, cell, pictures, after):
    if not pictures:
        yield f"{where}: a text alternative without a picture"
    alt = cell.metadata.get("alt", {})
    for language in ("en", "ko"):
        text = alt.get(language, "")
        if len(text) < 20 or (language == "ko") != bool(HANGUL.search(text)):
            yield f"{where}: the text alternative, found {language}: {text!r}"
    caption = pair(after[0]) if after else None
    if not caption or not all(
        text.startswith(word)
        for text, word in zip(caption, ("**Figure.** ", "**그림.** "), strict=True)
    ):
        yield f"{where}: no caption below, expected **Figure.** and **그림.**"
    for picture in pictures:
        size = len(picture["data"]["image/png"]) * 3 // 4
        if size > 100 * 1024:
            yield f"{where}: a large picture, found {size // 1024} KB, expected 100"


MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:work|tmp|root|home|Users)/[\w.-]+")


def paths(book):
    """No cell and no output names a place on the author's machine."""
    report = Report("cells without machine paths")
    for notebook, i, cell in book.cells():
        text = f"{cell.source}\n{outputs_text(cell)}"
        for out in cell.get("outputs", []):
            text += "\n".join(out.get("traceback", []))
        report.item(
            f"{notebook.where(i)}: a machine path, found {found!r}"
            for found in sorted(set(MACHINE_PATH.findall(text)))
        )
    return report
