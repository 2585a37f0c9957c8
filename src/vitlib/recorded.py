"""The recorded runs, shipped with the package so that a notebook can draw them."""

import json
from functools import cache
from importlib import resources


def runs(name):
    """The recorded runs of an experiment, one dict a seed.

    A training has "rows" (one dict an epoch: train_loss, val_loss, val_acc), and
    its accuracies after the last epoch; a study has what it measured. They are
    the runs of `book/results/NAME.json`, which also says what made them.

    Raises:
        ValueError: nothing of this name is recorded.
    """
    if name not in _all():
        raise ValueError(f"no recorded runs {name!r}, expected one of {[*_all()]}")
    return _all()[name]


@cache
def _all():
    file = resources.files("vitlib") / "assets" / "recorded.json"
    return json.loads(file.read_text(encoding="utf-8"))
