"""Check of the exercise on weights that are shares: right_shape_wrong_model.2."""

import math

import torch

from vitlib.exercises import ask
from vitlib.exercises.judge import Wrong, exercise


@exercise("right_shape_wrong_model.2")
def shares(answer, draw):
    """`weights_are_shares(attend)`: whether the weights of a query sum to 1."""
    fed, cases = [], [*SHARES, *OTHERS]
    with draw.seeded():
        # In any order, so that it's of no use to count the calls.
        said = {
            k: ask.truth(answer(_attention(cases[k][0], fed)))
            for k in draw.order(len(cases)).tolist()
        }
    for k, (_, en, ko) in enumerate(cases):
        if k < len(SHARES) and not said[k]:
            raise Wrong(
                f"It returns False for {en}, where the weights of a query do sum to 1. "
                f"For which values is the result known, whatever the weights? And does "
                f"the comparison allow for rounding?",
                f"{ko}에서는 쿼리마다 가중치의 합이 1인데 False를 돌려줍니다. 값(V)이 "
                f"어떠할 때, 가중치가 무엇이든 결과를 미리 알 수 있을까요? 비교할 때 "
                f"반올림 오차만큼의 여유는 두었나요?",
            )
        if k >= len(SHARES) and said[k]:
            _why_true(fed, en, ko)


def _attention(shape, fed):
    """`attend(Q, K, V)` whose weights are `shape(scores)`; notes the scores."""

    def attend(Q, K, V):
        if not (Q.dim() == K.dim() == V.dim() == 4):
            raise ValueError("attend takes Q, K, V of shape (B, H, N, D/H)")
        scores = Q @ K.transpose(2, 3) / math.sqrt(Q.shape[3])  # (B, H, N, N)
        fed.append(scores.detach())
        return shape(scores) @ V

    return attend


def _plain(scores):
    return scores.softmax(dim=3)


def _sharp(scores):
    return (2 * scores).softmax(dim=3)


def _hidden(scores):
    seen = torch.ones_like(scores).tril() > 0
    return scores.masked_fill(~seen, -math.inf).softmax(dim=3)


def _queries(scores):
    return scores.softmax(dim=2)


def _heads(scores):
    return scores.softmax(dim=1)


def _late(scores):
    return scores.softmax(dim=3).tril()


def _one(place):
    """The weights of one query, at the same place of image, head and query, are off."""

    def shape(scores):
        weights = scores.softmax(dim=3)
        weights[place, place, place] *= 1.03
        return weights

    return shape


SHARES = (
    (_plain, "the scaled dot-product attention", "스케일드 점곱 어텐션"),
    (_sharp, "an attention with another scale", "배율이 다른 어텐션"),
    (_hidden, "an attention with a causal mask", "인과 마스크가 있는 어텐션"),
)
ONE = "one query alone has a wrong sum", "쿼리 하나만 합이 틀린"
OTHERS = (
    (_queries, "the softmax runs over the queries", "쿼리를 따라 소프트맥스를 적용한"),
    (_heads, "the softmax runs over the heads", "헤드를 따라 소프트맥스를 적용한"),
    (_late, "the mask comes after the softmax", "소프트맥스 뒤에 마스크를 씌운"),
    (torch.sigmoid, "a sigmoid stands in for softmax", "시그모이드를 대신 쓴"),
    (_one(0), *ONE),
    (_one(-1), *ONE),
)


def _why_true(fed, en, ko):
    """Raise: the property accepted weights that do not sum to 1."""
    if not fed:
        raise Wrong("It never calls `attend`.", "`attend`를 부르지 않습니다.")
    if all(scores.shape[3] == 1 for scores in fed):
        raise Wrong(
            "It returns True for wrong weights, too: each of your queries had one key, "
            "and nothing to share out.",
            "틀린 가중치에도 True를 돌려줍니다. 쿼리마다 키가 하나뿐이라 나눌 것이 "
            "없었습니다.",
        )
    if all(scores.numel() and scores.max() - scores.min() < 1e-6 for scores in fed):
        raise Wrong(
            "It returns True for wrong weights, too: with your queries and keys all "
            "scores are the same, so there is one weight for all.",
            "틀린 가중치에도 True를 돌려줍니다. 넣은 쿼리와 키로는 점수가 모두 같아져, "
            "가중치도 전부 같습니다.",
        )
    raise Wrong(
        f"It returns True where {en}. Look at every number of the result: what is left "
        f"out is not checked, and an average over queries, heads or images forgives.",
        f"{ko} 어텐션에도 True를 돌려줍니다. 결과의 값을 하나하나 보세요. 빠뜨린 것은 "
        f"검사하지 못하고, 쿼리나 헤드나 이미지에 걸쳐 평균하면 틀린 것이 묻힙니다.",
    )
