"""Attention and the block, compared with PyTorch's own and with d2l's."""

import pytest
import torch
from d2l import torch as d2l
from torch import nn
from torch.testing import assert_close

from vitlib import MultiHeadAttention, ViTBlock

B, N, D, H = 3, 7, 24, 4
TOLERANCE = dict(rtol=0, atol=1e-5)


def attention(bias):
    """Ours, with weights of the size that a trained model has."""
    ours = MultiHeadAttention(D, H, dropout=0.0, bias=bias)
    for p in ours.parameters():
        nn.init.normal_(p, std=0.3)
    return ours


def torch_attention(ours):
    """torch.nn.MultiheadAttention with our weights: q, k, v joined in one matrix."""
    bias = ours.W_q.bias is not None
    theirs = nn.MultiheadAttention(D, H, bias=bias, batch_first=True)
    projections = ours.W_q, ours.W_k, ours.W_v
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([W.weight for W in projections]))
        theirs.out_proj.weight.copy_(ours.W_o.weight)
        if bias:
            theirs.in_proj_bias.copy_(torch.cat([W.bias for W in projections]))
            theirs.out_proj.bias.copy_(ours.W_o.bias)
    return theirs


@pytest.mark.parametrize("bias", [False, True])
def test_fused_is_explicit(bias):
    ours = attention(bias)
    X = torch.randn(B, N, D)
    Y, weights = ours.explicit(X)
    assert weights.shape == (B, H, N, N)
    assert_close(ours(X), Y, **TOLERANCE)
    assert_close(weights.sum(-1), torch.ones(B, H, N), **TOLERANCE)


@pytest.mark.parametrize("bias", [False, True])
def test_fused_and_explicit_have_the_same_gradients(bias):
    ours = attention(bias)
    X = torch.randn(B, N, D)
    both = []
    for Y in (ours(X), ours.explicit(X)[0]):
        ours.zero_grad()
        Y.square().sum().backward()
        both.append([p.grad.clone() for p in ours.parameters()])
    for fused, explicit in zip(*both, strict=True):
        # The largest gradients are in the hundreds.
        assert_close(fused, explicit, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("bias", [False, True])
def test_equals_torch_multihead_attention(bias):
    ours = attention(bias)
    X = torch.randn(B, N, D)
    theirs, their_weights = torch_attention(ours)(
        X, X, X, need_weights=True, average_attn_weights=False
    )
    Y, weights = ours.explicit(X)
    assert_close(ours(X), theirs, **TOLERANCE)
    assert_close(Y, theirs, **TOLERANCE)
    assert_close(weights, their_weights, **TOLERANCE)


@pytest.mark.parametrize("bias", [False, True])
def test_equals_d2l_multihead_attention(bias):
    ours = attention(bias)
    X = torch.randn(B, N, D)
    theirs = d2l.MultiHeadAttention(D, H, 0.0, bias)
    theirs(X, X, X, None)  # d2l's layers are lazy: give them their shapes
    theirs.load_state_dict(ours.state_dict())
    _, weights = ours.explicit(X)
    assert_close(ours(X), theirs(X, X, X, None), **TOLERANCE)
    # (B*H, N, N) -> (B, H, N, N)
    their_weights = theirs.attention.attention_weights.unflatten(0, (B, H))
    assert_close(weights, their_weights, **TOLERANCE)


def test_heads_are_cut_from_the_width_and_put_back():
    ours = attention(False)
    X = torch.randn(B, N, D)
    heads = ours.split_heads(X)
    assert heads.shape == (B, H, N, D // H)
    for h in range(H):
        assert torch.equal(heads[:, h], X[:, :, h * D // H : (h + 1) * D // H])
    assert torch.equal(ours.merge_heads(heads), X)


def test_dropout_of_weights_only_while_training():
    ours = MultiHeadAttention(D, H, dropout=0.5)
    X = torch.randn(B, N, D)
    assert not torch.equal(ours(X), ours(X))
    assert not torch.equal(ours.explicit(X)[0], ours.explicit(X)[0])
    ours.eval()
    assert torch.equal(ours(X), ours(X))
    assert_close(ours(X), ours.explicit(X)[0], **TOLERANCE)


def test_no_bias_unless_asked():
    assert [*MultiHeadAttention(D, H, 0.0).state_dict()] == [
        "W_q.weight", "W_k.weight", "W_v.weight", "W_o.weight",
    ]  # fmt: skip
    assert len(MultiHeadAttention(D, H, 0.0, bias=True).state_dict()) == 8


def block(use_bias, dropout=0.0):
    ours = ViTBlock(D, D, 4 * D, H, dropout, use_bias)
    for p in ours.parameters():
        nn.init.normal_(p, std=0.3)
    return ours


def torch_block(ours):
    """TransformerEncoderLayer, pre-norm with GELU, with our weights."""
    theirs = nn.TransformerEncoderLayer(
        D, H, 4 * D, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    joined = torch_attention(ours.attention)
    theirs.self_attn.load_state_dict(joined.state_dict())
    theirs.norm1.load_state_dict(ours.ln1.state_dict())
    theirs.norm2.load_state_dict(ours.ln2.state_dict())
    theirs.linear1.load_state_dict(ours.mlp.dense1.state_dict())
    theirs.linear2.load_state_dict(ours.mlp.dense2.state_dict())
    return theirs


def test_equals_torch_encoder_layer():
    ours = block(use_bias=True)
    theirs = torch_block(ours)
    X = torch.randn(B, N, D)
    # Weights of std 0.3 make values of a few tens: compare on their scale.
    scale = theirs(X).abs().max()
    assert (ours(X) - theirs(X)).abs().max() <= 1e-5 * scale
    theirs.eval()  # the layer's other, fused path
    with torch.no_grad():
        assert (ours(X) - theirs(X)).abs().max() <= 1e-5 * scale


def test_post_norm_would_be_noticed():
    ours = block(use_bias=True)
    theirs = torch_block(ours)
    theirs.norm_first = False
    X = torch.randn(B, N, D)
    assert (ours(X) - theirs(X)).abs().max() > 1


@pytest.mark.parametrize("use_bias", [False, True])
def test_equals_the_equations_with_d2l_attention(use_bias):
    ours = block(use_bias)
    theirs = d2l.MultiHeadAttention(D, H, 0.0, use_bias)
    X = torch.randn(B, N, D)
    theirs(X, X, X, None)
    theirs.load_state_dict(ours.attention.state_dict())
    Z = ours.ln1(X)
    middle = X + theirs(Z, Z, Z, None)  # eq. 2
    expected = middle + ours.mlp(ours.ln2(middle))  # eq. 3
    assert (ours(X) - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_zeroed_branches_leave_the_input_alone():
    ours = block(use_bias=True)
    for layer in (ours.attention.W_o, ours.mlp.dense2):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    X = torch.randn(B, N, D)
    assert torch.equal(ours(X), X)


def test_permuted_tokens_give_the_permuted_output():
    ours = block(use_bias=False)
    X, order = torch.randn(B, N, D), torch.randperm(N)
    scale = ours(X).abs().max()
    assert (ours(X[:, order]) - ours(X)[:, order]).abs().max() <= 1e-5 * scale


@pytest.mark.parametrize("norm_shape", [D, [D], (D,)])
def test_every_form_of_norm_shape(norm_shape):
    ours = ViTBlock(D, norm_shape, 4 * D, H, 0.0)
    assert ours(torch.randn(B, N, D)).shape == (B, N, D)


def test_norm_eps_reaches_both_norms():
    ours = ViTBlock(D, D, 4 * D, H, 0.0, norm_eps=1e-3)
    assert ours.ln1.eps == ours.ln2.eps == 1e-3
