"""What the law checks share: their table, and how two results are compared."""

import torch

CHECKS = {}  # name of the check: the check, a function without arguments


def check(function):
    """Register a check; its name in the table is that of the function."""
    CHECKS[function.__name__.replace("_", " ")] = function
    return function


def close(found, expected, tolerance=1e-5):
    """Equal within `tolerance` of the largest expected value, or of 1."""
    assert found.shape == expected.shape, (found.shape, expected.shape)
    scale = max(1.0, expected.abs().max().item())
    gap = (found - expected).abs().max().item() / scale
    assert gap <= tolerance, f"differ by {gap:.2g} of the largest value"


def far(found, other):
    """Different by more than rounding."""
    gap = (found - other).abs().max().item()
    assert gap > 1e-3, f"differ by {gap:.2g} only"


def randomized(module, X):
    """The module after one call, with random weights everywhere, in eval mode."""
    module(X)  # gives lazy layers their shapes
    for p in module.parameters():
        with torch.no_grad():
            p.normal_(std=0.3)
    return module.eval()
