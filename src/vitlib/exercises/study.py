"""A fair comparison in an afternoon: one validation split, a budget, the same seeds.

The images are the 2,500 that ship with the package, so nothing is fetched.
"""

import time

import torch

from vitlib import expect
from vitlib.data import FashionMNIST
from vitlib.training import Trainer, evaluate, warmup_cosine
from vitlib.vit import ViT

HOLDOUT = 500  # of the 2,000 training images; what is chosen is chosen on these
BASELINE = {
    "optimizer": "sgd",  # "sgd", "momentum" or "adamw"
    "lr_factor": 1.0,  # of the optimizer's own learning rate
    "schedule": "constant",  # or "cosine"
    "warmup": 0.0,  # share of all steps
    "weight_decay": 0.0,
    "dropout": 0.1,
    "augment": False,  # shift and mirror the training images
    "normalize": False,
    "batch_size": 64,
    "patch_size": 7,
    "num_hiddens": 32,
    "num_blks": 2,
    "epochs": 20,
}
# The learning rates are those of the chapter's table: with each optimizer comes
# its own, so that exchanging the optimizer is one change.
OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {"lr": 0.1}),
    "momentum": (torch.optim.SGD, {"lr": 0.03, "momentum": 0.9}),
    "adamw": (torch.optim.AdamW, {"lr": 0.003}),
}
SCHEDULES = ("constant", "cosine")
CONCLUSIONS = ("better", "worse", "unclear")


class OutOfBudget(Exception):
    """The time is spent in the middle of a run."""


class Study:
    """Trains recipes on the CPU, keeps every run, and counts looks at the test set.

    Args:
        minutes: the budget, in minutes of training.

    `study.recipes` is what each recipe changes, `study.runs` what each run gave;
    a run that is there is never trained again.
    """

    def __init__(self, minutes=20):
        self.minutes = expect.number("minutes", minutes)
        self.seconds = 0.0
        self.recipes, self.runs, self.looks = {}, {}, []
        self._models = {}

    def train(self, name, change=None, parent="baseline", seeds=(0, 1, 2)):
        """Train a recipe once for each seed, and print a line for each run.

        Args:
            name: of the recipe; the one without a change is called "baseline".
            change: what differs from the parent's recipe, such as
                `{"dropout": 0.0}`; the keys are those of `BASELINE`.
            parent: name of the recipe that is changed.
            seeds: of the weights, the dropout and the order of the images.

        Raises:
            ValueError: an unknown key, value or parent, not one change, a name that
                means another recipe, or a loss that is not finite.
        """
        recipe = self._enter(name, dict(change or {}), parent)
        for seed in dict.fromkeys(seeds):
            expect.whole("seed", seed, least=0)
            if (name, seed) in self.runs:
                print(f"{name}, seed {seed}: is there already")
                continue
            try:
                run = self._run(name, recipe, seed)
            except OutOfBudget:
                print(
                    f"{name}, seed {seed}: stopped, the {self.minutes:g} minutes are "
                    f"spent; the {len(self.runs)} whole runs are kept"
                )
                return
            left = max(0.0, self.minutes - self.seconds / 60)
            print(
                f"{name}, seed {seed}: val acc {run['val_acc']:.3f}, train loss "
                f"{run['train_loss']:.3f}, {run['seconds']:.0f} s, {left:.1f} min left"
            )

    def recipe(self, name):
        """All settings of a recipe: the baseline's, and the changes on the way."""
        if name not in self.recipes:
            raise ValueError(
                f"no recipe {name!r}, trained so far: "
                f"{', '.join(self.recipes) or 'none'}"
            )
        entry = self.recipes[name]
        before = self.recipe(entry["parent"]) if entry["parent"] else BASELINE
        return before | entry["change"]

    def val_acc(self, name):
        """Validation accuracies of a recipe, in the order of its seeds."""
        self.recipe(name)
        return [self.runs[name, seed]["val_acc"] for seed in self._seeds(name)]

    def look_at_test(self, name):
        """Accuracies on the test set, of a recipe and of the baseline; counted.

        Returns:
            {"baseline": [...], name: [...]}, in the order of the seeds.
        """
        self.recipe(name)
        found = {}
        for each in ("baseline", name):
            found[each] = [
                evaluate(self._models[each, seed], self._data(each).test_dataloader())[
                    1
                ]
                for seed in self._seeds(each)
            ]
        self.looks.append({"recipe": name, "runs": len(self.runs), "test_acc": found})
        print(f"look {len(self.looks)} at the test set, after {len(self.runs)} runs")
        return found

    def report(self, choice, conclusion):
        """What is handed in, as a plain dict; it is printed on one line, too.

        Args:
            choice: the recipe that is compared with the baseline.
            conclusion: "better", "worse" or "unclear", by validation accuracy.
        """
        self.recipe(choice)
        if conclusion not in CONCLUSIONS:
            raise ValueError(
                f"conclusion must be one of {[*CONCLUSIONS]}, got {conclusion!r}"
            )
        rows = {}
        for name, entry in self.recipes.items():
            runs = [self.runs[name, seed] for seed in self._seeds(name)]
            rows[name] = entry | {
                "epochs": self.recipe(name)["epochs"],
                "seeds": self._seeds(name),
                "val_acc": [run["val_acc"] for run in runs],
                "seconds": round(sum(run["seconds"] for run in runs), 1),
            }
        report = {
            "minutes": self.minutes,
            "seconds": round(self.seconds, 1),
            "recipes": {name: row for name, row in rows.items() if row["seeds"]},
            "looks": [
                {"recipe": look["recipe"], "runs_after": len(self.runs) - look["runs"]}
                for look in self.looks
            ],
            "choice": choice,
            "conclusion": conclusion,
        }
        print(report)
        return report

    def _enter(self, name, change, parent):
        """Check a recipe before it costs time, note it down, return its settings."""
        if unknown := sorted(set(change) - set(BASELINE)):
            raise ValueError(
                f"unknown {', '.join(map(repr, unknown))}: a recipe may change "
                f"{', '.join(BASELINE)}"
            )
        if name == "baseline" and change:
            raise ValueError(f"the baseline has no change, got {change}")
        parent = "" if name == "baseline" else parent
        entry = {"parent": parent, "change": change}
        if self.recipes.get(name, entry) != entry:
            raise ValueError(
                f"{name!r} is taken, by the change {self.recipes[name]['change']} of "
                f"{self.recipes[name]['parent']!r}: choose another name"
            )
        recipe = (self.recipe(parent) if parent else BASELINE) | change
        if parent and len(change) != 1:
            raise ValueError(
                f"{name!r} changes {len(change)} settings at once: change one, whose "
                f"effect is then known, and start from a `parent` for the next"
            )
        for key, values in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
            if recipe[key] not in values:
                raise ValueError(
                    f"{key} must be one of {[*values]}, got {recipe[key]!r}"
                )
        expect.number("lr_factor", recipe["lr_factor"])
        expect.probability("warmup", recipe["warmup"])
        expect.whole("batch_size", recipe["batch_size"])
        expect.whole("epochs", recipe["epochs"])
        _optimizer(_model(recipe), recipe)  # they check the rest
        self.recipes[name] = entry
        return recipe

    def _seeds(self, name):
        return sorted(seed for which, seed in self.runs if which == name)

    def _data(self, name, seed=0):
        recipe = self.recipe(name)
        data = FashionMNIST.sample(recipe["batch_size"], holdout=HOLDOUT)
        data.seed = seed  # of the order; the split is the same for all
        data.augment, data.normalize = recipe["augment"], recipe["normalize"]
        return data

    def _run(self, name, recipe, seed):
        """One training; its time counts however it ends."""
        start = time.perf_counter()
        deadline = start + 60 * self.minutes - self.seconds

        def factor(progress):
            if time.perf_counter() > deadline:
                raise OutOfBudget
            if recipe["schedule"] == "cosine" or progress < recipe["warmup"]:
                return warmup_cosine(progress, recipe["warmup"])
            return 1.0

        try:
            torch.manual_seed(seed)
            model = _model(recipe)
            history = Trainer(recipe["epochs"], device="cpu").fit(
                model, self._data(name, seed), _optimizer(model, recipe), factor
            )
        finally:
            seconds = time.perf_counter() - start
            self.seconds += seconds
        self._models[name, seed] = model
        run = {"val_acc": history[-1].val_acc, "train_loss": history[-1].train_loss}
        self.runs[name, seed] = run | {"seconds": seconds}
        return self.runs[name, seed]


def _model(recipe):
    width, dropout = recipe["num_hiddens"], recipe["dropout"]
    return ViT(
        28, recipe["patch_size"], width, 4 * width, 4, recipe["num_blks"], dropout,
        dropout,
    )  # fmt: skip


def _optimizer(model, recipe):
    kind, settings = OPTIMIZERS[recipe["optimizer"]]
    settings = settings | {"lr": settings["lr"] * recipe["lr_factor"]}
    return kind(model.parameters(), weight_decay=recipe["weight_decay"], **settings)
