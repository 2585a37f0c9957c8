"""vitlib-grade: what the code of a student cannot see, and a run that goes on.

Without a working sandbox these tests fail and say what is missing.
"""

import json

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
    """{student: result} of one run, the folder of the results, and the arguments."""
    lacking = sandbox.missing()
    assert lacking is None, lacking[0]
    root = tmp_path_factory.mktemp("class")
    folder, out = root / "in", root / "out"
    bundle = submissions.write(root / "b.json", submissions.bundle(EXERCISES))
    right = submissions.solutions()
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
    return results, out, arguments


def exercises_of(result):
    return {entry["exercise"]: entry for entry in result["exercises"]}


@pytest.mark.counted("secrets out of sight")
@pytest.mark.parametrize("number", range(len(SECRETS)))
def test_a_secret_is_out_of_sight(graded, number):
    found = exercises_of(graded[0][f"secret{number:02}"])
    assert "The shape of the result" in found["block.1"]["en"], SECRETS[number][0]
    assert found["block.4"]["points"] == 2


def test_a_second_run_goes_on_where_the_first_one_was(graded, capsys):
    results, out, arguments = graded
    before = {p: p.stat().st_mtime_ns for p in out.glob("*/result.json")}
    (out / "honest" / "result.json").unlink()
    assert cli.main(arguments) == 0
    heard = capsys.readouterr()
    assert f"{len(results) - 1} of {len(results)} are graded already" in heard.err
    after = {p: p.stat().st_mtime_ns for p in out.glob("*/result.json")}
    assert set(after) == set(before)
    changed = [p.parent.name for p in after if after[p] != before[p]]
    assert changed == ["honest"]
