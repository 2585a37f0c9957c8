"""Run notebooks from the top and store what they print: `python -m tools.run NAME ...`.

Writes `book/NAME.ipynb` only if every cell ran.
"""

import argparse
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tools import exercises
from tools.book import Notebook, write
from tools.status import note_run

BOOK = Path(__file__).parents[1] / "book"
TIMEOUT = 3600  # seconds a cell; what nbval grants is a test's business


def run(path):
    """Execute one notebook in place, note when, and leave out each cell's times."""
    page = Notebook(path)
    list(exercises.renew(page))  # its cells, if they are made from a source
    notebook = page.nb
    start = time.perf_counter()
    NotebookClient(
        notebook,
        coalesce_streams=True,  # one text, however the kernel sent it
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # clock times
    notebook.metadata["language_info"] = {"name": "python"}  # no exact version
    note_run(notebook, time.perf_counter() - start)
    write(path, nbformat.writes(notebook).rstrip("\n") + "\n")


def main():
    known = sorted(path.stem for path in BOOK.glob("*.ipynb"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=known, metavar="NAME")
    for name in parser.parse_args().names:
        start = time.perf_counter()
        try:
            run(BOOK / f"{name}.ipynb")
        except CellExecutionError as error:
            raise SystemExit(f"{name}: not written, a cell failed\n{error}") from None
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
