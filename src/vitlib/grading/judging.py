"""One exercise: its check cell, run by the grader, asks the answer in the sandbox."""

import contextlib
import io
import random
import signal
import threading

import torch

import vitlib.exercises
from vitlib.exercises import judge
from vitlib.grading.conversation import Raised
from vitlib.grading.remote import Overdue

HIDDEN = (
    "The check that you know passes; a further test of the grader does not.",
    "알고 있는 검사는 통과했지만, 채점에서 더 하는 검사를 통과하지 못했습니다.",
)


class Fault(Exception):
    """The check itself cannot run: nothing that a student did."""


class _Enough(BaseException):
    """The public check said no; there is nothing more to ask."""


def ask(check, answer, space, seed, seconds):
    """The state of an answer and a sentence, as (state, English, Korean).

    Args:
        check: the check cell of the bundle.
        answer: a value, or a function that asks the worker.
        space: names that the cell uses; the answer's is added.
        seed: a text; the same one gives the same random inputs.
        seconds: how long the grader itself may take.

    Raises:
        Cut: the worker is lost.
        Fault: the cell uses a name that the grader does not have.
    """
    heard, numbers = [], random.Random(seed)
    torch.manual_seed(numbers.randrange(2**63))
    space = {**space, check.name: answer}
    quiet = contextlib.redirect_stdout(io.StringIO())
    with quiet, _listening(heard, seed), _no_longer_than(seconds):
        try:
            exec(compile(check.source, "<check>", "exec"), space)
        except _Enough:
            pass
        except Raised as error:
            stopped = judge.Stopped(error.kind, error.text)
            return "wrong", stopped.en, stopped.ko
        except NameError as error:
            raise Fault(f"{check.id}: {error}") from None
        except Exception:
            if all(verdict.right for verdict in heard):
                return "wrong", *HIDDEN
    last = heard[-1] if heard else judge.Verdict("", True, True, "right", "맞습니다")
    state = "right" if last.right else "wrong" if last.answered else "unanswered"
    return state, last.en, last.ko


@contextlib.contextmanager
def _listening(heard, seed):
    """Note the verdicts of `check` and `examine`, and give them their seeds."""
    examine = judge.examine

    def hidden(id, answer, variant=0, _seed=None, cases=None):
        heard.append(examine(id, answer, variant, f"{seed}/{len(heard)}", cases))
        return heard[-1]

    def public(*args, **kwargs):
        if not (verdict := hidden(*args, **kwargs)).right:
            raise _Enough
        return verdict

    judge.examine, vitlib.exercises.examine = public, hidden
    try:
        yield
    finally:
        judge.examine = vitlib.exercises.examine = examine


@contextlib.contextmanager
def _no_longer_than(seconds):
    """Stop the grader's own computing, too: an answer may be meant to make it long."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, frame):
        raise Overdue("exercise")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
