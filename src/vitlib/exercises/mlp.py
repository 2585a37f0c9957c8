"""Checks of the exercises on the MLP of a block."""

import math

import torch

from vitlib.exercises import ask, dropout  # noqa: F401  (3)
from vitlib.exercises.activation import slopes, values
from vitlib.exercises.judge import Wrong, exercise

# Activation functions that no answer has by itself.
BENDS = (lambda X: X.sin() + 0.4, lambda X: X * X.tanh() - 0.3)


@exercise("mlp.1")
def gelu(answer, draw):
    """`gelu(x)`: the pair (values, slopes) of the exact GELU, in the shape of x."""
    shape = draw.distinct(3, 5, 9)
    x = 8 * draw.uniform(*shape) - 4
    y, slope = ask.sequence(answer(x), 2, "the pair (y, slope)", "(y, slope)")
    y = ask.tensor(y, shape, "x.shape", "y", "y")
    slope = ask.tensor(slope, shape, "x.shape", "slope", "slope")
    below = 0.5 * (1 + torch.erf(x / math.sqrt(2)))
    density = torch.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    if not ask.near(y, x * below, 1e-5):
        ask.mistakes(y, values(x, below, density), 1e-5)
        raise Wrong(
            "`y` is not GELU, nor one of its two approximations. Two factors make it: "
            "`x`, and the probability that the chapter calls Φ.",
            "`y`가 GELU도, 두 근사 가운데 하나도 아닙니다. GELU는 두 인수의 곱입니다. "
            "하나는 `x`이고, 하나는 이 장에서 Φ로 쓴 확률입니다.",
        )
    if not ask.near(slope, below + x * density, 1e-5):
        ask.mistakes(slope, slopes(x, below, density), 1e-5)
        raise Wrong(
            "`y` is right, `slope` is not its derivative. Compare it with "
            "`(y(x + h) - y(x - h)) / (2 * h)` for a small `h`.",
            "`y`는 맞지만 `slope`가 그 도함수가 아닙니다. 작은 `h`를 골라 "
            "`(y(x + h) - y(x - h)) / (2 * h)`와 견주어 보세요.",
        )
    for part, what, ko in (
        (x[0, 0], "one token", "토큰 하나"),
        (x[0, 0, 0], "one number", "수 하나"),
    ):
        _, alone = ask.sequence(answer(part), 2, "the pair (y, slope)", "(y, slope)")
        names = f"the slope for {what}", f"{ko}에서의 slope"
        alone = ask.tensor(alone, part.shape, "x.shape", *names)
        if not ask.near(alone, slope[0, 0, 0] if part.dim() == 0 else slope[0, 0]):
            raise Wrong(
                f"The result for {what} is not the one it has inside a larger tensor.",
                f"{ko}의 결과가 더 큰 텐서 안에 있을 때와 다릅니다.",
            )


@exercise("mlp.2")
def mlp(answer, draw):
    """`mlp(X, W1, b1, W2, b2, act)`: any leading axes, (..., D) -> (..., D)."""
    B, N, D, M = draw.distinct(4, 3, 9)
    X, act = draw.normal(B, N, D), draw.choice(BENDS)
    weights = {
        "W1": draw.normal(D, M) / math.sqrt(D),
        "b1": draw.normal(M),
        "W2": draw.normal(M, D) / math.sqrt(M),
        "b2": draw.normal(D),
    }

    def call(X):
        return answer(X, *weights.values(), act)

    Y = ask.tensor(call(X), (B, N, D), "(B, N, D)")
    _alone(call, X, Y, draw)
    hidden = X @ weights["W1"] + weights["b1"]
    if not ask.near(Y, act(hidden) @ weights["W2"] + weights["b2"]):
        ask.mistakes(Y, _layers(X, act, *weights.values()))
        _unused(answer, X, Y, weights, act, draw)
        raise Wrong(
            "Each token passes alone, and all arguments count. Yet the numbers are "
            "not those of two linear layers with `act` between them.",
            "토큰을 저마다 따로 계산하고 인자도 모두 씁니다. 그런데 두 선형 층 사이에 "
            "`act`를 넣어 계산한 값이 아닙니다.",
        )
    for part, right, letters, what, ko in (
        (X[:1], Y[:1], "(1, N, D)", "a batch of one image", "이미지가 하나인 배치"),
        (X[0], Y[0], "(N, D)", "one image", "이미지 하나"),
        (X[0, 0], Y[0, 0], "(D,)", "one token", "토큰 하나"),
    ):
        names = f"the result for {what}", f"{ko}를 넣은 결과"
        found = ask.tensor(call(part), part.shape, letters, *names)
        if not ask.near(found, right):
            raise Wrong(
                f"The result for {what} is not the one it has inside the batch.",
                f"{ko}의 결과가 배치 안에 있을 때와 다릅니다.",
            )


def _alone(call, X, Y, draw):
    """Raise if an output token depends on more than its own input."""
    B, N, D = X.shape
    shape = tuple(Y.shape)
    moved = torch.cat((X[:1], draw.normal(B - 1, N, D)))
    if not ask.near(ask.tensor(call(moved), shape, "(B, N, D)")[:1], Y[:1]):
        raise Wrong(
            f"The shape is right, {shape}, but image 0 changes when only the other "
            f"images do. Along which axis do the weights act?",
            f"형태는 맞습니다{shape}. 그런데 다른 이미지만 바꾸었는데 0번 이미지의 "
            f"결과도 달라집니다. 가중치가 어느 축을 따라 작용하나요?",
        )
    seen = ask.tokens_seen(lambda X: ask.tensor(call(X), shape, "(B, N, D)"), X, draw)
    if seen != 1:
        raise Wrong(
            f"The shape is right, {shape}, but output token 0 depends on {seen} of "
            f"the {N} input tokens. Position-wise means: on its own alone.",
            f"형태는 맞습니다{shape}. 그런데 0번 출력 토큰이 입력 토큰 {N}개 가운데 "
            f"{seen}개에 의존합니다. 위치별이라면 자기 자신에만 의존해야 합니다.",
        )


def _layers(X, act, W1, b1, W2, b2):
    """Known mistakes in the two layers."""
    return (
        (
            act((X @ W1 + b1) @ W2 + b2),
            "The bend stands at the end, so the two layers before it are worth no "
            "more than one.",
            "비선형 함수가 맨 끝에 있습니다. 그 앞의 두 층은 한 층보다 나을 것이 "
            "없습니다.",
        ),
        (
            act(act(X @ W1 + b1) @ W2 + b2),
            "There is a bend behind each layer. The output is added to the residual "
            "stream; what would a second bend take from it?",
            "층마다 뒤에 비선형 함수가 있습니다. 출력은 잔차 스트림에 더해집니다. 두 "
            "번째 비선형 함수를 거치면 출력은 어떤 값을 잃을까요?",
        ),
        (
            act(X @ W1) @ W2 + b2 + b1 @ W2,
            "`b1` comes after the bend. A bias shifts what the bend sees.",
            "`b1`을 비선형 함수 뒤에서 더했습니다. 편향은 비선형 함수에 들어가는 값을 "
            "옮기는 것입니다.",
        ),
        (
            X + act(X @ W1 + b1) @ W2 + b2,
            "The input is added to the output. That sum belongs to the block, not to "
            "its MLP.",
            "출력에 입력을 더했습니다. 이 덧셈은 MLP가 아니라 블록이 할 일입니다.",
        ),
    )


def _unused(answer, X, Y, weights, act, draw):
    """Raise if one of the arguments has no influence."""
    for name, value in weights.items():
        others = weights | {name: value + draw.normal(*value.shape)}
        if ask.near(answer(X, *others.values(), act), Y):
            raise Wrong(
                f"The result does not depend on `{name}`.",
                f"결과가 `{name}`에 따라 달라지지 않습니다.",
            )
    if ask.near(answer(X, *weights.values(), torch.cos), Y):
        raise Wrong(
            "The result does not depend on `act`: is another activation function "
            "written into the code, or none?",
            "결과가 `act`에 따라 달라지지 않습니다. 다른 활성화 함수를 코드에 "
            "써 넣었거나, 아예 쓰지 않은 것은 아닌가요?",
        )


@exercise("mlp.4", cases=1, literal=True, D=(176, 208, 352, 416, 608, 736), r=(3, 5, 6))
def crossing(answer, draw, D, r):
    """`{"projections": ..., "mlp": ..., "side": ...}`: where the products win."""
    side = 16 * (math.isqrt(r * D - 1) + 1)
    right = {"projections": 2 * D + 1, "mlp": r * D + 1, "side": side}
    ask.table(answer, right)
    for name, number in right.items():
        found = ask.whole(answer[name], f"the number for {name!r}", f"{name!r}의 수")
        known = [known[1:] for known in _crossings(D, r, side) if known[0] == name]
        ask.mistakes(found, known, tolerance=0)
        if found != number:
            raise Wrong(
                f"The number for {name!r} is not right. Costs are formulas in the "
                f"number of tokens: set them equal. A side is the smallest that fits.",
                f"{name!r}의 수가 맞지 않습니다. 두 연산량을 토큰 수의 식으로 쓰고 "
                f"같다고 놓으세요. 한 변은 조건에 맞는 가장 작은 것입니다.",
            )


def _crossings(D, r, side):
    """Known mistakes: (name, what it gives, English, Korean)."""
    equal = (
        "At that number of tokens the two costs for {!r} are equal, and more is "
        "asked for.",
        "토큰이 그만큼일 때 {!r}에서 두 연산량은 같습니다. 문제는 더 많아지는 때를 "
        "묻습니다.",
    )
    once = (
        "In {!r}, one product of all pairs of tokens is forgotten: what happens to "
        "the weights, once the scores have become weights?",
        "{!r}에서 토큰의 모든 쌍을 곱하는 일을 하나 빠뜨렸습니다. 점수가 가중치로 바뀐 "
        "다음, 그 가중치로 무엇을 하나요?",
    )
    return [
        ("projections", 2 * D, *(text.format("projections") for text in equal)),
        ("mlp", r * D, *(text.format("mlp") for text in equal)),
        ("projections", 4 * D + 1, *(text.format("projections") for text in once)),
        ("mlp", 2 * r * D + 1, *(text.format("mlp") for text in once)),
        (
            "projections",
            3 * D // 2 + 1,
            "One projection is missing: attention has more than queries, keys and "
            "values.",
            "투영이 하나 빠졌습니다. 어텐션에는 쿼리, 키, 값 말고도 투영이 있습니다.",
        ),
        (
            "mlp",
            r * D // 2 + 1,
            "The MLP is counted with one layer of its two.",
            "MLP의 두 층 가운데 한 층만 세었습니다.",
        ),
        (
            "mlp",
            4 * D + 1,
            "In 'mlp' the hidden width is 4 D. Which ratio does the task give?",
            "'mlp'에서 은닉 차원을 4 D로 두었습니다. 문제에서 준 비율은 얼마인가요?",
        ),
        (
            "side",
            side // 16,
            "The number for 'side' counts patches; pixels are asked for.",
            "'side'의 수가 패치의 개수입니다. 픽셀 수를 써야 합니다.",
        ),
        (
            "side",
            side - 16,
            "An image of that side does not have enough tokens yet.",
            "그 크기의 이미지로는 토큰이 아직 모자랍니다.",
        ),
    ]
