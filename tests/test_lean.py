"""The ViT without the work that nobody reads, and its dropout."""

import pytest
import torch
from test_vit import images, small
from torch import nn
from torch.testing import assert_close

from vitlib import ViT
from vitlib.cost import count_macs
from vitlib.lean import LeanDropout, LeanViT, mask_of


@pytest.mark.parametrize("num_blks", [1, 3])
def test_it_has_the_logits_and_gradients_of_the_whole_model(num_blks):
    plain = small(num_blks=num_blks, use_bias=True).double()
    lean = small(LeanViT, num_blks=num_blks, use_bias=True).double()
    lean.load_state_dict(plain.state_dict())
    X, y = images(4).double(), torch.tensor([0, 4, 2, 2])
    assert_close(lean(X), plain(X), rtol=0, atol=1e-12)
    for model in (plain, lean):
        model.training_step((X, y)).backward()
    for (name, p), q in zip(plain.named_parameters(), lean.parameters(), strict=True):
        assert_close(q.grad, p.grad, rtol=0, atol=1e-12, msg=name)


def test_it_leaves_out_what_the_formula_says():
    plain, lean, X = small(), small(LeanViT), images(1)
    D, D_mlp, N = 16, 40, 12
    # Of N of the N + 1 tokens: queries, W_o, the MLP, and N + 1 scores and averages.
    left_out = N * (2 * D * D + 2 * D * D_mlp + 2 * (N + 1) * D)
    assert count_macs(plain, X) - count_macs(lean, X) == left_out


def test_it_drops_out_as_often():
    """The mean over many draws of dropout is that of the whole model."""
    X, means = images(1).double(), []
    plain = small(blk_dropout=0.3, emb_dropout=0.3).double()
    lean = small(LeanViT, blk_dropout=0.3, emb_dropout=0.3).double()
    lean.load_state_dict(plain.state_dict())
    with torch.no_grad():
        for model in (plain, lean):
            draws = model(X.expand(20_000, -1, -1, -1))
            means.append((draws.mean(0), draws.std(0)))
    (mean, deviation), (lean_mean, lean_deviation) = means
    # 6 deviations of the difference of two means of 20,000 draws.
    assert ((mean - lean_mean).abs() < 6 * deviation * (2 / 20_000) ** 0.5).all()
    assert_close(lean_deviation, deviation, rtol=0.05, atol=0)


# Dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_each_of_the_four_decisions_of_64_bits_drops_its_share(p):
    n = 2**18
    dropped = (mask_of(torch.ones(n, 4), p) == 0).double()
    deviation = (p * (1 - p) / n) ** 0.5
    assert ((dropped.mean(0) - p).abs() < 5 * deviation).all()
    # None says anything about another one: beside it, two further, in the next row.
    for other in (dropped.roll(1, 1), dropped.roll(2, 1), dropped.roll(1, 0)):
        both = (dropped * other).mean(0)
        assert ((both - p**2).abs() < 5 * (p**2 * (1 - p**2) / n) ** 0.5).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_what_is_kept_makes_up_for_what_is_dropped(dtype):
    X = torch.full((1001, 999), 3.0, dtype=dtype)  # no multiple of 4
    mask = mask_of(X, 0.1)
    assert (mask.shape, mask.dtype) == (X.shape, dtype)
    kept = 1 / (1 - 6554 / 65536)
    assert mask.unique().tolist() == [0, torch.tensor(kept, dtype=dtype)]
    if dtype != torch.bfloat16:  # there 1.11 is rounded, as in PyTorch's dropout
        assert (X * mask).double().mean() == pytest.approx(3, abs=0.006)


def test_a_half_is_exact_and_the_smallest_and_largest_probabilities_stay_finite():
    X = torch.ones(4, 1000)
    assert mask_of(X, 0.5).unique().tolist() == [0, 2]
    assert (mask_of(X, 1e-9) == 1).all()
    assert mask_of(X, 1 - 1e-9).isfinite().all()
    assert mask_of(torch.ones(0, 3), 0.1).shape == (0, 3)


def test_each_call_drops_others_and_the_seed_decides_which():
    X = torch.ones(10, 10)
    torch.manual_seed(5)
    first, second = mask_of(X, 0.5), mask_of(X, 0.5)
    torch.manual_seed(5)
    assert torch.equal(mask_of(X, 0.5), first)
    assert not torch.equal(first, second)


def test_its_gradient_is_the_mask_and_its_input_stays():
    X = torch.rand(40, 60, requires_grad=True)
    before = X.detach().clone()
    torch.manual_seed(5)
    Y = LeanDropout(0.3)(X.T)  # not contiguous
    torch.manual_seed(5)
    mask = mask_of(X.T, 0.3)
    assert 0 < (mask == 0).sum() < mask.numel()
    assert_close(Y, X.T * mask)
    assert_close(torch.autograd.grad(Y.sum(), X)[0], mask.T)
    assert torch.equal(X, before)


def test_the_mask_lies_where_its_input_does():
    X = torch.ones(8)
    with torch.device("meta"):
        mask = mask_of(X, 0.5)
    assert mask.device == X.device


@pytest.mark.parametrize(
    ("layer", "device"),
    [
        (LeanDropout(0.3).eval(), "cpu"),
        (LeanDropout(0.0), "cpu"),
        (LeanDropout(1.0), "cpu"),
        (LeanDropout(0.3), "meta"),
    ],
)
def test_it_is_the_dropout_of_pytorch_where_there_is_nothing_to_gain(
    layer, device, monkeypatch
):
    """Not training, nothing to decide, or another device than a CPU."""
    monkeypatch.setattr("vitlib.lean.mask_of", None)  # calling it would fail
    X = torch.ones(30, device=device)
    Y = layer(X)
    if device == "cpu":
        assert torch.equal(Y, X * (layer.p < 1))


def test_compiled_it_is_the_dropout_of_pytorch(monkeypatch):
    """In one graph, so that the compiler can join all that it does."""
    monkeypatch.setattr("vitlib.lean.mask_of", None)
    lean = small(LeanViT, emb_dropout=0.1, blk_dropout=0.1)
    compiled = torch.compile(lean, backend="eager", fullgraph=True)
    assert compiled(images()).shape == (2, 5)


def test_the_whole_model_drops_out_that_way_with_its_own_probabilities():
    lean = small(LeanViT, num_blks=2, emb_dropout=0.2, blk_dropout=0.3)
    layers = [m for m in lean.modules() if isinstance(m, nn.Dropout)]
    assert {type(layer) for layer in layers} == {LeanDropout}
    assert [layer.p for layer in layers] == [0.2] + 4 * [0.3]
    assert not any(isinstance(m, LeanDropout) for m in small(ViT).modules())
    assert lean.state_dict().keys() == small(ViT, num_blks=2).state_dict().keys()
