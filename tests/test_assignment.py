"""What a class gets: one language, one variant, no solution; written whole or not."""

import json
import re

import nbformat
import pytest
from answers import solved
from nbgrader.utils import compute_checksum, is_locked, is_solution
from pages.conftest import FLAGS, browser_path
from playwright.sync_api import sync_playwright

from tools import assignment, exercises
from tools.address import METADATA
from tools.book import HANGUL
from tools.folder import MARKER, replace_folder
from tools.offline import Trouble
from tools.roster import read_roster, variant_of

NAMES = exercises.names()
ROSTER = "name,student\nAnn,ann\nBo,bo kim\n\n한별,한별\n"


def make(tmp_path, name="block", **options):
    return assignment.make(name, out=tmp_path / "out" / name, **options)


def read(folder, path):
    return nbformat.read(folder / path, as_version=4)


def run(notebook):
    """Run a notebook's own code, without the cell that installs the package."""
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    return exercises.run_cells([c for c in cells if c.id != "colab-install"], {})


@pytest.fixture
def roster(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text(ROSTER, encoding="utf-8")
    return path


@pytest.mark.counted("assignments made in 3 languages")
@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_gives_all_files_in_every_language(name, tmp_path):
    for language in ("en", "ko", "both"):
        folder = make(tmp_path, name, language=language, variant=17)
        files = {path.name for path in folder.iterdir()}
        assert files == {
            *(f"{name}.ipynb", f"{name}_solution.ipynb", f"{name}.grading.json"),
            *("handout.html", MARKER),
        }
        student = read(folder, f"{name}.ipynb")
        text = "\n".join(cell.source for cell in student.cells)
        for mark in ("BEGIN SOLUTION", "HIDDEN TESTS", "examine(", "-why", "-rubric"):
            assert mark not in text, mark
        assert not {"solution", "rubric"} & {
            tag for cell in student.cells for tag in cell.metadata.get("tags", [])
        }
        both = "\n".join(
            cell.source for cell in read(folder, f"{name}_solution.ipynb").cells
        )
        assert both.count("### BEGIN HIDDEN TESTS") == len(
            exercises.tasks(exercises.source(name))
        )
        assert "SOLUTION" not in both
        if language == "en":
            assert not HANGUL.search(text)
            assert '<div lang="' not in text
        if language == "ko":
            assert all(
                HANGUL.search(cell.source)
                for cell in student.cells
                if cell.cell_type == "markdown"
            )
            assert '<div lang="' not in text


def test_the_student_notebook_is_as_nbgrader_releases_it():
    notebook = assignment.student_notebook("block", "ko", 17)
    assert {k: notebook.metadata[k] for k in METADATA} == METADATA
    graded = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert len(graded) == 12
    for cell in graded:
        assert cell.metadata.nbgrader.checksum == compute_checksum(cell)
        assert cell.metadata.deletable is False
        assert cell.metadata.get("editable", True) is is_solution(cell)
        assert is_locked(cell) is not is_solution(cell)
        assert cell.outputs == []
        assert cell.execution_count is None


def test_the_variant_is_set_in_one_place(tmp_path):
    notebook = exercises.source("block")
    assignment.set_variant(notebook, 17)
    assert [c.id for c in notebook.cells if "VARIANT = 17" in c.source] == ["setup"]
    notebook.cells.append(notebook.cells[2])
    with pytest.raises(Exception, match="one cell that sets VARIANT, got 2"):
        assignment.set_variant(notebook, 18)


@pytest.mark.parametrize("name", NAMES)
def test_the_checks_answer_in_the_language_of_the_notebook(name, capsys, monkeypatch):
    monkeypatch.setenv("VITLIB_LANG", "both")
    run(assignment.student_notebook(name, "ko", 17))
    said = [line for line in capsys.readouterr().out.splitlines() if " ·  " in line]
    assert len(said) == len(exercises.tasks(exercises.source(name)))
    assert all(line.endswith("아직 답하지 않았습니다") for line in said)


def test_the_solution_notebook_passes_its_hidden_tests(capsys, monkeypatch):
    monkeypatch.setenv("VITLIB_LANG", "both")
    space = run(assignment.solution_notebook("block", "en", 17))
    assert space["VARIANT"] == 17
    assert capsys.readouterr().out.count("✓") == 5


def test_the_bundle_grades():
    found = assignment.bundle("block", 17, {"ann": 5})
    assert found["format"] == 1
    assert (found["assignment"], found["variant"]) == ("block", 17)
    assert found["students"] == {"ann": 5}
    assert found["titles"]["block.1"] == {
        "en": "Splitting the heads",
        "ko": "헤드 나누기",
    }
    kinds = [cell["kind"] for cell in found["cells"]]
    assert kinds.count("answer") == kinds.count("check") == 5
    assert found["cells"][0]["id"] == "setup"
    for cell in found["cells"]:
        assert ("HIDDEN TESTS" in cell["source"]) == (cell["kind"] == "check")
        assert "BEGIN SOLUTION" not in cell["source"]
        if cell["kind"] == "check":
            code = compile(cell["source"], cell["id"], "exec")
            exec(code, dict(solved("block", 17)))
            assert cell["name"] in cell["source"]
    assert json.loads(json.dumps(found)) == found


def test_every_student_has_a_variant_of_their_own(tmp_path, roster):
    folder = make(tmp_path, variant=17, roster=roster)
    found = json.loads((folder / "block.grading.json").read_text(encoding="utf-8"))
    assert list(found["students"]) == ["ann", "bo kim", "한별"]
    assert len(set(found["students"].values())) == 3
    for student, variant in found["students"].items():
        notebook = read(folder, f"students/{student}/block.ipynb")
        text = "\n".join(cell.source for cell in notebook.cells)
        assert f"VARIANT = {variant}  #" in text
        assert "colab-badge" not in text  # it would open another's copy
    assert variant_of(17, "ann") == found["students"]["ann"] == 179441  # for good
    assert variant_of(18, "ann") != variant_of(17, "ann")


@pytest.mark.parametrize(
    ("text", "students"),
    [
        ("student\nann\nbo\n", ["ann", "bo"]),
        ("ann,Ann\nbo,Bo\n", ["ann", "bo"]),
        ("Login;Name\nann;Ann\n", ["ann"]),
        ("\ufeff학번,이름\n2026-01,김\n", ["2026-01"]),
        ("Name,Student\n한,han\n", ["han"]),
    ],
)
def test_a_roster_is_read_as_spreadsheets_write_it(text, students, tmp_path):
    for encoding in ("utf-8", "cp949"):
        if "\ufeff" in text and encoding == "cp949":
            continue
        (tmp_path / "r.csv").write_text(text, encoding=encoding)
        assert read_roster(tmp_path / "r.csv") == students


@pytest.mark.counted("wrong requests for an assignment")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "blok"}, "no exercises 'blok': there is block, discussion"),
        ({"language": "fr"}, "no language 'fr': there is en, ko, both"),
        ({"variant": "-1"}, "no variant '-1': a whole number from 0"),
        ({"variant": "x"}, "no variant 'x': a whole number from 0"),
        ({"address": "https://gitlab.com/a/b"}, "Colab opens https://github.com/OWNER"),
        ({"roster": ""}, "no student in it"),
        ({"roster": "student\n"}, "no student in it"),
        ({"roster": "student\nann\nbo\nAnn\n"}, "line 4: 'Ann' is there twice"),
        ({"roster": "student\na/b\n"}, "line 2: 'a/b' cannot name a folder"),
        ({"roster": "student\n..\n"}, "it begins or ends with a dot"),
        ({"roster": "student,name\n,Ann\n"}, "it is empty"),
        ({"roster": None}, "cannot be read: No such file"),
    ],
)
def test_a_wrong_request_says_so_and_writes_nothing(options, words, tmp_path):
    if "roster" in options:
        path, text = tmp_path / "roster.csv", options["roster"]
        if text is not None:
            path.write_text(text, encoding="utf-8")
        options = {"roster": path}
    with pytest.raises(Trouble, match=re.escape(words)) as told:
        make(tmp_path, **options)
    assert HANGUL.search(str(told.value).split("\n")[1])
    assert not (tmp_path / "out").exists()


def test_only_an_unchanged_folder_of_its_own_is_replaced(tmp_path, roster):
    folder = make(tmp_path, roster=roster)
    make(tmp_path)  # replaced, and the students' copies are gone
    assert not (folder / "students").exists()
    (folder / "grades.csv").write_text("ann,13", encoding="utf-8")
    with pytest.raises(Trouble, match=r"new or were changed since: grades\.csv"):
        make(tmp_path)
    (folder / "grades.csv").unlink()
    (folder / "handout.html").write_text("mine", encoding="utf-8")
    with pytest.raises(Trouble, match=r"handout\.html"):
        make(tmp_path)
    assert (folder / "handout.html").read_text(encoding="utf-8") == "mine"
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("years", encoding="utf-8")
    with pytest.raises(Trouble, match="was not made by this command"):
        assignment.make("block", out=other)
    assert (other / "thesis.txt").read_text(encoding="utf-8") == "years"


def test_a_folder_is_written_whole_or_not_at_all(tmp_path):
    out = tmp_path / "a"
    replace_folder(out, {"x.txt": "old"})
    with pytest.raises(TypeError):
        replace_folder(out, {"x.txt": "new", "y.json": {"no": object()}})
    assert (out / "x.txt").read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("address", "opens"),
    [
        ("https://github.com/me/class", "me/class/blob/main/block.ipynb"),
        ("https://github.com/me/class/tree/v2/hw", "me/class/blob/v2/hw/block.ipynb"),
        ("https://github.com/me/c/blob/main/b.ipynb", "me/c/blob/main/b.ipynb"),
    ],
)
def test_the_badge_leads_to_the_instructors_place(address, opens, tmp_path):
    folder = make(tmp_path, language="ko", variant=17, address=address)
    badge, install = read(folder, "block.ipynb").cells[1:3]
    opens = f"https://colab.research.google.com/github/{opens}"
    assert badge.source.endswith(f"]({opens})")
    assert badge.source.startswith("[![Colab에서 열기](")
    assert "vitlib @ git+" in install.source
    assert opens in (folder / "handout.html").read_text(encoding="utf-8")


def test_without_an_address_the_badge_opens_the_books_copy_if_it_is_the_same():
    own = assignment.badge_address(None, "block")
    assert own.endswith("/blob/main/book/block_exercises.ipynb")
    assert assignment.badge_address(None, "block", variant=17) is None
    ids = [cell.id for cell in assignment.student_notebook("block", badge=own).cells]
    assert ids[1:3] == ["colab-badge", "colab-install"]
    ids = [cell.id for cell in assignment.student_notebook("block").cells]
    assert ids[1] == "colab-install"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield browser
        browser.close()


@pytest.mark.counted("handouts that fit a phone and need no network")
@pytest.mark.parametrize("name", NAMES)
def test_a_handout_fits_and_needs_nothing(name, browser, tmp_path):
    folder = make(tmp_path, name, variant=17)
    context = browser.new_context(viewport={"width": 360, "height": 740}, offline=True)
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / "handout.html").as_uri())
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]
    assert page.locator(".katex-error").count() == 0
    assert page.locator("article").count() == 2
    tasks = exercises.tasks(exercises.source(name))
    assert page.locator("section.task").count() == 2 * len(tasks)
    total = page.locator("tr.sum td:last-child").first.inner_text()
    assert total == f"{sum(task.points for task in tasks):g}"
    context.close()
