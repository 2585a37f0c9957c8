"""Check the whole book: the program behind `make test`.

Every stage runs even if an earlier one failed, so that one run shows all faults.
The table at the end says what was covered: each test marked `counted("wrong calls")`
counts as one, and a test that tells "pairs 143/143" (tests/conftest.py) as many.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
PYTHON = sys.executable
RUFF = [PYTHON, "-m", "ruff"]
PYTEST = [PYTHON, "-m", "pytest", "-p", "no:cacheprovider", "-rfEs"]
# Seconds a cell may take; the long runs of the full profile need an hour.
CELL_TIMEOUT = {"quick": 300, "full": 3600}
TOLD = re.compile(r"(.+?) (\d+)/(\d+)")


@dataclass
class Stage:
    """One part of the check, and what came of it."""

    name: str
    title: str
    commands: list  # each a list of words
    tests: bool = False  # whether the commands are pytest, and are counted
    seconds: float = 0.0
    ok: bool = True
    counts: Counter = field(default_factory=Counter)
    covered: dict = field(default_factory=dict)  # what -> (how many, of how many)

    def run(self, environment, reports):
        """Run all commands; a command that fails doesn't stop the next."""
        start = time.perf_counter()
        for command in self.commands:
            if self.tests:
                report = Path(reports) / f"{self.name}.xml"
                command = [*command, f"--junitxml={report}"]
            print(f"$ {' '.join(shorten(command))}", flush=True)
            code = subprocess.run(command, cwd=ROOT, env=environment).returncode
            self.ok = self.ok and code == 0
            if self.tests and report.exists():
                self.read(report)
        # A test that was skipped checked nothing.
        self.ok = self.ok and not self.counts["skipped"]
        self.ok = self.ok and all(
            done == whole for done, whole in self.covered.values()
        )
        if not self.ok and not self.counts["failed"]:
            self.counts["failed"] = 1  # not a test's failure, but one to count
        self.seconds = time.perf_counter() - start

    def read(self, report):
        """Take counts and covered parts from pytest's report."""
        root = ElementTree.parse(report).getroot()
        for case in root.iter("testcase"):
            result = outcome(case)
            self.counts[result] += 1
            for item in case.iter("property"):
                name, value = item.get("name"), item.get("value")
                if name == "counted":
                    self.cover(value, result == "passed", 1)
                elif name == "told" and (told := TOLD.match(value)):
                    self.cover(told[1], int(told[2]), int(told[3]))
        if self.name == "notebooks":
            count_notebooks(self, root)
        self.ok = self.ok and all(
            done == whole for done, whole in self.covered.values()
        )

    def cover(self, what, done, whole):
        """Add to a row of the closing table."""
        before = self.covered.get(what, (0, 0))
        self.covered[what] = (before[0] + done, before[1] + whole)


def outcome(case):
    """ "passed", "failed" or "skipped" for a test case of a JUnit report."""
    kinds = {child.tag for child in case}
    if kinds & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in kinds else "passed"


def count_notebooks(stage, report):
    """Count the book's notebooks, and their code cells, that passed under nbval."""
    passed = Counter(
        case.get("classname").split(".")[-2]  # book.vit.ipynb
        for case in report.iter("testcase")
        if outcome(case) == "passed"
    )
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf8"))["cells"]
        tags = [
            cell["metadata"].get("tags", [])
            for cell in cells
            if cell["cell_type"] == "code"
        ]
        run = sum("nbval-skip" not in each for each in tags)
        stage.cover("notebooks", passed[path.stem] >= run, 1)
        stage.cover("code cells", passed[path.stem], run)


def shorten(command):
    """The command as a person would type it."""
    return ["python" if word == PYTHON else word for word in command]


def stages(profile):
    nbval = [
        *PYTEST, "book/", "--nbval", "--nbval-current-env",
        f"--nbval-cell-timeout={CELL_TIMEOUT[profile]}", "-p", "tools.nbval_plugin",
    ]  # fmt: skip
    return [
        Stage(
            "lint",
            "Python files and notebooks | 파이썬 파일과 노트북의 코드",
            [[*RUFF, "check", "."], [*RUFF, "format", "--check", "."]],
        ),
        Stage(
            "sync",
            "What notebooks take from elsewhere | 노트북이 가져다 쓰는 코드와 숫자",
            [[PYTHON, "-m", "tools.sync", "--check"]],
        ),
        Stage(
            "package",
            "The package, the text, the tests themselves | 패키지, 글, 테스트",
            [[*PYTEST, "tests", "--ignore=tests/pages"]],
            tests=True,
        ),
        Stage(
            "notebooks",
            "Every cell of every notebook | 노트북의 모든 셀",
            [nbval],
            tests=True,
        ),
        Stage(
            "build",
            "The book, built anew, warnings are errors | 책을 새로 빌드(경고도 오류로)",
            [["jupyter-book", "build", ".", "--all", "-W", "-n", "--keep-going"]],
        ),
        Stage(
            "pages",
            "The built pages in a browser | 브라우저에서 본 페이지",
            [[*PYTEST, "tests/pages"]],
            tests=True,
        ),
    ]


def environment(profile):
    """The variables under which the book is checked, the same for everybody."""
    result = os.environ | {"VITLIB_QUIET": "1", "VITLIB_PROFILE": profile}
    result["PATH"] = f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}"
    result.pop("VITLIB_STRICT", None)
    if profile == "full":
        result["VITLIB_STRICT"] = "1"
    else:
        result["CUDA_VISIBLE_DEVICES"] = ""  # quick means: as on a CPU
    return result


def clock(seconds):
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


def table(done):
    """The closing table, a line for each stage."""
    lines = [f"{'stage':<10} {'result':<7} {'time':>12}  covered"]
    for stage in done:
        tests = [f"{n} {kind}" for kind, n in sorted(stage.counts.items()) if n]
        parts = [f"{what} {a}/{b}" for what, (a, b) in sorted(stage.covered.items())]
        lines.append(
            f"{stage.name:<10} {'ok' if stage.ok else 'FAILED':<7} "
            f"{clock(stage.seconds):>12}  {', '.join(tests + parts)}".rstrip()
        )
    seconds = sum(stage.seconds for stage in done)
    return [*lines, f"{'all':<18} {clock(seconds):>12}"]


def main():
    names = [stage.name for stage in stages("quick")]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", choices=[*CELL_TIMEOUT], default="quick")
    parser.add_argument("only", nargs="*", metavar="STAGE", help=", ".join(names))
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.only if name not in names]:
        parser.error(f"unknown {', '.join(unknown)}; known: {', '.join(names)}")
    chosen = [
        s for s in stages(arguments.profile) if s.name in (arguments.only or names)
    ]
    with tempfile.TemporaryDirectory() as reports:
        for number, stage in enumerate(chosen, start=1):
            print(f"\n== {number}/{len(chosen)} {stage.name}: {stage.title}")
            if stage.name == "build":  # no page may be left over from before
                shutil.rmtree(ROOT / "_build" / "html", ignore_errors=True)
            stage.run(environment(arguments.profile), reports)
            print(f"== {stage.name}: {clock(stage.seconds)}", flush=True)
    print("\n" + "\n".join(table(chosen)))
    total = sum((stage.counts for stage in chosen), Counter())
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}")
    return 0 if all(stage.ok for stage in chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
