"""Wrong Swin Transformers: each one mistake, none of which changes a shape.

They join the table of mutants.py when this module is imported.
"""

import math

import torch
from mutants import mutant
from torch import nn
from torch.nn import functional as F

from vitlib import swin
from vitlib.swin import (
    PatchMerging,
    Swin,
    SwinBlock,
    WindowAttention,
    window_partition,
)

true_index, true_mask = swin.relative_position_index, swin.shift_mask

# Windows


@mutant("window_partition")
def partition_without_transpose(X, window_size):
    """Windows cut out by a reshape alone: each is a strip of rows."""
    B, h, w, D = X.shape
    M = window_size
    return X.reshape(B * (h // M) * (w // M), M * M, D)  # (B, h, w, D) -> windows


@mutant("window_partition")
def partition_in_columns(X, window_size):
    """The windows of an image from top to bottom, then left to right."""
    (B, h, w), M = X.shape[:3], window_size
    # (B*nW, M*M, D) -> (B, h/M, w/M, M*M, D)
    windows = window_partition(X, M).unflatten(0, (B, h // M, w // M))
    return windows.transpose(1, 2).flatten(0, 2)  # (B, w/M, h/M, M*M, D) -> windows


@mutant("window_reverse")
def reverse_without_transpose(windows, window_size, h, w):
    """The windows put back by a reshape alone."""
    return windows.reshape(-1, h, w, windows.shape[2])  # (B*nW, M*M, D) -> (B, h, w, D)


# Shift and mask


@mutant("shift_mask")
def mask_of_the_map_as_it_was(h, w, window_size, shift):
    """Regions numbered before the roll: the first rows, not the last, stand apart."""
    return true_mask(h, w, window_size, shift).flip(0).flip(1, 2)


@mutant("SwinBlock")
class NoMask(SwinBlock):
    """The roll joins opposite borders, and no mask parts them."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.mask = None


@mutant("SwinBlock")
class MaskWithoutRoll(SwinBlock):
    """The mask of a rolled map on a map that was not rolled."""

    def attend(self, X):
        windows = swin.window_partition(X, self.window_size)
        windows = self.attention(windows, self.mask)
        return swin.window_reverse(windows, self.window_size, *self.map_size)


@mutant("SwinBlock")
class RolledTheOtherWay(SwinBlock):
    """Rolled by +s and back by -s, under the mask for -s."""

    def attend(self, X):
        twice = 2 * self.shift
        Y = super().attend(X.roll((twice, twice), (1, 2)))
        return Y.roll((-twice, -twice), (1, 2))


@mutant("SwinBlock")
class NotRolledBack(SwinBlock):
    """What a shifted window found is added to the tokens of another place."""

    def attend(self, X):
        return super().attend(X).roll((-self.shift, -self.shift), (1, 2))


@mutant("SwinBlock")
class NeverShifted(SwinBlock):
    """Every block uses the same windows."""

    def __init__(self, map_size, num_hiddens, num_heads, M, shift, dropout=0.0):
        super().__init__(map_size, num_hiddens, num_heads, M, False, dropout)


@mutant("SwinBlock")
class AlwaysShifted(SwinBlock):
    """Every block shifts its windows, so all of them use the same ones again."""

    def __init__(self, map_size, num_hiddens, num_heads, M, shift, dropout=0.0):
        super().__init__(map_size, num_hiddens, num_heads, M, True, dropout)


# The bias


@mutant("relative_position_index")
def index_from_query_to_key(window_size):
    """Queries and keys exchanged: each offset reads the entry of its opposite."""
    return true_index(window_size).T


@mutant("relative_position_index")
def index_of_the_query(window_size):
    """The bias of a pair follows from where the query stands, not from the offset."""
    M = window_size
    return torch.arange(M * M).unsqueeze(1).expand(-1, M * M).clone()


@mutant("relative_position_index")
def one_entry_for_all(window_size):
    """Every offset reads the same entry."""
    return torch.zeros_like(true_index(window_size))


@mutant("relative_position_index")
def offsets_that_collide(window_size):
    """dy + dx, without the factor 2M - 1: different offsets share an entry."""
    M = window_size
    y, x = torch.arange(M * M) // M, torch.arange(M * M) % M
    return y.unsqueeze(1) - y + x.unsqueeze(1) - x + 2 * (M - 1)


@mutant("WindowAttention")
class NoBias(WindowAttention):
    """The table is there and is not used."""

    def bias(self, X, mask=None):
        return super().bias(X, mask) - super().bias(X)


@mutant("WindowAttention")
class BiasAfterSoftmax(WindowAttention):
    """The bias added to the weights, whose rows then sum to anything."""

    def explicit(self, X, mask=None):
        Q, K, V = self.project(X)
        B = super().bias(X)
        scores = Q @ K.transpose(2, 3) / math.sqrt(Q.shape[3])  # (B*nW, H, M*M, M*M)
        weights = (scores + self.bias(X, mask) - B).softmax(dim=-1) + B
        Y = F.dropout(weights, self.dropout, self.training) @ V
        return self.W_o(self.merge_heads(Y)), weights

    def forward(self, X, mask=None):
        return self.explicit(X, mask)[0]


@mutant("WindowAttention")
class MasksOfOtherWindows(WindowAttention):
    """Each mask repeated for its neighbors on the axis: right for one image only."""

    def bias(self, X, mask=None):
        B = super().bias(X)
        if mask is None:
            return B
        return (B + mask.unsqueeze(1)).repeat_interleave(len(X) // len(mask), 0)


# Merging


@mutant("PatchMerging")
class MergesOneOfFour(PatchMerging):
    """One token in four, four times over; the other three are lost."""

    def forward(self, X):
        X = X[:, ::2, ::2].repeat(1, 1, 1, 4)  # (B, h/2, w/2, 4D)
        return self.reduction(self.ln(X))


@mutant("PatchMerging")
class MergesAcrossThenDown(PatchMerging):
    """The four in reading order, which published weights are not made for."""

    def forward(self, X):
        four = [X[:, y::2, x::2] for y in (0, 1) for x in (0, 1)]
        return self.reduction(self.ln(torch.cat(four, dim=3)))


@mutant("PatchMerging")
class NormAfterTheLinearMap(PatchMerging):
    """Normalized when it is already joined and mapped."""

    def __init__(self, num_hiddens):
        super().__init__(num_hiddens)
        self.ln = nn.LayerNorm(2 * num_hiddens)

    def forward(self, X):
        four = [X[:, y::2, x::2] for x in (0, 1) for y in (0, 1)]
        return self.ln(self.reduction(torch.cat(four, dim=3)))


@mutant("PatchMerging")
class MergesQuarters(PatchMerging):
    """Quarters of the map laid over one another, not neighbors joined."""

    def forward(self, X):
        h, w = X.shape[1] // 2, X.shape[2] // 2
        four = X[:, :h, :w], X[:, h:, :w], X[:, :h, w:], X[:, h:, w:]
        return self.reduction(self.ln(torch.cat(four, dim=3)))


# The whole model


@mutant("Swin")
class HeadReadsTokenZero(Swin):
    """The first token for the mean: Swin has no class token there."""

    def forward(self, X):
        return self.head(self.stages(self.embed(X))[:, 0, 0])


@mutant("Swin")
class MeanBeforeTheNorm(Swin):
    """The mean is normalized, not the tokens that it is taken over."""

    def forward(self, X):
        return self.head(self.stages(self.embed(X)).mean(dim=(1, 2)))


@mutant("Swin")
class AbsolutePositions(Swin):
    """A position embedding is added, as in a ViT; the paper's models have none."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        h, w = self.patch_embedding.grid
        self.pos_embedding = nn.Parameter(
            0.02 * torch.randn(1, h, w, len(self.ln.bias))
        )

    def embed(self, X):
        return super().embed(X) + self.pos_embedding


@mutant("Swin")
class NoFirstNorm(Swin):
    """The layer norm right after the patch embedding is left out."""

    def embed(self, X):
        X = self.patch_embedding(X)  # (B, N, D)
        return X.unflatten(1, self.patch_embedding.grid)  # (B, h, w, D)
