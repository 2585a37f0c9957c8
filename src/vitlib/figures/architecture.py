"""The central picture of the book: a whole ViT, and the inside of one block."""

from matplotlib.patches import Circle, FancyBboxPatch

from vitlib.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, plt
from vitlib.patch_embedding import patchify

INK = "#222222"
# Height at which a token is drawn, top down; "dots" stands for those left out.
SLOTS = {"0": 47, "1": 43.4, "2": 40.2, "3": 37, "dots": 34.4, "N": 31.8}


def draw(image, patch_size):
    """Draw the ViT: stem, body and head, and the inside of one block.

    Args:
        image: (H, W), grey values in [0, 1].
        patch_size: side P of a patch; it divides H and W.
    """
    patches = patchify(image[None, None], patch_size)[0]  # (N, P*P)
    patches = patches.unflatten(1, (patch_size, -1))  # (N, P, P)
    figure = plt.figure(figsize=(8, 5), facecolor="white")
    ax = figure.add_axes([0, 0, 1, 1])
    ax.set(xlim=(0, 80), ylim=(4, 54))  # 10 units an inch
    ax.axis("off")
    for left, right, name, color in (
        (0.5, 41, "stem", BLUE), (42, 60, "body", GREEN), (61, 79.5, "head", ORANGE),
    ):  # fmt: skip
        _box(ax, left, 26.5, right - left, 27, color=color, alpha=0.08)
        ax.text((left + right) / 2, 51.2, name, ha="center", fontsize=11, color=color,
                weight="bold")  # fmt: skip
    _stem(ax, image, patches)
    _body(ax)
    _head(ax)
    _block(ax)


def _stem(ax, image, patches):
    (H, W), P = image.shape, patches.shape[1]
    ax.imshow(image, cmap="gray_r", extent=(1.5, 13.5, 32, 44), aspect="auto")
    for i in range(W // P + 1):
        ax.vlines(1.5 + 12 * i * P / W, 32, 44, color=BLUE, lw=0.8)
    for i in range(H // P + 1):
        ax.hlines(32 + 12 * i * P / H, 1.5, 13.5, color=BLUE, lw=0.8)
    _arrow(ax, (14, 38), (16.8, 38))
    for name, n in {"1": 0, "2": 1, "3": 2, "N": -1}.items():
        y = SLOTS[name]
        ax.imshow(patches[n], cmap="gray_r", extent=(17.2, 19.8, y - 1.3, y + 1.3),
                  aspect="auto", vmin=0, vmax=1)  # fmt: skip
        _box(ax, 17.2, y - 1.3, 2.6, 2.6, fill=False, ec=BLUE, lw=0.8, round=0)
        _arrow(ax, (20.4, y), (25.2, y))
    _tokens(ax, 25.6, BLUE, first=ORANGE)
    _tokens(ax, 34, PURPLE, first=PURPLE, names=True)
    ax.text(22.6, SLOTS["0"], "class token", ha="center", va="center", fontsize=7.5)
    ax.text(22.6, 44.2, "$E$", ha="center", va="center", fontsize=10)
    ax.text(32.4, 38, "+", ha="center", va="center", fontsize=16)
    ax.text(36.7, 48.9, "positions", ha="center", fontsize=8)
    for x, text in ((7.5, "(B, C, H, W)"), (18.5, "(B, N, CP²)"), (28.4, "(B, N+1, D)"),
                    (36.7, "(1, N+1, D)")):  # fmt: skip
        _shape(ax, x, 28.5, text)


def _body(ax):
    _arrow(ax, (39.9, 38), (44.4, 38))
    for shift in (1.6, 0.8, 0):
        _box(ax, 45 + shift, 33 + shift, 10, 9, fc="white", ec=GREEN, lw=1.2)
    ax.text(50, 37.5, "block", ha="center", va="center", fontsize=10)
    ax.text(51, 45.5, r"$\times\, L$", ha="center", fontsize=11)
    _arrow(ax, (57, 38), (62.4, 38))
    _shape(ax, 50.6, 28.5, "(B, N+1, D)")


def _head(ax):
    _tokens(ax, 62.8, "#d0d0d0", first=ORANGE)
    top = SLOTS["0"]
    _arrow(ax, (68.6, top), (71, top))
    _shape(ax, 65.6, 28.5, "(B, N+1, D)")
    _named(ax, 71.2, top, "LN")
    _arrow(ax, (74.8, top - 1.6), (74.8, 42.6))
    _shape(ax, 77.2, 43.8, "(B, D)")
    _named(ax, 71.2, 41, "linear")
    _arrow(ax, (74.8, 39.4), (74.8, 36.6))
    logits = (0.9, 0.5, 3.4, 0.8, 1.5, 0.4, 1.2, 0.3, 0.6, 0.2)
    ax.bar([72.1 + 0.6 * k for k in range(10)], logits, 0.45, bottom=32.4, color=INK)
    ax.text(74.8, 30.6, "logits", ha="center", fontsize=8)
    _shape(ax, 74.8, 28.5, "(B, K)")


def _block(ax):
    _box(ax, 0.5, 4.8, 79, 19, fc="white", ec=GREEN, lw=1.2)
    for start, end in (((45, 33), (42, 23.8)), ((55, 33), (60, 23.8))):
        ax.plot(*zip(start, end, strict=True), ls=":", color=GREEN, lw=1.2)
    ax.text(2, 21.4, "block", fontsize=11, color=GREEN, weight="bold")
    low, high = 9.5, 17
    _arrow(ax, (3, low), (78, low), lw=3, color=GREEN)
    for left, name, note in (
        (10, "attention", "mixes tokens"), (44, "MLP", "each token alone"),
    ):  # fmt: skip
        ax.plot([left, left, left + 2.4], [low, high, high], color=INK, lw=1.2)
        _arrow(ax, (left + 2, high), (left + 3.2, high))
        _named(ax, left + 3.4, high, "LN", width=5)
        _arrow(ax, (left + 8.6, high), (left + 10.8, high))
        _named(ax, left + 11, high, name, width=10, color="#c8e8dc")
        ax.text(left + 16, high + 2.6, note, ha="center", fontsize=8, color=GREY)
        plus = left + 25
        ax.plot([left + 21.2, plus, plus], [high, high, high - 1], color=INK, lw=1.2)
        _arrow(ax, (plus, high - 1), (plus, low + 1.7))
        ax.add_patch(Circle((plus, low), 1.5, fc="white", ec=GREEN, lw=2, zorder=3))
        ax.text(plus, low, "+", ha="center", va="center", fontsize=13, zorder=4)
    for x in (6, 39.5, 74.5):
        _shape(ax, x, 6.8, "(B, N+1, D)")


def _tokens(ax, x, color, first, names=False):
    """A column of token vectors, 5.6 wide, token 0 in a color of its own."""
    for name, y in SLOTS.items():
        if name == "dots":
            ax.text(x + 2.8, y, "⋮", ha="center", va="center", fontsize=11)
            continue
        _box(ax, x, y - 1, 5.6, 2, color=first if name == "0" else color, alpha=0.75)
        if names:
            ax.text(x + 2.8, y - 0.1, name, ha="center", va="center", fontsize=8)


def _named(ax, x, y, name, width=7.2, color="white"):
    _box(ax, x, y - 1.6, width, 3.2, fc=color, ec=INK, lw=1, alpha=0.9)
    ax.text(x + width / 2, y, name, ha="center", va="center", fontsize=8.5)


def _box(ax, x, y, width, height, round=0.4, **style):
    box = f"round,pad=0,rounding_size={round}" if round else "square,pad=0"
    ax.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=box, **style))


def _arrow(ax, start, end, color=INK, lw=1.2):
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": color,
                "lw": lw, "shrinkA": 0, "shrinkB": 0})  # fmt: skip


def _shape(ax, x, y, text):
    ax.text(x, y, text, ha="center", va="center", fontsize=7, family="monospace",
            color=INK)  # fmt: skip
