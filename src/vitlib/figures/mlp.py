"""The pictures of the chapter on the MLP."""

from matplotlib.patches import Rectangle

from vitlib.figures.style import BLUE, GREEN, GREY, ORANGE, RED, axes, plain


def one_token_at_a_time(tokens=4, ratio=4):
    """Every token passes through the same two matrices, alone."""
    _, ax = axes(height=2.5)
    stops = ((0.0, 1, BLUE, "D"), (3.5, ratio, ORANGE, "4D"), (9.0, 1, BLUE, "D"))
    for n in range(tokens):
        for left, width, color, name in stops:
            ax.add_patch(Rectangle((left, n), width, 0.6, fc=color, ec="white"))
            if n == 0:
                ax.text(left + width / 2, -0.2, name, ha="center")
        for start, stop in ((1.1, 3.4), (7.6, 8.9)):
            ax.annotate(
                "", (stop, n + 0.3), (start, n + 0.3),
                arrowprops={"arrowstyle": "->", "color": GREY},
            )  # fmt: skip
        ax.text(-0.2, n + 0.3, f"token {n}", ha="right", va="center", fontsize=9)
    for left, name in ((2.25, "$W_1$, GELU"), (8.25, "$W_2$")):
        ax.text(left, -0.2, name, ha="center", fontsize=9)
    ax.set(xlim=(-1.6, 10.2), ylim=(tokens - 0.2, -0.7))
    ax.axis("off")


def activations(x, curves, gaps, minimum):
    """GELU beside ReLU, and how far its other forms are from the exact one.

    Args:
        x: places on the axis.
        curves: name -> values at x.
        gaps: name -> absolute differences from the exact GELU at x.
        minimum: (x, y) of the lowest point of GELU.
    """
    _, (left, right) = axes(1, 2, height=2.6)
    for (name, y), color in zip(curves.items(), (BLUE, ORANGE), strict=True):
        left.plot(x, y, color=color, label=name)
    left.plot(*minimum, "o", color=RED, ms=5)
    left.set(xlim=(-3, 1.5), ylim=(-0.35, 1.5))
    left.axhline(0, color=GREY, lw=0.6, zorder=0)
    left.legend(frameon=False, fontsize=9)
    plain(left, "x", "")
    for (name, gap), color in zip(gaps.items(), (GREEN, RED), strict=True):
        right.semilogy(x, gap, color=color, label=name)
    right.set(ylim=(1e-6, 1))
    right.legend(frameon=False, fontsize=9, loc="upper center")
    plain(right, "x", "|difference from exact GELU|")


def dependence(matrices):
    """Which output token depends on which input token: name -> (N, N) of bools."""
    _, panels = axes(1, len(matrices), height=2.5)
    for ax, (name, matrix) in zip(panels, matrices.items(), strict=True):
        ax.imshow(matrix, cmap="Blues", vmin=0, vmax=1.3)
        ax.set_title(name, fontsize=9)
        ax.set_xticks(range(len(matrix)))
        ax.set_yticks(range(len(matrix)))
        ax.set_xlabel("input token j")
    panels[0].set_ylabel("output token i")


def dropout_histogram(samples, value):
    """Outputs of one number over many dropout masks; the eval-mode value, the mean."""
    _, ax = axes(height=2.2)
    ax.hist(samples, bins=80, color=BLUE)
    ax.axvline(value, color=RED, lw=1.5, label="eval mode")
    ax.axvline(samples.mean(), color=ORANGE, lw=1.5, ls="--", label="mean over masks")
    ax.legend(frameon=False, fontsize=9)
    plain(ax, "output", "masks")
