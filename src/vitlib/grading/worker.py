"""The end in the sandbox: a process that holds the student's code.

It imports torch and vitlib, takes its limits, and then does what it is asked: run
a cell, tell the value of a name, call a function. It knows no test and no result.
"""

import contextlib
import os
import sys
import types

import torch

import vitlib  # noqa: F401  # the book's: here before any file of the student
from vitlib.grading.conversation import Peer
from vitlib.grading.magics import python
from vitlib.grading.wire import Channel, Cut

try:
    import resource
except ImportError:  # not on this system
    resource = None


class Worker(Peer):
    """Serves the grader; every error of the student's code is an answer."""

    served = BaseException

    def __init__(self, channel):
        super().__init__(channel)
        self.module = types.ModuleType("__main__")
        sys.modules["__main__"] = self.module

    def do(self, head, value):
        what, space = head["ask"], self.module.__dict__
        if what == "cell":
            exec(compile(python(value), f"<{head['title']}>", "exec"), space)
            return None
        if what == "set":
            space.update(value)
            return None
        if what == "fetch":
            if value not in space:
                raise NameError(f"name {value!r} is not defined")
            return space[value]
        if what == "limits":
            return limit(value)
        return super().do(head, value)

    def _keep(self, error):
        return None  # it would keep all that its frames hold, too


def limit(wanted):
    """Set limits of this process, such as {"CPU": 120}; they cannot be raised again."""
    for name, value in wanted.items():
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is not None:
            with contextlib.suppress(ValueError, OSError):  # lower than the limit is
                resource.setrlimit(number, (value, value))


def main(read, write):
    """Serve until the grader closes its end.

    Args:
        read, write: file descriptors of the pipes.
    """
    for fd in (read, write):
        os.set_inheritable(fd, False)
    torch.set_num_threads(1)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):  # what the student prints goes nowhere
        os.dup2(null, fd)
    channel = Channel(read, write)
    worker = Worker(channel)
    with contextlib.suppress(Cut):
        channel.send({"ready": True})
        while True:
            worker.serve(*channel.receive())
    os._exit(0)
