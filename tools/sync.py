"""Write into the book what is said elsewhere: `python -m tools.sync [--check]`.

- A code cell tagged `vitlib:module.Name` is that definition of the package.
- The text of `<data value="FILE.key">` is the `key` of the summary in
  `book/results/FILE.json`.
- `src/vitlib/assets/recorded.json` holds the runs of all results, for notebooks.
- `book/NAME_exercises.ipynb` and `book/NAME_solutions.ipynb` come from
  `exercises/NAME.ipynb`.
- `book/claims.md` and `book/status.md` hold, between two marks, what recorded
  runs and notebooks say.
- What a reader needs in Colab (badge, install cell, metadata) and the badges of
  the README follow from `repository:` in `_config.yml`.

`--check` changes nothing, lists what is stale and exits with 1. In a workflow,
`--from-environment` takes the address from `GITHUB_SERVER_URL` and
`GITHUB_REPOSITORY`, so that a fork's book points at the fork.
"""

import argparse
import ast
import html
import json
import os
import re
import sys
import textwrap
from pathlib import Path

from tools import claims, exercises, status
from tools.address import Repository, address_notebook, address_text
from tools.book import ROOT, Book, SyncError, tagged, write

PACKAGE = ROOT / "src" / "vitlib"


# --- The package's definitions ---------------------------------------------


def source_of(name, package=PACKAGE):
    """The source of `module.Name`, each docstring cut to its first line.

    Args:
        name: a class, function or constant of the package, or a method:
            `block.ViTBlock`, `vit.ViT.embed`, `training.measure.evaluate`.

    Raises:
        LookupError: no such module, or no such name in it.
    """
    module, *path = name.split(".")
    folder = Path(package)
    while path and (folder / module).is_dir():
        folder, (module, *path) = folder / module, path
    file = folder / f"{module}.py"
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


def share_code(notebook, package):
    """Write each tagged code cell from the package; say which ones changed."""
    for i, cell in enumerate(notebook.cells):
        name = tagged(cell, "vitlib:")
        if name is None:
            continue
        try:
            source = source_of(name, package)
        except LookupError as error:
            raise SyncError(f"{notebook.where(i)}: {error.args[0]}") from None
        if cell.source != source:
            cell.source = source
            yield f"{notebook.where(i)}: the code differs from vitlib:{name}"


# --- Measured numbers ------------------------------------------------------

FILLED = re.compile(r'(<data value="([^"<>]+)">)([^<]*)(</data>)')


def fill_data(text, results, where):
    """The text with every `<data>` filled in, and what changed."""
    changes = []

    def fill(match):
        start, name, old, end = match.groups()
        new = html.escape(_summary(name, results, where), quote=False)
        if new != old:
            changes.append(f"{where}: {name} is stale, found {old!r}, expected {new!r}")
        return f"{start}{new}{end}"

    return FILLED.sub(fill, text), changes


def _summary(name, results, where):
    file, _, key = name.rpartition(".")
    path = Path(results) / f"{file}.json"
    if not path.is_file():
        raise SyncError(f"{where}: <data value={name!r}>: there is no {path.name}")
    summary = json.loads(path.read_text(encoding="utf-8"))["summary"]
    if key not in summary:
        raise SyncError(
            f"{where}: <data value={name!r}>: {path.name} has no {key!r} in its "
            f"summary, only {[*summary]}"
        )
    return str(summary[key])


def fill_notebook(notebook, results):
    """Fill in the data of every text cell; say which ones changed."""
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            cell.source, changes = fill_data(cell.source, results, notebook.where(i))
            yield from changes


def shipped_runs(results):
    """The runs of every result as the text of one file; times are left out."""
    runs = {
        path.stem: _without_seconds(json.loads(path.read_text("utf-8"))["runs"])
        for path in sorted(Path(results).glob("*.json"))
    }
    lines = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in runs.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _without_seconds(value):
    if isinstance(value, list):
        return [_without_seconds(entry) for entry in value]
    if isinstance(value, dict):
        return {k: _without_seconds(v) for k, v in value.items() if k != "seconds"}
    return value


# --- All of it -------------------------------------------------------------


def synced(root=ROOT, environment=None):
    """{file: its text as it should be}, and what differs from that on disk.

    Raises:
        SyncError: a cell, a claim or a page refers to something that does not exist.
    """
    root = Path(root)
    exercises.begin(root)
    repository = Repository.of(root, environment)
    results, package = root / "book" / "results", root / "src" / "vitlib"
    files, stale = {}, []
    for notebook in Book(root).notebooks:
        page = notebook.path.relative_to(root).with_suffix("").as_posix()
        changes = [
            *exercises.renew(notebook, root),
            *share_code(notebook, package),
            *fill_notebook(notebook, results),
            *address_notebook(notebook, page, repository),
        ]
        files[notebook.path] = notebook.text()
        stale += changes or _rewritten(notebook.path, notebook.text())
    for name in ("README.md", "README.ko.md", "_config.yml"):
        path = root / name
        if path.is_file():
            text, changes = fill_data(path.read_text(encoding="utf-8"), results, name)
            files[path] = address_text(text, root, repository)
            stale += changes or _rewritten(path, files[path])
    recorded = package / "assets" / "recorded.json"
    if recorded.is_file():
        files[recorded] = shipped_runs(results)
        stale += _rewritten(recorded, files[recorded])
    for name, made in PAGES.items():
        path = root / "book" / f"{name}.md"
        if path.is_file():
            files[path] = _marked(path, name, made(root))
            stale += _rewritten(path, files[path])
    return files, stale


# What stands between `<!-- sync:NAME -->` marks in the page of that name.
PAGES = {
    "claims": claims.entries,
    "status": lambda root: status.table(Book(root)),
}


def _marked(path, name, content):
    """The text of a page with new content between its marks."""
    marks = re.compile(rf"(<!-- sync:{name} -->\n).*?(<!-- /sync:{name} -->)", re.S)
    text = path.read_text(encoding="utf-8")
    if not marks.search(text):
        raise SyncError(f"{path.name}: no marks <!-- sync:{name} -->, ...")
    return marks.sub(lambda found: f"{found[1]}\n{content.strip()}\n\n{found[2]}", text)


def _rewritten(path, text):
    same = path.read_text(encoding="utf-8") == text
    return [] if same else [f"{path.name}: not as sync writes it"]


def main(arguments=None, root=ROOT):
    parser = argparse.ArgumentParser(prog="python -m tools.sync", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--from-environment", action="store_true")
    options = parser.parse_args(arguments)
    try:
        environment = os.environ if options.from_environment else None
        files, stale = synced(root, environment)
    except SyncError as error:
        print(error, file=sys.stderr)
        return 2
    if not options.check:
        for path, text in files.items():
            if path.read_text(encoding="utf-8") != text:
                write(path, text)
    print(*stale, sep="\n", end="\n" if stale else "")
    state = "stale" if options.check else "written"
    print(f"sync: {len(files)} files, {len(stale)} places {state}")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
