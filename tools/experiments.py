"""The recorded runs: what is trained, with which seeds, and what is summed up.

`tools.record` runs them and writes what they gave; the text quotes from there.
Each seed decides the weights, the order of the images and the split.
"""

from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from statistics import mean, stdev

import torch
from torch.nn import functional as F

from vitlib import FashionMNIST, Trainer, ViT, evaluate, warmup_cosine
from vitlib.data import Batches
from vitlib.discussion import ResNet
from vitlib.lean import LeanViT
from vitlib.right_shape_wrong_model import MISTAKES, make_wrong
from vitlib.stem import StemViT
from vitlib.swin import PatchMerging, Swin, SwinBlock
from vitlib.training.settings import EPOCHS, SIZES

# D2L's model, and the same with every size cut down to what a laptop trains in a
# minute.
DROPOUT = dict(emb_dropout=0.1, blk_dropout=0.1)
FULL, QUICK = SIZES["full"] | DROPOUT, SIZES["quick"] | DROPOUT
NO_DROPOUT = dict(emb_dropout=0.0, blk_dropout=0.0)
BATCH = 128
FAMILIES = {
    "vit": (ViT, QUICK),
    "lean": (LeanViT, QUICK),  # the same function, in fewer products
    "resnet": (ResNet, {}),
    "swin": (Swin, {}),
    "stem": (StemViT, {}),
}


@dataclass
class Recipe:
    """How one model is trained; the defaults are D2L's recipe, made quick."""

    model: dict = field(default_factory=dict)  # sizes; for a ViT, changes to QUICK
    optimizer: str = "sgd"
    lr: float = 0.1
    weight_decay: float = 0.0
    warmup: float | None = None  # share of the steps; None is a constant rate
    normalize: bool = False
    augment: bool = False
    reach: int = 2  # pixels that an augmented image is moved by
    epochs: int = 3
    sabotage: str = "none"
    seeds: int = 3
    test: bool = False  # look at the test set once, after the last epoch
    family: str = "vit"  # of FAMILIES
    mistake: str | None = None  # of vitlib's museum of wrong models
    holdout: int = 5000  # 0 is D2L's way: the test set is what is looked at
    precision: str | None = None  # of the products; None suits the device
    smoothing: float = 0.0  # share of a label that is spread over all classes

    def build(self, seed):
        """The model, the data and the optimizer of one run."""
        torch.manual_seed(seed)
        network, sizes = FAMILIES[self.family]
        sizes = {**sizes, **self.model}
        model = network(**sizes, lr=self.lr)
        data = FashionMNIST(
            BATCH,
            sizes.get("img_size", 28),
            self.holdout,
            seed=seed,
            normalize=self.normalize,
            augment=self.augment,
            reach=self.reach,
        )
        SABOTAGE[self.sabotage](model, data)
        if self.mistake:
            make_wrong(model, self.mistake)
        if self.smoothing:
            model.loss = partial(F.cross_entropy, label_smoothing=self.smoothing)
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
        trainer = Trainer(self.epochs, checkpoint=checkpoint, precision=self.precision)
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


@dataclass
class Study:
    """An experiment that is more than one training: a function of `tools.studies`.

    `function`, as `module.name`, takes a seed and returns a dict of numbers and
    lists of numbers.
    """

    function: str
    seeds: int = 3

    def run(self, seed, checkpoint=None):  # too short to need one
        module, name = self.function.split(".")
        study = getattr(import_module(f"tools.studies.{module}"), name)
        return {"seed": seed, **study(seed)}, None


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
WARMUP = dict(ADAMW, warmup=0.1)
# ResNets that match the quick ViT and the one that ships, in parameters and in
# multiply-adds.
RESNET = dict(family="resnet", model=dict(patch_size=4, channels=[18, 22, 27]))
LARGER_RESNET = dict(family="resnet", model=dict(patch_size=2, channels=[31, 38, 64]))
# A Swin of four blocks, and the ViT of four blocks beside it.
SWIN = dict(
    img_size=28, patch_size=2, num_hiddens=16, depths=[2, 2], num_heads=[2, 4],
    window_size=7,
)  # fmt: skip
BESIDE_SWIN = dict(NO_DROPOUT, patch_size=4, num_blks=4)
LONGER = dict(WARMUP, normalize=True, epochs=10, test=True)
SHIPPED = dict(LONGER, lr=2e-3, epochs=5, seeds=1)

RECIPES |= {
    "resnet_longer": Recipe(**LONGER | RESNET),
    "fashion_resnet": Recipe(**SHIPPED | LARGER_RESNET),
    "swin_fashion": Recipe(**WARMUP | dict(family="swin", model=SWIN)),
    "swin_no_shift": Recipe(
        **WARMUP | dict(family="swin", model=dict(SWIN, shift=False))
    ),
    "swin_vit": Recipe(**WARMUP | dict(model=BESIDE_SWIN)),
    "representation": Study("representation.representation", seeds=3),
    "sweep_vit": Study("sweep.vit"),
    "sweep_resnet": Study("sweep.resnet"),
    "shift": Study("discussion.shift"),
    "cost_timing": Study("discussion.cost_timing"),
    "swin_timing": Study("swin.swin_timing"),
    "dropout_timing": Study("long_runs.dropout_timing"),
}

# The source's run: its sizes, its images, its start. bfloat16 halves the time on a
# CPU that has it, and LeanViT leaves out what the head does not read.
D2L = dict(
    model=FULL, family="lean", sabotage="positions of std 1", holdout=0,
    precision="bfloat16",
)  # fmt: skip
RECIPES |= {
    "d2l_full": Recipe(**D2L, epochs=EPOCHS["full"], seeds=1),
    "d2l_full_start": Recipe(**D2L, epochs=2, seeds=5),
}

# As accurate as half an hour on two cores makes it: the last recipe, and the steps
# on the way to it, in short runs.
BEST = dict(
    model=dict(
        NO_DROPOUT, img_size=28, patch_size=4, num_hiddens=128, mlp_num_hiddens=256,
        num_heads=4, num_blks=3, use_bias=True,
    ),
    family="lean", optimizer="adamw", lr=2e-3, weight_decay=0.05, warmup=0.1,
    normalize=True,
)  # fmt: skip
# The strides make patches of 4 pixels, too.
STEM = dict(channels=[32, 32, 64, 64, 128], strides=[1, 2, 1, 2, 1])
STEM |= {size: value for size, value in BEST["model"].items() if size != "patch_size"}
MIRRORED = BEST | dict(family="stem", model=STEM, augment=True, reach=0)
RECIPES |= {
    "best_patches": Recipe(**BEST),
    # As many operations as the stem needs, and more: is it only that?
    "best_deeper": Recipe(**BEST | dict(model=BEST["model"] | dict(num_blks=5))),
    "best_stem": Recipe(**BEST | dict(family="stem", model=STEM)),
    "best_mirrored": Recipe(**MIRRORED),
    "best": Recipe(**MIRRORED, smoothing=0.1, epochs=16, test=True),
}

# A Swin takes minutes a seed, and that these train is all the chapter says.
FEWER_SEEDS = {
    "no mask after the roll": 2, "not rolled back": 1, "one of four merged": 1,
}  # fmt: skip


def _with_mistake(name):
    """The recipe of the true model beside it: the quick ViT, or the Swin."""
    part = MISTAKES[name].__bases__[0]
    swin = part in (SwinBlock, PatchMerging)
    recipe = RECIPES["swin_fashion" if swin else "recipe_warmup"]
    return replace(recipe, mistake=name, seeds=FEWER_SEEDS.get(name, 3))


RECIPES |= {
    "mistake_" + name.replace(",", "").replace(" ", "_"): _with_mistake(name)
    for name in MISTAKES
}


def summarize(runs):
    """What the prose may quote of several runs, as text.

    Accuracies in percent, losses in nats, means over the seeds, and the sample
    standard deviations where there are several.
    """
    if "rows" not in runs[0]:
        return {"seeds": str(len(runs))} | _summarize_studies(runs)
    last = [{**run["rows"][-1], **run} for run in runs]
    out = {"seeds": str(len(runs)), "epochs": str(len(runs[0]["rows"]))}
    minutes = [sum(row["seconds"] for row in run["rows"]) / 60 for run in runs]
    out["minutes"] = f"{mean(minutes):.1f}"
    for key in ("val_acc", "train_acc", "test_acc", "val_loss", "train_loss"):
        values = [row[key] for row in last if key in row]
        if values:
            out |= _mean_and_sd(key, values)
    return out


def _summarize_studies(runs):
    numbers = [key for key, value in runs[0].items() if isinstance(value, int | float)]
    out = {}
    for key in numbers:
        if key != "seed":
            out |= _mean_and_sd(key, [run[key] for run in runs])
    return out


def _mean_and_sd(key, values):
    if "acc" in key.split("_"):
        scale, form, unit = 100, ".1f", "%"
    else:
        scale, form, unit = 1, ".3f" if "loss" in key.split("_") else ".3g", ""
    out = {key: f"{scale * mean(values):{form}}{unit}"}
    if len(values) > 1:
        out[f"{key}_sd"] = f"{scale * stdev(values):{form}}"
    return out
