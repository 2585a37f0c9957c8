"""The trainer."""

import time
from itertools import islice
from math import cos, inf, isfinite, pi

import torch
from tqdm.auto import tqdm

from vitlib import expect
from vitlib.classifier import Diverged
from vitlib.training import checkpoint as files
from vitlib.training import distributed
from vitlib.training.measure import Epoch, evaluate
from vitlib.training.settings import precision_for, quiet, say
from vitlib.training.state import Progress, Run, order_of, pack, unpack
from vitlib.training.watch import WINDOW, Watch, check_weights

SAVE_SECONDS = 300  # what a stopped run loses of an epoch, and no more


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

    Several processes started by `torchrun` train one model together, each on
    its share of every batch.

    Args:
        max_epochs: passes over the training set.
        gradient_clip_val: largest norm of the gradient; 0 means no limit.
        device: where to train; a GPU if there is one.
        checkpoint: file that is written after every epoch, and every 5 minutes
            within one; a run that starts anew goes on from there, with the
            learning rate and the schedule that it is given. In Colab,
            `drive:NAME` is a file on the user's Google Drive.
        precision: number format of the products, "float32", "bfloat16" or
            "float16"; by default what suits the device, see `precision_for`.
        compile: whether PyTorch compiles the model first: a minute that a long
            run on a GPU wins back.

    Raises:
        ValueError: no epochs, an unknown precision, or a checkpoint that is a
            folder, is damaged or belongs to another model.
        Diverged: the loss is no number or has grown; the last checkpoint, from
            before that, is kept.
    """

    def __init__(
        self, max_epochs, gradient_clip_val=0.0, device=None, checkpoint=None,
        precision=None, compile=False,
    ):  # fmt: skip
        self.max_epochs = expect.whole("max_epochs", max_epochs)
        if gradient_clip_val:
            expect.number("gradient_clip_val", gradient_clip_val)
        self.gradient_clip_val = gradient_clip_val
        default = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device or default)
        self.checkpoint = files.place(checkpoint) if checkpoint else None
        self.precision = precision_for(self.device, precision)
        self.compile = compile

    def fit(self, model, data, optimizer=None, schedule=None):
        """Train `model` on `data` and return the `History`.

        Args:
            model: a `Classifier`; it is moved to the device and left there.
            data: has `train_dataloader()` and `val_dataloader()`.
            optimizer: over the model's parameters; its own, SGD, if not given.
            schedule: share of the steps taken -> factor of the learning rate.
        """
        model.to(self.device)
        train, val = data.train_dataloader(), data.val_dataloader()
        for batches in (train, val):
            if hasattr(batches, "to"):
                batches.to(self.device)  # the images live where they are used
        run = Run(model, train, optimizer or model.configure_optimizers())
        rates = [group["lr"] for group in run.optimizer.param_groups]
        # Small float16 gradients would become 0; a factor lifts them meanwhile.
        self.scaler = torch.amp.GradScaler(
            self.device.type, enabled=self.precision == "float16"
        )
        self._resume(run)
        if self.compile:
            model.compile()
        self._loss = distributed.loss_of(model, self.device)
        classes = getattr(model, "num_classes", inf)  # without K, no limit
        watch = Watch(classes, self.device, distributed.total)
        history = run.progress.history
        while len(history) < self.max_epochs:
            self._epoch(run, watch, rates, schedule)
            done = run.progress
            val_loss, val_acc = self._evaluate(model, val)
            history.append(
                Epoch(done.loss / done.seen, val_loss, val_acc, done.seconds)
            )
            run.progress, run.order = Progress(history), order_of(train)
            self._save(run)
            self.after_epoch(history)
        return history

    def after_epoch(self, history):
        """Called after each epoch, for those who want to report it."""

    def _epoch(self, run, watch, rates, schedule):
        """Train for the rest of the epoch that the run is in."""
        progress, steps, epoch = run.progress, len(run.train), len(run.progress.history)
        start, saved = time.perf_counter() - progress.seconds, time.perf_counter()
        run.order = order_of(run.train)
        watch.progress = progress
        run.model.train()
        bar = tqdm(run.train, f"epoch {epoch + 1}", disable=quiet(), leave=False)
        try:
            for step, (X, y) in enumerate(bar):
                if step < progress.steps:  # taken before the run was stopped
                    continue
                if schedule:
                    taken = (epoch * steps + step) / (self.max_epochs * steps)
                    _set_rates(run.optimizer, rates, schedule(taken))
                rate = run.optimizer.param_groups[0]["lr"]
                at = step, getattr(run.train, "rows", None), rate
                loss = self._step(run.model, (X, y), run.optimizer)
                watch.add(loss, len(y), at)
                if self._due(run, step, saved):
                    watch.read()
                    check_weights(run.model)
                    saved = time.perf_counter()
                    progress.steps, progress.seconds = step + 1, saved - start
                    self._save(run)
            watch.read()
            check_weights(run.model)
        except Diverged as error:
            raise Diverged(self._explain(error, error.at or at, run)) from None
        progress.seconds = time.perf_counter() - start

    def _step(self, model, batch, optimizer):
        """One step of the optimizer; the mean loss of the batch stays on its device."""
        X, y, weight = distributed.share(batch)
        X, y = X.to(self.device), y.to(self.device)
        with self._autocast():
            loss = weight * self._loss(X, y)
        optimizer.zero_grad()
        self.scaler.scale(loss).backward()
        if self.gradient_clip_val:
            self.scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(model.parameters(), self.gradient_clip_val)
        self.scaler.step(optimizer)
        self.scaler.update()
        return loss.detach() / distributed.size()

    def _autocast(self):
        return torch.autocast(
            self.device.type,
            getattr(torch, self.precision),
            enabled=self.precision != "float32",
        )

    def _evaluate(self, model, batches):
        """`evaluate`, each process on every so many batches."""
        rank, size = distributed.rank(), distributed.size()
        with self._autocast():
            if size == 1:
                return evaluate(model, batches)
            mine = list(islice(batches, rank, None, size))
            seen = sum(len(y) for _, y in mine)
            loss, acc = evaluate(model, mine) if mine else (0.0, 0.0)
        sums = torch.tensor([loss * seen, acc * seen, seen], dtype=torch.float64)
        loss, right, seen = distributed.total(sums.to(self.device)).tolist()
        return loss / seen, right / seen

    def _explain(self, error, at, run):
        """What failed, where, and what to try."""
        step, rows, rate = at
        text = (
            f"{error}. It happened at step {step + 1} of {len(run.train)} of epoch "
            f"{len(run.progress.history) + 1}"
        )
        if rows is not None:
            first = ", ".join(map(str, rows[:4].tolist()))
            more = f" and {len(rows) - 4} more" if len(rows) > 4 else ""
            text += f", on the training images {first}{more}"
        text += f". The learning rate is {rate:g}: "
        if not isfinite(rate):
            text += "look at the schedule"
        elif self.gradient_clip_val:
            text += "try a smaller one"
        else:
            text += "try a smaller one, or gradient_clip_val=1.0"
        if self.checkpoint and self.checkpoint.exists():
            text += f". {self.checkpoint.name} is from before and was kept"
        return text

    def _due(self, run, step, saved):
        """Whether to save within an epoch; the first process decides for all."""
        if self.checkpoint is None or run.order is None:
            return False  # another order could not be gone on with
        if distributed.size() > 1 and (step + 1) % WINDOW:
            return False  # asking each other takes time
        return distributed.collect(time.perf_counter() - saved > SAVE_SECONDS)[0]

    def _save(self, run):
        """Write a checkpoint; a disk that is full costs the file, not the run."""
        if self.checkpoint is None:
            return
        state = pack(run, self.scaler, self.device)  # of all processes
        if distributed.rank() > 0:
            return
        try:
            files.save(self.checkpoint, *state)
        except OSError as error:
            text = f"could not write {self.checkpoint.name} ({error}): training goes on"
            if self.checkpoint.exists():
                text += ", and the older one is as it was"
            say(text)

    def _resume(self, run):
        """Go on from the checkpoint, if there is one."""
        if self.checkpoint is None:
            return
        if distributed.rank() == 0 and not self.checkpoint.exists():
            files.make_room(self.checkpoint)  # now: the first epoch may take hours
        found = distributed.collect(self.checkpoint.exists())
        if len(set(found)) > 1:
            raise ValueError(
                f"{self.checkpoint} is seen by {sum(found)} of {len(found)} processes: "
                f"put it where all of them can read it"
            )
        if not found[0]:
            return
        tensors, notes = files.load(self.checkpoint)
        try:
            unpack(run, self.scaler, self.device, tensors, notes)
        except (KeyError, TypeError) as error:
            raise files.not_whole(self.checkpoint, error) from None
        except ValueError as error:
            raise ValueError(
                f"{self.checkpoint} belongs to another model or optimizer: {error}"
            ) from None
        if distributed.rank() == 0:
            self._tell(run)

    def _tell(self, run):
        """Say where a run goes on, or that there is nothing left to train."""
        epochs, steps = len(run.progress.history), run.progress.steps
        if epochs >= self.max_epochs:
            say(
                f"{self.checkpoint.name}: epochs done {epochs}, max_epochs "
                f"{self.max_epochs}, so nothing is trained. To start anew, delete it "
                f"or name another file"
            )
        else:
            say(
                f"goes on from {self.checkpoint.name}, after {epochs} of "
                f"{self.max_epochs} epochs"
                + (f" and {steps} of {len(run.train)} steps" if steps else "")
            )


def _set_rates(optimizer, rates, factor):
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate * factor
