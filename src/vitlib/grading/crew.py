"""Many submissions at a time: processes that each mark one after the other.

A process that dies or is not heard of costs one submission and is replaced.
"""

import multiprocessing
import multiprocessing.connection
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from vitlib.grading import bundle as bundles
from vitlib.grading import submission
from vitlib.grading.remote import Hire, Limits
from vitlib.grading.sandbox import Sandbox

GRACE = 60  # seconds beyond the submission's own limit and the start of workers


@dataclass(frozen=True)
class Settings:
    """What every process of the crew needs to know."""

    folder: Path
    bundle: Path
    limits: Limits
    isolated: bool


class Job:
    """One process of the crew, and what it is at."""

    def __init__(self, settings):
        self.settings = settings
        context = multiprocessing.get_context("spawn")  # torch does not like forks
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, settings))
        self.process.daemon = True
        self.process.start()
        theirs.close()
        self.found, self.until = None, None

    def begin(self, found):
        limits = self.settings.limits
        self.found = found
        self.until = time.monotonic() + limits.submission + 2 * limits.start + GRACE
        self.pipe.send(found)

    def end(self):
        self.pipe.close()
        if self.found is None:  # it waits, and cleans up when the pipe is closed
            self.process.join(10)
        if self.process.is_alive():
            self._kill()
        self.process.join()

    def _kill(self):
        """End the process and its sandboxes, also one that only starts."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:  # it does not lead a group yet, and has no sandbox
            self.process.kill()


def _work(pipe, settings):
    """What a process does: mark what comes until the pipe is closed."""
    # A group of its own: Ctrl-C is for the parent, which then ends the whole group.
    # A sandbox that is interrupted while it starts would leave a process for ever.
    os.setsid()
    bundle = bundles.read(settings.bundle)
    hire = Hire(lambda: Sandbox(settings.isolated), settings.limits)
    try:
        while True:
            found = pipe.recv()
            pipe.send(
                submission.grade(
                    *(found, settings.folder, bundle, hire),
                    *(settings.limits, settings.isolated),
                )
            )
    except (EOFError, OSError):
        hire.end()


def mark(todo, settings, jobs):
    """Yield the result of each submission as it is there.

    Args:
        todo: `names.Found` of each.
        settings: a `Settings`.
        jobs: how many processes.
    """
    bundle = bundles.read(settings.bundle)
    waiting = list(reversed(todo))
    crew = [Job(settings) for _ in range(min(jobs, len(todo)))]
    try:
        for job in crew:
            job.begin(waiting.pop())
        while crew:
            ready = multiprocessing.connection.wait([j.pipe for j in crew], timeout=1)
            for i, job in enumerate(crew):
                late = time.monotonic() > job.until
                if job.pipe not in ready and not late:
                    continue
                try:
                    result = job.pipe.recv() if job.pipe in ready else None
                except (EOFError, OSError):
                    result = None
                if result is None:  # the process died, or was not heard of
                    job.end()
                    result = _lost(job.found, settings, bundle)
                    crew[i] = Job(settings) if waiting else job
                yield result
                if waiting:
                    crew[i].begin(waiting.pop())
                else:
                    crew[i].found = None
            for job in [job for job in crew if job.found is None]:
                crew.remove(job)
                if not job.pipe.closed:
                    job.end()
    finally:
        for job in crew:
            job.end()


def _lost(found, settings, bundle):
    """The result of a submission whose process was lost."""
    result = submission.head(found, settings.folder, bundle, settings.isolated)
    outcomes = submission.nothing(bundle, "fault", submission.FAULT)
    return submission.finish(result, bundle, outcomes, [], fault=True)
