"""Bands: their arithmetic, and what is inside and outside of them."""

import json
from statistics import mean, stdev

import pytest
from scipy import stats

from vitlib import History, check_curve, curves
from vitlib.curves import band, compare

# Ten runs of two epochs with a known spread.
RUNS = [
    [
        {"train_loss": 1.0 + 0.01 * i, "val_acc": 0.5 + 0.002 * i},
        {"train_loss": 0.6 - 0.01 * i, "val_acc": 0.7 - 0.001 * i},
    ]
    for i in range(10)
]


def history(*epochs):
    """A history from pairs (train_loss, val_acc)."""
    return History.from_rows(
        {"train_loss": loss, "val_loss": 0.0, "val_acc": acc, "seconds": 0.0}
        for loss, acc in epochs
    )


MIDDLE = (1.045, 0.509), (0.555, 0.6955)  # the means of RUNS


@pytest.mark.parametrize("n", curves._T)
def test_t_values_are_those_of_scipy(n):
    assert curves._T[n] == pytest.approx(stats.t.ppf(0.9995, n - 1), abs=5e-4)


@pytest.mark.parametrize("n", curves._T)
def test_band_is_a_prediction_interval(n):
    runs = [[{"train_loss": i**1.5, "val_acc": 0.1}] for i in range(n)]
    found = band(runs)
    values = [i**1.5 for i in range(n)]
    # The same interval from scipy, for the mean of one more run.
    low, high = stats.t.interval(
        0.999, n - 1, mean(values), stdev(values) * (1 + 1 / n) ** 0.5
    )
    assert found["train_loss"] == [pytest.approx([low, high], rel=1e-4)]
    assert found["val_acc"] == [pytest.approx([0.1, 0.1])]


def test_band_holds_its_share_of_new_runs():
    # 4,000 worlds: ten runs make a band, an eleventh is tried. Expected to be
    # outside in 4 of them; more than 15 has a probability below 1e-5.
    import random

    rng = random.Random(0)
    outside = 0
    for _ in range(4000):
        rows = [[{"train_loss": rng.gauss(0, 1), "val_acc": 0.0}] for _ in range(11)]
        (low, high), = band(rows[:10])["train_loss"]  # fmt: skip
        outside += not low <= rows[10][0]["train_loss"] <= high
    assert outside <= 15


@pytest.mark.parametrize(("n", "message"), [(4, "got 4"), (11, "got 11"), (0, "got 0")])
def test_band_names_the_number_of_runs(n, message):
    with pytest.raises(ValueError, match=message):
        band((RUNS * 2)[:n])


def test_band_wants_runs_of_one_length():
    with pytest.raises(ValueError, match="differ in length"):
        band([*RUNS[:9], RUNS[9][:1]])


def test_inside():
    whole = compare(history(*MIDDLE), band(RUNS))
    assert whole == "inside the reference band, 2/2 epochs"


def test_every_recorded_run_is_inside():
    for run in RUNS:
        pairs = [(row["train_loss"], row["val_acc"]) for row in run]
        assert compare(history(*pairs), band(RUNS)).startswith("inside")


def test_a_prefix_is_compared_with_its_own_epochs():
    first = compare(history(MIDDLE[0]), band(RUNS))
    assert first == "inside the reference band, 1/2 epochs"


@pytest.mark.parametrize("epoch", [1, 2])
@pytest.mark.parametrize("metric", ["train_loss", "val_acc"])
@pytest.mark.parametrize("value", [-1.0, 9.0, float("nan"), float("inf")])
def test_outside(epoch, metric, value):
    rows = [list(pair) for pair in MIDDLE]
    rows[epoch - 1][metric == "val_acc"] = value
    verdict = compare(history(*rows), band(RUNS))
    assert verdict.startswith(f"OUTSIDE the reference band at epoch {epoch}: {metric}")
    low, high = band(RUNS)[metric][epoch - 1]
    assert f"{value:.3f}, band {low:.3f}-{high:.3f}" in verdict


def test_a_value_just_outside_each_edge():
    limits = band(RUNS)
    (low, high), _ = limits["train_loss"]
    for value, word in [
        (low, "inside"), (high, "inside"),
        (low - 1e-6, "OUTSIDE"), (high + 1e-6, "OUTSIDE"),
    ]:  # fmt: skip
        verdict = compare(history((value, MIDDLE[0][1])), limits)
        assert verdict.startswith(word)


@pytest.mark.parametrize("epochs", [0, 3])
def test_a_run_that_the_band_does_not_cover_is_an_error(epochs):
    with pytest.raises(ValueError, match=f"expected 1 to 2 epochs, got {epochs}"):
        compare(history(*(epochs * [MIDDLE[0]])), band(RUNS))


@pytest.fixture
def recorded(monkeypatch):
    """One reference, `toy on cpu`, in place of those of the package."""
    found = {"seeds": [*range(10)], "band": band(RUNS)}
    table = {"toy on cpu": json.loads(json.dumps(found))}
    monkeypatch.setattr(
        curves, "reference", lambda name, device: table.get(f"{name} on {device}")
    )
    monkeypatch.delenv("VITLIB_STRICT", raising=False)


@pytest.mark.usefixtures("recorded")
def test_check_curve_says_inside_or_outside():
    good = check_curve("toy", history(*MIDDLE))
    assert good == (
        "curve toy on cpu: inside the reference band, 2/2 epochs (10 seeds)"
    )
    assert "OUTSIDE" in check_curve("toy", history((2.303, 0.1)))


@pytest.mark.usefixtures("recorded")
def test_without_a_reference_it_says_so_and_strict_mode_fails(monkeypatch):
    said = check_curve("toy", history(*MIDDLE), "tpu")
    assert said.startswith("curve toy on tpu: no reference band, recorded is ")
    assert "training/quick on cpu" in said
    monkeypatch.setenv("VITLIB_STRICT", "1")
    with pytest.raises(AssertionError, match="no reference band for toy on tpu"):
        check_curve("toy", history(*MIDDLE), "tpu")
    assert "inside" in check_curve("toy", history(*MIDDLE))
