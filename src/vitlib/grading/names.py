"""Who handed in which file: the names that course systems give to submissions.

| system | name |
|---|---|
| Canvas | `leeann_12345_67890_block.ipynb`, `_LATE_` after the name, `-1` at the end |
| Moodle | `Ann Lee_123456_assignsubmission_file_/block.ipynb` |
| Gradescope | `submission_123456789/block.ipynb`, names in `submission_metadata.yml` |
| Google Classroom | `Ann Lee - block.ipynb` |
| plain | `ann.ipynb`, `ann/block.ipynb` |
"""

import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

COUNTED = re.compile(r"(?:-(\d{1,2})| ?\((\d{1,2})\))$")  # block-1, block (1)
CANVAS = re.compile(r"([^_]+?)(?:_LATE)?_(\d+)_(\d+)_(.+)")
MOODLE = re.compile(r"(.+)_(\d+)_assignsubmission_(?:file|onlinetext)_?(.*)")
GRADESCOPE = re.compile(r"submission_(\d+)")
CLASSROOM = re.compile(r"(.+) - (.+)")
METADATA = "submission_metadata.yml"
PASSED_OVER = {METADATA, ".DS_Store", "Thumbs.db", "desktop.ini"}
HANDED_IN = {".ipynb", ".zip", ".py", ".html", ".pdf", ".json", ""}  # beside folders


@dataclass(frozen=True)
class Found:
    """A file that somebody handed in.

    Args:
        student: a name for the results, unique among students.
        names: what the list of variants may call the student.
        attempt: which of several hand-ins it is, as its name tells.
    """

    path: Path
    student: str
    names: tuple
    system: str
    attempt: int = 0
    among: int = 1  # files of this student


def files(folder, leave_out=()):
    """All files and links below a folder, in order; folders that are links are not
    entered."""
    for here, folders, names in os.walk(folder):
        inside = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        links = [name for name in inside if (Path(here) / name).is_symlink()]
        folders[:] = sorted(
            name
            for name in inside
            if name not in links and (Path(here) / name).resolve() not in leave_out
        )
        for name in sorted([*names, *links]):
            if name not in PASSED_OVER and not name.startswith("."):
                yield Path(here) / name


def collect(folder, assignment, leave_out=()):
    """The latest file of each student, and the files that are nobody's.

    Args:
        folder: where the submissions are.
        assignment: its name; of several notebooks, one of this name is preferred.
        leave_out: folders that are not looked into, such as that of the results.
    """
    folder = Path(folder)
    known = gradescope(folder)
    groups, ignored = {}, []
    for path in files(folder, {Path(other).resolve() for other in leave_out}):
        parts = path.relative_to(folder).parts
        if len(parts) == 1 and path.suffix.lower() not in HANDED_IN:
            ignored.append(path)
            continue
        found = identify(path, parts, known)
        groups.setdefault(found.student, []).append(found)

    def worth(found):
        stem = found.path.stem
        notebook = found.path.suffix.lower() == ".ipynb"
        time = found.path.lstat().st_mtime_ns
        return notebook, assignment in stem, found.attempt, time, str(found.path)

    latest = []
    for group in groups.values():
        notebooks = [found for found in group if worth(found)[0]]
        best = max(notebooks or group, key=worth)
        latest.append(
            Found(
                *(best.path, best.student, best.names, best.system, best.attempt),
                among=max(len(notebooks), 1),
            )
        )
    return sorted(latest, key=lambda found: found.student), ignored


def identify(path, parts, known=None):
    """Who handed in a file, by its path below the folder of submissions.

    Args:
        parts: the parts of that path.
        known: what `gradescope` read.
    """
    parts = [clean(part) for part in parts]
    stem, attempt = parts[-1].rsplit(".", 1)[0], 0
    if counted := COUNTED.search(stem):
        attempt = int(counted[1] or counted[2])
    for part in parts:
        if fits := MOODLE.fullmatch(part):
            name, number = fits[1], fits[2]
            return Found(
                path, f"{name}_{number}", (name, number, part), "Moodle", attempt
            )
        if fits := GRADESCOPE.fullmatch(part):
            names = (*(known or {}).get(part, ()), part)
            student = f"{names[0]}_{fits[1]}" if len(names) > 1 else part
            return Found(path, student, names, "Gradescope", attempt)
    if fits := CANVAS.fullmatch(parts[-1]):
        name, number = fits[1], fits[2]
        return Found(path, f"{name}_{number}", (name, number), "Canvas", attempt)
    if len(parts) > 1:
        return Found(path, parts[0], (parts[0],), "plain", attempt)
    if fits := CLASSROOM.fullmatch(stem):
        return Found(path, fits[1], (fits[1],), "Classroom", attempt)
    name = re.sub(r" \(\d{1,2}\)$", "", stem) or "file"  # a browser's second download
    return Found(path, name, (name,), "plain", attempt)


def clean(text):
    """A name in one form of Unicode, without signs that are not printed."""
    text = text.encode("utf-8", "replace").decode()
    text = unicodedata.normalize("NFC", text)
    return "".join(c if c.isprintable() else "_" for c in text)


def gradescope(folder):
    """{"submission_1": (name, number, email)} from the files beside the submissions."""
    found = {}
    for path in sorted(Path(folder).rglob(METADATA)):
        if path.is_symlink() or path.stat().st_size > 20 << 20:
            continue
        here = None
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if head := re.fullmatch(r"['\"]?(submission_\d+)['\"]?:\s*", line):
                here = found.setdefault(head[1], [])
            fact = re.fullmatch(r"[\s-]+:(?:name|sid|email): *(.+)", line)
            if fact and here is not None:
                here.append(clean(fact[1].strip().strip("'\"")))
    return {key: tuple(names) for key, names in found.items()}


def folder_name(student):
    """A name as that of a folder: no way out of the results, no clash."""
    safe = re.sub(r"[^\w .@+-]", "_", student).strip(" .")[:80]
    if safe and safe == student and not safe.startswith("-"):
        return safe
    mark = hashlib.sha256(student.encode()).hexdigest()[:8]
    return f"{safe.strip(' .-') or 'student'}-{mark}"
