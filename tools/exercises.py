"""What is made of an exercise notebook: the learner's copy, the solutions.

`exercises/NAME.ipynb` is the source, in nbgrader's format: each answer cell holds
the solution between `### BEGIN SOLUTION` and `### END SOLUTION`, each check cell
its hidden tests. nbgrader's own preprocessors take them out. `make sync` writes

- `book/NAME_exercises.ipynb`, without solutions, for the page and for Colab;
- `book/NAME_solutions.ipynb`, the solutions and what there is to learn from them.
"""

import copy
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions
from nbgrader.utils import is_grade, is_solution

from tools.book import ROOT, SyncError, tags

STUB = "raise NotImplementedError  # your code here | 여기에 작성하세요"
MARKS = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION\n?", re.M)
# What stands above a literal answer: the empty one that a learner starts from.
EMPTY = re.compile(r"\A(?s:.*)^(?=### BEGIN)", re.M)
KINDS = ("exercises", "solutions")


@dataclass(frozen=True)
class Task:
    """One exercise of a source notebook: where its parts are."""

    id: str  # block.1
    answer: int  # index of the answer cell
    check: int  # index of the check cell
    points: float
    name: str  # of the variable that the check is given


def names(root=ROOT):
    """The chapters that have exercises."""
    return sorted(path.stem for path in (Path(root) / "exercises").glob("*.ipynb"))


def source(name, root=ROOT):
    """The source notebook of a chapter."""
    path = Path(root) / "exercises" / f"{name}.ipynb"
    return nbformat.read(path, as_version=4)


def tasks(notebook):
    """The `Task`s of a source notebook, in order."""
    found, answer = [], None
    for i, cell in enumerate(notebook.cells):
        if is_solution(cell):
            answer = i
        elif is_grade(cell):
            called = re.search(r'vitlib\.check\("([\w.]+)", (\w+)', cell.source)
            points = cell.metadata.nbgrader.points
            found.append(Task(called[1], answer, i, points, called[2]))
    return found


def learners_copy(notebook):
    """The notebook as a learner gets it: no solution, no hidden test, no rubric."""
    notebook = copy.deepcopy(notebook)
    ClearSolutions(code_stub={"python": STUB}).preprocess(notebook, {})
    ClearHiddenTests().preprocess(notebook, {})
    kept = []
    for cell in notebook.cells:
        if {"solution", "rubric"} & set(tags(cell)):
            continue
        # A literal answer stands above its stub as `answer = None`.
        cell.source = re.sub(rf"^{re.escape(STUB)}\n?", "", cell.source, flags=re.M)
        cell.source = cell.source.strip("\n")
        kept.append(cell)
    notebook.cells = kept
    return notebook


def revealed(source):
    """The code of an answer cell without the empty answer above and the marks."""
    return MARKS.sub("", EMPTY.sub("", source)).strip("\n")


def with_solutions(notebook):
    """A copy that shows the solutions, and is nobody's assignment."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if is_solution(cell):
            cell.source = revealed(cell.source)
        cell.metadata.pop("nbgrader", None)
    title = notebook.cells[0]
    title.source = title.source.replace("# Exercises:", "# Solutions:")
    title.source = title.source.replace("| 연습 문제:", "| 연습 문제 풀이:")
    return notebook


def solutions(notebook):
    """The notebook with solutions and their reasons, without tasks and hints."""
    notebook = copy.deepcopy(notebook)
    ClearHiddenTests().preprocess(notebook, {})
    notebook = with_solutions(notebook)
    left_out = ("-task", "-hints", "-rubric")
    notebook.cells = [
        cell
        for cell in notebook.cells
        if not cell.id.endswith(left_out) and cell.id != "intro"
    ]
    for cell in notebook.cells:
        cell.source = cell.source.strip("\n")
        cell.metadata.pop("tags", None)
    return notebook


def code(notebook):
    """The code cells that set up and answer."""
    return [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and not is_grade(cell)
    ]


def made(path, root=ROOT):
    """The cells a page of exercises should have; None if it is another page."""
    name, _, kind = Path(path).stem.rpartition("_")
    if kind not in KINDS or name not in names(root):
        return None
    make = {"exercises": learners_copy, "solutions": solutions}[kind]
    return make(source(name, root)).cells


def renew(notebook, root=ROOT):
    """Write an exercise page's cells from its source; say which ones changed.

    Outputs of cells whose source stays are kept.
    """
    wanted = made(notebook.path, root)
    if wanted is None:
        return
    old = {cell.id: cell for cell in notebook.cells}
    colab = [cell for cell in notebook.cells if "colab" in tags(cell)]
    for cell in wanted:
        before = old.get(cell.id)
        if before is None or before.source != cell.source:
            yield f"{notebook.name}: cell {cell.id!r} differs from its source"
        elif cell.cell_type == "code":
            cell.outputs = before.outputs
            cell.execution_count = before.execution_count
    gone = set(old) - {cell.id for cell in wanted + colab}
    yield from (f"{notebook.name}: cell {id!r} is not in its source" for id in gone)
    notebook.nb.cells = [wanted[0], *colab, *wanted[1:]]


def begin(root=ROOT):
    """Make an empty page for each page of exercises that is missing."""
    for name in names(root):
        for kind in KINDS:
            path = Path(root) / "book" / f"{name}_{kind}.ipynb"
            if not path.exists():
                nbformat.write(nbformat.v4.new_notebook(), path)


def run_cells(cells, values):
    """Run code cells one after the other in one namespace and return it.

    Raises:
        SyncError: a cell failed; names it.
    """
    space = {"__name__": "exercises"}
    for cell in cells:
        try:
            exec(compile(cell.source, cell.id, "exec"), space)
        except Exception as error:
            raise SyncError(
                f"cell {cell.id!r}: {type(error).__name__}: {error}"
            ) from error
        if cell.id == "setup":
            space |= values
    return space
