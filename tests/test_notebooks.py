"""Nothing slips through nbval: every cell ran, and is compared or says why not."""

import base64
import importlib.metadata
import inspect
import io
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell
from PIL import Image, ImageDraw

from tools import guards, nbval_plugin
from tools.book import ROOT, Book, tags
from tools.checks import CHECKS

FLOORS = {"executed": 330, "compared": 330, "outputs": 330, "metadata": 25}


@pytest.mark.parametrize("name", FLOORS)
def test_the_notebooks_keep_the_rule(name, tell):
    report = CHECKS[name](Book())
    tell(str(report))
    assert not report.faults, "\n".join(["", *report.faults])
    assert report.total >= FLOORS[name], "the check looked at too little"
    assert report.total <= 2 * FLOORS[name], "the floor is too low to say anything"


def test_most_cells_are_compared(tell):
    cells = [cell for _, _, cell in Book().cells("code")]
    compared = [cell for cell in cells if "nbval-ignore-output" not in tags(cell)]
    printing = [cell for cell in compared if cell.outputs]
    tell(f"cells with an output that is compared {len(printing)}/{len(printing)}")
    assert len(compared) >= 0.9 * len(cells)
    assert len(printing) >= 0.5 * len(cells)


# --- The guards, one fault at a time ----------------------------------------


def cell(source="f()", count=1, tags=(), outputs=()):
    metadata = {"tags": [*tags]}
    outputs = [*outputs]
    return new_code_cell(
        source, execution_count=count, metadata=metadata, outputs=outputs
    )


@pytest.mark.parametrize(
    ("guard", "made", "said"),
    [
        (guards.executed, cell(), None),
        (guards.executed, cell(count=None), "found None, expected 1"),
        (guards.executed, cell(count=7), "found 7, expected 1"),
        (guards.compared, cell(), None),
        (guards.compared, cell(tags=["nbval-rtol=0.05"]), None),
        (
            guards.compared,
            cell("time.time()", tags=["nbval-ignore-output", "uncompared:timing"]),
            None,
        ),
        (
            guards.compared,
            cell(tags=["nbval-ignore-output", "uncompared:timing"]),
            "expected a cell that needs it",
        ),
        (
            guards.compared,
            cell(tags=["nbval-ignore-output", "uncompared:luck"]),
            "expected a cell that needs it",
        ),
        (guards.compared, cell(tags=["nbval-ignore-output"]), "uncompared:REASON"),
        (guards.compared, cell(tags=["uncompared:timing"]), "without nbval-ignore"),
        (guards.compared, cell(tags=["nbval-skip"]), "found nbval-skip"),
        (guards.compared, cell(tags=["raises-exception"]), "found raises-exception"),
        (guards.compared, cell(tags=["nbval-rtol=5"]), "a tolerance"),
        (guards.compared, cell(tags=["nbval-rtol=0.5"]), "a tolerance"),
        (guards.compared, cell(tags=["nbval-ignore-outputs"]), "an unknown tag"),
        (guards.compared, cell("# NBVAL_SKIP\nf()"), "expected a tag"),
        (guards.outputs, cell(), None),
        (guards.outputs, cell("f();"), "semicolon"),
        (guards.outputs, cell("f();  # draws"), "semicolon"),
        (guards.outputs, cell("display.clear_output()"), "clear_output"),
        (
            guards.outputs,
            cell(outputs=[new_output("display_data", {"image/svg+xml": "<svg/>"})]),
            "image/svg+xml",
        ),
        (
            guards.outputs,
            cell(outputs=[new_output("display_data", {"text/html": "<b>"})]),
            "text/html",
        ),
        (
            guards.outputs,
            cell(outputs=[new_output("stream", name="stderr", text="warning")]),
            "stored stderr",
        ),
        (
            guards.outputs,
            cell(outputs=[new_output("error", ename="E", evalue="e")]),
            "a stored error",
        ),
    ],
)
def test_guards(tmp_path, guard, made, said):
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: made\n")
    nbformat.write(new_notebook(cells=[made]), tmp_path / "made.ipynb")
    found = guard(Book(tmp_path)).faults
    assert bool(found) == bool(said), found
    assert all(said in fault for fault in found[:1])


# --- The plugin ---------------------------------------------------------------


def test_the_plugin_knows_this_nbval():
    """It replaces two methods: they are there, and take what it gives them."""
    assert importlib.metadata.version("nbval") == "0.11.0"
    executing = inspect.signature(nbval_plugin.execute_without_history)
    assert [*executing.parameters] == ["self", "cell_input", "allow_stdin"]
    comparing = inspect.signature(nbval_plugin.compare_exactly)
    assert [*comparing.parameters] == ["self", "test", "ref", "skip_compare"]
    assert RunningKernel.execute_cell_input.__name__ == "execute_cell_input"
    assert IPyNbCell.compare_outputs.__name__ == "compare_outputs"


@pytest.mark.parametrize(
    ("new", "old", "same"),
    [
        ("loss 1.02", "loss 1.00", True),
        ("loss 1.2", "loss 1.0", False),
        ("loss 1.02, 3 epochs", "loss 1.00, 2 epochs", False),
        ("loss 1.02", "cost 1.00", False),
        ("loss 1.0 1.0", "loss 1.0", False),
        ("loss -1.0", "loss 1.0", False),
        ("torch 2.9.1", "torch 2.9.0", False),
    ],
)
def test_a_tolerance_is_for_decimals_only(new, old, same):
    assert (nbval_plugin.levelled(new, old, 0.05) == old) == same


def drawn(left=40, size=(200, 100), text="epoch", thick=3):
    """A picture with a word and a line at `left`, as a notebook stores it."""
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    pen.text((10, 10), text, "black")
    pen.line([(left, 0), (left, size[1])], "black", thick)
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    ("new", "same"),
    [
        (drawn(), True),
        (drawn(size=(202, 101)), True),
        (drawn(text="epochs"), True),
        (drawn(left=44), True),
        (drawn(left=60), False),
        (drawn(size=(300, 100)), False),
        (drawn(left=-9), False),
    ],
)
def test_pictures_are_compared_roughly(new, same):
    assert (nbval_plugin.gap(new, drawn()) <= nbval_plugin.GAP) == same


@pytest.mark.parametrize(("moved", "same"), [(3, True), (-3, True), (8, False)])
def test_a_part_of_a_picture_may_move_by_a_few_pixels(moved, same):
    gap = nbval_plugin.gap(drawn(40 + moved, thick=60), drawn(40, thick=60))
    assert (gap <= nbval_plugin.GAP) == same


PICTURE = 'display({"image/png": %r, "text/plain": "a picture"}, raw=True)'
NOTEBOOK = [
    cell("x = 1\nx;", 1),
    cell(
        "print(0.5 + 0.01)",
        2,
        ["nbval-rtol=0.05"],
        [new_output("stream", text="0.5\n")],
    ),
    cell("print(7)", 3, outputs=[new_output("stream", text="8\n")]),
    cell(
        "import time\nprint(time.time())",
        4,
        ["nbval-ignore-output", "uncompared:timing"],
        [new_output("stream", text="0.0\n")],
    ),
    *(
        cell(
            PICTURE % drawn(left),
            count,
            outputs=[
                new_output(
                    "display_data", {"image/png": drawn(), "text/plain": "a picture"}
                )
            ],
        )
        for count, left in ((5, 40), (6, 60))
    ),
]


def test_the_plugin_in_use(tmp_path):
    """A real run: `;` hides a result, a tolerance holds, differences fail."""
    path = tmp_path / "made.ipynb"
    nbformat.write(new_notebook(cells=NOTEBOOK), path)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--nbval"]
    command += ["--nbval-current-env", "-p", "tools.nbval_plugin", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "2 failed, 4 passed" in done.stdout, done.stdout + done.stderr
    assert "nbval: cells compared 5, ignored 1 (timing 1), notebooks 1" in done.stdout
