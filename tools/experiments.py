"""The recorded runs: what is trained, with which seeds, and what is summed up.

`tools.record` runs them and writes what they gave; the text quotes from there.
Each seed decides the weights, the order of the images and the split.
"""

from dataclasses import dataclass, field
from functools import partial
from statistics import mean, stdev

import torch

from vitlib import FashionMNIST, Trainer, ViT, evaluate, warmup_cosine
from vitlib.data import Batches

# D2L's model with every size cut down to what a laptop trains in a minute.
QUICK = dict(
    img_size=28, patch_size=7, num_hiddens=32, mlp_num_hiddens=128, num_heads=4,
    num_blks=2, emb_dropout=0.1, blk_dropout=0.1,
)  # fmt: skip
NO_DROPOUT = dict(emb_dropout=0.0, blk_dropout=0.0)
BATCH = 128


@dataclass
class Recipe:
    """How one model is trained; the defaults are D2L's recipe, made quick."""

    model: dict = field(default_factory=dict)  # changes to QUICK
    optimizer: str = "sgd"
    lr: float = 0.1
    weight_decay: float = 0.0
    warmup: float | None = None  # share of the steps; None is a constant rate
    normalize: bool = False
    augment: bool = False
    epochs: int = 3
    sabotage: str = "none"
    seeds: int = 3
    test: bool = False  # look at the test set once, after the last epoch

    def build(self, seed):
        """The model, the data and the optimizer of one run."""
        torch.manual_seed(seed)
        settings = {**QUICK, **self.model}
        model = ViT(**settings, lr=self.lr)
        data = FashionMNIST(
            BATCH,
            settings["img_size"],
            seed=seed,
            normalize=self.normalize,
            augment=self.augment,
        )
        SABOTAGE[self.sabotage](model, data)
        return model, data, self.configure(model)

    def configure(self, model):
        if self.optimizer == "adamw":
            return torch.optim.AdamW(
                model.parameters(), self.lr, weight_decay=self.weight_decay
            )
        momentum = 0.9 if self.optimizer == "momentum" else 0.0
        return torch.optim.SGD(model.parameters(), self.lr, momentum=momentum)

    def run(self, seed, checkpoint=None):
        """Train once; the history and the accuracies after the last epoch."""
        model, data, optimizer = self.build(seed)
        schedule = None
        if self.warmup is not None:
            schedule = partial(warmup_cosine, warmup=self.warmup)
        trainer = Trainer(self.epochs, checkpoint=checkpoint)
        history = trainer.fit(model, data, optimizer, schedule)
        images, labels = data.train
        seen = Batches(
            images[:5000], labels[:5000], BATCH, data.resize, normalize=self.normalize
        )
        run = {
            "seed": seed,
            "rows": history.to_rows(),
            "train_acc": evaluate(model, seen)[1],
        }
        if self.test:
            run["test_acc"] = evaluate(model, data.test_dataloader())[1]
        return run, model


def _no_positions(model, data):
    torch.nn.init.zeros_(model.pos_embedding)
    model.pos_embedding.requires_grad_(False)


def _no_residual(model, data):
    for blk in model.blks:
        blk.forward = lambda X, blk=blk: blk.mlp(blk.ln2(blk.attention(blk.ln1(X))))


def _shuffled_labels(model, data):
    images, labels = data.train
    data.train = images, labels[torch.randperm(len(labels))]


def _learning_rate_0(model, data):
    for parameter in model.parameters():
        parameter.register_hook(torch.zeros_like)


def _positions_of_std_1(model, data):
    torch.nn.init.normal_(model.pos_embedding)


SABOTAGE = {
    "none": lambda model, data: None,
    "no positions": _no_positions,
    "no residual": _no_residual,
    "shuffled labels": _shuffled_labels,
    "learning rate 0": _learning_rate_0,
    "positions of std 1": _positions_of_std_1,
}

ADAMW = dict(model=NO_DROPOUT, optimizer="adamw", lr=3e-3, weight_decay=0.05)
RECIPES = {
    "training_quick": Recipe(seeds=10, test=True),
    "recipe_no_dropout": Recipe(model=NO_DROPOUT),
    "recipe_momentum": Recipe(model=NO_DROPOUT, optimizer="momentum", lr=0.03),
    "recipe_adamw": Recipe(**ADAMW),
    "recipe_cosine": Recipe(**ADAMW, warmup=0.0),
    "recipe_warmup": Recipe(**ADAMW, warmup=0.1),
    "recipe_normalized": Recipe(**ADAMW, warmup=0.1, normalize=True),
    "recipe_longer": Recipe(**ADAMW, warmup=0.1, normalize=True, epochs=10, test=True),
    "recipe_native": Recipe(
        **{**ADAMW, "model": dict(NO_DROPOUT, img_size=28, patch_size=4)}, warmup=0.1
    ),
    "recipe_upsampled": Recipe(
        **{**ADAMW, "model": dict(NO_DROPOUT, img_size=96, patch_size=16)}, warmup=0.1
    ),
    "sabotage_no_positions": Recipe(sabotage="no positions"),
    "sabotage_no_residual": Recipe(sabotage="no residual"),
    "sabotage_shuffled_labels": Recipe(sabotage="shuffled labels", seeds=1),
    "sabotage_learning_rate_0": Recipe(sabotage="learning rate 0", seeds=1),
    "positions_std_1": Recipe(sabotage="positions of std 1"),
    # The trained model that ships with the package.
    "fashion_vit": Recipe(
        model=dict(NO_DROPOUT, patch_size=4, num_hiddens=64, mlp_num_hiddens=256),
        optimizer="adamw",
        lr=2e-3,
        weight_decay=0.05,
        warmup=0.1,
        normalize=True,
        epochs=5,
        seeds=1,
        test=True,
    ),
}


def summarize(runs):
    """What the prose may quote of several runs, as text.

    Accuracies in percent, losses in nats, means over the seeds, and the sample
    standard deviations where there are several.
    """
    last = [{**run["rows"][-1], **run} for run in runs]
    out = {"seeds": str(len(runs)), "epochs": str(len(runs[0]["rows"]))}
    minutes = [sum(row["seconds"] for row in run["rows"]) / 60 for run in runs]
    out["minutes"] = f"{mean(minutes):.1f}"
    for key in ("val_acc", "train_acc", "test_acc", "val_loss", "train_loss"):
        values = [row[key] for row in last if key in row]
        if not values:
            continue
        scale, digits, unit = (100, 1, "%") if key.endswith("acc") else (1, 3, "")
        out[key] = f"{scale * mean(values):.{digits}f}{unit}"
        if len(values) > 1:
            out[f"{key}_sd"] = f"{scale * stdev(values):.{digits}f}"
    return out
