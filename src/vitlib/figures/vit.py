"""Pictures of the chapter on the whole model."""

import numpy as np
import torch
from matplotlib.patches import Rectangle

from vitlib.cost import vit_parameters
from vitlib.figures import style
from vitlib.patch_embedding import patchify
from vitlib.vit import PRESETS

SKY = "#56b4e9"  # the lighter blue of Okabe & Ito


def pipeline(image, patch_size):
    """The whole model, top to bottom, with one grey image (H, W)."""
    rows, cols = (side // patch_size for side in image.shape)
    patches = patchify(torch.tensor(image)[None, None], patch_size)[0]  # (N, P*P)
    patches = patches.unflatten(1, (patch_size, -1)).numpy()  # (N, P, P)
    N = len(patches)
    _, ax = style.axes(height=4.0)
    ax.set(xlim=(-1.6, N + 3.4), ylim=(-7.2, 3.1), aspect="equal")
    ax.axis("off")
    _tile(ax, image, 0.0, 1.3, 1.8)
    for i in range(1, rows):
        ax.plot([0, 1.8], [1.3 + 1.8 * i / rows] * 2, color=style.RED, lw=0.8)
    for j in range(1, cols):
        ax.plot([1.8 * j / cols] * 2, [1.3, 3.1], color=style.RED, lw=0.8)
    for i, patch in enumerate(patches, start=1):
        _tile(ax, patch, i + 0.1, 0, 0.8)
        _arrow(ax, i + 0.5, -0.1)
    _row(ax, range(1, N + 1), -1.7, style.BLUE)
    _row(ax, [0], -1.7, style.ORANGE)
    _row(ax, range(N + 1), -2.9, style.GREEN)
    ax.add_patch(
        Rectangle((0, -5.0), N + 1, 1.3, facecolor="#e8f1f8", edgecolor=style.BLUE)
    )
    for i in range(N + 1):
        _arrow(ax, i + 0.5, -3.0)
        _arrow(ax, i + 0.5, -5.1)
    _row(ax, range(1, N + 1), -6.7, "#d8d8d8")
    _row(ax, [0], -6.7, style.ORANGE)
    words = {"ha": "center", "va": "center", "fontsize": 9}
    ax.text(-0.8, -1.3, "class\ntoken", **words)
    ax.text(-0.8, -2.5, "+", **words)
    ax.text(N + 2.2, -1.3, "patches · $E$", **words)
    ax.text(N + 2.2, -2.5, r"$E_{pos}$", **words)
    ax.text((N + 1) / 2, -4.35, "block", **words)
    ax.text(N + 2.2, -4.35, r"$\times\,L$", **words)
    ax.annotate("", (1.6, -7.0), (0.5, -6.7), arrowprops={"arrowstyle": "->"})
    ax.text(4.9, -7.0, "LayerNorm, Linear → logits", **words)


def _tile(ax, image, x, y, side):
    where = (x, x + side, y, y + side)
    ax.imshow(image, "gray_r", vmin=0, vmax=1, extent=where, interpolation="nearest")
    ax.add_patch(Rectangle((x, y), side, side, fill=False, ec=style.GREY, lw=0.6))


def _row(ax, columns, y, color):
    for i in columns:
        ax.add_patch(Rectangle((i + 0.2, y), 0.6, 0.8, facecolor=color))


def _arrow(ax, x, y):
    look = {"arrowstyle": "->", "color": style.GREY, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (x, y - 0.6), (x, y), arrowprops=look)


def parameter_shares(img_size=224):
    """Where the parameters of each preset are, in percent."""
    _, ax = style.axes(height=2.6)
    for row, (P, D, D_mlp, _, L) in enumerate(PRESETS.values()):
        parts = vit_parameters(img_size, P, D, D_mlp, L)
        total = sum(parts.values())
        attention = L * (4 * D * D + 4 * D)
        rest = parts["blks"] - attention + parts["final_norm"]
        positions = parts["cls_token"] + parts["pos_embedding"]
        shares = {
            "patch embedding": (parts["patch_embedding"], style.GREEN),
            "class token, positions": (positions, style.RED),
            "attention": (attention, style.BLUE),
            "MLP, norms": (rest, SKY),
            "head": (parts["head"], style.ORANGE),
        }
        left = 0
        for name, (count, color) in shares.items():
            share = 100 * count / total
            label = name if row == 0 else None
            ax.barh(row, share, left=left, color=color, label=label, height=0.65)
            left += share
        ax.text(101, row, f"{total / 1e6:.1f} M", va="center", fontsize=8)
    ax.set_yticks(range(len(PRESETS)), PRESETS)
    ax.set(xlim=(0, 111), ylim=(len(PRESETS) - 0.5, -0.5))
    style.plain(ax, "share of the parameters (%)", "")
    ax.figure.legend(ncols=5, fontsize=8, loc="outside upper center", frameon=False)


def macs_per_block(num_hiddens):
    """Multiply-adds of one block against the number of tokens T."""
    D, T = num_hiddens, np.geomspace(50, 40_000, 200)
    _, ax = style.axes(height=2.9)
    ax.loglog(T, 12 * T * D * D, "k--", lw=1, label="$12TD^2$, both")
    ax.loglog(T, 8 * T * D * D, color=SKY, label="$8TD^2$, MLP")
    ax.loglog(T, 4 * T * D * D, color=style.BLUE, label="$4TD^2$, projections")
    ax.loglog(T, 2 * T * T * D, color=style.RED, label="$2T^2D$, scores and sums")
    for factor in (2, 6):
        x, y = factor * D, 2 * factor**2 * D**3
        ax.plot(x, y, "o", color=style.RED)
        ax.text(1.15 * x, 0.16 * y, f"$T={factor}D$", fontsize=9)
    for side in (224, 384, 1024):
        tokens = (side // 16) ** 2 + 1
        ax.axvline(tokens, color=style.GREY, lw=0.7, ls=":")
        ax.text(tokens, 5e6, f" {side} px", fontsize=8, color=style.GREY)
    style.plain(ax, f"tokens T (D = {D})", "multiply-adds a block")
    ax.legend(fontsize=8, frameon=False)


def class_attention(images, trained, untrained):
    """Images (B, H, W) beside class-token attention of two models, (B, H, h, w)."""
    B, heads = trained.shape[:2]
    _, grid = style.axes(B, 1 + 2 * heads, height=0.9 * B)
    for b in range(B):
        style.show_image(grid[b, 0], images[b])
        maps = np.concatenate((trained[b], untrained[b]))
        for ax, weights in zip(grid[b, 1:], maps, strict=True):
            ax.imshow(weights, cmap="viridis", vmin=0)  # each its own color scale
            ax.set(xticks=[], yticks=[])
    for i, ax in enumerate(grid[0, 1:]):
        name = "trained" if i < heads else "untrained"
        ax.set_title(f"{name}\nhead {i % heads + 1}", fontsize=8)


def position_similarity(trained, untrained):
    """Two (N, N) cosine tables, each as a square grid of square maps."""
    figure, grid = style.axes(1, 2, height=3.5, subplot_kw={"frameon": False})
    for ax, table in zip(grid, (trained, untrained), strict=True):
        side = round(len(table) ** 0.5)
        maps = np.full((side, side + 1, side, side + 1), np.nan)  # a gap after each
        table = table.reshape((side,) * 4)  # (h, w, h, w), a map for each patch
        maps[:, :side, :, :side] = table.transpose(0, 2, 1, 3)  # (h, h, w, w)
        maps = maps.reshape(side * (side + 1), -1)  # (h * (h + 1), w * (w + 1))
        picture = ax.imshow(maps, "RdBu_r", vmin=-1, vmax=1)
        middle = np.arange(side) * (side + 1) + (side - 1) / 2
        ax.set_xticks(middle, range(1, side + 1), fontsize=8)
        ax.set_yticks(middle, range(1, side + 1), fontsize=8)
        ax.set(xlabel="patch column", ylabel="patch row")
    grid[0].set_title("trained", fontsize=9)
    grid[1].set_title("untrained", fontsize=9)
    figure.colorbar(picture, ax=grid, label="cosine similarity", shrink=0.8)
