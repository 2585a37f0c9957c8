"""Checks of the exercises on the encoder block."""

import math

import torch

from vitlib.exercises import ask
from vitlib.exercises.judge import Wrong, exercise


@exercise("block.1")
def split_heads(answer, draw):
    """`split_heads(X, num_heads)`: (B, N, D) -> (B, H, N, D/H)."""
    B, N, H, d = draw.distinct(4, 2, 7)
    X = draw.normal(B, N, H * d)
    heads = ask.tensor(answer(X, H), (B, H, N, d), "(B, H, N, D/H)")
    if ask.near(heads, X.reshape(B, H, N, d)):  # (B, N, D) -> (B, H, N, D/H)
        raise Wrong(
            "The shape is right, but head 0 does not hold a part of every token. "
            "`reshape` moves no number. Was the head axis moved in front, or not?",
            "형태는 맞지만, 0번 헤드에 모든 토큰의 몫이 들어 있지는 않습니다. "
            "`reshape`는 값을 옮기지 않습니다. 헤드 축을 앞으로 옮겼나요?",
        )
    comb = X.reshape(B, N, d, H).permute(0, 3, 1, 2)  # (B, N, d, H) -> (B, H, N, d)
    if ask.near(heads, comb):
        raise Wrong(
            "Each head holds its own tokens, but takes every H-th number of the "
            "width. A head is one run of neighboring numbers.",
            "헤드마다 제 토큰의 값이 들어 있지만, 너비에서 H칸씩 건너뛰며 수를 "
            "골랐습니다. 헤드 하나는 서로 이웃한 수의 묶음입니다.",
        )
    if not ask.near(heads.flatten().sort()[0], X.flatten().sort()[0]):  # (B * N * D,)
        raise Wrong(
            "The result does not hold each number of the input exactly once. "
            "Splitting moves numbers and changes none.",
            "결과에서 빠지거나 되풀이되거나 달라진 값이 있습니다. 나누기는 입력의 값을 "
            "옮길 뿐 바꾸지 않습니다.",
        )
    for h in range(H):
        if not ask.near(heads[:, h], X[:, :, h * d : (h + 1) * d]):
            raise Wrong(
                f"All numbers are there, but head {h} does not hold its own part of "
                f"the width, token by token.",
                f"수는 빠짐없이 있지만, {h}번 헤드가 너비에서 제 몫을 토큰 순서대로 "
                f"담고 있지 않습니다.",
            )


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


@exercise("block.3")
def multi_head_attention(answer, draw):
    """`multi_head_attention(X, W_q, W_k, W_v, W_o, num_heads)`: (B, N, D) -> same."""
    B, N, H, d = draw.whole(2, 3), draw.whole(7, 11), draw.whole(2, 4), draw.whole(4, 6)
    D = H * d
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


@exercise("block.4")
def block(answer, draw):
    """`block(X, ln1, attention, ln2, mlp)`: the pre-norm block of eqs. 2 and 3."""
    B, N, D = draw.distinct(3, 2, 9)
    X = draw.normal(B, N, D)
    # Any functions do: the order of the steps needs no true norm or attention.
    mixing, M = draw.normal(N, N) / math.sqrt(N), draw.normal(D, D) / math.sqrt(D)

    def ln1(Z):
        return torch.tanh(Z) + 0.3

    def ln2(Z):
        return torch.sin(Z) - 0.2

    def attention(Z):
        return mixing @ Z

    def mlp(Z):
        return torch.relu(Z @ M)

    Y = ask.tensor(answer(X, ln1, attention, ln2, mlp), (B, N, D), "(B, N, D)")
    A = X + attention(ln1(X))
    if ask.near(Y, A + mlp(ln2(A))):
        return
    Z = ln1(X)
    S = Z + attention(Z)
    P = ln1(X + attention(X))
    known = (
        (
            A + mlp(ln2(X)),
            "The MLP reads what came into the block, so both branches work side by "
            "side. In eq. 3 it reads what attention has already added to.",
            "MLP가 블록에 들어온 값을 읽어 어텐션과 나란히 계산됩니다. 식 3에서는 "
            "어텐션의 출력을 더한 값을 읽습니다.",
        ),
        (
            ln2(P + mlp(P)),
            "The norms stand behind the sums: that is post-norm, the original "
            "Transformer's. Where do eqs. 2 and 3 have them?",
            "정규화가 덧셈 뒤에 있습니다. 원래 트랜스포머의 사후 정규화입니다. 식 2와 "
            "식 3에서는 어디에 있나요?",
        ),
        (
            S + mlp(ln2(S)),
            "What is kept is the normalized X: the residual stream went through the "
            "first norm. Eq. 2 adds to X itself.",
            "정규화한 X가 남아 있습니다. 잔차 스트림이 첫 정규화를 거친 것입니다. 식 "
            "2에서는 X에 그대로 더합니다.",
        ),
        (
            A + mlp(ln1(A)),
            "Both branches use the first norm; the second one is never called.",
            "어텐션과 MLP가 모두 첫 정규화를 씁니다. 둘째 정규화는 쓰이지 않습니다.",
        ),
        (
            A + mlp(A),
            "The MLP reads a stream that no norm has touched.",
            "MLP가 정규화를 거치지 않은 스트림을 읽습니다.",
        ),
        (
            mlp(ln2(attention(ln1(X)))),
            "Nothing is added to the stream: the residual connections are missing.",
            "스트림에 아무것도 더하지 않았습니다. 잔차 연결이 없습니다.",
        ),
        (
            mlp(ln2(A)),
            "The MLP's output replaces the stream; the second residual connection is "
            "missing.",
            "MLP의 출력이 스트림을 대신합니다. 두 번째 잔차 연결이 없습니다.",
        ),
    )
    ask.mistakes(Y, known)
    raise Wrong(
        "The shape is right, the order is not that of eqs. 2 and 3. Write them down.",
        "형태는 맞지만 계산 순서가 식 2, 식 3과 다릅니다. 두 식을 차례로 옮겨 보세요.",
    )


@exercise(
    "block.5", cases=1, literal=True, D=(192, 256, 320, 384, 448, 576), r=(2, 3, 4, 5)
)
def count(answer, draw, D, r):
    """`{"attention": ..., "mlp": ..., "norms": ...}`: parameters of one block."""
    right = {"attention": 4 * D * D, "mlp": 2 * r * D * D + r * D + D, "norms": 4 * D}
    known = (
        (
            "attention",
            3 * D * D,
            "Attention has one projection more than you counted: what happens to "
            "the heads once they are side by side again?",
            "어텐션의 투영을 하나 덜 세었습니다. 헤드를 다시 나란히 붙인 다음에는 "
            "무엇을 하나요?",
        ),
        (
            "attention",
            4 * D * D + 4 * D,
            "Attention is counted with biases; its projections have none here.",
            "어텐션에서 편향까지 세었습니다. 이 블록의 투영에는 편향이 없습니다.",
        ),
        (
            "mlp",
            2 * r * D * D,
            "The MLP is counted without its biases.",
            "MLP의 편향을 빠뜨렸습니다.",
        ),
        (
            "norms",
            2 * D,
            "The norms are off by a factor of 2: how many are there, and how many "
            "vectors does each learn?",
            "정규화의 매개변수 수가 2배 차이로 어긋납니다. 정규화는 몇 개이고, 저마다 "
            "벡터를 몇 개 학습하나요?",
        ),
    )
    ask.counts(answer, right, known)
