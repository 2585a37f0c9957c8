"""What a call must look like: errors that name what came and what was expected.

Every public class of the package checks its arguments here, once, when it is
built, and its input when it is called. Nothing is repaired silently.
"""

import torch


def whole(name, value, least=1):
    """Return `value` if it is an int of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return value


def probability(name, value):
    """Return `value` if it is a number in [0, 1)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number in [0, 1), got {value!r}")
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be in [0, 1), got {value}")
    return value


def number(name, value, least=0.0):
    """Return `value` if it is a finite number greater than `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not least < value < float("inf"):
        raise ValueError(f"{name} must be finite and above {least:g}, got {value}")
    return value


def pair(name, value):
    """Return (height, width) from an int or from a pair of ints."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(
                f"{name} must be an int or a pair (height, width), got {value!r}"
            )
        return whole(f"{name} height", value[0]), whole(f"{name} width", value[1])
    return whole(name, value), value


def divides(part_name, part, whole_name, total, hint):
    """Raise unless `part` goes into `total` without a rest."""
    if total % part:
        raise ValueError(
            f"{whole_name} {total} is not a multiple of {part_name} {part} "
            f"({total // part} times {part} leaves {total % part}): {hint}"
        )


def images(X, channels=None, size=None):
    """Check a batch of images: a float tensor (B, C, H, W), none of them 0."""
    if not isinstance(X, torch.Tensor):
        raise TypeError(f"images must be a torch.Tensor, got {type(X).__name__}")
    if X.dim() != 4:
        raise ValueError(
            f"images must have 4 axes (batch, channels, height, width), "
            f"got {X.dim()}: shape {tuple(X.shape)}"
        )
    if not X.is_floating_point():
        raise TypeError(
            f"images must be floating point, got {X.dtype}: "
            f"convert with X.float() / 255"
        )
    if 0 in X.shape:
        raise ValueError(f"images must not be empty, got shape {tuple(X.shape)}")
    if channels is not None and X.shape[1] != channels:
        raise ValueError(
            f"expected images with in_channels={channels}, got {X.shape[1]} "
            f"channels: shape {tuple(X.shape)}"
        )
    if size is not None and tuple(X.shape[2:]) != tuple(size):
        raise ValueError(
            f"expected images of {size[0]} x {size[1]} pixels, got "
            f"{X.shape[2]} x {X.shape[3]}: resize them or build the model for "
            f"that size"
        )


def tokens(X, width):
    """Check a batch of token sequences: a float tensor (B, N, D)."""
    if not isinstance(X, torch.Tensor):
        raise TypeError(f"tokens must be a torch.Tensor, got {type(X).__name__}")
    if X.dim() != 3:
        raise ValueError(
            f"tokens must have 3 axes (batch, tokens, width), "
            f"got {X.dim()}: shape {tuple(X.shape)}"
        )
    if not X.is_floating_point():
        raise TypeError(f"tokens must be floating point, got {X.dtype}")
    if 0 in X.shape:
        raise ValueError(f"tokens must not be empty, got shape {tuple(X.shape)}")
    if X.shape[2] != width:
        raise ValueError(
            f"expected tokens of width {width}, got {X.shape[2]}: "
            f"shape {tuple(X.shape)}"
        )


def token_map(X, width=None):
    """Check a batch of maps of tokens: a tensor (B, h, w, D)."""
    if not isinstance(X, torch.Tensor):
        raise TypeError(f"a map must be a torch.Tensor, got {type(X).__name__}")
    if X.dim() != 4 or (width is not None and X.shape[3] != width):
        raise ValueError(
            f"expected a map (B, h, w, {'D' if width is None else width}), "
            f"got shape {tuple(X.shape)}"
        )
