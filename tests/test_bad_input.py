"""Wrong calls: each raises the right error, which names what came and what should.

Each row of the table is a wrong call, the type of its error, and two fragments of
the message: what came, and what was expected.
"""

import math

import numpy as np
import pytest
import torch

from vitlib import (
    Classifier,
    FashionMNIST,
    MultiHeadAttention,
    PatchEmbedding,
    PatchEmbeddingLinear,
    PatchEmbeddingLoops,
    Trainer,
    ViT,
    ViTBlock,
    ViTMLP,
    patchify,
    profile,
    unpatchify,
)
from vitlib.cost import swin_macs, vit_macs
from vitlib.discussion import Residual, ResNet, shift_sensitivity, shifted
from vitlib.figures.index import image_as_sequence
from vitlib.pretrained import load_torchvision
from vitlib.representation import (
    LinearProbe,
    activations,
    cka_map,
    feature_maps,
    hog,
    linear_cka,
)
from vitlib.right_shape_wrong_model import make_wrong
from vitlib.swin import (
    PatchMerging,
    Swin,
    SwinBlock,
    WindowAttention,
    relative_position_index,
    shift_mask,
    window_partition,
    window_reverse,
)
from vitlib.training import Diverged, evaluate


def vit(**changes):
    config = dict(
        img_size=8, patch_size=4, num_hiddens=12, mlp_num_hiddens=24, num_heads=3,
        num_blks=1, emb_dropout=0.0, blk_dropout=0.0,
    )  # fmt: skip
    return ViT(**{**config, **changes})


def swin(**changes):
    config = dict(
        img_size=16, patch_size=2, num_hiddens=8, depths=(1, 2), num_heads=(2, 2),
        window_size=4,
    )  # fmt: skip
    return Swin(**{**config, **changes})


def step(X, y):
    """One training step of a model of 8 x 8 images and ten classes."""
    return vit().training_step((X, y))


def images(*shape):
    return torch.rand(*shape) if shape else torch.rand(3, 1, 8, 8)


def labels(*values, dtype=torch.int64):
    return torch.tensor(values or (0, 1, 2), dtype=dtype)


def with_nan():
    X = images()
    X[1, 0, 2, 3] = math.nan
    return X


def with_infinite_weights():
    model = vit()
    torch.nn.init.constant_(model.head[1].weight, math.inf)
    return model.training_step((images(), labels()))


def torchvision_like(width):
    """Two weights of a torchvision ViT of this width, enough to be refused."""
    return {
        "class_token": torch.zeros(1, 1, width),
        "encoder.pos_embedding": torch.zeros(1, 5, width),
    }


T, V = TypeError, ValueError
WRONG = {
    # sizes of the image and of the patch
    "patch does not divide": (lambda: PatchEmbedding(96, 15), V, "15", "multiple"),
    "patch width": (
        lambda: PatchEmbedding((8, 10), 4), V, "image width 10", "multiple of patch",
    ),
    "patch larger than image": (
        lambda: PatchEmbedding(8, 16), V, "image height 8", "multiple of patch height",
    ),
    "patchify": (lambda: patchify(images(2, 3, 8, 9), 4), V, "width 9", "multiple"),
    "loops": (
        lambda: PatchEmbeddingLoops(8, 4, 5, 1)(images(1, 1, 8, 10)),
        V, "width 10", "multiple of patch width 4",
    ),
    "linear": (
        lambda: PatchEmbeddingLinear(8, 4, 5, 1)(images(1, 1, 8, 10)),
        V, "width 10", "multiple of patch width 4",
    ),
    "unpatchify": (
        lambda: unpatchify(torch.rand(2, 5, 16), 8, 4), V, "got 5", "expected 4",
    ),
    "triple img_size": (
        lambda: PatchEmbedding((8, 8, 3), 4), V, "(8, 8, 3)", "pair (height, width)",
    ),
    "float patch": (lambda: PatchEmbedding(96, 16.0), T, "16.0", "must be an int"),
    "text for a size": (lambda: vit(img_size="96"), T, "'96'", "must be an int"),
    "patch 0": (lambda: PatchEmbedding(96, 0), V, "got 0", "at least 1"),
    "negative side": (lambda: vit(img_size=(8, -8)), V, "-8", "at least 1"),
    # other arguments of the model
    "heads do not divide": (
        lambda: MultiHeadAttention(10, 4, 0.0), V, "num_hiddens 10", "num_heads 4",
    ),
    "heads of a ViT": (lambda: vit(num_heads=5), V, "num_hiddens 12", "num_heads 5"),
    "no heads": (lambda: vit(num_heads=0), V, "got 0", "num_heads must be at least 1"),
    "dropout below 0": (lambda: ViTMLP(8, 4, -0.1), V, "-0.1", "in [0, 1)"),
    "dropout 1": (lambda: ViTMLP(8, 4, 1), V, "got 1", "in [0, 1)"),
    "dropout a bool": (lambda: vit(blk_dropout=True), T, "True", "number in [0, 1)"),
    "dropout a text": (
        lambda: MultiHeadAttention(8, 2, "0.1"), T, "'0.1'", "number in [0, 1)",
    ),
    "dropout NaN": (lambda: vit(emb_dropout=math.nan), V, "nan", "in [0, 1)"),
    "no blocks": (lambda: vit(num_blks=0), V, "got 0", "num_blks must be at least 1"),
    "no classes": (lambda: vit(num_classes=0), V, "got 0", "at least 1"),
    "no channels": (lambda: vit(in_channels=0), V, "got 0", "at least 1"),
    "width a float": (lambda: vit(num_hiddens=12.0), T, "12.0", "must be an int"),
    "width of a block a float": (
        lambda: ViTBlock(12.0, 12.0, 24, 3, 0.0), T, "12.0", "must be an int",
    ),
    "norm_shape": (lambda: ViTBlock(12, 13, 24, 3, 0.0), V, "13", "the width 12"),
    "norm_shape of two axes": (
        lambda: ViTBlock(12, (5, 12), 24, 3, 0.0), V, "(5, 12)", "the width 12",
    ),
    "preset": (lambda: ViT.from_preset("B/17"), V, "'B/17'", "'B/16'"),
    "lr negative": (lambda: vit(lr=-0.1), V, "-0.1", "finite and above 0"),
    "lr 0": (lambda: vit(lr=0), V, "got 0", "finite and above 0"),
    "lr infinite": (lambda: vit(lr=math.inf), V, "inf", "finite and above 0"),
    "lr NaN": (lambda: vit(lr=math.nan), V, "nan", "finite and above 0"),
    "lr a text": (lambda: vit(lr="0.1"), T, "'0.1'", "must be a number"),
    # images and tokens
    "image without a batch": (
        lambda: vit()(images(1, 8, 8)), V, "got 3", "4 axes (batch, channels",
    ),
    "an array": (
        lambda: vit()(np.zeros((1, 1, 8, 8), "float32")), T, "ndarray", "torch.Tensor",
    ),
    "whole numbers": (
        lambda: vit()((255 * images()).to(torch.uint8)), T, "uint8", "X.float() / 255",
    ),
    "channels": (
        lambda: vit()(images(2, 3, 8, 8)), V, "got 3 channels", "in_channels=1",
    ),
    "channels last": (
        lambda: vit()(images(2, 8, 8, 1)), V, "(2, 8, 8, 1)", "in_channels=1",
    ),
    "image size": (
        lambda: vit()(images(2, 1, 12, 8)), V, "got 12 x 8", "expected images of 8 x 8",
    ),
    "empty batch": (
        lambda: vit()(images(0, 1, 8, 8)), V, "(0, 1, 8, 8)", "must not be empty",
    ),
    "width of tokens": (
        lambda: ViTMLP(8, 4)(images(2, 5, 6)), V, "got 6", "tokens of width 4",
    ),
    "width of tokens of a block": (
        lambda: MultiHeadAttention(8, 2, 0.0)(images(2, 5, 6)), V, "got 6", "width 8",
    ),
    "one token without a sequence": (
        lambda: ViTMLP(8, 4)(images(2, 4)), V, "got 2", "3 axes (batch, tokens, width)",
    ),
    "no tokens": (
        lambda: ViTMLP(8, 4)(images(2, 0, 4)), V, "(2, 0, 4)", "must not be empty",
    ),
    "tokens of whole numbers": (
        lambda: ViTMLP(8, 4)(torch.zeros(2, 5, 4, dtype=torch.int64)),
        T, "int64", "floating point",
    ),
    # a training step
    "NaN in an image": (
        lambda: step(with_nan(), labels()), Diverged, "1 of the 192 input", "finite",
    ),
    "loss not finite": (
        with_infinite_weights, Diverged, "loss is nan", "learning rate may be too high",
    ),
    "labels of float": (
        lambda: step(images(), labels(0, 1, 2, dtype=torch.float32)),
        V, "torch.float32", "expected 3 labels of dtype torch.int64",
    ),
    "label too large": (lambda: step(images(), labels(0, 1, 10)), V, "0..10", "0..9"),
    "label negative": (lambda: step(images(), labels(0, -1, 2)), V, "-1..2", "0..9"),
    "too few labels": (
        lambda: step(images(), labels(0, 1)), V, "shape (2,)", "expected 3 labels",
    ),
    "one-hot labels": (
        lambda: step(images(), torch.eye(10, dtype=torch.int64)[:3]),
        V, "shape (3, 10)", "expected 3 labels",
    ),
    "labels of numpy": (
        lambda: step(images(), np.array([0, 1, 2])), T, "ndarray", "torch.Tensor",
    ),
    "labels in a list": (
        lambda: step(images(), [0, 1, 2]), T, "list", "torch.Tensor",
    ),
    # windows
    "window does not divide": (
        lambda: window_partition(torch.rand(2, 8, 10, 3), 4),
        V, "map width 10", "multiple of window 4",
    ),
    "window to be put back": (
        lambda: window_reverse(torch.rand(4, 16, 3), 4, 9, 8),
        V, "map height 9", "multiple of window 4",
    ),
    "window 0": (
        lambda: window_partition(torch.rand(2, 8, 8, 3), 0), V, "got 0", "at least 1",
    ),
    "window a float": (
        lambda: WindowAttention(8, 2, 4.0), T, "4.0", "window_size must be an int",
    ),
    "window of a block a text": (
        lambda: SwinBlock((8, 8), 8, 2, "4", False), T, "'4'", "must be an int",
    ),
    "window of a block": (
        lambda: SwinBlock((8, 10), 8, 2, 4, True), V, "map width 10", "of window 4",
    ),
    "heads of a window": (lambda: swin(num_heads=(2, 3)), V, "16", "num_heads 3"),
    "shift of a whole window": (lambda: shift_mask(8, 8, 4, 4), V, "got 4", "in 0..3"),
    "shift negative": (lambda: shift_mask(8, 8, 4, -1), V, "got -1", "in 0..3"),
    "map of another size": (
        lambda: SwinBlock((8, 12), 8, 2, 4, True)(torch.rand(2, 12, 8, 8)),
        V, "(2, 12, 8, 8)", "expected a map (B, 8, 12, D)",
    ),
    "sequence for a map": (
        lambda: SwinBlock((8, 12), 8, 2, 4, True)(torch.rand(2, 96, 8)),
        V, "(2, 96, 8)", "expected a map (B, 8, 12, D)",
    ),
    "merging of an odd map": (
        lambda: PatchMerging(8)(torch.rand(2, 6, 7, 8)), V, "map width 7", "of merging",
    ),
    "merging of another width": (
        lambda: PatchMerging(8)(torch.rand(2, 6, 6, 4)), V, "(2, 6, 6, 4)", "h, w, 8)",
    ),
    "partition of a sequence": (
        lambda: window_partition(torch.rand(2, 8, 8), 4),
        V, "(2, 8, 8)", "(B, h, w, D)",
    ),
    "partition of a list": (lambda: window_partition([1], 4), T, "got list", "a map"),
    "offsets of no window": (
        lambda: relative_position_index(0), V, "got 0", "window_size must be at least",
    ),
    "activations of a ResNet": (
        lambda: activations(ResNet(4, (8,)), images(2, 1, 8, 8)),
        T, "got ResNet", "expected a ViT",
    ),
    "feature maps of a ViT": (
        lambda: feature_maps(vit(), images(2, 1, 8, 8)),
        T, "got ViT", "expected a ResNet",
    ),
    "stages without heads": (lambda: swin(num_heads=(2,)), V, "got 2 and 1", "one len"),
    "stage without blocks": (lambda: swin(depths=(1, 0)), V, "got 0", "depth must be"),
    "Swin of an odd map": (
        lambda: swin(window_size=7, img_size=14)(images(2, 1, 14, 14)),
        V, "map height 7", "of merging 2",
    ),
    "Swin preset": (lambda: Swin.from_preset("XL"), V, "'XL'", "'B'"),
    "image size of a Swin": (
        lambda: swin()(images(2, 1, 16, 8)), V, "got 16 x 8", "images of 16 x 16",
    ),
    "channels of a Swin": (
        lambda: swin()(images(2, 3, 16, 16)), V, "got 3 channels", "in_channels=1",
    ),
    # cost, and a picture
    "cost of a patch that does not divide": (
        lambda: vit_macs(28, 5, 12, 24, 1), V, "28", "multiple of patch height 5",
    ),
    "cost of an odd map": (
        lambda: swin_macs(28, 4, 16, (2, 2), 7), V, "map height 7", "of merging 2",
    ),
    "picture of a patch that does not divide": (
        lambda: image_as_sequence(torch.rand(28, 28), 5),
        V, "28", "multiple of patch height 5",
    ),
    # probes, likeness of layers, hand-made features
    "features of whole numbers": (
        lambda: LinearProbe(torch.ones(20, 3, dtype=torch.int64), labels()),
        T, "int64", "floating point tensor",
    ),
    "features that are no matrix": (
        lambda: LinearProbe(images(), labels()), V, "(3, 1, 8, 8)", "must be a matrix",
    ),
    "features with NaN": (
        lambda: LinearProbe(with_nan().flatten(1), labels()),  # (B, C * H * W)
        V, "nan", "must be finite",
    ),
    "too few labels for a probe": (
        lambda: LinearProbe(images(20, 4), labels()), V, "(3,)", "expected 20 labels",
    ),
    "label of a probe too large": (
        lambda: LinearProbe(images(3, 4), labels(0, 1, 10)), V, "0..10", "in 0..9",
    ),
    "too few rows to choose a strength": (
        lambda: LinearProbe(images(3, 4), labels()), V, "got 3", "at least 10 rows",
    ),
    "strength 0": (
        lambda: LinearProbe(images(3, 4), labels(), strengths=(0,)),
        V, "got 0", "above 0",
    ),
    "no strength": (
        lambda: LinearProbe(images(3, 4), labels(), strengths=()),
        V, "got none", "at least one",
    ),
    "probe of another width": (
        lambda: LinearProbe(images(3, 4), labels(), strengths=(1,)).predict(
            images(2, 5)
        ),
        V, "got 5", "expected 4 features",
    ),
    "likeness of other images": (
        lambda: linear_cka(images(5, 4), images(6, 4)),
        V, "5 and 6 rows", "the same inputs",
    ),
    "likeness of constants": (
        lambda: linear_cka(images(5, 4), torch.ones(5, 2)),
        V, "Y is the same for every input", "not defined",
    ),
    "map of other images": (
        lambda: cka_map([images(5, 4)], [images(6, 4)]), V, "[5, 6]", "as many rows",
    ),
    "cell does not divide": (
        lambda: hog(images(2, 1, 8, 10)), V, "image width 10", "multiple of cell 4",
    ),
    "too few cells": (
        lambda: hog(images(2, 1, 8, 4)), V, "got 1", "cells along the width",
    ),
    "cell 0": (lambda: hog(images(), cell=0), V, "got 0", "cell must be at least 1"),
    "one direction": (lambda: hog(images(), bins=1), V, "got 1", "at least 2"),
    # the ResNet, and moved images
    "channels of no block": (lambda: ResNet(4, ()), V, "got none", "at least one"),
    "channels of a ResNet an int": (lambda: ResNet(4, 18), T, "got 18", "list of ints"),
    "channels of a ResNet 0": (
        lambda: ResNet(4, (8, 0)), V, "got 0", "channels must be at least 1",
    ),
    "stride 0": (lambda: Residual(3, 5, 0), V, "got 0", "stride must be at least 1"),
    "image for a ResNet": (
        lambda: ResNet(4, (8,))(images(2, 1, 8, 10)),
        V, "image width 10", "multiple of patch width 4",
    ),
    "image of color for a ResNet": (
        lambda: ResNet(4, (8,))(images(2, 3, 8, 8)), V, "got 3", "in_channels=1",
    ),
    "moved out of the frame": (
        lambda: shifted(images(2, 1, 8, 6), 0, -6), V, "got -6", "less than 6 pixels",
    ),
    "moved by half a pixel": (
        lambda: shifted(images(), 0.5, 0), T, "0.5", "rows must be an int",
    ),
    "moved by a text": (
        lambda: shifted(images(), 0, "1"), T, "'1'", "cols must be an int",
    ),
    "reach negative": (
        lambda: shift_sensitivity(vit(), images(), -1), V, "got -1", "reach must be at",
    ),
    "reach beyond the image": (
        lambda: shift_sensitivity(vit(), images(), 8), V, "got 8", "less than 8 pixels",
    ),
    # mistakes made on purpose
    "unknown mistake": (
        lambda: make_wrong(vit(), "heads exchanged"),
        V, "'heads exchanged'", "'parallel residual'",
    ),
    "mistake of a part that is not there": (
        lambda: make_wrong(vit(), "not rolled back"),
        V, "which ViT does not have", "mistake of SwinBlock",
    ),
    # published weights
    "weights of another size": (
        lambda: load_torchvision(vit(), torchvision_like(16)), V, "96 numbers", "model",
    ),
    "weights of another model": (
        lambda: load_torchvision(vit(), {"layer1.0.conv1.weight": torch.zeros(1)}),
        V, "'layer1.0.conv1.weight'", "torchvision ViT",
    ),
    "weights of a ViT for a Swin": (
        lambda: load_torchvision(swin(), torchvision_like(16)), V, "96 numbers", "fit",
    ),
    "weights of a Swin for a ViT": (
        lambda: load_torchvision(vit(), {"features.0.0.weight": torch.zeros(8, 3)}),
        V, "24 numbers", "model of",
    ),
    # data and training
    "batch of 0": (lambda: FashionMNIST.sample(0), V, "got 0", "batch_size must be at"),
    "batch a float": (lambda: FashionMNIST.sample(64.0), T, "64.0", "must be an int"),
    "all held out": (
        lambda: FashionMNIST.sample(64, holdout=2000), V, "got 2000", "2000 training",
    ),
    "holdout negative": (
        lambda: FashionMNIST.sample(64, holdout=-1), V, "got -1", "at least 0",
    ),
    "resize triple": (
        lambda: FashionMNIST.sample(64, (1, 96, 96)), V, "(1, 96, 96)", "pair (height",
    ),
    "no epochs": (lambda: Trainer(0), V, "got 0", "max_epochs must be at least 1"),
    "half an epoch": (lambda: Trainer(0.5), T, "0.5", "max_epochs must be an int"),
    "clip negative": (lambda: Trainer(1, -1.0), V, "-1.0", "finite and above 0"),
    "clip a bool": (lambda: Trainer(1, True), T, "True", "must be a number"),
    "nothing to evaluate": (
        lambda: evaluate(vit(), []), V, "no images", "at least one batch",
    ),
}  # fmt: skip


@pytest.mark.parametrize("call", WRONG)
@pytest.mark.counted("wrong calls")
def test_wrong_call(call):
    function, kind, came, expected = WRONG[call]
    with pytest.raises(kind) as caught:
        function()
    assert caught.type is kind
    text = str(caught.value)
    assert came in text
    assert expected in text
    assert "\n" not in text


@pytest.mark.counted("wrong calls")
def test_wrong_profile(monkeypatch):
    monkeypatch.setenv("VITLIB_PROFILE", "fast")
    with pytest.raises(ValueError, match="'quick' or 'full', got 'fast'"):
        profile()


@pytest.mark.counted("wrong calls")
def test_all_60000_held_out(monkeypatch):
    """Of the real set, without the time to read it."""
    real = torch.zeros(60_000, 1, 1, dtype=torch.uint8), torch.zeros(60_000)
    monkeypatch.setattr("vitlib.data._split", lambda name: real)
    with pytest.raises(ValueError, match="the 60000 training images, got 60000"):
        FashionMNIST(holdout=60_000)


def test_the_right_calls_next_to_the_wrong_ones():
    """What is refused above is not refused for being near the border."""
    model = vit(img_size=(8, 4), num_heads=12, emb_dropout=0)
    assert model.patch_embedding.grid == (2, 1)
    assert ViTMLP(1, 1, 0.999)(torch.rand(1, 1, 1)).shape == (1, 1, 1)
    assert FashionMNIST.sample(1, holdout=1999).train[0].shape == (1, 28, 28)
    assert step(images(), labels(0, 9, 9)).isfinite()
    assert isinstance(vit(), Classifier)
    assert Trainer(1, 0).gradient_clip_val == 0


def test_enough_wrong_calls():
    assert len(WRONG) >= 24
