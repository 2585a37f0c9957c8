"""Pictures of the training chapter."""

from vitlib.data import LABELS
from vitlib.figures.style import BLUE, GREY, ORANGE, axes, plain, show_image


def classes(images, labels, per_class=4):
    """The first `per_class` images of each of the 10 classes, one column a class."""
    _, grid = axes(per_class, len(LABELS), height=3.2)
    for k, name in enumerate(LABELS):
        rows = (labels == k).nonzero()[:per_class, 0]
        for ax, row in zip(grid[:, k], rows, strict=True):
            show_image(ax, images[row])
        grid[0, k].set_title(f"{k}\n{name}", fontsize=8)


def curve(history, reference):
    """A run and the band of the recorded runs: training loss and accuracy."""
    _, (left, right) = axes(1, 2, height=2.6)
    epochs = range(1, len(history) + 1)
    for ax, metric, name in (
        (left, "train_loss", "training loss (nats)"),
        (right, "val_acc", "validation accuracy"),
    ):
        if reference is not None:
            low, high = zip(*reference["band"][metric], strict=True)
            ax.fill_between(
                range(1, len(low) + 1), low, high, color=BLUE, alpha=0.2, lw=0,
                label=f"band, {len(reference['seeds'])} seeds",
            )  # fmt: skip
        ax.plot(epochs, getattr(history, metric), "o-", color=ORANGE, label="this run")
        ax.set_xticks(list(epochs))
        plain(ax, "epoch", name)
    left.legend(frameon=False)


def resized(image, larger):
    """One image as it is and as the model of D2L's recipe sees it."""
    _, (left, right) = axes(1, 2, height=3.0)
    for ax, X, patch in ((left, image, 4), (right, larger, 16)):
        show_image(ax, X, f"{len(X)} x {len(X)} pixels, P = {patch}")
        for cut in range(patch, len(X), patch):
            ax.axhline(cut - 0.5, color=ORANGE, lw=0.6)
            ax.axvline(cut - 0.5, color=ORANGE, lw=0.6)


def schedule(factor, steps=200):
    """The factor of the learning rate over the share of the steps taken."""
    _, ax = axes(height=1.9)
    shares = [i / steps for i in range(steps + 1)]
    ax.plot(shares, [factor(s) for s in shares], color=BLUE)
    ax.axhline(1, color=GREY, lw=0.6, ls=":")
    plain(ax, "share of the steps", "factor")
