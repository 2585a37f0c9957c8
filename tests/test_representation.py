"""Activations, probes, CKA and HOG: laws, and wrong versions that must not pass."""

import math

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from vitlib import ViT
from vitlib.discussion import ResNet
from vitlib.representation import (
    LinearProbe,
    activations,
    centered,
    cka_map,
    feature_maps,
    hog,
    linear_cka,
    ridge,
)

double = {"dtype": torch.float64}


# --- What is read -----------------------------------------------------------


def test_activations_are_those_of_the_forward_pass():
    vit = ViT((8, 12), 4, 12, 24, 3, 2, 0.1, 0.1).eval()
    X = torch.rand(5, 1, 8, 12)
    layers = activations(vit, X)
    assert [tuple(Z.shape) for Z in layers] == [(5, 7, 12)] * 3
    assert_close(vit.head(layers[-1][:, 0]), vit(X))
    assert_close(layers[0], vit.embed(X))
    assert not any(Z.requires_grad for Z in layers)
    # Before any block, the class token does not depend on the image.
    assert_close(layers[0][0, 0], layers[0][4, 0])
    assert not torch.allclose(layers[1][0, 0], layers[1][4, 0])


def test_feature_maps_are_those_of_the_forward_pass():
    cnn = ResNet(4, (6, 10, 14), in_channels=3).eval()
    X = torch.rand(5, 3, 16, 24)
    maps = feature_maps(cnn, X)
    assert [tuple(Z.shape) for Z in maps] == [
        (5, 6, 4, 6), (5, 6, 4, 6), (5, 10, 2, 3), (5, 14, 1, 2),
    ]  # fmt: skip
    assert_close(cnn.head(maps[-1].mean((2, 3))), cnn(X))
    assert not any(Z.requires_grad for Z in maps)


# --- Probes -----------------------------------------------------------------


def clusters(rows, width=30, classes=4, spread=0.8):
    """Features around one center a class, and the classes."""
    center = torch.randn(classes, width, generator=torch.Generator().manual_seed(1))
    labels = torch.randint(classes, (rows,))
    return center[labels] + spread * torch.randn(rows, width), labels


@pytest.mark.parametrize("strength", [1e-4, 0.1, 3.0])
def test_ridge_is_the_minimum(strength):
    """Also written as least squares with extra rows."""
    X, Y = torch.randn(50, 7, **double) * 3 + 2, torch.randn(50, 4, **double)
    ((mean, std, W, b),) = ridge(X, Y, [strength])
    assert_close(mean, X.mean(0))
    assert_close(b, Y.mean(0))
    Z = (X - mean) / std
    extra = math.sqrt(50 * strength) * torch.eye(7, **double)
    rows = torch.cat([Z, extra])
    targets = torch.cat([Y - b, torch.zeros(7, 4, **double)])
    assert_close(W, torch.linalg.lstsq(rows, targets).solution)


def test_a_probe_reads_what_is_there_and_nothing_else():
    (X, y), (X_new, y_new) = clusters(400), clusters(300)
    assert LinearProbe(X, y, 4).accuracy(X_new, y_new) > 0.95
    dealt = y[torch.randperm(400)]
    assert abs(LinearProbe(X, dealt, 4).accuracy(X_new, y_new) - 0.25) < 0.15
    noise = torch.randn(400, 30)
    assert LinearProbe(noise, y, 4).accuracy(torch.randn(300, 30), y_new) < 0.4


def test_a_probe_is_linear():
    """The sign of a product is no linear function of its factors."""
    X, X_new = torch.randn(2, 2000, 2)
    y, y_new = ((Z.prod(1) > 0).long() for Z in (X, X_new))
    assert abs(LinearProbe(X, y, 2).accuracy(X_new, y_new) - 0.5) < 0.1
    product, product_new = X.prod(1, keepdim=True), X_new.prod(1, keepdim=True)
    assert LinearProbe(product, y, 2).accuracy(product_new, y_new) > 0.9


def honest(judge):
    """Whether `judge(X, y, X_new, y_new)` finds nothing where there is nothing."""
    X, X_new = torch.randn(2, 60, 200)
    y, y_new = torch.randint(4, (2, 60))
    return judge(X, y, X_new, y_new) < 0.5


def test_a_probe_judged_on_its_own_rows_is_rejected():
    def on_new_rows(X, y, X_new, y_new):
        return LinearProbe(X, y, 4).accuracy(X_new, y_new)

    def on_its_own_rows(X, y, X_new, y_new):
        return LinearProbe(X, y, 4, strengths=(1e-4,)).accuracy(X, y)

    def fitted_on_both(X, y, X_new, y_new):
        both = torch.cat([X, X_new]), torch.cat([y, y_new])
        return LinearProbe(*both, 4, strengths=(1e-4,)).accuracy(X_new, y_new)

    assert honest(on_new_rows)
    assert not honest(on_its_own_rows)
    assert not honest(fitted_on_both)


def test_order_scale_and_place_of_a_feature_do_not_matter():
    (X, y), (X_new, _) = clusters(200), clusters(300)
    answers = LinearProbe(X, y, 4).predict(X_new)
    order, scale, shift = torch.randperm(30), torch.rand(30) + 0.5, torch.randn(30)
    probe = LinearProbe(X[:, order] * scale + shift, y, 4)
    assert torch.equal(probe.predict(X_new[:, order] * scale + shift), answers)
    # New rows are standardized with the numbers of the old ones.
    probe = LinearProbe(X, y, 4)
    assert torch.equal(probe.predict(X_new[:7]), answers[:7])


def test_a_constant_feature_changes_nothing():
    (X, y), (X_new, _) = clusters(200), clusters(300)
    answers = LinearProbe(X, y, 4).predict(X_new)
    X, X_new = (torch.cat([Z, torch.full((len(Z), 1), 5.0)], 1) for Z in (X, X_new))
    assert torch.equal(LinearProbe(X, y, 4).predict(X_new), answers)


def test_the_strength_is_chosen_on_rows_held_back():
    """Where nothing can be learned on the first four fifths, all are equal."""
    X, y = clusters(100)
    chosen = LinearProbe(X, y, 4, strengths=(1e-4, 1.0, 1e6))
    assert chosen.strength in (1e-4, 1.0)
    tried = {
        s: LinearProbe(X[:80], y[:80], 4, strengths=(s,)).accuracy(X[80:], y[80:])
        for s in (1e-4, 1.0, 1e6)
    }
    best = max(tried.values())
    assert chosen.strength == max(s for s in tried if tried[s] == best)
    alone = LinearProbe(X, y, 4, strengths=(chosen.strength,))
    assert all(
        torch.equal(a, b) for a, b in zip(chosen.map, alone.map, strict=True)
    )  # fitted again on all rows


# --- CKA --------------------------------------------------------------------


def broken_laws(cka):
    """The names of the laws that a measure of likeness breaks."""
    X = torch.randn(40, 6, **double) + 2  # a mean that is not 0
    Y = X @ torch.randn(6, 9, **double) + 2 * torch.randn(40, 9, **double)
    turn = torch.linalg.qr(torch.randn(6, 6, **double))[0]
    stretch = torch.tensor([10.0, 1, 1, 1, 1, 1], **double)
    value = cka(X, Y)

    def near(other, to=value):
        return abs(float(other) - float(to)) < 1e-6

    laws = {
        "rotation": near(cka(X @ turn, Y)),
        "scale": near(cka(-3 * X, Y)),
        "shift": near(cka(X + 5, Y)),
        "exchange": near(cka(Y, X)),
        "itself": near(cka(X, X), 1),
        "between 0 and 1": 0 <= value <= 1,
        "not every linear map": not near(cka(X * stretch, Y)),
        "order of the images": cka(X, Y[torch.randperm(40)]) < value - 0.1,
    }
    return {name for name, holds in laws.items() if not holds}


def uncentered(X, Y):
    return (Y.T @ X).norm() ** 2 / ((X.T @ X).norm() * (Y.T @ Y).norm())


def unscaled(X, Y):
    return (centered("Y", Y).T @ centered("X", X)).norm() ** 2


def not_squared(X, Y):
    X, Y = centered("X", X), centered("Y", Y)
    return (Y.T @ X).norm() / ((X.T @ X).norm() * (Y.T @ Y).norm())


def subspaces(X, Y):
    """Blind to every invertible map, as canonical correlations are."""
    X, Y = (torch.linalg.qr(centered("Z", Z))[0] for Z in (X, Y))
    return (Y.T @ X).norm() ** 2 / ((X.T @ X).norm() * (Y.T @ Y).norm())


def rows_centered(X, Y):
    return uncentered(X - X.mean(1, keepdim=True), Y - Y.mean(1, keepdim=True))


def test_cka_keeps_its_laws():
    assert broken_laws(linear_cka) == set()
    assert broken_laws(lambda X, Y: cka_map([X], [Y]).item()) == set()


@pytest.mark.parametrize(
    ("wrong", "law"),
    [
        (uncentered, "shift"),
        (unscaled, "scale"),
        (not_squared, "itself"),
        (subspaces, "not every linear map"),
        (rows_centered, "rotation"),
    ],
)
def test_wrong_measures_are_rejected(wrong, law):
    assert law in broken_laws(wrong)


def test_the_map_holds_the_same_numbers():
    first = [torch.randn(30, width) for width in (5, 40)]
    second = [torch.randn(30, width) for width in (3, 8, 60)]
    table = cka_map(first, second)
    assert table.shape == (2, 3)
    for i, X in enumerate(first):
        for j, Y in enumerate(second):
            assert_close(table[i, j].item(), linear_cka(X, Y))


# --- HOG --------------------------------------------------------------------


def stripes(across_rows):
    """A wide image (1, 1, 12, 16) whose brightness rises along one axis."""
    X = torch.arange(12.0)[:, None] if across_rows else torch.arange(16.0)
    return X.expand(1, 1, 12, 16)


def votes(X, bins=9):
    """The votes of each direction, over all cells: (B, bins)."""
    blocks = hog(X, bins=bins)
    return blocks.unflatten(1, (bins, -1)).sum(2)  # (B, bins * rest) -> (B, bins)


def broken_hog_laws(f):
    X = torch.rand(3, 2, 12, 16)
    laws = {
        "shift": torch.allclose(f(X + 0.5), f(X), atol=1e-4),
        "contrast": torch.allclose(f(20 * X), f(10 * X), atol=1e-2),
        "negative": torch.allclose(f(-X), f(X), atol=1e-4),
        "mirror": not torch.allclose(f(X.flip(3)), f(X), atol=1e-2),
        "image by image": torch.allclose(f(X)[1:2], f(X[1:2]), atol=1e-5),
    }
    return {name for name, holds in laws.items() if not holds}


@pytest.mark.parametrize(
    ("size", "cell", "bins"), [((28, 28), 4, 9), ((12, 16), 4, 6), ((8, 12), 2, 9)]
)
def test_hog_has_its_shape(size, cell, bins):
    h, w = (side // cell - 1 for side in size)
    out = hog(torch.rand(5, 3, *size), cell, bins)
    assert out.shape == (5, h * w * 4 * bins)
    assert (out >= 0).all()
    blocks = out.unflatten(1, (4 * bins, h * w))  # (B, n) -> (B, 4 * bins, h * w)
    assert_close(blocks.norm(dim=1), torch.ones(5, h * w), atol=0.02, rtol=0)


def test_hog_keeps_its_laws():
    assert broken_hog_laws(hog) == set()


def test_wrong_histograms_are_rejected():
    def without_normalization(X):
        padded = F.pad(X, (1, 1, 1, 1), mode="replicate")
        dx = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
        return F.avg_pool2d(dx.abs(), 4).flatten(1)  # (B, C, h, w) -> (B, C * h * w)

    def signed(X):
        return F.normalize(
            F.avg_pool2d(X.diff(dim=3), 4).flatten(1)  # (B, C, h, w) -> (B, C * h * w)
        )

    def brightness(X):
        return F.normalize(F.avg_pool2d(X, 4).flatten(1))  # (B, C * h * w)

    def no_place_and_no_direction(X):
        steps = X.diff(dim=3).abs().mean((1, 2, 3)), X.diff(dim=2).abs().mean((1, 2, 3))
        return F.normalize(torch.stack(steps, dim=1))  # (B, 2)

    assert "contrast" in broken_hog_laws(without_normalization)
    assert "negative" in broken_hog_laws(signed)
    assert "shift" in broken_hog_laws(brightness)
    assert "mirror" in broken_hog_laws(no_place_and_no_direction)


def test_hog_tells_directions_apart():
    """Brightness that rises to the right is direction 0, downward 90 degrees."""
    right, down = votes(stripes(False), 8)[0], votes(stripes(True), 8)[0]
    assert_close(right / right.sum(), torch.eye(8)[0], atol=1e-5, rtol=0)
    assert_close(down / down.sum(), torch.eye(8)[4], atol=1e-5, rtol=0)
    # Between two directions the vote is shared: 45 degrees of 9 bins of 20.
    both = votes(stripes(False) + stripes(True))[0]
    both = both / both.sum()
    assert both[2] > 0.5 * both.max()
    assert both[3] == pytest.approx(both[2] / 3, rel=0.25)


def test_the_channel_of_the_longest_gradient_speaks():
    X = torch.cat([stripes(False), 5 * stripes(True)], dim=1)
    assert_close(hog(X), hog(5 * stripes(True)))


def test_ridge_standardizes_by_the_rows_it_gets():
    X = torch.randn(7, 3, dtype=torch.float64) * torch.tensor([1.0, 1e-4, 5.0])
    ((_, std, _, _),) = ridge(X, torch.eye(7, dtype=torch.float64), [0.1])
    torch.testing.assert_close(std, ((X - X.mean(0)) ** 2).mean(0).sqrt())
