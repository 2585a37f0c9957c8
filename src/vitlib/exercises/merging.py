"""Checks of the exercises on what windows cost and on merging: swin.4, swin.5."""

import itertools

import torch
from torch.nn import functional as F

from vitlib.exercises import ask
from vitlib.exercises.judge import Wrong, exercise


@exercise(
    "swin.4", cases=1, literal=True,
    h=(24, 32, 40), w=(48, 56, 64), D=(96, 128, 160, 192), M=(4, 8),
)  # fmt: skip
def costs(answer, draw, h, w, D, M):
    """`{"global": ..., "windows": ..., "ratio": ..., "tokens": ...}`."""
    N, linear = h * w, 4 * h * w * D * D
    right = {"global": linear + 2 * N * N * D, "windows": linear + 2 * N * M * M * D}
    right |= {"ratio": right["global"] / right["windows"], "tokens": 2 * D}
    found = ask.table(answer, right)
    for name, met in (("global", N), ("windows", M * M)):
        products = {
            right[name] - N * D * D: (
                "is one linear map short. What happens after the values are averaged?",
                "선형 사상이 하나 모자랍니다. 값을 평균한 다음에는 무엇을 하나요?",
            ),
            right[name] - N * met * D: (
                "counts one product with the scores. They are made once and used once.",
                "점수를 만들거나 쓰는 행렬 곱 가운데 하나만 세었습니다. 점수는 한 번 "
                "만들고 한 번 씁니다.",
            ),
            right[name] - linear: (
                "leaves out the linear maps.",
                "선형 사상을 빠뜨렸습니다.",
            ),
            2 * right[name]: (
                "is twice too large: a multiplication with its addition counts once.",
                "두 배로 세었습니다. 곱하고 더하는 것을 합쳐 한 번으로 셉니다.",
            ),
            linear + 2 * N * M * D: (
                "lets a query meet as many keys as a window has rows.",
                "쿼리 하나가 만나는 키를 윈도우의 행 수만큼만 세었습니다.",
            ),
            right["windows"] * M * M // N: (
                "is that of one window. How many windows does the map have?",
                "윈도우 하나만 세었습니다. 격자에는 윈도우가 몇 개 있나요?",
            ),
        }
        _counted(found[name], right[name], name, products)
    ratio = ask.number(found["ratio"], "the number for 'ratio'", "'ratio'의 수")
    if abs(ratio / right["ratio"] - 1) > 0.005:
        raise Wrong(
            "Both counts are right, their ratio is not. Which is divided by which, and "
            "do the linear maps take part?",
            "두 수는 맞지만 비가 틀렸습니다. 무엇을 무엇으로 나누나요? 선형 사상까지 "
            "넣고 나누었나요?",
        )
    tokens = {
        D: (
            "comes from one product with the scores alone. They are made once and used "
            "once.",
            "점수를 만들거나 쓰는 행렬 곱 가운데 하나만 세었을 때 나오는 수입니다. "
            "점수는 한 번 만들고 한 번 씁니다.",
        ),
        M * M: (
            "is where windows and global attention cost the same. Here both parts "
            "belong to global attention.",
            "그 수에서는 윈도우와 전역 어텐션의 연산량이 같습니다. 여기서는 두 부분이 "
            "모두 전역 어텐션에 속합니다.",
        ),
    }
    _counted(found["tokens"], right["tokens"], "tokens", tokens)


def _counted(found, right, name, known):
    """Raise unless an int is the right one; `known`: mistake -> (English, Korean)."""
    found = ask.whole(found, f"the number for {name!r}", f"{name!r}의 수")
    if found != right:
        en, ko = known.get(found) or (
            "is not right. Write down each matrix product with its three sizes.",
            "수가 맞지 않습니다. 행렬 곱마다 크기 세 개를 적어 보세요.",
        )
        raise Wrong(f"The number for {name!r} {en}", f"{name!r}: {ko}")


@exercise("swin.5")
def merge(answer, draw):
    """`merge(X, norm, W)`: (B, h, w, D) -> (B, ceil(h/2), ceil(w/2), 2D)."""
    (B, rows, cols), D = draw.distinct(3, 2, 6), draw.whole(3, 5)
    X, W = draw.normal(B, 2 * rows, 2 * cols, D), draw.normal(4 * D, 2 * D)
    scale = draw.real(0.5, 1.5)

    def norm(Z):
        return torch.tanh(scale * (Z - Z.mean(dim=-1, keepdim=True))) + 0.2

    places = (0, 0), (1, 0), (0, 1), (1, 1)

    def four(X, places=places):
        return [X[:, y::2, x::2] for y, x in places]

    def joined(X):
        return torch.cat(four(X), dim=3)  # (B, h/2, w/2, 4D)

    shape = (B, rows, cols, 2 * D)
    Y = ask.tensor(answer(X, norm, W), shape, "(B, h/2, w/2, 2D)")
    each = torch.cat([norm(Z) for Z in four(X)], dim=3)
    ask.mistakes(
        Y,
        (
            (
                norm(X.reshape(B, rows, cols, 4 * D)) @ W,  # (B, h/2, w/2, 2D)
                "The shape is right, but each result is made of four tokens in a run, "
                "not of a 2 x 2 square.",
                "형태는 맞지만, 2 x 2로 이웃한 네 토큰이 아니라 읽는 순서로 이어진 네 "
                "토큰을 합쳤습니다.",
            ),
            (
                norm(joined(X) @ W),
                "The norm comes after the linear map. Of how many numbers should it "
                "take the mean?",
                "정규화가 선형 사상 뒤에 있습니다. 몇 개의 수를 놓고 평균을 구해야 "
                "할까요?",
            ),
            (
                each @ W,
                "Every token was normalized alone, before the four were joined.",
                "넷을 잇기 전에 토큰을 하나씩 따로 정규화했습니다.",
            ),
            (
                joined(X) @ W,
                "The norm was never called.",
                "정규화를 부르지 않았습니다.",
            ),
        ),
    )
    for order in itertools.permutations(places):
        Z = norm(torch.cat(four(X, order), dim=3)) @ W
        if order != places and ask.near(Y, Z):
            across = order == ((0, 0), (0, 1), (1, 0), (1, 1))
            raise Wrong(
                "The right four tokens are joined, in another order than the task's"
                + (": this one reads across, then down." if across else "."),
                "알맞은 네 토큰을 이었지만 순서가 문제와 다릅니다."
                + (" 오른쪽을 먼저, 아래쪽을 나중에 읽었습니다." if across else ""),
            )
    if not ask.near(Y, norm(joined(X)) @ W):
        raise Wrong(
            "The shape is right, the numbers are not. Follow one result back: which "
            "four tokens are in it, and what happens to them in which order?",
            "형태는 맞지만 값이 다릅니다. 결과 하나를 거슬러 올라가 보세요. 어느 네 "
            "토큰이 들어 있고, 어떤 순서로 무엇을 거치나요?",
        )
    ask.alone(lambda X: answer(X, norm, W), X, Y, "(B, h/2, w/2, 2D)")
    for odd, axis in ((X[:, 1:], 1), (X[:, :, 1:], 2)):
        name = "the result for an odd side", "한 변이 홀수일 때 결과"
        Y = ask.tensor(
            answer(odd, norm, W), shape, "(B, ceil(h/2), ceil(w/2), 2D)", *name
        )
        zeros = torch.zeros_like(odd.narrow(axis, 0, 1))
        if ask.near(Y, norm(joined(torch.cat((zeros, odd), axis))) @ W):
            raise Wrong(
                "An odd map is padded at the top or left: every token gets other "
                "neighbors than in an even map.",
                "한 변이 홀수인 격자의 위나 왼쪽에 패딩을 덧댔습니다. 그러면 짝수인 "
                "격자와 달리 모든 토큰의 짝이 바뀝니다.",
            )
        if not ask.near(Y, norm(joined(torch.cat((odd, zeros), axis))) @ W):
            raise Wrong(
                "Even maps are right, but a map with an odd side is not what padding "
                "with zeros at the bottom and right gives. What enters the norm there?",
                "짝수인 격자는 맞지만, 한 변이 홀수이면 아래와 오른쪽에 0을 덧댄 "
                "결과가 아닙니다. 거기서는 무엇이 정규화에 들어가나요?",
            )
    both = F.pad(X[:, 1:, 1:], (0, 0, 0, 1, 0, 1))  # at the right, at the bottom
    found = ask.tensor(answer(X[:, 1:, 1:], norm, W), shape, "(B, h/2, w/2, 2D)")
    if not ask.near(found, norm(joined(both)) @ W):
        raise Wrong(
            "A map with one odd side is right, a map with two is not.",
            "한 변만 홀수인 격자는 맞지만, 두 변이 모두 홀수인 격자는 틀렸습니다.",
        )
