"""All that a run must keep to go on as if it had not been stopped."""

from dataclasses import asdict, dataclass, field

import torch

from vitlib.classifier import Diverged
from vitlib.training import distributed
from vitlib.training.measure import History


@dataclass
class Progress:
    """How far a run is: whole epochs, then steps of the one that it is in."""

    history: History = field(default_factory=History)
    steps: int = 0
    loss: float = 0.0  # of these steps, summed over their images
    seen: int = 0
    seconds: float = 0.0


@dataclass
class Run:
    """All that has a state while a model is trained."""

    model: torch.nn.Module
    train: object  # batches
    optimizer: torch.optim.Optimizer
    progress: Progress = field(default_factory=Progress)
    order: torch.Tensor | None = None  # of the generator, when the epoch began


def order_of(batches):
    """The state that decides the order of the images, if it can be known."""
    generator = getattr(batches, "generator", None)
    return None if generator is None else generator.get_state()


def pack(run, scaler, device):
    """The state of a run: its tensors, and the rest as JSON has it.

    Raises:
        Diverged: weights that are not finite, which nobody could go on from.
    """
    tensors = {}
    for name, value in run.model.state_dict().items():
        if not torch.isfinite(value).all():
            raise Diverged(f"{name} holds numbers that are not finite")
        tensors[f"model.{name}"] = value
    optimizer = run.optimizer.state_dict()
    for index, entries in optimizer["state"].items():
        for name, value in entries.items():
            if value is not None:
                tensors[f"optimizer.{index}.{name}"] = value
    for i, states in enumerate(distributed.collect(_random(device))):
        tensors |= {f"random.{i}.{kind}": state for kind, state in states.items()}
    if run.order is not None:
        tensors["order"] = run.order
    return tensors, {
        "progress": asdict(run.progress) | {"history": run.progress.history.to_rows()},
        "optimizer": type(run.optimizer).__name__,
        "groups": optimizer["param_groups"],
        "scaler": scaler.state_dict(),
    }


def unpack(run, scaler, device, tensors, notes):
    """Put back what `pack` took.

    Raises:
        KeyError, TypeError: it is not all there.
        RuntimeError, ValueError: it is of another model or optimizer.
    """
    progress = dict(notes["progress"])
    progress["history"] = History.from_rows(progress["history"])
    progress = Progress(**progress)
    kind = type(run.optimizer).__name__
    if notes["optimizer"] != kind:
        raise ValueError(f"{notes['optimizer']}, expected {kind}")
    run.model.load_state_dict(_under("model", tensors))
    state = {}
    for name, value in _under("optimizer", tensors).items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = value
    run.optimizer.load_state_dict({"state": state, "param_groups": notes["groups"]})
    scaler.load_state_dict(notes["scaler"])
    run.progress = progress
    if "order" in tensors:
        run.train.generator.set_state(tensors["order"])
    # Dropout goes on where it was, if as many processes go on.
    mine = _under(f"random.{distributed.rank()}", tensors)
    if "cpu" in mine:
        torch.set_rng_state(mine["cpu"])
    if "cuda" in mine and device.type == "cuda":
        torch.cuda.set_rng_state(mine["cuda"], device)


def _under(prefix, tensors):
    return {
        name.removeprefix(prefix + "."): value
        for name, value in tensors.items()
        if name.startswith(prefix + ".")
    }


def _random(device):
    """The states of the generators that decide the dropout."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states
