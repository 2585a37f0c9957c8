"""A school that runs nbgrader grades with `exercises/NAME.ipynb` as it is."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.preprocessors import CheckCellMetadata
from nbgrader.utils import is_grade, is_locked, is_solution

from tools import exercises
from tools.book import ROOT, tags

NAME = "block"
# Reasons and rubrics are tagged cells; nbgrader's release leaves these out.
CONFIG = """
from nbconvert.preprocessors import TagRemovePreprocessor

c = get_config()
c.GenerateAssignment.preprocessors.prepend([TagRemovePreprocessor])
c.TagRemovePreprocessor.enabled = True
c.TagRemovePreprocessor.remove_cell_tags = {"solution", "rubric"}
"""
WRONG = {  # of exercise 4, which no other one uses
    "block-4": "def block(X, ln1, attention, ln2, mlp):\n    return attention(ln1(X))",
}


@pytest.mark.parametrize("name", exercises.names())
def test_a_source_is_what_nbgrader_expects(name):
    notebook = exercises.source(name)
    CheckCellMetadata().preprocess(copy.deepcopy(notebook), {})
    ids = [
        cell.metadata.nbgrader.grade_id
        for cell in notebook.cells
        if "nbgrader" in cell.metadata
    ]
    assert len(ids) == len(set(ids))
    for cell in notebook.cells:
        assert ("### BEGIN SOLUTION" in cell.source) == is_solution(cell), cell.id
        assert ("### BEGIN HIDDEN TESTS" in cell.source) == is_grade(cell), cell.id
        assert cell.cell_type == "markdown" or "nbgrader" in cell.metadata, cell.id
        if is_grade(cell):
            assert cell.metadata.nbgrader.points > 0
            assert is_locked(cell), cell.id
    assert len(exercises.tasks(notebook)) == sum(map(is_grade, notebook.cells))


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A course with one assignment, three students, grades and feedback."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    source = exercises.source(NAME)
    put(source, folder / "source" / NAME)
    nbgrader(folder, "generate_assignment", NAME)
    answers = {c.id: c.source for c in source.cells if is_solution(c)}
    for student, wrong in {"ann": {}, "bo": None, "cho": WRONG}.items():
        copied = released(folder)
        for cell in copied.cells:
            if is_solution(cell) and wrong is not None:
                id = cell.metadata.nbgrader.grade_id
                cell.source = wrong.get(id, answers[cell.id])
        put(copied, folder / "submitted" / student / NAME)
    nbgrader(folder, "autograde", NAME)
    nbgrader(folder, "generate_feedback", NAME)
    return folder


def put(notebook, folder):
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{NAME}.ipynb")


def released(folder):
    return nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", as_version=4)


def nbgrader(folder, *words):
    """Run the command line, with all that it writes inside the folder."""
    inside = {
        name: str(folder / "jupyter" / name.lower())
        for name in (
            *("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"),
            *("IPYTHONDIR", "MPLCONFIGDIR"),
        )
    }
    inside |= {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    # nbgrader calls alembic by its name, as in an environment that is active.
    inside["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ["PATH"]]
    )
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=folder,
        env=os.environ | inside,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def scores(folder, student):
    """{exercise: points} of a student, from nbgrader's own database."""
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        graded = book.find_submission(NAME, student).notebooks[0].grades
        return {grade.name.removesuffix("-check"): grade.score for grade in graded}


def test_the_release_holds_no_solution_and_no_hidden_test(course):
    release, source = released(course), exercises.source(NAME)
    text = "\n".join(cell.source for cell in release.cells)
    for mark in ("BEGIN SOLUTION", "HIDDEN TESTS", "examine(", "heads.transpose(1, 2)"):
        assert mark not in text, mark
    kept = [c for c in source.cells if not {"solution", "rubric"} & set(tags(c))]
    assert [c.id for c in release.cells] == [c.id for c in kept]
    for cell in release.cells:
        if is_grade(cell) or is_locked(cell):
            assert not cell.metadata.editable
            assert cell.metadata.nbgrader.checksum


def test_points_are_those_of_the_right_answers(course, tell):
    full = {
        exercises.source(NAME)
        .cells[task.answer]
        .metadata.nbgrader.grade_id: task.points
        for task in exercises.tasks(exercises.source(NAME))
    }
    expected = {
        "ann": full,
        "bo": dict.fromkeys(full, 0),
        "cho": full | {"block-4": 0},
    }
    found = {student: scores(course, student) for student in expected}
    assert found == expected
    tell("nbgrader students graded as expected 3/3")


def test_each_student_gets_feedback(course):
    for student in ("ann", "bo", "cho"):
        page = course / "feedback" / student / NAME / f"{NAME}.html"
        text = page.read_text(encoding="utf-8")
        assert f"{sum(scores(course, student).values()):g}" in text
    assert "block.4 ✗" in text
    assert "block.3 ✓" in text


def test_nothing_was_written_into_the_repository(course):
    assert not (ROOT / "gradebook.db").exists()
    assert (course / "gradebook.db").exists()
