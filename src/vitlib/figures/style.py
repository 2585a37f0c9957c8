"""What all figures share: sizes, colors, and how an axis is made to show an image."""

from matplotlib import pyplot as plt

# Okabe & Ito's colors: told apart by color-blind readers, too.
BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"
PURPLE, GREY = "#cc79a7", "#707070"
WIDTH = 7.0  # inches


def axes(nrows=1, ncols=1, height=2.4, **options):
    """A figure of the book's width with its axes, on white."""
    figure, grid = plt.subplots(
        nrows,
        ncols,
        figsize=(WIDTH, height),
        layout="constrained",
        facecolor="white",
        **options,
    )
    return figure, grid


def show_image(ax, image, title=""):
    """Draw a grey (H, W) or color (H, W, 3) image without ticks."""
    ax.imshow(image, cmap="gray_r", interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    if title:
        ax.set_title(title, fontsize=9)


def plain(ax, xlabel, ylabel):
    """Label an axis and take away the box's top and right."""
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.spines[["top", "right"]].set_visible(False)
