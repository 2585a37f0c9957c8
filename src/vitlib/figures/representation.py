"""The pictures of the chapter on features and representations."""

import numpy as np
from matplotlib.patches import Rectangle

from vitlib.figures.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    WIDTH,
    axes,
    plain,
    plt,
    show_image,
)

# In the order of the legend: what a line of `probes` is drawn with.
LINES = {
    "trained": (BLUE, "o", "trained"),
    "random": (ORANGE, "s", "random weights"),
    "shuffled": (PURPLE, "^", "trained on shuffled labels"),
    "control": (GREY, "x", "trained, probe labels permuted"),
}


def numbers(image, tokens, channel=5, patch=24):
    """One image (H, W) and its tokens (N + 1, D); three ways to look at them."""
    _, (left, middle, right) = axes(
        1, 3, height=2.9, gridspec_kw={"width_ratios": (1, 2.2, 1)}
    )
    show_image(left, image, "input: 28 × 28 pixels")
    limit = np.quantile(np.abs(tokens), 0.98)
    look = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    rows, width = tokens.shape
    middle.imshow(tokens, aspect="auto", interpolation="nearest", **look)
    box = {"fill": False, "lw": 2, "clip_on": False}
    middle.add_patch(Rectangle((-0.5, -0.5), width, 1, ec=ORANGE, **box))
    middle.add_patch(Rectangle((channel - 0.5, 0.5), 1, rows - 1, ec=GREEN, **box))
    middle.add_patch(Rectangle((channel - 1.5, patch - 1.5), 3, 3, ec="black", **box))
    middle.set_title(f"one layer: {rows} × {width} numbers", fontsize=9)
    middle.set_xlabel("channel d")
    middle.set_ylabel("token n (0: class token)")
    side = int((rows - 1) ** 0.5)
    grid = tokens[1:, channel].reshape(side, side)  # (N,) -> (side, side)
    right.imshow(grid, interpolation="nearest", **look)
    row, column = divmod(patch - 1, side)
    right.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, ec="black", **box))
    right.set(xticks=[], yticks=[])
    right.set_title(f"channel {channel}: {side} × {side}", fontsize=9)
    right.spines[:].set(color=GREEN, lw=2)


def kinds(image, cells, token):
    """Pixels (H, W), votes of HOG by direction (bins, h, w), and one token (D,)."""
    _, (left, middle, right) = axes(1, 3, height=2.5)
    show_image(left, image, f"input variables: {image.size} pixels")
    bins, h, w = cells.shape
    for (b, i, j), vote in np.ndenumerate(cells / cells.max()):
        # An edge runs across its gradient.
        angle = np.pi * b / bins + np.pi / 2
        dx, dy = 0.48 * vote * np.cos(angle), 0.48 * vote * np.sin(angle)
        middle.plot((j - dx, j + dx), (i - dy, i + dy), color=BLUE, lw=1)
    middle.set(xlim=(-0.6, w - 0.4), ylim=(h - 0.4, -0.6), aspect="equal")
    middle.set(xticks=[], yticks=[])
    middle.set_title("hand-made: directions of edges", fontsize=9)
    right.bar(range(len(token)), token, color=ORANGE, width=1)
    right.set_title(f"learned: class token, {len(token)} numbers", fontsize=9)
    plain(right, "channel d", "")


def channels(image, layers, which):
    """Some channels of each layer as maps; `layers` is name -> (side, side, D)."""
    _, grid = axes(len(layers), 1 + len(which), height=2.3)
    for row, (name, maps) in zip(grid, layers.items(), strict=True):
        limit = np.quantile(np.abs(maps), 0.98)
        for ax, d in zip(row[1:], which, strict=True):
            ax.imshow(maps[:, :, d], cmap="RdBu_r", vmin=-limit, vmax=limit)
            ax.set(xticks=[], yticks=[])
            ax.set_title(f"d = {d}", fontsize=8)
        row[1].set_ylabel(name, fontsize=9)
        row[0].axis("off")
    grid[0, 0].axis("on")
    show_image(grid[0, 0], image, "input: 1 channel")


def probes(runs):
    """Accuracy of the probes of a study, against the depth of the layer.

    Args:
        runs: of `recorded.runs("representation")`, one dict a seed.
    """
    _, panels = axes(1, 3, height=3.1, sharey=True)
    titles = ("class token", "mean of the patches", "all tokens")
    readings = ("class_token", "patch_mean", "all_tokens")
    for ax, title, reading in zip(panels, titles, readings, strict=True):
        for name, (color, marker, label) in LINES.items():
            _curve(ax, runs, f"{name}_{reading}_accs", color, marker, label)
        if reading == "patch_mean":
            _curve(ax, runs, "cnn_mean_accs", GREEN, "D", "CNN, mean of all places")
        for key, style, label in (("pixels", ":", "pixels"), ("hog", "--", "HOG")):
            level = 100 * np.mean([run[f"{key}_acc"] for run in runs])
            ax.axhline(level, color="black", ls=style, lw=1, label=label)
        ax.set_title(title, fontsize=9)
        ax.set_xticks((0, 0.5, 1), ("first", "middle", "last"))
        plain(ax, "layer", "")
    panels[0].set_ylabel("accuracy of the probe (%)")
    lines = dict(zip(*panels[1].get_legend_handles_labels()[::-1], strict=True))
    panels[0].figure.legend(
        lines.values(), lines, ncols=4, fontsize=8, frameon=False,
        loc="outside upper center",
    )  # fmt: skip


def _curve(ax, runs, key, color, marker, label):
    values = 100 * np.array([run[key] for run in runs])  # (seeds, layers)
    spread = values.std(axis=0, ddof=1) if len(values) > 1 else None
    ax.errorbar(
        np.linspace(0, 1, values.shape[1]), values.mean(axis=0), spread,
        color=color, marker=marker, ms=4, lw=1.3, capsize=2, label=label,
    )  # fmt: skip


def alike(maps):
    """CKA between layers: title -> (name of rows, name of columns, values)."""
    columns = (len(maps) + 1) // 2
    _, grid = axes(2, columns, height=0.62 * WIDTH)
    for ax in grid.flat:
        ax.axis("off")
    for ax, (title, (vertical, horizontal, values)) in zip(
        grid.flat, maps.items(), strict=False
    ):
        ax.axis("on")
        drawn = ax.imshow(values, cmap="viridis", vmin=0, vmax=1, aspect="auto")
        for (i, j), value in np.ndenumerate(values):
            color = "black" if value > 0.6 else "white"
            ax.text(j, i, f"{100 * value:.0f}", ha="center", va="center", fontsize=7,
                    color=color)  # fmt: skip
        ax.set_title(title, fontsize=9)
        ax.set_xticks(range(values.shape[1]))
        ax.set_yticks(range(values.shape[0]))
        ax.tick_params(labelsize=7)
        ax.set_xlabel(horizontal, fontsize=8)
        ax.set_ylabel(vertical, fontsize=8)
    plt.colorbar(drawn, ax=grid, shrink=0.6, label="linear CKA")
