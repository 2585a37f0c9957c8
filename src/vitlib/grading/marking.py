"""One notebook: its cells run in order, and each check where it stands."""

import contextlib
import time
from dataclasses import dataclass

from vitlib.exercises.judge import Stopped
from vitlib.grading import judging
from vitlib.grading.conversation import Raised
from vitlib.grading.remote import Excess, Overdue
from vitlib.grading.wire import Broken, Cut

MISSING = (
    "The notebook has no cell for this answer.",
    "노트북에 이 답을 쓰는 셀이 없습니다.",
)
NO_TIME = (
    "The time for this notebook was used up before.",
    "이 노트북에 주어진 시간이 그 전에 다 지났습니다.",
)
LIMITS = {
    "call": ("one cell or one call", "셀 하나나 호출 하나"),
    "exercise": ("one exercise", "문제 하나"),
    "submission": ("the whole notebook", "노트북 전체"),
}


def why(cut, limits):
    """What became of a worker, as (English, Korean)."""
    if isinstance(cut, Overdue):
        en, ko = LIMITS[cut.limit]
        seconds = f"{getattr(limits, cut.limit):g}"
        return (
            f"The code took longer than {seconds} seconds, the limit for {en}.",
            f"코드가 {seconds}초 안에 끝나지 않았습니다. {ko}에 주어진 시간입니다.",
        )
    if isinstance(cut, Excess):
        return (
            "The code took more memory or threads than it may.",
            "코드가 메모리나 스레드를 허용된 것보다 많이 썼습니다.",
        )
    if isinstance(cut, Broken):
        return (
            "The code disturbed the connection to the grader.",
            "코드가 채점기와의 연결을 망가뜨렸습니다.",
        )
    return (
        "The code ended the process that runs it, or ran into a limit.",
        "코드가 자신을 실행하는 프로세스를 끝냈거나 제한에 걸렸습니다.",
    )


@dataclass(frozen=True)
class Outcome:
    """What an exercise got.

    `state` is "right", "wrong", "unanswered", "missing", "stopped" (a limit, a crash)
    or "fault" (of the grader).
    """

    exercise: str
    name: str
    points: float
    most: float
    state: str
    en: str
    ko: str


class Marking:
    """The marking of one notebook.

    Args:
        bundle: a `Bundle`.
        steps, missing: as `notebook.plan` gives them.
        variant: the student's.
        key: a text from which all random inputs follow.
        hire: a function of a time that gives a worker until then.
        limits: a `Limits`.
    """

    def __init__(self, bundle, steps, missing, variant, key, hire, limits):
        self.bundle, self.steps, self.missing = bundle, steps, missing
        self.variant, self.key, self.hire, self.limits = variant, key, hire, limits
        self.notes = []  # of cells that belong to no exercise
        self._first = next((s for s in steps if s.kind == "locked"), None)
        self._space = bundle.space(variant)
        self._worker = None
        self._done, self._reasons, self._errors = [], {}, {}

    def outcomes(self):
        """An `Outcome` of each exercise.

        Raises:
            NoSandbox: no worker starts.
        """
        self._until = time.monotonic() + self.limits.submission
        found = []
        try:
            for step in self.steps:
                if step.kind == "check":
                    state, en, ko = self._check(step)
                    cell = step.cell
                    points = cell.points if state == "right" else 0
                    names = cell.exercise, cell.name
                    found.append(Outcome(*names, points, cell.points, state, en, ko))
                else:
                    self._run(step)
        finally:
            self._end()
        return found

    def _run(self, step):
        """Run a cell in the worker; one that loses the worker is not run again."""
        try:
            self._do(self._ready(), step)
        except Cut as cut:
            self._lose(step, cut)
        else:
            self._done.append(step)

    def _ready(self):
        """The worker, with all cells up to here; a new one if it was lost."""
        if time.monotonic() > self._until:
            raise Overdue("submission")
        while self._worker is None:
            self._worker = self.hire(self._until)
            for step in list(self._done):
                try:
                    self._do(self._worker, step)
                except Cut as cut:
                    if isinstance(cut, Overdue) and cut.limit == "submission":
                        raise
                    self._done.remove(step)
                    self._lose(step, cut)
                    break
        return self._worker

    def _do(self, worker, step):
        try:
            worker.run(step.source, step.title)
        except Raised as error:
            if step.kind == "answer":
                self._errors[step.exercise] = error
        if step is self._first:
            with contextlib.suppress(Raised):  # a cell before it may break this, too
                worker.set(VARIANT=self.variant)

    def _lose(self, step, cut):
        self._end()
        en, ko = why(cut, self.limits)
        if step.exercise:
            self._reasons.setdefault(step.exercise, (en, ko))
        else:
            self.notes.append([f"{step.title}: {en}", f"{step.title}: {ko}"])

    def _end(self):
        if self._worker is not None:
            self._worker.end()
        self._worker = None

    def _check(self, step):
        """What an exercise gets, as (state, English, Korean)."""
        exercise = step.exercise
        if exercise in self.missing:
            return "missing", *MISSING
        if exercise in self._reasons:
            return "stopped", *self._reasons[exercise]
        try:
            return self._judge(self._ready(), step.cell)
        except judging.Fault as fault:
            text = str(fault)
            return "fault", f"The check failed: {text}", f"검사 오류: {text}"
        except Cut as cut:
            self._end()
            if isinstance(cut, Overdue) and cut.limit == "submission":
                return "stopped", *NO_TIME
            found = None if isinstance(cut, Overdue) else self._alone(step)
            return found or ("stopped", *why(cut, self.limits))

    def _alone(self, step):
        """The same, in a worker without the other answers: one of them may have
        ended the process. None if there are no others, or it is still not right."""
        if not any(s.exercise not in ("", step.exercise) for s in self._done):
            return None
        worker = None
        try:
            worker = self.hire(self._until)
            for before in self.steps[: self.steps.index(step)]:
                if before.kind == "locked" or before.exercise == step.exercise:
                    self._do(worker, before)
            found = self._judge(worker, step.cell)
        except (Cut, judging.Fault):
            return None
        finally:
            if worker is not None:
                worker.end()
        return found if found[0] == "right" else None

    def _judge(self, worker, cell):
        seed = f"{self.key}/{cell.exercise}"
        with worker.exercise():
            try:
                answer = worker.fetch(cell.name)
            except Raised as error:
                return "wrong", *self._stopped(cell, error)
            seconds = self.limits.exercise + 5
            state, en, ko = judging.ask(cell, answer, self._space, seed, seconds)
        if state == "unanswered" and cell.exercise in self._errors:
            return "wrong", *self._stopped(cell, None)
        return state, en, ko

    def _stopped(self, cell, error):
        """The words for an answer whose cell stopped before it had its name."""
        error = self._errors.get(cell.exercise, error)
        stopped = Stopped(error.kind, error.text)
        return stopped.en, stopped.ko
