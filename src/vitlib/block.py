"""Multi-head self-attention and the pre-norm encoder block of ViT."""

import math

from torch import nn
from torch.nn import functional as F

from vitlib import expect
from vitlib.mlp import ViTMLP


class MultiHeadAttention(nn.Module):
    """Self-attention with several heads, fused or written out.

    Args:
        num_hiddens: width D of a token.
        num_heads: number of heads H; each works on D / H of the width.
        dropout: probability of dropping an attention weight while training.
        bias: whether the four projections have a bias, as published ViTs do.

    Shape: (B, N, D) -> (B, N, D). Weights from `explicit`: (B, H, N, N).

    Raises:
        ValueError: heads that do not divide the width, a dropout outside
            [0, 1), or tokens of another width.

    Source: Vaswani et al. 2017, section 3.2; Dosovitskiy et al. 2021, app. A.
    """

    def __init__(self, num_hiddens, num_heads, dropout, bias=False):
        super().__init__()
        expect.whole("num_hiddens", num_hiddens)
        self.num_heads = expect.whole("num_heads", num_heads)
        self.dropout = expect.probability("dropout", dropout)
        expect.divides(
            "num_heads", num_heads, "num_hiddens", num_hiddens, "change one of them"
        )
        self.W_q = nn.Linear(num_hiddens, num_hiddens, bias=bias)
        self.W_k = nn.Linear(num_hiddens, num_hiddens, bias=bias)
        self.W_v = nn.Linear(num_hiddens, num_hiddens, bias=bias)
        self.W_o = nn.Linear(num_hiddens, num_hiddens, bias=bias)

    def split_heads(self, X):
        """(B, N, D) -> (B, H, N, D/H)."""
        # The width is cut into heads first, then the head axis moves forward.
        return X.unflatten(2, (self.num_heads, -1)).transpose(1, 2)  # (B, H, N, D/H)

    def merge_heads(self, X):
        """(B, H, N, D/H) -> (B, N, D)."""
        return X.transpose(1, 2).flatten(2)  # (B, N, H, D/H) -> (B, N, D)

    def project(self, X):
        """Queries, keys and values of every head, each (B, H, N, D/H)."""
        expect.tokens(X, self.W_q.in_features)
        return [self.split_heads(W(X)) for W in (self.W_q, self.W_k, self.W_v)]

    def forward(self, X):
        Q, K, V = self.project(X)
        dropout = self.dropout if self.training else 0.0
        Y = F.scaled_dot_product_attention(Q, K, V, dropout_p=dropout)
        return self.W_o(self.merge_heads(Y))  # (B, H, N, D/H) -> (B, N, D)

    def explicit(self, X):
        """The same output step by step, and the weights: (B, N, D), (B, H, N, N)."""
        Q, K, V = self.project(X)
        scores = Q @ K.transpose(2, 3) / math.sqrt(Q.shape[3])  # (B, H, N, N)
        weights = scores.softmax(dim=-1)  # each row sums to 1
        Y = F.dropout(weights, self.dropout, self.training) @ V  # (B, H, N, D/H)
        return self.W_o(self.merge_heads(Y)), weights


class ViTBlock(nn.Module):
    """Pre-norm encoder block: attention, then the MLP, each added to its input.

    Args:
        num_hiddens: width D of a token.
        norm_shape: shape of the last axes to normalize over; D.
        mlp_num_hiddens: hidden width of the MLP.
        num_heads: number of attention heads.
        dropout: probability, for attention weights and inside the MLP.
        use_bias: whether the attention's projections have a bias.
        norm_eps: epsilon of both layer norms.

    Shape: (B, N, D) -> (B, N, D).

    Raises:
        ValueError: see `MultiHeadAttention` and `ViTMLP`; a `norm_shape` that
            is not the width.

    Source: Dosovitskiy et al. 2021, eqs. 2 and 3; D2L 11.8.4.
    """

    def __init__(
        self,
        num_hiddens,
        norm_shape,
        mlp_num_hiddens,
        num_heads,
        dropout,
        use_bias=False,
        norm_eps=1e-5,
    ):
        super().__init__()
        expect.whole("num_hiddens", num_hiddens)
        if norm_shape not in (num_hiddens, [num_hiddens], (num_hiddens,)):
            raise ValueError(
                f"norm_shape must be the width {num_hiddens}, got {norm_shape!r}"
            )
        self.ln1 = nn.LayerNorm(norm_shape, eps=norm_eps)
        self.attention = MultiHeadAttention(num_hiddens, num_heads, dropout, use_bias)
        self.ln2 = nn.LayerNorm(norm_shape, eps=norm_eps)
        self.mlp = ViTMLP(mlp_num_hiddens, num_hiddens, dropout)

    def forward(self, X):
        X = X + self.attention(self.ln1(X))  # eq. 2: (B, N, D)
        return X + self.mlp(self.ln2(X))  # eq. 3: (B, N, D)
