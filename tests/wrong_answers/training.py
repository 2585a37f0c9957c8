"""Wrong answers to the exercises on training."""

import random
from math import cos, pi

import torch
from answers import wrong, wrong_value

from vitlib.exercises.curves import causes
from wrong_answers import comparison  # noqa: F401  (5 and 6)

# 1, counting


@wrong("training.1", "a mean of 3 batch means")
def mean_of_batch_means(batches):
    means = [(X.argmax(1) == y).float().mean() for X, y in batches]
    return torch.stack(means).mean()


@wrong("training.1", "the accuracy of the last batch alone")
def last_batch(batches):
    for X, y in batches:
        correct, seen = (X.argmax(1) == y).sum().item(), len(y)
    return correct / seen


@wrong("training.1", "the accuracy of the first batch alone")
def first_batch(batches):
    for X, y in batches:
        return (X.argmax(1) == y).float().mean().item()


@wrong("training.1", "Along which axis do the classes lie?")
def largest_of_a_column(batches):
    correct = sum((X.argmax(0) == y).sum().item() for X, y in batches)
    return correct / sum(len(y) for _, y in batches)


@wrong("training.1", "as if every batch were full")
def last_batch_taken_for_full(batches):
    correct = sum((X.argmax(1) == y).sum().item() for X, y in batches)
    return correct / (len(batches) * len(batches[0][1]))


@wrong("training.1", "Is it a count, or in percent?")
def percent(batches):
    correct = sum((X.argmax(1) == y).sum().item() for X, y in batches)
    return 100 * correct / sum(len(y) for _, y in batches)


@wrong("training.1", "not that of images whose largest logit")
def smallest_logit(batches):
    correct = sum((X.argmin(1) == y).sum().item() for X, y in batches)
    return correct / sum(len(y) for _, y in batches)


# 2, the schedule


def _half(x):
    return 0.5 * (1 + cos(pi * x))


@wrong("training.2", "there is no warm-up")
def no_warmup(progress, warmup, floor):
    return floor + (1 - floor) * _half(progress)


@wrong("training.2", "jumps down at the end of the warm-up")
def cosine_from_zero(progress, warmup, floor):
    if progress < warmup:
        return progress / warmup
    return floor + (1 - floor) * _half(progress)


@wrong("training.2", "What is `floor` for?")
def down_to_zero(progress, warmup, floor):
    if progress < warmup:
        return progress / warmup
    return _half((progress - warmup) / (1 - warmup))


@wrong("training.2", "a flat end")
def cut_off(progress, warmup, floor):
    if progress < warmup:
        return progress / warmup
    return max(floor, down_to_zero(progress, warmup, floor))


@wrong("training.2", "a straight line from 1 to `floor`")
def linear_decay(progress, warmup, floor):
    if progress < warmup:
        return progress / warmup
    return 1 - (1 - floor) * (progress - warmup) / (1 - warmup)


@wrong("training.2", "a whole period")
def whole_period(progress, warmup, floor):
    if progress < warmup:
        return progress / warmup
    return floor + (1 - floor) * _half(2 * (progress - warmup) / (1 - warmup))


@wrong("training.2", "`floor` lifts the curve as a whole")
def lifted(progress, warmup, floor):
    if progress < warmup:
        return progress / warmup
    return floor + down_to_zero(progress, warmup, floor)


@wrong("training.2", "With `warmup` 0 the factor starts at 0")
def line_without_warmup(progress, warmup, floor):
    if progress <= warmup:
        return progress / (warmup + 1e-9)
    return floor + (1 - floor) * _half((progress - warmup) / (1 - warmup))


@wrong("training.2", "The warm-up starts at `floor`")
def warmup_from_floor(progress, warmup, floor):
    if progress < warmup:
        return floor + (1 - floor) * progress / warmup
    return floor + (1 - floor) * _half((progress - warmup) / (1 - warmup))


@wrong("training.2", "not on a line from 0 that ends at 1")
def warmup_of_a_tenth(progress, warmup, floor):
    return min(1.0, progress / 0.1)


@wrong("training.2", "Is it half a cosine?")
def stays_up(progress, warmup, floor):
    return progress / warmup if progress < warmup else 1.0


# 3, reading curves


@wrong_value("training.3", "have both losses stopped falling")
def all_too_small(series):
    return dict.fromkeys("ABCDEF", "model too small")


@wrong_value("training.3", "are both losses still falling at the end")
def all_too_slow(series):
    return dict.fromkeys("ABCDEF", "rate too small")


@wrong_value("training.3", "jump up and down from epoch to epoch")
def all_too_fast(series):
    return dict.fromkeys("ABCDEF", "rate too large")


@wrong_value("training.3", "fall first and turn upwards")
def leak_taken_for_overfitting(series):
    swap = {"validation leak": "overfitting", "shuffled labels": "overfitting"}
    return {name: swap.get(cause, cause) for name, cause in causes(series).items()}


@wrong_value("training.3", "far better on validation images")
def all_leaks(series):
    return dict.fromkeys("ABCDEF", "validation leak")


@wrong_value("training.3", "with accuracies that agree and are good")
def all_dropout(series):
    return dict.fromkeys("ABCDEF", "dropout")


@wrong_value("training.3", "that of guessing")
def all_shuffled(series):
    return dict.fromkeys("ABCDEF", "shuffled labels")


@wrong_value("training.3", "to be one of 'model too small'")
def own_words(series):
    return dict.fromkeys("ABCDEF", "underfitting")


# 4, the split


@wrong("training.4", "in one block")
def the_last_ones(n, n_val, seed):
    return list(range(n - n_val)), list(range(n - n_val, n))


@wrong("training.4", "with replacement")
def drawn_with_replacement(n, n_val, seed):
    draw = random.Random(seed)
    val = [draw.randrange(n) for _ in range(n_val)]
    return [i for i in range(n) if i not in val], [*val[:-1], val[0]]


@wrong("training.4", "validated on images that it was trained on")
def all_for_training(n, n_val, seed):
    return list(range(n)), random.Random(seed).sample(range(n), n_val)


@wrong("training.4", "What does `seed` change?")
def seed_ignored(n, n_val, seed):
    order = random.Random(0).sample(range(n), n)
    return order[n_val:], order[:n_val]


@wrong("training.4", "Where do the random numbers come from?")
def never_the_same(n, n_val, seed):
    order = random.SystemRandom().sample(range(n), n)
    return order[n_val:], order[:n_val]


@wrong("training.4", "are in neither list")
def one_too_few(n, n_val, seed):
    order = random.Random(seed).sample(range(n), n)
    return order[n_val + 1 :], order[:n_val]


@wrong("training.4", "The two lists are exchanged")
def exchanged(n, n_val, seed):
    order = random.Random(seed).sample(range(n), n)
    return order[:n_val], order[n_val:]


@wrong("training.4", "which are numbered from 0")
def counted_from_one(n, n_val, seed):
    order = random.Random(seed).sample(range(1, n + 1), n)
    return order[n_val:], order[:n_val]


# 2, with the ends of its arguments


def _right(progress, warmup, floor):
    if progress < warmup:
        return progress / warmup
    rest = (progress - warmup) / (1 - warmup)
    return floor + (1 - floor) * _half(rest)


@wrong("training.2", "does not go down half a cosine")
def no_cosine_without_warmup(progress, warmup, floor):
    return 1.0 if warmup == 0 else _right(progress, warmup, floor)


@wrong("training.2", "With `floor` 0 the way down is not")
def a_floor_of_a_tenth_at_least(progress, warmup, floor):
    return _right(progress, warmup, max(floor, 0.1))


# 4, less than at random


def _without(n, val):
    return [i for i in range(n) if i not in set(val)], val


@wrong("training.4", "evenly spaced, or lie in one block")
def a_block_that_goes_around(n, n_val, seed):
    return _without(n, [(n - 3 + seed + i) % n for i in range(n_val)])


@wrong("training.4", "Does every seed start random numbers of its own?")
def two_kinds_of_seeds(n, n_val, seed):
    return _without(n, random.Random(seed % 2).sample(range(n), n_val))


@wrong("training.4", "Is an image privileged?")
def image_0_always(n, n_val, seed):
    return _without(n, [0, *random.Random(seed).sample(range(1, n), n_val - 1)])
