"""vitlib-grade: submissions that attack it, graded as an instructor grades them.

Without a working sandbox these tests fail and say what is missing: a grader that
nobody has seen withstand anything is no grader.
"""

import csv
import json
import os
import re
import subprocess
import sys

import pytest
import submissions

from vitlib.grading import cli, sandbox

LIMITS = ["--call-seconds=3", "--exercise-seconds=6", "--submission-seconds=60"]
EXERCISES = ["block.1", "block.4"]
SECRETS = (  # what the code of a student must not be able to see or do
    ("the bundle", "open({bundle!r}).read()"),
    ("the results", "os.listdir({out!r})"),
    ("other submissions", "os.listdir({folder!r})"),
    ("the home of the instructor", "os.listdir(os.path.expanduser('~root'))"),
    ("the sources with solutions", "os.listdir({sources!r})"),
    ("the network", "socket.create_connection(('127.0.0.1', {port}), timeout=1)"),
    ("other processes", "os.listdir('/proc/1')"),
    ("a file of Python", "open(os.__file__, 'a')"),
    ("a file of vitlib", "open({package!r}, 'a')"),
    ("a new program", "subprocess.run(['/bin/true'], check=True)"),
)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """{student: result} of one run over all attacks, and the folder of the results."""
    lacking = sandbox.missing()
    assert lacking is None, lacking[0]
    root = tmp_path_factory.mktemp("class")
    folder, out = root / "in", root / "out"
    bundle = submissions.write(root / "b.json", submissions.bundle(EXERCISES))
    right = submissions.solutions()
    for number, (cell, _) in enumerate(submissions.ATTACKS.values()):
        answers = {"block.1": cell, "block.4": right["block.4"]}
        path = folder / f"attack{number:02}" / "block.ipynb"
        submissions.write(path, submissions.notebook(answers))
    bad = submissions.bad_files(folder)
    places = dict(bundle=str(bundle), out=str(out), folder=str(folder))
    places |= dict(sources=str(submissions.exercises.ROOT / "exercises"), port=9)
    places |= dict(package=submissions.exercises.ROOT.as_posix() + "/src/vitlib/vit.py")
    for number, (_, tried) in enumerate(SECRETS):
        cell = submissions.answer(
            f"try:\n    {tried.format(**places)}\nexcept Exception:\n    return X",
            "import os, socket, subprocess",
        )
        # Who sees the secret returns the right answer.
        seen = right["block.1"].replace("def split_heads", "def split")
        cell = f"{cell[: cell.rindex('return X')]}return split(X, num_heads)\n{seen}"
        answers = {"block.1": cell, "block.4": right["block.4"]}
        path = folder / f"secret{number:02}" / "block.ipynb"
        submissions.write(path, submissions.notebook(answers))
    honest = {id: right[id] for id in EXERCISES}
    submissions.write(folder / "honest" / "block.ipynb", submissions.notebook(honest))
    arguments = [str(folder), "--bundle", str(bundle), "--out", str(out), *LIMITS]
    assert cli.main([*arguments, "--jobs", "2"]) == 0
    results = {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in out.glob("*/result.json")
    }
    return results, out, arguments, bad


def exercises_of(result):
    return {entry["exercise"]: entry for entry in result["exercises"]}


@pytest.mark.counted("attacks that cost only their points")
@pytest.mark.parametrize("number", range(len(submissions.ATTACKS)))
def test_an_attack_costs_only_its_points(graded, number):
    name, (_, said) = [*submissions.ATTACKS.items()][number]
    result = graded[0][f"attack{number:02}"]
    found = exercises_of(result)
    assert found["block.1"]["points"] == 0, name
    assert any(text in found["block.1"]["en"] for text in said), found["block.1"]
    assert re.search("[가-힣]", found["block.1"]["ko"])
    assert found["block.4"]["points"] == 2, (name, found["block.4"])
    assert not result["fault"], name


@pytest.mark.counted("secrets out of sight")
@pytest.mark.parametrize("number", range(len(SECRETS)))
def test_a_secret_is_out_of_sight(graded, number):
    found = exercises_of(graded[0][f"secret{number:02}"])
    assert "The shape of the result" in found["block.1"]["en"], SECRETS[number][0]
    assert found["block.4"]["points"] == 2


def test_an_honest_notebook_gets_all_points(graded):
    assert graded[0]["honest"]["points"] == graded[0]["honest"]["most"] == 4


def test_files_that_are_no_notebooks_get_0_and_a_reason(graded):
    results, _, _, bad = graded
    for student in bad:
        assert results[student]["points"] == 0
        for entry in results[student]["exercises"]:
            assert entry["en"], student
            assert re.search("[가-힣]", entry["ko"]), student


def test_nothing_of_the_hidden_tests_is_told(graded):
    for path in graded[1].rglob("*.*"):
        text = path.read_text(encoding="utf-8-sig")
        assert "examine(" not in text
        assert "HIDDEN" not in text


def test_the_table_has_a_row_for_each(graded):
    results, out, _, _ = graded
    with open(out / "grades.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["student"] for row in rows} == set(results)
    assert (out / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_second_run_goes_on_where_the_first_one_was(graded, capsys):
    results, out, arguments, _ = graded
    before = {p: p.stat().st_mtime_ns for p in out.glob("*/result.json")}
    (out / "honest" / "result.json").unlink()
    assert cli.main(arguments) == 0
    heard = capsys.readouterr()
    assert f"{len(results) - 1} of {len(results)} are graded already" in heard.err
    after = {p: p.stat().st_mtime_ns for p in out.glob("*/result.json")}
    assert set(after) == set(before)
    changed = [p.parent.name for p in after if after[p] != before[p]]
    assert changed == ["honest"]


def test_without_a_sandbox_it_refuses(tmp_path):
    """In a PATH without bubblewrap; allowed, it grades and says so in the report."""
    answers = {id: submissions.solutions()[id] for id in EXERCISES}
    submissions.write(tmp_path / "in" / "ann.ipynb", submissions.notebook(answers))
    bundle = submissions.write(tmp_path / "b.json", submissions.bundle(EXERCISES))
    command = [sys.executable, "-m", "vitlib.grading", str(tmp_path / "in")]
    command += ["--bundle", str(bundle), "--out", str(tmp_path / "out")]

    def run(*more):
        environment = os.environ | {"PATH": str(tmp_path)}
        return subprocess.run(
            [*command, *more], env=environment, capture_output=True, text=True
        )

    refused = run()
    assert refused.returncode == cli.REFUSED
    assert "bubblewrap is missing" in refused.stderr
    assert "Nothing was graded" in refused.stderr
    assert not (tmp_path / "out").exists()
    allowed = run("--allow-no-isolation")
    assert allowed.returncode == 0, allowed.stderr
    (report,) = (tmp_path / "out").glob("*/report.md")
    assert "without a sandbox" in report.read_text(encoding="utf-8")
