"""Check the book with each Python and PyTorch it promises: `make versions`.

Every cell of the matrix is an environment in build/versions/, in which the stages of
`make test` run. A cell that cannot be set up, and a stage without a result, are NOT
RUN, and that is a failure: nothing that was left out is green.
"""

import argparse
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

from tools.verify import ROOT, stages

FOLDER = ROOT / "build" / "versions"
# A row of verify's table, up to the counts of its tests.
RESULT = re.compile(
    r"(\w+) +(ok|FAILED) +\d+ min \d+ s(?:,? +\d+ (?:passed|failed|skipped)\b)*"
)
VERSIONS = "import platform, torch; print(platform.python_version(), torch.__version__)"


@dataclass(frozen=True)
class Cell:
    """A Python, looked up as python3.11, and what to demand of PyTorch."""

    python: str
    oldest: bool = False  # the lower bounds; otherwise what constraints.txt says


MATRIX = {
    "3.11-oldest": Cell("3.11", oldest=True),
    "3.11": Cell("3.11"),
    "3.12": Cell("3.12"),
    "3.13": Cell("3.13"),
}


class NotRun(Exception):
    """A cell that could not be set up, and why."""


def constraints(cell):
    """The lines of constraints.txt, with the oldest PyTorch where the cell wants it."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    if not cell.oldest:
        return text
    lists = {"torch": "pyproject.toml", "torchvision": "requirements.txt"}
    for name, file in lists.items():
        bounds = (ROOT / file).read_text(encoding="utf-8")
        (bound,) = re.findall(rf"\b{name}>=([\d.]+)", bounds)
        text, count = re.subn(rf"(?m)^{name}==.*$", f"{name}=={bound}", text)
        if count != 1:
            raise ValueError(f"constraints.txt: {count} lines for {name}, expected 1")
    return text


def set_up(name, cell):
    """Make the environment, or bring it up to date; returns its Python.

    Raises:
        NotRun: there is no such Python, or pip finds no such versions.
    """
    base = shutil.which(f"python{cell.python}")
    if base is None:
        raise NotRun(f"no python{cell.python} on PATH")
    folder = FOLDER / name
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    FOLDER.mkdir(parents=True, exist_ok=True)
    pins = FOLDER / f"{name}.txt"
    pins.write_text(constraints(cell), encoding="utf-8")
    for command in [
        [base, "-m", "venv", folder],
        [*pip, "-r", "requirements.txt", "-c", pins, "-e", "."],
        [*pip, "--no-deps", "d2l==1.0.3"],
    ]:
        if subprocess.run(command, cwd=ROOT).returncode:
            raise NotRun(f"failed: {' '.join(map(str, command))}")
    return python


def check(name, cell, wanted):
    """Run the wanted stages in a cell: whether all passed, and its rows.

    Its whole output is printed, and kept in build/versions/NAME.log.
    """
    try:
        python = set_up(name, cell)
        done = subprocess.run([python, "-c", VERSIONS], capture_output=True, text=True)
        if done.returncode:
            raise NotRun(done.stderr.strip().splitlines()[-1])
    except NotRun as reason:
        return False, [f"{name:<12} NOT RUN: {reason}"]
    label = "{:<12} {:<7} torch {:<12}".format(name, *done.stdout.split())
    found = {}
    with (FOLDER / f"{name}.log").open("w", encoding="utf-8") as log:
        run = subprocess.Popen(
            [python, "-m", "tools.verify", *wanted],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
        for line in run.stdout:
            print(line, end="", flush=True)
            log.write(line)
            if row := RESULT.match(line):
                found[row[1]] = row
    rows = [
        f"{label} {found[s][0] if s in found else f'{s:<10} NOT RUN'}" for s in wanted
    ]
    ok = all(stage in found and found[stage][2] == "ok" for stage in wanted)
    return run.wait() == 0 and ok, rows


def main():
    every = [stage.name for stage in stages("quick")]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cells", nargs="*", metavar="CELL", help=", ".join(MATRIX))
    parser.add_argument("--only", default="", help="stages, as in make test ONLY=")
    arguments = parser.parse_args()
    cells = arguments.cells or list(MATRIX)
    wanted = arguments.only.split() or every
    for kind, known, given in [("cell", MATRIX, cells), ("stage", every, wanted)]:
        if unknown := [name for name in given if name not in known]:
            parser.error(f"no {kind} {', '.join(unknown)}; known: {', '.join(known)}")
    results = {}
    for name in cells:
        print(f"\n==== {name}", flush=True)
        results[name] = check(name, MATRIX[name], wanted)
    print()
    for _, rows in results.values():
        print(*rows, sep="\n")
    passed = sum(ok for ok, _ in results.values())
    print(f"{passed} of {len(results)} environments passed: {', '.join(wanted)}")
    for what, left in [
        ("environments", [name for name in MATRIX if name not in cells]),
        ("stages", [name for name in every if name not in wanted]),
    ]:
        if left:
            print(f"{what} left out: {', '.join(left)}")
    return 0 if passed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
