"""Checks of the exercises on the whole model."""

import math

import torch

from vitlib.exercises import ask, costs
from vitlib.exercises import tokens as known
from vitlib.exercises.judge import NO_FUNCTION, Wrong, exercise


@exercise("vit.1")
def count(answer, draw):
    """`count(img_size, patch_size, D, D_mlp, L, C, K)`: all parameters, an int."""
    # Sizes of which no two mistakes give the same number.
    h, w = draw.distinct(2, 7, 11)
    sides, depths, channels = [5, 7], [3, 5], draw.distinct(2, 2, 4)
    if draw.choice((True, False)):
        depths.reverse()
    for P, L, C in zip(sides, depths, channels, strict=True):
        D, K = draw.choice((36, 44, 52, 60, 68)), 2 * draw.whole(4, 16) + 1
        _counted(answer, (h, w), P, D, 2 * D + 10, L, C, K)


def _counted(answer, grid, P, D, D_mlp, L, C, K):
    """Raise unless the answer counts the parameters of this ViT."""
    (h, w), N = grid, math.prod(grid)
    found = ask.whole(answer((h * P, w * P), P, D, D_mlp, L, C, K))
    block = 4 * D * D + 2 * D * D_mlp + D_mlp + 9 * D
    right = (C * P * P + N + 5) * D + L * block + D * K + K
    if found == right:
        return
    ask.mistakes(right - found, costs.lacking(P, N, D, D_mlp, L, C, K), tolerance=0)
    if found < right:
        raise Wrong(
            "Parameters are missing. Build a small `vitlib.ViT` with `use_bias=True` "
            "and compare part by part.",
            "빠진 매개변수가 있습니다. `use_bias=True`로 작은 `vitlib.ViT`를 만들어 "
            "부분마다 견주어 보세요.",
        )
    raise Wrong(
        "There are more parameters than the model has. Do all images share the class "
        "token and the positions? Are heads cut out of the width, or added to it?",
        "모델에 없는 매개변수까지 세었습니다. 클래스 토큰과 위치는 모든 이미지가 함께 "
        "쓰지 않나요? 헤드는 너비를 나눈 것인가요, 너비에 더한 것인가요?",
    )


@exercise("vit.2", cases=3, literal=True)
def growth(answer, draw):
    """`[macs, log_slope]`: the cost of the blocks, the slope between logarithms."""
    macs, log_slope = ask.sequence(answer, 2, "`growth`", "`growth`")
    if not (callable(macs) and callable(log_slope)):
        raise Wrong(*NO_FUNCTION)
    P, n = draw.whole(2, 16), draw.whole(3, 20)
    D, D_mlp, L = 8 * draw.whole(4, 40), 8 * draw.whole(50, 90), draw.whole(2, 9)
    found = ask.whole(macs(n * P, P, D, D_mlp, L), "`macs`", "`macs`")
    if found != costs.macs(n * n + 1, D, D_mlp, L):
        ask.mistakes(found, costs.miscounted(n, D, D_mlp, L), tolerance=0)
        raise Wrong(
            "`macs` is not the cost of all blocks. List the matrix products of one "
            "block with their shapes.",
            "`macs`가 블록 전체의 연산량이 아닙니다. 블록 하나에 있는 행렬 곱을 형태와 "
            "함께 모두 적어 보세요.",
        )
    sizes = sorted(float(size) for size in draw.distinct(draw.whole(5, 8), 3, 60))
    power, scale = draw.real(1.2, 3.5), draw.real(20, 90)
    paid = [scale * s**power * math.exp(draw.real(-0.5, 0.5)) for s in sizes]
    slope = ask.number(log_slope(sizes, paid), "`log_slope`", "`log_slope`")
    right = costs.fitted([*map(math.log, sizes)], [*map(math.log, paid)])
    if not ask.near(slope, right):
        ask.mistakes(slope, costs.misfitted(sizes, paid))
        raise Wrong(
            "`macs` is right. `log_slope` is not the slope of the line that fits the "
            "logarithms best.",
            "`macs`는 맞습니다. `log_slope`가 로그를 씌운 점에 가장 잘 맞는 직선의 "
            "기울기가 아닙니다.",
        )


@exercise("vit.3")
def pool_mean(answer, draw):
    """`pool_mean(tokens, norm)`: (B, N + 1, D) -> (B, D), the norm first."""
    B, N, D = draw.distinct(3, 3, 8)
    scale, shift = draw.normal(D), draw.normal(D)
    # Tokens of very different length: only then the order of the steps shows.
    tokens = draw.normal(B, N + 1, D) * (3 * draw.uniform(B, N + 1, 1) + 0.1)

    def norm(Z):
        centered = Z - Z.mean(dim=-1, keepdim=True)
        return centered / (centered.std(dim=-1, keepdim=True) + 1e-3) * scale + shift

    def call(tokens):
        return ask.tensor(answer(tokens, norm), (B, D), "(B, D)")

    pooled, patches = call(tokens), tokens[:, 1:]
    right = norm(patches).mean(dim=1)
    if ask.near(pooled, right):
        ask.alone(lambda X: answer(X, norm), tokens, pooled, "(B, D)")
        return
    ask.mistakes(pooled, known.pooled(tokens, norm))
    seen = ask.tokens_seen(lambda X: call(X)[:, None], tokens, draw)
    without = torch.cat((tokens[:, :1] + 1 + draw.uniform(B, 1, D), patches), dim=1)
    if not ask.near(call(without), pooled):
        raise Wrong(
            "The result changes with the class token, which is not to be read.",
            "클래스 토큰을 바꾸면 결과가 달라집니다. 클래스 토큰은 읽지 않아야 합니다.",
        )
    if seen < N:
        raise Wrong(
            f"The result depends on {seen} of the {N} patches.",
            f"결과가 패치 {N}개 가운데 {seen}개에만 달려 있습니다.",
        )
    mixed = torch.cat((tokens[:, :1], patches[:, draw.order(N)]), dim=1)
    if not ask.near(call(mixed), pooled):
        raise Wrong(
            "Every patch counts, but when the patches come in another order, the "
            "result changes. A mean does not know an order.",
            "패치는 모두 쓰입니다. 그런데 패치의 순서를 바꾸면 결과가 달라집니다. "
            "평균에는 순서가 없습니다.",
        )
    raise Wrong(
        "Every patch counts, in any order, and the class token does not. Yet the "
        "numbers are not the mean of the normalized patches.",
        "패치는 순서와 상관없이 모두 쓰이고 클래스 토큰은 쓰이지 않습니다. 그런데 "
        "정규화한 패치의 평균이 아닙니다.",
    )


@exercise("vit.4")
def resize_positions(answer, draw):
    """`resize_positions(pos, old, new)`: bilinear, corners stay corners."""
    D, h, w = draw.distinct(3, 3, 5)
    new_h, new_w = draw.distinct(2, 6, 9)
    while h * new_w == new_h * w:  # as of 3 x 8 and 6 x 4
        new_h, new_w = draw.distinct(2, 6, 9)
    for old, new in (  # both sides grow, both shrink, one of each
        ((h, w), (new_h, new_w)),
        ((new_h, new_w), (h, w)),
        ((h, new_w), (new_h, w)),
    ):
        _resized(answer, draw, D, old, new)


def _resized(answer, draw, D, old, new):
    """Raise unless the answer makes these positions of a grid into those of another."""
    (h, w), (new_h, new_w), N = old, new, math.prod(old)

    def call(pos, old, new):
        shape = (1, 1 + new[0] * new[1], pos.shape[2])
        return ask.tensor(answer(pos, old, new), shape, "(1, 1 + h' * w', D)")

    pos = draw.normal(1, 1 + N, D)
    found = call(pos, (h, w), (new_h, new_w))
    grid = pos[:, 1:].transpose(1, 2)  # (1, N, D) -> (1, D, N)
    up, across = known.between(h, new_h), known.between(w, new_w)  # (h', h), (w', w)
    right = up @ grid.unflatten(2, (h, w)) @ across.T  # (1, D, h', w')
    right = right.flatten(2).transpose(1, 2)  # (1, D, h', w') -> (1, N', D)
    right = torch.cat((pos[:, :1], right), dim=1)
    if ask.near(found, right):
        return
    ask.mistakes(found, known.resized(pos, (h, w), (new_h, new_w)))
    if not ask.near(found[:, 0], pos[:, 0]):
        raise Wrong(
            "Row 0 has changed. It belongs to a token that has no place in the grid.",
            "0번 행이 달라졌습니다. 격자에 자리가 없는 토큰의 행입니다.",
        )
    same = pos[:, :1].expand(1, 1 + N, D)
    if not ask.near(call(same, (h, w), (new_h, new_w)), same[:, :1].expand_as(found)):
        raise Wrong(
            "The class row stays. But a grid with the same vector everywhere comes "
            "out with others: are numbers of different places in the vector mixed?",
            "클래스 토큰의 행은 그대로입니다. 그런데 모든 자리에 같은 벡터를 놓아도 "
            "다른 벡터가 나옵니다. 벡터의 서로 다른 성분이 섞이지 않았나요?",
        )
    raise Wrong(
        f"The class row stays, and a constant grid stays constant. Yet from {h} x {w} "
        f"to {new_h} x {new_w} the vectors are not right. Try a grid whose numbers "
        f"rise evenly.",
        f"클래스 토큰의 행은 그대로이고 상수인 격자도 상수로 남습니다. 그런데 {h} x "
        f"{w} 격자를 {new_h} x {new_w} 격자로 바꿀 때 벡터가 맞지 않습니다. 값이 "
        f"일정하게 커지는 격자를 넣어 보세요.",
    )


@exercise("vit.5")
def embed(answer, draw):
    """`embed(patches, cls_token, pos, keep)`: equation 1 for some of the patches."""
    B, D, n = draw.distinct(3, 3, 8)
    N = n + draw.whole(9, 12)
    patches, cls_token = draw.normal(B, N, D), draw.normal(1, 1, D)
    pos, keep = draw.normal(1, N + 1, D), _picked(draw, N, n)

    def call(patches):
        return answer(patches, cls_token, pos, keep)

    found = ask.tensor(call(patches), (B, 1 + n, D), "(B, 1 + n, D)")
    first = (cls_token + pos[:, :1]).expand(B, 1, D)
    rest = patches[:, keep] + pos[:, 1 + keep]
    if ask.near(found, torch.cat((first, rest), dim=1)):
        ask.alone(call, patches, found, "(B, 1 + n, D)")
        return
    ask.mistakes(found, known.embedded(patches, cls_token, pos, keep))
    if not ask.near(found[:, 0], found[:1, 0].expand(B, D)):
        raise Wrong(
            "Token 0 differs from image to image. Before the first block, nothing of "
            "an image has reached it.",
            "0번 토큰이 이미지마다 다릅니다. 첫 블록 앞에서는 이미지의 정보가 아직 이 "
            "토큰에 닿지 않았습니다.",
        )
    if not ask.near(found[:, :1], first):
        raise Wrong(
            "Token 0 is the same for all images, but not the class token plus the "
            "position of its place.",
            "0번 토큰이 모든 이미지에서 같지만, 제 위치를 더한 클래스 토큰이 아닙니다.",
        )
    raise Wrong(
        "Token 0 is right. The others are not the patches that `keep` lists, in its "
        "order, each with the position it has in the whole image.",
        "0번 토큰은 맞습니다. 나머지가 `keep`에 적힌 패치를 그 순서대로 놓고, 이미지 "
        "전체에서의 위치를 더한 것이 아닙니다.",
    )


def _picked(draw, N, n):
    """n different patches of N, far from their natural order, int64."""
    while True:
        keep = draw.order(N)[:n]
        if (keep != keep.sort()[0]).any() and (keep > n).any():
            return keep


@exercise(
    "vit.6",
    cases=1,
    literal=True,
    height=(96, 160, 192),
    width=(128, 224, 256),
    D=(192, 320, 448),
    heads=(4, 8, 16),
    B=(6, 10, 12),
    K=(20, 45, 101),
)
def shapes(answer, draw, height, width, D, heads, B, K):
    """`{"tokens": ..., ...}`: what a configuration fixes, as whole numbers."""
    N = height // 16 * (width // 16)
    right = {
        "tokens": N + 1,
        "positions": (N + 1) * D,
        "weights": B * heads * (N + 1) ** 2,
        "logits": B * K,
        "gone": 2 * D,
    }
    mistakes = costs.misshapen(height, width, D, heads, B, K)
    ask.table(answer, right)
    for name, number in right.items():
        found = ask.whole(answer[name], f"the number for {name!r}", f"{name!r}의 수")
        about = [mistake[1:] for mistake in mistakes if mistake[0] == name]
        ask.mistakes(found, about, tolerance=0)
        if found != number:
            raise Wrong(
                f"The number for {name!r} is not right. Write down the shape of the "
                f"tensor, axis by axis, and multiply.",
                f"{name!r}의 수가 맞지 않습니다. 텐서의 형태를 축마다 적고 모두 "
                f"곱해 보세요.",
            )
