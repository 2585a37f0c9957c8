"""Checks of the exercises on wrong models of the right shape."""

import math
import random
from contextlib import contextmanager
from itertools import combinations

import torch

from vitlib.exercises import ask
from vitlib.exercises.judge import Stopped, Wrong, exercise
from vitlib.exercises.museum import MUSEUM, box


@contextmanager
def _seeded(draw):
    """Let an answer that draws its own inputs draw the same ones for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(draw.whole(0, 2**31))
        yield


@exercise("right_shape_wrong_model.1", cases=1, literal=True)
def hunt(answer, draw):
    """`properties`: a list of functions, each takes a block and returns a bool."""
    listed = isinstance(answer, (list, tuple)) and 1 <= len(answer) <= 20
    if not (listed and all(map(callable, answer))):
        raise Wrong(
            "Expected `properties` to be a list of 1 to 20 functions.",
            "`properties`는 함수 1~20개의 리스트여야 합니다.",
        )
    fed, at_large = [], []
    with _seeded(draw):
        for _ in range(4):
            _all_hold(answer, box(draw, fed=fed))
        for entry in MUSEUM:
            wrong = box(draw, entry[0])
            if all(_holds(i, law, wrong) for i, law in enumerate(answer)):
                at_large.append(entry)
    if at_large:
        _say_who(at_large, fed)


def _all_hold(properties, block):
    """Raise if one of the properties rejects a right block."""
    for i, law in enumerate(properties):
        if not _holds(i, law, block):
            raise Wrong(
                f"`properties[{i}]` rejects a right block. Does it hold for any "
                f"weights and inputs, and does it allow for rounding?",
                f"`properties[{i}]`가 올바른 블록을 거부합니다. 가중치와 입력이 "
                f"무엇이든 성립하는 성질인가요? 반올림 오차만큼의 여유는 두었나요?",
            )


def _holds(i, law, block):
    """What property i says of a block, as a bool."""
    try:
        found = law(block)
    except Stopped as stopped:
        said = f"{stopped.kind}: {stopped.text}".strip(": ")[:150]
        raise Wrong(
            f"`properties[{i}]` stopped with {said}. A property returns True or False.",
            f"`properties[{i}]`가 다음 오류로 멈췄습니다. {said}. 성질은 True나 "
            f"False를 돌려주어야 합니다.",
        ) from None
    if isinstance(found, torch.Tensor) and found.numel() == 1:
        found = found.item()
    if not isinstance(found, bool):
        kind = type(found).__name__
        raise Wrong(
            f"`properties[{i}]` returned {kind}, expected True or False.",
            f"`properties[{i}]`의 결과가 {kind}입니다. True나 False여야 합니다.",
        )
    return found


def _say_who(at_large, fed):
    """Raise: how many were caught, and why or which kind of mistake was not."""
    caught = len(MUSEUM) - len(at_large)
    en = f"Caught: {caught} of {len(MUSEUM)} wrong blocks. "
    ko = f"틀린 블록 {len(MUSEUM)}개 가운데 {caught}개를 잡았습니다. "
    if not fed:
        raise Wrong(
            en + "None of the properties called the block.",
            ko + "블록을 부른 성질이 하나도 없습니다.",
        )
    if all(torch.allclose(X, X[:, :, :1]) for X in fed):
        raise Wrong(
            en + "Every token that you fed in holds equal numbers. What is left of it "
            "after a layer norm?",
            ko + "넣은 토큰마다 성분이 모두 같은 수입니다. 층 정규화를 거치면 무엇이 "
            "남을까요?",
        )
    across = any("along the wrong axis" in entry[1] for entry in at_large)
    if across and all(len(X) == 1 for X in fed):
        raise Wrong(
            en + "Every batch that you fed in held one image.",
            ko + "넣은 배치마다 이미지가 하나뿐이었습니다.",
        )
    raise Wrong(
        en + f"No right one was rejected. Still at large, for one: "
        f"{at_large[0][1]}. What would it change from outside?",
        ko + f"올바른 블록은 거부하지 않았습니다. 아직 잡히지 않은 것의 예: "
        f"{at_large[0][2]}. 밖에서 보면 무엇이 달라질까요?",
    )


@exercise("right_shape_wrong_model.2")
def shares(answer, draw):
    """`weights_are_shares(attend)`: whether the weights of a query sum to 1."""
    fed = []
    with _seeded(draw):
        _accepts_shares(answer, fed)
        _rejects_others(answer, fed)


def _accepts_shares(answer, fed):
    for shape, en, ko in (
        (_plain, "the scaled dot-product attention", "스케일드 점곱 어텐션"),
        (_sharp, "an attention with another scale", "배율이 다른 어텐션"),
        (_hidden, "an attention with a causal mask", "인과 마스크가 있는 어텐션"),
    ):
        if not _says(answer, _attention(shape, fed)):
            raise Wrong(
                f"It returns False for {en}, where the weights of a query do sum to 1. "
                f"For which values is the result known, whatever the weights? And does "
                f"the comparison allow for rounding?",
                f"{ko}에서는 쿼리마다 가중치의 합이 1인데 False를 돌려줍니다. 값(V)이 "
                f"어떠할 때, 가중치가 무엇이든 결과를 미리 알 수 있을까요? 비교할 때 "
                f"반올림 오차만큼의 여유는 두었나요?",
            )


def _rejects_others(answer, fed):
    for shape, en, ko in (
        (
            _queries,
            "the softmax runs over the queries",
            "쿼리를 따라 소프트맥스를 적용한",
        ),
        (_heads, "the softmax runs over the heads", "헤드를 따라 소프트맥스를 적용한"),
        (_late, "the mask comes after the softmax", "소프트맥스 뒤에 마스크를 씌운"),
        (torch.sigmoid, "a sigmoid stands in for softmax", "시그모이드를 대신 쓴"),
        (_last, "one query alone has a wrong sum", "쿼리 하나만 합이 틀린"),
    ):
        if _says(answer, _attention(shape, fed)):
            _why_true(fed, en, ko)


def _says(answer, attend):
    """Whether the answer accepts this attention."""
    found = answer(attend)
    if isinstance(found, torch.Tensor) and found.numel() == 1:
        found = found.item()
    if not isinstance(found, bool):
        kind = type(found).__name__
        raise Wrong(
            f"Expected True or False, got {kind}.",
            f"True나 False가 아니라 {kind}입니다.",
        )
    return found


def _attention(shape, fed):
    """`attend(Q, K, V)` whose weights are `shape(scores)`; notes the scores."""

    def attend(Q, K, V):
        if not (Q.dim() == K.dim() == V.dim() == 4):
            raise ValueError("attend takes Q, K, V of shape (B, H, N, D/H)")
        scores = Q @ K.transpose(2, 3) / math.sqrt(Q.shape[3])  # (B, H, N, N)
        fed.append(scores.detach())
        return shape(scores) @ V

    return attend


def _plain(scores):
    return scores.softmax(dim=3)


def _sharp(scores):
    return (2 * scores).softmax(dim=3)


def _hidden(scores):
    seen = torch.ones_like(scores).tril() > 0
    return scores.masked_fill(~seen, -math.inf).softmax(dim=3)


def _queries(scores):
    return scores.softmax(dim=2)


def _heads(scores):
    return scores.softmax(dim=1)


def _late(scores):
    return scores.softmax(dim=3).tril()


def _last(scores):
    weights = scores.softmax(dim=3)
    weights[-1, -1, -1] *= 1.5  # the last query of the last head and image
    return weights


def _why_true(fed, en, ko):
    """Raise: the property accepted weights that do not sum to 1."""
    if not fed:
        raise Wrong("It never calls `attend`.", "`attend`를 부르지 않습니다.")
    if all(scores.shape[3] == 1 for scores in fed):
        raise Wrong(
            "It returns True for wrong weights, too: each of your queries had one key, "
            "and nothing to share out.",
            "틀린 가중치에도 True를 돌려줍니다. 쿼리마다 키가 하나뿐이라 나눌 것이 "
            "없었습니다.",
        )
    if all(scores.numel() and scores.max() - scores.min() < 1e-6 for scores in fed):
        raise Wrong(
            "It returns True for wrong weights, too: with your queries and keys all "
            "scores are the same, so there is one weight for all.",
            "틀린 가중치에도 True를 돌려줍니다. 넣은 쿼리와 키로는 점수가 모두 같아져, "
            "가중치도 전부 같습니다.",
        )
    raise Wrong(
        f"It returns True where {en}. Look at every number of the result: what is left "
        f"out is not checked, and an average over queries, heads or images forgives.",
        f"{ko} 어텐션에도 True를 돌려줍니다. 결과의 값을 하나하나 보세요. 빠뜨린 것은 "
        f"검사하지 못하고, 쿼리나 헤드나 이미지에 걸쳐 평균하면 틀린 것이 묻힙니다.",
    )


# For each check the mistakes that it catches; 0 is the right model. The widest
# one is in no smallest set.
PATTERN = (
    (1, 2, 3), (4, 5, 6), (7, 8, 9), (1, 2, 4, 5, 7), (3, 9), (1, 6),
    (0, 2, 3, 4, 6, 8, 9),
)  # fmt: skip


def caught_by(mix):
    """Seven checks and what each catches: {"a": [2, 5, 6], ...}; 0: a right model."""
    shuffled = random.Random(mix)
    numbers = [0, *shuffled.sample(range(1, 10), 9)]
    rows = shuffled.sample(PATTERN, len(PATTERN))
    return {
        name: sorted(numbers[mistake] for mistake in row)
        for name, row in zip("abcdefg", rows, strict=True)
    }


@exercise(
    "right_shape_wrong_model.3", cases=1, literal=True, mix=(1, 2, 3, 4, 5, 6, 7, 8)
)
def cover(answer, draw, mix):
    """`{"checks": [...], "hangs": ...}`: fewest checks; a mistake only one catches."""
    table, mistakes = caught_by(mix), set(range(1, 10))
    found = ask.table(answer, ("checks", "hangs"))
    length = len(found["checks"]) if isinstance(found["checks"], (list, tuple)) else 0
    chosen = ask.sequence(found["checks"], length, "'checks'", "'checks'의 값")
    for name in chosen:
        ask.choice(name, table, "a check", "검사의 이름")
    hangs = ask.whole(found["hangs"], "'hangs'", "'hangs'의 값")
    sound = {name: set(row) for name, row in table.items() if 0 not in row}
    if not set(chosen) <= set(sound):
        raise Wrong(
            "One of the checks rejects the right model, too. What it says of a wrong "
            "one is worth nothing.",
            "고른 검사 가운데 올바른 모델까지 거부하는 것이 있습니다. 그런 검사가 틀린 "
            "모델을 거부해도 알 수 있는 것은 없습니다.",
        )
    free = mistakes.difference(*(sound[name] for name in chosen))
    if free:
        raise Wrong(
            f"Mistake {min(free)} gets away: none of your checks catches it.",
            f"고른 검사 가운데 {min(free)}번 실수를 잡는 것이 없습니다.",
        )
    fewest = next(
        size
        for size in range(1, 8)
        for some in combinations(sound.values(), size)
        if mistakes <= set().union(*some)
    )
    if len(chosen) > fewest:
        raise Wrong(
            "Together they catch all mistakes, but fewer checks can. Did you begin "
            "with the one that catches most?",
            "모든 실수를 잡지만 더 적은 검사로도 됩니다. 가장 많이 잡는 검사부터 "
            "고르지는 않았나요?",
        )
    if hangs not in mistakes or sum(hangs in row for row in sound.values()) != 1:
        raise Wrong(
            "The checks are right. The mistake at 'hangs' is not the one: count the "
            "checks of the whole table that catch it and that one can trust.",
            "고른 검사는 맞습니다. 'hangs'에 적은 실수는 답이 아닙니다. 표 전체에서, "
            "그 실수를 잡는 믿을 만한 검사가 몇 개인지 세어 보세요.",
        )
