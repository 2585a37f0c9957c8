"""Where a run stands, in one file that can be read without running code.

A checkpoint is a safetensors file: weights, moments of the optimizer and states
of the random number generators are tensors, everything else is JSON in its
header. It is written under another name and then renamed, so that the file of
that name is whole at any moment.
"""

import json
import os
from pathlib import Path

import safetensors.torch
from safetensors import safe_open

FORMAT = 1
DRIVE = Path("/content/drive")  # where Colab shows the Google Drive of its user


def place(name):
    """The file that is meant: a path, or `drive:NAME` for Google Drive in Colab.

    Raises:
        ValueError: a folder, or `drive:` anywhere but in Colab.
    """
    name = str(name)
    if name.startswith("drive:"):
        try:
            from google.colab import drive
        except ImportError:
            raise ValueError(
                f"checkpoint {name!r} is on the Google Drive of a Colab session, and "
                f"this is none: name a file instead"
            ) from None
        drive.mount(str(DRIVE))
        file = DRIVE / "MyDrive" / (name.removeprefix("drive:") or ".")
    else:
        file = Path(name).expanduser()
    if file.is_dir():
        raise ValueError(f"checkpoint must be a file, got the folder {file}")
    return file if file.suffix else file.with_suffix(".safetensors")


def save(path, tensors, notes):
    """Write a checkpoint, whole or not at all.

    Args:
        tensors: {name: tensor}, on any device.
        notes: what JSON can hold.

    Raises:
        OSError: it cannot be written; an older checkpoint is as it was.
    """
    part = path.with_name(path.name + ".part")
    tensors = {name: value.cpu().contiguous() for name, value in tensors.items()}
    header = {"vitlib": json.dumps({"format": FORMAT, **notes})}
    try:
        with open(part, "wb") as file:
            file.write(safetensors.torch.save(tensors, metadata=header))
            file.flush()
            os.fsync(file.fileno())  # on the disk before it takes the name
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def make_room(path):
    """Make the folder of a checkpoint and see that a file can be written there.

    Raises:
        OSError: it cannot.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(
            f"checkpoint {path}: {path.parent} is a file, expected a folder"
        ) from None
    part = path.with_name(path.name + ".part")
    part.write_bytes(b"")
    part.unlink()


def load(path):
    """The tensors and the notes of a checkpoint.

    Raises:
        ValueError: the file is no checkpoint, or is damaged.
        OSError: it cannot be read.
    """
    try:
        with safe_open(str(path), "pt") as file:
            notes = json.loads(file.metadata()["vitlib"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if notes.pop("format") != FORMAT:
            raise ValueError("another format")
    except (OSError, MemoryError):
        raise  # the file may well be whole
    except Exception as error:  # what a damaged file raises is anyone's guess
        raise not_whole(path, error) from None
    return tensors, notes


def under(prefix, tensors):
    """The tensors whose names begin with `prefix`, without it."""
    return {
        name.removeprefix(prefix + "."): value
        for name, value in tensors.items()
        if name.startswith(prefix + ".")
    }


def model_weights(checkpoint):
    """The weights of the model in a checkpoint, as `load_state_dict` takes them.

    Args:
        checkpoint: named as for `Trainer`.

    Raises:
        ValueError, OSError: see `place` and `load`.
    """
    tensors, _ = load(place(checkpoint))
    return under("model", tensors)


def not_whole(path, error):
    return ValueError(
        f"{path} is not a checkpoint of this trainer, or it is damaged "
        f"({type(error).__name__}): name another file, or delete this one if you do "
        f"not need it"
    )
