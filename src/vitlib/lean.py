"""The ViT without the work that nobody reads."""

import torch
from torch import nn
from torch.nn import functional as F

from vitlib.vit import ViT


class LeanViT(ViT):
    """The same function as `ViT`, without the work that nobody reads.

    The head reads token 0 of the last block. The other tokens of that block serve
    as keys and values only: their queries, their MLP and all that is between
    are left out. Arguments, weights, logits and gradients are those of `ViT`; only
    dropout draws other numbers, for it has fewer to draw and draws them by
    `LeanDropout`.

    Shape: (B, C, H, W) -> logits (B, K).
    """

    def __init__(self, *sizes, **more_sizes):
        super().__init__(*sizes, **more_sizes)
        for module in [*self.modules()]:
            for name, child in module.named_children():
                if isinstance(child, nn.Dropout):
                    setattr(module, name, LeanDropout(child.p))

    def forward(self, X):
        X = self.blks[:-1](self.embed(X))  # (B, N + 1, D)
        return self.head(first_token(self.blks[-1], X))  # (B, D) -> (B, K)


def first_token(blk, X):
    """`blk(X)[:, 0]`, and no other token: (B, N, D) -> (B, D)."""
    attention, Z = blk.attention, blk.ln1(X)
    Q = attention.split_heads(attention.W_q(Z[:, :1]))  # (B, H, 1, D/H)
    K, V = (attention.split_heads(W(Z)) for W in (attention.W_k, attention.W_v))
    dropout = attention.dropout if attention.training else 0.0
    Y = F.scaled_dot_product_attention(Q, K, V, dropout_p=dropout)
    X = X[:, :1] + attention.W_o(attention.merge_heads(Y))  # eq. 2: (B, 1, D)
    return (X + blk.mlp(blk.ln2(X)))[:, 0]  # eq. 3: (B, D)


class LeanDropout(nn.Dropout):
    """Dropout that decides about an element by 16 random bits.

    Args:
        p: probability of dropping an element, taken to the nearest multiple
            of 1 / 65,536 below 1. What is kept is divided by the probability of
            keeping it, so the mean stays, to the rounding of the dtype.

    Compiled, or on a GPU, where PyTorch drops out in one go, it is `nn.Dropout`.

    Shape: any -> the same.
    """

    def forward(self, X):
        in_one_go = X.device.type != "cpu" or torch.compiler.is_compiling()
        if not self.training or self.p in (0, 1) or in_one_go:
            return super().forward(X)
        return X * mask_of(X, self.p)


def mask_of(X, p):
    """What dropout multiplies X by, 0 or 1 / (1 - p): of the shape of X."""
    dropped = min(round(p * 2**16), 2**16 - 1)  # of the 2 ** 16 patterns of 16 bits
    bits = torch.empty(-(-X.numel() // 4), dtype=torch.int64, device=X.device)
    bits.random_(-(2**63), None)  # all 64 of them
    bits = bits.view(torch.int16)  # (n,) -> (4n,): 64 bits for 4 elements
    bits = bits[: X.numel()].view(X.shape)  # (4n,) -> the shape of X
    kept = X.new_tensor(1 / (1 - dropped / 2**16))
    return torch.where(bits < dropped - 2**15, X.new_zeros(()), kept)
