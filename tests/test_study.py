"""The learner's study: what it trains, keeps, counts and reports."""

import re

import pytest
import torch

from vitlib.exercises import comparison, examine
from vitlib.exercises import study as module
from vitlib.exercises.study import BASELINE, Study

WHOLE = Study._data


def few(study, name, seed=0):
    """The study's data, with 120 training and 50 validation and test images."""
    data = WHOLE(study, name, seed)
    for part, n in (("train", 120), ("val", 50), ("test", 50)):
        setattr(data, part, tuple(all_[:n] for all_ in getattr(data, part)))
    return data


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """One epoch of a small model on few images."""
    small = {"epochs": 1, "num_hiddens": 8, "num_blks": 1, "batch_size": 40}
    for place in (module, comparison):  # both the study and its judge
        monkeypatch.setattr(place, "BASELINE", BASELINE | small)
    monkeypatch.setattr(Study, "_data", few)


@pytest.fixture
def study():
    made = Study(minutes=5)
    made.train("baseline")
    return made


def test_the_validation_images_are_no_training_and_no_test_images(study):
    data = WHOLE(study, "baseline")
    sets = [
        {image.numpy().tobytes() for image in images}
        for images, _ in (data.train, data.val, data.test)
    ]
    assert [len(images) for images, _ in (data.train, data.val)] == [1500, 500]
    assert not sets[0] & sets[1]
    assert not sets[1] & sets[2]
    other = WHOLE(study, "baseline", seed=1)
    assert torch.equal(other.val[0], data.val[0])  # the split is the same for all
    first, second = (next(iter(d.train_dataloader()))[1] for d in (data, other))
    assert not torch.equal(first, second)  # the order is the seed's


def test_runs_with_one_seed_are_the_same_and_with_two_are_not(study):
    again = Study()
    again.train("baseline", seeds=(1, 0))
    for seed in (0, 1):
        one, two = (s.runs["baseline", seed]["train_loss"] for s in (study, again))
        assert one == two
    losses = [run["train_loss"] for run in study.runs.values()]
    assert len(set(losses)) == 3
    assert again.val_acc("baseline") == study.val_acc("baseline")[:2]


def test_a_run_that_is_there_costs_nothing(study, capsys):
    before, runs = study.seconds, dict(study.runs)
    study.train("baseline", seeds=(0, 1, 2))
    assert study.seconds == before
    assert study.runs == runs
    assert capsys.readouterr().out.count("is there already") == 3


def test_a_change_starts_from_its_parent(study):
    study.train("adamw", {"optimizer": "adamw"}, seeds=[0])
    study.train("cosine", {"schedule": "cosine"}, parent="adamw", seeds=[0])
    recipe = study.recipe("cosine")
    assert (recipe["optimizer"], recipe["schedule"]) == ("adamw", "cosine")
    assert study.recipe("adamw")["schedule"] == "constant"
    assert study.recipe("baseline") == module.BASELINE


CHANGES = {
    "optimizer": "momentum", "lr_factor": 0.5, "warmup": 0.5, "weight_decay": 0.5,
    "schedule": "cosine", "dropout": 0.5, "augment": True, "normalize": True,
    "batch_size": 24, "patch_size": 14, "num_hiddens": 16, "num_blks": 2, "epochs": 2,
}  # fmt: skip


def test_every_setting_changes_the_run(study):
    assert CHANGES.keys() == BASELINE.keys()
    losses = {study.runs["baseline", 0]["train_loss"]}
    for key, value in CHANGES.items():
        study.train(key, {key: value}, seeds=[0])
        losses.add(study.runs[key, 0]["train_loss"])
    assert len(losses) == len(CHANGES) + 1


def test_the_budget_stops_a_run_and_keeps_the_others(study, capsys):
    study.minutes = study.seconds / 60 + 1e-4
    study.train("long", {"epochs": 500}, seeds=[0, 1])
    said = capsys.readouterr().out
    assert "long, seed 0: stopped" in said
    assert "the 3 whole runs are kept" in said
    assert "seed 1" not in said
    assert len(study.runs) == 3
    assert study.seconds < 60 * study.minutes + 5
    assert "long" not in study.report("baseline", "unclear")["recipes"]


def test_a_run_that_fails_costs_its_time_and_leaves_no_row(study):
    before = study.seconds
    with pytest.raises(ValueError, match="may be too high"):
        study.train("wild", {"lr_factor": 1e30}, seeds=[0])
    assert study.seconds > before
    assert ("wild", 0) not in study.runs


def test_looks_are_counted(study, capsys):
    found = study.look_at_test("baseline")
    assert len(found["baseline"]) == 3
    study.train("more", {"dropout": 0.0}, seeds=[0])
    study.look_at_test("more")
    said = capsys.readouterr().out
    assert "look 1 at the test set, after 3 runs" in said
    assert "look 2 at the test set, after 4 runs" in said
    looks = study.report("more", "unclear")["looks"]
    assert [look["runs_after"] for look in looks] == [1, 0]


def test_a_report_is_plain_printed_and_judged(study, capsys):
    for key in ("dropout", "patch_size", "augment"):
        study.train(key, {key: CHANGES[key]})
    study.look_at_test("dropout")
    capsys.readouterr()
    reports = [study.report("dropout", word) for word in module.CONCLUSIONS]
    lines = capsys.readouterr().out.splitlines()
    assert [eval(line) for line in lines] == reports
    verdicts = [examine("training.6", report) for report in reports]
    assert [verdict.right for verdict in verdicts].count(True) == 1, verdicts
    row = reports[0]["recipes"]["dropout"]
    assert row["change"] == {"dropout": 0.5}
    assert row["parent"] == "baseline"
    assert row["seeds"] == [0, 1, 2]
    assert row["val_acc"] == study.val_acc("dropout")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.train("a", {"lr": 1.0}), "unknown 'lr': a recipe may change opt"),
        (lambda s: s.train("a", {"optimizer": "lion"}), "optimizer must be one of"),
        (lambda s: s.train("a", {"schedule": "step"}), "schedule must be one of"),
        (lambda s: s.train("a", {"dropout": 1.5}), "must be in [0, 1), got 1.5"),
        (lambda s: s.train("a", {"patch_size": 5}), "not a multiple of patch"),
        (lambda s: s.train("a", {"epochs": 0}), "epochs must be at least 1"),
        (lambda s: s.train("a", {}, parent="b"), "no recipe 'b', trained so far: base"),
        (lambda s: s.train("baseline", {"dropout": 0.0}), "the baseline has no change"),
        (lambda s: s.train("there", {"warmup": 0.2}), "'there' is taken, by the chan"),
        (lambda s: s.val_acc("b"), "no recipe 'b'"),
        (lambda s: s.look_at_test("b"), "no recipe 'b'"),
        (lambda s: s.report("baseline", "good"), "conclusion must be one of"),
        (lambda s: Study(minutes=0), "minutes must be finite and above 0, got 0"),
    ],
)
def test_a_wrong_call_says_what_was_expected(call, words):
    study = Study()
    study.train("baseline", seeds=[0])
    study.train("there", {"warmup": 0.1}, seeds=[])
    before = len(study.runs)
    with pytest.raises(ValueError, match=re.escape(words)):
        call(study)
    assert len(study.runs) == before


@pytest.mark.parametrize("change", [{"warmup": 0.1, "dropout": 0.0}, {}])
def test_a_recipe_that_does_not_change_one_setting_is_refused(study, change):
    with pytest.raises(ValueError, match=f"changes {len(change)} settings at once"):
        study.train("other", change, seeds=[])
