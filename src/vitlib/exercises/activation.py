"""What GELU and its derivative are mistaken for."""

import math

import torch


def values(x, below, density):
    """Known mistakes in the values: (what they give, English, Korean)."""
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return (
        (
            0.5 * x * (1 + torch.tanh(inner)),
            "`y` comes very close everywhere and is not equal: that is the form with "
            "the hyperbolic tangent. The exact form is asked for.",
            "`y`가 GELU에 아주 가깝지만 같지는 않습니다. 쌍곡탄젠트를 쓴 근사입니다. "
            "여기서는 정확한 꼴이 필요합니다.",
        ),
        (
            x * torch.sigmoid(1.702 * x),
            "`y` is the approximation with the logistic sigmoid, the coarser of the "
            "two. The exact form is asked for.",
            "`y`가 로지스틱 시그모이드를 쓴 근사입니다. 두 근사 가운데 더 거친 "
            "쪽입니다. 여기서는 정확한 꼴이 필요합니다.",
        ),
        (
            x.relu(),
            "`y` is ReLU: a switch where GELU has a dial.",
            "`y`가 ReLU입니다. GELU의 다이얼 자리에 스위치가 있습니다.",
        ),
        (
            x * torch.sigmoid(x),
            "`y` is SiLU: the logistic sigmoid stands where the normal distribution "
            "belongs.",
            "`y`가 SiLU입니다. 정규분포가 있어야 할 곳에 로지스틱 시그모이드가 "
            "있습니다.",
        ),
        (
            x * density,
            "`y` is `x` times the bell curve. Is the factor how likely a value near "
            "`x` is, or how likely a value below it?",
            "`y`가 `x`에 종 모양 곡선을 곱한 값입니다. 곱할 것은 `x` 근처의 값이 나올 "
            "가능성인가요, `x`보다 작은 값이 나올 가능성인가요?",
        ),
        (
            below,
            "`y` is a probability. What is it multiplied by?",
            "`y`가 확률입니다. 여기에 무엇을 곱해야 할까요?",
        ),
        (
            0.5 * x * (1 + torch.erf(x)),
            "`y` uses the normal distribution of another variance. For which one is "
            "`torch.erf` made?",
            "`y`가 분산이 다른 정규분포를 씁니다. `torch.erf`는 분산이 얼마인 "
            "정규분포에 맞추어져 있을까요?",
        ),
    )


def slopes(x, below, density):
    """Known mistakes in the derivative."""
    return (
        (
            below,
            "`y` is right. `slope` is the derivative of one factor times the other. "
            "Does the second factor not change with `x`?",
            "`y`는 맞습니다. `slope`는 한 인수만 미분해 다른 인수에 곱한 값입니다. "
            "둘째 인수는 `x`에 따라 변하지 않나요?",
        ),
        (
            x * density,
            "`y` is right. `slope` is only one of the two terms of the product rule.",
            "`y`는 맞습니다. `slope`에 곱의 미분법의 두 항 가운데 하나만 있습니다.",
        ),
        (
            below + density,
            "`y` is right. In one of the two terms of `slope` a factor is lost.",
            "`y`는 맞습니다. `slope`의 두 항 가운데 하나에서 인수가 하나 빠졌습니다.",
        ),
        (
            (x > 0).float(),
            "`y` is right. `slope` is that of ReLU, a step.",
            "`y`는 맞습니다. `slope`는 계단 모양인 ReLU의 도함수입니다.",
        ),
    )
