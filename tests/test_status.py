"""The status page says what the notebooks say: when they ran, what is compared."""

import datetime
import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import run, status
from tools.book import ROOT, Book, SyncError

PAIR = """<div lang="en">

- `half(x)`: a half.

</div>
<div lang="ko">

- `half(x)`: 절반입니다.

</div>"""


@pytest.fixture
def book(tmp_path):
    """A book of one notebook that has not run."""
    (tmp_path / "book" / "results").mkdir(parents=True)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/one\n")
    cells = [
        new_markdown_cell("# One | 하나"),
        new_code_cell("def half(x):\n    return x / 2"),
        new_markdown_cell(PAIR),
        new_code_cell("assert half(4) == 2\nprint('half of 4 is 2')"),
        new_code_cell(
            "import time",
            metadata={"tags": ["nbval-ignore-output", "uncompared:timing"]},
        ),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "book" / "one.ipynb")
    return tmp_path


def test_a_notebook_that_never_ran_is_an_error(book):
    with pytest.raises(SyncError, match="one: no run is noted"):
        status.table(Book(book))


def test_a_run_is_noted_and_the_page_shows_it(book):
    run.run(book / "book" / "one.ipynb")
    text = status.table(Book(book))
    (noted,) = [n.nb.metadata["run"] for n in Book(book).notebooks]
    assert noted["seconds"] >= 0
    assert noted["machine"] in text
    assert f"torch {noted['versions']['torch']}" in text
    row = f"{noted['date']} | {noted['seconds']} | 2/3 | 1 | 1 | 1 | 0 |"
    assert text.count(row) == 1, text


def test_every_notebook_of_the_book_has_run(tell):
    notebooks = Book().notebooks
    noted = [n for n in notebooks if n.nb.metadata.get("run")]
    tell(f"notebooks with a noted run {len(noted)}/{len(notebooks)}")
    assert noted == notebooks
    slow = {n.name: n.nb.metadata["run"]["seconds"] for n in noted}
    assert max(slow.values()) <= 120, slow


def test_the_run_of_every_notebook_is_that_of_the_tested_versions():
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text().split()
        if "==" in line
    )
    for notebook in Book().notebooks:
        run = notebook.nb.metadata["run"]
        for name in status.PACKAGES:
            assert run["versions"][name].split("+")[0] == pins[name], notebook.name
        assert datetime.date.fromisoformat(run["date"]) <= datetime.date.today()


def test_the_hours_are_those_of_the_results():
    files = (ROOT / "book" / "results").glob("*.json")
    seconds = sum(json.loads(f.read_text("utf-8"))["seconds"] for f in files)
    page = (ROOT / "book" / "status.md").read_text(encoding="utf-8")
    assert f"{round(seconds / 3600)} hours" in page
    assert '<span lang="en">law cells</span> <span lang="ko">법칙 셀</span>' in page


def test_the_page_shows_what_the_benchmarks_left(tmp_path):
    assert status.speed(tmp_path) == ""
    cases = {
        "theirs": {"ms": 300.0, "ratio": [1.5, 1.25, 2.0]},
        "products of ours": {"ms": 100.0, "ratio": [0.5, 0.4, 0.6]},
    }
    result = {
        "date": "2026-01-02", "conditions": "a card", "reference": "ours",
        "tables": {"inference, float32": cases},
    }  # fmt: skip
    folder = tmp_path / "benchmarks" / "results"
    folder.mkdir(parents=True)
    for device in ("cpu", "cuda"):
        (folder / f"{device}.json").write_text(json.dumps(result))
    text = status.speed(tmp_path)
    assert text.count("a card, 2026-01-02") == 2
    assert text.count("| theirs | 300 (1.50; 1.25–2.00) |") == 2
    assert text.count('<span lang="ko">행렬 곱:</span> ours | 100 (0.50; ') == 2
    assert text.count('<span lang="ko">추론</span>, float32') == 2
    assert text.count("how many times that of `ours`") == 1
