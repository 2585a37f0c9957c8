"""Known wrong answers to the exercises, and how an answer is run without a kernel."""

import importlib
from dataclasses import dataclass
from functools import cache

from tools import exercises

ANSWERS = []


@dataclass(frozen=True)
class Answer:
    """A wrong answer and a piece of what the check must say about it."""

    id: str
    says: str
    make: object  # a function, or for a literal one that makes it from constants
    literal: bool

    def __str__(self):
        return f"{self.id} {self.make.__name__}"

    def value(self, variant=0):
        """What a learner would hand to the check."""
        from vitlib.exercises import given
        from vitlib.exercises.judge import find

        if not self.literal:
            return self.make
        constants = find(self.id).constants
        return self.make(**(given(self.id, variant) if constants else {}))


def wrong(id, says):
    """Register a function as a wrong answer that gets these words (English)."""

    def register(function):
        ANSWERS.append(Answer(id, says, function, literal=False))
        return function

    return register


def wrong_value(id, says):
    """The same for an answer that is a value: the function makes it from the
    constants of the exercise, if it has some."""

    def register(function):
        ANSWERS.append(Answer(id, says, function, literal=True))
        return function

    return register


def wrong_answers():
    """All of them, of every chapter."""
    for name in exercises.names():
        importlib.import_module(f"wrong_answers.{name}")
    return ANSWERS


@cache
def solved(name, variant=0):
    """The namespace after the solutions of a chapter have run."""
    cells = exercises.code(exercises.source(name))
    return exercises.run_cells(cells, {"VARIANT": variant})


@cache
def unsolved(name):
    """The namespace of the learner's copy, nothing filled in."""
    cells = exercises.code(exercises.learners_copy(exercises.source(name)))
    return exercises.run_cells(cells, {})
