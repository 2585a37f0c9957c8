"""The matrix of versions: it is what is promised, and green only where all ran."""

import re
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

from tools import versions
from tools.verify import ROOT
from tools.versions import MATRIX, NotRun, check, constraints, set_up

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROW = "lint       ok         0 min 02 s  12 passed, pairs 5/5"
BAD = "sync       FAILED     0 min 07 s  1 failed, 3 passed"


def test_every_promised_python_is_in_the_matrix():
    sayings = " ".join(PROJECT["project"]["classifiers"])
    promised = re.findall(r"Python :: (3\.\d+)", sayings)
    assert [cell.python for cell in MATRIX.values() if not cell.oldest] == promised
    (oldest,) = [cell.python for cell in MATRIX.values() if cell.oldest]
    assert PROJECT["project"]["requires-python"] == f">={oldest}" == f">={promised[0]}"


def test_the_workflow_runs_every_cell():
    flow = (ROOT / ".github" / "workflows" / "versions.yml").read_text("utf-8")
    included = yaml.safe_load(flow)["jobs"]["versions"]["strategy"]["matrix"]["include"]
    cells = {job["cell"]: job["python"] for job in included}
    assert cells == {name: cell.python for name, cell in MATRIX.items()}


def test_the_oldest_pytorch_is_the_lower_bound():
    tested = constraints(MATRIX["3.11"]).splitlines()
    oldest = constraints(MATRIX["3.11-oldest"]).splitlines()
    assert tested == (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    changed = [new for old, new in zip(tested, oldest, strict=True) if old != new]
    assert [line.split("==")[0] for line in changed] == ["torch", "torchvision"]
    (torch,) = [
        r for r in map(Requirement, PROJECT["project"]["dependencies"])
        if r.name == "torch"
    ]  # fmt: skip
    assert str(torch.specifier) == changed[0].removeprefix("torch").replace("==", ">=")


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A function that makes a program in the only folder on PATH."""
    monkeypatch.setattr(versions, "FOLDER", tmp_path / "versions")
    (tmp_path / "versions").mkdir()

    def make(name, script):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    monkeypatch.setenv("PATH", str(tmp_path))
    return make


@pytest.mark.parametrize(
    ("printed", "code", "ok", "words"),
    [
        ([ROW, BAD.replace("FAILED", "ok    ")], 0, True, ["ok", "ok"]),
        ([ROW, BAD], 1, False, ["ok", "FAILED"]),
        ([ROW, BAD], 0, False, ["ok", "FAILED"]),
        ([ROW], 0, False, ["ok", "NOT"]),
        ([], 1, False, ["NOT", "NOT"]),
        ([ROW, BAD.replace("FAILED", "ok    ")], 1, False, ["ok", "ok"]),
    ],
)
def test_only_what_ran_and_passed_is_green(
    program, monkeypatch, printed, code, ok, words
):
    lines = "; ".join(f"echo '{line}'" for line in printed)
    answer = "[ $1 = -c ] && { echo 3.12.1 2.14.1; exit; }"
    python = program("python", f"{answer}\n{lines or ':'}\nexit {code}")
    monkeypatch.setattr(versions, "set_up", lambda name, cell: python)
    passed, rows = check("3.12", MATRIX["3.12"], ["lint", "sync"])
    assert passed == ok
    assert all(row.startswith("3.12         3.12.1  torch 2.14.1 ") for row in rows)
    assert [row.split()[5] for row in rows] == words
    ends = {"ok": "passed", "FAILED": "passed", "NOT": "NOT RUN"}
    assert all(r.endswith(ends[w]) for r, w in zip(rows, words, strict=True))
    log = versions.FOLDER / "3.12.log"
    assert log.read_text(encoding="utf-8").splitlines() == printed


def test_a_python_that_is_missing_is_not_green(program):
    ok, rows = check("3.12", MATRIX["3.12"], ["lint"])
    assert not ok
    assert rows == ["3.12         NOT RUN: no python3.12 on PATH"]


@pytest.mark.parametrize("wrong", ["venv", "requirements.txt", "d2l"])
def test_a_step_of_the_installation_that_fails_is_named(program, wrong):
    """The Python only pretends: it copies itself where an environment should be."""
    copies = '/bin/mkdir -p "$3/bin" && /bin/cp "$0" "$3/bin/python"'
    program(
        "python3.12",
        f'case "$*" in *{wrong}*) exit 1 ;; *"-m venv"*) {copies} ;; esac',
    )
    with pytest.raises(NotRun, match=wrong):
        set_up("3.12", MATRIX["3.12"])


def test_an_environment_whose_pytorch_cannot_be_imported_is_not_green(
    program, monkeypatch
):
    python = program("python", "echo 'ImportError: libcudart' >&2; exit 1")
    monkeypatch.setattr(versions, "set_up", lambda name, cell: python)
    assert check("3.12", MATRIX["3.12"], ["lint"]) == (
        False,
        ["3.12         NOT RUN: ImportError: libcudart"],
    )


@pytest.mark.parametrize("results", [(True, True), (True, False), (False, False)])
def test_one_environment_that_fails_fails_the_matrix(monkeypatch, capsys, results):
    answers = iter(results)
    monkeypatch.setattr(versions, "check", lambda *_: (next(answers), ["a row"]))
    words = ["versions", "3.12", "3.13", "--only", "lint sync package notebooks"]
    monkeypatch.setattr(sys, "argv", words)
    assert versions.main() == (not all(results))
    told = capsys.readouterr().out
    assert f"{sum(results)} of 2 environments passed: lint, sync, package" in told
    assert "environments left out: 3.11-oldest, 3.11" in told
    assert "stages left out: build, pages" in told


@pytest.mark.parametrize("words", [["3.10"], ["--only", "lnit"]])
def test_unknown_words_are_refused(monkeypatch, capsys, words):
    monkeypatch.setattr(sys, "argv", ["versions", *words])
    with pytest.raises(SystemExit, match="2"):
        versions.main()
    assert "known: " in capsys.readouterr().err
