"""A ResNet to set beside the ViT, and what happens when the image moves."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from vitlib import expect
from vitlib.classifier import Classifier


class Residual(nn.Module):
    """Two 3 x 3 convolutions, each with batch norm, added to their input.

    Args:
        in_channels, out_channels: channels C in and out.
        stride: of the first convolution; 2 halves height and width.

    Shape: (B, C_in, H, W) -> (B, C_out, H / stride, W / stride), rounded up.

    Source: He et al. 2016, section 3.3, with the projection (option B) where the
    shape changes.
    """

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        expect.whole("in_channels", in_channels)
        expect.whole("out_channels", out_channels)
        expect.whole("stride", stride)
        # A bias would be undone by the batch norm that follows.
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, X):
        Y = F.relu(self.bn1(self.conv1(X)))  # (B, C_out, H / stride, W / stride)
        return F.relu(self.bn2(self.conv2(Y)) + self.shortcut(X))


class ResNet(Classifier):
    """A small residual network that reads the image in patches, as ViT does.

    Args:
        patch_size: kernel and stride of the first convolution, in pixels, so
            that the network starts from the same grid as a ViT of that patch.
        channels: channels of each residual block; the second and all later ones
            halve height and width.
        lr: learning rate of D2L's recipe, plain SGD.
        num_classes: number of logits K.
        in_channels: channels C of the images.

    Shape: (B, C, H, W) -> logits (B, K).

    Raises:
        TypeError: channels that are no list of ints.
        ValueError: no channels, or an image that patches do not divide.

    Source: He et al. 2016, section 3.3; the first layer is that of Dosovitskiy
    et al. 2021, section 3.1.
    """

    def __init__(self, patch_size, channels, lr=0.1, num_classes=10, in_channels=1):
        super().__init__(lr, num_classes)
        self.patch_size = expect.pair("patch_size", patch_size)
        self.in_channels = expect.whole("in_channels", in_channels)
        if not isinstance(channels, (tuple, list)):
            raise TypeError(f"channels must be a list of ints, got {channels!r}")
        if not channels:
            raise ValueError("channels must name at least one block, got none")
        for width in channels:
            expect.whole("channels", width)
        self.stem = nn.Sequential(
            nn.Conv2d(
                in_channels, channels[0], self.patch_size, self.patch_size, bias=False
            ),
            nn.BatchNorm2d(channels[0]),
            nn.ReLU(),
        )
        self.blks = nn.Sequential(
            *(
                Residual(channels[max(i - 1, 0)], width, stride=2 if i else 1)
                for i, width in enumerate(channels)
            )
        )
        self.head = nn.Linear(channels[-1], num_classes)

    def forward(self, X):
        expect.images(X, self.in_channels)
        for side, patch, image in zip(
            ("height", "width"), self.patch_size, X.shape[2:], strict=True
        ):
            expect.divides(
                f"patch {side}", patch, f"image {side}", image, "resize the image"
            )
        X = self.blks(self.stem(X))  # (B, C, H, W) -> (B, C_last, H', W')
        return self.head(X.mean((2, 3)))  # pooled: (B, C_last) -> (B, K)


def shifted(X, rows, cols, background=0.0):
    """Images moved down by `rows` and right by `cols` pixels; negative: up, left.

    What leaves the frame is lost, and what enters it is `background`.

    Shape: (B, C, H, W) -> (B, C, H, W).

    Raises:
        TypeError: a move that is no int.
        ValueError: a move by the whole height or width, or more.
    """
    expect.images(X)
    H, W = X.shape[2:]
    for name, move, side in (("rows", rows, H), ("cols", cols, W)):
        expect.whole(name, move, least=-math.inf)
        if abs(move) >= side:
            raise ValueError(f"{name} must be less than {side} pixels, got {move}")
    # A negative padding cuts off.
    return F.pad(X, (cols, -cols, rows, -rows), value=background)  # (B, C, H, W)


@torch.no_grad()
def shift_sensitivity(model, X, reach, background=0.0):
    """How much a classifier's answer changes when its images move.

    For each distance of 0 to `reach` pixels, means over the images and over the
    directions right, left, down and up. Logits are compared without their mean
    over the classes, which the softmax ignores. No label is used: a prediction
    that changes may become right or wrong.

    Args:
        model: (B, C, H, W) -> logits (B, K); it is left in eval mode.
        X: images (B, C, H, W).
        reach: largest distance in pixels.
        background: the value of an empty pixel; not 0 if X is normalized.

    Returns:
        (changed, moved), two lists of `reach` + 1 numbers: the share of the
        predictions that are another class than at distance 0, and the length of
        the change of the logits / the length of the logits at distance 0.

    Raises:
        ValueError: see `shifted`.
    """
    expect.whole("reach", reach, least=0)
    model.eval()

    def answers(X):
        logits = model(X)  # (B, K)
        return logits - logits.mean(1, keepdim=True)

    logits = answers(X)
    changed, moved = [], []
    for d in range(reach + 1):
        steps = ((0, d), (0, -d), (d, 0), (-d, 0))
        others = [answers(shifted(X, *step, background)) for step in steps]
        others = torch.stack(others)  # 4 x (B, K) -> (4, B, K)
        change = (others - logits).norm(dim=2) / logits.norm(dim=1)  # (4, B)
        other = others.argmax(2) != logits.argmax(1)  # (4, B)
        changed.append(other.float().mean().item())
        moved.append(change.mean().item())
    return changed, moved
