"""The protocol that D2L's Trainer and ours both speak."""

import torch
from torch import distributed, nn
from torch.nn import functional as F

from vitlib import expect


class Diverged(ValueError):
    """A loss that is not a number, or that has grown far beyond a guess.

    Attributes:
        at: what the one who raised it knows of the step, or None.
    """

    def __init__(self, text, at=None):
        super().__init__(text)
        self.at = at


class Board:
    """Where D2L's Trainer reports: keeps the points, draws nothing.

    `points[label]` is a list of (x, y); every `every_n` values are averaged
    into one point, as D2L's board does.
    """

    def __init__(self):
        self.xlim = None
        self.points = {}
        self._pending = {}

    def draw(self, x, y, label, every_n=1):
        pending = self._pending.setdefault(label, [])
        pending.append((x, float(y)))
        if len(pending) >= every_n:
            mean = torch.tensor(pending, dtype=torch.float64).mean(0)
            self.points.setdefault(label, []).append(tuple(mean.tolist()))
            pending.clear()


class Classifier(nn.Module):
    """Base of the models: a loss, a step, an optimizer.

    Subclasses set `lr` and `num_classes` and define `forward(X)`, which returns
    logits (B, K).

    Source: the protocol is that of `d2l.Classifier`, D2L 4.3.
    """

    def __init__(self, lr, num_classes):
        super().__init__()
        self.lr = expect.number("lr", lr)
        self.num_classes = expect.whole("num_classes", num_classes)
        self.board = Board()
        self.trainer = None  # set by d2l.Trainer; ours keeps its own history

    def loss(self, logits, y):
        """Cross-entropy in nats, the mean over the batch."""
        if not isinstance(y, torch.Tensor):
            raise TypeError(f"labels must be a torch.Tensor, got {type(y).__name__}")
        if y.dtype != torch.int64 or y.shape != logits.shape[:1]:
            raise ValueError(
                f"expected {logits.shape[0]} labels of dtype torch.int64, got "
                f"shape {tuple(y.shape)}, dtype {y.dtype}"
            )
        # A GPU checks for itself; reading the labels here would make the host wait.
        if y.device.type == "cpu" and not 0 <= y.min() <= y.max() < self.num_classes:
            raise ValueError(
                f"labels must be in 0..{self.num_classes - 1}, got "
                f"{y.min().item()}..{y.max().item()}"
            )
        return F.cross_entropy(logits, y)

    def training_step(self, batch):
        """The loss of one batch; raises rather than train on a NaN.

        On a GPU it does not look, for that would make the host wait at every step,
        nor when one of several processes, for the others would wait for it.
        """
        X, y = batch
        loss = self.loss(self(X), y)
        alone = loss.device.type == "cpu" and not distributed.is_initialized()
        if alone and not torch.isfinite(loss):
            bad = X.numel() - torch.isfinite(X).sum().item()
            raise Diverged(
                f"the training loss is {loss.item()}, expected a finite number: "
                f"{bad} of the {X.numel()} input values are not finite"
                + ("" if bad else "; the learning rate may be too high")
            )
        self.plot("loss", loss, train=True)
        return loss

    def validation_step(self, batch):
        """Report loss and accuracy of one batch to D2L's Trainer."""
        X, y = batch
        logits = self(X)
        self.plot("loss", self.loss(logits, y), train=False)
        self.plot("acc", (logits.argmax(1) == y).float().mean(), train=False)

    def configure_optimizers(self):
        fused = next(self.parameters()).is_cuda  # one kernel for all the weights
        return torch.optim.SGD(self.parameters(), lr=self.lr, fused=fused)

    def plot(self, key, value, train):
        """Two training points and one validation point an epoch, as in D2L."""
        if self.trainer is None:
            return
        if train:
            batches = self.trainer.num_train_batches
            x, every_n = self.trainer.train_batch_idx / batches, batches // 2
        else:
            x, every_n = self.trainer.epoch + 1, self.trainer.num_val_batches
        label = ("train_" if train else "val_") + key
        self.board.draw(x, value.detach(), label, max(every_n, 1))
