"""Checks of the exercises on features and representations."""

import functools

import torch
from torch.nn import functional as F

from vitlib.exercises import ask, shapes  # noqa: F401  (4)
from vitlib.exercises.judge import Wrong, exercise


@exercise("representation.1")
def cka(answer, draw):
    """`cka(K, L)`: how alike two tables of similarities (n, n) are, a number."""
    n, p, q = draw.distinct(3, 4, 9)
    n += 6
    X = draw.normal(n, p) + 1.5 * draw.normal(p)  # features of a mean that is not 0
    Y = X @ draw.normal(p, q) + draw.normal(n, q)
    far = (-torch.cdist(X, X) / p).exp()  # a table that no features made
    tables = [(X @ X.T, Y @ Y.T), (far, Y @ Y.T)]
    found = torch.tensor([ask.number(answer(K, L)) for K, L in tables]).double()
    H = torch.eye(n).double() - 1 / n  # takes the mean away

    def each(value):
        return torch.stack([value(K.double(), L.double()) for K, L in tables])

    if ask.near(found, each(lambda K, L: _cosine(H @ K @ H, H @ L @ H)), 1e-3):
        return
    known = (
        (
            each(_cosine),
            "This is the cosine of the tables as they came, not centered: a constant "
            "added to all features counts as likeness. If you did take means away: "
            "twice along one axis, for want of `keepdim`?",
            "중심에 맞추지 않은 두 표의 코사인입니다. 모든 특징에 더해진 상수까지 닮은 "
            "점으로 칩니다. 평균을 뺐다면, `keepdim`이 없어 같은 축으로 두 번 빼지는 "
            "않았나요?",
        ),
        (
            each(lambda K, L: _cosine(H @ K, H @ L)),
            "The tables are centered along one axis only. The means of the rows and of "
            "the columns both come from the features.",
            "두 표를 한 축으로만 중심에 맞추었습니다. 행의 평균도 열의 평균도 특징에서 "
            "온 것입니다.",
        ),
        (
            each(lambda K, L: _cosine(K - K.mean(), L - L.mean())),
            "One number was taken from every entry of a table, or one mean twice for "
            "want of `keepdim`. Does each row sum to 0 after that?",
            "표의 모든 칸에서 같은 수를 뺐거나, `keepdim`이 없어 같은 평균을 두 번 "
            "뺐습니다. 그러면 행마다 합이 0이 되나요?",
        ),
        (
            each(lambda K, L: _cosine(_twice(K), _twice(L))),
            "Every entry lost the mean of its row and that of its column, and with "
            "them the mean of the whole table twice.",
            "칸마다 행의 평균과 열의 평균을 뺐습니다. 그러면 표 전체의 평균을 두 번 뺀 "
            "것이 됩니다.",
        ),
        (
            each(lambda K, L: (H @ K @ H * L).sum()),
            "The tables are centered and multiplied, but nothing takes their size "
            "away: a table is not 1 with itself.",
            "두 표를 중심에 맞추어 곱했지만 크기의 영향을 없애지 않았습니다. 표를 "
            "자신과 비교해도 1이 되지 않습니다.",
        ),
        (
            each(lambda K, L: _by_squares(H @ K @ H, H @ L @ H)),
            "The product is divided by the squares of both sizes: twice as large a "
            "table would be half as alike.",
            "두 표의 크기를 제곱한 값으로 나누었습니다. 표를 두 배로 키우면 닮은 "
            "정도가 절반이 됩니다.",
        ),
    )
    ask.mistakes(found, known)
    raise Wrong(
        "The number is not the cosine of the two centered tables. Do all rows and all "
        "columns of a centered table sum to 0, and is all of it one vector?",
        "중심에 맞춘 두 표의 코사인이 아닙니다. 중심에 맞춘 표에서 모든 행과 모든 열의 "
        "합이 0인가요? 표 전체를 벡터 하나로 보았나요?",
    )


def _cosine(K, L):
    return (K * L).sum() / (K.norm() * L.norm())


def _twice(K):
    return K - K.mean(dim=0) - K.mean(dim=1, keepdim=True)


def _by_squares(K, L):
    return _cosine(K, L) / (K.norm() * L.norm())


@exercise("representation.2")
def ridge_probe(answer, draw):
    """`ridge_probe(X, y, num_classes, lam)`: the pair W (p, K), b (K,)."""
    n, p, K = draw.whole(30, 40), draw.whole(5, 7), draw.whole(3, 4)
    lam = draw.real(0.3, 0.6)
    X = draw.normal(n, p) * (0.6 + draw.uniform(p)) + 1 + draw.uniform(p)
    y = draw.below(K - 1, n)  # the last class has no image here
    pair = "the pair (W, b)", "(W, b)"
    W, b = ask.sequence(answer(X, y, K, lam), 2, *pair)
    W = ask.tensor(W, (p, K), "(p, K)", "W", "W").double()
    b = ask.tensor(b, (K,), "(K,)", "b", "b").double()
    stronger = ask.sequence(answer(X, y, K + 2, 10 * lam), 2, *pair)[0]
    if ask.near(ask.tensor(stronger, (p, K + 2), "(p, K)", "W", "W")[:, :K], W):
        raise Wrong(
            "W does not depend on `lam`.",
            "W가 `lam`에 따라 달라지지 않습니다.",
        )
    X, Y = X.double(), F.one_hot(y, K).double()
    mean, rate = X.mean(0), Y.mean(0)
    Z, std = X - mean, X.std(0, correction=0)
    right = _solve(Z, Y - rate, lam)
    ones = _solve(torch.cat((X, torch.ones(n, 1)), dim=1), Y, lam)
    if ask.near(b, torch.zeros(K)):
        raise Wrong(
            "b is 0 throughout: the fit has no bias, and the features do not have "
            "mean 0.",
            "b가 모두 0입니다. 편향 없이 맞추었는데, 특징의 평균은 0이 아닙니다.",
        )
    known = (
        (
            ones[:-1],
            "The bias is held down, too: it was fitted as the weight of a feature that "
            "is always 1. The penalty has W alone.",
            "편향까지 눌렀습니다. 편향을 늘 1인 특징의 가중치로 보고 맞추었기 "
            "때문입니다. 벌점에는 W만 들어 있습니다.",
        ),
        (
            _solve(Z, Y - rate, lam / n),
            "`lam` acts too weakly. Is the squared error of the task a sum or a mean?",
            "`lam`의 힘이 너무 약합니다. 문제의 제곱 오차는 합인가요, 평균인가요?",
        ),
        (
            _solve(Z / std, Y - rate, lam),
            "W fits standardized features, but it will meet these as they are.",
            "W가 표준화한 특징에 맞추어져 있습니다. 여기서는 특징을 있는 그대로 "
            "넣습니다.",
        ),
    )
    ask.mistakes(W, known)
    if ask.near(b, rate):
        raise Wrong(
            "b is the share of each class. That fits features whose mean is 0; these "
            "have another.",
            "b가 클래스의 비율입니다. 특징의 평균이 0일 때 맞는 값인데, 여기서는 "
            "평균이 0이 아닙니다.",
        )
    if not ask.near(W, right, 1e-3):
        raise Wrong(
            "W is not where the sum of error and penalty is smallest. Set the "
            "derivative by W to 0, with the mean already taken away.",
            "오차와 벌점의 합이 가장 작아지는 W가 아닙니다. 평균을 뺀 상태에서 W에 "
            "대한 도함수를 0으로 놓아 보세요.",
        )
    if not ask.near(b, rate - mean @ right, 1e-3):
        raise Wrong(
            "W is right, b is not: the errors of a class do not sum to 0 over the "
            "images.",
            "W는 맞지만 b가 틀렸습니다. 클래스마다 오차를 이미지에 걸쳐 더해도 0이 "
            "되지 않습니다.",
        )


def _solve(X, Y, lam):
    """The W that makes mean ||Y - X W||^2 + lam ||W||^2 least."""
    X, Y = X.double(), Y.double()
    gram = X.T @ X / len(X) + lam * torch.eye(X.shape[1]).double()
    return torch.linalg.solve(gram, X.T @ Y / len(X))


@exercise("representation.3")
def rollout(answer, draw):
    """`rollout(attentions)`: a list of (H, N, N) -> (N, N)."""
    L, (H, N) = draw.whole(3, 4), draw.distinct(2, 2, 7)
    N += 3
    attentions = [(3 * draw.normal(H, N, N)).softmax(dim=2) for _ in range(L)]
    found = ask.tensor(answer(list(attentions)), (N, N), "(N, N)")
    means, one = [A.mean(0) for A in attentions], torch.eye(N)
    mixed = [(A + one) / 2 for A in means]
    right = functools.reduce(torch.matmul, mixed[::-1])
    alone = [functools.reduce(torch.matmul, Z) for Z in _heads(attentions[::-1])]
    known = (
        (
            right.T,
            "Rows and columns are exchanged: here it is each input token's shares "
            "that are written in a row.",
            "행과 열이 뒤바뀌었습니다. 입력 토큰의 몫이 행에 놓여 있습니다.",
        ),
        (
            functools.reduce(torch.matmul, mixed),
            "The blocks are multiplied the other way around. What the second block "
            "mixes has been through the first.",
            "블록을 반대 순서로 곱했습니다. 둘째 블록이 섞는 것은 첫째 블록을 지나온 "
            "것입니다.",
        ),
        (
            functools.reduce(torch.matmul, means[::-1]),
            "Nothing of a token stays with it: where is the residual connection?",
            "토큰에 제 몫이 남지 않습니다. 잔차 연결은 어디에 있나요?",
        ),
        (
            functools.reduce(torch.matmul, [2 * M for M in mixed[::-1]]),
            "A token's shares do not sum to 1: they double with each block, for the "
            "residual connection comes on top of attention.",
            "토큰의 몫을 더해도 1이 아닙니다. 어텐션에 잔차 연결이 더해져 블록마다 두 "
            "배가 됩니다.",
        ),
        (
            functools.reduce(
                torch.matmul, [(H * A + one) / (H + 1) for A in means[::-1]]
            ),
            "Every head weighs as much as the residual connection. All heads of a "
            "block together should.",
            "헤드 하나하나의 비중이 잔차 연결과 같습니다. 블록의 헤드를 모두 합한 "
            "비중이 같아야 합니다.",
        ),
        (
            sum(alone) / H,
            "Each head was followed by itself through all blocks. But a head of the "
            "next block reads what all heads wrote.",
            "헤드마다 따로 모든 블록을 따라갔습니다. 그런데 다음 블록의 헤드는 모든 "
            "헤드가 쓴 것을 읽습니다.",
        ),
        (
            sum(mixed) / L,
            "The blocks are averaged, as if they stood side by side. They stand one "
            "behind the other.",
            "블록을 평균했습니다. 블록은 나란히 있지 않고 차례로 이어집니다.",
        ),
        (
            mixed[-1],
            "Only the last block counts. Its inputs are mixtures already.",
            "마지막 블록만 셌습니다. 그 블록의 입력은 이미 섞인 것입니다.",
        ),
    )
    ask.mistakes(found, known)
    rows = found.sum(dim=1)
    if not ask.near(rows, torch.ones(N), 1e-3):
        row = rows[0].item()
        raise Wrong(
            f"The shares of token 0 sum to {row:.3g}. Whatever the blocks do, they "
            f"are shares of one whole.",
            f"0번 토큰의 몫을 더하면 {row:.3g}입니다. 블록이 무엇을 하든, 하나를 나눈 "
            f"몫이어야 합니다.",
        )
    if not ask.near(found, right):
        raise Wrong(
            "Every row sums to 1, but the shares are not those of the blocks one after "
            "the other. Try a list with a single block first.",
            "행마다 합은 1이지만, 블록을 차례로 지났을 때의 몫이 아닙니다. 블록이 "
            "하나뿐인 리스트부터 넣어 보세요.",
        )


def _heads(attentions):
    """For each head, its half-and-half matrices in all blocks: H lists of (N, N)."""
    one = torch.eye(attentions[0].shape[1])
    return [[(A[h] + one) / 2 for A in attentions] for h in range(len(attentions[0]))]
