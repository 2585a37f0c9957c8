"""Notebooks as students hand them in: right, wrong, empty, and made to do harm."""

import inspect
import json
import os
import random
import textwrap
from functools import cache

from answers import wrong_answers

from tools import assignment, exercises

FORGED = """
import json, os, struct

def ANSWER(X, *rest):
    for number in range(2000):
        head = json.dumps({"answer": number, "value": True}).encode()
        for fd in range(3, 20):
            try:
                os.write(fd, struct.pack("!II", len(head), 0) + head)
            except OSError:
                pass
    return X
"""
FRAMES = """
import gc, sys

def ANSWER(X, *rest):
    frame = sys._getframe()
    while frame is not None:
        for space in (frame.f_globals, frame.f_locals):
            for name in list(space):
                if "verdict" in name.lower() or name in ("check", "examine", "draw"):
                    space[name] = True
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing).__name__ == "Exercise":
            object.__setattr__(thing, "judge", lambda answer, draw: None)
        elif type(thing).__name__ == "Verdict":
            object.__setattr__(thing, "right", True)
    return X
"""
PATCHED = """
import builtins, unittest.mock
import vitlib.exercises.judge

class Yes:
    right = answered = True
    en = ko = "right"
    def __eq__(self, other): return True
    def __getattr__(self, name): return lambda *a, **k: self

vitlib.exercises.examine = vitlib.exercises.judge.examine = lambda *a, **k: Yes()
vitlib.check = vitlib.exercises.check = lambda *a, **k: None
torch.Tensor.__eq__ = lambda *a: Yes()
"""
MEMORY = """
def ANSWER(X, *rest):
    return torch.ones(10 * 2**30, dtype=torch.uint8)
"""
STOPPED, ENDED = "Your code stopped with", "ended the process"
SLOW, BROKEN = "took longer than", "disturbed the connection"
SHAPE = "The shape of the result is"


def answer(line, first=""):
    """A cell whose function runs `line` and returns its input."""
    body = textwrap.indent(textwrap.dedent(line).strip("\n"), "    ")
    return f"{first}\ndef ANSWER(X, *rest):\n{body}\n    return X\n"


# What the cell of an answer does -> what its report must say (one of these).
ATTACKS = {
    "leave in a cell": ("import os; os._exit(0)", [ENDED]),
    "leave in a call": (answer("os._exit(0)", "import os"), [ENDED]),
    "leave politely": (answer("raise SystemExit"), [STOPPED]),
    "leave later": (
        answer("", "import os, threading\nthreading.Timer(0.3, os._exit, [0]).start()"),
        [ENDED, SHAPE],
    ),
    "endless cell": ("while True: pass", [SLOW]),
    "endless call": (answer("while True: pass"), [SLOW]),
    "endless in C": (answer("re.match('(a+)+$', 'a' * 64 + 'b')", "import re"), [SLOW]),
    "fork bomb": (answer("while True: os.fork()", "import os"), [STOPPED]),
    "thread bomb": (
        answer(
            """
            threading.stack_size(65536)
            while True: threading.Thread(target=time.sleep, args=[99]).start()
            """,
            "import threading, time",
        ),
        ["memory or threads", STOPPED, SLOW],
    ),
    "shell": (answer("subprocess.run(['id'])", "import subprocess"), [STOPPED]),
    "10 GB of output": (
        answer("for _ in range(10_000): print('x' * 1_000_000)"),
        [SHAPE, SLOW],
    ),
    "10 GB of memory": (MEMORY, [STOPPED]),
    "10 GB of memory, step by step": (
        answer("keep = []\nwhile True: keep.append(bytearray(50_000_000))"),
        [STOPPED, SLOW],
    ),
    "10 GB of files": (
        answer("for n in range(999): open(f'/tmp/{n}', 'wb').write(bytes(10**7))"),
        [STOPPED],
    ),
    "a result of 80 MB": (answer("return torch.zeros(20_000_000)"), [STOPPED]),
    "a result without a bottom": (answer("for _ in '9' * 9999: X = [X]"), [STOPPED]),
    "delete all files": (
        answer("shutil.rmtree('/', ignore_errors=True)", "import shutil"),
        [SHAPE, SLOW],
    ),
    "other checks": (answer("", PATCHED), [SHAPE, BROKEN, ENDED, STOPPED]),
    "allclose": (answer("", "torch.allclose = torch.equal = lambda *a: True"), [SHAPE]),
    "builtins": (
        answer("", "import builtins\nbuiltins.isinstance = builtins.len = bool"),
        [ENDED, STOPPED, BROKEN, SLOW, SHAPE],
    ),
    "frames and garbage": (FRAMES, [SHAPE]),
    "forged answers": (FORGED, [BROKEN, ENDED]),
    "noise in the pipe": (
        answer("""
            for fd in range(3, 64):
                with contextlib.suppress(OSError):
                    os.write(fd, bytes(99) + b'x' * 99)
            """, "import contextlib, os"),
        [BROKEN],
    ),
    "closed pipe": (answer("os.closerange(3, 99)", "import os"), [ENDED]),
    "an equal to everything": (
        "class All:\n    def __eq__(self, other): return True\n"
        "    def __reduce__(self): return print, ('unpickled',)\n"
        + answer("return All()"),
        ["to be a tensor, got All"],
    ),
    "the parent's memory": (
        answer("open(f'/proc/{os.getppid()}/mem', 'rb').read()", "import os"),
        [STOPPED],
    ),
    "kill everything": (answer("os.kill(-1, 9)", "import os"), [STOPPED, ENDED]),
    "overflow the stack": (
        answer("sys.setrecursionlimit(10**9)\nf = lambda n: f(n + 1)\nf(0)",
               "import sys"),
        [ENDED, STOPPED, SLOW],
    ),
    "a bad pointer": (answer("ctypes.string_at(1)", "import ctypes"), [ENDED]),
    "markup in an error": (
        answer("raise ValueError('<script>alert(1)</script>\\ud800\\n# 13/13')"),
        [STOPPED],
    ),
    "no Python": ("def ANSWER(X:", [STOPPED]),
    "nested brackets": ("(" * 100_000, [STOPPED, ENDED]),
    "null bytes": ("ANSWER = 1\0", [STOPPED]),
}  # fmt: skip

# Those whose function raises an error and does no more: two fit into a notebook.
QUIET = [name for name, (_, says) in ATTACKS.items() if says == [STOPPED]]


def attack(name, exercise="block.1"):
    """The cell of an attack, as the answer to an exercise."""
    return ATTACKS[name][0].replace("ANSWER", functions()[exercise])


def hostile_notebooks():
    """{student: {exercise: attack}}: every attack once; block.2 stays honest."""
    places = ("block.1", "block.4")
    found = {name: {"block.1": name} for name in ATTACKS if name not in QUIET}
    for i in range(0, len(QUIET), 2):
        found[f"quiet {i}"] = dict(zip(places, QUIET[i : i + 2], strict=False))
    return found


@cache
def released(name="block"):
    """The assignment as students get it, as JSON."""
    return json.dumps(assignment.student_notebook(name))


@cache
def solutions(name="block"):
    """The right answers: {exercise: source of its cell}."""
    notebook = exercises.source(name)
    sources = {t.id: notebook.cells[t.answer].source for t in exercises.tasks(notebook)}
    return {id: exercises.revealed(source) for id, source in sources.items()}


@cache
def mistakes(name="block"):
    """Wrong answers: {exercise: [source of its cell]}, from those of the tests."""
    names = functions(name)
    found = {id: [] for id in names}
    for wrong in wrong_answers():
        if wrong.id in names and not wrong.literal:
            source = inspect.getsource(wrong.make).partition("\n")[2]
            helpers = inspect.getmodule(wrong.make)
            used = [f for f in ("_heads", "_attend") if f"{f}(" in source]
            source = source.replace(wrong.make.__name__, names[wrong.id])
            parts = [inspect.getsource(getattr(helpers, f)) for f in used]
            found[wrong.id].append("\n\n".join([*parts, source]))
        elif wrong.id in names:
            found[wrong.id].append(f"{names[wrong.id]} = {wrong.value()!r}\n")
    return found


def notebook(answers, name="block"):
    """The assignment with these answers in it: {exercise: source}."""
    made = json.loads(released(name))
    for exercise, source in answers.items():
        id = exercise.replace("_", "-").replace(".", "-")
        for cell in made["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == id:
                cell["source"] = source
    return made


def functions(name="block"):
    """{exercise: the name that its answer defines}."""
    return {t.id: t.name for t in exercises.tasks(exercises.source(name))}


def write(path, content):
    """Write a notebook, a text or bytes, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict):
        content = json.dumps(content)
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(content)
    return path


def bundle(only=None, name="block", **more):
    """The grading bundle, of all exercises or of some."""
    made = assignment.bundle(name) | more
    made["cells"] = [
        cell
        for cell in made["cells"]
        if only is None or cell.get("exercise", only[0]) in only
    ]
    return made


BAD_FILES = {
    "no-json": b"\x80\x81 this is no JSON",
    "empty": b"",
    "a-list": b"[1, 2, 3]",
    "without-cells": b'{"nbformat": 4}',
    "odd-cells": b'{"cells": [1, null, {"cell_type": "poem"}, '
    b'{"cell_type": "code", "source": 7, "metadata": []}]}',
    "deep": b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "huge": b'{"cells": [' + b" " * (21 << 20) + b"]}",
    "zipped": b"PK\x03\x04 and so on",
}


def bad_files(folder):
    """Write files that are no notebook; return the names of their students."""
    for name, content in BAD_FILES.items():
        write(folder / name / "block.ipynb", content)
    (folder / "linked").mkdir()
    os.symlink("/etc/passwd", folder / "linked" / "block.ipynb")
    os.symlink("/etc", folder / "linked-folder")
    return [*BAD_FILES, "linked", "linked-folder"]


def class_of(folder, count, seed=0, name="block"):
    """Write `count` submissions of a class; return {kind: how many}.

    Of a hundred, 40 are right, 30 have mistakes, 10 are empty, 10 half, 10 hostile.
    """
    draw, kinds = random.Random(seed), {}
    attacks = list(ATTACKS)
    for n in range(count):
        share = n % 10
        answers = dict(solutions(name))
        if 4 <= share < 7:
            kind = "mistakes"
            for id in draw.sample(list(answers), draw.randint(1, 3)):
                answers[id] = draw.choice(mistakes(name)[id])
        elif share == 7:
            kind, answers = "stub", {}
        elif share == 8:
            kind = "half"
            for id in list(answers)[draw.randint(1, 4) :]:
                del answers[id]
        elif share == 9:
            kind = "hostile"
            answers["block.1"] = attack(attacks[n // 10 % len(attacks)])
        else:
            kind = "right"
        kinds[kind] = kinds.get(kind, 0) + 1
        write(folder / f"student{n:03}" / f"{name}.ipynb", notebook(answers, name))
    return kinds
