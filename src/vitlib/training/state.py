"""All that a run must keep to go on as if it had not been stopped."""

from dataclasses import asdict, dataclass, field

import torch

from vitlib.training import distributed
from vitlib.training.checkpoint import under
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

    What the caller gives anew is not kept: learning rates, momentum, the schedule.
    """
    tensors = {f"model.{name}": v for name, v in run.model.state_dict().items()}
    for index, entries in run.optimizer.state_dict()["state"].items():
        for name, value in entries.items():
            if value is not None:
                tensors[f"optimizer.{index}.{name}"] = value
    for i, states in enumerate(distributed.collect(_random(device))):
        tensors |= {f"random.{i}.{kind}": state for kind, state in states.items()}
    if run.order is not None:
        tensors["order"] = run.order
    return tensors, {
        "progress": asdict(run.progress) | {"history": run.progress.history.to_rows()},
        "optimizer": _kind(run.optimizer),
        "scaler": scaler.state_dict(),
        "steps": len(run.train),
    }


def unpack(run, scaler, device, tensors, notes):
    """Put back what `pack` took, all of it or nothing.

    Raises:
        KeyError, TypeError: it is not all there.
        ValueError: it is of another model, optimizer or size of batch.
    """
    progress = dict(notes["progress"])
    progress["history"] = History.from_rows(progress["history"])
    progress = Progress(**progress)
    weights, moments = under("model", tensors), under("optimizer", tensors)
    _check_model(run.model, weights)
    _check_optimizer(run.optimizer, notes["optimizer"], moments)
    if progress.steps and notes["steps"] != len(run.train):
        raise ValueError(
            f"stopped within an epoch of {notes['steps']} steps, expected "
            f"{len(run.train)}: give the same images and batch_size"
        )
    run.model.load_state_dict(weights)
    state = {}
    for name, value in moments.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = value
    groups = run.optimizer.state_dict()["param_groups"]
    run.optimizer.load_state_dict({"state": state, "param_groups": groups})
    if notes["scaler"]:
        scaler.load_state_dict(notes["scaler"])
    run.progress = progress
    if "order" in tensors and order_of(run.train) is not None:
        run.train.generator.set_state(tensors["order"])
    # Dropout goes on where it was, if as many processes go on.
    mine = under(f"random.{distributed.rank()}", tensors)
    if "cpu" in mine:
        torch.set_rng_state(mine["cpu"])
    if "cuda" in mine and device.type == "cuda":
        torch.cuda.set_rng_state(mine["cuda"], device)


def _check_model(model, weights):
    expected = {name: value.shape for name, value in model.state_dict().items()}
    found = {name: value.shape for name, value in weights.items()}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise ValueError(
                f"{name} is {_shape(found.get(name))} in the file, "
                f"{_shape(expected.get(name))} in the model"
            )


def _shape(shape):
    return "absent" if shape is None else f"of shape {tuple(shape)}"


def _kind(optimizer):
    sizes = (str(len(group["params"])) for group in optimizer.param_groups)
    return f"{type(optimizer).__name__} of {' + '.join(sizes)} tensors"


def _check_optimizer(optimizer, kind, moments):
    if kind != _kind(optimizer):
        raise ValueError(f"{kind}, expected {_kind(optimizer)}")
    weights = [p for group in optimizer.param_groups for p in group["params"]]
    for name, value in moments.items():
        index = int(name.partition(".")[0])
        # A moment has the shape of its weight; a count of steps has none.
        if index >= len(weights) or value.shape not in (weights[index].shape, ()):
            raise ValueError(f"{name} of {kind} belongs to other weights")


def _random(device):
    """The states of the generators that decide the dropout."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states
