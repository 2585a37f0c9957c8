"""Check of the exercise on Welch's t: discussion.3."""

import math
from functools import partial
from statistics import mean, pvariance, variance

from vitlib.exercises import ask
from vitlib.exercises.judge import Wrong, exercise

_close = partial(math.isclose, rel_tol=1e-3)


def _welch(a, b, var=variance):
    """Difference, standard error, degrees of freedom."""
    s, t = var(a) / len(a), var(b) / len(b)
    freedom = (s + t) ** 2 / (s**2 / (len(a) - 1) + t**2 / (len(b) - 1))
    return mean(a) - mean(b), math.sqrt(s + t), freedom


def _wrong_errors(a, b):
    """Standard errors that come of a misconception, with its words."""
    n, m, s, t = len(a), len(b), variance(a), variance(b)
    pooled = ((n - 1) * s + (m - 1) * t) / (n + m - 2)
    return (
        (
            math.sqrt(pooled * (1 / n + 1 / m)),
            "The standard error takes one spread for both groups. Why should two "
            "models scatter alike?",
            "표준 오차에서 두 묶음의 흩어진 정도가 같다고 보았습니다. 두 모델이 왜 "
            "똑같이 흩어져야 할까요?",
        ),
        (
            _welch(a, b, pvariance)[1],
            "The standard error is a little too small: as if the true means were "
            "known, and not estimated from the same few runs.",
            "표준 오차가 조금 작습니다. 참된 평균을 아는 것처럼 계산했습니다. 평균도 "
            "같은 몇 번의 실행에서 추정한 값입니다.",
        ),
        (
            math.sqrt(s + t),
            "This is the spread of a single run against another. The mean of several "
            "runs scatters less.",
            "실행 하나와 실행 하나의 차이가 흩어지는 정도입니다. 여러 실행의 평균은 "
            "덜 흩어집니다.",
        ),
        (
            math.sqrt(s / n) + math.sqrt(t / m),
            "The two standard errors are added. For independent groups, something "
            "else adds up.",
            "두 표준 오차를 그대로 더했습니다. 독립인 두 묶음에서는 다른 것을 더해야 "
            "합니다.",
        ),
    )


def _groups(draw):
    """Two groups of runs, of which no misconception gives the right numbers."""
    while True:
        sizes, spreads = draw.distinct(2, 3, 9), (draw.real(0.2, 0.5), draw.real(1, 2))
        if draw.choice((True, False)):
            spreads = spreads[::-1]
        a, b = (
            [round(85 + sd * x, 3) for x in draw.normal(n).tolist()]
            for n, sd in zip(sizes, spreads, strict=True)
        )
        difference, error, freedom = _welch(a, b)
        apart = [abs(e / error - 1) > 0.02 for e, *_ in _wrong_errors(a, b)]
        sure = abs(difference) > 0.05 and len(a) + len(b) - 2 - freedom > 0.3
        if sure and all(apart) and abs(min(sizes) - 1 - freedom) > 0.1:
            return a, b


@exercise("discussion.3")
def welch(answer, draw):
    """`welch(a, b)`: difference of the means, its error, degrees of freedom."""
    a, b = _groups(draw)
    _compared(answer, a, b)
    _compared(answer, b, a)


def _compared(answer, a, b):
    """Raise unless the answer compares these two groups of runs."""
    difference, error, freedom = _welch(a, b)
    found = [
        ask.number(value, f"number {i} of the result", f"결과의 {i}번 수")
        for i, value in enumerate(ask.sequence(answer(a, b), 3, "the result", "결과"))
    ]
    if _close(found[0], -difference):
        raise Wrong(
            "The difference has the wrong sign: a positive one says that `a` is ahead.",
            "차이의 부호가 반대입니다. 양수이면 `a`가 앞선다는 뜻이어야 합니다.",
        )
    if not _close(found[0], difference):
        raise Wrong(
            "The first number is not the difference of the two means.",
            "첫째 수가 두 평균의 차이가 아닙니다.",
        )
    for wrong, en, ko in _wrong_errors(a, b):
        if _close(found[1], wrong):
            raise Wrong(en, ko)
    if not _close(found[1], error):
        raise Wrong(
            "The difference is right, its standard error is not. How far does each "
            "mean scatter, and how do the two combine?",
            "차이는 맞지만 표준 오차가 맞지 않습니다. 평균은 저마다 얼마나 흩어지고, "
            "둘은 어떻게 합쳐질까요?",
        )
    if _close(found[2], len(a) + len(b) - 2):
        raise Wrong(
            "The degrees of freedom are those of Student's test, which pools both "
            "groups. The formula of the task weighs the groups.",
            "두 묶음을 합치는 Student의 검정에서 쓰는 자유도입니다. 문제의 식에는 "
            "두 묶음의 분산이 따로 들어갑니다.",
        )
    if not _close(found[2], freedom):
        raise Wrong(
            "Difference and standard error are right, the degrees of freedom are not. "
            "Look at what is squared in the formula, and what is not.",
            "차이와 표준 오차는 맞지만 자유도가 맞지 않습니다. 식에서 무엇을 제곱하고 "
            "무엇을 제곱하지 않는지 보세요.",
        )
