"""How the costs of a ViT are miscounted: parameters, multiply-adds, shapes."""

import math


def lacking(P, N, D, D_mlp, L, C, K):
    """(how many parameters a count lacks, English, Korean) of each mistake."""
    block = 4 * D * D + 2 * D * D_mlp + D_mlp + 9 * D
    return (
        (
            D,
            "One vector as wide as a token is missing. Three are learned before the "
            "first block, besides the matrix and the rows of the patches.",
            "너비가 토큰과 같은 벡터가 하나 모자랍니다. 첫 블록 앞에는 행렬과 패치의 "
            "위치 행 말고도 그런 벡터가 셋 있습니다.",
        ),
        (
            (2 * D + 1) * (D_mlp - 4 * D) * L,
            "The MLP is taken to be four times as wide as a token. The task gives its "
            "width.",
            "MLP의 너비를 토큰 너비의 네 배로 보았습니다. 너비는 문제에서 주어집니다.",
        ),
        (
            2 * D,
            "Two vectors as wide as a token are missing: those of the class token, or "
            "those of the last norm?",
            "너비가 토큰과 같은 벡터가 둘 모자랍니다. 클래스 토큰에 딸린 것인가요, "
            "마지막 정규화에 딸린 것인가요?",
        ),
        (
            (N + 1) * D,
            "The position embedding is missing.",
            "위치 임베딩이 빠졌습니다.",
        ),
        (
            K,
            "The linear layer of the head is counted without its bias.",
            "분류 헤드의 선형 층에서 편향을 빠뜨렸습니다.",
        ),
        (
            D * K + K,
            "The linear layer at the end is missing.",
            "맨 끝의 선형 층이 빠졌습니다.",
        ),
        (
            4 * D * L,
            "Every block lacks four vectors as wide as a token. The biases of the "
            "projections, or the norms?",
            "블록마다 너비가 토큰과 같은 벡터가 넷씩 모자랍니다. 투영의 편향인가요, "
            "정규화인가요?",
        ),
        (
            2 * D * L,
            "Every block lacks two vectors as wide as a token. How many norms does a "
            "block have, and what does each learn?",
            "블록마다 너비가 토큰과 같은 벡터가 둘씩 모자랍니다. 블록에는 정규화가 몇 "
            "개 있고, 저마다 무엇을 학습하나요?",
        ),
        (
            (D_mlp + D) * L,
            "The MLP of every block is counted without biases.",
            "블록마다 MLP의 편향을 빠뜨렸습니다.",
        ),
        (
            D * D * L,
            "Every block lacks one square matrix: a projection of attention.",
            "블록마다 정사각행렬이 하나 모자랍니다. 어텐션의 투영 하나입니다.",
        ),
        (
            (L - 1) * block,
            "Only one block is counted. Do the blocks share their weights?",
            "블록을 하나만 세었습니다. 블록끼리 가중치를 함께 쓰나요?",
        ),
        (
            C * P * (P - 1) * D,
            "The patch embedding reads one row of each patch only.",
            "패치 임베딩이 패치마다 픽셀 한 줄만 읽습니다.",
        ),
        (
            (C - 1) * P * P * D,
            "The patch embedding reads one channel only.",
            "패치 임베딩이 채널 하나만 읽습니다.",
        ),
    )


def macs(T, D, D_mlp, L, products=2, projections=4, layers=2):
    """Multiply-adds of L blocks; the last three as a mistake may have them."""
    linear = projections * D * D + layers * D * D_mlp
    return L * (T * linear + products * T * T * D)


def miscounted(n, D, D_mlp, L):
    """(what a mistake gives, English, Korean), for n x n patches."""
    T, size = n * n + 1, (D, D_mlp, L)
    return (
        (
            macs(n * n, *size),
            "`macs` counts the patches as tokens, and one token less than there is.",
            "`macs`가 패치만 토큰으로 세어 토큰 하나가 모자랍니다.",
        ),
        (
            macs(n + 1, *size),
            "`macs` has the tokens of one row of patches. An image has two sides.",
            "`macs`가 패치 한 줄만 토큰으로 셉니다. 이미지에는 가로와 세로가 있습니다.",
        ),
        (
            macs(T, *size, products=1),
            "`macs` has one product of all pairs of tokens. Attention has another "
            "one, after the softmax.",
            "`macs`에 토큰의 모든 쌍을 곱하는 일이 한 번뿐입니다. 어텐션에는 "
            "소프트맥스 다음에 한 번 더 있습니다.",
        ),
        (
            macs(T, *size, products=0),
            "`macs` is in proportion to the number of tokens. What does attention do "
            "with pairs of them?",
            "`macs`가 토큰 수에 비례합니다. 어텐션은 토큰의 쌍으로 무엇을 하나요?",
        ),
        (
            macs(T, *size, projections=3),
            "`macs` lacks one projection of attention.",
            "`macs`에 어텐션의 투영이 하나 모자랍니다.",
        ),
        (
            macs(T, *size, layers=1),
            "`macs` has one layer of the MLP.",
            "`macs`에 MLP의 층이 하나뿐입니다.",
        ),
        (
            macs(T, *size) // L,
            "`macs` has one block.",
            "`macs`에 블록이 하나뿐입니다.",
        ),
        (
            2 * macs(T, *size),
            "`macs` is exactly twice too large: a product and the sum it goes into "
            "are one multiply-add.",
            "`macs`가 꼭 2배입니다. 곱셈과 뒤따르는 덧셈을 합쳐 MAC 하나로 셉니다.",
        ),
    )


def fitted(x, y):
    """The least-squares slope of y over x."""
    a, b = sum(x) / len(x), sum(y) / len(y)
    pairs = list(zip(x, y, strict=True))
    return sum((u - a) * (v - b) for u, v in pairs) / sum((u - a) ** 2 for u in x)


def misfitted(sizes, costs):
    """(what a mistake gives, English, Korean) for a slope between logarithms."""
    x, y = [*map(math.log, sizes)], [*map(math.log, costs)]
    steps = [(y[i + 1] - y[i]) / (x[i + 1] - x[i]) for i in range(len(x) - 1)]
    origin = sum(u * v for u, v in zip(x, y, strict=True)) / sum(u * u for u in x)
    return (
        (
            fitted(sizes, costs),
            "`log_slope` fits a line to the numbers themselves. A power law is a line "
            "on which axes?",
            "`log_slope`가 로그 없이 직선을 맞춥니다. 거듭제곱 법칙은 어떤 축에서 "
            "직선이 될까요?",
        ),
        (
            fitted(sizes, y),
            "`log_slope` takes the logarithm of the costs alone.",
            "`log_slope`가 비용에만 로그를 씌웠습니다.",
        ),
        (
            fitted(x, costs),
            "`log_slope` takes the logarithm of the sizes alone.",
            "`log_slope`가 크기에만 로그를 씌웠습니다.",
        ),
        (
            fitted(y, x),
            "`log_slope` has the axes exchanged: how does the cost depend on the size?",
            "`log_slope`에서 두 축이 뒤바뀌었습니다. 비용이 크기에 따라 어떻게 "
            "달라지나요?",
        ),
        (
            (y[-1] - y[0]) / (x[-1] - x[0]),
            "`log_slope` uses the first and the last point. One bad measurement there "
            "spoils it.",
            "`log_slope`가 처음과 끝의 두 점만 씁니다. 하나를 잘못 재면 결과를 "
            "망칩니다.",
        ),
        (
            sum(steps) / len(steps),
            "`log_slope` averages the slopes from point to point, where short steps "
            "count as much as long ones.",
            "`log_slope`가 이웃한 점끼리의 기울기를 평균합니다. 간격이 좁은 곳과 넓은 "
            "곳을 똑같이 칩니다.",
        ),
        (
            origin,
            "`log_slope` forces the line through the origin. Does a size of 1 cost 1?",
            "`log_slope`가 원점을 지나는 직선을 맞춥니다. 크기가 1이면 비용도 1인가요?",
        ),
    )


def misshapen(height, width, D, heads, B, K):
    """(name, what a mistake gives, English, Korean) for the shapes in a model."""
    N = height // 16 * (width // 16)
    T = N + 1
    return (
        (
            "tokens",
            N,
            "The number for 'tokens' is that of the patches.",
            "'tokens'의 수가 패치의 개수입니다.",
        ),
        (
            "tokens",
            height // 16 + width // 16 + 1,
            "In 'tokens', rows and columns of patches are added.",
            "'tokens'에서 패치의 행과 열을 더했습니다.",
        ),
        (
            "positions",
            N * D,
            "In 'positions', one token has no row.",
            "'positions'에서 토큰 하나의 행이 빠졌습니다.",
        ),
        (
            "positions",
            B * T * D,
            "In 'positions', every image has positions of its own. Are they learned "
            "for an image or for a place?",
            "'positions'에서 이미지마다 위치를 따로 두었습니다. 위치는 이미지마다 "
            "학습하나요, 자리마다 학습하나요?",
        ),
        (
            "weights",
            heads * T * T,
            "The number for 'weights' is that of one image.",
            "'weights'의 수가 이미지 한 장의 것입니다.",
        ),
        (
            "weights",
            B * T * T,
            "The number for 'weights' is that of one head.",
            "'weights'의 수가 헤드 하나의 것입니다.",
        ),
        (
            "weights",
            B * heads * N * N,
            "In 'weights', only patches attend to patches. Does the class token not "
            "take part?",
            "'weights'에서 패치끼리만 어텐션을 합니다. 클래스 토큰은 빠지나요?",
        ),
        (
            "weights",
            B * heads * T,
            "In 'weights', each token has one weight. A token shares out its attention "
            "among how many?",
            "'weights'에서 토큰마다 가중치가 하나입니다. 토큰 하나는 몇 토큰에 "
            "어텐션을 나누어 주나요?",
        ),
        (
            "logits",
            K,
            "The number for 'logits' is that of one image.",
            "'logits'의 수가 이미지 한 장의 것입니다.",
        ),
        (
            "logits",
            B * T * K,
            "In 'logits', every token is read by the head.",
            "'logits'에서 분류 헤드가 모든 토큰을 읽습니다.",
        ),
        (
            "logits",
            B,
            "In 'logits', every image has one number. That would be a label.",
            "'logits'에서 이미지마다 수가 하나입니다. 그렇다면 레이블입니다.",
        ),
        (
            "gone",
            D,
            "In 'gone', the class token is taken out and something that only it "
            "needed is left.",
            "'gone'에서 클래스 토큰은 뺐지만, 클래스 토큰만 쓰던 것이 남아 있습니다.",
        ),
        (
            "gone",
            0,
            "In 'gone', nothing is saved. Is the class token not learned?",
            "'gone'에서 줄어든 것이 없습니다. 클래스 토큰은 학습되지 않나요?",
        ),
    )
