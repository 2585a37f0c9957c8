"""The Swin Transformer: attention in windows, shifted in every other block."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from vitlib import expect
from vitlib.block import MultiHeadAttention
from vitlib.classifier import Classifier
from vitlib.mlp import ViTMLP
from vitlib.patch_embedding import PatchEmbedding

# name: width D of stage 1, blocks and heads of each stage. Liu et al. 2021,
# section 3.3: patches of 4 pixels, windows of 7 x 7 tokens, heads 32 wide.
PRESETS = {
    "T": (96, (2, 2, 6, 2), (3, 6, 12, 24)),
    "S": (96, (2, 2, 18, 2), (3, 6, 12, 24)),
    "B": (128, (2, 2, 18, 2), (4, 8, 16, 32)),
    "L": (192, (2, 2, 18, 2), (6, 12, 24, 48)),
}


def window_partition(X, window_size):
    """Cut a map into windows: (B, h, w, D) -> (B * nW, M * M, D).

    The windows of one image are neighbors on the first axis. Windows, and
    the tokens in one, come in reading order.

    Raises:
        ValueError: a window that does not divide the map.
    """
    expect.token_map(X)
    rows, cols = count_windows(*X.shape[1:3], window_size)
    # (B, h, w, D) -> (B, h/M, M, w/M, M, D) -> (B, h/M, w/M, M, M, D)
    X = X.unflatten(2, (cols, window_size)).unflatten(1, (rows, window_size))
    X = X.transpose(2, 3)
    return X.flatten(3, 4).flatten(0, 2)  # (B*nW, M*M, D)


def window_reverse(windows, window_size, h, w):
    """The inverse of `window_partition`: (B * nW, M * M, D) -> (B, h, w, D).

    Raises:
        ValueError: a window that does not divide the map.
    """
    rows, cols = count_windows(h, w, window_size)
    X = windows.unflatten(1, (window_size, window_size))  # (B*nW, M, M, D)
    X = X.unflatten(0, (-1, rows, cols)).transpose(2, 3)  # (B, h/M, M, w/M, M, D)
    return X.flatten(3, 4).flatten(1, 2)  # (B, h, w, D)


def count_windows(h, w, window_size):
    """Windows down and across a map: (h / M, w / M)."""
    expect.whole("window_size", window_size)
    for side, length in (("height", h), ("width", w)):
        expect.divides(
            "window", window_size, f"map {side}", length, "change one of them"
        )
    return h // window_size, w // window_size


def relative_position_index(window_size):
    """Which entry of the bias table each pair of tokens reads: (M * M, M * M).

    An offset (dy, dx) from key to query, each in -(M-1)..M-1, has the number
    (dy + M - 1) (2M - 1) + dx + M - 1. Pairs with one offset share one entry.

    Source: Liu et al. 2021, section 3.2, eq. 4.
    """
    M = expect.whole("window_size", window_size)
    y, x = torch.arange(M * M) // M, torch.arange(M * M) % M  # place in the window
    dy = y.unsqueeze(1) - y  # rows: queries, columns: keys; (M*M, M*M)
    dx = x.unsqueeze(1) - x
    return (dy + M - 1) * (2 * M - 1) + dx + M - 1


def shift_mask(h, w, window_size, shift):
    """What to add to the scores of a rolled map: (nW, M * M, M * M).

    0 where query and key are together in the image, minus infinity where only
    the roll put them into one window. With a shift of 0, nothing is masked.

    Raises:
        ValueError: a window that does not divide the map, a shift outside 0..M-1.
    """
    if not 0 <= shift < window_size:
        raise ValueError(f"shift must be in 0..{window_size - 1}, got {shift}")
    # Rolled by -shift, the last `shift` rows and columns came around the border.
    from_top, from_left = torch.arange(h) >= h - shift, torch.arange(w) >= w - shift
    region = 2 * from_top.unsqueeze(1) + from_left  # 0 to 3: (h, w)
    ids = window_partition(region[None, :, :, None], window_size).squeeze(2)
    apart = ids.unsqueeze(2) != ids.unsqueeze(1)  # (nW, M*M, M*M)
    return torch.zeros(apart.shape).masked_fill(apart, -math.inf)


class WindowAttention(MultiHeadAttention):
    """Self-attention inside windows, with a learned bias for each offset.

    Args:
        num_hiddens: width D of a token.
        num_heads: number of heads H.
        window_size: side M of a window.
        dropout: probability of dropping an attention weight while training.

    Shape: windows (B * nW, M * M, D) and a mask (nW, M * M, M * M) or None ->
    (B * nW, M * M, D).

    Raises:
        ValueError: see `MultiHeadAttention`.

    Source: Liu et al. 2021, section 3.2, eq. 4.
    """

    def __init__(self, num_hiddens, num_heads, window_size, dropout=0.0):
        super().__init__(num_hiddens, num_heads, dropout, bias=True)
        expect.whole("window_size", window_size)
        offsets = (2 * window_size - 1) ** 2
        self.bias_table = nn.Parameter(0.02 * torch.randn(offsets, num_heads))
        index = relative_position_index(window_size)
        self.register_buffer("index", index, persistent=False)

    def bias(self, X, mask=None):
        """What is added to the scores: (H, M*M, M*M) or (B * nW, H, M*M, M*M)."""
        B = self.bias_table[self.index].permute(2, 0, 1)  # (M*M, M*M, H) -> (H, ...)
        if mask is None:
            return B
        B = B + mask.unsqueeze(1)  # (nW, H, M*M, M*M)
        return B.repeat(len(X) // len(mask), 1, 1, 1)  # the windows of each image

    def forward(self, X, mask=None):
        Q, K, V = self.project(X)
        Y = F.scaled_dot_product_attention(
            Q, K, V, self.bias(X, mask), self.dropout if self.training else 0.0
        )
        return self.W_o(self.merge_heads(Y))  # (B*nW, H, M*M, D/H) -> (B*nW, M*M, D)

    def explicit(self, X, mask=None):
        """The same step by step, and the weights (B * nW, H, M * M, M * M)."""
        Q, K, V = self.project(X)
        scores = Q @ K.transpose(2, 3) / math.sqrt(Q.shape[3])  # (B*nW, H, M*M, M*M)
        weights = (scores + self.bias(X, mask)).softmax(dim=-1)
        Y = F.dropout(weights, self.dropout, self.training) @ V
        return self.W_o(self.merge_heads(Y)), weights


class SwinBlock(nn.Module):
    """Pre-norm block whose attention stays inside (shifted) windows.

    Args:
        map_size: (h, w), the grid of tokens.
        num_hiddens, num_heads: width D and heads H.
        window_size: side M of a window, at most the shorter side of the map.
        shift: whether the windows are displaced by half their side. They are not
            where M is the shorter side, as in the official code.
        dropout: probability, for attention weights and inside the MLP.

    Shape: (B, h, w, D) -> (B, h, w, D).

    Raises:
        ValueError: a window that does not divide the map; a map of another size.

    Source: Liu et al. 2021, section 3.2, eq. 3.
    """

    def __init__(
        self, map_size, num_hiddens, num_heads, window_size, shift, dropout=0.0
    ):
        super().__init__()
        self.map_size = h, w = expect.pair("map_size", map_size)
        self.window_size = M = min(expect.whole("window_size", window_size), h, w)
        count_windows(h, w, M)
        # One window that is the whole map has nothing to be shifted against.
        self.shift = M // 2 if shift and min(h, w) > M else 0
        mask = shift_mask(h, w, M, self.shift) if self.shift else None
        self.register_buffer("mask", mask, persistent=False)
        self.ln1 = nn.LayerNorm(num_hiddens)
        self.attention = WindowAttention(num_hiddens, num_heads, M, dropout)
        self.ln2 = nn.LayerNorm(num_hiddens)
        self.mlp = ViTMLP(4 * num_hiddens, num_hiddens, dropout)

    def attend(self, X):
        """Roll, cut, attend, put together, roll back: (B, h, w, D) each."""
        X = X.roll((-self.shift, -self.shift), dims=(1, 2))
        windows = window_partition(X, self.window_size)  # (B*nW, M*M, D)
        windows = self.attention(windows, self.mask)
        X = window_reverse(windows, self.window_size, *self.map_size)
        return X.roll((self.shift, self.shift), dims=(1, 2))

    def forward(self, X):
        if X.dim() != 4 or X.shape[1:3] != self.map_size:
            raise ValueError(
                f"expected a map (B, {self.map_size[0]}, {self.map_size[1]}, D), "
                f"got shape {tuple(X.shape)}"
            )
        X = X + self.attend(self.ln1(X))
        tokens = self.ln2(X).flatten(1, 2)  # (B, h, w, D) -> (B, N, D)
        return X + self.mlp(tokens).unflatten(1, self.map_size)  # (B, h, w, D)


class PatchMerging(nn.Module):
    """Join each 2 x 2 neighbors into one token, twice as wide.

    Shape: (B, h, w, D) -> (B, h/2, w/2, 2 D).

    Raises:
        ValueError: a map with an odd side.

    Source: Liu et al. 2021, section 3.1; the order of the four is that of the
    official code.
    """

    def __init__(self, num_hiddens):
        super().__init__()
        self.ln = nn.LayerNorm(4 * num_hiddens)
        self.reduction = nn.Linear(4 * num_hiddens, 2 * num_hiddens, bias=False)

    def forward(self, X):
        expect.token_map(X, self.reduction.in_features // 4)
        for side, length in (("height", X.shape[1]), ("width", X.shape[2])):
            expect.divides("merging", 2, f"map {side}", length, "change the image size")
        # Top left, bottom left, top right, bottom right: down, then across.
        four = [X[:, y::2, x::2] for x in (0, 1) for y in (0, 1)]
        return self.reduction(self.ln(torch.cat(four, dim=3)))  # (B, h/2, w/2, 2D)


class Swin(Classifier):
    """Swin Transformer: patches, stages of blocks, mean over the map, head.

    Args:
        img_size, patch_size: in pixels, an int or (height, width).
        num_hiddens: width D of the first stage; it doubles with each stage.
        depths, num_heads: for each stage, blocks and heads.
        window_size: side M of a window, in tokens.
        dropout: probability, for attention weights and inside the MLPs.
        lr: learning rate of D2L's recipe, plain SGD.
        num_classes: number of logits K.
        in_channels: channels C of the images.
        shift: whether every second block of a stage shifts its windows.

    Shape: (B, C, H, W) -> logits (B, K).

    Raises:
        ValueError: see `PatchEmbedding`, `SwinBlock` and `PatchMerging`; other
            numbers of `depths` and `num_heads`.

    Source: Liu et al. 2021, figure 3. No stochastic depth.
    """

    def __init__(
        self, img_size, patch_size, num_hiddens, depths, num_heads, window_size,
        dropout=0.0, lr=0.1, num_classes=10, in_channels=1, shift=True,
    ):  # fmt: skip
        super().__init__(lr, num_classes)
        if len(depths) != len(num_heads):
            raise ValueError(
                f"expected depths and num_heads of one length, got {len(depths)} "
                f"and {len(num_heads)}"
            )
        self.patch_embedding = PatchEmbedding(
            img_size, patch_size, num_hiddens, in_channels
        )
        self.ln = nn.LayerNorm(num_hiddens)
        (h, w), D, stages = self.patch_embedding.grid, num_hiddens, []
        for depth, heads in zip(depths, num_heads, strict=True):
            parts = []
            if stages:
                parts.append(PatchMerging(D))
                h, w, D = h // 2, w // 2, 2 * D
            parts += [
                SwinBlock((h, w), D, heads, window_size, shift and i % 2 == 1, dropout)
                for i in range(expect.whole("depth", depth))
            ]
            stages.append(nn.Sequential(*parts))
        self.stages = nn.Sequential(*stages)
        self.head = nn.Sequential(nn.LayerNorm(D), nn.Linear(D, num_classes))

    @classmethod
    def from_preset(cls, name, img_size=224, num_classes=1000):
        """A published configuration, for images with 3 channels.

        Raises:
            ValueError: a name that is not in `PRESETS`.
        """
        if name not in PRESETS:
            raise ValueError(f"unknown preset {name!r}, expected one of {[*PRESETS]}")
        return cls(
            img_size, 4, *PRESETS[name], 7, num_classes=num_classes, in_channels=3
        )

    def embed(self, X):
        """The map that enters stage 1: (B, C, H, W) -> (B, H/P, W/P, D)."""
        X = self.ln(self.patch_embedding(X))  # (B, N, D)
        return X.unflatten(1, self.patch_embedding.grid)  # (B, H/P, W/P, D)

    def forward(self, X):
        X = self.stages(self.embed(X))  # (B, h, w, D of the last stage)
        norm, linear = self.head
        return linear(norm(X).mean(dim=(1, 2)))  # (B, D) -> (B, K)
