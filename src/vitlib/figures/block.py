"""The pictures of the chapter on the encoder block."""

import numpy as np

from vitlib.figures import style

STREAM, BRANCH = 0.0, 1.0  # heights of the two paths in a block diagram


def _path(ax, points, color, width):
    """A line through points (x, y) that ends in an arrowhead."""
    x, y = zip(*points, strict=True)
    ax.plot(x[:-1], y[:-1], color=color, linewidth=width, solid_capstyle="round")
    head = {"arrowstyle": "-|>", "color": color, "lw": width, "shrinkA": 0}
    ax.annotate("", xy=points[-1], xytext=points[-2], arrowprops=head)


def _box(ax, x, y, text, color):
    frame = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": color}
    ax.text(x, y, text, ha="center", va="center", fontsize=9, bbox=frame, zorder=3)


def _branch(ax, start, end, boxes):
    """Leave the stream at `start`, go through the boxes, be added at `end`."""
    corners = [(start, STREAM), (start, BRANCH), (end, BRANCH), (end, STREAM + 0.25)]
    _path(ax, corners, style.GREY, 1.2)
    for x, text, color in boxes:
        _box(ax, x, BRANCH, text, color)
    ax.text(
        end,
        STREAM,
        "+",
        ha="center",
        va="center",
        fontsize=11,
        zorder=4,
        bbox={"boxstyle": "circle,pad=0.15", "facecolor": "white"},
    )


def _diagram(ax, title):
    """An empty diagram with the residual stream drawn through it."""
    ax.axis("off")
    ax.set_xlim(-0.6, 13.6)
    ax.set_ylim(-0.4, 1.4)
    ax.set_title(title, fontsize=10, loc="left")
    _path(ax, [(0.3, STREAM), (6.0, STREAM), (12.8, STREAM)], style.BLUE, 3.5)
    ax.text(0.1, STREAM, "$X$", ha="right", va="center")
    ax.text(13.0, STREAM, "$Y$", ha="left", va="center")


def blocks():
    """The two orders of norm and sum: inside the branch, or on the stream."""
    _, (pre, post) = style.axes(2, 1, height=3.0)
    _diagram(pre, "pre-norm (ViT)")
    attention = ("attention", style.ORANGE)
    mlp = ("MLP", style.GREEN)
    _branch(pre, 1.0, 5.8, [(2.2, "LN", style.PURPLE), (4.2, *attention)])
    _branch(pre, 7.0, 11.8, [(8.2, "LN", style.PURPLE), (10.2, *mlp)])
    _diagram(post, "post-norm (original Transformer)")
    _branch(post, 1.0, 4.6, [(2.8, *attention)])
    _box(post, 5.8, STREAM, "LN", style.PURPLE)
    _branch(post, 7.0, 10.6, [(8.8, *mlp)])
    _box(post, 11.7, STREAM, "LN", style.PURPLE)


def dependence(maps):
    """Which input token (column) reaches which output token (row).

    Args:
        maps: dict from a title to a boolean array (N, N).
    """
    _, grid = style.axes(1, len(maps), height=2.7)
    for ax, (title, reached) in zip(grid, maps.items(), strict=True):
        ax.imshow(reached, cmap="Blues", vmin=0, vmax=1.4, interpolation="nearest")
        last = len(reached) - 1
        ax.set_xticks([0, last])
        ax.set_yticks([0, last])
        ax.set_title(title, fontsize=9)
        ax.set_xlabel("input token")
    grid[0].set_ylabel("output token")


def gradients(norms):
    """Gradient norm of every block, mean and standard deviation over seeds.

    Args:
        norms: dict from a depth L to a dict from a name to an array (seeds, L).
    """
    _, grid = style.axes(1, len(norms), height=2.6, sharey=True)
    looks = [(style.BLUE, "o", -0.012), (style.RED, "s", 0.012)]
    for ax, (depth, rows) in zip(grid, norms.items(), strict=True):
        block = np.arange(1, depth + 1)
        for (name, values), (color, marker, shift) in zip(
            rows.items(), looks, strict=True
        ):
            ax.errorbar(
                block + shift * depth,  # side by side, so that both bars show
                values.mean(0),
                values.std(0, ddof=1),
                color=color,
                marker=marker,
                markersize=3,
                linewidth=1,
                capsize=2,
                label=name,
            )
        ax.set_title(f"$L = {depth}$", fontsize=9)
        style.plain(ax, "block", "")
        ax.set_xticks([1, depth])
    grid[0].set_ylim(bottom=0)
    grid[0].set_ylabel("gradient norm")
    grid[0].legend(fontsize=8, loc="lower left")
