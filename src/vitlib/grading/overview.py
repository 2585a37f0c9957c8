"""What the instructor gets: a table of grades and a summary of the class."""

import csv
import io
import re
import statistics
from collections import Counter, defaultdict
from pathlib import Path

from vitlib.grading.reports import UNSAFE, safe, title, whole


def write(out, results):
    """Write `grades.csv` and `summary.md`."""
    # With the mark, spreadsheet programs take it for UTF-8 and show Korean.
    whole(Path(out) / "grades.csv", grades(results), encoding="utf-8-sig")
    whole(Path(out) / "summary.md", summary(results))


def grades(results):
    """A row for each student, as CSV."""
    ids = [entry["exercise"] for entry in results[0]["exercises"]] if results else []
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["student", "file", *ids, "total", "max", "notes"])
    for result in results:
        points = {entry["exercise"]: entry["points"] for entry in result["exercises"]}
        rows.writerow(
            [
                field(result["student"]),
                field(result["file"]),
                *(f"{points[id]:g}" for id in ids),
                f"{result['points']:g}",
                f"{result['most']:g}",
                field("; ".join(remarks(result))),
            ]
        )
    return text.getvalue()


def field(text):
    """A text that no spreadsheet takes for a formula."""
    text = "".join(c if c.isprintable() else " " for c in str(text))
    return f"'{text}" if text.lstrip()[:1] in set("=+-@") else text


def remarks(result):
    """What an instructor should know of a result, both languages."""
    found = []
    if result["files"] > 1:
        found.append(f"latest of {result['files']} files | 파일 {result['files']}개")
    if result["fault"]:
        found.append("GRADE BY HAND | 직접 채점하세요")
    if result["isolation"] == "none":
        found.append("no sandbox | 샌드박스 없음")
    for entry in result["exercises"]:
        if entry["state"] in ("stopped", "missing"):
            found.append(f"{entry['exercise']}: {entry['en']} | {entry['ko']}")
    # One reason for all exercises is told once.
    return list(dict.fromkeys(re.sub(r"^[\w.]+: (?=The (?:note|file)|This)", "", text)
                              for text in found))  # fmt: skip


def summary(results):
    """The class in a page: means, how often each exercise was right, what was heard."""
    if not results:
        return "# No submissions | 제출물이 없습니다\n"
    points = [result["points"] for result in results]
    mean, most = statistics.mean(points), results[0]["most"]
    lines = [
        f"# {safe(results[0]['assignment'])}",
        f"{len(results)} submissions, mean {mean:.1f} of {most:g} points.",
        f"제출물 {len(results)}개, 평균 {most:g}점 중 {mean:.1f}점입니다.",
    ]
    if any(result["isolation"] == "none" for result in results):
        lines += [f"> **{text}**" for text in UNSAFE]
    lines += ["\n".join(_table(results)), *_heard(results), *_by_hand(results)]
    return "\n\n".join(lines) + "\n"


def _table(results):
    yield "| exercise · 문제 | right · 정답 | wrong · 오답 | no answer · 무응답 |"
    yield "|---|---|---|---|"
    for i, entry in enumerate(results[0]["exercises"]):
        states = Counter(result["exercises"][i]["state"] for result in results)
        wrong = states["wrong"] + states["stopped"]
        without = states["unanswered"] + states["missing"]
        name = title(entry).replace(" | ", " · ")
        yield f"| {name} | {states['right']} | {wrong} | {without} |"


def _heard(results):
    """How often each sentence about a mistake was heard, the most frequent first."""
    lines = ["## What was heard | 자주 나온 지적"]
    by_exercise = defaultdict(Counter)
    words = {}
    for result in results:
        for entry in result["exercises"]:
            if entry["state"] in ("wrong", "stopped"):
                key = _kind(entry["en"])
                by_exercise[entry["exercise"]][key] += 1
                words.setdefault((entry["exercise"], key), entry)
    for exercise in sorted(by_exercise):
        lines.append(f"### {exercise}")
        for key, count in by_exercise[exercise].most_common():
            entry = words[exercise, key]
            lines.append(f"- {count} × {safe(entry['en'])}\n  {safe(entry['ko'])}")
    return lines if by_exercise else []


def _kind(sentence):
    """A sentence without what differs from case to case: numbers, texts of errors."""
    if stopped := re.match(r"Your code stopped with \w+", sentence):
        return stopped[0]
    return re.sub(r"\d+(?:[.,]\d+)*", "#", sentence)


def _by_hand(results):
    """The submissions that the grader could not judge."""
    students = [safe(result["student"]) for result in results if result["fault"]]
    if not students:
        return []
    return [
        "## To grade by hand | 직접 채점할 제출물",
        "\n".join(f"- {student}" for student in students),
    ]
