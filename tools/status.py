"""The status page: when each notebook ran, on what, how long; what is compared.

`tools.run` notes the run in the notebook's metadata under "run"; the rest is
counted in the notebooks. `tools.sync` writes the page `book/status.md`.
"""

import datetime
import importlib.metadata
import json
import os
import platform
import re

from tools.book import Prose, SyncError, pair, tagged, tags

# Packages whose version may change what a notebook prints.
PACKAGES = ("torch", "torchvision", "numpy", "matplotlib", "ipykernel")

COLUMNS = {
    "notebook": "노트북",
    "last run": "마지막 실행",
    "seconds": "초",
    "cells compared": "비교하는 셀",
    "law cells": "법칙 셀",
    "annotated": "주석",
    "pairs": "글의 쌍",
    "figures": "그림",
}
AROUND = """\
{table}

<div lang="en">

Machine: {machines}. Versions: {versions}. Profile: quick.

Recorded runs took longer: {count} experiments, {hours} hours of computing in all.

</div>
<div lang="ko">

컴퓨터: {machines}. 버전: {versions}. 프로필: quick.

기록된 실행은 더 오래 걸렸습니다. 실험 {count}개에 모두 {hours}시간입니다.

</div>
"""


def note_run(notebook, seconds):
    """Write into a notebook's metadata when it ran, on what, and how long."""
    notebook.metadata["run"] = {
        "date": datetime.date.today().isoformat(),
        "seconds": round(seconds),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in PACKAGES},
        },
    }


def table(book):
    """What `book/status.md` holds between its two marks."""
    names = [
        f'<span lang="en">{english}</span> <span lang="ko">{korean}</span>'
        for english, korean in COLUMNS.items()
    ]
    rows, machines, versions = [names, ["---"] * len(names)], set(), set()
    for notebook in book.notebooks:
        run = notebook.nb.metadata.get("run")
        if run is None:
            raise SyncError(
                f"{notebook.name}: no run is noted, run `make run NAME={notebook.name}`"
            )
        rows.append(_row(notebook, run))
        machines.add(run["machine"])
        versions.add(", ".join(f"{k} {v}" for k, v in run["versions"].items()))
    results = sorted((book.root / "book" / "results").glob("*.json"))
    seconds = sum(json.loads(path.read_text("utf-8"))["seconds"] for path in results)
    return AROUND.format(
        table="\n".join(f"| {' | '.join(map(str, row))} |" for row in rows),
        machines="; ".join(sorted(machines)), versions="; ".join(sorted(versions)),
        count=len(results), hours=round(seconds / 3600),
    )  # fmt: skip


def _row(notebook, run):
    link = f"[{notebook.name}]({notebook.path.name})"
    if notebook.name.endswith("_solutions"):  # the site may be without them
        link = f"`{notebook.name}`"
    return [link, run["date"], run["seconds"], *count(notebook).values()]


def count(notebook):
    """What the tests look at in one notebook."""
    code = [c for c in notebook.cells if c.cell_type == "code"]
    pairs = [found for c in notebook.cells if (found := pair(c))]
    compared = [c for c in code if "nbval-ignore-output" not in tags(c)]
    laws = [c for c in code if not tagged(c, "vitlib:") and _asserts(c.source)]
    items = [
        block
        for english, _ in pairs
        for block in Prose.of(english).blocks
        if block.kind == "list_item" and re.match(r"`[^`]+`:", block.plain)
    ]
    return {
        "cells compared": f"{len(compared)}/{len(code)}",
        "law cells": len(laws),
        "annotated fragments": len(items),
        "pairs": len(pairs),
        "figures": sum("alt" in c.metadata for c in code),
    }


def _asserts(source):
    return re.search(r"^\s*assert\b|\bassert_close\(", source, re.M)
