"""The pictures of the introduction: what a layer sees, what scale changed."""

from vitlib.figures.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    axes,
    plain,
    plt,
)


def reach(masks):
    """Draw the positions that one output depends on, one panel a layer.

    Args:
        masks: {title: (height, width) booleans}; the output is in the middle.
    """
    _, grid = axes(1, len(masks), height=2.1)
    for ax, (title, mask) in zip(grid, masks.items(), strict=True):
        height, width = mask.shape
        ax.pcolormesh(
            mask.float(), cmap="Blues", vmin=-0.15, vmax=1.6, edgecolors="white", lw=1
        )
        ax.add_patch(
            plt.Rectangle((width // 2, height // 2), 1, 1, fill=False, ec=RED, lw=2)
        )
        ax.set(aspect="equal", xticks=[], yticks=[])
        ax.invert_yaxis()
        ax.set_title(title, fontsize=9)
        ax.set_xlabel(f"{int(mask.sum())} of {mask.numel()}", fontsize=9)


def scale(accuracy, cost):
    """Draw accuracy against the data seen before, and against the work it took.

    Args:
        accuracy: {model: {millions of images: top-1 in %}}.
        cost: {model: (thousands of TPUv3-core-days, top-1 in %)}.
    """
    _, (left, right) = axes(1, 2, height=2.9)
    colors = [BLUE, ORANGE, GREEN, PURPLE, RED]
    for color, (model, points) in zip(colors, accuracy.items(), strict=True):
        line = "--" if model.endswith("32") else "-"
        left.plot(*zip(*points.items(), strict=True), line, marker="o", ms=4,
                  color=color, label=model)  # fmt: skip
    left.set_xscale("log")
    sizes = [*next(iter(accuracy.values()))]
    left.set_xticks(sizes, [f"{size:g}M" for size in sizes])
    left.minorticks_off()
    left.legend(fontsize=8, frameon=False)
    plain(left, "images in pre-training", "ImageNet top-1 (%)")
    for model, (days, top1) in cost.items():
        color = BLUE if model.startswith("ViT") else GREY
        right.plot(days, top1, "o", color=color)
        right.annotate(model, (days, top1), (0, 7), textcoords="offset points",
                       ha="center", fontsize=8, color=color)  # fmt: skip
    right.set_xscale("log")
    right.set(xlim=(0.1, 40), ylim=(85, 89.2))
    right.set_xticks([0.1, 1, 10], ["0.1k", "1k", "10k"])
    plain(right, "TPUv3-core-days of pre-training", "ImageNet top-1 (%)")
