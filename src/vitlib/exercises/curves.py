"""Made-up loss curves, each with one cause, for an exercise in reading them."""

import random

from vitlib.exercises import ask
from vitlib.exercises.judge import Wrong, exercise

CAUSES = (
    "model too small", "rate too small", "rate too large", "overfitting",
    "validation leak", "dropout", "shuffled labels",
)  # fmt: skip
EPOCHS = (1, 2, 4, 8, 16)


def curves(series):
    """Six curves A to F, each with another one of the causes.

    Returns:
        name -> {"train": losses while training, "val": losses after the epoch,
        "acc": {"train", "val", "test"}: accuracies after the last epoch, without
        dropout}; the losses are those of `EPOCHS`.
    """
    draw = random.Random(f"curves {series}")
    return {name: _curve(cause, draw) for name, cause in causes(series).items()}


def causes(series):
    """The cause of each curve, by its name."""
    order = random.Random(series).sample(CAUSES, 6)
    return dict(zip("ABCDEF", order, strict=True))


def _curve(cause, draw):
    train, val, acc = _SHAPES[cause]
    shift = draw.uniform(0.98, 1.02)  # one for both curves: their order stays

    def losses(values):
        return [round(v * shift * draw.uniform(0.995, 1.005), 2) for v in values]

    names = ("train", "val", "test")
    near = [round(a + draw.uniform(-0.01, 0.01), 2) for a in acc]
    return {
        "train": losses(train),
        "val": losses(val),
        "acc": dict(zip(names, near, strict=True)),
    }


# Losses while training and on validation images; accuracies of the three sets.
_SHAPES = {
    "model too small": (
        (1.60, 1.21, 1.12, 1.10, 1.10),
        (1.33, 1.17, 1.12, 1.11, 1.11),
        (0.61, 0.60, 0.60),
    ),
    "rate too small": (
        (2.30, 2.28, 2.23, 2.12, 1.92),
        (2.29, 2.27, 2.21, 2.09, 1.88),
        (0.38, 0.37, 0.37),
    ),
    "rate too large": (
        (2.61, 4.90, 2.44, 3.62, 3.10),
        (2.70, 3.90, 2.36, 3.30, 2.40),
        (0.11, 0.11, 0.11),
    ),
    "overfitting": (
        (0.95, 0.60, 0.36, 0.12, 0.02),
        (0.78, 0.62, 0.58, 0.74, 1.15),
        (0.98, 0.80, 0.80),
    ),
    "validation leak": (
        (0.95, 0.60, 0.36, 0.12, 0.02),
        (0.76, 0.50, 0.26, 0.08, 0.01),
        (0.98, 0.98, 0.80),
    ),
    "dropout": (
        (1.45, 1.08, 0.86, 0.72, 0.64),
        (0.98, 0.74, 0.58, 0.47, 0.41),
        (0.86, 0.85, 0.85),
    ),
    "shuffled labels": (
        (2.32, 2.28, 2.15, 1.66, 0.78),
        (2.36, 2.38, 2.46, 2.88, 3.90),
        (0.78, 0.10, 0.10),
    ),
}


@exercise("training.3", cases=1, literal=True, series=tuple(range(11, 41)))
def diagnose(answer, draw, series):
    """`{"A": cause, ..., "F": cause}`, for the curves of this series."""
    true = causes(series)
    found = ask.table(answer, true)
    found = {
        name: ask.choice(found[name], CAUSES, f"the cause of {name}", f"{name}의 원인")
        for name in true
    }
    right = sum(found[name] == true[name] for name in true)
    for name, cause in true.items():
        if found[name] != cause:
            en, ko = _SIGNS[found[name]]
            raise Wrong(
                f"Right: {right} of 6. Curve {name}, said to be {found[name]!r}: {en}",
                f"6개 가운데 {right}개가 맞습니다. {found[name]!r}(이)라고 한 "
                f"{name} 곡선: {ko}",
            )


# What a curve with this cause would show, as a question.
_SIGNS = {
    "model too small": (
        "have both losses stopped falling, close together, and well above 0?",
        "두 손실이 0보다 한참 큰 값에서 서로 가까운 채 멈추었나요?",
    ),
    "rate too small": (
        "are both losses still falling at the end, slowly, from near their start?",
        "두 손실이 처음 값 가까이에서 끝까지 천천히 내려가고 있나요?",
    ),
    "rate too large": (
        "does the training loss jump up and down from epoch to epoch?",
        "훈련 손실이 에폭마다 크게 오르내리나요?",
    ),
    "overfitting": (
        "does the validation loss fall first and turn upwards, while the training "
        "loss goes on falling?",
        "훈련 손실은 계속 내려가는데, 검증 손실은 내려가다가 도로 올라가나요?",
    ),
    "validation leak": (
        "does the model do far better on validation images than on test images, "
        "which are of the same kind?",
        "같은 종류인 테스트 이미지보다 검증 이미지를 훨씬 잘 맞히나요?",
    ),
    "dropout": (
        "is the training loss above the validation loss to the end, with accuracies "
        "that agree and are good?",
        "훈련 손실이 끝까지 검증 손실보다 크고, 정확도는 서로 비슷하게 높나요?",
    ),
    "shuffled labels": (
        "is the accuracy that of guessing on all images but those trained on?",
        "훈련 이미지를 빼면 정확도가 찍는 수준인가요?",
    ),
}
