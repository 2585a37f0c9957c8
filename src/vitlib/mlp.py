"""The position-wise MLP of a ViT block, and its activation."""

import math

import torch
from torch import nn

from vitlib import expect


def gelu_exact(x):
    """x times the standard normal distribution function at x.

    Source: Hendrycks & Gimpel 2016, eq. for GELU, section 2.
    """
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def gelu_tanh(x):
    """The tanh approximation of GELU, the default of Flax and JAX.

    Source: Hendrycks & Gimpel 2016, section 2.
    """
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return 0.5 * x * (1 + torch.tanh(inner))


class ViTMLP(nn.Module):
    """Two linear layers with a GELU between, applied to every token alike.

    Args:
        mlp_num_hiddens: width of the hidden layer; 4 D in Dosovitskiy et al.
        mlp_num_outputs: width D of a token, in and out.
        dropout: probability, after the GELU and after the second layer.

    Shape: (B, N, D) -> (B, N, D).

    Raises:
        ValueError: a width below 1, a dropout outside [0, 1), or tokens of
            another width.

    Source: Dosovitskiy et al. 2021, eq. 3 and appendix B.1; D2L 11.8.3.
    """

    def __init__(self, mlp_num_hiddens, mlp_num_outputs, dropout=0.5):
        super().__init__()
        expect.whole("mlp_num_hiddens", mlp_num_hiddens)
        expect.whole("mlp_num_outputs", mlp_num_outputs)
        expect.probability("dropout", dropout)
        self.dense1 = nn.Linear(mlp_num_outputs, mlp_num_hiddens)
        self.gelu = nn.GELU()
        self.dropout1 = nn.Dropout(dropout)
        self.dense2 = nn.Linear(mlp_num_hiddens, mlp_num_outputs)
        self.dropout2 = nn.Dropout(dropout)

    def forward(self, X):
        expect.tokens(X, self.dense1.in_features)
        X = self.dropout1(self.gelu(self.dense1(X)))  # (B, N, D) -> (B, N, D_mlp)
        return self.dropout2(self.dense2(X))  # (B, N, D_mlp) -> (B, N, D)
