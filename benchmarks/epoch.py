"""What share of `Trainer.fit` is neither forward, backward nor optimizer.

`python benchmarks/epoch.py [IMAGES]`

Trains the ViT of the source's run for one epoch on some of the training images, of
real size, and evaluates it on a sixth as many, as 60,000 and 10,000 would be.
"""

import sys
import time
from collections import Counter

import torch
from peers import SIDE, B, ours
from timing import conditions

from vitlib import FashionMNIST, Trainer


def timed(spent, name, function):
    def run(*args, **kwargs):
        start = time.perf_counter()
        result = function(*args, **kwargs)
        spent[name] += time.perf_counter() - start
        return result

    return run


def main(images=3840):
    torch.manual_seed(0)
    conditions()
    data = FashionMNIST(B, (SIDE, SIDE), holdout=0)
    data.train = tuple(part[:images] for part in data.train)
    data.val = tuple(part[: images // 6] for part in data.val)
    model, spent = ours(), Counter()
    optimizer = model.configure_optimizers()
    model.forward = timed(spent, "forward", model.forward)
    model.loss = timed(spent, "forward", model.loss)
    optimizer.step = timed(spent, "optimizer", optimizer.step)
    backward = torch.Tensor.backward
    torch.Tensor.backward = timed(spent, "backward", backward)
    try:
        start = time.perf_counter()
        Trainer(max_epochs=1, device="cpu").fit(model, data, optimizer)
        total = time.perf_counter() - start
    finally:
        torch.Tensor.backward = backward
    spent["all else"] = total - spent.total()
    print(f"\nOne epoch of {images:,} images and its evaluation: {total:.1f} s")
    for name, seconds in spent.items():
        print(f"{name:10} {seconds:8.2f} s {seconds / total:8.2%}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
