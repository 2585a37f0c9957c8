"""A trainer that returns what happened, and survives being stopped.

`python -m vitlib.training --help` trains from the command line, also with
`torchrun` in several processes.
"""

from vitlib.training.measure import Epoch, History, evaluate
from vitlib.training.settings import profile, quiet
from vitlib.training.trainer import Trainer, warmup_cosine
from vitlib.training.watch import Diverged

__all__ = [
    "Diverged",
    "Epoch",
    "History",
    "Trainer",
    "evaluate",
    "profile",
    "quiet",
    "warmup_cosine",
]
