"""Pictures of the chapter on mistakes that no shape reveals."""

from statistics import mean

from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D

from vitlib.figures.style import BLUE, GREY, ORANGE, RED, axes, plain


def accuracies(right, wrong, left=0.78):
    """Accuracy of each model: one dot a seed, a bar at the mean, best above.

    Args:
        right: {label: accuracies of the seeds} of models without a mistake.
        wrong: the same of models with one.
        left: where the axis begins; what lies before it is written at the border.
    """
    rows = sorted((right | wrong).items(), key=lambda row: mean(row[1]))
    _, ax = axes(height=0.6 + 0.2 * len(rows))
    for y, (name, values) in enumerate(rows):
        color = BLUE if name in right else ORANGE
        ax.axhline(y, color=GREY, lw=0.3, zorder=0)
        inside = [v for v in values if v >= left]
        outside = [f"{100 * v:.1f}%" for v in values if v < left]
        if outside:
            text = f"◂ {', '.join(outside)}"
            ax.text(left, y, text, color=RED, va="center", fontsize=8)
        ax.plot(inside, [y] * len(inside), "o", color=color, ms=5, alpha=0.7)
        if mean(values) >= left:
            ax.plot(mean(values), y, "|", color="black", ms=12, mew=1.5)
    ax.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=8)
    for tick, (name, _) in zip(ax.get_yticklabels(), rows, strict=True):
        if name in right:
            tick.set_color(BLUE)
            tick.set_fontweight("bold")
    ax.set_xlim(left=left)
    plain(ax, "validation accuracy after 3 epochs", "")
    dots = [Line2D([], [], marker="o", ls="", color=c) for c in (BLUE, ORANGE)]
    labels = ["right model", "with a mistake"]
    ax.legend(dots, labels, frameon=False, fontsize=8, loc="lower right")


def kill_matrix(table, mistakes, checks, weak):
    """Which check catches which mistake.

    Args:
        table: {check: {mistake: whether it was caught}}; a mistake is absent
            where the check is not for models of its kind.
        mistakes, checks: names, in the order of the rows and columns.
        weak: how many of the first checks are weak ones.
    """
    codes = {None: 0, False: 1, True: 2}
    cells = [[codes[table[c].get(m)] for c in checks] for m in mistakes]
    colors = ListedColormap(["#e4e4e4", "white", BLUE])
    _, ax = axes(height=1.9 + 0.19 * len(mistakes))
    ax.pcolormesh(cells, cmap=colors, vmin=0, vmax=2, edgecolors="#b0b0b0", lw=0.5)
    ax.invert_yaxis()
    ax.axvline(weak, color="black", lw=1.5)
    ax.set_yticks([i + 0.5 for i in range(len(mistakes))], mistakes, fontsize=8)
    labels = [check.replace("_", " ") for check in checks]
    ax.set_xticks([i + 0.5 for i in range(len(checks))], labels, fontsize=8)
    ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    for i, tick in enumerate(ax.get_xticklabels()):
        tick.set(rotation=60, ha="left", rotation_mode="anchor")
        tick.set_color(RED if i < weak else "black")
    ax.spines[:].set_visible(False)
