"""vitlib-grade: the grader's own part of a check, and what it writes."""

import csv
import io
import re

import pytest
import submissions
import torch

from vitlib.grading import bundle, judging, overview, reports


@pytest.fixture(scope="module")
def block(tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "block.grading.json"
    return bundle.read(submissions.write(path, submissions.bundle()))


# --- One check -----------------------------------------------------------------


def judged(block, exercise, answer, seed="s"):
    check = next(c for c in block.checks if c.exercise == exercise)
    return judging.ask(check, answer, block.space(0), seed, 60)


def right(X, num_heads):
    return X.unflatten(2, (num_heads, -1)).transpose(1, 2)  # (B, H, N, D/H)


def test_hidden_tests_are_asked_and_never_shown(block):
    def knows_the_check(X, num_heads):
        return right(X if X.shape[1] > 1 else 0 * X, num_heads)

    assert judged(block, "block.1", right)[0] == "right"
    state, en, ko = judged(block, "block.1", knows_the_check)
    assert (state, en, ko) == ("wrong", *judging.HIDDEN)


def test_the_same_seed_asks_the_same(block):
    seen = []

    def notes(X, num_heads):
        seen.append(X)
        return right(X, num_heads)

    for seed in ("a", "a", "b"):
        judged(block, "block.1", notes, seed)
    length = len(seen) // 3
    first, second, third = (seen[i * length : (i + 1) * length] for i in range(3))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[0].sum(), third[0].sum())


def test_a_check_that_cannot_run_is_no_fault_of_the_student(block):
    check = bundle.Cell("c", "check", "unknown(split_heads)", "block.1", "split_heads")
    with pytest.raises(judging.Fault, match="unknown"):
        judging.ask(check, right, block.space(0), "s", 60)


# --- What is written -----------------------------------------------------------------


def result(student="ann", state="wrong", en="no", ko="아니요", **more):
    entry = {
        "exercise": "block.1", "name": "f", "points": 0, "most": 2, "state": state,
        "en": en, "ko": ko, "title": {"en": "Heads", "ko": "헤드"},
    }  # fmt: skip
    return {
        "assignment": "block", "student": student, "file": "a.ipynb", "files": 1,
        "isolation": "bubblewrap", "points": 0, "most": 2, "fault": False,
        "exercises": [entry], "notes": [],
    } | more  # fmt: skip


def test_no_words_of_a_student_become_markup_or_formulas(tmp_path):
    bad = "<script>\n# 13/13 [x](http://a) ![y](z) **b** | \x1b[2J \ud800"
    made = result(student='=HYPERLINK("http://a")', en=bad, ko=bad, state="stopped")
    reports.write(tmp_path, made)
    page = (reports.place(tmp_path, made) / "report.md").read_text("utf-8")
    assert not re.search(r"<script|^# 13|(?<!\\)\[x|(?<!\\)!\[|\x1b", page, re.M)
    overview.write(tmp_path, [made])
    raw = (tmp_path / "grades.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows[0] == ["student", "file", "block.1", "total", "max", "notes"]
    assert not any(cell[:1] in ("=", "+", "-", "@") for row in rows for cell in row)
    assert rows[1][0] == "'" + made["student"]


def test_the_summary_counts_what_was_heard():
    several = [
        result("a", en="depends on 3 of the 9 tokens", ko="9개 가운데 3개"),
        result("b", en="depends on 18 of the 65 tokens", ko="65개 가운데 18개"),
        result("c", state="right", points=2),
        result("d", en="Your code stopped with KeyError: 'x'", fault=True),
    ]
    page = overview.summary(several)
    assert "- 2 × depends on 3 of the 9 tokens" in page
    assert "4 submissions, mean 0.5 of 2 points." in page
    assert "| block.1 Heads · 헤드 | 1 | 3 | 0 |" in page
    assert page.rstrip().endswith("- d")
    assert "GRADE BY HAND" in overview.grades(several)


def test_without_a_sandbox_every_report_says_so(tmp_path):
    unsafe = result(isolation="none")
    assert reports.UNSAFE[0] in reports.report(unsafe)
    assert reports.UNSAFE[1] in overview.summary([unsafe])
    assert reports.UNSAFE[0] in reports.gradescope(unsafe)["output"]
    assert "no sandbox" in overview.grades([unsafe])


def test_gradescopes_format():
    found = reports.gradescope(result())
    (test,) = found["tests"]
    assert found["score"] == 0
    assert (test["score"], test["max_score"], test["visibility"]) == (0, 2, "visible")
    assert test["name"] == "block.1 Heads | 헤드"


def test_a_generated_class_has_all_kinds(tmp_path):
    kinds = submissions.class_of(tmp_path, 20)
    assert kinds == {"right": 8, "mistakes": 6, "stub": 2, "half": 2, "hostile": 2}
    assert len([*tmp_path.glob("*/block.ipynb")]) == 20
