"""One submission, from the file to its result, a plain dict."""

import hashlib
import time
from dataclasses import asdict

import vitlib
from vitlib.grading import notebook
from vitlib.grading.marking import Marking, Outcome

FORMAT = 1
ISOLATION = {True: "bubblewrap", False: "none"}
FAULT = (
    "The grader could not do its work here; grade this notebook again, or by hand.",
    "채점기가 제대로 작동하지 못했습니다. 이 노트북은 다시 채점하거나 직접 보세요.",
)


def look(path):
    """The content of a file and its SHA-256; None and the reason if it is unreadable.

    Returns:
        (content, digest, reason): `reason` is None or (English, Korean).
    """
    try:
        content = notebook.read(path)
    except notebook.Unreadable as error:
        return None, hashlib.sha256(repr(error.args).encode()).hexdigest(), error.args
    return content, hashlib.sha256(content).hexdigest(), None


def head(found, folder, bundle, isolated):
    """What a result says of the submission itself."""
    variant = bundle.variant_of((found.student, *found.names))
    return {
        "format": FORMAT,
        "assignment": bundle.assignment,
        "student": found.student,
        "file": str(found.path.relative_to(folder)).encode("utf-8", "replace").decode(),
        "system": found.system,
        "files": found.among,
        "variant": variant,
        "isolation": ISOLATION[isolated],
        "vitlib": vitlib.__version__,
        "bundle": bundle.digest,
        "submission": look(found.path)[1],
    }


def grade(found, folder, bundle, hire, limits, isolated):
    """The result of a submission; nothing that is in it makes this fail.

    Args:
        found: a `names.Found` below `folder`.
        hire, limits: as `marking.Marking` takes them.
    """
    began = time.monotonic()
    result = head(found, folder, bundle, isolated)
    content, _digest, reason = look(found.path)
    notes, fault = [], False
    try:
        if reason:
            raise notebook.Unreadable(*reason)
        steps, missing = notebook.plan(notebook.cells(content), bundle)
        if len(missing) == len(bundle.checks):
            raise notebook.Unreadable(
                "The notebook has none of the answer cells.",
                "노트북에 답을 쓰는 셀이 하나도 없습니다.",
            )
        key = f"{bundle.digest}{result['submission']}"
        variant = result["variant"]
        marking = Marking(bundle, steps, missing, variant, key, hire, limits)
        outcomes, notes = marking.outcomes(), marking.notes
        fault = any(outcome.state == "fault" for outcome in outcomes)
    except notebook.Unreadable as error:
        outcomes = nothing(bundle, "missing", error.args)
    except Exception as error:  # no sandbox, or a mistake of ours: never the run
        said = f"{type(error).__name__}: {error}"[:500]
        fault, notes = True, [[said, said]]
        outcomes = nothing(bundle, "fault", FAULT)
    seconds = round(time.monotonic() - began, 1)
    return finish(result, bundle, outcomes, notes, fault, seconds)


def nothing(bundle, state, words):
    """Outcomes without a point, all for the same reason."""
    return [
        Outcome(check.exercise, check.name, 0, check.points, state, *words)
        for check in bundle.checks
    ]


def finish(result, bundle, outcomes, notes, fault, seconds=0):
    """The head of a result, made whole."""
    titles = bundle.titles
    return result | {
        "points": sum(outcome.points for outcome in outcomes),
        "most": sum(outcome.most for outcome in outcomes),
        "fault": fault,
        "exercises": [
            asdict(outcome) | {"title": titles.get(outcome.exercise, {})}
            for outcome in outcomes
        ],
        "notes": notes,
        "seconds": seconds,
    }
