"""The ViT with a convolutional stem: which pixels a token sees, and wrong calls."""

import pytest
import torch

from vitlib.lean import LeanViT
from vitlib.stem import ConvStem, StemViT

CHANNELS, STRIDES = [4, 8, 8], [2, 1, 2]


def stem(**changes):
    torch.manual_seed(0)
    sizes = dict(channels=CHANNELS, strides=STRIDES, img_size=28, num_hiddens=16)
    return ConvStem(**{**sizes, **changes})


def test_a_token_for_each_patch():
    net = stem(img_size=(12, 20), in_channels=3)
    assert net(torch.rand(2, 3, 12, 20)).shape == (2, 15, 16)
    assert net.num_patches == 15


def test_layers():
    convs = stem().convs
    kinds = [type(layer).__name__ for layer in convs]
    assert kinds == 3 * ["Conv2d", "BatchNorm2d", "ReLU"] + ["Conv2d"]
    biases = [conv.bias is not None for conv in convs[::3]]
    assert biases == [False, False, False, True]  # a batch norm undoes the others


def test_a_token_sees_its_patch_and_a_little_more():
    """Rows 8 to 11 are those of grid row 2; 3 x 3 kernels reach a few pixels on."""
    net = stem().double().eval()
    # Batch norm in eval mode is linear, and with a shift no ReLU is closed.
    for layer in net.convs:
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.constant_(layer.bias, 9.0)
    X = torch.rand(1, 1, 28, 28, dtype=torch.float64, requires_grad=True)
    net(X)[0, 2 * 7 + 3].sum().backward()
    rows, cols = (X.grad[0, 0] != 0).nonzero().T
    # Reach of a token: 1 + 2 (1 + 2 + 2) = 11 pixels a side, centred on pixel 4 i.
    assert (rows.min(), rows.max()) == (8 - 5, 8 + 5)
    assert (cols.min(), cols.max()) == (12 - 5, 12 + 5)


def test_a_shift_by_a_patch_shifts_the_tokens():
    net = stem().eval()
    X = torch.rand(1, 1, 28, 28)
    there = net(X).unflatten(1, (7, 7))
    moved = net(X.roll(4, dims=2)).unflatten(1, (7, 7))
    # Away from the border, which the first and the last two rows see.
    assert torch.allclose(moved[:, 3:6], there[:, 2:5], atol=1e-5)
    assert not torch.allclose(moved, there, atol=1e-3)


def stem_vit(**changes):
    torch.manual_seed(0)
    return StemViT(
        CHANNELS, STRIDES, img_size=28, num_hiddens=16, mlp_num_hiddens=32,
        num_heads=2, num_blks=2, emb_dropout=0.0, blk_dropout=0.0, **changes,
    )  # fmt: skip


def test_images_may_have_three_channels():
    assert stem_vit(in_channels=3)(torch.rand(2, 3, 28, 28)).shape == (2, 10)


def test_all_after_the_stem_is_the_vit():
    net = stem_vit().eval()
    assert isinstance(net, LeanViT)
    X = torch.rand(3, 1, 28, 28)
    tokens = net.patch_embedding(X)
    token = torch.cat((net.cls_token.expand(3, 1, 16), tokens), 1) + net.pos_embedding
    assert torch.allclose(net(X), net.head(net.blks(token)[:, 0]), atol=1e-6)
    assert not any("patch_embedding.conv." in name for name in net.state_dict())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (dict(strides=[2, 2]), "got 2 strides for 3 convolutions"),
        (dict(channels=[], strides=[]), "got 0 strides for 0 convolutions"),
        (dict(strides=[2, 2, 2]), "image side 28 is not a multiple of"),
        (dict(strides=[2, 0, 2]), "stride must be at least 1, got 0"),
        (dict(channels=[4, 0, 8]), "channel must be at least 1, got 0"),
        (dict(img_size=0), "img_size must be at least 1, got 0"),
    ],
)
def test_wrong_sizes_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        stem(**changes)


@pytest.mark.parametrize(
    ("shape", "said"),
    [((1, 32, 32), "28"), ((3, 28, 28), "images with in_channels=1, got 3")],
)
def test_images_of_another_shape_are_refused(shape, said):
    with pytest.raises(ValueError, match=said):
        stem()(torch.rand(2, *shape))
