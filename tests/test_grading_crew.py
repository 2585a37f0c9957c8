"""vitlib-grade as a whole: variants, going on, Ctrl-C, a crew that loses a process."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import submissions
from answers import solved

from vitlib.grading import bundle as bundles
from vitlib.grading import (
    cli,
    crew,
    marking,
    names,
    overview,
    remote,
    reports,
    sandbox,
    submission,
)
from vitlib.grading.notebook import Step


def words(folder, *more):
    """The words after `vitlib-grade` for the submissions in `folder`/in."""
    out = [folder / "in", "--bundle", folder / "b.json", "--out", folder / "out"]
    return [*map(str, out), "--jobs=1", *more]


def result(folder, student):
    return json.loads((folder / "out" / student / "result.json").read_text())


def test_graded_once_and_again_only_what_changed(tmp_path, capfd):
    """Ann has variant 17 of the constants, Bob the one of the class."""
    bundle = submissions.bundle(["block.5"], students={"ann": 17}, variant=4)
    submissions.write(tmp_path / "b.json", bundle)
    for student in ("ann", "bob"):
        own = solved("block", 17)["counts"]
        made = submissions.notebook({"block.5": f"counts = {own!r}"})
        submissions.write(tmp_path / "in" / student / "block.ipynb", made)
    submissions.write(tmp_path / "in" / "eve.ipynb", "")
    assert cli.main(words(tmp_path)) == 0
    assert [result(tmp_path, s)["points"] for s in ("ann", "bob", "eve")] == [2, 0, 0]
    assert result(tmp_path, "bob")["variant"] == 4
    before = result(tmp_path, "ann")
    capfd.readouterr()

    submissions.write(tmp_path / "in" / "eve.ipynb", "no notebook, but not empty")
    (tmp_path / "out" / "bob" / "result.json").write_text('{"half": ')
    (tmp_path / "in" / "bob" / "block.ipynb").write_text("")
    assert cli.main(words(tmp_path)) == 0
    said = capfd.readouterr()
    assert "1 of 3 are graded already" in said.err
    assert "3개 가운데 1개는 이미 채점했습니다" in said.err
    assert len([line for line in said.out.splitlines() if line[0] == "["]) == 2
    assert result(tmp_path, "ann") == before
    assert result(tmp_path, "bob")["exercises"][0]["state"] == "missing"
    assert not list((tmp_path / "out").rglob(".part-*"))

    other = bundle | {"titles": {}}
    submissions.write(tmp_path / "b.json", other)
    (tmp_path / "in" / "ann" / "block.ipynb").write_text("")
    assert cli.main(words(tmp_path)) == 0
    assert "graded already" not in capfd.readouterr().err


def test_ctrl_c_keeps_what_is_graded_and_leaves_nothing_running(tmp_path):
    submissions.write(tmp_path / "b.json", submissions.bundle(["block.1"]))
    submissions.write(tmp_path / "in" / "a.ipynb", "")
    endless = {"block.1": submissions.attack("endless cell")}
    submissions.write(tmp_path / "in" / "b.ipynb", submissions.notebook(endless))
    mark = f"VITLIB_TEST={tmp_path}"
    run = subprocess.Popen(
        [sys.executable, "-m", "vitlib.grading", *words(tmp_path)],
        env=os.environ | dict([mark.split("=")]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A test in the background ignores Ctrl-C, and hands that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert run.stdout.readline().startswith("[1/2] a ")
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "goes on from there" in said
    assert "Traceback" not in said
    assert result(tmp_path, "a")["points"] == 0
    assert not (tmp_path / "out" / "b").exists()
    assert gone(lambda path: mark.encode() in (path / "environ").read_bytes())


def running(wanted):
    """The command lines of the processes of which `wanted(/proc/PID)` is true."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # gone meanwhile, or of another user
            if wanted(path):
                found.append((path / "cmdline").read_bytes())
    return list(filter(None, found))  # one that ended and waits has none


def gone(wanted):
    """Whether such processes end; what is killed takes a moment."""
    until = time.monotonic() + 20
    while running(wanted) and time.monotonic() < until:
        time.sleep(0.1)
    return running(wanted) == []


def test_a_process_of_the_crew_leads_a_group_that_ends_with_it(tmp_path):
    """Ctrl-C reaches no sandbox: one that only starts would wait for ever."""
    bundle = submissions.write(tmp_path / "b.json", submissions.bundle(["block.1"]))
    endless = {"block.1": submissions.attack("endless cell")}
    submissions.write(tmp_path / "in" / "a.ipynb", submissions.notebook(endless))
    [found], _ = names.collect(tmp_path / "in", "block")
    job = crew.Job(crew.Settings(tmp_path / "in", bundle, remote.Limits(), True))

    def group(path):
        return os.getpgid(int(path.name)) == job.process.pid

    try:
        job.begin(found)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if any(b"bwrap" in command for command in running(group)):
                break
        else:
            pytest.fail("no sandbox in the group of its process")
    finally:
        job.end()
    assert gone(group)


class Dying:
    """A process of the crew that dies over every second submission."""

    born = 0

    def __init__(self, settings):
        type(self).born += 1
        self.pipe, self._theirs = crew.multiprocessing.Pipe()
        self.found, self.until = None, None

    def begin(self, found):
        self.found, self.until = found, float("inf")
        if found.student.startswith("bad"):
            self._theirs.close()
        else:
            self._theirs.send({"student": found.student})

    def end(self):
        self.pipe.close()


def test_a_process_that_dies_costs_one_submission(tmp_path, monkeypatch):
    monkeypatch.setattr(crew, "Job", Dying)
    bundle = submissions.write(tmp_path / "b.json", submissions.bundle(["block.1"]))
    for name in ("a", "bad1", "bad2", "c", "d"):
        submissions.write(tmp_path / "in" / f"{name}.ipynb", "{}")
    todo, _ = names.collect(tmp_path / "in", "block")
    settings = crew.Settings(tmp_path / "in", bundle, remote.Limits(), True)
    found = {r["student"]: r for r in crew.mark(todo, settings, 2)}
    assert sorted(found) == ["a", "bad1", "bad2", "c", "d"]
    assert [s for s in found if found[s].get("fault")] == ["bad1", "bad2"]
    assert Dying.born == 4


def test_nothing_to_grade(tmp_path):
    submissions.write(tmp_path / "b.json", submissions.bundle(["block.1"]))
    (tmp_path / "in").mkdir()
    assert cli.main(words(tmp_path)) == 0
    assert "No submissions" in (tmp_path / "out" / "summary.md").read_text()


@pytest.mark.parametrize("what", ["bundle", "folder"])
def test_a_wrong_call_is_refused_in_both_languages(what, tmp_path, capfd):
    submissions.write(tmp_path / "b.json", submissions.bundle(["block.1"]))
    if what == "bundle":
        (tmp_path / "in").mkdir()
        (tmp_path / "b.json").write_text("{}")
    assert cli.main(words(tmp_path)) == 2
    english, korean = capfd.readouterr().err.splitlines()
    assert "is not a" in english
    assert "아닙니다" in korean


class Scripted:
    """A worker that does what its cells say: "die", "hang", or nothing."""

    def __init__(self, log):
        self.log = log
        log.append("start")

    def run(self, source, title):
        self.log.append(source)
        if source == "die":
            raise marking.Broken
        if source == "hang":
            raise remote.Overdue("call")

    def set(self, **values):
        self.log.append(values)

    def end(self):
        self.log.append("end")


def test_cells_are_run_again_without_the_one_that_lost_the_worker():
    made = bundles.Bundle("a", "0", 0, {}, [], {}, "d")
    steps = [
        Step("locked", "setup", "setup"),
        Step("answer", "1", "one", "x.1"),
        Step("answer", "2", "hang", "x.2"),
        Step("own", "3", "die"),
        Step("answer", "4", "four", "x.4"),
    ]
    log = []
    marked = marking.Marking(
        made, steps, [], 7, "k", lambda until: Scripted(log), remote.Limits()
    )
    marked.outcomes()
    again = ["start", "setup", {"VARIANT": 7}, "one"]
    assert log == [*again, "hang", "end", *again, "die", "end", *again, "four", "end"]
    assert "10" in marked._reasons["x.2"][0]
    assert len(marked.notes) == 1


def test_a_worker_that_does_not_start_is_no_fault_of_the_student(monkeypatch):
    monkeypatch.setattr(sandbox, "PROGRAM", "raise SystemExit('no torch here')")
    hire = remote.Hire(sandbox.Sandbox, remote.Limits(start=20))
    with pytest.raises(sandbox.NoSandbox, match="no torch here"):
        hire(float("inf"))


def test_a_mistake_of_the_grader_costs_no_run(tmp_path, monkeypatch):
    bundle = submissions.write(tmp_path / "b.json", submissions.bundle(["block.1"]))
    made = submissions.notebook(submissions.solutions())
    submissions.write(tmp_path / "in" / "ann.ipynb", made)
    (found,), _ = names.collect(tmp_path / "in", "block")

    def hire(until):
        raise ZeroDivisionError("ours")

    own = bundles.read(bundle)
    limits = remote.Limits()
    graded = submission.grade(found, tmp_path / "in", own, hire, limits, True)
    assert graded["fault"]
    assert graded["notes"][0][0] == "ZeroDivisionError: ours"
    assert reports.known(tmp_path, graded) is None
    assert overview.remarks(graded)[0] == "GRADE BY HAND | 직접 채점하세요"
