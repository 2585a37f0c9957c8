"""Is a training curve what it should be? Compared with a band of recorded runs."""

import json
import math
import os
from importlib import resources
from statistics import mean, stdev

# Two-sided 99.9 % points of Student's t for n - 1 degrees of freedom, n runs.
_T = {5: 8.610, 6: 6.869, 7: 5.959, 8: 5.408, 9: 5.041, 10: 4.781, 12: 4.437}
METRICS = ("train_loss", "val_acc")


def band(runs):
    """The band that one more run of the same kind leaves once in a thousand.

    A prediction interval at 99.9 %: mean +- t s sqrt(1 + 1/n), for each metric
    and epoch.

    Args:
        runs: at least 5 histories, as lists of rows (dicts).

    Returns:
        {metric: [[low, high] for each epoch]}.

    Raises:
        ValueError: too few runs, or runs of different length.
    """
    n = len(runs)
    if n not in _T:
        raise ValueError(f"a band takes one of {[*_T]} runs, got {n}")
    if len({len(run) for run in runs}) != 1:
        raise ValueError(f"runs differ in length: {[len(run) for run in runs]} epochs")
    result = {}
    for metric in METRICS:
        result[metric] = []
        for values in zip(*([row[metric] for row in run] for run in runs), strict=True):
            reach = _T[n] * stdev(values) * math.sqrt(1 + 1 / n)
            middle = mean(values)
            result[metric].append([middle - reach, middle + reach])
    return result


def reference(name, device):
    """The recorded band {"seeds": [...], "band": ...} or None if there is none."""
    return _recorded().get(f"{name} on {device}")


def _recorded():
    file = resources.files("vitlib") / "assets" / "bands.json"
    return json.loads(file.read_text())["bands"]


def check_curve(name, history, device="cpu"):
    """Compare a run with its reference band and return the verdict, one line.

    The line is the same on every machine on which the run went as it should.

    Raises:
        AssertionError: there is no reference, and `VITLIB_STRICT` is set.
    """
    found = reference(name, device)
    if found is None:
        if os.environ.get("VITLIB_STRICT"):
            raise AssertionError(f"no reference band for {name} on {device}")
        known = ", ".join(_recorded())
        return f"curve {name} on {device}: no reference band, recorded is {known}"
    where, verdict = f"curve {name} on {device}", compare(history, found["band"])
    return f"{where}: {verdict} ({len(found['seeds'])} seeds)"


def compare(history, band):
    """How far a run, or its first epochs, stays inside a band: a short text.

    Raises:
        ValueError: no epochs, or more than the band has.
    """
    epochs = len(band[METRICS[0]])
    if not 1 <= len(history) <= epochs:
        raise ValueError(
            f"the reference band was recorded for {epochs} epochs: "
            f"expected 1 to {epochs} epochs, got {len(history)}"
        )
    for i, (epoch, *limits) in enumerate(
        zip(history, *(band[metric] for metric in METRICS), strict=False), start=1
    ):
        for metric, (low, high) in zip(METRICS, limits, strict=True):
            value = getattr(epoch, metric)
            if not low <= value <= high:  # a NaN is outside, too
                return (
                    f"OUTSIDE the reference band at epoch {i}: {metric} {value:.3f}, "
                    f"band {low:.3f}-{high:.3f}"
                )
    return f"inside the reference band, {len(history)}/{epochs} epochs"
