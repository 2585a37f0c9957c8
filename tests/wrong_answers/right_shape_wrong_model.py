"""Wrong answers to the exercises on wrong models of the right shape."""

import math
from itertools import combinations

import torch
from answers import solved, wrong, wrong_value

from vitlib.exercises.right_shape_wrong_model import caught_by

# 1, the hunt


def _right():
    """The laws of the solution, in its order."""
    return list(solved("right_shape_wrong_model")["properties"])


def _without(i):
    laws = _right()
    del laws[i]
    return laws


def _same(A, B):
    return torch.allclose(A, B, rtol=1e-3, atol=1e-3)


@wrong_value("right_shape_wrong_model.1", "a layer that goes on as in training")
def hunt_by_shape():
    def keeps_shape(block):
        X = torch.randn(3, 5, 12)
        return block(X).shape == X.shape

    return [keeps_shape]


@wrong_value("right_shape_wrong_model.1", "a softmax along the heads")
def hunt_without_equal_tokens():
    return _without(5)


@wrong_value("right_shape_wrong_model.1", "True and False are exchanged")
def hunt_without_dependence():
    return _without(3)


@wrong_value("right_shape_wrong_model.1", "attention and MLP side by side")
def hunt_without_scale():
    return _without(6)


@wrong_value("right_shape_wrong_model.1", "one mean for all tokens of an image")
def hunt_with_one_shift_for_all_tokens():
    def shifts(block):
        X = torch.randn(3, 5, 12)
        return _same(block(X + 2), block(X) + 2)

    return [*_without(4), shifts]


@wrong_value("right_shape_wrong_model.1", "`properties[7]` rejects a right block")
def hunt_for_invariance():
    def ignores_order(block):
        X = torch.randn(3, 5, 12)
        return _same(block(X.flip(1)), block(X))

    return [*_right(), ignores_order]


@wrong_value("right_shape_wrong_model.1", "Every token that you fed in")
def hunt_with_ones():
    def repeats(block):
        X = torch.ones(3, 5, 12)
        return torch.equal(block(X), block(X))

    def alone(block):
        X = torch.ones(3, 5, 12)
        return _same(block(X)[:1], block(X[:1]))

    return [repeats, alone]


@wrong_value("right_shape_wrong_model.1", "held one image")
def hunt_with_one_image():
    def any_order(block):
        X, order = torch.randn(1, 5, 12), torch.tensor([3, 0, 4, 1, 2])
        return _same(block(X[:, order]), block(X)[:, order])

    return [any_order]


@wrong_value("right_shape_wrong_model.1", "stopped with AssertionError")
def hunt_by_assert():
    def repeats(block):
        X = torch.randn(3, 5, 12)
        assert torch.equal(block(X), block(X))
        return True

    return [repeats]


@wrong_value("right_shape_wrong_model.1", "to be True or False, got None")
def hunt_without_return():
    return [lambda block: None]


@wrong_value("right_shape_wrong_model.1", "None of the properties called the block")
def hunt_without_a_call():
    return [lambda block: True]


@wrong_value("right_shape_wrong_model.1", "a list of 1 to 20 functions")
def hunt_by_name():
    return ["permutation", "dependence"]


# 2, softmax over the keys


@wrong("right_shape_wrong_model.2", "one query alone has a wrong sum")
def shares_of_the_first_query(attend):
    Q, K = torch.randn(2, 1, 1, 6, 4)
    found = attend(Q, K, torch.ones(1, 1, 6, 4))[:, :, 0]  # (1, 1, 4)
    return torch.allclose(found, torch.ones(1, 1, 4), atol=1e-4)


@wrong("right_shape_wrong_model.2", "For which values is the result known")
def shares_of_random_values(attend):
    Q, K, V = (torch.randn(2, 3, 5, 4) for _ in range(3))  # (B, H, N, D/H)
    return _same(attend(Q, K, V), V.mean(2, keepdim=True).expand(2, 3, 5, 4))


@wrong("right_shape_wrong_model.2", "all scores are the same")
def shares_of_zero_queries(attend):
    Q, K, V = torch.zeros(2, 3, 5, 4), torch.randn(2, 3, 5, 4), torch.ones(2, 3, 5, 4)
    return _same(attend(Q, K, V), V)


@wrong("right_shape_wrong_model.2", "an average over queries, heads or images")
def shares_on_average(attend):
    Q, K, V = torch.randn(2, 3, 5, 4), torch.randn(2, 3, 5, 4), torch.ones(2, 3, 5, 4)
    return abs(attend(Q, K, V).mean().item() - 1) < 1e-4


@wrong("right_shape_wrong_model.2", "an attention with another scale")
def shares_by_oracle(attend):
    Q, K, V = (torch.randn(2, 3, 5, 4) for _ in range(3))  # (B, H, N, D/H)
    scores = Q @ K.transpose(2, 3) / math.sqrt(4)  # (B, H, N, N)
    return _same(attend(Q, K, V), scores.softmax(dim=3) @ V)


@wrong("right_shape_wrong_model.2", "each of your queries had one key")
def shares_of_one_token(attend):
    Q, K, V = (torch.randn(2, 3, 1, 4) for _ in range(3))  # (B, H, N, D/H)
    return attend(Q, K, V).shape == V.shape


@wrong("right_shape_wrong_model.2", "It never calls `attend`")
def shares_always(attend):
    return True


@wrong("right_shape_wrong_model.2", "to be True or False")
def shares_as_a_number(attend):
    Q, K, V = torch.randn(2, 3, 5, 4), torch.randn(2, 3, 5, 4), torch.ones(2, 3, 5, 4)
    return attend(Q, K, V).mean().item()


# 3, fewest checks


def _sound(mix):
    return {name: row for name, row in caught_by(mix).items() if 0 not in row}


def _greedy(table):
    """The check that catches most of what is left, until nothing is left."""
    left, chosen = set(range(1, 10)), []
    while left:
        name = max(table, key=lambda name: len(left & set(table[name])))
        chosen.append(name)
        left -= set(table[name])
    return chosen


@wrong_value("right_shape_wrong_model.3", "rejects the right model, too")
def cover_with_the_widest(mix):
    return {"checks": _greedy(caught_by(mix)), "hangs": 1}


@wrong_value("right_shape_wrong_model.3", "Did you begin with the one that catches")
def cover_greedily(mix):
    return {"checks": _greedy(_sound(mix)), "hangs": 1}


@wrong_value("right_shape_wrong_model.3", "gets away")
def cover_with_two(mix):
    return {"checks": _greedy(_sound(mix))[:2], "hangs": 1}


@wrong_value("right_shape_wrong_model.3", "The mistake at 'hangs' is not the one")
def cover_and_name_a_safe_mistake(mix):
    table = _sound(mix)
    times = {m: sum(m in row for row in table.values()) for m in range(1, 10)}
    checks = next(
        some
        for some in combinations(table, 3)
        if len(set().union(*(table[name] for name in some))) == 9
    )
    return {"checks": list(checks), "hangs": max(times, key=times.get)}


@wrong_value("right_shape_wrong_model.3", "Expected a check to be one of")
def cover_by_numbers(mix):
    return {"checks": [1, 2, 3], "hangs": 1}


# Blind to a part


@wrong("right_shape_wrong_model.2", "one query alone has a wrong sum")
def close_enough_for_anything(attend):
    Q, K, V = torch.randn(2, 3, 5, 4), torch.randn(2, 3, 5, 4), torch.ones(2, 3, 5, 4)
    return torch.allclose(attend(Q, K, V), V, atol=0.1)


@wrong("right_shape_wrong_model.2", "one query alone has a wrong sum")
def last_head_alone(attend):
    Q, K, V = torch.randn(2, 3, 5, 4), torch.randn(2, 3, 5, 4), torch.ones(2, 3, 5, 4)
    return torch.allclose(attend(Q, K, V)[:, -1], V[:, -1], atol=1e-4)


@wrong_value("right_shape_wrong_model.1", "`properties[0]` rejects a right block")
def four_right_ones_then_wrong_ones():
    seen = []

    def law(block):
        seen.append(block)
        return len(seen) <= 4

    return [law]
