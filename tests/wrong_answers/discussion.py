"""Wrong answers to the exercises on ViT against CNN."""

import math
from statistics import mean, pvariance, variance

from answers import wrong, wrong_value

from vitlib.cost import vit_macs, vit_parameters
from vitlib.exercises.discussion import CARDS

# 1, claim cards


@wrong_value("discussion.1", "Card e: the means alone do not decide")
def cards_by_the_means():
    return CARDS | {"e": "confirmed", "g": "contradicted"}


@wrong_value("discussion.1", "Card g: how much of the interval is as the card says")
def cards_taking_open_for_contradicted():
    return CARDS | {"g": "contradicted"}


@wrong_value("discussion.1", "Card b: compare what it predicts")
def cards_by_the_usual_story():
    return CARDS | {"b": "confirmed", "d": "confirmed", "f": "confirmed"}


@wrong_value("discussion.1", "Card d: one part of it was measured")
def cards_that_take_the_cause_for_measured():
    return CARDS | {"d": "confirmed"}


@wrong_value("discussion.1", "Card h: the measured difference points its way")
def cards_that_turn_a_claim_around():
    return CARDS | {"h": "contradicted"}


@wrong_value("discussion.1", "Card a: which way does the measured difference point")
def cards_all_open():
    return dict.fromkeys(CARDS, "open")


@wrong_value("discussion.1", "Card a: which part of it was not measured")
def cards_all_overstated():
    return dict.fromkeys(CARDS, "overstated")


@wrong_value("discussion.1", "Expected card a to be one of")
def cards_in_other_words():
    return dict.fromkeys(CARDS, "true")


# 2, a fair width


def _size(D, img_size, patch_size, num_blks, measure=vit_parameters, rest=(1, 10)):
    return sum(measure(img_size, patch_size, D, 4 * D, num_blks, *rest).values())


OWN = {"rest": (1, 10, False)}


def _nearest(target, img_size, patch_size, step, num_blks, **how):
    def off(D):
        return abs(_size(D, img_size, patch_size, num_blks, **how) - target)

    return min(range(step, 200, step), key=off)


@wrong("discussion.2", "cannot be shared out among")
def width_that_forgets_the_heads(target, img_size, patch_size, num_heads, num_blks):
    return _nearest(target, img_size, patch_size, 1, num_blks, **OWN)


@wrong("discussion.2", "A neighbor of the right width")
def width_below_the_target(target, img_size, patch_size, num_heads, num_blks):
    D = num_heads
    while _size(D + num_heads, img_size, patch_size, num_blks, **OWN) <= target:
        D += num_heads
    return D


@wrong("discussion.2", "A neighbor of the right width")
def width_above_the_target(target, img_size, patch_size, num_heads, num_blks):
    D = num_heads
    while _size(D, img_size, patch_size, num_blks, **OWN) < target:
        D += num_heads
    return D


@wrong("discussion.2", "far too narrow")
def width_without_abs(target, img_size, patch_size, num_heads, num_blks):
    def off(D):
        return _size(D, img_size, patch_size, num_blks, **OWN) - target

    return min(range(num_heads, 200, num_heads), key=off)


@wrong("discussion.2", "is each default the task's")
def width_with_biases(target, img_size, patch_size, num_heads, num_blks):
    how = {"rest": (1, 10)}
    return _nearest(target, img_size, patch_size, num_heads, num_blks, **how)


@wrong("discussion.2", "far too narrow")
def width_by_macs(target, img_size, patch_size, num_heads, num_blks):
    how = {"measure": vit_macs, "rest": (1, 10)}
    return _nearest(target, img_size, patch_size, num_heads, num_blks, **how)


@wrong("discussion.2", "for 3 channels and 1,000 classes")
def width_by_default(target, img_size, patch_size, num_heads, num_blks):
    how = {"rest": ()}
    return _nearest(target, img_size, patch_size, num_heads, num_blks, **how)


@wrong("discussion.2", "comes nearer to")
def width_far_off(target, img_size, patch_size, num_heads, num_blks):
    return 20 * num_heads


@wrong("discussion.2", "Expected the width to be an int")
def width_by_a_root(target, img_size, patch_size, num_heads, num_blks):
    return math.sqrt(target / (12 * num_blks)) + 0.5**20


# 3, Welch


def _welch(a, b, var=variance):
    s, t = var(a) / len(a), var(b) / len(b)
    freedom = (s + t) ** 2 / (s**2 / (len(a) - 1) + t**2 / (len(b) - 1))
    return mean(a) - mean(b), math.sqrt(s + t), freedom


@wrong("discussion.3", "The difference has the wrong sign")
def welch_backwards(a, b):
    difference, error, freedom = _welch(a, b)
    return -difference, error, freedom


@wrong("discussion.3", "one spread for both groups")
def welch_pooled(a, b):
    n, m = len(a), len(b)
    freedom = n + m - 2
    pooled = ((n - 1) * variance(a) + (m - 1) * variance(b)) / freedom
    return mean(a) - mean(b), math.sqrt(pooled * (1 / n + 1 / m)), freedom


@wrong("discussion.3", "as if the true means were known")
def welch_of_a_population(a, b):
    return _welch(a, b, pvariance)


@wrong("discussion.3", "the spread of a single run against another")
def welch_without_n(a, b):
    difference, _, freedom = _welch(a, b)
    return difference, math.sqrt(variance(a) + variance(b)), freedom


@wrong("discussion.3", "The two standard errors are added")
def welch_of_added_errors(a, b):
    difference, _, freedom = _welch(a, b)
    s, t = variance(a) / len(a), variance(b) / len(b)
    return difference, math.sqrt(s) + math.sqrt(t), freedom


@wrong("discussion.3", "those of Student's test")
def welch_with_students_freedom(a, b):
    difference, error, _ = _welch(a, b)
    return difference, error, len(a) + len(b) - 2


@wrong("discussion.3", "Look at what is squared in the formula")
def welch_with_the_smaller_group(a, b):
    difference, error, _ = _welch(a, b)
    return difference, error, min(len(a), len(b)) - 1


@wrong("discussion.3", "its standard error is not")
def welch_of_a_third_of_the_error(a, b):
    difference, error, freedom = _welch(a, b)
    return difference, error / 3, freedom


@wrong("discussion.3", "not the difference of the two means")
def welch_of_the_best(a, b):
    return max(a) - max(b) + 100, *_welch(a, b)[1:]


# 4, counting and timing


def _cost(D, P, r):
    side = P * math.isqrt(2 * D)
    return {"attention": 2 * D, "block": (2 + r) * D, "side": side, "clock": "earlier"}


@wrong_value("discussion.4", "counts one product of N x N")
def cost_of_the_scores_alone(D, P, r):
    return _cost(D, P, r) | {"attention": 4 * D}


@wrong_value("discussion.4", "fits the book's ViTs")
def cost_with_ratio_4(D, P, r):
    return _cost(D, P, r) | {"block": 6 * D}


@wrong_value("discussion.4", "'side' is a number of patches")
def cost_in_patches(D, P, r):
    return _cost(D, P, r) | {"side": math.isqrt(2 * D)}


@wrong_value("discussion.4", "puts all patches in one row")
def cost_in_a_row(D, P, r):
    return _cost(D, P, r) | {"side": 2 * D * P}


@wrong_value("discussion.4", "The number at 'block' is not right")
def cost_without_projections(D, P, r):
    return _cost(D, P, r) | {"block": r * D}


@wrong_value("discussion.4", "'clock' is not what the chapter measured")
def cost_as_counted(D, P, r):
    return _cost(D, P, r) | {"clock": "same"}


# 2 and 3, only for some sizes


def _own(D, img_size, patch_size, num_blks):
    sizes = img_size, patch_size, D, 4 * D, num_blks
    return sum(vit_parameters(*sizes, 1, 10, False).values())


@wrong("discussion.2", "A neighbor of the right width")
def patches_of_four(target, img_size, patch_size, num_heads, num_blks):
    side = img_size // patch_size * 4

    def off(D):
        return abs(_own(D, side, 4, num_blks) - target)

    return min(range(num_heads, 200, num_heads), key=off)


@wrong("discussion.2", "A neighbor of the right width")
def nearest_by_ratio(target, img_size, patch_size, num_heads, num_blks):
    def off(D):
        ratio = _own(D, img_size, patch_size, num_blks) / target
        return max(ratio, 1 / ratio)

    return min(range(num_heads, 200, num_heads), key=off)


@wrong("discussion.3", "The difference has the wrong sign")
def distance_of_the_means(a, b):
    u, v = variance(a) / len(a), variance(b) / len(b)
    below = u**2 / (len(a) - 1) + v**2 / (len(b) - 1)
    return abs(mean(a) - mean(b)), (u + v) ** 0.5, (u + v) ** 2 / below
