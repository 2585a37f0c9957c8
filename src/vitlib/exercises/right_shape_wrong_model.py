"""Checks of the exercises on wrong models of the right shape."""

import random
from itertools import combinations

import torch

from vitlib.exercises import ask, shares  # noqa: F401  (2)
from vitlib.exercises.judge import Stopped, Wrong, exercise
from vitlib.exercises.museum import MUSEUM, box


@exercise("right_shape_wrong_model.1", cases=1, literal=True)
def hunt(answer, draw):
    """`properties`: a list of functions, each takes a block and returns a bool."""
    listed = isinstance(answer, (list, tuple)) and 1 <= len(answer) <= 20
    if not (listed and all(map(callable, answer))):
        raise Wrong(
            "Expected `properties` to be a list of 1 to 20 functions.",
            "`properties`는 함수 1~20개의 리스트여야 합니다.",
        )
    fed, at_large, boxes = [], [], [*MUSEUM, *4 * [None]]
    with draw.seeded():
        # In any order, so that it's of no use to count the calls.
        for k in draw.order(len(boxes)).tolist():
            if boxes[k] is None:
                _all_hold(answer, box(draw, fed=fed))
                continue
            wrong = box(draw, boxes[k][0])
            if all(_holds(i, law, wrong) for i, law in enumerate(answer)):
                at_large.append(k)
    if at_large:
        _say_who([boxes[k] for k in sorted(at_large)], fed)


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
    return ask.truth(
        found, f"the result of `properties[{i}]`", f"`properties[{i}]`의 결과"
    )


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
