"""A trainer that returns what happened, and survives being stopped."""

import json
import os
import sys
import time
from dataclasses import asdict, dataclass, field
from math import cos, pi
from pathlib import Path

import torch
from torch.nn import functional as F
from tqdm.auto import tqdm

from vitlib import expect


def profile():
    """ "quick" or "full": `VITLIB_PROFILE`, else full where there is a GPU."""
    default = "full" if torch.cuda.is_available() else "quick"
    name = os.environ.get("VITLIB_PROFILE") or default
    if name not in ("quick", "full"):
        raise ValueError(f"VITLIB_PROFILE must be 'quick' or 'full', got {name!r}")
    return name


def quiet():
    """Whether nobody watches: in CI, under pytest, or with no terminal or notebook."""
    if any(map(os.environ.get, ("CI", "PYTEST_CURRENT_TEST", "VITLIB_QUIET"))):
        return True
    return not (sys.stderr.isatty() or "ipykernel" in sys.modules)


@dataclass
class Epoch:
    """What one epoch gave. Losses are in nats, means over images."""

    train_loss: float
    val_loss: float
    val_acc: float
    seconds: float = field(compare=False)


class History(list):
    """One `Epoch` after the other; `history.val_acc` is a column."""

    def __getattr__(self, name):
        if name not in Epoch.__dataclass_fields__:
            raise AttributeError(
                f"no column {name!r}, expected one of {[*Epoch.__dataclass_fields__]}"
            )
        return [getattr(epoch, name) for epoch in self]

    def to_rows(self):
        return [asdict(epoch) for epoch in self]

    @classmethod
    def from_rows(cls, rows):
        return cls(Epoch(**row) for row in rows)


@torch.no_grad()
def evaluate(model, batches):
    """Mean loss and accuracy over all images, counted, not averaged by batch.

    Returns:
        (loss in nats, correct images / images); the model is left in eval mode.
    """
    model.eval()
    device = next(model.parameters()).device
    loss, correct, seen = 0.0, 0, 0
    for X, y in batches:
        X, y = X.to(device), y.to(device)
        logits = model(X)
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        correct += (logits.argmax(1) == y).sum().item()
        seen += len(y)
    if not seen:
        raise ValueError("no images to evaluate, expected at least one batch")
    return loss / seen, correct / seen


def warmup_cosine(progress, warmup=0.1):
    """Factor of the learning rate: up a line, then down half a cosine.

    Args:
        progress: share of all steps already taken, in [0, 1].
        warmup: share of all steps that go up.

    Source: the shape of Dosovitskiy et al. 2021, table 3, for ImageNet.
    """
    if progress < warmup:
        return progress / warmup
    return 0.5 * (1 + cos(pi * (progress - warmup) / (1 - warmup)))


class Trainer:
    """Trains a `Classifier` as D2L's Trainer does, and returns a `History`.

    Args:
        max_epochs: passes over the training set.
        gradient_clip_val: largest norm of the gradient; 0 means no limit.
        device: where to train; a GPU if there is one.
        checkpoint: file that is written after every epoch and read again when
            the run starts anew, so that nothing but the current epoch is lost.

    Raises:
        ValueError: no epochs, or a checkpoint that is a folder, is damaged or
            belongs to another model.
    """

    def __init__(self, max_epochs, gradient_clip_val=0.0, device=None, checkpoint=None):
        self.max_epochs = expect.whole("max_epochs", max_epochs)
        if gradient_clip_val:
            expect.number("gradient_clip_val", gradient_clip_val)
        self.gradient_clip_val = gradient_clip_val
        default = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device or default)
        self.checkpoint = Path(checkpoint) if checkpoint else None
        if self.checkpoint and self.checkpoint.is_dir():
            raise ValueError(f"checkpoint must be a file, got the folder {checkpoint}")

    def fit(self, model, data, optimizer=None, schedule=None):
        """Train `model` on `data` and return the `History`.

        Args:
            model: a `Classifier`; it is moved to the device and left there.
            data: has `train_dataloader()` and `val_dataloader()`.
            optimizer: over the model's parameters; its own, SGD, if not given.
            schedule: share of the steps taken -> factor of the learning rate.
        """
        model.to(self.device)
        optimizer = optimizer or model.configure_optimizers()
        train, val = data.train_dataloader(), data.val_dataloader()
        base = [group["lr"] for group in optimizer.param_groups]
        history = self._resume(model, optimizer, train)
        for epoch in range(len(history), self.max_epochs):
            start = time.perf_counter()
            model.train()
            total, seen = 0.0, 0
            bar = tqdm(train, f"epoch {epoch + 1}", disable=quiet(), leave=False)
            for step, (X, y) in enumerate(bar, start=epoch * len(train)):
                if schedule:
                    factor = schedule(step / (self.max_epochs * len(train)))
                    for group, lr in zip(optimizer.param_groups, base, strict=True):
                        group["lr"] = lr * factor
                batch = X.to(self.device), y.to(self.device)
                total += self._step(model, batch, optimizer) * len(y)
                seen += len(y)
            seconds = time.perf_counter() - start
            history.append(Epoch(total / seen, *evaluate(model, val), seconds))
            self._save(model, optimizer, train, history)
        return history

    def _step(self, model, batch, optimizer):
        loss = model.training_step(batch)
        optimizer.zero_grad()
        loss.backward()
        if self.gradient_clip_val:
            torch.nn.utils.clip_grad_norm_(model.parameters(), self.gradient_clip_val)
        optimizer.step()
        return loss.item()

    def _save(self, model, optimizer, train, history):
        if self.checkpoint is None:
            return
        half_written = self.checkpoint.with_name(self.checkpoint.name + ".part")
        state = {
            "history": json.dumps(history.to_rows()),
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "kind": type(optimizer).__name__,
            "random": torch.get_rng_state(),  # decides the dropout
        }
        if train.generator is not None:
            state["order"] = train.generator.get_state()
        torch.save(state, half_written)
        os.replace(half_written, self.checkpoint)  # whole or not at all

    def _resume(self, model, optimizer, train):
        if self.checkpoint is None:
            return History()
        # Now, not after an epoch: a folder that cannot be made stops the run.
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        if not self.checkpoint.exists():
            return History()
        try:
            state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            history = History.from_rows(json.loads(state["history"]))
            weights, moments = state["model"], state["optimizer"]
            kind, random = state["kind"], state["random"]
        except Exception as error:  # what a damaged file raises is anyone's guess
            raise ValueError(
                f"{self.checkpoint} is not a whole checkpoint "
                f"({type(error).__name__}): to start anew, delete it or name another"
            ) from None
        try:
            if kind != type(optimizer).__name__:
                raise ValueError(f"{kind}, expected {type(optimizer).__name__}")
            model.load_state_dict(weights)
            optimizer.load_state_dict(moments)
        except (RuntimeError, ValueError) as error:
            raise ValueError(
                f"{self.checkpoint} belongs to another model or optimizer: "
                f"{str(error).splitlines()[-1].strip()}"
            ) from None
        torch.set_rng_state(random)
        if "order" in state:
            train.generator.set_state(state["order"])
        return history
