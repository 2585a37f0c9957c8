"""Patches: three versions of one map, and the orders that are wrong."""

import pytest
import torch
from torch.testing import assert_close

import vitlib
from vitlib import (
    PatchEmbedding,
    PatchEmbeddingLinear,
    PatchEmbeddingLoops,
    patchify,
    unpatchify,
)

# image (H, W), patch (P_h, P_w), channels C, width D
CASES = [
    ((12, 20), (4, 4), 3, 7),
    ((8, 30), (4, 10), 2, 5),
    ((6, 6), (1, 1), 4, 3),
    ((9, 15), (9, 15), 5, 2),
]


def three_versions(img_size, patch_size, C, D):
    """The three versions with the weights of the convolution."""
    args = (img_size, patch_size, D, C)
    conv = PatchEmbedding(*args)
    others = PatchEmbeddingLoops(*args), PatchEmbeddingLinear(*args)
    for other in others:
        with torch.no_grad():
            # (D, C, P_h, P_w) -> (D, C*P_h*P_w)
            other.linear.weight.copy_(conv.conv.weight.flatten(1))
            other.linear.bias.copy_(conv.conv.bias)
    return conv, *others


@pytest.mark.parametrize("case", CASES)
def test_three_versions_are_one_map(case):
    (H, W), _, C, D = case
    conv, loops, linear = three_versions(*case)
    X = torch.randn(3, C, H, W)
    expected = conv(X)
    assert expected.shape == (3, conv.num_patches, D)
    assert_close(loops(X), expected, rtol=0, atol=1e-5)
    assert_close(linear(X), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_strided_convolution_is_a_linear_map_of_patches(case):
    (H, W), patch_size, C, D = case
    conv = PatchEmbedding((H, W), patch_size, D, C)
    X = torch.randn(2, C, H, W)
    weight = conv.conv.weight.flatten(1)  # (D, C, P_h, P_w) -> (D, C*P_h*P_w)
    law = patchify(X, patch_size) @ weight.T + conv.conv.bias
    assert_close(law, conv(X), rtol=0, atol=1e-5)


def in_other_order(X, P, axes):
    """Patches of (B, C, H, W) with their pixels, or themselves, in another order."""
    B, C, H, W = X.shape
    X = X.reshape(B, C, H // P, P, W // P, P)
    return X.permute(axes).flatten(3).flatten(1, 2)  # (B, N, C*P*P)


WRONG_ORDERS = {
    "row, column, channel": (0, 2, 4, 3, 5, 1),
    "channel, column, row": (0, 2, 4, 1, 5, 3),
    "patches column by column": (0, 4, 2, 1, 3, 5),
}


@pytest.mark.parametrize("order", WRONG_ORDERS)
def test_the_law_rejects_the_wrong_order(order):
    conv = PatchEmbedding((12, 20), 4, 7, 3)
    X = torch.randn(2, 3, 12, 20)
    weight = conv.conv.weight.flatten(1)  # (D, C, P, P) -> (D, C*P*P)
    right = in_other_order(X, 4, (0, 2, 4, 1, 3, 5))
    assert_close(right, patchify(X, 4))
    wrong = in_other_order(X, 4, WRONG_ORDERS[order])
    assert wrong.shape == right.shape
    assert (wrong @ weight.T + conv.conv.bias - conv(X)).abs().max() > 0.1


def test_patches_come_in_reading_order():
    # Each pixel holds its own coordinates: 100 c + 10 row + column.
    c, row, col = torch.meshgrid(
        torch.arange(2), torch.arange(4), torch.arange(6), indexing="ij"
    )
    X = (100 * c + 10 * row + col).float().unsqueeze(0)  # (1, 2, 4, 6)
    patches = patchify(X, 2)[0].int().tolist()
    assert len(patches) == 2 * 3
    assert patches[0] == [0, 1, 10, 11, 100, 101, 110, 111]
    assert patches[1] == [2, 3, 12, 13, 102, 103, 112, 113]
    assert patches[3] == [20, 21, 30, 31, 120, 121, 130, 131]


@pytest.mark.parametrize(("size", "patch", "C", "D"), CASES)
def test_unpatchify_is_the_inverse(size, patch, C, D):
    X = torch.randn(3, C, *size)
    patches = patchify(X, patch)
    assert torch.equal(unpatchify(patches, size, patch), X)
    assert torch.equal(patchify(unpatchify(patches, size, patch), patch), patches)


def test_a_patch_sees_its_own_pixels_only():
    embed = PatchEmbedding((12, 20), 4, 7, 3)
    X = torch.randn(1, 3, 12, 20)
    changed = X.clone()
    changed[:, :, 4:8, 8:12] += 1  # the patch in row 1 and column 2 of 3 x 5
    differs = (embed(X) != embed(changed)).any(2)[0]
    assert differs.nonzero().flatten().tolist() == [1 * 5 + 2]


def test_grid_and_number_of_patches():
    embed = PatchEmbedding((32, 64), (16, 8), 4, 1)
    assert embed.grid == (2, 8)
    assert embed.num_patches == 16
    assert PatchEmbedding().num_patches == 36  # D2L's: 96 pixels, patches of 16


@pytest.mark.parametrize("version", ["PatchEmbeddingLoops", "PatchEmbeddingLinear"])
def test_no_version_drops_the_rest_of_an_image(version):
    embed = getattr(vitlib, version)(12, 4, 7, 3)
    with pytest.raises(ValueError, match="image width 22 is not a multiple"):
        embed(torch.randn(1, 3, 12, 22))


def test_unpatchify_names_what_does_not_fit():
    patches = torch.randn(2, 5, 12)
    with pytest.raises(ValueError, match=r"expected 6 patches .* got 5 patches of 12"):
        unpatchify(patches, (4, 6), 2)
    with pytest.raises(ValueError, match="got 6 patches of 13 numbers"):
        unpatchify(torch.randn(2, 6, 13), (4, 6), 2)
