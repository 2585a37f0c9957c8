"""Wrong answers to the exercises on comparing recipes: training.5 and training.6."""

import copy
import statistics
from math import sqrt

import torch
from answers import solved, wrong, wrong_value

# 5, the paired difference


def _gains(baseline, change):
    return [b - a for a, b in zip(baseline, change, strict=True)]


def _verdict(difference, error):
    return difference, error, abs(difference) > 2 * error


def _right(baseline, change):
    gains = _gains(baseline, change)
    return statistics.mean(gains), statistics.stdev(gains) / sqrt(len(gains))


@wrong("training.5", "that of two independent groups")
def unpaired(baseline, change):
    variance = statistics.variance(baseline) + statistics.variance(change)
    return _verdict(_right(baseline, change)[0], sqrt(variance / len(change)))


@wrong("training.5", "a little too small")
def population_spread(baseline, change):
    gains = _gains(baseline, change)
    error = statistics.pstdev(gains) / sqrt(len(gains))
    return _verdict(statistics.mean(gains), error)


@wrong("training.5", "the spread of single differences")
def without_the_root(baseline, change):
    gains = _gains(baseline, change)
    return _verdict(statistics.mean(gains), statistics.stdev(gains))


@wrong("training.5", "divided once too often")
def divided_twice(baseline, change):
    gains = _gains(baseline, change)
    return _verdict(statistics.mean(gains), statistics.stdev(gains) / len(gains))


@wrong("training.5", "that of the two best runs")
def best_runs(baseline, change):
    return _verdict(max(change) - max(baseline), _right(baseline, change)[1])


@wrong("training.5", "The sign of the difference")
def sign_turned(baseline, change):
    return _verdict(*_right(change, baseline))


@wrong("training.5", "and the answer calls that unclear")
def only_gains_are_clear(baseline, change):
    difference, error = _right(baseline, change)
    return difference, error, difference > 2 * error


@wrong("training.5", "and the answer calls that clear")
def one_error_is_enough(baseline, change):
    difference, error = _right(baseline, change)
    return difference, error, abs(difference) > error


# 6, the report


def _report():
    return copy.deepcopy(solved("training")["report"])


@wrong_value("training.6", "these runs make no pairs")
def other_seeds():
    report = _report()
    report["recipes"][report["choice"]]["seeds"] = [3, 4, 5]
    return report


@wrong_value("training.6", "Too few to tell")
def one_seed():
    report = _report()
    for name in ("baseline", report["choice"]):
        row = report["recipes"][name]
        row |= {"seeds": row["seeds"][:1], "val_acc": row["val_acc"][:1]}
    return report


@wrong_value("training.6", "does not follow from the report's own accuracies")
def against_the_numbers():
    report = _report()
    report["conclusion"] = "worse"
    return report


@wrong_value("training.6", "The test set was looked at 5 times")
def many_looks():
    report = _report()
    return report | {"looks": 5 * report["looks"]}


@wrong_value("training.6", "came before the choice")
def looked_too_early():
    report = _report()
    report["looks"] = [{"recipe": report["choice"], "runs_after": 6}]
    return report


@wrong_value("training.6", "in 2 settings")
def two_changes_at_once():
    report = _report()
    report["recipes"][report["choice"]]["change"] = {"epochs": 40, "dropout": 0.0}
    return report


@wrong_value("training.6", "The budget was not kept")
def all_day():
    return _report() | {"seconds": 7777.0}


@wrong_value("training.6", "cannot come from counting")
def rounded():
    report = _report()
    row = report["recipes"][report["choice"]]
    row["val_acc"] = [0.81, 0.8133, 0.815]
    return report


@wrong_value("training.6", "The choice is the baseline itself")
def baseline_chosen():
    return _report() | {"choice": "baseline"}


@wrong_value("training.6", "The task asks for more")
def one_change():
    report = _report()
    rows = report["recipes"]
    first = next(name for name, row in rows.items() if row["parent"] == "baseline")
    report["recipes"] = {name: rows[name] for name in ("baseline", first)}
    return report | {"choice": first, "looks": []}


@wrong("training.5", "Both numbers are right")
def limit_of_two_and_a_half(baseline, change):
    gains = torch.tensor(change) - torch.tensor(baseline)
    difference, error = gains.mean(), gains.std() / len(gains) ** 0.5
    return difference, error, abs(difference) > 2.5 * error


def _others(report):
    """The rows of a report but the baseline."""
    return [row for name, row in report["recipes"].items() if name != "baseline"]


@wrong_value("training.6", "Recipes with settings of their own, beside the baseline: 1")
def one_change_under_four_names():
    report = _report()
    for row in _others(report):
        row |= {"parent": "baseline", "change": {"optimizer": "adamw"}, "epochs": 20}
    return report


@wrong_value("training.6", "Recipes with settings of their own, beside the baseline: 0")
def changes_that_change_nothing():
    report = _report()
    for row in _others(report):
        row |= {"parent": "baseline", "change": {"dropout": 0.1}, "epochs": 20}
    return report


@wrong_value("training.6", "lead back to itself")
def its_own_parent():
    report = _report()
    report["recipes"][report["choice"]]["parent"] = report["choice"]
    return report


@wrong_value("training.6", "contradicts its change")
def epochs_of_another_run():
    report = _report()
    report["recipes"][report["choice"]]["epochs"] = 20
    return report


@wrong_value("training.6", "contradicts its change")
def another_baseline():
    report = _report()
    report["recipes"]["baseline"]["change"] = {"lr_factor": 0.01}
    return report


@wrong_value("training.6", "these runs make no pairs")
def a_recipe_without_runs():
    report = _report()
    _others(report)[0].update(seeds=[], val_acc=[])
    return report
