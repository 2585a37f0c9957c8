"""Mistakes that every shape check lets through, re-created in our own code.

Each class is a part of the model with one mistake, and has the weights of the
true part. `make_wrong` gives a finished model one of them.
"""

import math

import torch
from torch.nn import functional as F

from vitlib.block import MultiHeadAttention, ViTBlock
from vitlib.patch_embedding import PatchEmbedding
from vitlib.swin import PatchMerging, SwinBlock, window_partition, window_reverse
from vitlib.vit import ViT


def make_wrong(model, name):
    """Give every part of `model` that can have this mistake the mistake.

    The weights stay, only the arithmetic changes; the model is returned.

    Args:
        model: a true model, of vitlib's own parts.
        name: of `MISTAKES`.

    Raises:
        ValueError: an unknown name, or a model without such a part.
    """
    if name not in MISTAKES:
        raise ValueError(f"unknown mistake {name!r}, expected one of {[*MISTAKES]}")
    wrong = MISTAKES[name]
    true = wrong.__bases__[0]
    parts = [part for part in model.modules() if type(part) is true]
    if not parts:
        raise ValueError(
            f"{name!r} is a mistake of {true.__name__}, "
            f"which {type(model).__name__} does not have"
        )
    for part in parts:
        part.__class__ = wrong  # other methods for the same weights
    return model


# Attention


class SplitWithoutTranspose(MultiHeadAttention):
    """Heads cut out of the flattened tokens: a head holds N / H whole tokens."""

    def split_heads(self, X):
        return X.reshape(len(X), self.num_heads, X.shape[1], -1)  # (B, H, N, D/H)

    def merge_heads(self, X):
        return X.reshape(len(X), X.shape[2], -1)  # (B, H, N, D/H) -> (B, N, D)


class MergeWithoutTranspose(MultiHeadAttention):
    """Heads split right, and put back without moving the head axis."""

    def merge_heads(self, X):
        return X.reshape(len(X), X.shape[2], -1)  # (B, H, N, D/H) -> (B, N, D)


class ScaleByWidth(MultiHeadAttention):
    """Scores divided by the root of D, not of D / H."""

    def project(self, X):
        Q, K, V = super().project(X)
        return Q / math.sqrt(self.num_heads), K, V  # sqrt(D/H) * sqrt(H) = sqrt(D)


class SoftmaxOverQueries(MultiHeadAttention):
    """The columns of the weights sum to 1, not the rows."""

    def explicit(self, X):
        Q, K, V = self.project(X)
        scores = Q @ K.transpose(2, 3) / math.sqrt(Q.shape[3])  # (B, H, N, N)
        weights = scores.softmax(dim=-2)
        Y = F.dropout(weights, self.dropout, self.training) @ V  # (B, H, N, D/H)
        return self.W_o(self.merge_heads(Y)), weights

    def forward(self, X):
        return self.explicit(X)[0]


class AcrossTheBatch(MultiHeadAttention):
    """Batch and tokens swapped, as by a forgotten `batch_first=True`."""

    def explicit(self, X):
        Y, weights = super().explicit(X.transpose(0, 1))  # (B, N, D) -> (N, B, D)
        return Y.transpose(0, 1), weights  # (N, B, D) -> (B, N, D)

    def forward(self, X):
        return super().forward(X.transpose(0, 1)).transpose(0, 1)  # (B, N, D)


# The block


class ParallelResidual(ViTBlock):
    """The MLP reads what came into the block, not what attention made of it."""

    def forward(self, X):
        return X + self.attention(self.ln1(X)) + self.mlp(self.ln2(X))


class NormOnTheStream(ViTBlock):
    """The normalized tokens are what the sum keeps: D2L's block until 2022."""

    def forward(self, X):
        X = self.ln1(X)
        return X + self.mlp(self.ln2(X + self.attention(X)))


class OneNormForBoth(ViTBlock):
    """`ln1` in front of both branches; `ln2` is there and never used."""

    def forward(self, X):
        X = X + self.attention(self.ln1(X))
        return X + self.mlp(self.ln1(X))


class NormAppliedTwice(ViTBlock):
    """Normalized in front of the branch, and once more inside it."""

    def forward(self, X):
        X = X + self.attention(self.ln1(self.ln1(X)))
        return X + self.mlp(self.ln2(self.ln2(X)))


# Patches, positions, head


class ReshapedNotTransposed(PatchEmbedding):
    """(B, D, N) made (B, N, D) by a reshape: a token mixes all patches."""

    def forward(self, X):
        X = self.conv(X).flatten(2)  # (B, D, h, w) -> (B, D, N)
        return X.reshape(len(X), self.num_patches, -1)  # (B, D, N) -> (B, N, D)


class OnePositionForAll(ViT):
    """One position is added to every token: one page's ViT until August 2022."""

    def embed(self, X):
        X = self.patch_embedding(X)
        X = _prepend(self.cls_token, X)
        return self.dropout(X + self.pos_embedding[:, :1])


class PositionsBeforeClassToken(ViT):
    """Added to the patches alone: the same page's ViT until November 2023."""

    def embed(self, X):
        X = self.patch_embedding(X) + self.pos_embedding[:, 1:]
        cls_token = self.cls_token.expand(len(X), -1, -1)  # (B, 1, D)
        return self.dropout(torch.cat((cls_token, X), dim=1))


class PositionsNeverTrain(ViT):
    """The positions are cut off from the gradient."""

    def embed(self, X):
        X = _prepend(self.cls_token, self.patch_embedding(X))
        return self.dropout(X + self.pos_embedding.detach())


class ClassTokenAtEnd(ViT):
    """The class token is appended, and the head still reads token 0."""

    def embed(self, X):
        X = self.patch_embedding(X)
        cls_token = self.cls_token.expand(len(X), -1, -1)  # (B, 1, D)
        X = torch.cat((X, cls_token), dim=1)
        return self.dropout(X + self.pos_embedding)


class NoFinalNorm(ViT):
    """The layer norm after the last block is left out."""

    def forward(self, X):
        return self.head[1](self.blks(self.embed(X))[:, 0])


class SoftmaxInTheModel(ViT):
    """Probabilities instead of logits; the loss takes their softmax again."""

    def forward(self, X):
        return super().forward(X).softmax(dim=1)


class DropoutInEval(ViT):
    """`F.dropout` without its `training` argument, which is True by default."""

    def embed(self, X):
        return F.dropout(super().embed(X), 0.1)


def _prepend(cls_token, X):
    return torch.cat((cls_token.expand(len(X), -1, -1), X), dim=1)  # (B, N + 1, D)


# Windows that shift


class NoMaskAfterRoll(SwinBlock):
    """The roll joins opposite borders in one window, and no mask parts them."""

    def attend(self, X):
        X = X.roll((-self.shift, -self.shift), dims=(1, 2))
        windows = self.attention(window_partition(X, self.window_size))
        X = window_reverse(windows, self.window_size, *self.map_size)
        return X.roll((self.shift, self.shift), dims=(1, 2))  # (B, h, w, D)


class NotRolledBack(SwinBlock):
    """What a shifted window found is added to the tokens of another place."""

    def attend(self, X):
        X = super().attend(X)
        return X.roll((-self.shift, -self.shift), dims=(1, 2))  # (B, h, w, D)


class MergesOneOfFour(PatchMerging):
    """One token in four is kept, four times over; the other three are lost."""

    def forward(self, X):
        X = X[:, ::2, ::2].repeat(1, 1, 1, 4)  # (B, h, w, D) -> (B, h/2, w/2, 4D)
        return self.reduction(self.ln(X))  # (B, h/2, w/2, 2D)


MISTAKES = {
    "heads split without transpose": SplitWithoutTranspose,
    "heads merged without transpose": MergeWithoutTranspose,
    "scores scaled by the root of D": ScaleByWidth,
    "softmax over the queries": SoftmaxOverQueries,
    "attention across the batch": AcrossTheBatch,
    "parallel residual": ParallelResidual,
    "norm on the residual stream": NormOnTheStream,
    "one norm for both branches": OneNormForBoth,
    "norm applied twice": NormAppliedTwice,
    "patches reshaped, not transposed": ReshapedNotTransposed,
    "one position for all patches": OnePositionForAll,
    "positions before the class token": PositionsBeforeClassToken,
    "positions that never train": PositionsNeverTrain,
    "class token at the end": ClassTokenAtEnd,
    "no final norm": NoFinalNorm,
    "softmax in the model": SoftmaxInTheModel,
    "dropout in eval": DropoutInEval,
    "no mask after the roll": NoMaskAfterRoll,
    "not rolled back": NotRolledBack,
    "one of four merged": MergesOneOfFour,
}
