"""Is the loss still a loss? Losses are looked at without stopping the device."""

import math
from collections import deque

import torch

from vitlib.classifier import Diverged

WINDOW = 50  # steps between two looks on a GPU, and of what is judged together
HOPELESS = 3  # times the loss of a guess


class Watch:
    """Takes the loss of every step, and raises when training has failed.

    A loss on a GPU is a promise: to read it, the host must wait until the device
    has caught up. So losses are collected and read together, every `WINDOW`
    steps; on a CPU, where reading costs nothing, after each.

    Args:
        num_classes: K of the model; a guess has a loss of ln K nats.
        device: where the losses are.
        total: sums a tensor over all processes of the run.

    Attributes:
        progress: its `loss` and `seen` grow by what is read.
    """

    def __init__(self, num_classes, device, total, progress=None):
        self.every = 1 if device.type == "cpu" else WINDOW
        self.guess = math.log(num_classes)
        self.total, self.progress = total, progress
        self.recent = deque(maxlen=WINDOW)
        self.waiting = []

    def add(self, loss, images, at):
        """Note the mean loss of a step; `at` is kept for the error's sake."""
        self.waiting.append((loss, images, at))
        if len(self.waiting) >= self.every:
            self.read()

    def read(self):
        """Wait for the losses that were noted, and check them.

        Raises:
            Diverged: a loss that is not finite, or `WINDOW` steps in a row with
                more than `HOPELESS` times ln K.
        """
        if not self.waiting:
            return
        losses = self.total(torch.stack([loss for loss, *_ in self.waiting])).tolist()
        for loss, (_, images, at) in zip(losses, self.waiting, strict=True):
            self.progress.loss += loss * images
            self.progress.seen += images
            self.recent.append(loss)
            self._check(loss, at)
        self.waiting.clear()

    def _check(self, loss, at):
        if not math.isfinite(loss):
            raise Diverged(f"the training loss is {loss}, expected a finite number", at)
        lowest = min(self.recent)  # a run that jumps comes down in between
        if len(self.recent) == WINDOW and lowest > HOPELESS * self.guess:
            raise Diverged(
                f"the training loss has been above {lowest:.3g} nats for {WINDOW} "
                f"steps; a guess has ln K = {self.guess:.3g}",
                at,
            )


def check_weights(model):
    """Raise `Diverged` if a weight is not finite: nobody could go on from it."""
    for name, value in model.state_dict().items():
        if not torch.isfinite(value).all():
            raise Diverged(f"{name} holds numbers that are not finite")
