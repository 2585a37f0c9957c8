"""Checks of the exercises on attention: block.2 and block.3."""

import math

import torch

from vitlib.exercises import ask
from vitlib.exercises.judge import Wrong, exercise


@exercise("block.2")
def attend(answer, draw):
    """`attend(Q, K, V)`: the output and the weights of scaled dot-product attention."""
    B, H, N, d = draw.distinct(4, 2, 9)
    Q, K, V = (2 * draw.normal(B, H, N, d) for _ in range(3))
    Y, weights = ask.sequence(
        answer(Q, K, V), 2, "the pair (Y, weights)", "(Y, 가중치)"
    )
    weights = ask.tensor(weights, (B, H, N, N), "(B, H, N, N)", "weights", "가중치")
    Y = ask.tensor(Y, (B, H, N, d), "(B, H, N, D/H)", "Y", "Y")
    rows, columns = weights.sum(dim=3), weights.sum(dim=2)
    if ask.near(columns, torch.ones(B, H, N)) and not ask.near(rows, columns):
        raise Wrong(
            "The weights of each key sum to 1, those of a query do not. Over which "
            "axis does a query share out its attention?",
            "가중치를 키마다 더하면 1인데, 쿼리마다 더하면 1이 아닙니다. 쿼리 하나는 "
            "어느 축을 따라 어텐션을 나누어 줄까요?",
        )
    if not ask.near(rows, torch.ones(B, H, N)) or (weights < 0).any():
        raise Wrong(
            "The weights of a query are not shares: they must not be negative, and "
            "must sum to 1.",
            "쿼리 하나의 가중치가 비율이 아닙니다. 음수가 없어야 하고 합이 1이어야 "
            "합니다.",
        )
    scores = Q @ K.transpose(2, 3)  # (B, H, N, N)
    for factor, en, ko in (
        (1.0, "not scaled at all", "배율을 곱하지 않은"),
        (1 / d, "divided by the width of a head itself", "헤드의 너비로 그대로 나눈"),
        (
            1 / math.sqrt(H * d),
            "scaled by the width of all heads",
            "모든 헤드를 합친 너비로 배율을 정한",
        ),
    ):
        if ask.near(weights, (scores * factor).softmax(dim=3)):
            raise Wrong(
                f"The weights are a softmax over the right axis, of scores that were "
                f"{en}. What keeps their variance at 1?",
                f"소프트맥스의 축은 맞습니다. 그런데 {ko} 점수에 적용했습니다. 점수의 "
                f"분산을 1로 지켜 주는 것은 무엇일까요?",
            )
    if not ask.near(weights, (scores / math.sqrt(d)).softmax(dim=3)):
        raise Wrong(
            "The weights of a query sum to 1, but are not the softmax of its scaled "
            "products with the keys.",
            "쿼리마다 가중치의 합은 1이지만, 쿼리와 키의 점곱에 배율을 곱해 "
            "소프트맥스를 적용한 값이 아닙니다.",
        )
    if not ask.near(Y, weights @ V):
        raise Wrong(
            "The weights are right, but Y is not their average of the values.",
            "가중치는 맞지만, Y가 그 가중치로 값(V)을 평균한 것이 아닙니다.",
        )
    for i, letters in enumerate(("(B, H, N, D/H)", "(B, H, N, N)")):
        ask.alone(
            lambda Q, i=i: answer(Q, K[:1], V[:1])[i], Q, (Y, weights)[i], letters
        )


@exercise("block.3")
def multi_head_attention(answer, draw):
    """`multi_head_attention(X, W_q, W_k, W_v, W_o, num_heads)`: (B, N, D) -> same."""
    B, N, H, d = draw.whole(2, 3), draw.whole(7, 11), draw.whole(2, 4), draw.whole(2, 3)
    d, D = 2 * d, H * 2 * d
    X = draw.normal(B, N, D)
    weights = [draw.normal(D, D) / math.sqrt(D) for _ in range(4)]
    Y = ask.tensor(answer(X, *weights, H), (B, N, D), "(B, N, D)")
    shape = (
        f"The shape is right, {tuple(Y.shape)}",
        f"형태는 맞습니다{tuple(Y.shape)}",
    )

    moved = X.clone()
    moved[1:] = draw.normal(B - 1, N, D)
    if not ask.near(answer(moved, *weights, H)[:1], Y[:1]):
        raise Wrong(
            f"{shape[0]}, but image 0 changes when only the other images do. Which "
            f"axis did the attention run over?",
            f"{shape[1]}. 그런데 다른 이미지만 바꾸었는데 0번 이미지의 결과도 "
            f"달라집니다. 어텐션이 어느 축을 따라 계산되었나요?",
        )
    seen = ask.tokens_seen(lambda X: answer(X, *weights, H), X, draw)
    if seen < N:
        raise Wrong(
            f"{shape[0]}, but token 0 depends on only {seen} of the {N} tokens. Were "
            f"the heads made by a reshape alone, with no axis moved?",
            f"{shape[1]}. 그런데 0번 토큰의 출력이 토큰 {N}개 가운데 {seen}개에만 "
            f"달려 있습니다. 축을 옮기지 않고 형태만 바꾸어 헤드를 나누지는 않았나요?",
        )
    order = draw.order(N)
    if not ask.near(answer(X[:, order], *weights, H), Y[:, order]):
        raise Wrong(
            f"{shape[0]}, but when the tokens come in another order, the results are "
            f"not the same ones in that order. Are the heads merged back the way "
            f"they were split?",
            f"{shape[1]}. 그런데 토큰의 순서를 바꾸어 넣어도 결과의 순서가 그대로 "
            f"따라 바뀌지 않습니다. 헤드를 나눈 방식 그대로 되돌려 합쳤나요?",
        )
    _projections(answer, X, weights, H, shape)
    if not ask.near(Y, _reference(X, *weights, H)):
        raise Wrong(
            f"{shape[0]}, and all tokens are seen. Yet the numbers are not those of "
            f"{H} heads: look at the scale of the scores and the part of the width of "
            f"each head. What meets what in the scores, and is anything added?",
            f"{shape[1]}. 모든 토큰을 보지만 헤드 {H}개를 쓴 값이 아닙니다. 점수의 "
            f"배율과 헤드마다 맡은 너비의 부분을 보세요. 점수에서 무엇과 무엇을 "
            f"곱했고, 결과에 더한 것은 없나요?",
        )
    more = ask.tensor(answer(X, *weights, 2 * H), (B, N, D), "(B, N, D)")
    if not ask.near(more, _reference(X, *weights, 2 * H)):
        raise Wrong(
            f"With {H} heads the result is right, with {2 * H} heads it is not. Does "
            f"the number of heads come from `num_heads`?",
            f"헤드가 {H}개일 때는 맞지만 {2 * H}개일 때는 아닙니다. 헤드의 수를 "
            f"`num_heads`에서 얻나요?",
        )
    ask.alone(lambda X: answer(X, *weights, H), X, Y, "(B, N, D)")


def _projections(answer, X, weights, H, shape):
    """Raise if one of the four projections has no influence, or acts transposed."""
    Y, names = answer(X, *weights, H), ("W_q", "W_k", "W_v", "W_o")
    for i, name in enumerate(names):
        others = [W * (1 + (i == k)) for k, W in enumerate(weights)]
        if ask.near(answer(X, *others, H), Y):
            raise Wrong(
                f"{shape[0]}, but the result does not depend on `{name}`.",
                f"{shape[1]}. 그런데 결과가 `{name}`에 따라 달라지지 않습니다.",
            )
    if ask.near(Y, _reference(X, *(W.T for W in weights), H)):
        raise Wrong(
            f"{shape[0]}, but the weights act as W.T: the task multiplies a token by "
            f"W from the right.",
            f"{shape[1]}. 그런데 가중치를 W.T로 곱했습니다. 문제에서는 토큰의 오른쪽에 "
            f"W를 곱합니다.",
        )


def _reference(X, W_q, W_k, W_v, W_o, H):
    """The same head by head, without reshaping: (B, N, D) -> (B, N, D)."""
    d, Y = X.shape[2] // H, 0
    for h in range(H):
        part = slice(h * d, (h + 1) * d)
        Q, K, V = X @ W_q[:, part], X @ W_k[:, part], X @ W_v[:, part]
        weights = (Q @ K.mT / math.sqrt(d)).softmax(dim=2)  # (B, N, N)
        Y = Y + weights @ V @ W_o[part]
    return Y
