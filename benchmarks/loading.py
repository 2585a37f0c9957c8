"""Images a second, resized to 96 x 96 and batched: d2l's loader and ours, in turn.

`python benchmarks/loading.py [ROUNDS]`

d2l looks for its files in `../data`; they are laid out for it in a temporary folder.
One round is one epoch: the 60,000 training images in random order, and nothing else.
(d2l's workers could load while a model trains; ours loads in between.)
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

import torch
from d2l import torch as d2l
from timing import conditions, in_turn, ratios

from vitlib import FashionMNIST
from vitlib.files import FILES, read

BATCH, SIZE = 128, (96, 96)


def their_data(folder):
    """`d2l.FashionMNIST`, which looks for its files in `../data`."""
    raw = folder / "data" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in FILES:
        (raw / name).write_bytes(read(name))
    (folder / "work").mkdir()
    os.chdir(folder / "work")
    return d2l.FashionMNIST(BATCH, SIZE)


def same_pixels(theirs, ours):
    """The largest difference of a pixel over all test images, in [0, 1]."""
    largest = 0.0
    for (X, y), (Z, labels) in zip(theirs, ours, strict=True):
        assert torch.equal(y, labels), "not the same images"
        largest = max(largest, (X - Z).abs().max().item())
    return largest


def drain(loader):
    def run():
        for _ in loader:
            pass

    return run


def main(rounds=7):
    conditions("d2l", "torchvision", "pillow")
    with tempfile.TemporaryDirectory() as folder:
        theirs = their_data(Path(folder))
        ours = FashionMNIST(BATCH, SIZE, holdout=0)
        difference = same_pixels(theirs.val_dataloader(), ours.test_dataloader())
        print(f"pixels differ by at most {255 * difference:.3f} / 255")
        assert difference <= 1 / 255 + 1e-6
        loaders = {
            f"d2l ({theirs.num_workers} workers)": theirs.train_dataloader(),
            "ours": ours.train_dataloader(),
        }
        seconds = in_turn({n: drain(loader) for n, loader in loaders.items()}, rounds)
        os.chdir("/")  # out of the folder that is about to go
    print("\nLoading\n                  images / s")
    for name, times in seconds.items():
        print(f"{name:16} {len(ours.train[0]) / statistics.median(times):11,.0f}")
    slow, fast = seconds.values()
    middle, least, most = ratios(slow, fast)
    print(f"ours is {middle:.1f} times as fast ({least:.1f} to {most:.1f})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
