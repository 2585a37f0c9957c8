"""Checks of the exercises on Swin."""

import math

import torch

from vitlib.exercises import ask, merging  # noqa: F401  (4 and 5)
from vitlib.exercises.judge import Wrong, exercise


@exercise("swin.1")
def partition(answer, draw):
    """`partition(X, a, b)`: (B, h, w, D) -> (B * nW, a * b, D)."""
    (a, b), (r, c) = draw.distinct(2, 2, 4), draw.distinct(2, 1, 2)
    B, *widths = draw.distinct(3, 2, 6)
    for D, sides in zip(widths, ((a, b), (b, a)), strict=True):
        # Windows with the sides exchanged fit, too.
        _cut(answer, draw.normal(B, a * b * r, a * b * c, D), *sides)


def _cut(answer, X, a, b):
    """Raise unless the answer cuts X into windows of a rows and b columns."""
    B, h, w, D = X.shape
    cut = X.unfold(1, a, a).unfold(2, b, b).movedim(3, 5)  # (B, h/a, w/b, a, b, D)
    shape = (B * h * w // (a * b), a * b, D)
    found = ask.tensor(answer(X, a, b), shape, "(B*nW, a*b, D)")
    numbers = found.flatten().sort()[0]  # (n,)
    if not ask.near(numbers, X.flatten().sort()[0]):  # (n,)
        raise Wrong(
            "The result does not hold each number of the map exactly once. Windows "
            "do not overlap, and cutting changes no number.",
            "격자의 값이 빠짐없이 한 번씩만 들어 있지 않습니다. 윈도우는 서로 겹치지 "
            "않으며, 나눈다고 값이 달라지지도 않습니다.",
        )
    other = X.unfold(1, b, b).unfold(2, a, a).movedim(3, 5)  # (B, h/b, w/a, b, a, D)
    known = (
        (
            X,
            "The shape is right, but a window holds tokens in a run, as the map is "
            "read: it is a strip. Which axes have to stand side by side before "
            "they are joined?",
            "형태는 맞지만, 윈도우 하나에 격자를 읽는 순서로 이어진 토큰이 들어 "
            "있습니다. 사각형이 아니라 띠입니다. 축을 잇기 전에 어느 축끼리 나란히 "
            "있어야 할까요?",
        ),
        (
            cut.movedim(0, 2),
            "Every window is right, but the images alternate on the first axis. The "
            "windows of one image have to follow each other.",
            "윈도우는 하나하나 맞지만, 첫 축에서 이미지가 번갈아 나옵니다. 한 이미지의 "
            "윈도우가 이어져야 합니다.",
        ),
        (
            cut.transpose(3, 4),  # (B, h/a, w/b, b, a, D)
            "The windows are right, but the tokens inside come column by column.",
            "윈도우는 맞지만, 그 안의 토큰이 열 순서로 놓였습니다.",
        ),
        (
            cut.transpose(1, 2),  # (B, w/b, h/a, a, b, D)
            "The windows are right, but they come column by column over the map.",
            "윈도우는 맞지만, 격자 위의 윈도우를 열 순서로 늘어놓았습니다.",
        ),
        (
            other,
            "The windows have the two sides exchanged. Which one counts rows?",
            "윈도우의 두 변이 뒤바뀌었습니다. 행의 수는 어느 쪽인가요?",
        ),
    )
    known = [(Z.reshape(shape), *said) for Z, *said in known]  # (B*nW, a*b, D)
    ask.mistakes(found, known)
    if not ask.near(found, cut.reshape(shape)):  # (B*nW, a*b, D)
        raise Wrong(
            "Each number is there once, but the windows do not hold the tokens of "
            "their own part of the map, in reading order.",
            "값은 빠짐없이 있지만, 격자에서 제 몫인 토큰을 읽는 순서대로 담지 않은 "
            "윈도우가 있습니다.",
        )
    one = ask.tensor(answer(X[:1], a, b), (shape[0] // B, *shape[1:]), "(nW, a*b, D)")
    if not ask.near(one, found[: len(one)]):
        raise Wrong(
            "The first map of the batch gives other windows when it comes alone.",
            "배치의 첫 격자만 따로 넣으면 윈도우가 달라집니다.",
        )


@exercise("swin.2")
def mask(answer, draw):
    """`mask(h, w, M, s)`: bool (nW, M * M, M * M), True where a pair may meet."""
    M, (rows, cols) = draw.whole(3, 5), draw.distinct(2, 2, 4)
    s = draw.choice([s for s in range(1, M) if 2 * s != M])
    # In a square map, and only there, the sum of two window numbers is ambiguous.
    for sizes in ((rows, cols, s), (rows, rows, s), (1, cols, s), (rows, cols, 0)):
        _masked(answer, M, *sizes)


def _masked(answer, M, rows, cols, s):
    h, w, shape = M * rows, M * cols, (rows * cols, M * M, M * M)
    found = answer(h, w, M, s)
    if isinstance(found, torch.Tensor) and found.dtype != torch.bool:
        raise Wrong(
            f"Expected a tensor of True and False, got numbers, {found.dtype}. Zeros "
            f"and minus infinity are for adding to scores; here True lets a pair meet.",
            f"True와 False가 아니라 {found.dtype} 수입니다. 0과 음의 무한대는 점수에 "
            f"더할 때 쓰는 값입니다. 여기서는 만나도 되는 쌍이 True입니다.",
        )
    found = ask.tensor(found, shape, "(nW, M*M, M*M)").bool()
    y, x = torch.arange(h), torch.arange(w)

    def pairs(label_y, label_x):
        """True for pairs of a window whose two labels agree."""
        labels = part(torch.stack(torch.meshgrid(label_y, label_x, indexing="ij")))
        return (labels.unsqueeze(3) == labels.unsqueeze(2)).all(dim=0)

    def part(labels):
        """Labels of the tokens, window by window: (..., h, w) -> (..., nW, M*M)."""
        labels = labels.unfold(-2, M, M).unfold(-2, M, M)  # (..., rows, cols, M, M)
        return labels.flatten(-2).flatten(-3, -2)

    # How far the roll moved a row: the same for two rows that stayed together.
    moved_y, moved_x = (y + s) % h - y, (x + s) % w - x
    right = pairs(moved_y, moved_x)
    if torch.equal(found, right):
        return
    labels = part(moved_y.unsqueeze(1) + moved_x)
    known = (
        (
            labels.unsqueeze(2) == labels.unsqueeze(1),
            "Row and column numbers were added, so different windows can have the same "
            "number: 1 + 2 is 2 + 1.",
            "행 번호와 열 번호를 더해, 서로 다른 윈도우의 번호가 같아질 수 있습니다. 1 "
            "+ 2는 2 + 1과 같습니다.",
        ),
        (
            torch.ones(shape, dtype=torch.bool),
            "Nothing is masked: tokens from opposite ends of the map meet.",
            "가려진 쌍이 없습니다. 격자의 반대쪽 끝에서 온 토큰끼리도 만납니다.",
        ),
        (
            ~right,
            "True and False are exchanged: a token may not even attend to itself.",
            "True와 False가 뒤바뀌었습니다. 토큰이 자기 자신에도 어텐션을 하지 "
            "못합니다.",
        ),
        (
            pairs(y < s, x < s),
            "The mask is that of a roll the other way. Where do rows that leave at "
            "the top come back?",
            "반대쪽으로 돌린 격자의 마스크입니다. 위로 나간 행은 어디로 다시 "
            "들어오나요?",
        ),
        (
            pairs((y - s) // M, (x - s) // M),
            "Every window is cut in parts. Are these the shifted windows of a map "
            "that was not rolled?",
            "모든 윈도우가 여러 부분으로 나뉘었습니다. 돌리지 않은 격자에서 이동 "
            "윈도우를 나눈 것은 아닌가요?",
        ),
        (
            pairs(moved_y, 0 * x),
            "Only rows are told apart. The columns went around, too.",
            "행만 구별했습니다. 열도 반대쪽으로 넘어갔습니다.",
        ),
        (
            pairs(0 * y, moved_x),
            "Only columns are told apart. The rows went around, too.",
            "열만 구별했습니다. 행도 반대쪽으로 넘어갔습니다.",
        ),
        (
            pairs(y >= h - M + s, x >= w - M + s),
            "The right windows are masked, but cut at the wrong place. How many rows "
            "of the last window came around the border?",
            "마스크가 있는 윈도우는 맞지만, 나뉘는 자리가 틀렸습니다. 마지막 윈도우의 "
            "행 가운데 몇 개가 반대쪽에서 넘어왔나요?",
        ),
    )
    for wrong, en, ko in known:
        if torch.equal(found, wrong):
            raise Wrong(en, ko)
    bad = (found != right).flatten(1).any(dim=1).sum().item()  # (nW, M**4)
    raise Wrong(
        f"With h = {h}, w = {w}, M = {M} and s = {s}, {bad} of {rows * cols} windows "
        f"have a wrong mask. Take a pair of tokens in one of them: where did each "
        f"stand before the roll?",
        f"h = {h}, w = {w}, M = {M}, s = {s}일 때 윈도우 {rows * cols}개 가운데 "
        f"{bad}개의 마스크가 틀렸습니다. 그중 한 윈도우에서 토큰 둘을 골라 보세요. "
        f"돌리기 전에는 각각 어디에 있었나요?",
    )


@exercise("swin.3")
def relative_index(answer, draw):
    """`relative_index(a, b)`: which entry each pair of tokens reads, (ab, ab)."""
    (a, b), n = (sides := draw.distinct(2, 2, 6)), math.prod(sides)
    found = ask.tensor(answer(a, b), (n, n), "(a*b, a*b)")
    if found.is_floating_point():
        raise Wrong(
            "An index holds whole numbers, these are floats.",
            "인덱스는 정수여야 하는데 부동소수점 수입니다.",
        )
    y, x = torch.arange(n) // b, torch.arange(n) % b
    dy, dx = y.unsqueeze(1) - y, x.unsqueeze(1) - x  # (n, n)
    if torch.equal(found, found.T):
        raise Wrong(
            "A pair and its reverse read the same entry. Is one above the other the "
            "same as one below the other?",
            "쿼리와 키를 맞바꾸어도 같은 칸을 읽습니다. 위에 있는 것과 아래에 있는 "
            "것이 같은 상대 위치인가요?",
        )
    if _same(found, dy + dx)[0]:
        raise Wrong(
            "The entry follows from the sum of the two differences alone: a step down "
            "reads what a step to the right reads.",
            "두 차이의 합만으로 칸이 정해집니다. 아래로 한 칸과 오른쪽으로 한 칸이 "
            "같은 칸을 읽습니다.",
        )
    if torch.equal(found, (dy + a - 1) * (2 * a - 1) + dx + b - 1):
        raise Wrong(
            "For windows as high as wide this would be right. Which side says how many "
            "offsets one row of the table holds?",
            "높이와 너비가 같은 윈도우라면 맞습니다. 표의 한 행에 상대 위치가 몇 개 "
            "들어가는지는 어느 변이 정하나요?",
        )
    constant, i, j = _same(found, torch.stack((dy, dx)))
    if not constant:
        offset = dy[i, j].item(), dx[i, j].item()
        raise Wrong(
            f"Two pairs with the same offset, {offset}, read different entries. Only "
            f"the offset may count, not where the pair stands.",
            f"상대 위치가 {offset}인 쌍 가운데 서로 다른 칸을 읽는 쌍이 있습니다. 쌍이 "
            f"놓인 자리가 아니라 상대 위치만으로 정해져야 합니다.",
        )
    constant, i, j = _same(torch.stack((dy, dx)), found)
    if not constant:
        twins = torch.nonzero(found == found[i, j]).tolist()
        two = sorted({(dy[k, m].item(), dx[k, m].item()) for k, m in twins})
        raise Wrong(
            f"The offsets {two[0]} and {two[1]} share one entry. They can never get "
            f"different biases.",
            f"상대 위치가 {two[0]}인 쌍과 {two[1]}인 쌍이 같은 칸을 읽습니다. 그러면 "
            f"편향이 늘 같아집니다.",
        )
    low, high = found.min().item(), found.max().item()
    if low < 0 or high >= (2 * a - 1) * (2 * b - 1):
        raise Wrong(
            f"Every offset has an entry of its own, but they run from {low} to {high}: "
            f"the table does not have all of these.",
            f"상대 위치마다 제 칸이 있지만, 번호가 {low}부터 {high}까지입니다. 표에 "
            f"없는 번호가 있습니다.",
        )


def _same(values, keys):
    """Whether pairs of one key have one value, and a place (i, j) that does not.

    Shape: values and keys (n, n) or (2, n, n), of ints.
    """
    values, keys = values.reshape(-1, keys.shape[-1] ** 2), keys.flatten(-2)  # (., n*n)
    _, group = keys.reshape(-1, values.shape[1]).unique(dim=1, return_inverse=True)
    order = group.argsort(stable=True)
    steps = (values[:, order].diff(dim=1) != 0).any(dim=0)
    inside = group[order].diff() == 0
    broken = torch.nonzero(steps & inside)[:, 0]
    place = order[broken[0]].item() if len(broken) else 0
    n = math.isqrt(values.shape[1])
    return not len(broken), place // n, place % n
