"""What a returned notebook has to run: read, and laid into the assignment's order."""

import json
import os
import re
import stat
from dataclasses import dataclass

LARGEST = 20 << 20  # bytes
MOST_CELLS = 400  # code cells of a student's own


class Unreadable(Exception):
    """The file is no notebook; args are English and Korean."""


@dataclass(frozen=True)
class Step:
    """Something to run or to check, in order.

    Args:
        kind: "locked", "answer" or "own" (run), or "check".
        cell: the bundle's cell of a check.
    """

    kind: str
    title: str
    source: str = ""
    exercise: str = ""
    cell: object = None


def read(path):
    """The bytes of a file.

    Raises:
        Unreadable: a link, not a file, empty or too large.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Unreadable(
            f"The file cannot be read, or is a link ({error.strerror}).",
            f"파일을 읽을 수 없거나 링크입니다({error.strerror}).",
        ) from None
    with os.fdopen(fd, "rb") as file:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("This is not a file.", "파일이 아닙니다.")
        if found.st_size > LARGEST:
            size, most = found.st_size >> 20, LARGEST >> 20
            raise Unreadable(
                f"The file has {size} MB, at most {most} MB are read. Clear the "
                f"outputs and hand it in again.",
                f"파일이 {size} MB입니다. {most} MB까지만 읽습니다. 출력을 지우고 다시 "
                f"제출하세요.",
            )
        content = file.read(LARGEST)
    if not content.strip():
        raise Unreadable("The file is empty.", "파일이 비어 있습니다.")
    return content


def cells(content):
    """The cells of a notebook as [(id, grade_id, locked, source)], code only.

    Raises:
        Unreadable: this is no notebook.
    """
    if content.startswith(b"PK\x03\x04"):
        raise Unreadable(
            "This is a zip file. Hand in the notebook itself.",
            "zip 파일입니다. 노트북 파일을 그대로 제출하세요.",
        )
    try:
        found = json.loads(content.decode("utf-8-sig"))["cells"]
        if not isinstance(found, list):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unreadable(
            "This is not a notebook (.ipynb, format 4).",
            "노트북(.ipynb, 형식 4)이 아닙니다.",
        ) from None
    code = (c for c in found if isinstance(c, dict) and c.get("cell_type") == "code")
    return [_cell(cell) for cell in code]


def _cell(cell):
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    meta = cell.get("metadata")
    meta = meta.get("nbgrader") if isinstance(meta, dict) else None
    meta = meta if isinstance(meta, dict) else {}
    locked = bool(meta.get("locked") or meta.get("grade"))
    source = source if isinstance(source, str) else ""
    return str(cell.get("id", "")), str(meta.get("grade_id", "")), locked, source


def plan(found, bundle):
    """The `Step`s of a notebook, and the exercises whose answer cell is missing.

    Locked cells and checks are the bundle's. Answers are found by nbgrader's id,
    else by the cell's id, else by the name that they define. All other code is the
    student's own and stays where it stood between the cells that were found.
    """
    places = _places(found, bundle)
    own, answers, at = {}, {}, -1
    for i, (id, grade_id, locked, source) in enumerate(found):
        if i in places:
            at = places[i]
            if bundle.cells[at].kind == "answer":
                answers[at] = source
        elif (known := _known(bundle, grade_id or id)) is not None:
            at = max(at, known)  # locked, a check, or an answer for the second time
        elif not locked and sum(map(len, own.values())) < MOST_CELLS:
            own.setdefault(at, []).append(Step("own", f"cell {i + 1}", source))
    steps, missing = own.get(-1, []), []
    for k, cell in enumerate(bundle.cells):
        if cell.kind == "locked":
            steps.append(Step("locked", cell.id, cell.source))
        elif cell.kind == "check":
            steps.append(Step("check", cell.id, exercise=cell.exercise, cell=cell))
        elif k in answers:
            steps.append(Step("answer", cell.id, answers[k], cell.exercise))
        else:
            missing.append(cell.exercise)
        steps += own.get(k, [])
    return steps, missing


def _known(bundle, id):
    """The place in the bundle of a cell with this id."""
    ids = [cell.id for cell in bundle.cells]
    return ids.index(id) if id in ids else None


def _places(found, bundle):
    """{place in the notebook: place in the bundle} of the answers."""
    wanted = [k for k, cell in enumerate(bundle.cells) if cell.kind == "answer"]
    places = {}
    for fits in (_same_grade_id, _same_id, _defines):
        for k in wanted:
            if k in places.values():
                continue
            for i, (id, grade_id, locked, source) in enumerate(found):
                free = i not in places and not locked
                if free and fits(bundle, bundle.cells[k], id, grade_id, source):
                    places[i] = k
                    break
    return places


def _same_grade_id(bundle, cell, id, grade_id, source):
    return grade_id == cell.id


def _same_id(bundle, cell, id, grade_id, source):
    return not grade_id and id in (cell.id, f"{cell.id}-answer")


def _defines(bundle, cell, id, grade_id, source):
    if _known(bundle, grade_id or id) is not None:
        return False
    name = re.escape(bundle.name_of(cell.exercise))
    return re.search(rf"^(?:def {name}\(|{name} *=)", source, re.M)
