"""Checks of the exercises on the introduction."""

import math
from itertools import pairwise

from torch.nn import functional as F

from vitlib.exercises import ask
from vitlib.exercises.judge import Wrong, exercise


@exercise(
    "introduction.1", cases=1, literal=True,
    k=(3, 5, 7), s=(2, 3), n=(3, 4, 5), W=(96, 128, 160, 192, 224, 384),
)  # fmt: skip
def receptive_field(answer, draw, k, s, n, W):
    """`{"plain": ..., "strided": ..., "layers": ..., "attention": ...}`."""

    def field(layers, stride):
        return 1 + sum((k - 1) * stride**i for i in range(layers))

    def least(enough):
        return next(layers for layers in range(1, 2 * W) if enough(layers))

    right = {
        "plain": field(n, 1),
        "strided": field(n, s),
        "layers": least(lambda layers: field(layers, 1) >= W),
        "attention": 1,
    }
    found = ask.table(answer, right)
    found = {
        name: ask.whole(found[name], f"the number for {name!r}", f"{name!r}의 수")
        for name in right
    }
    for name, values, en, ko in (
        (
            "plain",
            [n * k],
            "'plain' sets the windows of the layers side by side. How many pixels "
            "does one more layer add to those that are seen already?",
            "'plain': 층마다 윈도우를 나란히 이어 붙인 값입니다. 층이 하나 늘면 이미 "
            "보이던 픽셀 말고 몇 픽셀이 더 보이나요?",
        ),
        (
            "plain",
            [k**n],
            "'plain' multiplies the kernel from layer to layer. Neighboring windows "
            "overlap: most of what they see, they share.",
            "'plain': 층을 지날 때마다 커널의 크기를 곱했습니다. 이웃한 윈도우는 서로 "
            "겹치므로 보는 픽셀이 대부분 같습니다.",
        ),
        (
            "plain",
            [right["plain"] ** 2],
            "'plain' counts the pixels of a square. The task asks for its side.",
            "'plain': 정사각형 안의 픽셀을 모두 세었습니다. 문제에서 묻는 것은 한 "
            "변입니다.",
        ),
        (
            "plain",
            [k],
            "'plain' is what the last layer sees of the layer before it. How much of "
            "the image stands behind that?",
            "'plain': 마지막 층이 바로 앞 층에서 보는 범위입니다. 거기 있는 값은 "
            "저마다 이미지의 어디까지 보나요?",
        ),
        (
            "strided",
            [right["plain"], n * k],
            "'strided' does not depend on the stride. How far apart in the image are "
            "two neighboring outputs of the first layer?",
            "'strided': 보폭이 반영되지 않았습니다. 첫 층에서 이웃한 두 출력은 "
            "이미지에서 몇 픽셀 떨어져 있나요?",
        ),
        (
            "strided",
            [1 + s * (field(n, s) - 1)],
            "'strided' counts one stride too many. The stride of a layer spreads what "
            "the layers after it see, not what it sees itself.",
            "'strided': 보폭을 한 번 더 곱했습니다. 한 층의 보폭은 그 층이 아니라 "
            "다음 층부터 보는 범위를 넓힙니다.",
        ),
        (
            "strided",
            [1 + n * s * (k - 1), 1 + s * (k - 1) * (n - 1) + k - 1],
            "'strided' spreads every layer by the same stride. Is the third layer, "
            "with two strides before it, spread no more than the second?",
            "'strided': 모든 층을 똑같은 보폭으로 넓혔습니다. 앞에서 보폭이 두 번 "
            "나온 세 번째 층도 두 번째 층만큼만 넓어질까요?",
        ),
        (
            "layers",
            [math.ceil(W / k), W // k],
            "'layers' sets the windows of the layers side by side. How many pixels "
            "does one more layer add to those that are seen already?",
            "'layers': 층마다 윈도우를 나란히 이어 붙인 값입니다. 층이 하나 늘면 이미 "
            "보이던 픽셀 말고 몇 픽셀이 더 보이나요?",
        ),
        (
            "layers",
            [right["layers"] - 1],
            "'layers' leaves pixels at the edge unseen. Was a fraction rounded down?",
            "'layers': 가장자리에 보이지 않는 픽셀이 남습니다. 소수점 아래를 버리지 "
            "않았나요?",
        ),
        (
            "layers",
            [least(lambda layers: field(layers, 1) >= 2 * W - 1)],
            "'layers' is what an output in a corner needs. The task asks about the "
            "middle.",
            "'layers': 구석에 있는 출력에 필요한 수입니다. 문제에서는 한가운데를 "
            "묻습니다.",
        ),
        (
            "layers",
            [least(lambda layers: field(layers, s) >= W)],
            "'layers' is counted with strides; here the stride is 1.",
            "'layers': 보폭을 넣고 세었습니다. 여기서는 보폭이 1입니다.",
        ),
    ):
        if found[name] != right[name] and found[name] in values:
            raise Wrong(en, ko)
    for name, en, ko in (
        (
            "plain",
            "'plain' is not right. Begin with one output and go back layer by layer.",
            "'plain'의 수가 맞지 않습니다. 출력 하나에서 시작해 층을 하나씩 거슬러 "
            "올라가 보세요.",
        ),
        (
            "strided",
            "'strided' is not right. Ask for each layer how far apart in the image its "
            "neighboring inputs are.",
            "'strided'의 수가 맞지 않습니다. 층마다 이웃한 두 입력이 이미지에서 몇 "
            "픽셀 떨어져 있는지 따져 보세요.",
        ),
        (
            "layers",
            "'layers' is not right. The field of stride 1 grows by the same amount "
            "with every layer: when is it as wide as the image?",
            "'layers'의 수가 맞지 않습니다. 보폭이 1이면 수용 영역은 층마다 똑같은 "
            "만큼 커집니다. 언제 이미지만큼 넓어지나요?",
        ),
        (
            "attention",
            "'attention' is not right. What does an output of attention depend on, in "
            "the first figure of the chapter?",
            "'attention'의 수가 맞지 않습니다. 이 장의 첫 그림에서 어텐션의 출력은 "
            "무엇에 따라 달라지나요?",
        ),
    ):
        if found[name] != right[name]:
            raise Wrong(en, ko)


@exercise("introduction.2")
def shift_gap(answer, draw):
    """`shift_gap(f, X, s)`: max |f(shift(X)) - shift(f(X))|, a number."""
    B, C, D = draw.distinct(3, 2, 6)
    H, W = draw.whole(4, 6), draw.whole(7, 11)
    for s in (2, 3):
        while True:  # until no two mistakes give the same number by accident
            X, weights = draw.normal(B, C, H, W), draw.normal(H, W)
            values = sorted(_ways(weights.mul, X, s).values())
            if all(b - a > 0.002 * b for a, b in pairwise(values)):
                break
        for f in (weights.mul, (-weights).mul):  # each place has its own weight
            _compared(answer, f, X, s)
    _equivariant(answer, draw.normal(D, C, 3, 3) / math.sqrt(9 * C), X, s)


def _compared(answer, f, X, s):
    """Raise unless the answer is the gap of this function."""
    found, ways = ask.number(answer(f, X, s)), _ways(f, X, s)
    if ask.near(found, ways["right"]):
        return
    for name, (en, ko) in MISTAKES.items():
        if ask.near(found, ways[name]):
            raise Wrong(en, ko)
    raise Wrong(
        "The number is not the largest difference between the two results: one "
        "with the shift before `f`, one with the shift after it.",
        "두 결과의 차이 가운데 가장 큰 값이 아닙니다. 하나는 `f`보다 먼저 옮긴 "
        "결과이고, 다른 하나는 나중에 옮긴 결과입니다.",
    )


def _equivariant(answer, kernel, X, s):
    """Raise unless the gap is 0 for a circular convolution and for a mean."""

    def convolution(Z):
        return F.conv2d(F.pad(Z, (1, 1, 1, 1), mode="circular"), kernel)

    def mean(Z):
        return Z.mean(dim=(2, 3), keepdim=True)

    if not ask.near(gap := ask.number(answer(convolution, X, s)), 0.0):
        raise Wrong(
            f"For a circular convolution the gap is {gap:.2g}. It moves with the "
            f"image, so the gap should be 0.",
            f"순환 패딩을 쓰는 합성곱에서 값이 {gap:.2g}입니다. 이미지를 따라 움직이는 "
            f"함수이므로 0이어야 합니다.",
        )
    if not ask.near(gap := ask.number(answer(mean, X, s)), 0.0):
        raise Wrong(
            f"For the mean over all pixels, of shape (B, C, 1, 1), the gap is "
            f"{gap:.2g}. The mean is the same wherever the image lies.",
            f"모든 픽셀의 평균, 곧 형태가 (B, C, 1, 1)인 결과에서 값이 {gap:.2g}"
            f"입니다. 평균은 이미지를 옮겨도 그대로입니다.",
        )


def _ways(f, X, s):
    """The right gap and what the mistakes make of it, as numbers."""

    def lost(Z):
        Z = Z.roll(s, 3)
        Z[..., :s] = 0
        return Z

    def gap(shift):
        return (f(shift(X)) - shift(f(X))).abs().max().item()

    difference = f(X.roll(s, 3)) - f(X).roll(s, 3)
    signed = min(difference.max().item(), -difference.min().item())
    return {
        "right": difference.abs().max().item(),
        "signed": signed,
        "mean": difference.abs().mean().item(),
        "still": (f(X.roll(s, 3)) - f(X)).abs().max().item(),
        "back": (f(X.roll(s, 3)) - f(X).roll(-s, 3)).abs().max().item(),
        "left": gap(lambda Z: Z.roll(-s, 3)),
        "height": gap(lambda Z: Z.roll(s, 2)),
        "flat": gap(lambda Z: Z.roll(s)),
        "lost": gap(lost),
        "one": gap(lambda Z: Z.roll(1, 3)),
        "zero": 0.0,
        "first image": difference[0].abs().max().item(),
        "first channel": difference[:, 0].abs().max().item(),
    }


MISTAKES = {
    "signed": (
        "The differences are compared with their signs, so that a large negative one "
        "goes unseen.",
        "차이를 부호가 있는 채로 비교해, 절댓값이 큰 음수를 놓칩니다.",
    ),
    "mean": (
        "That is the mean of the differences and not the largest. A mean hides a "
        "function that fails in a few columns alone.",
        "가장 큰 차이가 아니라 차이의 평균입니다. 평균을 내면 몇 열에서만 어긋나는 "
        "함수가 가려집니다.",
    ),
    "still": (
        "The output of `f` was compared in its old place. That asks whether the output "
        "stays where it is. Should it stay when the image moves?",
        "`f`의 출력을 옮기지 않고 비교했습니다. 출력이 제자리에 있는지 묻는 셈입니다. "
        "이미지가 움직일 때 출력이 제자리에 있어야 하나요?",
    ),
    "back": (
        "The image and the output of `f` were shifted in opposite directions.",
        "이미지와 `f`의 출력을 서로 반대쪽으로 옮겼습니다.",
    ),
    "left": (
        "Both were shifted to the left. In the task, column 0 moves to column `s`.",
        "둘 다 왼쪽으로 옮겼습니다. 문제에서는 0열이 `s`열로 갑니다.",
    ),
    "height": (
        "The shift ran along the height. Which axis of (B, C, H, W) is the width?",
        "높이를 따라 옮겼습니다. (B, C, H, W)에서 너비는 어느 축인가요?",
    ),
    "flat": (
        "What left one row came back in the next: the shift took all axes for one long "
        "row.",
        "한 행에서 나간 값이 다음 행으로 들어왔습니다. 모든 축을 긴 한 줄로 보고 "
        "옮긴 것입니다.",
    ),
    "lost": (
        "What leaves at the right is not compared. In a circular shift it comes back "
        "at the left.",
        "오른쪽으로 나간 열이 비교에서 빠졌습니다. 순환 이동에서는 그 열이 왼쪽으로 "
        "다시 들어옵니다.",
    ),
    "one": (
        "The shift is 1 column, whatever `s` is.",
        "`s`가 얼마이든 1열만 옮겼습니다.",
    ),
    "zero": (
        "The gap is 0 for a function that treats each column differently. Does `f` "
        "come after the shift on both sides?",
        "열마다 다르게 계산하는 함수인데도 값이 0입니다. 비교하는 두 쪽 모두 옮긴 "
        "다음에 `f`를 적용하지 않았나요?",
    ),
}
