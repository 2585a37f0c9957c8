"""Checks of the exercises on the patch embedding."""

import torch
from torch.nn import functional as F

from vitlib.exercises import ask, stem  # noqa: F401  (4 and 5)
from vitlib.exercises.judge import Wrong, exercise


def _patches(X, P):
    """All patches by slicing: (B, C, H, W) -> (B, H/P, W/P, C, P, P)."""
    bands = [torch.stack(band.split(P, dim=3), dim=1) for band in X.split(P, dim=2)]
    return torch.stack(bands, dim=1)


@exercise("patch_embedding.1")
def patchify(answer, draw):
    """`patchify(X, P)`: (B, C, H, W) -> (B, N, C*P*P)."""
    B, C, rows, cols, P = draw.distinct(5, 2, 6)
    X = draw.normal(B, C, rows * P, cols * P)
    shape = B, rows * cols, C * P * P
    found = ask.tensor(answer(X, P), shape, "(B, N, C*P*P)")
    right = _patches(X, P)
    # (B, C, P, H/P, P, W/P) -> (B, H/P, W/P, C, P, P)
    sparse = X.reshape(B, C, P, rows, P, cols).permute(0, 3, 5, 1, 2, 4)
    for wrong, en, ko in (
        (
            X,
            "The shape is right, but row 0 holds a run of numbers as they lie in "
            "memory, not a square. Did any axis move?",
            "형태는 맞지만 0번 행에 정사각형이 아니라 메모리에 이어져 있는 수가 들어 "
            "있습니다. 자리를 옮긴 축이 있나요?",
        ),
        (
            right.permute(0, 1, 2, 4, 5, 3),  # (B, H/P, W/P, P, P, C)
            "The patches are right, the order inside them is not: the channels of one "
            "pixel lie side by side. Which of the three axes comes first in a kernel?",
            "패치는 맞지만 그 안의 순서가 다릅니다. 한 픽셀의 채널이 나란히 있습니다. "
            "커널에서는 세 축 가운데 어느 것이 먼저인가요?",
        ),
        (
            right.transpose(4, 5),  # (B, H/P, W/P, C, P, P)
            "The patches are right, but each is turned over: it is read column by "
            "column.",
            "패치는 맞지만 저마다 행과 열이 바뀌었습니다. 패치 안을 열 방향으로 "
            "읽었습니다.",
        ),
        (
            right.transpose(1, 2),  # (B, W/P, H/P, C, P, P)
            "Each patch is right, but row 1 is the patch below the first one. Which "
            "patch comes second when a page is read?",
            "패치 하나하나는 맞지만 1번 행에 첫 패치 바로 아래의 패치가 있습니다. 책을 "
            "읽는 순서에서 둘째 패치는 어디에 있나요?",
        ),
        (
            sparse,
            "The pixels of a patch lie far apart in the image. When a side is split in "
            "two axes, which of them counts the patches?",
            "이미지에서 멀리 떨어진 픽셀이 한 패치에 모였습니다. 한 변을 두 축으로 "
            "쪼갤 때 패치의 번호를 나타내는 축은 어느 것인가요?",
        ),
    ):
        if ask.near(found, wrong.reshape(shape)):  # (B, N, C*P*P)
            raise Wrong(en, ko)
    if not ask.near(found.flatten().sort()[0], X.flatten().sort()[0]):  # (n,)
        raise Wrong(
            "The result does not hold each number of the images exactly once. Cutting "
            "moves numbers and changes none.",
            "결과에서 빠지거나 되풀이되거나 달라진 값이 있습니다. 나누기는 이미지의 "
            "값을 옮길 뿐 바꾸지 않습니다.",
        )
    for n, patch in enumerate(right.flatten(3).flatten(1, 2).unbind(1)):  # (B, C*P*P)
        if not ask.near(found[:, n], patch):
            raise Wrong(
                f"All numbers are there, but row {n} is not patch {n}, written channel "
                f"by channel and, inside a channel, row by row.",
                f"수는 빠짐없이 있지만, {n}번 행이 {n}번 패치를 채널마다, 채널 "
                f"안에서는 행마다 차례로 적은 것이 아닙니다.",
            )
    ask.alone(lambda X: answer(X, P), X, found, "(B, N, C*P*P)")


@exercise("patch_embedding.2")
def conv_to_linear(answer, draw):
    """`conv_to_linear(weight, bias)`: (E, b) for patches (row, column, channel)."""
    B, C, D, P, rows, cols = draw.distinct(6, 2, 7)
    weight, bias = draw.normal(D, C, P, P), draw.normal(D)
    E, b = ask.sequence(answer(weight, bias), 2, "the pair (E, b)", "(E, b)")
    E = ask.tensor(E, (P * P * C, D), "(P*P*C, D)", "E", "E").float()
    b = ask.tensor(b, (D,), "(D)", "b", "b").float()

    def rows_of(kernels, *order):
        return kernels.permute(*order).reshape(E.shape)  # four axes -> (P*P*C, D)

    for wrong, en, ko in (
        (
            rows_of(weight, 1, 2, 3, 0),
            "E fits patches written as (channel, row, column). Here the channels of "
            "one pixel lie side by side.",
            "E는 (채널, 행, 열) 순서로 펼친 패치에 맞습니다. 여기서는 한 픽셀의 "
            "채널이 나란히 있습니다.",
        ),
        (
            rows_of(weight, 3, 2, 1, 0),
            "The channels are in their place, but E reads a patch column by column.",
            "채널의 자리는 맞지만, E가 패치를 열 방향으로 읽습니다.",
        ),
        (
            rows_of(weight, 0, 1, 2, 3),
            "The shape of E is right, but a column of E holds numbers of several "
            "kernels. Was an axis moved before the reshape?",
            "E의 형태는 맞지만, E의 열 하나에 여러 커널의 값이 섞여 있습니다. 형태를 "
            "바꾸기 전에 축을 옮겼나요?",
        ),
        (
            rows_of(weight, 0, 2, 3, 1),
            "The order inside a kernel is right, but a column of E holds numbers of "
            "several kernels. Which axis has to be the last one?",
            "커널 안의 순서는 맞지만, E의 열 하나에 여러 커널의 값이 섞여 있습니다. "
            "어느 축이 마지막에 와야 하나요?",
        ),
        (
            rows_of(weight.flip(2, 3), 2, 3, 1, 0),
            "The kernels are turned by half a turn. A convolution in PyTorch lays its "
            "kernel on the image as it is.",
            "커널이 반 바퀴 돌아가 있습니다. PyTorch의 합성곱은 커널을 돌리지 않고 "
            "그대로 이미지에 겹칩니다.",
        ),
    ):
        if ask.near(E, wrong):
            raise Wrong(en, ko)
    X = draw.normal(B, C, rows * P, cols * P)
    tokens = F.conv2d(X, weight, stride=P).flatten(2).transpose(1, 2)  # (B, N, D)
    # (B, H/P, W/P, C, P, P) -> (B, H/P, W/P, P, P, C) -> (B, N, P*P*C)
    flat = _patches(X, P).permute(0, 1, 2, 4, 5, 3).flatten(3).flatten(1, 2)
    if not ask.near(flat @ E, tokens):
        raise Wrong(
            "E times a patch is not what the convolution computes. Each column of E "
            "should be one kernel, in the order of the patch.",
            "패치에 E를 곱한 값이 합성곱의 결과와 다릅니다. E의 열 하나는 커널 하나를 "
            "패치와 같은 순서로 펼친 것이어야 합니다.",
        )
    if not ask.near(b, bias):
        raise Wrong(
            "E is right, b is not: what does the convolution add to each sum?",
            "E는 맞지만 b가 다릅니다. 합성곱은 가중합마다 무엇을 더하나요?",
        )


@exercise(
    "patch_embedding.3",
    cases=1,
    literal=True,
    img_size=(96, 192, 240, 336, 384, 480),
    patch_size=(4, 6, 8, 12),
    num_hiddens=(96, 128, 192, 256, 320, 384),
    in_channels=(4,),
)
def count(answer, draw, img_size, patch_size, num_hiddens, in_channels):
    """`{"tokens": ..., "parameters": ..., "other": ...}` of a stem."""
    P, C, D, N = patch_size, in_channels, num_hiddens, (img_size // patch_size) ** 2
    right = {
        "tokens": N + 1,
        "parameters": D * (C * P * P + 1 + 1 + N + 1),
        "other": img_size // (P * round(C**0.5)),
    }
    found = ask.table(answer, right)
    found = {
        name: ask.whole(found[name], f"the number for {name!r}", f"{name!r}의 수")
        for name in right
    }
    for name, wrong, en, ko in (
        (
            "tokens",
            found["tokens"] == N,
            "'tokens' counts the patches. Does the body get anything else?",
            "'tokens': 패치를 세었습니다. 몸통에 들어가는 것이 더 있나요?",
        ),
        (
            "tokens",
            found["tokens"] in (img_size // P, img_size // P + 1),
            "'tokens' counts one row of patches.",
            "'tokens': 패치를 한 행만 세었습니다.",
        ),
        (
            "tokens",
            found["tokens"] in (C * N, C * N + 1),
            "'tokens' counts each channel by itself. A patch spans all channels.",
            "'tokens': 채널을 따로따로 세었습니다. 패치 하나는 모든 채널에 걸쳐 "
            "있습니다.",
        ),
        (
            "parameters",
            found["parameters"] in (right["parameters"] - i * D for i in (1, 2, 3)),
            "'parameters' is too small by whole vectors of width D. Which of the "
            "learned vectors was left out: a bias, a token, a position?",
            "'parameters': 너비가 D인 벡터를 빠뜨린 만큼 모자랍니다. 학습되는 벡터 "
            "가운데 편향, 토큰, 위치 중 무엇을 빼놓았나요?",
        ),
        (
            "parameters",
            found["parameters"] == right["parameters"] - (C - 1) * P * P * D,
            "'parameters' is that of images with one channel.",
            "'parameters': 채널이 하나인 이미지로 계산한 수입니다.",
        ),
        (
            "parameters",
            found["parameters"] in ((C * P * P + 1) * D, C * P * P * D),
            "'parameters' is that of the patch embedding. The stem learns more.",
            "'parameters': 패치 임베딩만 센 수입니다. 줄기에서 학습하는 것은 더 "
            "있습니다.",
        ),
        (
            "other",
            found["other"] == P,
            "'other' is the patch side that is given.",
            "'other': 주어진 패치 한 변과 같습니다.",
        ),
        (
            "other",
            found["other"] == img_size // P,
            "'other' is the partner for images with one channel. What weighs the two "
            "terms differently when there are more?",
            "'other': 채널이 하나일 때의 짝입니다. 채널이 더 있으면 두 항의 비중이 왜 "
            "달라지나요?",
        ),
        (
            "other",
            found["other"] < 1 or img_size % max(found["other"], 1) > 0,
            "'other' does not divide the side of the image.",
            "'other': 이미지의 한 변이 이 수로 나누어떨어지지 않습니다.",
        ),
        (
            "tokens",
            True,
            "'tokens' is not right. Count the patches along both sides.",
            "'tokens'의 수가 맞지 않습니다. 두 변에 패치가 몇 개씩 놓이는지 세어 "
            "보세요.",
        ),
        (
            "parameters",
            True,
            "'parameters' is not right. Write down the shape of each tensor that the "
            "stem learns.",
            "'parameters'의 수가 맞지 않습니다. 줄기에서 학습하는 텐서의 형태를 하나씩 "
            "적어 보세요.",
        ),
        (
            "other",
            True,
            "With 'other' the stem has another number of parameters. Which two terms "
            "of that number depend on P?",
            "'other'로 하면 줄기의 매개변수 수가 달라집니다. 그 수에서 P에 따라 "
            "달라지는 두 항은 무엇인가요?",
        ),
    ):
        if found[name] != right[name] and wrong:
            raise Wrong(en, ko)
