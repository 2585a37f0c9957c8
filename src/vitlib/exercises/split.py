"""Check of the exercise on a validation split: training.4."""

import torch

from vitlib.exercises import ask
from vitlib.exercises.judge import Wrong, exercise


@exercise("training.4")
def split(answer, draw):
    """`split(n, n_val, seed)` -> (train, val): lists of indices."""
    n, n_val, seed = draw.whole(60, 90), draw.whole(15, 25), draw.whole(0, 999)
    train, val = _parts(answer(n, n_val, seed), n)
    if (len(train), len(val)) == (n_val, n - n_val):
        raise Wrong(
            "The two lists are exchanged: training comes first.",
            "두 리스트가 뒤바뀌었습니다. 훈련용이 먼저입니다.",
        )
    if twice := len(val) - len(set(val)) + len(train) - len(set(train)):
        raise Wrong(
            f"Some images occur more than once in one list ({twice} in all). Were "
            f"they drawn with replacement?",
            f"한 리스트에 같은 이미지가 여러 번 나옵니다(모두 {twice}번). 뽑은 것을 "
            f"되돌려 놓고 다시 뽑았나요?",
        )
    if both := len(set(train) & set(val)):
        raise Wrong(
            f"The lists share {both} images. A model would be validated on images "
            f"that it was trained on.",
            f"두 리스트에 함께 들어 있는 이미지가 {both}장입니다. 학습한 이미지로 "
            f"모델을 검증하게 됩니다.",
        )
    ask.sequence(val, n_val, "val", "val")
    if lost := n - n_val - len(train):
        raise Wrong(
            f"{lost} of the {n} images are in neither list.",
            f"이미지 {n}장 가운데 {lost}장은 어느 리스트에도 없습니다.",
        )
    ordered = sorted(val)
    steps = {(b - a) % n for a, b in zip(ordered, ordered[1:] + ordered, strict=False)}
    if len(steps) <= 2:  # in a circle, a block has two
        raise Wrong(
            "The validation images are evenly spaced, or lie in one block. In a "
            "dataset sorted by class, which classes would they be?",
            "검증용 이미지가 한 덩어리이거나 같은 간격으로 놓여 있습니다. 클래스 "
            "순서로 정렬된 데이터셋이라면 어떤 클래스의 이미지일까요?",
        )
    if _parts(answer(n, n_val, seed), n) != (train, val):
        raise Wrong(
            "The same seed gave two different splits. Where do the random numbers "
            "come from?",
            "시드가 같은데 서로 다르게 나누어졌습니다. 난수가 어디에서 나오나요?",
        )
    if set(_parts(answer(n, n_val, seed + 1), n)[1]) == set(val):
        raise Wrong(
            "Another seed gives the same validation images. What does `seed` change?",
            "시드를 바꾸어도 검증용 이미지가 그대로입니다. `seed`는 무엇을 바꾸나요?",
        )
    _by_chance(answer, seed)


def _by_chance(answer, seed):
    """Raise unless 40 seeds give many splits, in which no image is privileged."""
    # 5 of 10 images: chance exceeds these limits less than once in 100,000 checks.
    splits = [frozenset(_parts(answer(10, 5, seed + i), 10)[1]) for i in range(40)]
    if len(set(splits)) < 25:
        raise Wrong(
            f"With 40 seeds, 5 of 10 images were chosen in only {len(set(splits))} "
            f"ways. Does every seed start random numbers of its own?",
            f"시드 40개로 이미지 10장에서 5장을 골랐더니 고른 방법이 "
            f"{len(set(splits))}가지뿐입니다. 시드마다 난수가 다르게 시작하나요?",
        )
    chosen = [sum(i in found for found in splits) for i in range(10)]
    for i, count in enumerate(chosen):
        if not 4 <= count <= 36:
            raise Wrong(
                f"Image {i} of 10 was chosen for validation with {count} of 40 seeds, "
                f"and half of the images are chosen. Is an image privileged?",
                f"이미지 10장 가운데 5장을 고를 때 {i}번 이미지가 시드 40개 가운데 "
                f"{count}개에서 뽑혔습니다. 더 잘 뽑히거나 덜 뽑히는 이미지가 있나요?",
            )


def _parts(found, n):
    """(train, val), lists of indices below n."""
    found = ask.sequence(found, 2, "the pair (train, val)", "(train, val)")
    parts = []
    for name, part in zip(("train", "val"), found, strict=True):
        if isinstance(part, torch.Tensor):
            part = part.flatten().tolist()  # (n,)
        length = len(part) if isinstance(part, (list, tuple)) else 0
        part = ask.sequence(part, length, name, name)
        part = [ask.whole(i, f"an index in {name}", f"{name}의 인덱스") for i in part]
        if bad := [i for i in part if not 0 <= i < n]:
            raise Wrong(
                f"There is no image {bad[0]} among {n}, which are numbered from 0.",
                f"0부터 센 이미지 {n}장 가운데 {bad[0]}번은 없습니다.",
            )
        parts.append(part)
    return tuple(parts)
