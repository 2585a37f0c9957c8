"""Write into the notebooks what is said elsewhere."""

import ast
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "vitlib"


def source_of(name, package=PACKAGE):
    """The source of `module.Name`, each docstring cut to its first line.

    Args:
        name: a class, function or constant of the package, or a method:
            `block.ViTBlock`, `mlp.gelu_exact`, `vit.ViT.embed`.

    Raises:
        LookupError: no such module, or no such name in it.
    """
    module, *path = name.split(".")
    file = Path(package) / f"{module}.py"
    if not path or not file.is_file():
        raise LookupError(f"vitlib:{name}: no module {module!r} in {package}")
    text = file.read_text(encoding="utf-8")
    node = ast.parse(text)
    for part in path:
        node = next((n for n in node.body if part in _names(n)), None)
        if node is None:
            raise LookupError(f"vitlib:{name}: no {part!r} in {file.name}")
    lines = text.splitlines()
    for doc in _docstrings(node):  # from below, so that line numbers stay right
        if doc.end_lineno > doc.lineno:
            first = lines[doc.lineno - 1]
            lines[doc.lineno - 1 : doc.end_lineno] = [f'{first}"""']
            node.end_lineno -= doc.end_lineno - doc.lineno
    start = min([node.lineno, *(d.lineno for d in _decorators(node))])
    return textwrap.dedent("\n".join(lines[start - 1 : node.end_lineno]))


def _names(node):
    if isinstance(node, ast.Assign):
        return [t.id for t in node.targets if isinstance(t, ast.Name)]
    return [getattr(node, "name", None)]


def _decorators(node):
    return getattr(node, "decorator_list", [])


def _docstrings(node):
    """Docstring nodes of a definition and of all inside it, last one first."""
    kinds = (ast.ClassDef, ast.FunctionDef)
    defined = [n for n in ast.walk(node) if isinstance(n, kinds)]
    found = [n.body[0] for n in defined if ast.get_docstring(n, clean=False)]
    return sorted(found, key=lambda doc: -doc.lineno)
