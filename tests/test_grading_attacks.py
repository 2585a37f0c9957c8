"""vitlib-grade against notebooks that mean harm: each attack costs only its points.

In every notebook here block.2 is answered honestly and comes after the attack. All
are graded in one run, as an instructor would.
"""

import json
import subprocess
import sys

import pytest
import submissions

from vitlib.grading import cli, reports

LIMITS = ["--call-seconds=3", "--exercise-seconds=12", "--memory=512"]
HOSTILE = submissions.hostile_notebooks()
PLACES = {
    attack: (student, exercise)
    for student, attacks in HOSTILE.items()
    for exercise, attack in attacks.items()
}
FLOOD = """
def block(X, ln1, attention, ln2, mlp):
    while True:
        ln1(torch.zeros(4_000_000))
"""


def arguments(folder):
    """The words after `vitlib-grade` for the submissions in `folder`/in."""
    words = [folder / "in", "--bundle", folder / "b.json", "--out", folder / "out"]
    return [*map(str, words), *LIMITS]


def results(folder):
    """{student: result} of those that are there."""
    paths = (folder / "out").glob("*/result.json")
    found = [json.loads(path.read_text()) for path in paths]
    return {result["student"]: result for result in found}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The run, and the result of each student."""
    folder = tmp_path_factory.mktemp("attacks")
    bundle = submissions.bundle(["block.1", "block.2", "block.4"])
    submissions.write(folder / "b.json", bundle)
    answers = {
        student: {id: submissions.attack(name, id) for id, name in attacks.items()}
        for student, attacks in HOSTILE.items()
    }
    answers |= {"flood": {"block.4": FLOOD}, "honest": {}, "honest, too": {}}
    for student, cells in answers.items():
        made = submissions.notebook(submissions.solutions() | cells)
        submissions.write(folder / "in" / student / "block.ipynb", made)
    submissions.bad_files(folder / "in")
    done = subprocess.run(
        [sys.executable, "-m", "vitlib.grading", *arguments(folder), "--jobs=2"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"vitlib-grade refused or failed:\n{done.stderr}"
    return folder, results(folder)


def entry(result, exercise):
    return next(e for e in result["exercises"] if e["exercise"] == exercise)


@pytest.mark.counted("attacks that cost only their points")
@pytest.mark.parametrize("attack", submissions.ATTACKS)
def test_an_attack_costs_only_its_points(attack, run):
    student, exercise = PLACES[attack]
    result = run[1][student]
    hostile = entry(result, exercise)
    assert hostile["points"] == 0
    says = submissions.ATTACKS[attack][1]
    assert any(words in hostile["en"] for words in says), hostile["en"]
    assert entry(result, "block.2")["points"] == 3, entry(result, "block.2")["en"]
    others = [e for e in result["exercises"] if e["exercise"] not in HOSTILE[student]]
    assert all(e["points"] == e["most"] for e in others)
    assert not result["fault"]


@pytest.mark.counted("attacks that cost only their points")
def test_a_flood_of_calls_back_costs_only_its_points(run):
    states = [entry["state"] for entry in run[1]["flood"]["exercises"]]
    assert states == ["right", "right", "stopped"]


@pytest.mark.counted("attacks that cost only their points")
@pytest.mark.parametrize(
    "student",
    [
        "no-json",
        "empty",
        "a-list",
        "without-cells",
        "odd-cells",
        "deep",
        "huge",
        "zipped",
        "linked",
        "linked-folder",
    ],
)
def test_a_file_that_is_no_notebook_costs_only_its_points(student, run):
    result = run[1][student]
    assert result["points"] == 0
    assert result["most"] == 7
    assert {entry["state"] for entry in result["exercises"]} == {"missing"}


def test_the_honest_have_all_points_and_the_same_result(run):
    first, second = (dict(run[1][name]) for name in ("honest", "honest, too"))
    assert first["points"] == first["most"] == 7
    for key in ("student", "file", "seconds"):
        del first[key], second[key]
    assert first == second


def test_every_student_is_in_the_table(run):
    folder, found = run
    rows = (folder / "out" / "grades.csv").read_text("utf-8-sig").splitlines()
    assert len(found) == len(HOSTILE) + 3 + 10
    assert len(rows) == len(found) + 1


def test_no_report_shows_a_hidden_test_or_an_answer(run):
    folder, _ = run
    secret = ["HIDDEN", "torch.equal", "allclose(weights", "softmax(dim", "permute("]
    for path in (folder / "out").rglob("*.*"):
        text = path.read_text("utf-8-sig")
        assert not [words for words in secret if words in text], path
    student, _exercise = PLACES["markup in an error"]
    page = (folder / "out" / student / "report.md").read_text()
    assert "alert" in page
    assert "<script" not in page
    assert "\n# 13" not in page


def test_where_there_is_no_sandbox_nothing_is_graded_unless_allowed(
    run, tmp_path, monkeypatch, capfd
):
    """With an empty PATH, bubblewrap is not found."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    made = (run[0] / "in" / "endless call" / "block.ipynb").read_bytes()
    submissions.write(tmp_path / "in" / "ann.ipynb", made)
    submissions.write(tmp_path / "b.json", (run[0] / "b.json").read_bytes())
    assert cli.main(arguments(tmp_path)) == 2
    said = capfd.readouterr().err
    assert "sudo apt-get install bubblewrap" in said
    assert "채점하지 않았습니다" in said
    assert not (tmp_path / "out").exists()

    monkeypatch.setenv("TMPDIR", str(tmp_path / "work"))
    (tmp_path / "work").mkdir()
    assert cli.main([*arguments(tmp_path), "--allow-no-isolation"]) == 0
    assert list((tmp_path / "work").iterdir()) == []  # nothing is left behind
    result = results(tmp_path)["ann"]
    assert (result["points"], result["isolation"]) == (5, "none")
    assert reports.UNSAFE[1] in (tmp_path / "out" / "ann" / "report.md").read_text()
    assert reports.UNSAFE[0] in (tmp_path / "out" / "summary.md").read_text()
