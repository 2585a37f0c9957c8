"""What a run reports: one row an epoch, and an accuracy that is counted."""

from dataclasses import asdict, dataclass, field

import torch
from torch.nn import functional as F


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
    losses, correct, seen = [], [], 0
    for X, y in batches:
        X, y = X.to(device), y.to(device)
        logits = model(X)
        losses.append(F.cross_entropy(logits, y, reduction="sum"))
        correct.append((logits.argmax(1) == y).sum())
        seen += len(y)
    if not seen:
        raise ValueError("no images to evaluate, expected at least one batch")
    loss, right = (sum(torch.stack(part).tolist()) for part in (losses, correct))
    return loss / seen, right / seen
