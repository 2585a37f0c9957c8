"""Questions that many checks ask of an answer, with their words in both languages."""

import torch

from vitlib.exercises.judge import Stopped, Wrong


def tensor(found, shape, letters, name="the result", ko_name="결과"):
    """Return `found` as float32 or int64 if it is a finite tensor of that shape.

    Args:
        found: what the answer returned.
        shape: the expected sizes.
        letters: what they mean, such as "(B, H, N, D/H)".
    """
    if not isinstance(found, torch.Tensor):
        kind = type(found).__name__
        raise Wrong(
            f"Expected {name} to be a tensor, got {kind}.",
            f"{ko_name}: 텐서(tensor)가 아니라 {kind}입니다.",
        )
    if tuple(found.shape) != tuple(shape):
        got, want = tuple(found.shape), tuple(shape)
        raise Wrong(
            f"The shape of {name} is {got}, expected {want}, that is {letters}.",
            f"{ko_name}의 형태가 {got}입니다. 필요한 형태는 {want}, 곧 "
            f"{letters}입니다.",
        )
    if found.is_complex():
        raise Wrong(
            f"Expected real numbers in {name}, got complex ones.",
            f"{ko_name}에 실수가 아니라 복소수가 들어 있습니다.",
        )
    found = found.to(torch.float32 if found.is_floating_point() else torch.int64)
    if not found.isfinite().all():
        raise Wrong(
            f"Not every number in {name} is finite: look for a division by 0, a "
            f"logarithm of 0 or a softmax over nothing but minus infinity.",
            f"{ko_name}에 무한대나 NaN이 있습니다. 0으로 나누거나, 0의 로그를 "
            f"구하거나, 음의 무한대만 모아 소프트맥스를 구하지 않았는지 보세요.",
        )
    return found


def whole(found, name="the answer", ko_name="답"):
    """Return `found` if it is an int (or a tensor holding one)."""
    if isinstance(found, torch.Tensor) and found.numel() == 1:
        found = found.item()
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int):
        raise Wrong(
            f"Expected {name} to be an int, got {_shown(found)}.",
            f"{ko_name}: 정수가 아니라 {_shown(found)}입니다.",
        )
    return found


def number(found, name="the answer", ko_name="답"):
    """Return `found` as a float if it is a finite number (or a tensor of one)."""
    if isinstance(found, torch.Tensor) and found.numel() == 1:
        found = found.item()
    good = isinstance(found, (int, float)) and not isinstance(found, bool)
    if not good or not -1e300 < found < 1e300:  # NaN and infinity are not, either
        raise Wrong(
            f"Expected {name} to be a finite number, got {_shown(found)}.",
            f"{ko_name}: 유한한 수가 아니라 {_shown(found)}입니다.",
        )
    return float(found)


def truth(found, name="the answer", ko_name="답"):
    """Return `found` if it is a bool (or a tensor holding one)."""
    if isinstance(found, torch.Tensor) and found.numel() == 1:
        found = found.item()
    if not isinstance(found, bool):
        raise Wrong(
            f"Expected {name} to be True or False, got {_shown(found)}.",
            f"{ko_name}: True나 False가 아니라 {_shown(found)}입니다.",
        )
    return found


def choice(found, options, name="the answer", ko_name="답"):
    """Return `found` if it is one of the options, which the task lists."""
    if not isinstance(found, str) or found not in options:
        listed = ", ".join(map(repr, options))
        raise Wrong(
            f"Expected {name} to be one of {listed}, got {_shown(found)}.",
            f"{ko_name}: {listed} 가운데 하나여야 하는데 {_shown(found)}입니다.",
        )
    return found


def sequence(found, length, name="the answer", ko_name="답"):
    """Return `found` as a list if it is a list or tuple of that length."""
    if isinstance(found, torch.Tensor) and found.dim() == 1:
        found = found.tolist()
    if not isinstance(found, (list, tuple)):
        raise Wrong(
            f"Expected {name} to be a list or tuple, got {_shown(found)}.",
            f"{ko_name}: 리스트나 튜플이 아니라 {_shown(found)}입니다.",
        )
    if len(found) != length:
        raise Wrong(
            f"Expected {name} to have {length} entries, got {len(found)}.",
            f"{ko_name}: 항목이 {length}개여야 하는데 {len(found)}개입니다.",
        )
    return list(found)


def table(found, keys, name="the answer", ko_name="답"):
    """Return `found` if it is a dict with exactly these keys."""
    if not isinstance(found, dict):
        raise Wrong(
            f"Expected {name} to be a dict, got {_shown(found)}.",
            f"{ko_name}: 사전(dict)이 아니라 {_shown(found)}입니다.",
        )
    if set(found) != set(keys):
        listed, got = ", ".join(map(repr, keys)), ", ".join(map(repr, found))
        raise Wrong(
            f"Expected {name} to have the keys {listed}, got {got or 'none'}.",
            f"{ko_name}: 필요한 키는 {listed}입니다. 들어 있는 키: {got or '없음'}",
        )
    return found


def near(found, expected, tolerance=1e-4):
    """Whether two tensors or numbers agree within `tolerance` of the largest, or 1."""
    if isinstance(found, int) and isinstance(expected, int):  # of any size
        return abs(found - expected) <= tolerance * max(1, abs(expected))
    found, expected = torch.as_tensor(found), torch.as_tensor(expected)
    if found.shape != expected.shape:
        return False
    if found.numel() == 0:
        return True
    found, expected = found.double(), expected.double()
    scale = max(1.0, expected.abs().max().item())
    return (found - expected).abs().max().item() <= tolerance * scale


def tokens_seen(call, X, draw, token=0):
    """How many tokens of X (B, N, D) change one output token when they change."""
    before, seen = call(X)[:, token], 0
    for n in range(X.shape[1]):
        changed = X.clone()
        changed[:, n] += draw.normal(X.shape[2])
        seen += not near(call(changed)[:, token], before, 1e-6)
    return seen


def alone(call, X, found, letters):
    """Raise unless the first image gives alone what it gives in its batch X."""
    names = "the result for a batch of one", "배치 크기가 1일 때 결과"
    one = tensor(call(X[:1]), (1, *found.shape[1:]), letters, *names)
    if not near(one, found[:1]):
        raise Wrong(
            "The first image of the batch gives something else when it comes alone.",
            "배치의 첫 이미지만 따로 넣으면 결과가 달라집니다.",
        )


def mistakes(found, known, tolerance=1e-4):
    """Raise `Wrong` with the words of the known mistake that `found` is near to.

    Args:
        known: (what the mistake gives, English, Korean) of each.
    """
    for wrong, en, ko in known:
        if near(found, wrong, tolerance):
            raise Wrong(en, ko)


def counts(found, right, known):
    """Ask for a dict of whole numbers.

    Args:
        right: {name: number}.
        known: (name, what a mistake gives, English, Korean) of each mistake.
    """
    table(found, right)
    for name, number in right.items():
        given = whole(found[name], f"the number for {name!r}", f"{name!r}의 수")
        mistakes(given, [k[1:] for k in known if k[0] == name], tolerance=0)
        if given != number:
            raise Wrong(
                f"The number for {name!r} is not right. Write down the shape of each "
                f"tensor that is learned there.",
                f"{name!r}의 수가 맞지 않습니다. 거기서 학습하는 텐서의 형태를 하나씩 "
                f"적어 보세요.",
            )


def error(call, kind, numbers, what, ko_what):
    """Ask for an error: `call` must raise `kind` with these numbers in its text.

    Args:
        call: a function without arguments that asks the answer.
        kind: the name of the exception, such as "ValueError".
        numbers: what its text must name.
        what, ko_what: the bad input, in both languages.
    """
    try:
        call()
    except Stopped as stopped:
        if stopped.kind != kind:
            raise Wrong(
                f"Expected {kind} for {what}, got {stopped.kind}.",
                f"{ko_what}: 나야 할 오류는 {kind}인데 {stopped.kind}입니다.",
            ) from None
        missing = [n for n in numbers if str(n) not in stopped.text]
        if missing:
            listed = ", ".join(map(str, missing))
            raise Wrong(
                f"The error for {what} does not name {listed}. A good message has "
                f"what was given and what was expected.",
                f"{ko_what}: 오류 메시지에 없는 값이 있습니다({listed}). 받은 값과 "
                f"필요한 값을 모두 적어야 좋은 메시지입니다.",
            ) from None
        return
    raise Wrong(
        f"No error for {what}: the mistake passes in silence.",
        f"{ko_what}: 오류가 나지 않아 실수가 조용히 지나갑니다.",
    )


def _shown(value):
    """A value for a message: short, and with its type unless it is plain."""
    if isinstance(value, int) and abs(value) > 10**50:
        return "int"
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)[:60]
    return type(value).__name__
