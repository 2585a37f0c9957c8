"""What is made of an exercise notebook, and what must not get into it."""

import importlib.util
import sys
from types import SimpleNamespace

import nbformat
import pytest
from sphinx_external_toc.parsing import parse_toc_yaml

from tools import exercises, sync
from tools.book import ROOT, Book, SyncError, tags

NAMES = exercises.names()


def page(name, kind):
    path = ROOT / "book" / f"{name}_{kind}.ipynb"
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("name", NAMES)
def test_the_learners_copy_holds_no_solution(name):
    notebook = exercises.source(name)
    cells = exercises.learners_copy(notebook).cells
    text = "\n".join(c.source for c in cells)
    for mark in ("SOLUTION", "HIDDEN", "examine("):
        assert mark not in text
    hints = "\n".join(c.source for c in cells if c.id.endswith("-hints"))
    rest = "\n".join(c.source for c in cells if not c.id.endswith("-hints"))
    for task in exercises.tasks(notebook):
        inside = notebook.cells[task.answer].source.partition("### BEGIN SOLUTION\n")[2]
        lines = inside.partition("### END SOLUTION")[0].splitlines()
        code = [line.split("#")[0].strip() for line in lines]
        code = [line for line in code if len(line) >= 20]
        for line in code:
            assert line not in rest, (task.id, line)
        # A last hint may hold a line of a solution, not all of it.
        assert not code or any(line not in hints for line in code), task.id


@pytest.mark.parametrize("name", NAMES)
def test_the_solutions_hold_no_task_no_hint_no_hidden_test(name):
    made = exercises.solutions(exercises.source(name))
    text = "\n".join(c.source for c in made.cells)
    for mark in ("### BEGIN", "### END", "examine(", "<details>", " = None\n"):
        assert mark not in text, mark
    tasks = exercises.tasks(exercises.source(name))
    assert text.count("vitlib.check(") == len(tasks)
    assert text.startswith("# Solutions: ")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", exercises.KINDS)
def test_every_page_is_in_the_table_of_contents(name, kind):
    assert f"book/{name}_{kind}" in Book().pages


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_checks_say_what_they_should(name):
    for kind, sign in (("exercises", "·"), ("solutions", "✓")):
        checks = [c for c in page(name, kind).cells if "vitlib.check(" in c.source]
        assert checks
        for cell in checks:
            lines = cell.outputs[0].text.splitlines()
            assert len(lines) == 2, cell.source
            assert all(f" {sign}  " in line for line in lines), lines


def test_a_page_edited_by_hand_is_stale_and_is_written_anew(tmp_path):
    for folder in ("exercises", "book"):
        (tmp_path / folder).mkdir()
    source = ROOT / "exercises" / "block.ipynb"
    (tmp_path / "exercises" / "block.ipynb").write_bytes(source.read_bytes())
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/block_exercises\n"
        "chapters:\n  - file: book/block_solutions\n"
    )
    (tmp_path / "_config.yml").write_bytes((ROOT / "_config.yml").read_bytes())
    assert sync.main([], tmp_path) == 0  # makes both from nothing
    assert not sync.synced(tmp_path)[1]
    made = tmp_path / "book" / "block_exercises.ipynb"
    notebook = nbformat.read(made, as_version=4)
    assert [tags(c) for c in notebook.cells[1:3]] == [["remove-cell", "colab"]] * 2
    notebook.cells[-1].source += "\n# my own"
    notebook.cells.append(nbformat.v4.new_code_cell("1", id="stray"))
    nbformat.write(notebook, made)
    _, stale = sync.synced(tmp_path)
    assert any("differs from its source" in fault for fault in stale)
    assert "block_exercises: cell 'stray' is not in its source" in stale
    assert sync.main([], tmp_path) == 0
    assert not sync.synced(tmp_path)[1]
    assert "stray" not in [c.id for c in nbformat.read(made, as_version=4).cells]


def test_outputs_stay_with_cells_that_stay():
    book = Book()
    (notebook,) = (n for n in book.notebooks if n.name == "block_exercises")
    before = [list(c.get("outputs", [])) for c in notebook.cells]
    assert list(exercises.renew(notebook)) == []
    assert [list(c.get("outputs", [])) for c in notebook.cells] == before
    assert any(before)


def test_a_solution_that_fails_names_its_cell():
    cell = nbformat.v4.new_code_cell("1 / 0", id="block-9-answer")
    with pytest.raises(SyncError, match="'block-9-answer': ZeroDivisionError"):
        exercises.run_cells([cell], {})


# --- With or without solutions ------------------------------------------------


@pytest.fixture(scope="module")
def leave_out():
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    yield importlib.import_module("annotated.solutions").leave_out
    sys.path.remove(str(ROOT / "book" / "_ext"))


@pytest.mark.parametrize("wanted", [True, False])
def test_one_setting_keeps_the_solutions_out_of_the_site(leave_out, wanted):
    site = parse_toc_yaml(ROOT / "_toc.yml")
    config = SimpleNamespace(
        annotated_solutions=wanted, external_site_map=site, exclude_patterns=["old"]
    )
    leave_out(None, config)
    listed = [
        str(item)
        for name in site
        for tree in site[name].subtrees
        for item in tree.items
    ]
    hidden = [f"book/{name}_solutions" for name in NAMES]
    for names in (listed, [*site]):
        assert set(hidden) & set(names) == (set(hidden) if wanted else set())
        assert {f"book/{name}_exercises" for name in NAMES} <= set(names)
    assert ("**/*_solutions.ipynb" in config.exclude_patterns) != wanted
    assert "old" in config.exclude_patterns


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("*.ipynb")), ids=str)
def test_no_page_but_their_own_links_to_solutions(path):
    """Else the site without them would have dead links."""
    if not path.stem.endswith("_solutions"):
        assert "_solutions.ipynb)" not in path.read_text(encoding="utf-8").replace(
            f"{path.stem}.ipynb", ""
        )
