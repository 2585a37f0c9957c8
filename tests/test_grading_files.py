"""vitlib-grade: what it reads, names, notebooks and bundles."""

import json
import re
import unicodedata
from pathlib import Path

import pytest
import submissions

import vitlib
from vitlib.grading import bundle, magics, names, notebook
from vitlib.grading import submission as one

HANGUL = re.compile("[가-힣]")


# --- Who handed it in ----------------------------------------------------------


@pytest.mark.counted("names of submissions understood")
@pytest.mark.parametrize(
    ("path", "student", "system", "attempt"),
    [
        ("leeann_12345_67890_block.ipynb", "leeann_12345", "Canvas", 0),
        ("leeann_LATE_12345_67890_block.ipynb", "leeann_12345", "Canvas", 0),
        ("leeann_12345_67890_block-2.ipynb", "leeann_12345", "Canvas", 2),
        ("이안_12345_67890_block.ipynb", "이안_12345", "Canvas", 0),
        (
            "Ann Lee_123456_assignsubmission_file_/block.ipynb",
            "Ann Lee_123456",
            "Moodle",
            0,
        ),
        (
            "Ann Lee_123456_assignsubmission_file_block.ipynb",
            "Ann Lee_123456",
            "Moodle",
            0,
        ),
        (
            "all/Ann-Mari O'Neil_1_assignsubmission_file/block.ipynb",
            "Ann-Mari O'Neil_1",
            "Moodle",
            0,
        ),
        (
            "assignment_9_export/submission_123456789/block.ipynb",
            "submission_123456789",
            "Gradescope",
            0,
        ),
        ("Ann Lee - block.ipynb", "Ann Lee", "Classroom", 0),
        ("Ann Lee - block (1).ipynb", "Ann Lee", "Classroom", 1),
        ("ann.ipynb", "ann", "plain", 0),
        ("ann (2).ipynb", "ann", "plain", 2),
        ("ann/block.ipynb", "ann", "plain", 0),
        ("ann/work/block-1.ipynb", "ann", "plain", 1),
        ("김민지.ipynb", "김민지", "plain", 0),
        (unicodedata.normalize("NFD", "김민지.ipynb"), "김민지", "plain", 0),
        ("....ipynb", "...", "plain", 0),
        ("2024_fall.ipynb", "2024_fall", "plain", 0),
    ],
)
def test_names_of_the_course_systems(path, student, system, attempt):
    found = names.identify(Path(path), Path(path).parts)
    assert (found.student, found.system, found.attempt) == (student, system, attempt)


def test_gradescope_names_its_submissions(tmp_path):
    export = tmp_path / "assignment_9_export"
    submissions.write(export / "submission_7" / "block.ipynb", "{}")
    submissions.write(export / "submission_8" / "block.ipynb", "{}")
    submissions.write(
        export / names.METADATA,
        "submission_7:\n  :submitters:\n  - :name: Ann Lee\n    :sid: '2024-17'\n"
        "    :email: ann@school.example\n  :created_at: 2026-01-01\n"
        "submission_8:\n  :submitters:\n  - :name: ../../ann\n",
    )
    found, ignored = names.collect(tmp_path, "block")
    assert [f.student for f in found] == ["../../ann_8", "Ann Lee_7"]
    assert {"Ann Lee", "2024-17", "ann@school.example"} <= set(found[1].names)
    assert ignored == []
    assert "/" not in names.folder_name("../../ann_8")


def test_the_latest_notebook_of_a_student_counts(tmp_path):
    for name in ("a_1_2_block.ipynb", "a_1_3_block-1.ipynb", "a_1_4_block-2.ipynb"):
        submissions.write(tmp_path / name, "{}")
    for name in ("notes.ipynb", "block.ipynb", "data.csv"):
        submissions.write(tmp_path / "ann" / name, "{}")
    submissions.write(tmp_path / "bob" / "block.zip", "PK")
    submissions.write(tmp_path / "list.xlsx", "")
    submissions.write(tmp_path / "results" / "x" / "block.ipynb", "{}")
    found, ignored = names.collect(tmp_path, "block", [tmp_path / "results"])
    assert {f.student: (f.path.name, f.among) for f in found} == {
        "a_1": ("a_1_4_block-2.ipynb", 3),
        "ann": ("block.ipynb", 2),
        "bob": ("block.zip", 1),
    }
    assert [path.name for path in ignored] == ["list.xlsx"]


@pytest.mark.parametrize(
    "student", ["..", ".", "", "a/b", "../../etc", "-rf", "a\0b", "x" * 300, "con\n"]
)
def test_no_name_leads_out_of_the_results(student, tmp_path):
    name = names.folder_name(student)
    assert (tmp_path / name).resolve().parent == tmp_path.resolve()
    assert re.fullmatch(r"[\w .@+-]{1,100}", name)
    assert name not in (".", "..")
    assert name != names.folder_name(student + "?")


# --- What is in the notebook -----------------------------------------------------


@pytest.fixture(scope="module")
def block(tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "block.grading.json"
    return bundle.read(submissions.write(path, submissions.bundle()))


def planned(made, block):
    return notebook.plan(notebook.cells(json.dumps(made).encode()), block)


def changed(change):
    """The solved notebook after `change(cell, nbgrader's metadata)` of each cell."""
    made = submissions.notebook(submissions.solutions())
    for cell in made["cells"]:
        change(cell, cell["metadata"].get("nbgrader", {}))
    return made


@pytest.mark.parametrize(
    "change",
    [
        lambda cell, meta: None,
        lambda cell, meta: cell["metadata"].pop("nbgrader", None),
        lambda cell, meta: (cell["metadata"].clear(), cell.pop("id")),
    ],
    ids=["as released", "no metadata", "no metadata and no ids"],
)
def test_answers_are_found(change, block):
    steps, missing = planned(changed(change), block)
    assert missing == []
    answers = {s.exercise: s.source for s in steps if s.kind == "answer"}
    assert answers == submissions.solutions()
    kinds = [(s.kind, s.exercise) for s in steps if s.kind in ("answer", "check")]
    ids = [f"block.{n}" for n in range(1, 6)]
    assert kinds == [(kind, id) for id in ids for kind in ("answer", "check")]


def test_locked_cells_are_the_bundles_and_own_code_stays_in_place(block):
    def change(cell, meta):
        if meta.get("locked"):
            cell["source"] = "tampered = True"

    made = changed(change)
    at = next(i for i, c in enumerate(made["cells"]) if c["id"] == "block-2-answer")
    own = {"cell_type": "code", "metadata": {}, "source": ["helper = 1\n", "x = 2"]}
    twice = json.loads(json.dumps(made["cells"][at])) | {"source": "attend = None"}
    made["cells"][at:at] = [own]
    made["cells"].append(twice)
    steps, missing = planned(made, block)
    assert missing == []
    assert not any("tampered" in s.source or s.source == "attend = None" for s in steps)
    order = [s.source for s in steps]
    answer = submissions.solutions()["block.2"]
    assert order.index("helper = 1\nx = 2") == order.index(answer) - 1


def test_a_missing_answer_is_told(block):
    made = submissions.notebook(submissions.solutions())
    made["cells"] = [c for c in made["cells"] if c["id"] != "block-3-answer"]
    assert planned(made, block)[1] == ["block.3"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = (7\n%2)", "x = (7\n%2)"),
        ("!pip install x\ny = 1", "pass\ny = 1"),
        ("if True:\n    %pip install \\\n  x\ny = 1", "if True:\n    pass\n\ny = 1"),
        ("%%time\ny = 1", "pass\ny = 1"),
        ("%%bash\nrm -rf /", ""),
        ("files = !ls", "pass"),
        ("torch.relu?\n?torch", "pass\npass"),
        ("def f(:", "def f(:"),
    ],
)
def test_lines_of_ipython_are_left_out(source, expected):
    assert magics.python(source) == expected


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"format": 2}', '{"format": 1, "cells": []}',
     json.dumps(submissions.bundle() | {"students": ["ann"]}),
     json.dumps(submissions.bundle() | {"cells": [{"id": "a", "kind": "b"}]})],
)  # fmt: skip
def test_what_is_no_bundle_is_refused(content, tmp_path):
    with pytest.raises(bundle.BadBundle) as caught:
        bundle.read(submissions.write(tmp_path / "b.json", content))
    assert HANGUL.search(caught.value.args[1])


def test_variants(block):
    own = bundle.Bundle(**vars(block) | {"students": {"ann": 17}, "variant": 3})
    assert own.variant_of(("7", "ann")) == 17
    assert own.variant_of(("bob",)) == 3
    assert own.space(17)["size"] == vitlib.exercises.given("block.5", 17)


def test_bad_files_are_told_apart(tmp_path):
    said = set()
    for student in submissions.bad_files(tmp_path):
        path = tmp_path / student
        path = path if path.is_symlink() else path / "block.ipynb"
        content, _, reason = one.look(path)
        if reason is None:
            try:
                notebook.cells(content)
            except notebook.Unreadable as error:
                reason = error.args
        assert reason is None or HANGUL.search(reason[1])
        said.add(reason)
    assert len(said) >= 6
