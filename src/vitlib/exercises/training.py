"""Checks of the exercises on training."""

import math
import statistics
from functools import partial
from itertools import combinations

import torch

from vitlib.exercises import ask, comparison, curves, split  # noqa: F401  (3 to 6)
from vitlib.exercises.judge import Wrong, exercise


def _name(found, close, misconceptions):
    """Raise the first misconception (value, en, ko) whose value was found."""
    for value, en, ko in misconceptions:
        if close(found, value):
            raise Wrong(en, ko)


@exercise("training.1")
def accuracy(answer, draw):
    """`accuracy(batches)`: [(logits (B, K), labels (B,)), ...] -> a share."""
    n = draw.whole(5, 8)
    square = _batches(draw, [n, n], n)  # as many images as classes: no error helps
    full, last = draw.distinct(2, 6, 9)
    ragged = _batches(draw, [full, full, min(full, last) // 2], draw.whole(3, 5))
    found = _share(answer(square))
    _name(
        found,
        _same,
        [
            (
                _mean([(X.argmax(0) == y) for X, y in square]),
                f"In batches of {n} images and {n} classes, the answer compares the "
                f"labels with the largest logit of each column. Along which axis do "
                f"the classes lie?",
                f"이미지가 {n}장, 클래스가 {n}개인 배치에서 열마다 가장 큰 로짓을 골라 "
                f"레이블과 비교했습니다. 클래스는 어느 축을 따라 놓여 있나요?",
            )
        ],
    )
    found = _share(answer(ragged))
    hits = [X.argmax(1) == y for X, y in ragged]
    r, means = len(hits[-1]), [_mean([h]) for h in hits]
    _name(
        found,
        _same,
        [
            (
                statistics.mean(means),
                f"The answer is a mean of {len(hits)} batch means. How much does one "
                f"of the {r} images in the last batch weigh in it, and how much one "
                f"of the {full} in a full batch?",
                f"배치 {len(hits)}개의 평균을 다시 평균했습니다. 이때 마지막 배치의 "
                f"이미지 {r}장은 한 장이 얼마나 크게 반영되고, 꽉 찬 배치의 이미지 "
                f"{full}장은 어떤가요?",
            ),
            (
                means[-1],
                "The answer is the accuracy of the last batch alone. Is the count "
                "started anew in every batch?",
                "마지막 배치 하나의 정확도입니다. 배치마다 개수를 처음부터 다시 세고 "
                "있지는 않나요?",
            ),
            (
                means[0],
                "The answer is the accuracy of the first batch alone. Does the "
                "function return before the loop is over?",
                "첫 배치 하나의 정확도입니다. 반복이 끝나기 전에 값을 돌려주고 있지는 "
                "않나요?",
            ),
            (
                sum(h.sum().item() for h in hits) / (len(hits) * full),
                "The count of hits is right, but it is divided as if every batch were "
                "full.",
                "맞힌 수는 제대로 셌지만, 모든 배치가 꽉 찼다고 보고 나누었습니다.",
            ),
        ],
    )
    for batches in (square, ragged):
        right = _mean([X.argmax(1) == y for X, y in batches])
        if not _same(_share(answer(batches)), right):
            raise Wrong(
                "The answer is a share, but not that of images whose largest logit "
                "is the one of their label.",
                "0과 1 사이의 값이지만, 가장 큰 로짓이 제 레이블의 로짓인 이미지의 "
                "비율이 아닙니다.",
            )


def _batches(draw, sizes, K):
    """Batches on which the right accuracy and the usual wrong ones lie apart."""
    while True:
        made = [(draw.normal(B, K), draw.below(K, B)) for B in sizes]
        for i, (X, y) in enumerate(made[:-1]):  # better than the last one
            X[torch.arange(len(y)), y] += 1.0 + i
        hits = [X.argmax(1) == y for X, y in made]
        means = [_mean([h]) for h in hits]
        smallest = _mean([X.argmin(1) == y for X, y in made])
        values = [_mean(hits), 1 - _mean(hits), means[0], means[-1], smallest]
        if sizes[0] == K:
            values.append(_mean([X.argmax(0) == y for X, y in made]))
        else:
            values.append(statistics.mean(means))
            values.append(sum(h.sum().item() for h in hits) / len(hits) / sizes[0])
        if all(abs(a - b) > 0.01 for a, b in combinations(values, 2)):
            return made


def _mean(hits):
    return torch.cat(hits).float().mean().item()


def _same(found, value):
    return abs(found - value) < 1e-3


def _share(found):
    found = ask.number(found)
    if not 0 <= found <= 1:
        raise Wrong(
            f"An accuracy is a share, from 0 to 1; the answer is {found:g}. Is it a "
            f"count, or in percent?",
            f"정확도는 0에서 1까지의 비율인데, 답이 {found:g}입니다. 개수나 백분율을 "
            f"돌려주고 있지는 않나요?",
        )
    return found


@exercise("training.2")
def schedule(answer, draw):
    """`schedule(progress, warmup, floor)`: a line up, half a cosine down to floor."""
    warmup, floor = draw.real(0.15, 0.4), draw.real(0.1, 0.3)
    rising = [0.0, *(draw.real(0.02, 0.98) * warmup for _ in range(5))]
    falling = [warmup, *(draw.real(warmup + 0.02, 1) for _ in range(5)), 1.0]

    def found(p, warmup=warmup, floor=floor):
        names = f"the factor at {p:.2f}", f"{p:.2f}에서의 값"
        return ask.number(answer(p, warmup, floor), *names)

    def follows(places, values, function):
        return ask.near(torch.tensor(values), torch.tensor([*map(function, places)]))

    def half(x):
        return 0.5 * (1 + math.cos(math.pi * x))

    def rest(p):
        return (p - warmup) / (1 - warmup)

    up, down = [*map(found, rising)], [*map(found, falling)]
    _name(
        up,
        partial(follows, rising),
        [
            (
                lambda p: floor + (1 - floor) * half(p),
                "The factor falls from the first step on: there is no warm-up.",
                "첫 스텝부터 값이 내려갑니다. 워밍업이 없습니다.",
            ),
            (
                lambda p: floor + (1 - floor) * p / warmup,
                "The warm-up starts at `floor`. Only the way down knows it.",
                "워밍업이 `floor`에서 시작합니다. `floor`는 내려가는 길에만 쓰입니다.",
            ),
        ],
    )
    if not follows(rising, up, lambda p: p / warmup):
        raise Wrong(
            f"At progress {rising[1]:.2f}, with a warm-up of {warmup:.2f}, the factor "
            f"is {up[1]:.2f}. That is not on a line from 0 that ends at 1.",
            f"워밍업이 {warmup:.2f}일 때 진행률 {rising[1]:.2f}에서 값이 "
            f"{up[1]:.2f}입니다. 0에서 시작해 1에서 끝나는 직선 위에 있지 않습니다.",
        )
    _name(
        down,
        partial(follows, falling),
        [
            (
                lambda p: floor + (1 - floor) * half(p),
                f"The factor jumps down at the end of the warm-up, to {down[0]:.2f}: "
                f"where does the cosine begin to count?",
                f"워밍업이 끝나는 순간 값이 {down[0]:.2f}까지 뚝 떨어집니다. 코사인은 "
                f"어디서 시작해야 하나요?",
            ),
            (
                lambda p: half(rest(p)),
                "The factor ends at 0. What is `floor` for?",
                "값이 0에서 끝납니다. `floor`는 무엇에 쓰이나요?",
            ),
            (
                lambda p: max(floor, half(rest(p))),
                "The factor falls towards 0 and is cut off at `floor`: a flat end "
                "instead of a cosine that arrives there.",
                "값이 0 쪽으로 내려가다가 `floor`에서 잘립니다. 코사인이 `floor`에 "
                "닿으며 끝나지 않고 끝이 평평합니다.",
            ),
            (
                lambda p: floor + half(rest(p)),
                "The factor stands above 1 after the warm-up: `floor` lifts the "
                "curve as a whole.",
                "워밍업이 끝난 뒤 값이 1보다 큽니다. `floor`만큼 곡선이 통째로 "
                "올라갔습니다.",
            ),
            (
                lambda p: 1 - (1 - floor) * rest(p),
                "The way down is a straight line from 1 to `floor`.",
                "1에서 `floor`까지 직선으로 내려갑니다.",
            ),
            (
                lambda p: floor + (1 - floor) * half(2 * rest(p)),
                "The factor is back at 1 at the end: that is a whole period of the "
                "cosine.",
                "끝에서 값이 다시 1입니다. 코사인이 한 주기를 다 돕니다.",
            ),
        ],
    )
    if not follows(falling, down, lambda p: floor + (1 - floor) * half(rest(p))):
        raise Wrong(
            f"The warm-up is right. The way down begins at {down[0]:.3g} and ends at "
            f"{down[-1]:.3g}, with `floor` {floor:.3g}. Is it half a cosine?",
            f"워밍업은 맞습니다. 내려가는 길은 {down[0]:.3g}에서 시작해 "
            f"{down[-1]:.3g}에서 끝나고 `floor`는 {floor:.3g}입니다. 코사인의 반 "
            f"주기인가요?",
        )
    if abs((start := found(0.0, warmup=0.0)) - 1) > 1e-4:
        raise Wrong(
            f"With `warmup` 0 the factor starts at {start:.3g}. Is there a line then?",
            f"`warmup`이 0인데 값이 {start:.3g}에서 시작합니다. 직선 구간이 있나요?",
        )
    values = [found(p, warmup=0.0) for p in falling]
    if not follows(falling, values, lambda p: floor + (1 - floor) * half(p)):
        raise Wrong(
            "With `warmup` 0 the factor starts at 1, but does not go down half a "
            "cosine from there.",
            "`warmup`이 0일 때 값이 1에서 시작하지만, 거기서 코사인의 반 주기를 따라 "
            "내려가지 않습니다.",
        )
    values = [found(p, floor=0.0) for p in falling]
    if not follows(falling, values, lambda p: half(rest(p))):
        raise Wrong(
            "With `floor` 0 the way down is not that of the chapter's schedule.",
            "`floor`가 0일 때 내려가는 길이 이 장의 스케줄과 다릅니다.",
        )
