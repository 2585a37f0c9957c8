"""The picture of the front page: an image becomes a sequence."""

import numpy as np
from matplotlib import colormaps

from vitlib.figures.style import GREY, WIDTH, plt, show_image
from vitlib.patch_embedding import patchify


def image_as_sequence(image, patch_size):
    """Draw an image, its numbered patches, and the patches in reading order.

    Args:
        image: (H, W), grey values in [0, 1].
        patch_size: side P of a patch; it divides H and W.
    """
    patches = patchify(image[None, None], patch_size)[0]  # (N, P*P)
    patches = patches.unflatten(1, (patch_size, -1))  # (N, P, P)
    rows, cols = (side // patch_size for side in image.shape)
    colors = colormaps["viridis"](np.linspace(0, 0.95, rows * cols))
    figure = plt.figure(figsize=(WIDTH, 4.0), layout="constrained", facecolor="white")
    above, below = figure.subfigures(2, 1, height_ratios=[3.6, 1])
    whole, _, cut, _ = above.subfigures(1, 4, width_ratios=[3, 0.6, 3, 0.6])
    ax = whole.subplots()
    show_image(ax, image, r"image  $H \times W$")
    grid = cut.subplots(rows, cols)
    cut.suptitle(r"patches  $P \times P$", fontsize=9)
    row = below.subplots(1, rows * cols)
    below.supxlabel(r"sequence of $N = (H/P)(W/P)$ patches", fontsize=9)
    for k, (patch, color) in enumerate(zip(patches, colors, strict=True)):
        for place in (grid.flat[k], row[k]):
            show_image(place, patch)
            place.images[0].set_clim(0, 1)  # the same grey in every patch
            for spine in place.spines.values():
                spine.set(color=color, linewidth=2.5)
        row[k].set_title(f"{k + 1}", fontsize=8, color=GREY, pad=3)
    arrow = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1.5}
    ax.annotate(
        "", (1.2, 0.5), (1.05, 0.5), "axes fraction", arrowprops=arrow
    ).set_in_layout(False)
