"""The words of the exercises: tasks, hints, reasons, rubrics, and what checks say."""

import ast
import inspect
import pkgutil
import re
from importlib import import_module
from itertools import pairwise

import pytest

import vitlib.exercises
from tools import english, korean, particles, sources, text
from tools.book import ROOT, Book, Notebook, pair
from tools.exercises import names


class Sources(Book):
    """The source notebooks as a book: their pairs alone."""

    def __init__(self):
        super().__init__()
        files = [ROOT / "exercises" / f"{name}.ipynb" for name in names()]
        self.notebooks = self.chapters = [Notebook(path) for path in files]
        self.there = super().files

    files = property(lambda self: self.there)

    def pairs(self):
        for notebook, i, cell in self.cells("markdown"):
            if found := pair(cell):
                yield notebook.where(i), *found


class Messages(Sources):
    """What the checks say, as pairs; a value put in is read as the number 7."""

    def pairs(self):
        for found in pkgutil.iter_modules(vitlib.exercises.__path__):
            module = import_module(f"vitlib.exercises.{found.name}")
            tree = ast.parse(inspect.getsource(module))
            for node in ast.walk(tree):
                for en, ko in _spoken(node):
                    yield f"{module.__name__} line {node.lineno}", en, ko

    def cells(self, kind=None):
        return iter(())


def _spoken(node):
    """Neighboring texts of a call or a tuple, of which the second is Korean."""
    if isinstance(node, ast.Call):
        parts = node.args
    elif isinstance(node, ast.Tuple):
        parts = node.elts
    else:
        return
    said = [_text(part) for part in parts]
    for en, ko in pairwise(said):
        if en and ko and re.search("[가-힣]", ko) and not re.search("[가-힣]", en):
            yield en, ko


def _text(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "7"
            for part in node.values
        )
    return None


RULES = {
    "sources": (
        Sources,
        [
            *(text.form, text.links, text.parity, sources.citations),
            *(korean.words, particles.particles, english.english),
        ],
    ),
    "messages": (Messages, [korean.words, english.english]),
}


@pytest.mark.parametrize(
    ("kind", "rule"),
    [(kind, rule) for kind, (_, rules) in RULES.items() for rule in rules],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_the_texts_keep_the_rule(kind, rule, tell):
    report = rule(RULES[kind][0]())
    report.what = f"{report.what} ({kind} of exercises)"
    tell(str(report))
    assert not report.faults, "\n".join(["", *report.faults])
    least = 3 if rule is sources.citations else len(names())
    assert report.total >= least, "the check looked at too little"


def test_messages_name_the_same_code_in_both_languages():
    count = 0
    for where, en, ko in Messages().pairs():
        spans = [set(re.findall(r"`[^`]+`", half)) for half in (en, ko)]
        assert spans[0] == spans[1], (where, en, ko)
        count += 1
    assert count >= 10 * len(names())


@pytest.mark.parametrize("name", names())
def test_each_exercise_has_three_hints_that_unfold_one_at_a_time(name):
    notebook = Notebook(ROOT / "exercises" / f"{name}.ipynb")
    hints = [c for c in notebook.cells if c.id.endswith("-hints")]
    checks = [c for c in notebook.cells if c.id.endswith("-check")]
    assert len(hints) == len(checks) > 0
    for cell in hints:
        for half, word in zip(pair(cell), ("Hint", "힌트"), strict=True):
            found = re.findall(
                r"<details><summary>(\w+ \d)</summary>|(</details>)", half
            )
            order = [opened or "close" for opened, _ in found]
            assert order == [f"{word} {i}" for i in (1, 2, 3)] + ["close"] * 3, cell.id
