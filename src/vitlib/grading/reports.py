"""What each student gets: a report in both languages, and files for programs."""

import json
import os
import re
import tempfile
from pathlib import Path

from vitlib.grading.names import folder_name

MARKS = {
    "right": "✓", "wrong": "✗", "unanswered": "·", "missing": "·", "stopped": "✗",
    "fault": "?",
}  # fmt: skip
UNSAFE = (
    "This was graded without a sandbox: the notebook could reach the grader's machine.",
    "샌드박스 없이 채점했습니다. 노트북의 코드가 채점하는 컴퓨터에 손댈 수 있었습니다.",
)


def place(out, result):
    """The folder of a student's results."""
    return Path(out) / folder_name(result["student"])


def write(out, result):
    """Write all files of a result; `result.json` last, for it says they are there."""
    folder = place(out, result)
    folder.mkdir(parents=True, exist_ok=True)
    whole(folder / "report.md", report(result))
    whole(folder / "results.json", dumped(gradescope(result)))
    whole(folder / "result.json", dumped(result))


def known(out, head):
    """The result that is there for this head; None if it must be made (anew)."""
    try:
        found = json.loads((place(out, head) / "result.json").read_text("utf-8"))
        same = all(found[key] == value for key, value in head.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if same and not found.get("fault") else None


def whole(path, text, encoding="utf-8"):
    """Write a file under another name and rename it: whole or not at all."""
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(fd, "w", -1, encoding, "replace", "") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def dumped(value):
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def report(result):
    """The report in Markdown: points, and for each exercise what was heard."""
    points, most = f"{result['points']:g}", f"{result['most']:g}"
    lines = [
        f"# {safe(result['assignment'])}: {safe(result['student'])}",
        f"**{points} of {most} points · {most}점 중 {points}점**",
        f"File · 파일: {safe(result['file'])}",
    ]
    if result["files"] > 1:
        lines.append(
            f"Of {result['files']} files, the latest counts. "
            f"파일 {result['files']}개 가운데 마지막 것만 채점합니다."
        )
    if result["isolation"] == "none":
        lines += [f"> **{text}**" for text in UNSAFE]
    for entry in result["exercises"]:
        lines += [
            f"## {MARKS[entry['state']]} {title(entry)}: "
            f"{entry['points']:g} / {entry['most']:g}",
            safe(entry["en"]),
            safe(entry["ko"]),
        ]
    if result["notes"]:
        lines.append("## Other cells | 다른 셀")
        lines += [f"- {safe(en)}\n- {safe(ko)}" for en, ko in result["notes"]]
    return "\n\n".join(lines) + "\n"


def title(entry):
    """The name of an exercise, with its title in both languages."""
    names = [entry["title"].get(language) for language in ("en", "ko")]
    told = " | ".join(safe(name) for name in names if name)
    return f"{entry['exercise']} {told}".strip()


def safe(text):
    """A text that may hold a student's words, for a page: no markup, one line."""
    text = "".join(c if c.isprintable() else " " for c in str(text))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\[\]!|*~\\#]|(?<!\w)_|_(?!\w)|https?(?=:))", r"\\\1", text)


def gradescope(result):
    """The result as Gradescope's autograder reports one (`results.json`)."""
    warned = result["isolation"] == "none"
    return {
        "score": result["points"],
        "output": "\n".join(UNSAFE) if warned else "",
        "visibility": "visible",
        "tests": [
            {
                "name": title(entry),
                "score": entry["points"],
                "max_score": entry["most"],
                "output": f"{entry['en']}\n{entry['ko']}",
                "output_format": "text",
                "visibility": "visible",
            }
            for entry in result["exercises"]
        ],
    }
