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

SPEED = """

## Speed | 속도

<div lang="en">

One Vision Transformer of the size of D2L's run, as five libraries write it, on a
batch of 128 images. All cases ran in turn, round by round. Each has its median in
milliseconds and, in brackets, how many times that of `{reference}` it took: median,
least and largest over the rounds. *Products* are the bare matrix products of a model
and nothing else. `make bench` measures anew.

</div>
<div lang="ko">

D2L의 실행과 크기가 같은 비전 트랜스포머를 라이브러리 다섯 개로 만들어, 이미지
128장짜리 배치로 재었습니다. 모두 한 번씩 번갈아 돌리기를 되풀이했습니다. 표에는 걸린
시간의 중앙값을 밀리초로 적고, 괄호 안에 `{reference}`의 몇 배인지 적었습니다. 차례로
중앙값, 최솟값, 최댓값입니다. *행렬 곱*(products)은 모델의 행렬 곱만 따로
계산한 것입니다. 다시 재려면 `make bench`를 실행하세요.

</div>
"""
TITLES = {"training step": "학습 한 스텝", "inference": "추론"}


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
    names = [_both(english, korean) for english, korean in COLUMNS.items()]
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
    ) + speed(book.root)  # fmt: skip


def speed(root):
    """The tables that `make bench` has left, one for each kind of device."""
    files = sorted((root / "benchmarks" / "results").glob("*.json"))
    found = [json.loads(path.read_text("utf-8")) for path in files]
    text = SPEED.format(reference=found[0]["reference"]) if found else ""
    return text + "".join(f"\n{_measured(result)}\n" for result in found)


def _measured(result):
    """One device's table, a row for each case, a column for each title."""
    tables = result["tables"]
    heads = ["", *map(_title, tables)]
    rows = [heads, ["---"] * len(heads)]
    for case in next(iter(tables.values())):
        row = [case.replace("products of", _both("products of", "행렬 곱:"))]
        for cases in tables.values():
            middle, least, most = cases[case]["ratio"]
            row.append(
                f"{cases[case]['ms']:.4g} ({middle:.2f}; {least:.2f}–{most:.2f})"
            )
        rows.append(row)
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"{result['conditions']}, {result['date']}", "", *lines])


def _title(title):
    what, number = title.split(", ")
    return f"{_both(what, TITLES[what])}, {number}"


def _both(english, korean):
    return f'<span lang="en">{english}</span> <span lang="ko">{korean}</span>'


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
