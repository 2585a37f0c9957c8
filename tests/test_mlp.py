"""The MLP and its activation, compared with PyTorch's."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from vitlib import ViTMLP
from vitlib.mlp import gelu_exact, gelu_tanh

GRID = torch.linspace(-10, 10, 20001, dtype=torch.float64)


def test_both_gelus_are_torch_gelus():
    assert_close(gelu_exact(GRID), F.gelu(GRID), rtol=0, atol=1e-12)
    assert_close(gelu_tanh(GRID), F.gelu(GRID, approximate="tanh"), rtol=0, atol=1e-12)


def test_the_two_gelus_differ_by_less_than_one_in_2000():
    gap = (gelu_exact(GRID) - gelu_tanh(GRID)).abs()
    assert 4.7e-4 < gap.max() < 4.8e-4
    assert abs(GRID[gap.argmax()].abs() - 2.70) < 0.01


def test_gelu_is_not_monotone():
    values = gelu_exact(GRID)
    assert abs(values.min() + 0.16997) < 1e-5
    assert abs(GRID[values.argmin()] + 0.7518) < 1e-3


def copied(ours):
    """The same MLP as plain torch layers, holding ours' weights."""
    D, D_mlp = ours.dense1.in_features, ours.dense1.out_features
    theirs = nn.Sequential(nn.Linear(D, D_mlp), nn.GELU(), nn.Linear(D_mlp, D))
    theirs.load_state_dict(
        dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True))
    )
    return theirs


def test_equals_plain_torch_layers():
    ours = ViTMLP(20, 6, dropout=0.0)
    X = torch.randn(3, 5, 6)
    assert_close(ours(X), copied(ours)(X), rtol=0, atol=1e-6)


def test_every_token_alone_gives_the_same():
    mlp = ViTMLP(20, 6, dropout=0.0)
    X = torch.randn(3, 5, 6)
    alone = torch.cat([mlp(X[:, i : i + 1]) for i in range(5)], dim=1)
    assert_close(mlp(X), alone, rtol=0, atol=1e-6)


def test_dropout_only_while_training():
    mlp = ViTMLP(200, 60, dropout=0.5)
    X = torch.randn(2, 5, 60)
    assert not torch.equal(mlp(X), mlp(X))
    # Dropout after the second layer, too: about half of the outputs are 0.
    assert 0.4 < (mlp(X) == 0).float().mean() < 0.6
    # And after the GELU: about half of what the second layer reads.
    read = []
    mlp.dense2.register_forward_pre_hook(lambda layer, args: read.append(args[0]))
    mlp(X)
    assert 0.4 < (read[0] == 0).float().mean() < 0.6
    mlp.eval()
    assert torch.equal(mlp(X), mlp(X))
    assert_close(mlp(X), copied(mlp)(X), rtol=0, atol=1e-6)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_d2l_signature_and_names(dropout):
    mlp = ViTMLP(mlp_num_hiddens=8, mlp_num_outputs=3, dropout=dropout)
    assert [*mlp.state_dict()] == [
        "dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias",
    ]  # fmt: skip
