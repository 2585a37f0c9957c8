"""nbval as the book needs it: `pytest --nbval -p tools.nbval_plugin book/`.

- A trailing `;` hides a result here, too (nbval issue 194: IPython looks for it
  in the history, which nbval does not store).
- A cell tagged `nbval-rtol=0.05` compares the decimal numbers it prints within
  that relative tolerance, and all the rest to the letter.
- A picture is compared, too, roughly: other fonts pass, other data do not. In a
  cell with a tolerance it may differ more.
- Notebooks run in the quick profile, without progress bars.
- At the end it says how many cells were compared, and why others were not.

It replaces two methods of nbval 0.11.0; `tests/test_notebooks.py` checks that
they are the ones it knows.
"""

import base64
import io
import os
import re
from collections import Counter
from itertools import product

import numpy as np
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell
from PIL import Image, ImageChops

ENVIRONMENT = {"VITLIB_QUIET": "1", "VITLIB_PROFILE": "quick"}
DECIMAL = re.compile(r"(?<![\w.])[-+]?\d+\.\d+(?:[eE][-+]?\d+)?(?!\w|\.\d)")
KEY = "nbval cell"
# The side of a square in pixels; how gray it may turn, and with a tolerance.
SQUARE, GAP, WIDE_GAP = 16, 0.15, 0.4
# Pixels by which a part may have moved: other fonts take more room, or less.
MOVES = [*product((0, -2, 2), repeat=2)]

compare_exactly = IPyNbCell.compare_outputs
execute_without_history = RunningKernel.execute_cell_input


def execute_cell_input(self, cell_input, allow_stdin=None):
    """Run a cell as a reader does: IPython keeps its source in the history."""
    return self.kc.execute(
        cell_input, allow_stdin=allow_stdin, store_history=True, stop_on_error=False
    )


def compare_outputs(self, test, ref, skip_compare=None):
    """nbval's comparison, with tolerances for numbers, and pictures compared."""
    tolerance = rtol(self.cell)
    if tolerance and len(test) == len(ref):
        for new, old in zip(test, ref, strict=True):
            if new.get("output_type") == old.get("output_type") == "stream":
                new["text"] = levelled(new["text"], old["text"], tolerance)
    if not compare_exactly(self, test, ref, skip_compare):
        return False
    gaps = [*map(gap, pictures(test), pictures(ref))]
    if any(found > (WIDE_GAP if tolerance else GAP) for found in gaps):
        self.comparison_traceback.append(f"a picture differs by {max(gaps):.2f}")
        return False
    return True


def pictures(outputs):
    found = [out.get("data", {}).get("image/png") for out in outputs]
    return [png for png in found if png]


def gap(new, old):
    """The largest difference, 0 to 1, between squares of two pictures in gray.

    Each square of the old one is compared where the new one fits it best, in place
    or a few pixels away.
    """
    new, old = (
        Image.open(io.BytesIO(base64.b64decode(png))).convert("L") for png in (new, old)
    )
    sides = zip(new.size, old.size, strict=True)
    if any(abs(one - other) > 0.05 * other for one, other in sides):
        return 1.0
    squares = [-(-side // SQUARE) for side in old.size]
    new = new.resize(old.size)

    def grays(picture):
        picture = picture.resize(squares, Image.Resampling.BOX)
        return np.asarray(picture, float) / 255

    old = grays(old)
    gaps = [abs(grays(ImageChops.offset(new, *move)) - old) for move in MOVES]
    return float(np.min(gaps, axis=0).max())


def rtol(cell):
    """The relative tolerance of a cell, from its tag, or None."""
    for tag in cell.metadata.get("tags", []):
        if tag.startswith("nbval-rtol="):
            return float(tag.removeprefix("nbval-rtol="))
    return None


def levelled(new, old, tolerance):
    """`new` with each decimal that is near the one of `old` replaced by it.

    Texts that hold another number of decimals stay as they are, and differ.
    """
    wanted = DECIMAL.findall(old)
    if len(DECIMAL.findall(new)) != len(wanted):
        return new
    each = iter(wanted)

    def level(match):
        reference = next(each)
        near = abs(float(match[0]) - float(reference)) <= tolerance * abs(
            float(reference)
        )
        return reference if near else match[0]

    return DECIMAL.sub(level, new)


def pytest_configure():
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    RunningKernel.execute_cell_input = execute_cell_input
    IPyNbCell.compare_outputs = compare_outputs


def pytest_unconfigure():
    RunningKernel.execute_cell_input = execute_without_history
    IPyNbCell.compare_outputs = compare_exactly


def pytest_collection_modifyitems(items):
    for item in items:
        if isinstance(item, IPyNbCell):
            item.user_properties.append((KEY, fate(item)))


def fate(item):
    """The word compared, or the reason why nbval only runs this cell."""
    if item.cell.execution_count is None:
        return "never executed"
    if item.options["check"] and not item.options["skip"]:
        return "compared"
    for tag in item.cell.metadata.get("tags", []):
        if tag.startswith("uncompared:"):
            return tag.removeprefix("uncompared:")
    return "no reason given"


def pytest_terminal_summary(terminalreporter):
    fates, notebooks = Counter(), set()
    for outcome in ("passed", "failed", "error", "skipped", "xfailed", "xpassed"):
        for report in terminalreporter.getreports(outcome):
            if report.when == "call":
                for key, value in report.user_properties:
                    if key == KEY:
                        fates[value] += 1
                        notebooks.add(report.nodeid.partition("::")[0])
    if fates:
        terminalreporter.write_line(summary(fates, len(notebooks)))


def summary(fates, notebooks):
    """One line: what was compared, what was not, and why."""
    ignored = {reason: n for reason, n in sorted(fates.items()) if reason != "compared"}
    reasons = ", ".join(f"{reason} {n}" for reason, n in ignored.items()) or "none"
    return (
        f"nbval: cells compared {fates['compared']}, ignored {sum(ignored.values())} "
        f"({reasons}), notebooks {notebooks}"
    )
