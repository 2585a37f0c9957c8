"""Checks of the exercises on the encoder block."""

import math

import torch

from vitlib.exercises import ask, attending  # noqa: F401  (2 and 3)
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
    ask.alone(lambda X: answer(X, H), X, heads, "(B, H, N, D/H)")


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
        ask.alone(lambda X: answer(X, ln1, attention, ln2, mlp), X, Y, "(B, N, D)")
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
