"""The grader's end of the conversation: a worker with deadlines."""

import contextlib
import time
from dataclasses import dataclass

from vitlib.grading.conversation import Peer, raised
from vitlib.grading.sandbox import MB, THREADS, NoSandbox
from vitlib.grading.wire import Channel, Cut, Late, TooLarge

ROOM = 256 * MB  # what a cell or an exercise may send


@dataclass(frozen=True)
class Limits:
    """How long (seconds) and how much (MB) a student's code may take."""

    call: float = 10  # one cell, or one call of an answer
    exercise: float = 30  # the check of one exercise
    submission: float = 120  # everything, the start of workers included
    start: float = 120  # the start of a worker
    memory: int = 1024  # above what torch takes


class Excess(Cut):
    """The worker took more threads or memory than it may."""


class Overdue(Late):
    """A deadline passed: `limit` is the name of it in `Limits`."""

    def __init__(self, limit):
        super().__init__(limit)
        self.limit = limit


class Remote(Peer):
    """A worker, asked with deadlines.

    Args:
        sandbox: the `Sandbox` it lives in; it ends with this object's `end`.
        limits: a `Limits`.
        until: when the submission's time is over, as `time.monotonic()` counts.
    """

    def __init__(self, sandbox, limits, until):
        super().__init__(Channel(sandbox.read, sandbox.write, self._watch))
        self.sandbox, self.limits = sandbox, limits
        self._ends = [(until, "submission")]
        self._most = None

    def wait(self):
        """Wait until the worker is ready, and set its limits.

        Raises:
            NoSandbox: it did not start.
        """
        try:
            self.channel.receive(time.monotonic() + self.limits.start)
            self.ask("limits", self._wanted(self.sandbox.status()))
        except Overdue:
            self.end()
            raise
        except Cut:
            said = self.sandbox.complaint()
            self.end()
            raise NoSandbox(said or "no answer") from None

    def _wanted(self, now):
        """Limits of the process, above what it holds `now`."""
        more = self.limits.memory * MB
        wanted = {"CORE": 0, "NOFILE": 64, "FSIZE": 64 * MB}
        wanted["CPU"] = int(self.limits.submission) + 10
        if now:
            self._most = now["VmRSS"] + more + 256 * MB
            wanted["DATA"] = now["VmData"] + more
            wanted["AS"] = now["VmSize"] + 2 * more + 4096 * MB  # shared memory, too
        return wanted

    def _watch(self):
        now = self.sandbox.status()
        if now.get("Threads", 0) > THREADS:
            raise Excess("threads")
        if self._most and now.get("VmRSS", 0) > self._most:
            raise Excess("memory")

    def ask(self, what, value=None, **fields):
        """Ask the worker; within one call, all that it asks back counts as well.

        Raises:
            Raised: the student's code raised an error.
            Cut: there is no answer; the worker is of no more use.
        """
        if self.deadline is not None:
            return super().ask(what, value, **fields)
        ends = [*self._ends, (time.monotonic() + self.limits.call, "call")]
        self.deadline, limit = min(ends)
        try:
            return super().ask(what, value, **fields)
        except Late:
            raise Overdue(limit) from None
        finally:
            self.deadline = None

    def run(self, source, title):
        """Run a cell. Raises as `ask`."""
        self.channel.room = ROOM
        try:
            self.ask("cell", source, title=title)
        except TooLarge as error:
            raise raised("ValueError", str(error)) from None

    def set(self, **values):
        self.ask("set", values)

    def fetch(self, name):
        """The value of a name: data, or a function that asks the worker."""
        return self.ask("fetch", name)

    @contextlib.contextmanager
    def exercise(self):
        """While one exercise is checked: its time and its room for data."""
        self.forget()
        self.channel.room = ROOM
        self._ends.append((time.monotonic() + self.limits.exercise, "exercise"))
        try:
            yield
        finally:
            self._ends.pop()

    def end(self):
        self.sandbox.kill()


class Hire:
    """Starts workers, one ahead: it imports torch while another one is busy.

    Args:
        start: makes a `Sandbox`.
        limits: a `Limits`.
    """

    def __init__(self, start, limits):
        self._start, self._limits = start, limits
        self._next = None

    def __call__(self, until):
        """A worker that is ready, until that time.

        Raises:
            NoSandbox: none starts, in two tries.
        """
        for last in (False, True):
            sandbox = self._next or self._start()
            self._next = None
            remote = Remote(sandbox, self._limits, until)
            try:
                remote.wait()
            except NoSandbox:
                if last:
                    raise
            else:
                self._next = self._start()
                return remote

    def end(self):
        if self._next:
            self._next.kill()
        self._next = None
