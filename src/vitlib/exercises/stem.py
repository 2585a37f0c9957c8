"""Checks of the exercises on the patch embedding, 4 and 5: sizes and channels."""

import torch
from torch.nn import functional as F

from vitlib.exercises import ask
from vitlib.exercises.judge import Stopped, Wrong, exercise


@exercise("patch_embedding.4")
def num_patches(answer, draw):
    """`num_patches(img_size, patch_size)`: an int, or a ValueError in words."""
    P, Q = draw.choice([(11, 13), (13, 11)])
    rows, cols = draw.distinct(2, 3, 6)
    for img_size, patch_size, count in (
        (P * rows, P, rows * rows),
        ((P * rows, P * cols), P, rows * cols),
        ((P * rows, Q * cols), (P, Q), rows * cols),
        (P * Q, (P, Q), P * Q),
    ):
        _counted(answer, img_size, patch_size, count)

    H, W = P * rows + draw.whole(1, P - 1), P * cols
    p = draw.choice((5, 7))
    h, w = p * draw.choice((3, 5, 7)), 4 * p * draw.whole(1, 2)
    for img_size, side, patch, en, ko in (
        ((H, W), H, P, "the height does not fit", "높이가 맞지 않음"),
        ((W, H), H, P, "the width does not fit", "너비가 맞지 않음"),
        ((h, w), h, 2 * p, "the area fits, the height does not",
         "면적은 맞지만 높이가 맞지 않음"),
        ((w, h), h, 2 * p, "the area fits, the width does not",
         "면적은 맞지만 너비가 맞지 않음"),
    ):  # fmt: skip
        sizes = f"{img_size[0]} x {img_size[1]}", f"{patch} x {patch}"
        ask.error(
            lambda img_size=img_size, patch=patch: answer(img_size, patch),
            "ValueError",
            (side, patch),
            f"an image of {sizes[0]} and patches of {sizes[1]} ({en})",
            f"이미지 {sizes[0]}, 패치 {sizes[1]}({ko})",
        )


def _counted(answer, img_size, patch_size, count):
    """Raise unless the answer accepts sizes that fit and counts the patches."""
    try:
        found = answer(img_size, patch_size)
    except Stopped as stopped:
        if stopped.kind != "ValueError":
            raise
        raise Wrong(
            f"An image of {img_size} and patches of {patch_size} fit, but are refused. "
            f"Is each side of the image compared with its own side of the patch?",
            f"이미지 {img_size}, 패치 {patch_size}: 크기가 맞는데 거절했습니다. "
            f"이미지의 변마다 패치의 같은 쪽 변과 비교했나요?",
        ) from None
    found = ask.whole(found)
    if found == count + 1:
        raise Wrong(
            "There is one too many. The class token is a token, but no patch.",
            "하나 더 많습니다. 클래스 토큰은 토큰이지만 패치는 아닙니다.",
        )
    if found != count:
        raise Wrong(
            f"For an image of {img_size} and patches of {patch_size} the number is not "
            f"right. How many patches stand below each other, how many side by side?",
            f"이미지 {img_size}, 패치 {patch_size}: 수가 맞지 않습니다. 패치가 세로로 "
            f"몇 개, 가로로 몇 개 놓이나요?",
        )


@exercise("patch_embedding.5")
def conv_sum(answer, draw):
    """`conv_sum(X, weight)`: (Y, parts), the convolution and what it adds up."""
    B, C, k = draw.distinct(3, 2, 4)
    D, (H, W) = C * draw.whole(2, 3), draw.distinct(2, 7, 10)
    X, weight = draw.normal(B, C, H, W), draw.normal(D, C, k, k)
    grid = H - k + 1, W - k + 1

    def ask_for(X):
        found = ask.sequence(answer(X, weight), 2, "the pair (Y, parts)", "(Y, parts)")
        Y = ask.tensor(found[0], (B, D, *grid), "(B, D, H', W')", "Y", "Y")
        shape, letters = (B, C, D, *grid), "(B, C, D, H', W')"
        return Y, ask.tensor(found[1], shape, letters, "parts", "parts")

    Y, parts = ask_for(X)
    deaf = []
    for c in range(C):
        changed = X.clone()
        changed[:, c] += draw.normal(B, H, W)
        new, now = ask_for(changed)
        for other in range(C):
            moves = not ask.near(now[:, other], parts[:, other])
            if moves and other != c:
                raise Wrong(
                    f"Only channel {c} of the images changed, but part {other} does, "
                    f"too. Does each part read one channel, and is it at its place?",
                    f"이미지의 {c}번 채널만 바꾸었는데 {other}번 부분도 달라집니다. "
                    f"부분마다 채널을 하나만 읽나요? 놓인 자리는 맞나요?",
                )
            if not moves and other == c:
                raise Wrong(
                    f"Channel {c} of the images changed, but part {c} does not.",
                    f"이미지의 {c}번 채널을 바꾸었는데 {c}번 부분이 그대로입니다.",
                )
        still = [d for d in range(D) if ask.near(new[:, d], Y[:, d])]
        deaf += [(d, c) for d in still]
    _kernels(parts, X, weight)
    if deaf:
        d, c = deaf[0]
        raise Wrong(
            f"The parts are right. But output {d} of Y does not notice channel {c}, as "
            f"in a depthwise convolution. Which channels does a standard kernel span?",
            f"parts는 맞습니다. 그런데 {c}번 채널이 바뀌어도 Y의 {d}번 출력은 "
            f"그대로입니다. 깊이별 합성곱이 그렇습니다. 보통의 커널은 어느 채널에 "
            f"걸쳐 있나요?",
        )
    if ask.near(Y, parts.mean(dim=1)):
        raise Wrong(
            "The parts are right. But Y is their mean, so it does not grow with the "
            "number of channels as a sum does.",
            "parts는 맞습니다. 그런데 Y가 그 평균이어서, 채널이 많아져도 합처럼 커지지 "
            "않습니다.",
        )
    if not ask.near(Y, F.conv2d(X, weight)):
        raise Wrong(
            "The parts are right, but Y is not the standard convolution that they make "
            "together.",
            "parts는 맞지만, Y가 부분을 모아 얻는 보통의 합성곱이 아닙니다.",
        )
    for i, letters in enumerate(("(B, D, H', W')", "(B, C, D, H', W')")):
        ask.alone(lambda X, i=i: answer(X, weight)[i], X, (Y, parts)[i], letters)


def _kernels(parts, X, weight):
    """Raise unless part c is what channel c gives with its kernels."""
    C = X.shape[1]

    def grouped(kernels):
        Y = F.conv2d(X, kernels, groups=C)
        return Y.unflatten(1, (C, -1))  # (B, C*D, H', W') -> (B, C, D, H', W')

    # (D, C, k, k) -> (C*D, 1, k, k), kernel by kernel and not channel by channel
    mixed = weight.flatten(0, 1).unsqueeze(1)
    ordered = torch.cat(weight.split(1, dim=1))
    if ask.near(parts, grouped(ordered)):
        return
    for wrong, en, ko in (
        (
            grouped(mixed),
            "Each part reads its own channel, but with the kernels of others. In which "
            "order does a grouped convolution use its kernels?",
            "부분마다 제 채널을 읽지만 다른 채널의 커널을 씁니다. 채널을 나눈 "
            "합성곱에서 커널은 어떤 순서로 쓰이나요?",
        ),
        (
            grouped(ordered.flip(2, 3)),
            "The kernels are turned by half a turn. What deep learning calls a "
            "convolution is a correlation.",
            "커널이 반 바퀴 돌아가 있습니다. 딥러닝에서 합성곱이라고 하는 것은 "
            "교차상관입니다.",
        ),
        (
            grouped(ordered.transpose(2, 3)),  # (C*D, 1, k, k)
            "Rows and columns of the kernels have traded places.",
            "커널의 행과 열이 바뀌었습니다.",
        ),
    ):
        if ask.near(parts, wrong):
            raise Wrong(en, ko)
    raise Wrong(
        "Part c reads channel c alone, but is not its correlation with the kernels "
        "`weight[:, c]`.",
        "c번 부분이 c번 채널만 읽기는 합니다. 그런데 그 채널과 커널 `weight[:, c]`의 "
        "교차상관이 아닙니다.",
    )
