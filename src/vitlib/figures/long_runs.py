"""Pictures of the chapter on long runs."""

from vitlib.figures.style import BLUE, GREY, ORANGE, axes, plain


def full_run(ours, others, published, final):
    """Accuracies by epoch: our run, shorter runs, a published one, and its range.

    Args:
        ours, published: one accuracy an epoch.
        others: several such lists, shorter ones.
        final: (lowest, highest) published accuracy after the last epoch.
    """
    _, ax = axes(height=2.8)
    for i, other in enumerate(others):
        label = f"{len(others)} seeds, {len(other)} epochs" if i == 0 else None
        ax.plot(range(1, len(other) + 1), other, color=GREY, lw=1, label=label)
    epochs = range(1, len(published) + 1)
    ax.plot(epochs, published, "s--", color=BLUE, ms=4, label="D2L v1.0.3, published")
    ax.plot(range(1, len(ours) + 1), ours, "o-", color=ORANGE, ms=4, label="our run")
    low, high = final
    ax.plot(
        [len(epochs) + 0.3] * 2, [low, high], color=BLUE, lw=6, alpha=0.4,
        solid_capstyle="butt", label="D2L's builds, epoch 10",
    )  # fmt: skip
    ax.set_xticks(list(epochs))
    ax.legend(frameon=False, loc="lower right")
    plain(ax, "epoch", "accuracy, test set")


def steps(accuracies, published):
    """One row a recipe, from the first to the last: a dot a seed, a bar the mean.

    Args:
        accuracies: {recipe: one accuracy a seed}.
        published: {name: accuracy}, drawn as lines across.
    """
    _, ax = axes(height=0.6 + 0.4 * len(accuracies))
    for row, values in enumerate(accuracies.values()):
        mean = sum(values) / len(values)
        ax.plot(values, [row] * len(values), "o", color=GREY, ms=4)
        ax.plot([mean] * 2, [row - 0.3, row + 0.3], color=ORANGE, lw=2)
    for name, value in published.items():
        ax.axvline(value, color=BLUE, ls="--", lw=1)
        ax.text(value, -0.8, name, color=BLUE, ha="center", fontsize="small")
    ax.set_yticks(range(len(accuracies)), list(accuracies))
    ax.set_ylim(len(accuracies) - 0.5, -0.7)
    ax.margins(x=0.1)
    plain(ax, "accuracy", "")
