"""How much a model learns from few images and from many, at equal effort."""

from functools import partial

import torch

from tools.experiments import FAMILIES, WARMUP, Recipe
from vitlib import FashionMNIST, Trainer, evaluate, warmup_cosine
from vitlib.data import Batches

SIZES = [1000, 3000, 10_000, 30_000, 60_000]
BATCH, UPDATES = 128, 1407  # three passes over 60,000 images
# The quick ViT, and the ResNet with as many parameters and multiply-adds.
VIT = Recipe(**WARMUP)
RESNET = Recipe(
    **WARMUP | dict(family="resnet", model=dict(patch_size=4, channels=[18, 22, 27]))
)


def vit(seed):
    return sweep(VIT, seed)


def resnet(seed):
    return sweep(RESNET, seed)


def sweep(recipe, seed):
    """Accuracies and losses, in training and in the test, for each size.

    Every size gets the same number of updates, so fewer images are seen more
    often. Nothing is chosen by the test set; no validation set is kept back.
    """
    found = {}
    for size in SIZES:
        torch.manual_seed(seed)
        network, sizes = FAMILIES[recipe.family]
        model = network(**{**sizes, **recipe.model})
        data = FashionMNIST(BATCH, (28, 28), holdout=0, seed=seed, normalize=True)
        chosen = torch.randperm(60_000, generator=torch.Generator().manual_seed(seed))[
            :size
        ]  # the smaller sets are parts of the larger ones
        data.train = tuple(part[chosen] for part in data.train)
        # The trainer looks at 100 training images an epoch; all follow at the end.
        data.val = tuple(part[:100] for part in data.train)
        epochs = round(UPDATES / len(data.train_dataloader()))
        schedule = partial(warmup_cosine, warmup=recipe.warmup)
        Trainer(epochs).fit(model, data, recipe.configure(model), schedule)
        seen = Batches(
            *(part[:10_000] for part in data.train), BATCH, data.resize, normalize=True
        )
        for name, batches in (("train", seen), ("test", data.test_dataloader())):
            loss, accuracy = evaluate(model, batches)
            found[f"{name}_loss_{size}"] = loss
            found[f"{name}_acc_{size}"] = accuracy
    return found
