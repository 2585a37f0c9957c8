"""The band of the quick run, for real: a true run is inside, broken runs are not.

One epoch of the quick model, on the real images; about a minute in all.
"""

import math
from dataclasses import replace

import pytest
import torch

from tools.experiments import QUICK as TINY
from tools.experiments import RECIPES
from vitlib import FashionMNIST, History, Trainer, ViT
from vitlib.curves import compare, reference
from vitlib.training import Epoch

QUICK = RECIPES["training_quick"]
NEW_SEED = 1000  # of none of the recorded runs


@pytest.fixture(scope="module")
def band():
    found = reference("training/quick", "cpu")
    assert found, "there is no reference band for training/quick on cpu"
    assert NEW_SEED not in found["seeds"]
    return found["band"]


class Hopeless(Exception):
    """The loss of this epoch can no longer come back into the band."""


class UntilHopeless(Trainer):
    """Stops an epoch as soon as its mean loss is above `limit` for certain.

    No loss is negative. So what the first batches add to the mean over all
    images is a lower bound of that mean, however well the rest would go.
    """

    def __init__(self, limit, images):
        super().__init__(max_epochs=1, device="cpu")
        self.limit, self.images, self.bound = limit, images, 0.0

    def _step(self, model, batch, optimizer):
        loss = super()._step(model, batch, optimizer).item()
        assert loss >= 0
        self.bound += loss * len(batch[1]) / self.images
        if self.bound > self.limit:
            raise Hopeless
        return torch.tensor(loss)


def first_epoch(sabotage, band):
    """The history of one epoch, or of as much of it as decides the verdict."""
    # Without a schedule, the first epoch is the same whatever the length.
    assert QUICK.warmup is None
    recipe = replace(QUICK, epochs=1, sabotage=sabotage)
    model, data, optimizer = recipe.build(NEW_SEED)
    high = band["train_loss"][0][1]
    trainer = UntilHopeless(high, len(data.train[0]))
    try:
        return trainer.fit(model, data, optimizer)
    except Hopeless:
        # An accuracy from the middle of the band: the loss alone must decide.
        acc = sum(band["val_acc"][0]) / 2
        return History([Epoch(trainer.bound, trainer.bound, acc, 0.0)])


@pytest.mark.real_data
@pytest.mark.counted("runs judged by the band")
@pytest.mark.parametrize(
    ("sabotage", "verdict"),
    [
        ("none", "inside the reference band, 1/3 epochs"),
        ("learning rate 0", "OUTSIDE the reference band at epoch 1: train_loss"),
        ("shuffled labels", "OUTSIDE the reference band at epoch 1: train_loss"),
        ("no residual", "OUTSIDE the reference band at epoch 1: train_loss"),
    ],
)
def test_verdict_of_the_band(sabotage, verdict, band):
    found = compare(first_epoch(sabotage, band), band)
    assert found.startswith(verdict)


def test_the_bound_grows_to_the_loss_of_the_epoch():
    """So a run that is stopped at a limit would have ended above it."""

    def fit(limit):
        torch.manual_seed(0)
        trainer = UntilHopeless(limit, images=2000)
        return trainer, trainer.fit(ViT(**TINY), FashionMNIST.sample(128))

    trainer, history = fit(math.inf)
    assert trainer.bound == pytest.approx(history.train_loss[0])
    fit(1.001 * trainer.bound)
    with pytest.raises(Hopeless):
        fit(0.999 * trainer.bound)
