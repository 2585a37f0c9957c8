"""What sync writes follows from the package, the results and the repository."""

import ast
import importlib
import inspect
import json
import stat

import nbformat
import pytest
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

from tools import sync
from tools.address import METADATA, Repository
from tools.book import ROOT, Book, SyncError, tagged, tags, write

CONFIG = """\
title: A book  # a comment that stays
repository:
  url: https://github.com/ann/vit-book
  branch: main
  path_to_book: ""
"""
MODULE = '''\
import math


class Square:
    """The square of a number.

    Args:
        x: the number.
    """

    def __call__(self, x):
        """Do it.

        Twice.
        """
        return x * x


@staticmethod
def half(x):
    return x / 2


SIZES = {"a": 1}
'''


@pytest.fixture
def book(tmp_path):
    """A small book that nothing has been synchronized in yet."""
    (tmp_path / "book" / "results").mkdir(parents=True)
    (tmp_path / "src" / "vitlib").mkdir(parents=True)
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/one\n")
    (tmp_path / "_config.yml").write_text(CONFIG)
    (tmp_path / "README.md").write_text(
        "# Book\n\n<!-- sync:badges -->\nold\n<!-- /sync:badges -->\n\nText.\n"
    )
    (tmp_path / ".github" / "workflows" / "test.yml").write_text("name: test\n")
    (tmp_path / "src" / "vitlib" / "shapes.py").write_text(MODULE)
    (tmp_path / "book" / "results" / "run.json").write_text(
        json.dumps({"summary": {"acc": "86.1%", "less": "p < 0.01"}})
    )
    cells = [
        new_markdown_cell("# One | 하나"),
        new_markdown_cell(
            'An <data value="run.acc">?</data> and <data value="run.less"></data>.'
        ),
        new_code_cell(
            "", execution_count=1, metadata={"tags": ["vitlib:shapes.Square"]}
        ),
        new_code_cell(
            "print('가')",
            execution_count=2,
            outputs=[new_output("stream", text="가\n")],
        ),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "book" / "one.ipynb")
    return tmp_path


def read(root):
    return nbformat.read(root / "book" / "one.ipynb", as_version=4)


def run(root, *arguments):
    return sync.main([*arguments], root)


def test_everything_is_written(book):
    before = read(book)
    assert run(book) == 0
    after = read(book)
    title, badge, install, text, shared, other = after.cells
    assert badge.source.endswith("/ann/vit-book/blob/main/book/one.ipynb)")
    assert "vitlib @ git+https://github.com/ann/vit-book@main" in install.source
    assert "d2l" not in install.source
    assert tags(badge) == tags(install) == ["remove-cell", "colab"]
    assert '<data value="run.acc">86.1%</data>' in text.source
    assert '<data value="run.less">p &lt; 0.01</data>' in text.source
    assert shared.source.startswith(
        'class Square:\n    """The square of a number."""\n'
    )
    assert {key: after.metadata[key] for key in METADATA} == METADATA
    assert [c.execution_count for c in (install, shared, other)] == [1, 2, 3]
    assert other.outputs == before.cells[-1].outputs
    assert [c.id for c in (title, text, shared, other)] == [c.id for c in before.cells]
    readme = (book / "README.md").read_text()
    assert "old" not in readme
    assert "https://ann.github.io/vit-book/" in readme
    assert "actions/workflows/test.yml/badge.svg" in readme
    assert readme.endswith("\n\nText.\n")


def test_the_file_is_plain(book):
    run(book)
    text = (book / "book" / "one.ipynb").read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"
    assert "가" in text


def test_a_second_time_changes_nothing(book, capsys):
    run(book)
    files = {path: path.read_bytes() for path in book.rglob("*") if path.is_file()}
    assert run(book, "--check") == 0
    assert "0 places stale" in capsys.readouterr().out
    run(book)
    assert files == {
        path: path.read_bytes() for path in book.rglob("*") if path.is_file()
    }


def test_check_lists_what_is_stale_and_changes_nothing(book, capsys):
    before = (book / "book" / "one.ipynb").read_bytes()
    assert run(book, "--check") == 1
    said = capsys.readouterr().out
    for stale in (
        "one cell 2: the code differs from vitlib:shapes.Square",
        "one cell 1: run.acc is stale, found '?', expected '86.1%'",
        "one: the cells for Colab are stale",
        "README.md: not as sync writes it",
    ):
        assert stale in said
    assert (book / "book" / "one.ipynb").read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "run.acc",
            "run.speed",
            "one cell 1: <data value='run.speed'>: run.json has no",
        ),
        ("run.acc", "gone.acc", "there is no gone.json"),
        ("shapes.Square", "shapes.Circle", "vitlib:shapes.Circle: no 'Circle'"),
        ("shapes.Square", "forms.Square", "vitlib:forms.Square: no module 'forms'"),
    ],
)
def test_what_does_not_exist_is_named(book, capsys, old, new, said):
    path = book / "book" / "one.ipynb"
    path.write_text(path.read_text().replace(old, new))
    assert run(book) == 2
    assert said in capsys.readouterr().err


def test_a_fork_is_found_in_the_environment(book, monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "bob/fork")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    run(book)
    assert "bob/fork" not in (book / "README.md").read_text()
    run(book, "--from-environment")
    assert "bob/fork" in (book / "README.md").read_text()
    assert "github/bob/fork/blob/main" in read(book).cells[1].source
    config = (book / "_config.yml").read_text()
    assert "  url: https://github.com/bob/fork\n  branch: main" in config
    assert "# a comment that stays" in config


def test_only_github_opens_in_colab(book):
    with pytest.raises(SyncError, match="got https://example"):
        Repository.of(
            book,
            {"GITHUB_REPOSITORY": "a/b", "GITHUB_SERVER_URL": "https://example.org"},
        )


def test_d2l_is_installed_only_where_it_is_imported(book):
    notebook = read(book)
    notebook.cells[-1].source = "from d2l import torch as d2l"
    nbformat.write(notebook, book / "book" / "one.ipynb")
    run(book)
    assert "%pip install -q --no-deps d2l==" in read(book).cells[2].source


def test_an_unexecuted_notebook_stays_one(book):
    notebook = read(book)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = None, []
    nbformat.write(notebook, book / "book" / "one.ipynb")
    run(book)
    code = [cell for cell in read(book).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [None, None, None]


def test_writing_keeps_the_mode_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o640)
    write(path, "new\n")
    assert path.read_text() == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    write(tmp_path / "fresh", "new\n")
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) & 0o044
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "fresh"]


# --- The source of a definition -----------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shapes.half", "@staticmethod\ndef half(x):\n    return x / 2"),
        ("shapes.SIZES", 'SIZES = {"a": 1}'),
        (
            "shapes.Square.__call__",
            'def __call__(self, x):\n    """Do it."""\n    return x * x',
        ),
    ],
)
def test_source_of(book, name, expected):
    assert sync.source_of(name, book / "src" / "vitlib") == expected


def test_source_of_class_cuts_every_docstring(book):
    source = sync.source_of("shapes.Square", book / "src" / "vitlib")
    assert "Args" not in source
    assert "Twice" not in source
    assert source.endswith("return x * x")


def names():
    """Everything the chapters show of the package."""
    found = {tagged(cell, "vitlib:") for _, _, cell in Book().cells("code")}
    return sorted(found - {None})


def test_shared_code_is_what_python_sees(tell):
    """Without docstrings and comments, it parses to what the package runs."""
    for name in names():
        module, *path = name.split(".")
        thing = importlib.import_module(f"vitlib.{module}")
        for part in path:
            thing = getattr(thing, part)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            ours = bare(sync.source_of(name))
            theirs = bare(inspect.cleandoc(f"\n{inspect.getsource(thing)}"))
            assert ours == theirs, name
    tell(f"shared definitions {len(names())}/{len(names())}")


def bare(source):
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(
            node
        ):
            node.body[0] = ast.Expr(ast.Constant("doc"))
    return ast.dump(tree)


def test_the_book_is_in_sync(tell):
    files, stale = sync.synced(ROOT)
    behind = {fault.split(" cell ")[0].split(":")[0] for fault in stale}
    tell(f"synchronized files {len(files) - len(behind)}/{len(files)}")
    assert not stale, "\n".join(["run `make sync`:", *stale])


def test_a_page_is_written_between_its_marks(book, monkeypatch):
    page = book / "book" / "claims.md"
    page.write_text(
        "# Title\n\n<!-- sync:claims -->\nold\n<!-- /sync:claims -->\nend\n"
    )
    monkeypatch.setitem(sync.PAGES, "claims", lambda root: f"made in {root.name}")
    assert run(book) == 0
    text = page.read_text()
    made = f"<!-- sync:claims -->\n\nmade in {book.name}\n\n<!-- /sync:claims -->"
    assert text == f"# Title\n\n{made}\nend\n"
    assert run(book, "--check") == 0
    page.write_text(text.replace("made", "typed"))
    assert run(book, "--check") == 1
    page.write_text("# Title\n")
    assert run(book) == 2
