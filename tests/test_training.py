"""The trainer: what it reports, and what survives when it is stopped."""

import json
import math
import os
import re
import resource
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from vitlib import (
    Classifier,
    FashionMNIST,
    History,
    Trainer,
    ViT,
    evaluate,
    profile,
    training,
    warmup_cosine,
)
from vitlib.data import Batches
from vitlib.lean import LeanViT
from vitlib.training import Diverged, distributed
from vitlib.training import __main__ as command
from vitlib.training import trainer as trainer_module
from vitlib.training.checkpoint import load, model_weights, place, save
from vitlib.training.settings import PRECISIONS, precision_for
from vitlib.training.state import Progress, Run
from vitlib.training.watch import WINDOW, Watch, check_weights


def model(seed=0, kind=ViT, **changes):
    torch.manual_seed(seed)
    config = dict(
        img_size=28, patch_size=7, num_hiddens=16, mlp_num_hiddens=32, num_heads=2,
        num_blks=1, emb_dropout=0.1, blk_dropout=0.1,
    )  # fmt: skip
    return kind(**{**config, **changes})


def data(train=300, holdout=70, batch_size=64):
    """Real images: 300 to train with, 70 to validate; no batch size fits them."""
    whole = FashionMNIST.sample(batch_size, holdout=holdout)
    whole.train = tuple(part[:train] for part in whole.train)
    return whole


def trainer(max_epochs, **changes):
    return Trainer(max_epochs, device="cpu", **changes)


def same_weights(one, two):
    one, two = one.state_dict(), two.state_dict()
    return all(torch.equal(value, two[name]) for name, value in one.items())


# What comes back


def test_history():
    history = trainer(2).fit(model(), data())
    assert isinstance(history, History)
    assert len(history) == 2
    for column in (history.train_loss, history.val_loss, history.val_acc):
        assert len(column) == 2
        assert all(isinstance(value, float) for value in column)
    assert all(0 < loss < 5 for loss in history.train_loss + history.val_loss)
    assert all(0 <= acc <= 1 for acc in history.val_acc)
    assert all(seconds > 0 for seconds in history.seconds)
    with pytest.raises(AttributeError, match="val_accuracy"):
        _ = history.val_accuracy


def test_history_goes_through_json():
    history = trainer(1).fit(model(), data())
    rows = json.loads(json.dumps(history.to_rows()))
    assert History.from_rows(rows) == history
    assert rows[0].keys() == {"train_loss", "val_loss", "val_acc", "seconds"}


def test_training_reduces_the_loss():
    history = trainer(6).fit(model(), data(train=1000))
    assert history.train_loss[-1] < history.train_loss[0] - 0.2


class Constant(Classifier):
    """Always says class 0, with a margin of 1 nat."""

    def __init__(self):
        super().__init__(lr=0.1, num_classes=10)
        self.logits = torch.nn.Parameter(F.one_hot(torch.tensor(0), 10).float())

    def forward(self, X):
        return self.logits.expand(len(X), -1)


def ragged():
    """Two batches, of 4 and of 1: right 1 of 4, then 1 of 1."""
    X = torch.rand(5, 1, 28, 28)
    y = torch.tensor([0, 1, 2, 3, 0])
    return [(X[:4], y[:4]), (X[4:], y[4:])]


def test_accuracy_is_counted_over_images_not_over_batches():
    loss, acc = evaluate(Constant(), ragged())
    assert acc == 2 / 5
    # The mean of the batches, which is what D2L's board shows, says more.
    by_batch = [(F.one_hot(y, 10)[:, 0]).float().mean().item() for _, y in ragged()]
    assert sum(by_batch) / 2 == 0.625
    logits = Constant().logits.detach().expand(5, -1)
    labels = torch.cat([y for _, y in ragged()])
    assert loss == pytest.approx(F.cross_entropy(logits, labels).item(), abs=1e-6)


def test_val_acc_of_a_run_is_that_count():
    net, images = model(), data()
    history = trainer(1).fit(net, images)
    net.eval()
    X, y = map(torch.cat, zip(*images.val_dataloader(), strict=True))
    right = (net(X).argmax(1) == y).sum().item()
    assert history.val_acc == [right / 70]


class Recorder(Constant):
    """Keeps the loss and the size of each of its training batches."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def training_step(self, batch):
        loss = super().training_step(batch)
        self.seen.append((loss.item(), len(batch[1])))
        return loss


def test_train_loss_is_a_mean_over_images():
    net = Recorder()
    history = trainer(1).fit(net, data())
    assert [size for _, size in net.seen] == [64, 64, 64, 64, 44]
    expected = sum(loss * size for loss, size in net.seen) / 300
    assert history.train_loss == pytest.approx([expected])


def test_evaluate_leaves_weights_and_gradients_alone():
    net = model()
    before = [p.clone() for p in net.parameters()]
    evaluate(net, data().val_dataloader())
    assert not net.training
    for p, old in zip(net.parameters(), before, strict=True):
        assert torch.equal(p, old)
        assert p.grad is None


def test_evaluate_keeps_no_graph():
    net, graphs = Constant(), []
    net.register_forward_hook(lambda *_: graphs.append(torch.is_grad_enabled()))
    evaluate(net, ragged())
    assert graphs == [False, False]


def test_same_seed_same_run():
    one, two, other = model(), model(), model(seed=1)
    histories = []
    for net, seed in ((one, 0), (two, 0), (other, 1)):
        torch.manual_seed(seed)
        histories.append(trainer(1).fit(net, data()))
    assert histories[0] == histories[1]
    assert same_weights(one, two)
    assert histories[0] != histories[2]


# Learning rate, schedule, clipping


class Rates(torch.optim.SGD):
    """SGD that keeps the learning rate of each step."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.rates = []

    def step(self, closure=None):
        self.rates.append(self.param_groups[0]["lr"])
        return super().step(closure)


def test_schedule_sets_the_rate_of_each_step():
    net = model()
    optimizer = Rates(net.parameters(), lr=0.3)
    trainer(2).fit(net, data(), optimizer, warmup_cosine)
    steps = 2 * 5  # two epochs of 300 images in batches of 64
    assert optimizer.rates == [0.3 * warmup_cosine(i / steps) for i in range(steps)]


def test_without_a_schedule_the_rate_stays():
    net = model()
    optimizer = Rates(net.parameters(), lr=0.3)
    trainer(2).fit(net, data(), optimizer)
    assert optimizer.rates == 10 * [0.3]


def test_own_optimizer_is_plain_sgd_with_the_rate_of_the_model():
    optimizer = model(lr=0.03).configure_optimizers()
    assert type(optimizer) is torch.optim.SGD
    (group,) = optimizer.param_groups
    assert (group["lr"], group["momentum"], group["weight_decay"]) == (0.03, 0, 0)


def test_each_group_keeps_its_own_rate():
    net = model()
    groups = [{"params": net.head.parameters()}, {"params": [net.cls_token], "lr": 0.5}]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    trainer(1).fit(net, data(), optimizer, lambda progress: 0.25)
    assert [group["lr"] for group in optimizer.param_groups] == [0.025, 0.125]


def test_warmup_cosine():
    assert warmup_cosine(0) == 0
    assert warmup_cosine(0.05) == pytest.approx(0.5)
    assert warmup_cosine(0.1) == 1
    assert warmup_cosine(0.55) == pytest.approx(0.5)
    assert warmup_cosine(1) == pytest.approx(0)
    assert warmup_cosine(0.25, warmup=0.5) == 0.5
    assert warmup_cosine(0, warmup=0) == 1


@pytest.mark.parametrize(
    ("clip", "precision"), [(0.0, "float32"), (1e-3, "float32"), (1e-3, "float16")]
)
def test_clip(clip, precision):
    """In float16, too, where gradients are scaled: it is their true norm."""
    net = model(blk_dropout=0.0, emb_dropout=0.0)
    before = torch.cat([p.detach().flatten() for p in net.parameters()]).clone()
    images = data(train=64)  # one batch: one step
    trainer(1, gradient_clip_val=clip, precision=precision).fit(net, images)
    after = torch.cat([p.detach().flatten() for p in net.parameters()])
    step = (after - before).norm().item() / net.lr  # the norm of the gradient
    if clip:
        assert step == pytest.approx(clip, rel=1e-2)
    else:
        assert step > 0.1


# Stopping and going on


def run(checkpoint=None, max_epochs=3):
    """A run with all that has a state: dropout, order, AdamW, schedule."""
    net = model()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    history = trainer(max_epochs, checkpoint=checkpoint).fit(
        net, data(), optimizer, warmup_cosine
    )
    return net, history


KILLED = """
import os, signal, sys
sys.path.insert(0, {tests!r})
import test_training as t
from vitlib import training

steps, saves = 0, 0
real_step, real_replace = training.Trainer._step, os.replace

def step(*args):
    global steps
    steps += 1
    if {when!r} == "step" and steps == 8:  # in the middle of epoch 2 of 5 steps
        os.kill(os.getpid(), signal.SIGKILL)
    return real_step(*args)

def replace(source, target):
    global saves
    saves += 1
    if {when!r} == "save" and saves == 2:  # while the second checkpoint is written
        with open(source, "r+b") as file:
            file.truncate(os.path.getsize(source) // 2)
        os.kill(os.getpid(), signal.SIGKILL)
    return real_replace(source, target)

training.Trainer._step, os.replace = step, replace
t.run({checkpoint!r})
"""


@pytest.mark.parametrize("when", ["step", "save"])
def test_a_killed_run_goes_on_to_the_same_weights(tmp_path, when):
    checkpoint = tmp_path / "run" / "last.safetensors"
    code = KILLED.format(
        tests=str(Path(__file__).parent), when=when, checkpoint=str(checkpoint)
    )
    # The child computes with as many threads as this process.
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    child = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    files = (
        ["last.safetensors"]
        if when == "step"
        else ["last.safetensors", "last.safetensors.part"]
    )
    assert sorted(p.name for p in checkpoint.parent.iterdir()) == files
    _, notes = load(checkpoint)
    assert len(notes["progress"]["history"]) == 1

    resumed, resumed_history = run(checkpoint)
    whole, whole_history = run()
    assert same_weights(resumed, whole)
    assert resumed_history == whole_history
    assert [p.name for p in checkpoint.parent.iterdir()] == ["last.safetensors"]


def test_a_finished_run_is_read_and_not_trained_again(tmp_path, monkeypatch):
    first, history = run(tmp_path / "last.safetensors")

    def no_step(*args):
        raise AssertionError("a finished run was trained again")

    monkeypatch.setattr(Trainer, "_step", no_step)
    second, again = run(tmp_path / "last.safetensors")
    assert again == history
    assert same_weights(first, second)


def test_a_run_is_prolonged(tmp_path):
    """Without a schedule, 2 epochs and then 1 more are 3 epochs."""
    path = tmp_path / "last.safetensors"
    for epochs in (2, 3):
        prolonged = model()
        torch.manual_seed(5)
        trainer(epochs, checkpoint=path).fit(prolonged, data())
    whole = model()
    torch.manual_seed(5)
    trainer(3).fit(whole, data())
    assert same_weights(prolonged, whole)


def header(path, without=None, **changes):
    """Write the checkpoint again, with other notes or without one of them."""
    tensors, notes = load(path)
    notes = {"format": 1, **notes, **changes}
    notes.pop(without, None)
    save_file(tensors, str(path), {"vitlib": json.dumps(notes)})


def test_buffers_go_on(tmp_path):
    for value in (1.0, 0.0):
        net = Constant()
        net.register_buffer("running", torch.full((3,), value))
        trainer(1, checkpoint=tmp_path / "last.safetensors").fit(net, data(train=64))
    assert torch.equal(net.running, torch.ones(3))


def test_the_scale_of_float16_goes_on(tmp_path):
    path = tmp_path / "last.safetensors"
    first, second = (trainer(1, checkpoint=path, precision="float16") for _ in range(2))
    first.fit(model(), data(train=64))
    header(path, scaler=first.scaler.state_dict() | {"scale": 1024.0})
    second.fit(model(), data(train=64))
    assert second.scaler.get_scale() == 1024


def damage(path, how):
    content = path.read_bytes()
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("not a checkpoint")
    elif how == "noise":
        path.write_bytes(os.urandom(2000))
    elif how == "a pickle":
        torch.save(model().state_dict(), path)
    elif how == "bare weights":
        save_file(model().state_dict(), str(path))
    elif how == "notes that are no JSON":
        save_file(load(path)[0], str(path), {"vitlib": "not json"})
    elif how == "another format":
        header(path, format=2)
    elif how == "no optimizer":
        header(path, without="optimizer")
    elif how == "no progress":
        header(path, progress=None)
    else:
        header(path, progress={"history": [{"loss": 1}]})


@pytest.mark.parametrize(
    "how",
    [
        "cut", "empty", "text", "noise", "a pickle", "bare weights",
        "notes that are no JSON", "another format", "no optimizer", "no progress",
        "a history of other fields",
    ],
)  # fmt: skip
def test_a_damaged_checkpoint_says_so(tmp_path, how):
    path = tmp_path / "last.safetensors"
    run(path, max_epochs=1)
    damage(path, how)
    content = path.read_bytes()
    with pytest.raises(
        ValueError, match=r"last\.safetensors is not a checkpoint of this trainer, or"
    ):
        run(path, max_epochs=1)
    assert path.read_bytes() == content


def test_a_checkpoint_that_is_a_folder_says_so(tmp_path):
    with pytest.raises(ValueError, match="must be a file, got the folder"):
        trainer(1, checkpoint=tmp_path)


@pytest.mark.parametrize(
    ("folder", "said"),
    [("a file", "a file is a file, expected a folder"), ("denied", "denied/last")],
)
def test_a_folder_that_cannot_be_written_to_stops_the_run_at_once(
    tmp_path, monkeypatch, folder, said
):
    (tmp_path / "a file").write_text("")
    real = Path.write_bytes

    def write(path, content):  # a root may write anywhere, so it is played
        if path.parent.name == "denied":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", write)
    net = model()
    before = [parameter.clone() for parameter in net.parameters()]
    with pytest.raises(OSError, match=said):
        trainer(1, checkpoint=tmp_path / folder / "last.safetensors").fit(net, data())
    assert all(map(torch.equal, before, net.parameters()))


def test_a_home_is_found_and_no_folder_of_that_name_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert trainer(1, checkpoint="~/run").checkpoint == tmp_path / "run.safetensors"


def test_a_name_keeps_its_suffix(tmp_path):
    assert place(tmp_path / "run.ckpt") == tmp_path / "run.ckpt"


def test_folders_are_made(tmp_path):
    path = tmp_path / "a" / "b" / "last.safetensors"
    run(path, max_epochs=1)
    assert path.is_file()


def test_a_checkpoint_may_be_read_by_whoever_may_read_a_new_file(tmp_path):
    (tmp_path / "new").write_text("")
    run(tmp_path / "last.safetensors", max_epochs=1)
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_a_half_written_file_is_ignored(tmp_path):
    path = tmp_path / "last.safetensors"
    (tmp_path / "last.safetensors.part").write_bytes(b"half")
    _, history = run(path, max_epochs=1)
    assert len(history) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["last.safetensors"]


@pytest.mark.parametrize(
    "other", [dict(num_hiddens=8), dict(num_blks=2), dict(use_bias=True)]
)
def test_a_checkpoint_of_another_model_says_so(tmp_path, other):
    path = tmp_path / "last.safetensors"
    trainer(1, checkpoint=path).fit(model(**other), data())
    refuses(path, r"of shape \(|absent in the (file|model)")


def refuses(path, reason):
    """A new model is not trained on this file, and neither of them changes."""
    content, net = path.read_bytes(), model()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    said = f"belongs to another model or optimizer: .*({reason})"
    with pytest.raises(ValueError, match=said):
        trainer(2, checkpoint=path).fit(net, data())
    assert all(torch.equal(net.state_dict()[name], before[name]) for name in before)
    assert path.read_bytes() == content


@pytest.mark.parametrize("other", ["AdamW", "SGD of the head"])
def test_a_checkpoint_of_another_optimizer_says_so(tmp_path, other):
    path = tmp_path / "last.safetensors"
    net = model()
    if other == "AdamW":
        optimizer = torch.optim.AdamW(net.parameters())
    else:
        optimizer = torch.optim.SGD(net.head.parameters(), lr=0.1)
    trainer(1, checkpoint=path).fit(net, data(), optimizer)
    refuses(path, r"(AdamW|SGD) of \d+ tensors, expected SGD of \d+ tensors")


def test_moments_of_other_weights_say_so(tmp_path):
    """The same kind of optimizer, over the same weights in another order."""
    net = model()
    first, second = (torch.optim.AdamW([*net.parameters()][::turn]) for turn in (1, -1))
    ours = trainer(1, checkpoint=tmp_path / "last.safetensors")
    ours.fit(net, data(train=64), first)
    with pytest.raises(ValueError, match="belongs to other weights"):
        ours.fit(net, data(train=64), second)


# Within an epoch, on a full disk, after a loss that is none


def interrupt_step(which, monkeypatch):
    """Save after each step, and stop once, at that step; the list grows with each."""
    monkeypatch.setattr(trainer_module, "SAVE_SECONDS", 0)
    real, steps = Trainer._step, []

    def step(*args):
        steps.append(1)
        if len(steps) == which:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(Trainer, "_step", step)
    return steps


def test_a_run_stopped_within_an_epoch_goes_on_to_the_same_weights(
    tmp_path, monkeypatch
):
    """Saved after each step; killed in the last step of epoch 2."""
    monkeypatch.setattr(trainer_module, "WINDOW", 1)
    steps = interrupt_step(10, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "last.safetensors")
    _, notes = load(tmp_path / "last.safetensors")
    assert notes["progress"]["steps"] == 4
    resumed, history = run(tmp_path / "last.safetensors")
    assert len(steps) == 10 + 6  # one of epoch 2, five of epoch 3
    whole, whole_history = run()
    assert same_weights(resumed, whole)
    assert history == whole_history


def test_a_lean_model_stopped_within_an_epoch_goes_on_to_the_same_weights(
    tmp_path, monkeypatch
):
    """Its own dropout goes on where it was; the file is the model at each step."""
    path, whole = tmp_path / "last.safetensors", model(kind=LeanViT)
    trainer(1).fit(whole, data())
    interrupt_step(3, monkeypatch)
    halfway = model(kind=LeanViT)
    with pytest.raises(KeyboardInterrupt):
        trainer(1, checkpoint=path).fit(halfway, data())
    found = model_weights(path)
    assert all(torch.equal(v, found[k]) for k, v in halfway.state_dict().items())
    resumed = model(seed=7, kind=LeanViT)
    trainer(1, checkpoint=path).fit(resumed, data())
    assert same_weights(resumed, whole)


def stopped(path, which, monkeypatch, images=None):
    """Train `Constant`, saved after each step, until that one of its epoch."""
    interrupt_step(which, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        trainer(1, checkpoint=path).fit(Constant(), images or data())


def test_the_seconds_before_a_stop_count(tmp_path, monkeypatch):
    path = tmp_path / "last.safetensors"
    stopped(path, 3, monkeypatch)
    progress = load(path)[1]["progress"]
    assert progress["seconds"] > 0
    header(path, progress=progress | {"seconds": 100.0})
    history = trainer(1, checkpoint=path).fit(Constant(), data())
    assert history.seconds[0] > 100


def test_it_saves_every_five_minutes(tmp_path, monkeypatch):
    clock = types.SimpleNamespace(perf_counter=lambda: 1000.0)
    monkeypatch.setattr(trainer_module, "time", clock)
    ours = trainer(1, checkpoint=tmp_path / "last.safetensors")
    known = Run(None, None, None, order=torch.zeros(1))
    assert [ours._due(known, 0, 1000 - past) for past in (299, 301)] == [False, True]


def test_an_order_that_is_unknown_is_not_saved_within_an_epoch(tmp_path, monkeypatch):
    images = data()
    loader = images.train_dataloader()
    loader.generator = None
    images.train_dataloader = lambda: loader
    stopped(tmp_path / "last.safetensors", 3, monkeypatch, images)
    assert list(tmp_path.iterdir()) == []


def test_it_says_where_it_goes_on(tmp_path, capsys):
    run(tmp_path / "last.safetensors", max_epochs=1)
    assert capsys.readouterr().out == ""
    run(tmp_path / "last.safetensors", max_epochs=2)
    said = capsys.readouterr().out
    assert "goes on from" in said
    assert "last.safetensors, after 1 of 2 epochs" in said


@pytest.mark.parametrize("max_epochs", [1, 2])
def test_a_run_with_nothing_left_to_train_says_so(tmp_path, capsys, max_epochs):
    _, history = run(tmp_path / "last.safetensors", max_epochs=2)
    _, again = run(tmp_path / "last.safetensors", max_epochs=max_epochs)
    assert again == history
    said = capsys.readouterr().out
    assert f"epochs done 2, max_epochs {max_epochs}, so nothing is trained" in said
    assert "To start anew, delete it" in said
    assert "goes on" not in said


def test_a_checkpoint_holds_no_code(tmp_path):
    """A file that runs code when it is read would be a pickle, or a zip of one."""
    run(tmp_path / "last.safetensors", max_epochs=1)
    content = (tmp_path / "last.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    assert "vitlib" in header["__metadata__"]


def test_a_file_is_on_the_disk_before_it_takes_the_name(tmp_path, monkeypatch):
    calls, fsync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: calls.append("fsync") or fsync(file))
    monkeypatch.setattr(
        os, "replace", lambda *names: calls.append("replace") or replace(*names)
    )
    save(tmp_path / "last.safetensors", {"x": torch.ones(2)}, {})
    assert calls == ["fsync", "replace"]


def test_a_transposed_weight_is_saved(tmp_path):
    x = torch.arange(6.0).reshape(2, 3).T
    save(tmp_path / "last.safetensors", {"x": x}, {})
    assert torch.equal(load(tmp_path / "last.safetensors")[0]["x"], x)


def test_a_full_disk_costs_the_file_and_not_the_run(tmp_path, monkeypatch, capsys):
    path, kept, real = tmp_path / "last.safetensors", [], os.fsync

    def once(number):
        if path.exists():
            kept.append(path.read_bytes())
            raise OSError(28, "No space left on device")
        real(number)

    monkeypatch.setattr(os, "fsync", once)
    unsaved, history = run(path)
    said = capsys.readouterr().out
    assert "No space left on device" in said
    assert "training goes on, and the older one is as it was" in said
    assert [path.read_bytes()] * 2 == kept  # that of the first epoch
    assert [p.name for p in tmp_path.iterdir()] == ["last.safetensors"]
    whole, whole_history = run()
    assert same_weights(unsaved, whole)
    assert history == whole_history


def test_a_disk_with_no_room_left(tmp_path, capsys):
    """The system's own error, from a limit on the size of files."""
    path, real = (
        tmp_path / "last.safetensors",
        resource.getrlimit(resource.RLIMIT_FSIZE),
    )
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, real[1]))
        _, history = run(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, real)
        signal.signal(signal.SIGXFSZ, handler)
    assert len(history) == 3
    said = capsys.readouterr().out
    assert said.count("could not write last.safetensors") == 3
    assert "the older one" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    run(tmp_path / "last.safetensors", max_epochs=1)

    def denied(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("vitlib.training.checkpoint.safe_open", denied)
    with pytest.raises(PermissionError):
        run(tmp_path / "last.safetensors", max_epochs=1)


def test_a_learning_rate_given_anew_is_the_one_that_counts(tmp_path):
    """Whoever is told to try a smaller one must be able to."""
    path = tmp_path / "last.safetensors"
    trainer(1, checkpoint=path).fit(model(), data())
    net = model()
    optimizer = type("SGD", (Rates,), {})(net.parameters(), lr=0.01)
    trainer(2, checkpoint=path).fit(net, data(), optimizer)
    assert optimizer.rates == 5 * [0.01]


@pytest.mark.parametrize("then", PRECISIONS)
@pytest.mark.parametrize("first", PRECISIONS)
def test_another_number_format_may_go_on(tmp_path, first, then):
    path = tmp_path / "last.safetensors"
    trainer(1, checkpoint=path, precision=first).fit(model(), data())
    ours = trainer(2, checkpoint=path, precision=then)
    assert len(ours.fit(model(), data())) == 2


def test_other_batches_cannot_go_on_within_an_epoch(tmp_path, monkeypatch):
    """And nothing of the file has been taken."""
    path, net = tmp_path / "last.safetensors", Constant()
    stopped(path, 3, monkeypatch)
    with pytest.raises(ValueError, match="an epoch of 5 steps, expected 3"):
        trainer(1, checkpoint=path).fit(net, data(batch_size=128))
    assert same_weights(net, Constant())


def test_weights_that_break_in_the_last_step_say_so_too(tmp_path):
    path, net = tmp_path / "last.safetensors", model()
    trainer(1, checkpoint=path).fit(net, data())

    def schedule(progress):
        return math.inf if progress >= 0.9 else 1.0  # the last of 2 x 5 steps

    with pytest.raises(Diverged) as caught:
        trainer(2, checkpoint=path).fit(model(), data(), schedule=schedule)
    said = str(caught.value)
    assert "holds numbers that are not finite. It happened at step 5 of 5" in said
    assert "The learning rate is inf: look at the schedule. last." in said
    assert "last.safetensors is from before and was kept" in said


def test_broken_weights_are_not_saved_within_an_epoch(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer_module, "SAVE_SECONDS", 0)
    path = tmp_path / "last.safetensors"

    def schedule(progress):
        return math.inf if progress > 0.3 else 1.0  # from the third of 5 steps on

    with pytest.raises(Diverged):
        trainer(1, checkpoint=path).fit(model(), data(), schedule=schedule)
    tensors, notes = load(path)
    assert notes["progress"]["steps"] == 2
    assert all(torch.isfinite(value).all() for value in tensors.values())


@pytest.mark.parametrize(
    ("kind", "value"),
    [("parameter", math.inf), ("parameter", math.nan), ("buffer", math.nan)],
)
def test_a_weight_that_is_not_finite_is_named(kind, value):
    net, broken = Constant(), torch.tensor([0.0, value])
    if kind == "buffer":
        net.register_buffer("broken", broken)
    else:
        net.broken = torch.nn.Parameter(broken)
    with pytest.raises(Diverged, match="broken holds numbers that are not finite"):
        check_weights(net)


class Growing(Constant):
    """Its loss is 30 nats from the start."""

    def training_step(self, batch):
        return 30 + 0 * self.logits.sum()


def test_a_model_that_does_not_tell_its_classes_has_no_limit():
    net = Growing()
    del net.num_classes
    assert trainer(12).fit(net, data()).train_loss == [30.0] * 12


def test_a_hopeless_loss_is_seen_over_short_epochs():
    with pytest.raises(Diverged, match=r"above 30 nats.*step 5 of 5 of epoch 10"):
        trainer(12).fit(Growing(), data())


def poisoned(after):
    """A model whose weights become NaN after some steps."""
    net = model()
    steps = []

    def hook(module, args):
        steps.append(1)
        if len(steps) > after and module.training:
            module.cls_token.data.fill_(math.nan)

    net.register_forward_pre_hook(hook)
    return net


def test_a_nan_says_where_and_keeps_the_last_good_checkpoint(tmp_path):
    path = tmp_path / "last.safetensors"
    whole = data()
    with pytest.raises(Diverged) as caught:
        # 5 steps and 2 batches of validation, then the third step of epoch 2
        trainer(3, checkpoint=path).fit(poisoned(9), whole)
    said = str(caught.value)
    assert "nan" in said
    assert "at step 3 of 5 of epoch 2" in said
    assert re.search(r"on the training images \d+, \d+, \d+, \d+ and 60 more\.", said)
    assert "The learning rate is 0.1: try a smaller one, or gradient_clip" in said
    assert "last.safetensors is from before and was kept" in said
    tensors, _ = load(path)
    assert all(torch.isfinite(value).all() for value in tensors.values())


def test_who_clips_already_is_not_told_to():
    with pytest.raises(Diverged) as caught:
        trainer(1, gradient_clip_val=1.0).fit(poisoned(2), data(batch_size=4))
    said = str(caught.value)
    assert said.endswith("The learning rate is 0.1: try a smaller one")
    assert re.search(r"training images \d+, \d+, \d+, \d+\. The", said)


def watching(*losses):
    watch = Watch(10, torch.device("cpu"), lambda tensor: tensor, Progress())
    for step, loss in enumerate(losses):
        watch.add(torch.tensor(loss), 4, step)


def test_an_infinite_loss_stops_the_run():
    with pytest.raises(Diverged, match="loss is inf"):
        watching(math.inf)


def test_hopeless_is_three_times_the_loss_of_a_guess():
    limit = 3 * math.log(10)
    watching(*WINDOW * [limit - 0.1])
    with pytest.raises(Diverged, match="has been above 7"):
        watching(*WINDOW * [limit + 0.1])


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_losses_that_grow_stop_the_run(kind):
    """On a GPU, too, where losses are read once in a while."""
    progress = Progress()
    watch = Watch(10, torch.device(kind), lambda tensor: tensor, progress)
    for step in range(2 * WINDOW):
        watch.add(torch.tensor(2.3), 4, step)
    assert progress.seen == 8 * WINDOW
    assert progress.loss == pytest.approx(2.3 * 8 * WINDOW)
    for step in range(WINDOW - 1):
        watch.waiting.append((torch.tensor(8.0), 4, step))
    with pytest.raises(Diverged, match="has been above 8 nats for 50 steps"):
        watch.add(torch.tensor(8.0), 4, WINDOW)


def test_a_run_that_jumps_and_comes_down_goes_on():
    """So do D2L's first steps: the mean of 50 of them can be above 7 nats."""
    watch = Watch(10, torch.device("cpu"), lambda tensor: tensor, Progress())
    for step in range(3 * WINDOW):
        watch.add(torch.tensor(2.5 if step % WINDOW == 7 else 30.0), 4, step)


def test_a_nan_within_a_window_is_dated_right():
    watch = Watch(10, torch.device("cuda"), lambda tensor: tensor, Progress())
    for step in range(WINDOW - 1):
        watch.add(torch.tensor(math.nan if step >= 7 else 2.0), 4, step)
    with pytest.raises(Diverged) as caught:
        watch.add(torch.tensor(math.nan), 4, WINDOW - 1)
    assert caught.value.at == 7


@pytest.fixture
def late(monkeypatch):
    """Losses are read late on the CPU, too, as on a GPU."""

    class Late(Watch):
        def __init__(self, *args):
            super().__init__(*args)
            self.every = WINDOW

    monkeypatch.setattr(trainer_module, "Watch", Late)


@pytest.mark.usefixtures("late")
def test_losses_are_read_at_the_end_of_an_epoch():
    net = Recorder()
    history = trainer(2).fit(net, data())
    first, second = (
        sum(loss * size for loss, size in part) / 300
        for part in (net.seen[:5], net.seen[5:])
    )
    assert history.train_loss == pytest.approx([first, second])


@pytest.mark.usefixtures("late")
def test_losses_are_read_before_a_save(tmp_path, monkeypatch):
    stopped(tmp_path / "last.safetensors", 4, monkeypatch)
    _, notes = load(tmp_path / "last.safetensors")
    assert notes["progress"]["seen"] == 3 * 64


@pytest.mark.usefixtures("late")
def test_a_nan_that_is_read_late_names_its_own_step_and_images(monkeypatch):
    losses = iter([1.0, math.nan, 1.0, 1.0, 1.0])
    monkeypatch.setattr(Trainer, "_step", lambda *_: torch.tensor(next(losses)))
    batches = data().train_dataloader()
    rows = [batches.rows for _ in batches][1]
    first = ", ".join(map(str, rows[:4].tolist()))
    said = f"at step 2 of 5 of epoch 1, on the training images {first} and 60 more"
    with pytest.raises(Diverged, match=said):
        trainer(1).fit(Constant(), data())


# Number formats, devices, Drive


@pytest.mark.parametrize("kind", [ViT, LeanViT])
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_sixteen_bits_train_like_thirty_two(precision, kind):
    """The logic of a GPU's formats, tried on the CPU."""
    losses = {}
    for name in ("float32", precision):
        torch.manual_seed(0)
        net = model(kind=kind)
        losses[name] = trainer(2, precision=name).fit(net, data()).train_loss
        assert all(p.dtype == torch.float32 for p in net.parameters())
    assert losses[precision] != losses["float32"]
    assert losses[precision] == pytest.approx(losses["float32"], rel=0.02)


def test_only_float16_is_scaled():
    for precision in PRECISIONS:
        ours = trainer(1, precision=precision)
        ours.fit(model(), data(train=64))
        assert ours.scaler.is_enabled() == (precision == "float16")


def test_evaluation_has_the_format_of_training():
    net, seen = model(), set()
    net.head.register_forward_hook(
        lambda head, _, logits: seen.add((head.training, logits.dtype))
    )
    trainer(1, precision="bfloat16").fit(net, data(train=64))
    assert seen == {(True, torch.bfloat16), (False, torch.bfloat16)}


@pytest.mark.parametrize(("native", "name"), [(True, "bfloat16"), (False, "float16")])
def test_a_gpu_takes_bfloat16_if_it_multiplies_in_it(monkeypatch, native, name):
    def supported(including_emulation=True):
        return native or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert precision_for(torch.device("cuda")) == name
    assert precision_for(torch.device("cpu")) == "float32"


def test_precision_that_does_not_exist():
    with pytest.raises(ValueError, match=r"float32, bfloat16, float16, got 'int8'"):
        trainer(1, precision="int8")


def test_no_value_is_read_within_a_window(monkeypatch):
    """What would make a GPU wait: reading a tensor's value on the host."""
    monkeypatch.setattr(torch.amp.GradScaler, "step", lambda self, o: o.step())
    net, images = model(), data()
    batches = images.train_dataloader()
    watch = Watch(10, torch.device("cuda"), lambda tensor: tensor, Progress())
    ours = trainer(1)
    ours.scaler = torch.amp.GradScaler("cpu", enabled=False)
    ours._loss = distributed.loss_of(net, ours.device)
    optimizer = net.configure_optimizers()

    def unchecked(self, batch):  # as it is on a GPU
        return F.cross_entropy(self(batch[0]), batch[1])

    monkeypatch.setattr(Classifier, "training_step", unchecked)
    for name in ("item", "tolist", "__bool__", "__float__", "__int__", "cpu", "numpy"):
        monkeypatch.setattr(torch.Tensor, name, _read)
    for step, batch in enumerate(batches):
        watch.add(ours._step(net, batch, optimizer), len(batch[1]), step)
    with pytest.raises(AssertionError, match="was read"):
        watch.read()


def _read(*args):
    raise AssertionError("a tensor was read")


def test_images_are_put_where_they_are_used(monkeypatch):
    moved = []
    real = Batches.to
    monkeypatch.setattr(
        Batches, "to", lambda self, device: moved.append(device) or real(self, device)
    )
    ours = trainer(1)
    ours.fit(model(), data())
    assert moved == [ours.device, ours.device]


def test_the_device_is_the_one_that_is_asked_for():
    assert Trainer(1, device="meta").device.type == "meta"


@pytest.mark.parametrize("wanted", [False, True])
def test_a_model_is_compiled_if_that_is_asked_for(monkeypatch, wanted):
    net, compiled = Constant(), []
    monkeypatch.setattr(net, "compile", lambda: compiled.append(net))
    trainer(1, compile=wanted).fit(net, data(train=64))
    assert compiled == wanted * [net]


def test_drive_is_for_colab(monkeypatch, tmp_path, capsys):
    with pytest.raises(ValueError, match="this is none: name a file"):
        trainer(1, checkpoint="drive:run")
    mounted = []
    colab = types.ModuleType("google.colab")
    colab.drive = types.SimpleNamespace(mount=mounted.append)
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    monkeypatch.setattr("vitlib.training.checkpoint.DRIVE", tmp_path)
    run("drive:run", max_epochs=1)
    assert mounted == [str(tmp_path)]
    assert (tmp_path / "MyDrive" / "run.safetensors").is_file()
    assert len(run("drive:run", max_epochs=2)[1]) == 2  # the next session
    assert "goes on from run.safetensors" in capsys.readouterr().out
    with pytest.raises(ValueError, match="must be a file, got the folder"):
        trainer(1, checkpoint="drive:")


# Several processes


COMMAND = ["-m", "vitlib.training", "--sample", "--epochs", "1", "--holdout", "201"]


def train_from_the_command_line(folder, processes, *more):
    """The weights that `python -m vitlib.training` or `torchrun` ends with."""
    path = folder / f"{processes}.safetensors"
    start = ["-m", "torch.distributed.run", f"--nproc-per-node={processes}"]
    done = subprocess.run(
        [
            sys.executable, *(start if processes > 1 else []), *COMMAND,
            "--dropout", "0", "--checkpoint", str(path), *more,
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "VITLIB_PROFILE": "quick"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stdout.splitlines() if "train loss" in line]
    assert len(told) == len(set(told)) > 0  # by one process
    return load(path)


def test_two_processes_give_what_one_gives(tmp_path):
    """1,799 images in batches of 128: the last has 7, shared 4 to 3. No dropout."""
    (one, notes), (two, others) = (
        train_from_the_command_line(tmp_path, n) for n in (1, 2)
    )
    for name, value in one.items():
        if name.startswith("model."):
            torch.testing.assert_close(two[name], value, rtol=1e-4, atol=1e-5)
    first, second = (n["progress"]["history"][0] for n in (notes, others))
    assert second["train_loss"] == pytest.approx(first["train_loss"], rel=1e-5)
    assert second["val_acc"] == pytest.approx(first["val_acc"], abs=0.011)
    assert {"random.0.cpu", "random.1.cpu"} <= two.keys()


def test_two_processes_go_on_where_they_were(tmp_path):
    """With dropout, so that each must find its own random state again."""
    more = ("--dropout", "0.1", "--epochs", "2")
    train_from_the_command_line(tmp_path, 2, "--dropout", "0.1")
    resumed, notes = train_from_the_command_line(tmp_path, 2, *more)
    assert len(notes["progress"]["history"]) == 2
    other = tmp_path / "other"
    other.mkdir()
    whole, _ = train_from_the_command_line(other, 2, *more)
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


def asked_for(monkeypatch, *words):
    """What a command line makes: the trainer's arguments, a model and data."""
    made = {}

    class Asked:
        def __init__(self, max_epochs, **options):
            made.update(options, epochs=max_epochs)

        def fit(self, model, data):
            made.update(model=model, data=data)

    monkeypatch.setattr(command, "Reporting", Asked)
    monkeypatch.setattr(sys, "argv", ["vitlib.training", *words])
    _, given = command.arguments()
    command.train(given, torch.device("meta"))
    return types.SimpleNamespace(**made)


def test_every_argument_counts(monkeypatch):
    words = (
        "--profile full --sample --epochs 2 --batch-size 32 --dropout 0.3 --lr 0.05 "
        "--holdout 7 --precision bfloat16 --compile --checkpoint run"
    )
    made = asked_for(monkeypatch, *words.split())
    net, images = made.model, made.data
    assert type(net) is LeanViT  # the fast one
    assert (net.lr, net.dropout.p, net.blks[0].attention.dropout) == (0.05, 0.3, 0.3)
    assert net.patch_embedding.img_size == images.resize == (96, 96)
    assert (images.batch_size, len(images.val[0])) == (32, 7)
    assert (made.epochs, made.precision, made.compile) == (2, "bfloat16", True)
    assert (made.checkpoint, made.device.type) == ("run", "meta")


def test_a_checkpoint_is_the_trained_model_too(tmp_path):
    """Also for the whole model, when the lean one was trained; named as it was."""
    trained, path = model(kind=LeanViT), tmp_path / "run.safetensors"
    trainer(1, checkpoint=tmp_path / "run").fit(trained, data())
    found = model_weights(tmp_path / "run")
    assert found.keys() == trained.state_dict().keys()
    whole = model(seed=7)
    whole.load_state_dict(found)
    X = torch.rand(3, 1, 28, 28)
    torch.testing.assert_close(whole.eval()(X), trained.eval()(X))
    path.write_bytes(b"no checkpoint")
    with pytest.raises(ValueError, match="not a checkpoint"):
        model_weights(path)


def test_a_seed_is_that_of_the_data_and_each_process_drops_out_others(monkeypatch):
    seeds, real = [], torch.manual_seed

    def manual_seed(seed):
        seeds.append(seed)
        return real(seed)

    monkeypatch.setattr(torch, "manual_seed", manual_seed)
    monkeypatch.setattr(distributed, "rank", lambda: 1)
    made = asked_for(monkeypatch, "--sample", "--seed", "4", "--profile", "quick")
    assert made.data.seed == 4
    assert seeds == [4, 5]  # the weights are those of all processes


@pytest.mark.parametrize(("words", "holdout"), [(["--sample"], 500), ([], 5000)])
def test_what_is_not_asked_for_is_of_the_profile(monkeypatch, words, holdout):
    whole = torch.zeros(6000, 28, 28, dtype=torch.uint8), torch.zeros(6000).long()
    monkeypatch.setattr("vitlib.data._split", lambda name: whole)
    made = asked_for(monkeypatch, "--profile", "quick", *words)
    assert (made.epochs, made.data.resize) == (3, (28, 28))
    assert len(made.data.val[0]) == holdout
    assert (made.precision, made.compile, made.checkpoint) == (None, False, None)


@pytest.mark.parametrize("rank", [0, 1])
def test_the_first_process_prints_a_line_after_an_epoch(monkeypatch, capsys, rank):
    monkeypatch.setattr(distributed, "rank", lambda: rank)
    row = dict(train_loss=1.0, val_loss=2.0, val_acc=0.5, seconds=3.0)
    command.Reporting(2, device="cpu").after_epoch(History.from_rows([row, row]))
    line = "epoch 2: train loss 1.000, val loss 2.000, val acc 0.500, 3 s\n"
    assert capsys.readouterr().out == (line if rank == 0 else "")


def from_the_command_line(*words):
    return subprocess.run(
        [sys.executable, "-m", "vitlib.training", "--sample", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "VITLIB_PROFILE": "quick"},
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--epochs", "0"], "max_epochs must be at least 1, got 0"),
        (["--lr", "0"], "lr must be finite and above 0, got 0.0"),
        (["--holdout", "2000"], "holdout must leave some of the 2000 training images"),
        (["--precision", "fp16"], "invalid choice: 'fp16'"),
        (["--checkpoint", "drive:run"], "this is none: name a file instead"),
        (["--lr", "1e9"], "It happened at step "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_argument_is_told_in_one_line(words, said):
    done = from_the_command_line(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert said in done.stderr.splitlines()[-1]


def test_the_sample_needs_no_further_argument():
    done = from_the_command_line("--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("epoch 1: train loss ")


# Saves after each step; dies in the step of this number, counted from 1.
DIES = """
import sys
from vitlib.training import Trainer, trainer
from vitlib.training.__main__ import main

trainer.WINDOW, trainer.SAVE_SECONDS = 1, 0
step, steps = Trainer._step, []

def dying(*given):
    steps.append(1)
    if len(steps) == DEADLY:
        sys.exit(3)
    return step(*given)

Trainer._step = dying
main()
"""


def test_two_processes_that_die_within_an_epoch_go_on(tmp_path):
    """Both die in step 5 of 15; the rest is trained by those that come after."""
    path, script = tmp_path / "run.safetensors", tmp_path / "dies.py"
    words = [*COMMAND[2:], "--checkpoint", str(path)]  # with dropout
    for deadly in (5, 0):
        script.write_text(DIES.replace("DEADLY", str(deadly)))
        done = subprocess.run(
            [
                sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2",
                str(script), *words,
            ],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "VITLIB_PROFILE": "quick"},
        )  # fmt: skip
        if deadly:
            assert done.returncode != 0
            assert load(path)[1]["progress"]["steps"] == 4
    assert done.returncode == 0, done.stderr
    assert "after 0 of 1 epochs and 4 of 15 steps" in done.stdout
    whole, _ = train_from_the_command_line(tmp_path, 2, "--dropout", "0.1")
    resumed, _ = load(path)
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


@pytest.mark.parametrize(("images", "processes"), [(8, 2), (5, 2), (1, 2), (7, 3)])
def test_shares_are_the_whole_batch_and_weigh_as_one(images, processes, monkeypatch):
    X, y = torch.arange(images).float(), torch.arange(images)
    mean = 0.0
    monkeypatch.setattr(distributed, "size", lambda: processes)
    for r in range(processes):
        monkeypatch.setattr(distributed, "rank", lambda r=r: r)
        part, labels, weight = distributed.share((X, y))
        assert torch.equal(part.long(), labels)
        mean += weight * part.mean().item() / processes
    assert mean == pytest.approx(X.mean().item())


def test_the_weight_of_a_share_counts(monkeypatch):
    monkeypatch.setattr(distributed, "share", lambda batch: (*batch, 0.0))
    net = model()
    trainer(1).fit(net, data())
    assert same_weights(net, model())


def test_evaluation_is_shared(monkeypatch):
    """Two batches, of 4 and of 1 image, among three processes."""
    net, batches, sums = Constant(), ragged(), []
    whole = evaluate(net, batches)

    def total(tensor):
        sums.append(tensor)
        return torch.ones(3)

    monkeypatch.setattr(distributed, "size", lambda: 3)
    monkeypatch.setattr(distributed, "total", total)
    for r in range(3):
        monkeypatch.setattr(distributed, "rank", lambda r=r: r)
        trainer(1)._evaluate(net, batches)
    assert [seen.item() for _, _, seen in sums] == [4, 1, 0]
    loss, right, seen = sum(sums).tolist()
    assert (loss / seen, right / seen) == pytest.approx(whole)


@pytest.mark.parametrize("rank", [0, 1])
def test_only_the_first_process_writes(tmp_path, monkeypatch, rank):
    net, images = Constant(), data(train=64)
    ours = trainer(1, checkpoint=tmp_path / "last.safetensors")
    ours.fit(net, images)
    ours.checkpoint.unlink()
    monkeypatch.setattr(distributed, "rank", lambda: rank)
    ours._save(Run(net, images.train_dataloader(), net.configure_optimizers()))
    assert ours.checkpoint.exists() == (rank == 0)


def test_a_file_that_some_processes_do_not_see(tmp_path, monkeypatch):
    monkeypatch.setattr(distributed, "collect", lambda value: [value, not value])
    with pytest.raises(ValueError, match=r"last\.safetensors is seen by 1 of 2 proc"):
        trainer(1, checkpoint=tmp_path / "last.safetensors").fit(Constant(), data())


def test_each_process_of_a_machine_takes_its_own_gpu(monkeypatch):
    taken = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setenv("RANK", "5")  # among those of all machines
    assert distributed.join() == torch.device("cuda", 1)
    assert taken == [torch.device("cuda", 1)]


# Profile and progress bar


@pytest.mark.parametrize("name", ["quick", "full"])
def test_profile_is_what_the_environment_says(monkeypatch, name):
    monkeypatch.setenv("VITLIB_PROFILE", name)
    assert profile() == name


@pytest.mark.parametrize("gpu", [False, True])
def test_profile_without_the_environment(monkeypatch, gpu):
    monkeypatch.delenv("VITLIB_PROFILE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert profile() == ("full" if gpu else "quick")


@pytest.mark.parametrize("variable", ["CI", "PYTEST_CURRENT_TEST", "VITLIB_QUIET"])
def test_no_bar_where_nobody_watches(monkeypatch, capsys, variable):
    for name in ("CI", "PYTEST_CURRENT_TEST", "VITLIB_QUIET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert not training.quiet()
    trainer(1).fit(model(), data(train=64))
    assert "epoch 1" in capsys.readouterr().err
    monkeypatch.setenv(variable, "1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert training.quiet()
    trainer(1).fit(model(), data(train=64))
    assert capsys.readouterr() == ("", "")


def test_a_notebook_is_watched(monkeypatch):
    for name in ("CI", "PYTEST_CURRENT_TEST", "VITLIB_QUIET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    assert training.quiet()
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    assert not training.quiet()
