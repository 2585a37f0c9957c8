"""Wrong models: each one mistake that people make, none of which changes a shape.

`installed(mutant)` puts a mutant in the place of the part of vitlib it breaks.
Used by test_mutants.py, which shows that a check notices each of them.
"""

import contextlib
import math
import sys

import torch
from torch import nn
from torch.nn import functional as F

from vitlib import MultiHeadAttention, PatchEmbedding, ViT, ViTBlock, ViTMLP

MUTANTS = {}  # name of the mutant: (name of the part it replaces, the mutant)


def mutant(part):
    """Register a class or function as a wrong version of `part` of vitlib."""

    def register(wrong):
        MUTANTS[wrong.__name__] = part, wrong
        return wrong

    return register


@contextlib.contextmanager
def installed(name):
    """Let every module of vitlib use this mutant; the true model if it is None."""
    if name is None:
        yield
        return
    part, wrong = MUTANTS[name]
    holders = [
        module
        for key, module in sys.modules.items()
        if key.split(".")[0] == "vitlib" and hasattr(module, part)
    ]
    true = getattr(holders[0], part)
    for module in holders:
        setattr(module, part, wrong)
    try:
        yield
    finally:
        for module in holders:
            setattr(module, part, true)


# Attention


class Attention(MultiHeadAttention):
    """Attention written out, so that one step of it can be broken."""

    def scale(self, Q):
        return 1 / math.sqrt(Q.shape[3])

    def normalize(self, scores):
        return scores.softmax(dim=-1)

    def explicit(self, X):
        Q, K, V = self.project(X)
        weights = self.normalize(Q @ K.transpose(2, 3) * self.scale(Q))
        Y = F.dropout(weights, self.dropout, self.training) @ V
        return self.W_o(self.merge_heads(Y)), weights

    def forward(self, X):
        return self.explicit(X)[0]


@mutant("MultiHeadAttention")
class ScaleByWidth(Attention):
    """Scores over the root of D instead of the root of D / H."""

    def scale(self, Q):
        return 1 / math.sqrt(self.W_q.in_features)


@mutant("MultiHeadAttention")
class NoScale(Attention):
    """Scores that are not scaled."""

    def scale(self, Q):
        return 1.0


@mutant("MultiHeadAttention")
class SplitWithoutTranspose(Attention):
    """Heads cut out of the flattened tokens: one head holds N / H tokens."""

    def split_heads(self, X):
        return X.reshape(len(X), self.num_heads, X.shape[1], -1)  # (B, H, N, D/H)

    def merge_heads(self, X):
        return X.reshape(len(X), X.shape[2], -1)  # (B, N, D)


@mutant("MultiHeadAttention")
class MergeWithoutTranspose(Attention):
    """Heads cut right and put back without moving the head axis."""

    def merge_heads(self, X):
        return X.reshape(len(X), X.shape[2], -1)  # (B, N, D)


@mutant("MultiHeadAttention")
class SoftmaxOverQueries(Attention):
    """Columns of the weights sum to 1, not rows."""

    def normalize(self, scores):
        return scores.softmax(dim=-2)


@mutant("MultiHeadAttention")
class SoftmaxOverHeads(Attention):
    """The heads share one weight between them."""

    def normalize(self, scores):
        return scores.softmax(dim=1)


@mutant("MultiHeadAttention")
class NoSoftmax(Attention):
    """Scores used as weights."""

    def normalize(self, scores):
        return scores


@mutant("MultiHeadAttention")
class CausalMask(Attention):
    """A language model's mask: no token sees what comes after it."""

    def normalize(self, scores):
        later = torch.ones(scores.shape[-2:]).triu(1).bool()
        return scores.masked_fill(later, -math.inf).softmax(dim=-1)


@mutant("MultiHeadAttention")
class DeadOutputProjection(Attention):
    """W_o is there and is not used."""

    def explicit(self, X):
        Q, K, V = self.project(X)
        weights = self.normalize(Q @ K.transpose(2, 3) * self.scale(Q))
        return self.merge_heads(weights @ V), weights


@mutant("MultiHeadAttention")
class KeysAreQueries(Attention):
    """Keys made by the projection of the queries; W_k is dead."""

    def project(self, X):
        Q, _, V = super().project(X)
        return Q, Q, V


@mutant("MultiHeadAttention")
class ValuesAreKeys(Attention):
    """Values made by the projection of the keys; W_v is dead."""

    def project(self, X):
        Q, K, _ = super().project(X)
        return Q, K, K


@mutant("MultiHeadAttention")
class AcrossTheBatch(Attention):
    """Batch and tokens swapped, as by a forgotten batch_first."""

    def explicit(self, X):
        Y, weights = super().explicit(X.transpose(0, 1))  # (B, N, D) -> (N, B, D)
        return Y.transpose(0, 1), weights  # (N, B, D) -> (B, N, D)


# The MLP


@mutant("ViTMLP")
class ReLUMLP(ViTMLP):
    """ReLU instead of GELU."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.gelu = nn.ReLU()


@mutant("ViTMLP")
class TanhMLP(ViTMLP):
    """The tanh approximation of GELU: another model by at most 0.0005."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.gelu = nn.GELU(approximate="tanh")


@mutant("ViTMLP")
class NoActivation(ViTMLP):
    """Two linear layers that are one."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.gelu = nn.Identity()


@mutant("ViTMLP")
class MLPOverSequence(ViTMLP):
    """The hidden layer sees all tokens at once; its size depends on N."""

    def __init__(self, mlp_num_hiddens, mlp_num_outputs, dropout=0.5):
        super().__init__(mlp_num_hiddens, mlp_num_outputs, dropout)
        self.dense1 = nn.LazyLinear(mlp_num_hiddens)

    def forward(self, X):
        N = X.shape[1]
        X = self.gelu(self.dense1(X.flatten(1)))  # (B, N, D) -> (B, N*D) -> (B, D_mlp)
        return self.dense2(X).unsqueeze(1).expand(-1, N, -1)  # (B, 1, D) -> (B, N, D)


@mutant("ViTMLP")
class MLPOverTokens(ViTMLP):
    """Rows and width confused by a reshape: each row mixes several tokens."""

    def forward(self, X):
        B, N, D = X.shape
        # (B, N, D) -> (B, D, N) -> (B, N, D): not a transpose back
        mixed = X.transpose(1, 2).reshape(B, N, D)
        return super().forward(mixed)


# The block


@mutant("ViTBlock")
class NoResidual(ViTBlock):
    """Nothing is added to the input."""

    def forward(self, X):
        return self.mlp(self.ln2(self.attention(self.ln1(X))))


@mutant("ViTBlock")
class ParallelResidual(ViTBlock):
    """The MLP reads the input of the block, not what attention made of it."""

    def forward(self, X):
        return X + self.attention(self.ln1(X)) + self.mlp(self.ln2(X))


@mutant("ViTBlock")
class PostNorm(ViTBlock):
    """Normalized after the sum, as in the Transformer of 2017."""

    def forward(self, X):
        X = self.ln1(X + self.attention(X))
        return self.ln2(X + self.mlp(X))


@mutant("ViTBlock")
class NormMissing(ViTBlock):
    """Attention reads its input as it is; ln1 is dead."""

    def forward(self, X):
        X = X + self.attention(X)
        return X + self.mlp(self.ln2(X))


@mutant("ViTBlock")
class NormTwice(ViTBlock):
    """ln1 in both places; ln2 is dead."""

    def forward(self, X):
        X = X + self.attention(self.ln1(X))
        return X + self.mlp(self.ln1(X))


@mutant("ViTBlock")
class NormOnTheStream(ViTBlock):
    """The normalized input is what the sum keeps: d2l's block until August 2022."""

    def forward(self, X):
        X = self.ln1(X)
        return X + self.mlp(self.ln2(X + self.attention(X)))


@mutant("ViTBlock")
class NormOverTokens(ViTBlock):
    """Statistics over the tokens of an image instead of the width of a token."""

    def forward(self, X):
        X = X + self.attention(self.over_tokens(self.ln1, X))
        return X + self.mlp(self.over_tokens(self.ln2, X))

    @staticmethod
    def over_tokens(norm, X):
        mean, var = X.mean(1, keepdim=True), X.var(1, keepdim=True, unbiased=False)
        return (X - mean) / torch.sqrt(var + norm.eps) * norm.weight + norm.bias


@mutant("ViTBlock")
class NoMLP(ViTBlock):
    """The second half is forgotten."""

    def forward(self, X):
        return X + self.attention(self.ln1(X))


# Patches


@mutant("PatchEmbedding")
class RowColumnChannel(PatchEmbedding):
    """Pixels of a patch in the order row, column, channel, as images are stored."""

    def forward(self, X):
        (P_h, P_w), (rows, cols) = self.patch_size, self.grid
        X = X.reshape(len(X), -1, rows, P_h, cols, P_w)
        # (B, C, h, P, w, P) -> (B, h, w, P, P, C) -> (B, N, P*P*C)
        X = X.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)
        return X @ self.conv.weight.flatten(1).T + self.conv.bias  # (D, C*P*P)


@mutant("PatchEmbedding")
class ColumnByColumn(PatchEmbedding):
    """Patches read from top to bottom, then left to right."""

    def forward(self, X):
        # (B, D, h, w) -> (B, D, w, h) -> (B, N, D)
        return self.conv(X).transpose(2, 3).flatten(2).transpose(1, 2)


@mutant("PatchEmbedding")
class ReshapedNotTransposed(PatchEmbedding):
    """(B, D, N) made (B, N, D) by a reshape."""

    def forward(self, X):
        X = self.conv(X).flatten(2)  # (B, D, h, w) -> (B, D, N)
        return X.reshape(len(X), self.num_patches, -1)  # (B, N, D), not transposed


@mutant("patchify")
def patchify_by_reshape(X, patch_size):
    """Patches cut out by a reshape alone: each is a strip of rows."""
    B, C, H, W = X.shape
    P_h, P_w = (patch_size, patch_size) if isinstance(patch_size, int) else patch_size
    return X.reshape(B, H // P_h * (W // P_w), C * P_h * P_w)  # (B, N, C*P*P)


@mutant("patchify")
def patchify_channel_last(X, patch_size):
    """Pixels of a patch in the order row, column, channel."""
    B, C, H, W = X.shape
    P_h, P_w = (patch_size, patch_size) if isinstance(patch_size, int) else patch_size
    X = X.reshape(B, C, H // P_h, P_h, W // P_w, P_w)
    # (B, C, h, P, w, P) -> (B, h, w, P, P, C) -> (B, N, P*P*C)
    return X.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)


# Class token, positions, head


@mutant("ViT")
class NoPositions(ViT):
    """Positions are never added."""

    def embed(self, X):
        X = self.patch_embedding(X)
        X = torch.cat((self.cls_token.expand(len(X), -1, -1), X), dim=1)
        return self.dropout(X)


@mutant("ViT")
class OnePositionForAll(ViT):
    """Position 0 is added to every token: labml's page until August 2022."""

    def embed(self, X):
        X = self.patch_embedding(X)
        X = torch.cat((self.cls_token.expand(len(X), -1, -1), X), dim=1)
        return self.dropout(X + self.pos_embedding[:, :1])


@mutant("ViT")
class PositionsBeforeClassToken(ViT):
    """Positions on the patches alone, before the class token joins them."""

    def embed(self, X):
        X = self.patch_embedding(X) + self.pos_embedding[:, 1:]
        return self.dropout(
            torch.cat((self.cls_token.expand(len(X), -1, -1), X), dim=1)
        )


@mutant("ViT")
class PositionsFrozen(ViT):
    """Positions that are not trained."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.pos_embedding.requires_grad_(False)


@mutant("ViT")
class EqualPositions(ViT):
    """One random vector repeated for all positions at the start."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        with torch.no_grad():
            self.pos_embedding.copy_(self.pos_embedding[:, :1].clone())


@mutant("ViT")
class ClassTokenAtEnd(ViT):
    """The class token appended; the head reads the first patch."""

    def embed(self, X):
        X = self.patch_embedding(X)
        X = torch.cat((X, self.cls_token.expand(len(X), -1, -1)), dim=1)
        return self.dropout(X + self.pos_embedding)


@mutant("ViT")
class NoClassToken(ViT):
    """Zeros in the place of the class token, which is dead."""

    def embed(self, X):
        X = F.pad(self.patch_embedding(X), (0, 0, 1, 0))  # (B, N, D) -> (B, N + 1, D)
        return self.dropout(X + self.pos_embedding)


@mutant("ViT")
class HeadReadsLastToken(ViT):
    """X[:, -1] for X[:, 0]."""

    def forward(self, X):
        return self.head(self.blks(self.embed(X))[:, -1])


@mutant("ViT")
class HeadReadsMean(ViT):
    """The mean of all tokens: another model, and not the one described."""

    def forward(self, X):
        return self.head(self.blks(self.embed(X)).mean(1))


@mutant("ViT")
class NoFinalNorm(ViT):
    """The layer norm of eq. 4 is left out, which pre-norm blocks need."""

    def forward(self, X):
        return self.head[1](self.blks(self.embed(X))[:, 0])


@mutant("ViT")
class SoftmaxInTheHead(ViT):
    """Probabilities instead of logits; the loss takes their softmax again."""

    def forward(self, X):
        return super().forward(X).softmax(1)


@mutant("ViT")
class SharedBlocks(ViT):
    """One block used L times: `[block] * num_blks`."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.blks = nn.Sequential(*[self.blks[0]] * len(self.blks))


@mutant("ViT")
class FirstBlockOnly(ViT):
    """The blocks after the first are dead: each reads the same input again."""

    def forward(self, X):
        X = self.embed(X)
        for blk in self.blks:
            Y = blk(X)
        return self.head(Y[:, 0])


@mutant("ViT")
class DropoutInEval(ViT):
    """F.dropout without the training flag, which is on by default."""

    def embed(self, X):
        return F.dropout(super().embed(X), 0.1)


@mutant("ViT")
class PixelsOutOfOrder(ViT):
    """Height and width swapped by a permute to (B, W, H, C) and a reshape back."""

    def embed(self, X):
        return super().embed(X.permute(0, 3, 2, 1).reshape(X.shape))
