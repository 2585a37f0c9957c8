"""How long `vitlib-grade` takes for a class: `python benchmarks/grade_200.py [COUNT]`.

Makes submissions of `block`, most of them right or wrong in known ways, some empty,
some hostile, grades them, and prints the time and what became of each kind.
"""

import json
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import submissions  # noqa: E402

from vitlib.grading import cli  # noqa: E402

KINDS = ["right"] * 4 + ["mistakes"] * 3 + ["stub", "half", "hostile"]


def main(count=200):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        print(submissions.class_of(folder / "in", count), flush=True)
        bundle = submissions.write(folder / "b.json", submissions.bundle())
        start = time.perf_counter()
        arguments = [str(folder / "in"), "--bundle", str(bundle)]
        code = cli.main([*arguments, "--out", str(folder / "out"), "--jobs", "2"])
        seconds = time.perf_counter() - start
        points = defaultdict(list)
        for path in sorted((folder / "out").glob("*/result.json")):
            result = json.loads(path.read_text(encoding="utf-8"))
            kind = KINDS[int(result["student"].removeprefix("student")) % 10]
            points[kind].append(result["points"])
    for kind, found in points.items():
        print(f"{kind:9} {len(found):4} graded, points {min(found)} to {max(found)}")
    print(f"{count} submissions in {seconds / 60:.1f} min, exit status {code}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
