"""The pictures of the chapter on the Swin Transformer."""

import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullFormatter

from vitlib.figures import style
from vitlib.swin import relative_position_index, shift_mask

# One light color for each of the nine regions that shifted windows cut.
REGIONS = (
    "#d3e3f0", "#f9e2b3", "#c5e7dd", "#f3cdb3", "#a9cce6",
    "#eed7e6", "#e3e3e3", "#fff3b0", "#d8c9e8",
)  # fmt: skip


def _grid(ax, values, colors, title):
    """A map of tokens, one cell each, without ticks."""
    last = len(colors) - 1
    ax.imshow(values, cmap=ListedColormap(colors), vmin=0, vmax=last)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_title(title, fontsize=9)


def _lines(ax, rows, cols, shape, **look):
    """Lines above these rows and left of these columns, across the map."""
    h, w = shape
    for row in rows:
        ax.plot([-0.5, w - 0.5], [row - 0.5] * 2, **look)
    for col in cols:
        ax.plot([col - 0.5] * 2, [-0.5, h - 0.5], **look)


def _bands(length, window_size, shift):
    """Which window of a row of windows displaced by `shift` each place is in."""
    return (np.arange(length) - shift) // window_size


def who_meets_whom(side, window_size, query):
    """What one token attends to: in a ViT, and in two successive Swin blocks.

    Args:
        side: of the square map, in tokens.
        query: (row, column) of the token.
    """
    _, panels = style.axes(1, 3, height=2.7)
    titles = "global attention (ViT)", "windows", "shifted windows"
    shifts = None, 0, window_size // 2
    for ax, title, shift in zip(panels, titles, shifts, strict=True):
        met = np.ones((side, side), int)
        if shift is not None:
            band = _bands(side, window_size, shift)
            same = [band == band[place] for place in query]
            met = (same[0][:, None] & same[1]).astype(int)
        _grid(ax, met, ["#f4f4f4", "#8fc1e3"], title)
        _lines(ax, range(1, side), range(1, side), met.shape, color="white", lw=0.8)
        if shift is not None:
            border = [i for i in range(1, side) if band[i] != band[i - 1]]
            _lines(ax, border, border, met.shape, color=style.RED, lw=1.6)
        corner = query[1] - 0.5, query[0] - 0.5
        ax.add_patch(Rectangle(corner, 1, 1, color=style.ORANGE))
        ax.set_xlabel(f"{met.sum()} tokens")


def timing(runs):
    """Multiply-adds and seconds of one attention layer against the side of the map.

    Args:
        runs: of the experiment `swin_timing`, one dict a repetition.
    """
    _, panels = style.axes(1, 2, height=2.9)
    sides = runs[0]["side"]
    looks = {"global": (style.RED, "s"), "window": (style.BLUE, "o")}
    for ax, key, label in zip(
        panels, ("macs", "s"), ("multiply-adds", "seconds (CPU)"), strict=True
    ):
        for name, (color, marker) in looks.items():
            rows = np.array([run[f"{name}_{key}"] for run in runs])
            ax.plot(sides, rows.T, color=color, lw=0.6, alpha=0.6)
            ax.plot(
                sides, rows.mean(0), marker, color=color, ms=4,
                label={"global": "global", "window": "shifted windows"}[name],
            )  # fmt: skip
        ax.set(xscale="log", yscale="log")
        ax.set_xticks(sides, [str(side) for side in sides], fontsize=8)
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.tick_params(axis="x", which="minor", length=0)
        style.plain(ax, "side of the map (tokens)", label)
    crossover = np.mean([run["crossover_side"] for run in runs])
    panels[1].axvline(crossover, color=style.GREY, lw=0.8, ls=":")
    panels[0].legend(fontsize=8, frameon=False)


def shift_steps(h, w, window_size, shift):
    """Regions of a map, the same after the roll, and the masks of its windows."""
    M = window_size
    rows, cols = _bands(h, M, shift), _bands(w, M, shift)
    regions = (rows[:, None] + 1) * (cols.max() + 2) + cols + 1  # numbered from 0
    tokens = np.arange(h * w).reshape(h, w)  # (h * w,) -> (h, w)
    figure = plt.figure(figsize=(7, 5.0), layout="constrained", facecolor="white")
    above, below = figure.subfigures(2, 1, height_ratios=(3.1, 1.9))
    maps = above.subplots(1, 2)
    rolled = [np.roll(a, (-shift, -shift), (0, 1)) for a in (regions, tokens)]
    titles = (
        f"the map, cut by windows shifted by {shift}",
        f"rolled by -{shift}: four windows again",
    )
    for ax, title, ids, numbers in zip(
        maps, titles, (regions, rolled[0]), (tokens, rolled[1]), strict=True
    ):
        _grid(ax, ids, REGIONS, title)
        for (i, j), number in np.ndenumerate(numbers):
            ax.text(j, i, str(number), fontsize=6, ha="center", va="center")
    cuts = [range(shift, n, M) for n in (h, w)]
    _lines(maps[0], *cuts, (h, w), color=style.RED, lw=1.8)
    cuts = [range(M, n, M) for n in (h, w)]
    _lines(maps[1], *cuts, (h, w), color="black", lw=1.8)
    masks = shift_mask(h, w, M, shift)
    for k, (ax, mask) in enumerate(
        zip(below.subplots(1, len(masks)), masks, strict=True)
    ):
        _grid(ax, (mask == 0).int(), ["#333333", "#f4f4f4"], f"mask of window {k}")
        ax.set_xlabel("key", fontsize=8)
    below.axes[0].set_ylabel("query", fontsize=8)


def bias_index(window_size):
    """The entries by offset, and which entry each pair of tokens reads."""
    M = window_size
    index = relative_position_index(M).numpy()
    entries = np.arange((2 * M - 1) ** 2).reshape(2 * M - 1, -1)  # (25,) -> (5, 5)
    _, panels = style.axes(1, 2, height=3.2)
    for ax, table in zip(panels, (entries, index), strict=True):
        ax.imshow(table, cmap="Blues", vmin=0, vmax=1.6 * entries.max())
        for (i, j), number in np.ndenumerate(table):
            ax.text(j, i, str(number), fontsize=8, ha="center", va="center")
    offsets = [str(d) for d in range(1 - M, M)]
    panels[0].set_xticks(range(2 * M - 1), offsets)
    panels[0].set_yticks(range(2 * M - 1), offsets)
    panels[0].set_title("the table, by offset", fontsize=9)
    panels[0].set(xlabel="columns from key to query", ylabel="rows from key to query")
    panels[1].set_xticks(range(M * M))
    panels[1].set_yticks(range(M * M))
    panels[1].set_title("the index, by pair of tokens", fontsize=9)
    panels[1].set(xlabel="key", ylabel="query")


def stages(side, patch_size, window_size, num_hiddens):
    """The image under the grid of windows of each of four stages.

    Args:
        side: of the image, in pixels.
        num_hiddens: width D of stage 1.
    """
    _, panels = style.axes(1, 4, height=2.6)
    for i, ax in enumerate(panels):
        tokens = side // (patch_size * 2**i)
        ax.set(xlim=(-0.5, tokens - 0.5), ylim=(tokens - 0.5, -0.5), aspect="equal")
        thin = dict(color="#9db8cc", lw=0.3 + 0.1 * i)
        _lines(ax, range(1, tokens), range(1, tokens), (tokens, tokens), **thin)
        cuts = range(0, tokens + 1, window_size)
        look = dict(color=style.RED, lw=1.4, clip_on=False)  # the outline, too
        _lines(ax, cuts, cuts, (tokens, tokens), **look)
        ax.axis("off")
        ax.set_title(
            f"stage {i + 1}\n{tokens} x {tokens} tokens, D = {num_hiddens * 2**i}\n"
            f"window: {window_size * patch_size * 2**i} px",
            fontsize=8,
        )


def receptive_fields(rows, output):
    """Which tokens reach one output, after one block, two, ...

    Args:
        rows: dict from a title to a list of boolean maps (h, w), one for each depth.
        output: (row, column) of the token whose inputs these are.
    """
    depth = len(next(iter(rows.values())))
    _, grid = style.axes(len(rows), depth, height=1.75 * len(rows) + 0.2)
    for line, (title, maps) in zip(grid, rows.items(), strict=True):
        line[0].set_ylabel(title, fontsize=9)
        for i, (ax, reached) in enumerate(zip(line, maps, strict=True), 1):
            values = torch.as_tensor(reached).int()
            blocks = f"{i} block{'s' * (i > 1)}: {values.sum()} tokens"
            _grid(ax, values, ["#f4f4f4", "#8fc1e3"], blocks)
            corner = output[1] - 0.5, output[0] - 0.5
            ax.add_patch(Rectangle(corner, 1, 1, color=style.ORANGE))


def accuracies(curves):
    """Validation accuracy after each epoch, every seed a line.

    Args:
        curves: dict from a label to a list (seeds) of lists (epochs) of accuracies.
    """
    _, ax = style.axes(height=2.7)
    looks = [(style.BLUE, "o"), (style.ORANGE, "^"), (style.GREEN, "s")]
    for (label, runs), (color, marker) in zip(curves.items(), looks, strict=False):
        epochs = range(1, len(runs[0]) + 1)
        for i, run in enumerate(runs):
            ax.plot(
                epochs, [100 * acc for acc in run], color=color, marker=marker, ms=4,
                lw=1, alpha=0.8, label=None if i else label,
            )  # fmt: skip
    ax.set_xticks(epochs)
    style.plain(ax, "epoch", "validation accuracy (%)")
    ax.legend(fontsize=8, frameon=False)
