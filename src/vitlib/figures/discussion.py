"""Pictures of the discussion: ViT and ResNet, data, shifts, scale, and time."""

import numpy as np

from vitlib.figures.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    axes,
    plain,
    show_image,
)

COLORS = {"ViT": BLUE, "ResNet": ORANGE}
WORDS = {"ViT": BLUE, "ResNet": "#8a5a00"}  # orange letters are too pale to read


def curves(families):
    """Draw the loss of training and of held-out images, one panel a model.

    Args:
        families: {"ViT" or "ResNet": the recorded runs of its training}.
    """
    _, grid = axes(1, len(families), height=2.7, sharey=True)
    for ax, (name, runs) in zip(grid, families.items(), strict=True):
        epochs = range(1, len(runs[0]["rows"]) + 1)
        for i, run in enumerate(runs):
            for key, line, label in (
                ("train_loss", "--", "training"),
                ("val_loss", "-", "held out"),
            ):
                losses = [row[key] for row in run["rows"]]
                ax.plot(
                    epochs,
                    losses,
                    line,
                    color=COLORS[name],
                    lw=1.3,
                    label=None if i else label,
                )
        ax.set_title(name, fontsize=10)
        ax.set_xticks(list(epochs))
        ax.set_ylim(0, 1)
        plain(ax, "epoch", "")
        ax.legend(frameon=False, fontsize=9)
    grid[0].set_ylabel("loss (nats)")


def sweep(sizes, families):
    """Draw test accuracy and its distance from training accuracy, over data.

    Args:
        sizes: numbers of training images.
        families: {"ViT" or "ResNet": the recorded runs of its sweep}.
    """
    _, (left, right) = axes(1, 2, height=2.9)
    for name, runs in families.items():
        test, train = (
            100 * np.array([[run[f"{split}_acc_{n}"] for n in sizes] for run in runs])
            for split in ("test", "train")
        )
        for ax, values in ((left, test), (right, train - test)):
            ax.errorbar(
                sizes,
                values.mean(0),
                values.std(0, ddof=1),
                fmt="o-",
                ms=4,
                capsize=3,
                color=COLORS[name],
                label=name,
            )
    for ax, label in (
        (left, "test accuracy (%)"),
        (right, "training minus test (points)"),
    ):
        ax.set_xscale("log")
        ax.set_xticks(sizes, [f"{n // 1000}k" for n in sizes])
        ax.minorticks_off()
        plain(ax, "training images", label)
        ax.legend(frameon=False, fontsize=9)
    right.axhline(0, color=GREY, lw=0.6, ls=":")


def moved(images, answers):
    """Draw one image at several places, below each what two models call it.

    Args:
        images: (distances, H, W).
        answers: {"ViT" or "ResNet": a name for each distance}.
    """
    _, grid = axes(1, len(images), height=2.0)
    for d, (ax, image) in enumerate(zip(grid, images, strict=True)):
        show_image(ax, image, f"{d} px")
        for line, (name, said) in enumerate(answers.items()):
            ax.text(
                0.5,
                -0.16 - 0.15 * line,
                said[d],
                transform=ax.transAxes,
                ha="center",
                fontsize=9,
                color=WORDS[name],
                weight="normal" if said[d] == said[0] else "bold",
            )
    for line, name in enumerate(answers):
        grid[0].text(
            -0.1,
            -0.16 - 0.15 * line,
            name,
            transform=grid[0].transAxes,
            ha="right",
            fontsize=9,
            color=WORDS[name],
        )


def shifts(recorded, shipped):
    """Draw the share of changed predictions over the distance, two panels.

    Args:
        recorded: {"ViT" or "ResNet": (runs, distances) of small models}.
        shipped: {"ViT" or "ResNet": (distances,) of the larger, shipped ones}.
    """
    _, (left, right) = axes(1, 2, height=2.7, sharey=True)
    for name, values in recorded.items():
        values = 100 * np.array(values)
        distances = range(values.shape[1])
        left.errorbar(
            distances,
            values.mean(0),
            values.std(0, ddof=1),
            fmt="o-",
            ms=4,
            capsize=3,
            color=COLORS[name],
            label=name,
        )
        right.plot(
            distances, 100 * np.array(shipped[name]), "s-", ms=4, color=COLORS[name]
        )
    left.set_title("small models, 3 seeds each", fontsize=9)
    right.set_title("shipped models, one each", fontsize=9)
    left.legend(frameon=False, fontsize=9)
    for ax in (left, right):
        ax.set_xticks(list(distances))
        plain(ax, "distance of the shift (pixels)", "")
    left.set_ylabel("predictions changed (%)")


def sizes_compared(images, differences, crossings):
    """Draw the gain of a larger model over the amount of pre-training data.

    Args:
        images: millions of images of the datasets.
        differences: {name: points of accuracy, the last for the last of `images`}.
        crossings: {name: millions of images where its line meets 0}.
    """
    _, ax = axes(height=2.9)
    colors = (BLUE, GREEN, PURPLE)
    for color, (name, values) in zip(colors, differences.items(), strict=True):
        ax.plot(images[-len(values) :], values, "o-", ms=5, color=color, label=name)
        ax.plot(crossings[name], 0, "x", ms=8, mew=2, color=RED)
    ax.axhline(0, color=GREY, lw=0.8)
    ax.text(1.35, 0.15, "larger is better", fontsize=8, color=GREY, va="bottom")
    ax.text(1.35, -0.15, "larger is worse", fontsize=8, color=GREY, va="top")
    ax.set_xscale("log")
    ax.set_xticks(images, [f"{n:g}M" for n in images])
    ax.minorticks_off()
    plain(ax, "images in pre-training", "difference (points)")
    ax.legend(frameon=False, fontsize=9)


def differences(rows):
    """Draw differences with their standard deviations, one line a dataset.

    Args:
        rows: {dataset: (difference in points, standard deviation)}.
    """
    _, ax = axes(height=2.5)
    for i, (value, deviation) in enumerate(rows.values()):
        ax.errorbar(value, i, xerr=deviation, fmt="o", color=BLUE, ms=5, capsize=3)
    ax.axvline(0, color=GREY, lw=0.8)
    ax.set_yticks(range(len(rows)), rows)
    ax.invert_yaxis()
    plain(ax, "ViT-H/14 minus BiT-L (points of accuracy)", "")


def timing(tokens, measured, predicted, counted):
    """Draw the time of a block's parts for each token, with what MACs predict.

    Args:
        tokens: lengths of the sequences, N.
        measured: {part: (runs, lengths) of microseconds a token}.
        predicted: {part: (lengths,) of microseconds a token, from the count}.
        counted: {name: N}, the crossovers by the formula.
    """
    _, ax = axes(height=3.1)
    for color, part in zip((BLUE, GREEN, RED), predicted, strict=True):
        ax.loglog(tokens, predicted[part], "--", lw=1, color=color)
        ax.loglog(
            tokens,
            np.array(measured[part]).mean(0),
            "o-",
            ms=4,
            lw=1.2,
            color=color,
            label=part,
        )
    flat = np.array(measured["projections"]) + np.array(measured["mlp"])
    ax.plot(tokens, flat.mean(0), lw=1, color=GREY, label="projections + mlp")
    ax.plot([], [], "--", lw=1, color=GREY, label="what the MACs predict")
    for name, N in counted.items():
        ax.axvline(N, color=GREY, lw=0.8, ls=":")
        ax.text(N, 100, f" {name}", fontsize=9, color=GREY)
    ax.set_xticks(tokens, tokens)
    ax.minorticks_off()
    plain(ax, "tokens N in a sequence (D = 192)", "µs a token")
    ax.legend(frameon=False, fontsize=9)
