"""What can be read out of the layers of a ViT, and how alike the layers are.

Everything is measured on training and validation images; the test set is not
touched. Accuracies are shares of 5,000 validation images.
"""

import torch

from tools.experiments import NO_DROPOUT, Recipe
from vitlib import FashionMNIST
from vitlib.data import Batches
from vitlib.representation import (
    LinearProbe,
    activations,
    cka_map,
    feature_maps,
    hog,
)

IMAGES = 5000  # for the probes, of the training and of the validation set
PAIRS = 1000  # validation images, for CKA

# The parts of a layer's tokens (B, N + 1, D) that a probe reads.
READINGS = {
    "class_token": lambda Z: Z[:, 0],  # (B, D)
    "patch_mean": lambda Z: Z[:, 1:].mean(1),  # (B, D)
    "all_tokens": lambda Z: Z.flatten(1),  # (B, (N + 1) * D)
}


def representation(seed, epochs=3, images=IMAGES, pairs=PAIRS):
    """Train, probe and compare the networks of one seed.

    Returns:
        numbers and lists; lists go over layers, from the embedding (or the
        stem of the CNN) to the last block.
    """
    same = dict(optimizer="adamw", lr=3e-3, weight_decay=0.05, warmup=0.1)
    vit = dict(model=dict(NO_DROPOUT, num_blks=4), epochs=epochs, **same)
    shuffled = Recipe(**vit, sabotage="shuffled labels")
    cnn = Recipe(
        family="resnet",
        model=dict(patch_size=4, channels=(24, 36)),
        epochs=epochs,
        **same,
    )
    runs, models = {}, {}
    for name, recipe, start in (
        ("trained", Recipe(**vit), seed),
        # Another split, too: it may have trained on images that CKA looks at.
        ("other", Recipe(**vit), seed + 100),
        ("shuffled", shuffled, seed),
        ("cnn", cnn, seed),
    ):
        runs[name], models[name] = recipe.run(start)
    # The weights that "trained" and "shuffled" started from.
    models["random"] = Recipe(**vit).build(seed)[0]
    for model in models.values():
        model.eval()

    data = FashionMNIST(seed=seed)  # the split of "trained", labels in order
    sets = _images(data.train, images), _images(data.val, images)
    out = {f"{name}_val_acc": run["rows"][-1]["val_acc"] for name, run in runs.items()}
    out |= {
        "seed": seed,
        **_probes(models, *sets),
        **_alike(models, sets[1][0][:pairs]),
    }
    return out


def _images(split, number):
    images, labels = split
    batches = Batches(images[:number], labels[:number], number, (28, 28))
    return next(iter(batches))


def _probes(models, train, val):
    """The accuracy of a probe on each layer of each network, and on the pixels."""
    (X, y), (X_val, y_val) = train, val

    def read(features, labels=y):
        return LinearProbe(features[0], labels).accuracy(features[1], y_val)

    out = {
        "pixels_acc": read([X.flatten(1), X_val.flatten(1)]),
        "hog_acc": read([hog(X), hog(X_val)]),
    }
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    for name in ("trained", "random", "shuffled"):
        layers = [_in_batches(activations, models[name], Z) for Z in (X, X_val)]
        for reading, part in READINGS.items():
            features = [[part(Z) for Z in pair] for pair in zip(*layers, strict=True)]
            out[f"{name}_{reading}_accs"] = [read(pair) for pair in features]
            out[f"{name}_{reading}_last_acc"] = out[f"{name}_{reading}_accs"][-1]
            if name == "trained":
                # The control: nothing can be read where there is nothing.
                out[f"control_{reading}_accs"] = [
                    read(pair, y[order]) for pair in features
                ]
                out[f"control_{reading}_last_acc"] = out[f"control_{reading}_accs"][-1]
    maps = [_in_batches(feature_maps, models["cnn"], Z) for Z in (X, X_val)]
    pooled = [[Z.mean((2, 3)) for Z in pair] for pair in zip(*maps, strict=True)]
    out["cnn_mean_accs"] = [read(pair) for pair in pooled]
    out["cnn_mean_last_acc"] = out["cnn_mean_accs"][-1]
    return out


def _alike(models, X):
    """CKA maps between layers; a layer is all its numbers in one row."""
    layers = {
        name: [Z.flatten(1) for Z in _in_batches(activations, models[name], X)]
        for name in ("trained", "other", "random", "shuffled")
    }
    layers["cnn"] = [Z.flatten(1) for Z in _in_batches(feature_maps, models["cnn"], X)]
    out = {}
    for first, second in (
        ("trained", "trained"),
        ("trained", "other"),
        ("trained", "random"),
        ("trained", "shuffled"),
        ("random", "random"),
        ("trained", "cnn"),
        ("cnn", "cnn"),
    ):
        alike = cka_map(layers[first], layers[second])
        out[f"cka_{first}_{second}"] = alike.tolist()
        out[f"cka_{first}_{second}_ends"] = alike[0, -1].item()
    # Chance: the same numbers, the images of one side in another order.
    order = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))
    strangers = [Z[order] for Z in layers["trained"]]
    out["cka_chance"] = cka_map(layers["trained"], strangers).max().item()
    return out


def _in_batches(function, model, X, batch=500):
    """`function(model, X)`, a list of tensors, computed part by part."""
    parts = [function(model, part) for part in X.split(batch)]
    return [torch.cat(layer) for layer in zip(*parts, strict=True)]
