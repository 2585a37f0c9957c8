"""The study of the chapter `long_runs`: what dropout costs on a CPU."""

import torch
from torch import nn

from tools.studies.swin import shortest
from vitlib.lean import LeanDropout

HIDDEN = (128, 37, 2048)  # of the source's MLP: images, tokens, width


def dropout_timing(seed):
    """CPU milliseconds of one forward pass through each kind of dropout."""
    torch.manual_seed(seed)
    layers = {"pytorch": nn.Dropout(0.1), "lean": LeanDropout(0.1)}
    out = {
        f"{name}_ms": 1000 * shortest(layer, torch.rand(HIDDEN))
        for name, layer in layers.items()
    }
    return out | {"ratio": out["pytorch_ms"] / out["lean_ms"]}
