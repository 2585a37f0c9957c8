"""Make an assignment for a class: `python -m tools.assignment NAME`.

From `exercises/NAME.ipynb` it writes the folder `assignments/NAME`: the notebook
for students, one with the solutions, the bundle for `vitlib-grade` and a handout.
With `--students`, also a notebook for each student, with constants of its own.
"""

import argparse
import copy
import os
import re
from pathlib import Path
from urllib.parse import quote

import nbformat
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearOutput,
    ComputeChecksums,
    LockCells,
)
from nbgrader.utils import is_grade, is_locked, is_solution

import vitlib
from tools import exercises, handout
from tools.address import METADATA, Repository, colab_cells
from tools.book import ROOT, SyncError
from tools.folder import replace_folder
from tools.offline import LANGUAGES, Trouble, in_language, one_of, with_addresses
from tools.roster import read_roster, variant_of

FORMAT = 1  # of the grading bundle
COLAB = "https://colab.research.google.com/"
VARIANT = re.compile(r"^VARIANT = \d+", re.M)
SHOULD_BE = "https://github.com/OWNER/NAME[/blob/BRANCH/FILE.ipynb]"


# What a notebook is made of


def set_variant(notebook, variant):
    """Write the number of the copy into the setup cell."""
    setup = _setup(notebook)
    setup.source, found = VARIANT.subn(f"VARIANT = {variant}", setup.source)
    if found != 1:
        raise SyncError(f"setup cell: expected one line 'VARIANT = ...', got {found}")


def set_language(notebook, language):
    """Have the checks answer in one language, also after a restart."""
    if language == "both":
        return
    setup = _setup(notebook)
    imports, blank, rest = setup.source.partition("\n\n")
    if re.match(r"(?:import|from) (?:torch|vitlib)\b", imports):  # nothing of Python's
        imports, blank, rest = "import os", "\n\n", setup.source
    else:
        imports = "\n".join(sorted([*imports.split("\n"), "import os"]))
    line = f'os.environ["VITLIB_LANG"] = "{language}"\n'
    rest = VARIANT.sub(lambda m: line + m[0], rest)
    setup.source = imports + blank + rest


def _setup(notebook):
    found = [cell for cell in notebook.cells if VARIANT.search(cell.source)]
    if len(found) != 1:
        raise SyncError(f"expected one cell that sets VARIANT, got {len(found)}")
    return found[0]


def _translated(notebook, language, repository):
    for cell in notebook.cells:
        cell.source = in_language(cell.source, language, cell.cell_type)
        cell.source = with_addresses(cell.source, repository.site)


def student_notebook(name, language="both", variant=0, badge=None, root=ROOT):
    """What a student gets: tasks, hints, public checks, as nbgrader releases them.

    Args:
        badge: the address that its Colab badge opens; no badge without one.
    """
    repository = Repository.of(root, os.environ)
    notebook = exercises.learners_copy(exercises.source(name, root))
    set_variant(notebook, variant)
    set_language(notebook, language)
    opener, install = colab_cells(notebook, f"book/{name}_exercises", repository)
    opener.source = re.sub(r"\([^()]*\)$", f"({badge})", opener.source)
    notebook.cells[1:1] = [opener, install] if badge else [install]
    _translated(notebook, language, repository)
    notebook.metadata.update(copy.deepcopy(METADATA))
    for step in (LockCells, ClearOutput, ComputeChecksums, CheckCellMetadata):
        notebook, _ = step().preprocess(notebook, {})
    nbformat.validate(notebook)
    return notebook


def solution_notebook(name, language="both", variant=0, root=ROOT):
    """What the instructor keeps: solutions, reasons, rubric and hidden tests."""
    notebook = exercises.with_solutions(exercises.source(name, root))
    set_variant(notebook, variant)
    set_language(notebook, language)
    _translated(notebook, language, Repository.of(root, os.environ))
    notebook.metadata.update(copy.deepcopy(METADATA))
    nbformat.validate(notebook)
    return notebook


def bundle(name, variant=0, students=None, root=ROOT):
    """What `vitlib-grade` needs to grade returned notebooks, as a dict.

    Args:
        variant: the number of the class's copy.
        students: {student: variant} of those who have a copy of their own.
    """
    notebook = exercises.source(name, root)
    stubs = {cell.id: cell.source for cell in exercises.learners_copy(notebook).cells}
    tasks = exercises.tasks(notebook)
    answers = {task.answer: task for task in tasks}
    checks = {task.check: task for task in tasks}
    cells = []
    for i, cell in enumerate(notebook.cells):
        entry = {"id": cell.metadata.get("nbgrader", {}).get("grade_id")}
        if is_solution(cell):
            entry |= {"kind": "answer", "exercise": answers[i].id}
            entry["source"] = stubs[cell.id]
        elif is_grade(cell):
            task = checks[i]
            entry |= {"kind": "check", "exercise": task.id, "name": task.name}
            entry |= {"points": task.points, "source": cell.source}
        elif is_locked(cell):
            entry |= {"kind": "locked", "source": cell.source}
        else:
            continue
        cells.append(entry)
    return {
        "format": FORMAT,
        "assignment": name,
        "vitlib": vitlib.__version__,
        "variant": variant,
        "students": dict(students or {}),
        "cells": cells,
        "titles": handout.titles(notebook),
    }


# What is asked for


def badge_address(address, name, variant=0, root=ROOT):
    """What the badge opens in Colab: the instructor's place, or the book's copy.

    The book's copy has variant 0; for another variant there is none to open.
    """
    if not address:
        page = f"book/{name}_exercises"
        return None if variant else Repository.of(root, os.environ).colab(page)
    if address.startswith(COLAB):
        return address
    found = re.fullmatch(
        r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?"
        r"(?:/(?:blob|tree)/([^/\s]+)(/[^\s?#]*)?)?",
        address,
    )
    if not found:
        raise Trouble(
            f"Colab opens {SHOULD_BE}, got {address!r}",
            f"Colab은 {SHOULD_BE} 꼴의 주소를 엽니다. 받은 주소: {address!r}",
        )
    path = (found[3] or "").strip("/")
    if not path.endswith(".ipynb"):
        path = f"{path}/{name}.ipynb".strip("/")
    branch, path = found[2] or "main", quote(path, safe="/%")
    return f"{COLAB}github/{found[1]}/blob/{branch}/{path}"


def variant_number(text):
    """The number of a copy.

    Raises:
        Trouble: the text is not a whole number from 0.
    """
    if not re.fullmatch(r"[0-9]{1,9}", str(text)):
        raise Trouble(
            f"no variant {text!r}: a whole number from 0, such as 17",
            f"변형 {text!r}: 없습니다. 17처럼 0 이상의 정수를 쓰세요",
        )
    return int(text)


def make(name, language="both", variant=0, roster=None, address=None, out=None,
         root=ROOT):  # fmt: skip
    """Write the folder of an assignment, whole or not at all; return its path."""
    one_of("exercises", "연습 문제", name, exercises.names(root))
    one_of("language", "언어", language, LANGUAGES)
    variant = variant_number(variant)
    badge = badge_address(address, name, variant, root)
    students = {s: variant_of(variant, s) for s in read_roster(roster)}
    files = {
        f"{name}.ipynb": student_notebook(name, language, variant, badge, root),
        f"{name}_solution.ipynb": solution_notebook(name, language, variant, root),
        f"{name}.grading.json": bundle(name, variant, students, root),
        "handout.html": handout.handout(name, language, variant, badge, students, root),
    }
    for student, own in students.items():  # no badge: it would open another's copy
        path = f"students/{student}/{name}.ipynb"
        files[path] = student_notebook(name, language, own, None, root)
    return replace_folder(out or Path(root) / "assignments" / name, files)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--language", default="both", help="en, ko or both")
    parser.add_argument("--variant", default=0, help="the number of the class's copy")
    parser.add_argument("--students", help="a CSV file with a column `student`")
    parser.add_argument("--address", help="where the notebook will be on GitHub")
    parser.add_argument("--out", help="the folder; assignments/NAME without it")
    args = parser.parse_args()
    try:
        folder = make(
            args.name, args.language, args.variant, args.students, args.address,
            args.out,
        )  # fmt: skip
    except Trouble as trouble:
        raise SystemExit(str(trouble)) from None
    print(f"{folder}/")
    for file in sorted(folder.iterdir()):
        if not file.name.startswith("."):
            print(f"  {file.name}")
    print("The solutions and the grading bundle are for you alone.")
    print("풀이와 채점 파일은 학생에게 주지 마세요.")


if __name__ == "__main__":
    main()
