"""From an image to a sequence of vectors: three versions of one linear map."""

import torch
from torch import nn
from torch.nn import functional as F

from vitlib import expect


def patchify(X, patch_size):
    """Cut images into patches and write each patch as one row.

    Patches come in reading order, left to right and top to bottom. Inside a
    patch the order is channel, row, column: the order in which a convolution
    stores its weights.

    Args:
        X: images, (B, C, H, W).
        patch_size: P, or (P_h, P_w).

    Shape: (B, C, H, W) -> (B, N, C * P_h * P_w), N = (H / P_h) (W / P_w).

    Raises:
        ValueError: a patch that does not divide the image.

    Source: Dosovitskiy et al. 2021, section 3.1.
    """
    expect.images(X)
    height, width = expect.pair("patch_size", patch_size)
    _divides_image((height, width), X.shape[2:])
    B, C, H, W = X.shape
    # (B, C, H, W) -> (B, C, H/P, P, W/P, P) -> (B, H/P, W/P, C, P, P)
    X = X.reshape(B, C, H // height, height, W // width, width)
    X = X.permute(0, 2, 4, 1, 3, 5)
    return X.flatten(3).flatten(1, 2)  # (B, N, C*P*P)


def unpatchify(patches, img_size, patch_size):
    """Put patches back together: the inverse of `patchify`.

    Shape: (B, N, C * P_h * P_w) -> (B, C, H, W).

    Raises:
        ValueError: sizes that do not fit the number or length of the patches.
    """
    H, W = expect.pair("img_size", img_size)
    height, width = expect.pair("patch_size", patch_size)
    _divides_image((height, width), (H, W))
    rows, cols = H // height, W // width
    B, N, length = patches.shape
    if rows * cols != N or length % (height * width):
        raise ValueError(
            f"expected {rows * cols} patches of {height} x {width} pixels for an "
            f"image of {H} x {W}, got {N} patches of {length} numbers"
        )
    X = patches.reshape(B, rows, cols, -1, height, width)  # (B, H/P, W/P, C, P, P)
    X = X.permute(0, 3, 1, 4, 2, 5)  # (B, C, H/P, P, W/P, P)
    return X.reshape(B, -1, H, W)  # (B, C, H, W)


def _divides_image(patch_size, img_size):
    for side, patch, image in zip(
        ("height", "width"), patch_size, img_size, strict=True
    ):
        expect.divides(
            f"patch {side}",
            patch,
            f"image {side}",
            image,
            "resize the image or choose another patch size",
        )


class PatchEmbeddingLoops(nn.Module):
    """Version 1: visit each patch in reading order and project it."""

    def __init__(self, img_size=96, patch_size=16, num_hiddens=512, in_channels=3):
        super().__init__()
        self.patch_size = expect.pair("patch_size", patch_size)
        height, width = self.patch_size
        self.linear = nn.Linear(in_channels * height * width, num_hiddens)

    def forward(self, X):
        height, width = self.patch_size
        _divides_image(self.patch_size, X.shape[2:])
        tokens = []
        for top in range(0, X.shape[2], height):
            for left in range(0, X.shape[3], width):
                patch = X[:, :, top : top + height, left : left + width]
                tokens.append(self.linear(patch.flatten(1)))  # (B, D)
        return torch.stack(tokens, dim=1)  # (B, N, D)


class PatchEmbeddingLinear(nn.Module):
    """Version 2: cut out all patches at once, then project them together."""

    def __init__(self, img_size=96, patch_size=16, num_hiddens=512, in_channels=3):
        super().__init__()
        self.patch_size = expect.pair("patch_size", patch_size)
        height, width = self.patch_size
        self.linear = nn.Linear(in_channels * height * width, num_hiddens)

    def forward(self, X):
        _divides_image(self.patch_size, X.shape[2:])  # unfold would cut the rest off
        # (B, C*P*P, N): one column a patch, in reading order
        columns = F.unfold(X, self.patch_size, stride=self.patch_size)
        return self.linear(columns.transpose(1, 2))  # (B, N, D)


class PatchEmbedding(nn.Module):
    """Version 3, the one to keep: a convolution whose stride is its kernel.

    Args:
        img_size: side of the image, or (height, width), in pixels.
        patch_size: side of a patch P, or (height, width), in pixels.
        num_hiddens: width D of a token.
        in_channels: channels C of the image.

    Shape: (B, C, H, W) -> (B, N, D), N = `num_patches` = (H / P) (W / P).

    Raises:
        ValueError: a patch that does not divide the image; at run time, images
            with another number of channels or another size.
        TypeError: at run time, images that are not floating point.

    Source: Dosovitskiy et al. 2021, section 3.1; D2L 11.8.2.
    """

    def __init__(self, img_size=96, patch_size=16, num_hiddens=512, in_channels=3):
        super().__init__()
        self.img_size = expect.pair("img_size", img_size)
        self.patch_size = expect.pair("patch_size", patch_size)
        _divides_image(self.patch_size, self.img_size)
        expect.whole("num_hiddens", num_hiddens)
        self.in_channels = expect.whole("in_channels", in_channels)
        self.grid = (
            self.img_size[0] // self.patch_size[0],
            self.img_size[1] // self.patch_size[1],
        )
        self.num_patches = self.grid[0] * self.grid[1]
        self.conv = nn.Conv2d(
            in_channels,
            num_hiddens,
            kernel_size=self.patch_size,
            stride=self.patch_size,
        )

    def forward(self, X):
        expect.images(X, self.in_channels, self.img_size)
        # (B, C, H, W) -> (B, D, H/P, W/P) -> (B, D, N) -> (B, N, D)
        return self.conv(X).flatten(2).transpose(1, 2)
