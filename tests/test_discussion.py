"""The ResNet beside the ViT, moved images, and the sensitivity to moves."""

import json
from statistics import mean

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from tools.record import RESULTS
from vitlib import FashionMNIST, ViT, evaluate
from vitlib.cost import count_macs, count_parameters
from vitlib.data import MEAN, STD
from vitlib.discussion import Residual, ResNet, shift_sensitivity, shifted
from vitlib.pretrained import fashion_resnet, fashion_vit
from vitlib.recorded import runs

EMPTY = -MEAN / STD


def rolled(X, rows, cols):
    return X.roll((rows, cols), dims=(2, 3))


def circular(model):
    """The same network with the borders of its maps joined."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            layer.padding_mode = "circular"
    return model.eval()


def settled(model):
    """Batch norms with other statistics than those they start with."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.running_mean)
            nn.init.uniform_(layer.running_var, 0.5, 2.0)
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)
    return model.eval()


# --- The residual block ------------------------------------------------------


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_shape_of_a_residual_block(stride):
    Y = Residual(3, 5, stride)(torch.randn(2, 3, 7, 10))
    assert Y.shape == (2, 5, -(-7 // stride), -(-10 // stride))


def by_hand(block, X):
    """He et al.'s block, from functions."""

    def norm(Y, bn):
        return F.batch_norm(
            Y, bn.running_mean, bn.running_var, bn.weight, bn.bias, eps=bn.eps
        )

    stride = block.conv1.stride
    Y = norm(F.conv2d(X, block.conv1.weight, None, stride, 1), block.bn1).clamp(min=0)
    Y = norm(F.conv2d(Y, block.conv2.weight, None, 1, 1), block.bn2)
    if not isinstance(block.shortcut, nn.Identity):
        conv, bn = block.shortcut
        X = norm(F.conv2d(X, conv.weight, None, stride), bn)
    return (X + Y).clamp(min=0)


@pytest.mark.parametrize(("C_out", "stride"), [(3, 1), (5, 1), (3, 2), (5, 2)])
def test_a_residual_block_is_the_paper_s(C_out, stride):
    block = settled(Residual(3, C_out, stride))
    X = torch.randn(2, 3, 7, 10)
    assert_close(block(X), by_hand(block, X))
    # Wrong: the sum before the second norm, or no shortcut at all.
    Y = F.relu(block.bn1(block.conv1(X)))
    assert not torch.allclose(
        F.relu(block.bn2(block.conv2(Y) + block.shortcut(X))), block(X), atol=1e-3
    )
    assert not torch.allclose(F.relu(block.bn2(block.conv2(Y))), block(X), atol=1e-3)


def test_the_shortcut_has_weights_only_where_the_shape_changes():
    assert isinstance(Residual(4, 4).shortcut, nn.Identity)
    for changed in (Residual(4, 5), Residual(4, 4, 2)):
        assert not isinstance(changed.shortcut, nn.Identity)


# --- The network -------------------------------------------------------------


def test_shapes_of_a_resnet():
    net = ResNet((2, 5), (4, 6, 8), num_classes=7, in_channels=3)
    X = torch.randn(2, 3, 24, 20)
    maps = net.stem(X)  # (B, C, H / P_h, W / P_w)
    assert maps.shape == (2, 4, 12, 4)
    for blk, shape in zip(net.blks, [(4, 12, 4), (6, 6, 2), (8, 3, 1)], strict=True):
        maps = blk(maps)
        assert maps.shape[1:] == shape
    assert net(X).shape == (2, 7)
    assert net.eval()(torch.randn(1, 3, 8, 10)).shape == (1, 7)  # no size is built in


def test_the_pairs_cost_the_same():
    X = torch.randn(1, 1, 28, 28)
    small = ViT(28, 7, 32, 128, 4, 2, 0.0, 0.0), ResNet(4, (18, 22, 27))
    for models in (small, (fashion_vit(), fashion_resnet())):
        for count in (count_parameters, lambda m: count_macs(m.eval(), X)):
            vit, resnet = map(count, models)
            assert abs(vit / resnet - 1) < 0.01


# --- Equivariance and invariance ---------------------------------------------


def test_a_convolution_is_equivariant_and_pooling_makes_it_invariant():
    conv = circular(nn.Conv2d(3, 5, 3, padding=1))
    X = torch.randn(2, 3, 9, 14)
    TX = rolled(X, 2, 5)
    assert_close(conv(TX), rolled(conv(X), 2, 5))
    assert not torch.allclose(conv(TX), conv(X), atol=1e-2)
    assert_close(conv(TX).mean((2, 3)), conv(X).mean((2, 3)))
    conv.padding_mode = "zeros"
    assert not torch.allclose(conv(TX), rolled(conv(X), 2, 5), atol=1e-2)


@pytest.mark.parametrize(
    ("step", "same"), [((4, 8), True), ((8, 0), True), ((2, 0), False), ((4, 1), False)]
)
def test_a_resnet_is_invariant_for_multiples_of_its_stride(step, same):
    """Two strides of 2, with the borders joined."""
    net = circular(settled(ResNet(2, (6, 8), in_channels=3)))
    X = torch.randn(2, 3, 24, 40)
    assert torch.allclose(net(rolled(X, *step)), net(X), atol=1e-5) == same


def test_what_takes_the_invariance_away():
    X = torch.randn(2, 3, 24, 40)
    TX = rolled(X, 4, 8)
    padded = settled(ResNet(2, (6, 8), in_channels=3))
    assert not torch.allclose(padded(TX), padded(X), atol=1e-4)
    flat = circular(settled(ResNet(2, (6, 8), in_channels=3)))
    maps = [flat.blks(flat.stem(Z)).flatten(1) for Z in (X, TX)]  # (B, C * H * W)
    assert not torch.allclose(*maps, atol=1e-4)  # without pooling

    vit = ViT((24, 40), 4, 24, 48, 4, 2, 0.0, 0.0, in_channels=3).eval()
    assert not torch.allclose(vit(TX), vit(X), atol=1e-4)
    nn.init.zeros_(vit.pos_embedding)
    assert_close(vit(TX), vit(X), atol=1e-5, rtol=0)
    assert not torch.allclose(vit(rolled(X, 0, 1)), vit(X), atol=1e-4)


# --- Moved images ------------------------------------------------------------


@pytest.mark.parametrize("rows", [-3, 0, 2])
@pytest.mark.parametrize("cols", [-4, 0, 1])
def test_shifted_moves_every_pixel(rows, cols):
    X = torch.randn(2, 3, 6, 9)
    Y = shifted(X, rows, cols, background=7.0)
    assert Y.shape == X.shape
    for i in range(6):
        for j in range(9):
            inside = 0 <= i - rows < 6 and 0 <= j - cols < 9
            came = X[:, :, i - rows, j - cols] if inside else torch.tensor(7.0)
            assert Y[:, :, i, j].eq(came).all()
    if rows or cols:
        assert not torch.equal(Y, rolled(X, rows, cols))  # nothing comes back
        assert not torch.equal(Y, shifted(X, -rows, -cols, 7.0))


# --- Sensitivity -------------------------------------------------------------


class Columns(nn.Module):
    """Says which of the columns of an image is brightest: known sensitivity."""

    def forward(self, X):
        return X.mean((1, 2))  # (B, C, H, W) -> (B, W)


class Constant(nn.Module):
    def forward(self, X):
        return torch.arange(4.0).expand(len(X), -1) + X.mean((1, 2, 3))[:, None]


def test_sensitivity_is_0_at_distance_0():
    changed, moved = shift_sensitivity(fashion_resnet(), torch.randn(3, 1, 28, 28), 1)
    assert changed[0] == moved[0] == 0
    assert moved[1] > 0


def test_sensitivity_of_a_model_that_points_at_a_column():
    """To the sides its answer always changes, up and down it never does."""
    X = torch.zeros(5, 1, 9, 9)
    X[:, :, 4, 4] = 1.0
    changed, _ = shift_sensitivity(Columns(), X, 3)
    assert changed == [0.0, 0.5, 0.5, 0.5]


def test_a_constant_added_to_all_logits_is_no_change():
    X = torch.rand(4, 1, 8, 8)
    changed, moved = shift_sensitivity(Constant(), X, 2, background=1.0)
    assert changed == [0.0, 0.0, 0.0]
    assert max(moved) < 1e-5


def test_sensitivity_leaves_eval_mode_and_no_gradient():
    net = ResNet(4, (4, 6)).train()
    before = net.stem[1].running_mean.clone()
    shift_sensitivity(net, torch.randn(4, 1, 28, 28), 1)
    assert not net.training
    assert torch.equal(net.stem[1].running_mean, before)
    assert all(p.grad is None for p in net.parameters())


# --- The trained model and the recordings ------------------------------------


def test_the_resnet_that_ships_is_the_recorded_one():
    """The file in the package holds its weights, in half precision."""
    (run,) = runs("fashion_resnet")
    data = FashionMNIST(500, normalize=True, holdout=0)
    _, acc = evaluate(fashion_resnet(), data.test_dataloader())
    assert acc == pytest.approx(run["test_acc"], abs=5e-4)
    _, acc = evaluate(fashion_vit(), data.test_dataloader())
    assert acc != pytest.approx(run["test_acc"], abs=5e-3)


def test_what_the_chapter_says_of_the_recordings():
    """Its sentences about the sweep, the shifts and the clock."""
    sizes = (1000, 3000, 10_000, 30_000, 60_000)
    lead = {
        n: [
            r[f"test_acc_{n}"] - v[f"test_acc_{n}"]
            for v, r in zip(runs("sweep_vit"), runs("sweep_resnet"), strict=True)
        ]
        for n in sizes
    }
    assert all(min(found) > 0 for found in lead.values())
    means = {n: sum(found) / len(found) for n, found in lead.items()}
    assert max(means, key=means.get) == 1000
    assert min(means, key=means.get) == 10_000
    for n, vit_has_the_wider_gap in ((1000, True), (3000, True), (60_000, False)):
        vit, resnet = (
            [run[f"train_acc_{n}"] - run[f"test_acc_{n}"] for run in runs(name)]
            for name in ("sweep_vit", "sweep_resnet")
        )
        assert (sum(vit) > sum(resnet)) == vit_has_the_wider_gap
    for run in runs("shift"):
        assert all(
            run[f"resnet_changed_{d}"] < run[f"vit_changed_{d}"] for d in (1, 2, 3)
        )
        assert min(run["resnet_changed_4"], run["vit_changed_4"]) > 0.5
    for run in runs("cost_timing"):
        assert run["attention_crossover"] < 384
        assert 0.88 < run["block_crossover"] / 1152 < 0.965


def test_the_curves_of_the_chapter_are_of_one_recipe():
    vit, resnet = (
        json.loads((RESULTS / f"{name}.json").read_text())["recipe"]
        for name in ("recipe_longer", "resnet_longer")
    )
    assert resnet["family"] == "resnet"
    assert {key for key in vit if vit[key] != resnet[key]} <= {"model", "family"}


def test_sensitivity_looks_in_all_four_directions_and_relative_to_the_start():
    class Mass(nn.Module):
        """Two logits that hang on what is left of the image."""

        def forward(self, X):
            s = X.sum((1, 2, 3))
            return torch.stack([s, -s], 1)

    X = torch.zeros(1, 1, 8, 8)
    X[..., 0, :], X[..., :, 0] = 1.0, 1.0  # the upper and the left border
    _, moved = shift_sensitivity(Mass(), X, 1)
    mass, down, right, up, left = (Y.sum().item() for Y in (
        X, shifted(X, 1, 0), shifted(X, 0, 1), shifted(X, -1, 0), shifted(X, 0, -1),
    ))  # fmt: skip
    expected = mean(abs(m - mass) / mass for m in (down, right, up, left))
    assert moved[1] == pytest.approx(expected)
