"""Checks of the exercises on ViT against CNN."""

import math

from vitlib.cost import vit_macs, vit_parameters
from vitlib.exercises import ask, welch  # noqa: F401  (3)
from vitlib.exercises.judge import Wrong, exercise

VERDICTS = ("confirmed", "contradicted", "open", "overstated")
# The claim ledger has the intervals; d and h say more than what was measured.
CARDS = {
    "a": "confirmed", "b": "contradicted", "c": "confirmed", "d": "overstated",
    "e": "open", "f": "contradicted", "g": "open", "h": "overstated",
}  # fmt: skip
SIGN = (
    "which way does the measured difference point, and is 0 in its interval?",
    "측정한 차이는 어느 쪽이고, 0이 구간 안에 있나요?",
)
PART = (
    "how much of the interval is as the card says?",
    "구간에서 카드의 말과 맞는 부분이 얼마나 되나요?",
)
REST = (
    "one part of it was measured. Which part was not?",
    "일부는 측정한 내용입니다. 측정하지 않은 부분은 무엇인가요?",
)
MORE = (
    "which part of it was not measured, and is the rest right?",
    "측정하지 않은 부분이 어디이고, 나머지는 맞나요?",
)
TO_ASK = {  # (right, said): the question
    ("confirmed", "contradicted"): SIGN,
    ("confirmed", "open"): SIGN,
    ("contradicted", "confirmed"): (
        "compare what it predicts with what came out. Do they agree?",
        "예측하는 바와 나온 결과를 견주어 보세요. 서로 맞나요?",
    ),
    ("contradicted", "open"): PART,
    ("open", "confirmed"): (
        "the means alone do not decide. How wide is the interval?",
        "평균만으로는 정할 수 없습니다. 구간은 얼마나 넓은가요?",
    ),
    ("open", "contradicted"): PART,
    ("overstated", "confirmed"): REST,
    ("overstated", "open"): REST,
    ("overstated", "contradicted"): (
        "the measured difference points its way. What about its other words?",
        "측정한 차이의 방향은 카드의 말과 같습니다. 나머지 말은 어떤가요?",
    ),
}


@exercise("discussion.1", cases=1, literal=True)
def cards(answer, draw):
    """`{"a": "open", ...}`: what the runs and the papers say of eight claims."""
    found = ask.table(answer, CARDS)
    for card, said in found.items():
        ask.choice(said, VERDICTS, f"card {card}", f"카드 {card}")
    for card, right in CARDS.items():
        if found[card] != right:
            en, ko = TO_ASK.get((right, found[card]), MORE)
            raise Wrong(f"Card {card}: {en}", f"카드 {card}: {ko}")


# What a ViT is measured by, and channels, classes, biases if not the published ones.
OWN = vit_parameters, 1, 10, False
OTHERS = PUBLISHED, MACS = (vit_parameters,), (vit_macs, 1, 10)


def _size(D, sizes, of=OWN):
    """Parameters or multiply-adds of a ViT of width D whose MLP has width 4 D."""
    (measure, *rest), (img_size, patch_size, _, num_blks) = of, sizes
    return sum(measure(img_size, patch_size, D, 4 * D, num_blks, *rest).values())


def _nearest(target, sizes, step, of=OWN):
    widths = range(step, 200, step)
    return min(widths, key=lambda D: abs(_size(D, sizes, of) - target))


def _pair(draw, P):
    """Sizes, a width, and targets: nearer to the next width, to it, and so on."""
    while True:
        H, L = draw.whole(3, 8), draw.whole(2, 5)
        sizes, D = (P * draw.whole(4, 8), P, H, L), H * draw.whole(6, 199 // H - 1)
        low, high = _size(D, sizes), _size(D + H, sizes)
        shares = draw.real(0.65, 0.75), draw.real(0.25, 0.35)
        targets = [round(low + share * (high - low)) for share in shares]
        middle = (low + high) // 2  # biases or positions decide on both sides of it
        targets += [middle + D * L, middle - D * L]
        others = [{_nearest(t, sizes, H, of) for of in OTHERS} for t in targets]
        apart = all(len(found - {D, D + H}) == 2 for found in others)
        if apart and all(_nearest(t, sizes, 1) % H for t in targets):
            return sizes, D, targets


@exercise("discussion.2")
def fair_width(answer, draw):
    """`fair_width(target, img_size, patch_size, num_heads, num_blks)`: an int."""
    for P in (4, 7):
        _fits(answer, *_pair(draw, P))


def _fits(answer, sizes, D, targets):
    """Raise unless the answer finds the right width for each target."""
    H = sizes[2]
    for target, right in zip(targets, (D + H, D, D + H, D), strict=True):
        found = ask.whole(answer(target, *sizes), "the width", "너비")
        if found == right:
            continue
        if found < 1 or found % H:
            raise Wrong(
                f"A width of {found} cannot be shared out among {H} heads.",
                f"너비 {found}: 헤드 {H}개가 똑같이 나누어 가질 수 없습니다.",
            )
        if found in (H, _nearest(target, sizes, H, MACS)):
            raise Wrong(
                "This is far too narrow. Is it a distance that is made small, and one "
                "between numbers of parameters?",
                "너비가 너무 좁습니다. 매개변수의 수와 목표의 거리를 비교했나요?",
            )
        if found == _nearest(target, sizes, H, PUBLISHED):
            raise Wrong(
                "This width fits a ViT for 3 channels and 1,000 classes, with biases "
                "in attention. Did the count come with such defaults?",
                "이 너비는 채널 3개, 클래스 1,000개에 어텐션의 편향까지 있는 ViT에 "
                "맞습니다. 기본값을 그대로 두고 세지는 않았나요?",
            )
        if found == 2 * D + H - right:
            raise Wrong(
                "A neighbor of the right width: its ViT is farther from the target. Is "
                "the nearer side above or below, and is each default the task's?",
                "바로 옆의 너비입니다. 그 ViT는 목표에서 더 멉니다. 위와 아래 가운데 "
                "어느 쪽이 가깝고, 남겨 둔 기본값은 모두 문제와 같나요?",
            )
        raise Wrong(
            f"A ViT of width {found} has {_size(found, sizes):,} parameters; another "
            f"width that {H} heads divide comes nearer to {target:,}.",
            f"너비가 {found}인 ViT의 매개변수는 {_size(found, sizes):,}개입니다. 헤드 "
            f"{H}개로 나누어떨어지는 다른 너비가 {target:,}개에 더 가깝습니다.",
        )


@exercise(
    "discussion.4", cases=1, literal=True,
    D=(128, 200, 288, 392, 512, 648), P=(8, 14, 16, 32), r=(2, 3, 5),
)  # fmt: skip
def cost(answer, draw, D, P, r):
    """`{"attention": ..., "block": ..., "side": ..., "clock": ...}`."""
    found = ask.table(answer, ("attention", "block", "side", "clock"))
    ask.choice(found["clock"], ("earlier", "same", "later"), "'clock'", "'clock'의 값")
    grid = math.isqrt(2 * D)  # patches on a side of the image
    right = {"attention": 2 * D, "block": (2 + r) * D, "side": P * grid}
    for name in right:
        ask.whole(found[name], f"{name!r}", f"{name!r}의 값")
    for name, value, en, ko in (
        (
            "attention",
            4 * D,
            "'attention' counts one product of N x N. What follows the softmax?",
            "'attention'에서 N x N 곱을 하나만 세었습니다. 소프트맥스 다음은요?",
        ),
        (
            "block",
            6 * D,
            "'block' fits the book's ViTs. Is the MLP of this block as wide as theirs?",
            "'block'은 이 책의 ViT라면 맞습니다. 이 블록의 MLP도 그만큼 넓은가요?",
        ),
        (
            "side",
            grid,
            "'side' is a number of patches; the task asks for pixels.",
            "'side'가 패치의 수입니다. 구할 것은 픽셀 수입니다.",
        ),
        (
            "side",
            2 * D * P,
            "'side' puts all patches in one row. How do they lie in an image?",
            "'side'에서 패치를 한 줄로 늘어놓았습니다. 이미지에는 어떻게 놓이나요?",
        ),
    ):
        if found[name] == value:
            raise Wrong(en, ko)
    for name, value in right.items():
        if found[name] != value:
            raise Wrong(
                f"The number at {name!r} is not right. Write both costs as formulas in "
                f"N, and make them equal.",
                f"{name!r}의 수가 맞지 않습니다. 두 비용을 N에 관한 식으로 적고 같다고 "
                f"놓아 보세요.",
            )
    if found["clock"] != "earlier":
        raise Wrong(
            "The three numbers are right. 'clock' is not what the chapter measured: "
            "what takes time besides multiply-adds, and in which part?",
            "세 수는 맞습니다. 'clock'은 이 장에서 측정한 결과와 다릅니다. 곱셈-누산 "
            "말고 무엇에, 어느 부분에서 시간이 드나요?",
        )
