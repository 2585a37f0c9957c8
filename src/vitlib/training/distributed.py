"""Several processes that train one model, each on its share of every batch.

`torchrun` starts them; PyTorch's `DistributedDataParallel` averages the gradients.
"""

import os

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel


def join():
    """Join the run that `torchrun` started, if it did, and return the device.

    Each process of a machine takes the GPU of its own number, or else the CPU.
    """
    cuda = torch.cuda.is_available()
    number = int(os.environ.get("LOCAL_RANK", 0))
    device = torch.device("cuda", number) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    if "WORLD_SIZE" in os.environ:
        distributed.init_process_group("nccl" if cuda else "gloo")
    return device


def leave():
    """End what `join` began."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def rank():
    """The number of this process, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def size():
    """The number of processes that train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def total(tensor):
    """The sum of a tensor over all processes."""
    if distributed.is_initialized():
        distributed.all_reduce(tensor)
    return tensor


def collect(value):
    """What each process has, a list in the order of their numbers."""
    values = [value] * size()
    if len(values) > 1:
        distributed.all_gather_object(values, value)
    return values


def share(batch):
    """The part of a batch that is this process's, and its weight in the mean.

    Of B images, process r of R takes r, r + R, r + 2R, ... The gradients are
    averaged over processes, so a process with n images counts n R / B times.
    """
    (X, y), r, R = batch, rank(), size()
    if r >= len(y):  # fewer images than processes: compute, but do not count
        return X[:1], y[:1], 0.0
    mine = y[r::R]
    return X[r::R], mine, len(mine) * R / len(y)


class Step(nn.Module):
    """The training step of a model as a module, for that is what DDP wraps."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, X, y):
        return self.model.training_step((X, y))


def loss_of(model, device):
    """A function (X, y) -> loss; several processes average their gradients."""
    if size() == 1:
        return Step(model)
    return DistributedDataParallel(
        Step(model), device_ids=[device] if device.type == "cuda" else None
    )
