"""Check of the exercise on shapes and what they are called: representation.4."""

from vitlib.exercises import ask
from vitlib.exercises.judge import Wrong, exercise


@exercise(
    "representation.4", cases=1, literal=True,
    B=(30, 50, 70), C=(2, 4, 5), height=(96, 128, 160), width=(192, 224, 256),
    P=(8, 16), D=(136, 152, 200),
)  # fmt: skip
def shapes(answer, draw, B, C, height, width, P, D):
    """A dict of shapes, as lists, and of one count."""
    rows, cols = height // P, width // P
    N = rows * cols
    right = {
        "formatted": [B, N, C * P * P],
        "layer": [B, N + 1, D],
        "pooled": [B, D],
        "channel": [B, rows, cols],
        "feature": [B],
        "mixed": C * P * P,
    }
    said = _misconceptions(B, C, P, D, rows, cols)
    found = ask.table(answer, right)
    for name, value in right.items():
        if name == "mixed":
            got = ask.whole(found[name], "the number for 'mixed'", "'mixed'의 수")
        else:
            got = _shape(found[name], name)
        if got != value:
            for wrong, en, ko in said[name]:
                if got == wrong:
                    raise Wrong(f"{name!r}: {en}", f"{name!r}: {ko}")
            raise Wrong(
                f"The entry for {name!r} is not right. What is counted along each "
                f"axis, and what is summed or picked out?",
                f"{name!r}: 맞지 않습니다. 축마다 무엇을 세나요? 무엇을 더하거나 "
                f"골라냈나요?",
            )


def _shape(found, name):
    """Return a shape as a list of ints."""
    if not isinstance(found, (list, tuple)) or not all(type(n) is int for n in found):
        raise Wrong(
            f"Expected the shape for {name!r} as a list of ints.",
            f"{name!r}: 형태를 정수의 리스트로 쓰세요.",
        )
    return list(found)


def _misconceptions(B, C, P, D, rows, cols):
    """Name -> (mistaken shape, English, Korean)."""
    N = rows * cols
    return {
        "formatted": (
            (
                [B, N + 1, C * P * P],
                "one row too many. Does the class token come from the image?",
                "행이 하나 더 있습니다. 클래스 토큰은 이미지에서 나오나요?",
            ),
            (
                [B, N, P * P],
                "every channel of a patch is in its vector, not one alone.",
                "패치의 벡터에는 채널 하나가 아니라 모든 채널이 들어 있습니다.",
            ),
            (
                [B, N, D],
                "this is after the embedding. Formatting changes no number.",
                "임베딩을 거친 뒤의 형태입니다. 형식만 맞출 때는 값이 달라지지 "
                "않습니다.",
            ),
        ),
        "layer": (
            (
                [B, N, D],
                "the patches are there. Which token is missing?",
                "패치는 모두 있습니다. 빠진 토큰은 무엇인가요?",
            ),
            (
                [N + 1, D],
                "this is one image's; the task has a batch.",
                "이미지 한 장의 형태입니다. 문제에는 배치가 있습니다.",
            ),
        ),
        "pooled": (
            (
                [B, N],
                "the mean was taken over the width. Which axis counts the patches?",
                "너비를 따라 평균했습니다. 패치를 세는 축은 어느 것인가요?",
            ),
            (
                [D],
                "the images were averaged, too; each has a representation of its own.",
                "이미지까지 평균했습니다. 표현은 이미지마다 하나씩 있습니다.",
            ),
        ),
        "channel": (
            (
                [B, N],
                "the right numbers, still in a row and not on their grid.",
                "수는 맞지만 격자가 아니라 한 줄로 놓여 있습니다.",
            ),
            (
                [B, cols, rows],
                "the grid lies on its side. Does height or width come first?",
                "격자가 옆으로 누웠습니다. 높이와 너비 가운데 무엇이 먼저인가요?",
            ),
            (
                [B, D],
                "that is a token, all coordinates at one place. A channel is one "
                "coordinate at all places.",
                "토큰, 곧 한 자리의 모든 좌표입니다. 채널은 모든 자리의 한 좌표입니다.",
            ),
        ),
        "feature": (
            (
                [B, D],
                "that is the whole class token, a representation.",
                "클래스 토큰 전체, 곧 표현입니다.",
            ),
            (
                [1],
                "that is one image's; the task has a batch.",
                "이미지 한 장의 형태입니다. 문제에는 배치가 있습니다.",
            ),
        ),
        "mixed": (
            (
                P * P,
                "so many in a depthwise convolution. Patch embedding is an ordinary "
                "one: what does it do with the channels?",
                "깊이별 합성곱일 때의 수입니다. 패치 임베딩은 보통의 합성곱입니다. "
                "채널을 어떻게 하나요?",
            ),
            (
                C * rows * P * cols * P,
                "that is the whole image. How much of it does one patch see?",
                "이미지 전체의 값을 셌습니다. 패치 하나는 그 가운데 얼마를 보나요?",
            ),
        ),
    }
