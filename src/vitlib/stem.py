"""A ViT whose patches are seen by a few small convolutions, not by one large one."""

from math import prod

from torch import nn

from vitlib import expect
from vitlib.lean import LeanViT


class ConvStem(nn.Module):
    """A patch embedding in steps: 3 x 3 convolutions, some of which halve the grid.

    A batch norm and a ReLU follow each; a last 1 x 1 convolution gives tokens
    their width.

    Args:
        channels: of each convolution.
        strides: of each convolution, 1 or 2; their product is the patch side P.
        img_size: side of the image, or (height, width), in pixels.
        num_hiddens: width D of a token.
        in_channels: channels C of the images.

    Shape: (B, C, H, W) -> (B, N, D), N = `num_patches` = (H / P) (W / P).

    Raises:
        ValueError: not as many strides as channels, or an image side that P does
            not divide; at run time, images of another shape.

    Source: Xiao et al. 2021, with convolutions of stride 1 in between.
    """

    def __init__(self, channels, strides, img_size, num_hiddens, in_channels=1):
        super().__init__()
        self.img_size = expect.pair("img_size", img_size)
        self.in_channels = expect.whole("in_channels", in_channels)
        if len(channels) != len(strides) or not channels:
            raise ValueError(
                f"expected a stride for each convolution, got {len(strides)} strides "
                f"for {len(channels)} convolutions"
            )
        P = prod(expect.whole("stride", stride) for stride in strides)
        for side in self.img_size:
            expect.divides(
                "product of the strides", P, "image side", side, "choose other strides"
            )
        self.num_patches = prod(side // P for side in self.img_size)
        layers, width = [], in_channels
        for channel, stride in zip(channels, strides, strict=True):
            expect.whole("channel", channel)
            layers += [
                # A bias would be undone by the batch norm that follows.
                nn.Conv2d(width, channel, 3, stride, 1, bias=False),
                nn.BatchNorm2d(channel),
                nn.ReLU(),
            ]
            width = channel
        self.convs = nn.Sequential(*layers, nn.Conv2d(width, num_hiddens, 1))

    def forward(self, X):
        expect.images(X, self.in_channels, self.img_size)
        # (B, C, H, W) -> (B, D, H/P, W/P) -> (B, D, N) -> (B, N, D)
        return self.convs(X).flatten(2).transpose(1, 2)


class StemViT(LeanViT):
    """A `LeanViT` with a `ConvStem`; all after the patch embedding is the same.

    Args:
        channels, strides: of the stem's convolutions, see `ConvStem`.
        sizes: what `ViT` takes, but for the patch size, which the strides give.

    Shape: (B, C, H, W) -> logits (B, K).
    """

    def __init__(self, channels, strides, img_size, num_hiddens, **sizes):
        super().__init__(img_size, prod(strides), num_hiddens, **sizes)
        self.patch_embedding = ConvStem(
            channels, strides, img_size, num_hiddens, sizes.get("in_channels", 1)
        )
