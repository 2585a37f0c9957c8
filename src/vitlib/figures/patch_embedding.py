"""The pictures of the chapter on patch embedding."""

from itertools import product

from matplotlib import pyplot as plt
from matplotlib.patches import Rectangle

from vitlib.figures.style import BLUE, GREEN, GREY, ORANGE, RED, axes, plain, show_image
from vitlib.patch_embedding import patchify


def reading_order(image, patch_size):
    """An image cut into numbered patches, and the patches in that order.

    Args:
        image: one grey image, (1, H, W).
        patch_size: side of a patch P in pixels.
    """
    P = patch_size
    H, W = image.shape[1:]
    patches = patchify(image[None], P)[0].reshape(-1, P, P)  # (N, P*P) -> (N, P, P)
    figure = plt.figure(figsize=(7, 3.4), layout="constrained", facecolor="white")
    above, below = figure.subfigures(2, 1, height_ratios=(4, 1))
    whole, row = above.subplots(), below.subplots(1, len(patches))
    show_image(whole, image[0], f"H = {H}, W = {W}, P = {P}")
    for n in range(len(patches)):
        top, left = divmod(n, W // P)
        corner = (left * P - 0.5, top * P - 0.5)
        whole.add_patch(Rectangle(corner, P, P, fill=False, color=BLUE, lw=1.5))
        whole.text(
            corner[0] + 0.4, corner[1] + 1.6, str(n), color=RED, fontsize=8,
            bbox={"fc": "white", "ec": "none", "pad": 0.8},
        )  # fmt: skip
        show_image(row[n], patches[n])
        row[n].images[0].set_clim(image.min(), image.max())
        row[n].set_xlabel(str(n), color=RED, fontsize=9)


def flatten_orders():
    """A patch of 3 channels and 2 x 2 pixels, and as one row in two orders."""
    colors = (RED, GREEN, BLUE)
    cells = list(product(range(3), range(2), range(2)))  # channel, row, column
    orders = {
        "(channel, row, column)": cells,
        "(row, column, channel)": sorted(cells, key=lambda cell: cell[1:] + cell[:1]),
    }
    _, (planes, rows) = axes(1, 2, height=1.5, width_ratios=(7, 12))
    for c, y, x in cells:
        _cell(planes, 2.3 * c + x, y + 0.5, colors[c], f"{c}{y}{x}")
    for top, (name, order) in zip((0, 2), orders.items(), strict=True):
        rows.text(0, top - 0.2, name, fontsize=9)
        for n, (c, y, x) in enumerate(order):
            _cell(rows, n, top, colors[c], f"{c}{y}{x}")
    for ax, right in ((planes, 6.7), (rows, 12.1)):
        ax.set(xlim=(-0.1, right), ylim=(3.1, -0.8), aspect="equal")
        ax.axis("off")


def _cell(ax, x, y, color, text):
    ax.add_patch(Rectangle((x, y), 1, 1, fc=color, ec="white", lw=1.5))
    ax.text(
        x + 0.5, y + 0.5, text, color="white", fontsize=8, weight="bold",
        ha="center", va="center",
    )  # fmt: skip


def cost_of_patch_size(rows):
    """Tokens, multiply-adds and parameters against the patch side.

    Args:
        rows: (P, tokens, multiply-adds, parameters) for each patch side.
    """
    sides, *columns = zip(*rows, strict=True)
    names = "tokens N", "multiply-adds (millions)", "parameters (millions)"
    _, panels = axes(1, 3, height=2.5)
    for ax, name, values, color in zip(
        panels, names, columns, (BLUE, ORANGE, GREEN), strict=True
    ):
        unit = 1 if name == names[0] else 1e6
        ax.plot(sides, [value / unit for value in values], "o-", color=color)
        ax.set_xscale("log", base=2)
        ax.set_xticks(sides, [str(side) for side in sides], fontsize=8)
        ax.minorticks_off()
        plain(ax, "patch side P", "")
        ax.set_title(name, fontsize=9)
    for ax in panels[:2]:
        ax.set_yscale("log")
    panels[2].axhline(columns[2][sides.index(8)] / 1e6, color=GREY, lw=0.8, ls=":")
