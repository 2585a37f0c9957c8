"""Who is in the class: `roster.csv`, and which variant each student gets."""

import csv
import hashlib
import io
import unicodedata
from pathlib import Path

from tools.offline import Trouble

COLUMN = "student"
# First cells that are a heading and not somebody.
HEADINGS = {COLUMN, "students", "id", "name", "login", "user", "username", "email"}
HEADINGS |= {"student id", "student_id", "sis login id", "학번", "이름", "학생"}
FORBIDDEN = set('/\\:*?"<>|')  # in a file's name, on some system


def variant_of(variant, student):
    """The variant of a student's own copy: the same each time, and never 0."""
    key = f"{variant}/{student}".encode()
    return int(hashlib.sha256(key).hexdigest(), 16) % 999_999 + 1


def read_roster(path):
    """The students of a CSV file, in order: its column `student`, or the first one.

    Raises:
        Trouble: the file cannot be read, is empty, or has an id twice or one that
            cannot name a folder.
    """
    if path is None:
        return []
    rows = _rows(path)
    first = [cell.lower() for cell in rows[0][1]] if rows else []
    at = first.index(COLUMN) if COLUMN in first else 0
    if first and (COLUMN in first or first[0] in HEADINGS):
        rows = rows[1:]
    if not rows:
        raise Trouble(f"{path}: no student in it", f"{path}: 학생이 없습니다")
    students = {}
    for number, row in rows:
        student = row[at] if at < len(row) else ""
        if why := _unfit(student):
            raise Trouble(
                f"{path}, line {number}: {student!r} cannot name a folder: {why[0]}",
                f"{path} {number}번째 줄: {student!r}은(는) 폴더 이름으로 쓸 수 "
                f"없습니다. {why[1]}",
            )
        if student.casefold() in students:
            raise Trouble(
                f"{path}, line {number}: {student!r} is there twice",
                f"{path} {number}번째 줄: {student!r}이(가) 두 번 나옵니다",
            )
        students[student.casefold()] = student
    return list(students.values())


def _rows(path):
    """[(line, cells)] of the rows that hold something."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise Trouble(
            f"{path}: cannot be read: {error.strerror}",
            f"{path}: 읽을 수 없습니다: {error.strerror}",
        ) from None
    for encoding in ("utf-8-sig", "cp949"):  # what spreadsheet programs write
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Trouble(
            f"{path}: save the table as CSV in UTF-8",
            f"{path}: 표를 UTF-8 CSV로 저장하세요",
        )
    text = unicodedata.normalize("NFC", text)
    head = text.partition("\n")[0]
    delimiter = next((d for d in ",;\t" if d in head), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    return [(number, row) for number, row in rows if any(row)]


def _unfit(student):
    """Why an id cannot be the name of a folder, in both languages; None if it can."""
    if not student:
        return "it is empty", "비어 있습니다."
    bad = FORBIDDEN & set(student)
    if bad:
        listed = " ".join(sorted(bad))
        return f"it holds {listed}", f"{listed} 기호가 들어 있습니다."
    if student.startswith(".") or student.endswith("."):
        return "it begins or ends with a dot", "점으로 시작하거나 끝납니다."
    if not student.isprintable() or len(student.encode()) > 120:
        return "it is too long or unprintable", "너무 길거나 인쇄할 수 없습니다."
    return None
