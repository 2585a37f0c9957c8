"""How an answer is judged: cases at random, and one sentence about what is wrong."""

import importlib
import os
import random
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from vitlib.exercises.draw import Draw

CHAPTERS = (
    "introduction", "patch_embedding", "mlp", "block", "vit", "training",
    "representation", "swin", "right_shape_wrong_model", "discussion",
)  # fmt: skip
LANGUAGES = ("en", "ko", "both")
NO_FUNCTION = (
    "Expected a function: write its name without parentheses.",
    "함수를 넘겨야 합니다. 괄호 없이 이름만 쓰세요.",
)
_EXERCISES = {}


class Wrong(Exception):
    """An answer is not right: what was seen, in English and in Korean.

    It names the likely misconception and never the answer.
    """

    def __init__(self, en, ko):
        super().__init__(en)
        self.en, self.ko = en, ko


class Unanswered(Exception):
    """The answer is still the stub."""


@dataclass(frozen=True)
class Exercise:
    """One exercise: `judge(answer, draw)` raises `Wrong` for a wrong answer."""

    id: str
    judge: object
    cases: int  # how often it is asked, each time with other inputs
    literal: bool  # whether the answer is a value and not a function
    constants: dict  # name -> the values that a variant chooses from


@dataclass(frozen=True)
class Verdict:
    """What became of one answer."""

    id: str
    right: bool
    answered: bool
    en: str
    ko: str

    def text(self, language):
        mark = f"{self.id} {'✓' if self.right else '✗' if self.answered else '·'}  "
        lines = {"en": [self.en], "ko": [self.ko], "both": [self.en, self.ko]}
        return "\n".join(mark + line for line in lines[language])


def exercise(id, cases=3, literal=False, **constants):
    """Register the function below as the check of the exercise `id`.

    Args:
        id: "CHAPTER.NUMBER", as in the book.
        cases: how many times one call of `check` asks, with fresh random inputs.
        literal: whether the answer is a value (a number, a list, a dict), not a
            function.
        constants: values that differ from variant to variant; the check receives
            the chosen ones by name.
    """

    def register(function):
        _EXERCISES[id] = Exercise(id, function, cases, literal, constants)
        return function

    return register


def check(id, answer, variant=0, lang=None):
    """Judge an answer and print the verdict.

    Args:
        id: the name of the exercise, such as "block.1".
        answer: what the task asks for: a function, a number, a text, ...
        variant: the number of your copy of the exercises.
        lang: "en", "ko" or "both"; else what `VITLIB_LANG` says, else both.

    Raises:
        ValueError: no such exercise or language.
    """
    language = lang or os.environ.get("VITLIB_LANG") or "both"
    if language not in LANGUAGES:
        raise ValueError(f"lang must be one of {[*LANGUAGES]}, got {language!r}")
    print(examine(id, answer, variant).text(language))


def examine(id, answer, variant=0, seed=None, cases=None):
    """Judge an answer and return the `Verdict`; the same for the same `seed`."""
    task = find(id)
    seed = random.randrange(2**32) if seed is None else seed
    cases = task.cases if cases is None else cases
    constants = given(id, variant) if task.constants else {}
    try:
        if _empty(answer):
            raise Unanswered
        if not (callable(answer) or task.literal):
            raise Wrong(*NO_FUNCTION)
        with _one_thread():
            for case in range(cases):
                draw = Draw(f"{seed}/{case}")
                task.judge(_guarded(answer), draw, **constants)
    except Unanswered:
        text = "not answered yet", "아직 답하지 않았습니다"
        if isinstance(answer, dict) and (blank := _blank(answer)):
            text = f"{text[0]}: {blank}", f"{text[1]}: {blank}"
        return Verdict(id, False, False, *text)
    except Wrong as wrong:
        return Verdict(id, False, True, wrong.en, wrong.ko)
    text = "right", "맞습니다"
    if callable(answer):
        text = f"right, on {cases} random cases", f"맞습니다(무작위 입력 {cases}가지)"
    return Verdict(id, True, True, *text)


@contextmanager
def _one_thread():
    """Small tensors are faster on one: several only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def given(id, variant=0):
    """The constants of an exercise in one variant, as a dict.

    Variant 0 is the book's own; an instructor's copies have others.
    """
    constants = find(id).constants
    if not constants:
        raise ValueError(f"{id} has no constants: its task is the same in all variants")
    chosen = random.Random(f"{id}/{variant}")
    return {name: chosen.choice(values) for name, values in constants.items()}


def find(id):
    """The `Exercise` of this name.

    Raises:
        ValueError: there is none; names those of the chapter, or the chapters.
    """
    chapter = str(id).partition(".")[0]
    if chapter not in CHAPTERS:
        raise ValueError(
            f"no exercise {id!r}: expected a name such as 'block.1', "
            f"of one of the chapters {', '.join(CHAPTERS)}"
        )
    importlib.import_module(f"vitlib.exercises.{chapter}")
    if id not in _EXERCISES:
        there = sorted(name for name in _EXERCISES if name.startswith(f"{chapter}."))
        raise ValueError(f"no exercise {id!r}, the chapter has {', '.join(there)}")
    return _EXERCISES[id]


def known():
    """The names of all exercises, in the order of the chapters."""
    for chapter in CHAPTERS:
        importlib.import_module(f"vitlib.exercises.{chapter}")
    order = {chapter: i for i, chapter in enumerate(CHAPTERS)}
    return sorted(_EXERCISES, key=lambda id: (order[id.split(".")[0]], id))


def _empty(answer):
    """Whether a literal answer still has a place to fill in."""
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, (list, tuple)):
        return any(map(_empty, answer))
    return answer is None or answer is Ellipsis


def _blank(answer):
    """The names of the empty places of a dict, if others are filled in."""
    blank = [repr(key) for key, value in answer.items() if _empty(value)]
    return ", ".join(blank) if len(blank) < len(answer) else ""


def _guarded(answer):
    """The answer, its functions made to report their own errors as `Wrong`.

    Its tensors are copies, so that an answer that writes into its input cannot
    change what the check compares; what it returns has no gradient and lies on the
    CPU.
    """
    if isinstance(answer, (list, tuple)):
        return [_guarded(entry) for entry in answer]
    if isinstance(answer, dict):
        return {key: _guarded(entry) for key, entry in answer.items()}
    if not callable(answer):
        return _copied(answer)

    def ask(*args, **kwargs):
        args, kwargs = _copied(args), _copied(kwargs)
        try:
            return _copied(answer(*args, **kwargs))
        except (Unanswered, Wrong):
            raise
        except Exception as error:
            # The stub's has no text; torch's says what it has not implemented.
            if isinstance(error, NotImplementedError) and not str(error):
                raise Unanswered from None
            kind = getattr(error, "kind", type(error).__name__)
            raise Stopped(kind, str(error)) from None

    return ask


class Stopped(Wrong):
    """The answer raised an error; checks of errors look at `kind` and `text`."""

    def __init__(self, kind, text):
        self.kind, self.text = kind, text
        said = f"{kind}: {text}"[:200]
        super().__init__(
            f"Your code stopped with {said}",
            f"작성한 코드가 다음 오류로 멈췄습니다. {said}",
        )


def _copied(value):
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().clone()
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 2) < 2:
        return value.tolist()  # its numbers are no int, float or bool
    if isinstance(value, (list, tuple)):
        return (list if isinstance(value, list) else tuple)(map(_copied, value))
    if isinstance(value, dict):
        return {key: _copied(entry) for key, entry in value.items()}
    return value
