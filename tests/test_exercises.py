"""Every exercise: the stub fails, the solution passes, wrong answers hear why."""

import inspect
import re
import textwrap

import pytest
import torch
from answers import solved, unsolved, wrong_answers

from tools import exercises
from tools.book import HANGUL
from vitlib.exercises import Wrong, check, examine, given, known
from vitlib.exercises.judge import find

TASKS = {
    task.id: (name, task)
    for name in exercises.names()
    for task in exercises.tasks(exercises.source(name))
}
WRONG = wrong_answers()
SEEDS = range(5)


def answer_of(id, space, variant=0):
    name, task = TASKS[id]
    return (
        space(name, variant)[task.name] if space is solved else space(name)[task.name]
    )


def test_every_check_has_its_task_and_every_task_its_check():
    assert sorted(TASKS) == sorted(known())


@pytest.mark.counted("exercises whose stub fails")
@pytest.mark.parametrize("id", TASKS)
def test_the_stub_is_not_an_answer(id):
    verdict = examine(id, answer_of(id, unsolved), seed=0)
    assert not verdict.right
    assert not verdict.answered


@pytest.mark.counted("exercises whose solution passes")
@pytest.mark.parametrize("id", TASKS)
def test_the_solution_passes_in_every_variant_and_with_every_seed(id):
    variants = (0, 1, 2, 77) if find(id).constants else (0,)
    for variant in variants:
        answer = answer_of(id, solved, variant)
        for seed in SEEDS:
            verdict = examine(id, answer, variant, seed)
            assert verdict.right, (variant, seed, verdict)


@pytest.mark.counted("wrong answers that hear why")
@pytest.mark.parametrize("answer", WRONG, ids=str)
def test_a_wrong_answer_hears_why(answer):
    for seed in SEEDS:
        verdict = examine(answer.id, answer.value(), seed=seed)
        assert verdict.answered
        assert not verdict.right
        assert answer.says in verdict.en, verdict.en
        assert HANGUL.search(verdict.ko)


@pytest.mark.parametrize("id", TASKS)
def test_three_wrong_answers_hear_three_different_things(id):
    said = {answer.says for answer in WRONG if answer.id == id}
    assert len(said) >= 3, said


GARBAGE = [
    "text", 7, 0.5, 10**400, [], {}, (1, 2), torch.zeros(2), float("nan"), True,
    object(),
    lambda *args, **kwargs: 3,
    lambda *args, **kwargs: "text",
    lambda *args, **kwargs: [],
    lambda *args, **kwargs: {},
    lambda *args, **kwargs: (1, 2, 3),
    lambda *args, **kwargs: torch.zeros(1, 2, 3),
    lambda *args, **kwargs: torch.full((2, 2), float("nan")),
    lambda *args, **kwargs: args[0],
    lambda *args, **kwargs: None,
    lambda: 0,
]  # fmt: skip


@pytest.mark.counted("exercises that take any answer")
@pytest.mark.parametrize("id", TASKS)
def test_any_answer_gets_a_verdict(id):
    for garbage in GARBAGE:
        verdict = examine(id, garbage, seed=1)
        assert not verdict.right, garbage
        assert verdict.en
        assert verdict.ko


@pytest.mark.counted("exercises whose messages keep the answer")
@pytest.mark.parametrize("id", TASKS)
def test_no_message_contains_the_answer(id):
    name, task = TASKS[id]
    said = [examine(id, a.value(), seed=0) for a in WRONG if a.id == id]
    text = "\n".join(v.en + "\n" + v.ko for v in said)
    cell = exercises.source(name).cells[task.answer]
    inside = cell.source.partition("### BEGIN SOLUTION\n")[2]
    inside = inside.partition("### END SOLUTION")[0]
    lines = [line.split("#")[0].strip() for line in inside.splitlines()]
    expressions = [re.sub(r"^(?:return|\w+ =) ", "", line) for line in lines]
    for piece in expressions:
        assert len(piece) < 12 or piece not in text, piece
    if not callable(answer := answer_of(id, solved)):
        for number in re.findall(r"\d{3,}", repr(answer)):
            assert number not in text.replace(",", ""), number


def test_check_prints_in_the_language_asked_for(capsys, monkeypatch):
    answer = next(a for a in WRONG if a.id == "block.1").value()
    monkeypatch.delenv("VITLIB_LANG", raising=False)
    check("block.1", answer)
    both = capsys.readouterr().out.splitlines()
    assert len(both) == 2
    assert all(line.startswith("block.1 ✗  ") for line in both)
    check("block.1", answer, lang="ko")
    assert capsys.readouterr().out.splitlines() == both[1:]
    monkeypatch.setenv("VITLIB_LANG", "en")
    check("block.1", answer)
    assert capsys.readouterr().out.splitlines() == both[:1]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: check("block.99", 1),
            "no exercise 'block.99', the chapter has block.1",
        ),
        (lambda: check("blok.1", 1), "no exercise 'blok.1': expected a name such as"),
        (lambda: check("block.1", 1, lang="fr"), "lang must be one of"),
        (lambda: given("block.1"), "block.1 has no constants"),
    ],
)
def test_a_wrong_call_says_what_was_expected(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()


def test_an_answer_that_fails_or_writes_into_its_input_is_told():
    def breaks(X, num_heads):
        return X.undefined

    verdict = examine("block.1", breaks, seed=0)
    assert "AttributeError" in verdict.en
    assert "AttributeError" in verdict.ko

    right = solved("block")["split_heads"]

    def destroys(X, num_heads):
        result = right(X.clone(), num_heads)
        X.zero_()
        return result

    assert examine("block.1", destroys, seed=0).right


def test_an_error_of_torch_is_no_stub():
    def of_whole_numbers(Q, K, V):
        return (Q @ K.mT).long().softmax(dim=3) @ V

    verdict = examine("block.2", of_whole_numbers, seed=0)
    assert verdict.answered
    assert "NotImplementedError" in verdict.en
    assert "not implemented for 'Long'" in verdict.en


@pytest.mark.parametrize("name", exercises.names())
def test_points_stand_in_the_task(name):
    notebook = exercises.source(name)
    for task in exercises.tasks(notebook):
        told = next(
            cell.source for cell in notebook.cells if f"*`{task.id}` · " in cell.source
        )
        n = f"{task.points:g}"
        unit = "point" if n == "1" else "points"
        assert f" · {n} {unit}*" in told, task.id
        assert f" · {n}점*" in told, task.id


@pytest.mark.parametrize("name", exercises.names())
def test_hidden_tests_pass_the_solution_and_stop_the_wrong(name):
    """The check cells as an instructor's grader runs them."""
    notebook = exercises.source(name)
    for task in exercises.tasks(notebook):
        cell = notebook.cells[task.check]
        assert "### BEGIN HIDDEN TESTS" in cell.source, task.id
        code = compile(cell.source, task.id, "exec")
        exec(code, dict(solved(name)))
        for answer in WRONG:
            if answer.id == task.id:
                space = dict(solved(name)) | {task.name: answer.value()}
                with pytest.raises(AssertionError):
                    exec(code, space)


def test_wrong_is_what_a_check_raises():
    with pytest.raises(Wrong, match="en"):
        raise Wrong("en", "ko")


def test_sources_are_plain():
    for answer in WRONG:
        assert textwrap.dedent(inspect.getsource(answer.make)).startswith("@wrong")
