"""The grading bundle of an assignment: what the grader knows and no student sees."""

import contextlib
import hashlib
import io
import json
from dataclasses import dataclass, field

FORMAT = 1
KINDS = ("locked", "answer", "check")


class BadBundle(Exception):
    """The file is not a bundle; args are English and Korean."""


@dataclass(frozen=True)
class Cell:
    """A cell that comes from the instructor.

    Args:
        id: nbgrader's grade_id.
        kind: "locked", "answer" or "check".
        exercise: "block.1", of an answer and a check.
        name: of the variable that a check asks.
        points: of a check.
    """

    id: str
    kind: str
    source: str
    exercise: str = ""
    name: str = ""
    points: float = 0


@dataclass(frozen=True)
class Bundle:
    """An assignment as its grader has it."""

    assignment: str
    vitlib: str
    variant: int
    students: dict
    cells: list
    titles: dict
    digest: str = field(repr=False)

    @property
    def checks(self):
        return [cell for cell in self.cells if cell.kind == "check"]

    def name_of(self, exercise):
        """The variable that the answer to an exercise defines."""
        return next(cell.name for cell in self.checks if cell.exercise == exercise)

    def variant_of(self, names):
        """The variant of the student who goes by one of these names."""
        found = [self.students[name] for name in names if name in self.students]
        return found[0] if found else self.variant

    def space(self, variant):
        """What the grader's own checks see: the names of the locked cells."""
        space = {"__name__": "grader"}
        first = True
        with contextlib.redirect_stdout(io.StringIO()):
            for cell in self.cells:
                if cell.kind != "locked":
                    continue
                # One that builds on an answer fails here, and no check may need it.
                with contextlib.suppress(Exception):
                    exec(compile(cell.source, f"<{cell.id}>", "exec"), space)
                if first:
                    space["VARIANT"] = variant
                first = False
        return space


def read(path):
    """The `Bundle` in a file.

    Raises:
        BadBundle: it is missing, or is not a bundle of this format.
    """
    try:
        content = path.read_bytes()
        found = json.loads(content)
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']!r}, expected {FORMAT}")
        cells = [_cell(cell) for cell in found["cells"]]
        if not any(cell.kind == "check" for cell in cells):
            raise ValueError("no check cell")
        return Bundle(
            assignment=str(found["assignment"]),
            vitlib=str(found["vitlib"]),
            variant=int(found.get("variant", 0)),
            students={str(k): int(v) for k, v in found.get("students", {}).items()},
            cells=cells,
            titles=found.get("titles", {}),
            digest=hashlib.sha256(content).hexdigest(),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"{type(error).__name__}: {error}"
        raise BadBundle(
            f"{path} is not a grading bundle ({said}). `make assignment` writes one.",
            f"{path}: 채점 묶음이 아닙니다({said}). `make assignment` 명령으로 "
            f"만드세요.",
        ) from None


def _cell(found):
    cell = Cell(**{name: found[name] for name in Cell.__annotations__ if name in found})
    if cell.kind not in KINDS:
        raise ValueError(f"cell {cell.id!r} of kind {cell.kind!r}")
    if cell.kind == "check" and not (cell.exercise and cell.name.isidentifier()):
        raise ValueError(f"check {cell.id!r} without an exercise or a name")
    return cell
