"""Check of the exercise on dropout: mlp.3."""

import torch

from vitlib.exercises import ask
from vitlib.exercises.judge import Wrong, exercise


@exercise("mlp.3")
def dropout(answer, draw):
    """`dropout(X, p, U)`: inverted dropout; what has U < p is dropped."""
    shape = draw.distinct(3, 4, 9)
    p = draw.choice((draw.real(0.15, 0.35), draw.real(0.65, 0.85)))
    X, U = draw.normal(*shape), draw.uniform(*shape)
    Y = ask.tensor(answer(X, p, U), shape, "X.shape")
    keep = (p <= U).float()
    if ask.near(Y, X * keep / (1 - p)):
        _border(answer, X, U)
        ask.alone(lambda X: answer(X, p, U[:1]), X, Y, "X.shape")
        return
    ask.mistakes(Y, _drops(X, p, U, keep))
    zeros = (Y == 0).float()
    if ask.near(zeros, keep):
        raise Wrong(
            "Each number is kept with probability `p`: what stays and what goes are "
            "exchanged.",
            "숫자를 저마다 확률 `p`로 남겼습니다. 남길 것과 버릴 것이 뒤바뀌었습니다.",
        )
    if ask.near(zeros, 1 - keep):
        raise Wrong(
            "The right numbers are dropped, but those that stay are not scaled so "
            "that the mean over all `U` is `X`.",
            "버릴 숫자는 제대로 버렸습니다. 그런데 남은 숫자의 배율이 맞지 않아 모든 "
            "`U`에 걸친 평균이 `X`가 되지 않습니다.",
        )
    share = f"{zeros.mean():.0%}"
    raise Wrong(
        f"Dropped were {share} of the numbers, and not those that the task says. "
        f"Each number is compared with its own entry of `U`.",
        f"숫자의 {share}를 버렸는데, 문제에서 버리라고 한 숫자가 아닙니다. 숫자마다 "
        f"`U`에서 같은 자리에 있는 수와 비교합니다.",
    )


def _border(answer, X, U):
    """Raise if what is equal to p goes: with p = 0, numbers could be lost."""
    U = torch.where(U < 0.5, 0.25, 0.75)
    for p in (0.25, 0.75):
        Y = ask.tensor(answer(X, p, U), X.shape, "X.shape")
        if not ask.near(Y, X * (p <= U) / (1 - p)):
            raise Wrong(
                "An entry of `U` that is equal to `p` is treated as if it were below.",
                "`U`의 수가 `p`와 같은데 `p`보다 작은 것처럼 다루었습니다.",
            )


def _drops(X, p, U, keep):
    """Known mistakes in dropout."""
    once, wide = (p <= U[:1]).float(), (p <= U[:, :, :1]).float()
    return (
        (
            X,
            "Nothing was dropped. This is the training mode of dropout.",
            "아무것도 버리지 않았습니다. 여기서는 훈련 모드의 드롭아웃을 묻습니다.",
        ),
        (
            X * keep,
            "The right numbers are dropped and the others left as they are. What "
            "happens to the mean?",
            "버릴 숫자는 제대로 버렸고 나머지는 그대로입니다. 평균은 어떻게 될까요?",
        ),
        (
            X * keep * (1 - p),
            "What stays became smaller. After dropping, the mean is too small already.",
            "남은 숫자가 작아졌습니다. 평균은 숫자를 버린 것만으로도 이미 줄었습니다.",
        ),
        (
            X * keep / keep.mean(),
            "The scale comes from the share that happened to stay this time. Then "
            "every number depends on what was dropped elsewhere.",
            "이번에 우연히 남은 비율로 배율을 정했습니다. 그러면 숫자 하나하나가 다른 "
            "자리에서 버린 것에 따라 달라집니다.",
        ),
        (
            X * once / (1 - p),
            "All images lose the same numbers: the mask of image 0 serves the whole "
            "batch.",
            "모든 이미지가 같은 숫자를 잃습니다. 0번 이미지의 마스크를 배치 전체에 "
            "썼습니다.",
        ),
        (
            X * wide / (1 - p),
            "Tokens are dropped whole. Dropout decides for each number.",
            "토큰을 통째로 버렸습니다. 드롭아웃은 숫자마다 따로 정합니다.",
        ),
    )
