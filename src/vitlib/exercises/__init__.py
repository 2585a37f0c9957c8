"""Exercises that answer back: `check("block.1", my_function)`.

Each module here holds the checks of one chapter's exercises, whose tasks are in
the book. A check draws random inputs, asks for properties, and says in words what
is wrong; it never prints an answer.
"""

from vitlib.exercises.judge import (
    Verdict,
    Wrong,
    check,
    examine,
    exercise,
    given,
    known,
)

__all__ = ["Verdict", "Wrong", "check", "examine", "exercise", "given", "known"]
