"""The studies measure what the recordings are called."""

import pytest
import torch

from tools.studies import discussion as study
from tools.studies import long_runs, sweep
from tools.studies import representation as probing
from tools.studies import swin as timing
from vitlib import FashionMNIST, History, ViT
from vitlib.discussion import ResNet
from vitlib.lean import LeanDropout
from vitlib.representation import LinearProbe, activations
from vitlib.swin import SwinBlock


def test_the_crossovers_by_hand():
    """Where 2 N meets 100, and the side where N ** 2 meets 9 N."""
    rising, flat = [2.0 * N for N in study.TOKENS], [100.0] * len(study.TOKENS)
    assert study._crossover(rising, flat) == pytest.approx(50)
    sides = [4, 8, 16, 32]
    found = timing.crossover(sides, [s**2 for s in sides], [9 * s for s in sides])
    assert found == pytest.approx(9)
    assert timing.crossover(sides, [1.0] * 4, [2.0] * 4) is None


def test_what_is_timed_is_the_attention_of_a_shifted_block():
    block = SwinBlock((14, 21), timing.D, timing.H, timing.M, True).eval()
    X = torch.randn(1, 14, 21, timing.D)
    found = timing.shifted(block.attention, X, block.mask)
    torch.testing.assert_close(found, block.attend(X))


def test_both_kinds_of_dropout_are_timed_while_they_drop(monkeypatch):
    timed = []

    def shortest(layer, X):
        timed.append(type(layer))
        assert tuple(X.shape) == (128, 37, 2048)  # of the source's MLP
        Y = layer(X[:2])
        assert (Y == 0).double().mean().item() == pytest.approx(0.1, abs=0.01)
        return 0.002 * len(timed)

    monkeypatch.setattr(long_runs, "shortest", shortest)
    found = long_runs.dropout_timing(0)
    assert timed == [torch.nn.Dropout, LeanDropout]
    assert found == {"pytorch_ms": 2.0, "lean_ms": 4.0, "ratio": 0.5}


def test_a_probe_of_the_study_reads_what_it_is_called():

    data = FashionMNIST.sample(300)
    X, y = next(iter(data.train_dataloader()))
    X_val, y_val = next(iter(data.test_dataloader()))
    models = {n: ViT(28, 7, 8, 16, 2, 1, 0.0, 0.0).eval()
              for n in ("trained", "other", "random", "shuffled")}  # fmt: skip
    models["cnn"] = ResNet(4, (6, 8)).eval()
    found = probing._probes(models, (X, y), (X_val, y_val))
    layers, new = (activations(models["trained"], Z)[-1] for Z in (X, X_val))
    for reading, part in (
        ("class_token", lambda Z: Z[:, 0]),
        ("patch_mean", lambda Z: Z[:, 1:].mean(1)),
        ("all_tokens", lambda Z: Z.flatten(1)),
    ):
        acc = LinearProbe(part(layers), y).accuracy(part(new), y_val)
        assert found[f"trained_{reading}_last_acc"] == acc
        assert found[f"control_{reading}_last_acc"] < max(0.3, acc - 0.2)
    assert found["trained_all_tokens_last_acc"] > 0.5
    alike = probing._alike(models, X[:200])
    assert alike["cka_chance"] < 0.5 < alike["cka_trained_trained_ends"]


def test_the_other_network_starts_and_splits_otherwise(monkeypatch):

    class Stop(Exception):
        pass

    starts = []

    def run(recipe, seed):
        starts.append((recipe.family, recipe.sabotage, seed))
        if len(starts) == 4:
            raise Stop
        return {"rows": [{"val_acc": 0.5}]}, None

    monkeypatch.setattr(probing.Recipe, "run", run)
    with pytest.raises(Stop):
        probing.representation(3)
    assert starts == [
        ("vit", "none", 3), ("vit", "none", 103), ("vit", "shuffled labels", 3),
        ("resnet", "none", 3),
    ]  # fmt: skip


def test_the_sweep_counts_its_updates_and_judges_on_the_test_set(monkeypatch):

    data = FashionMNIST.sample(128, holdout=0)
    fits, judged = [], []
    monkeypatch.setattr(sweep, "FashionMNIST", lambda *a, **k: data)
    monkeypatch.setattr(sweep, "SIZES", [1000])
    monkeypatch.setattr(
        sweep.torch, "randperm", lambda n, generator: torch.arange(2000)
    )
    monkeypatch.setattr(
        sweep.Trainer, "fit", lambda self, *a: fits.append(self.max_epochs)
    )
    monkeypatch.setattr(
        sweep, "evaluate", lambda m, b: judged.append(len(b.labels)) or (1.0, 0.5)
    )
    assert sweep.vit(0) == {f"{s}_{k}_1000": v for s in ("train", "test")
                            for k, v in (("loss", 1.0), ("acc", 0.5))}  # fmt: skip
    assert fits == [round(1407 / 8)]
    assert judged == [1000, len(data.test[1])]


def test_the_two_models_that_are_moved(monkeypatch):

    data = FashionMNIST.sample(128, holdout=100)
    data.val = tuple(part[:100] for part in data.val)
    kinds = []
    monkeypatch.setattr(study, "FashionMNIST", lambda *a, **k: data)
    monkeypatch.setattr(
        study.Trainer, "fit",
        lambda *a: History.from_rows(
            [dict(train_loss=1.0, val_loss=1.0, val_acc=0.5, seconds=0.0)]
        ),
    )  # fmt: skip
    monkeypatch.setattr(
        study, "shift_sensitivity",
        lambda m, X, *a: kinds.append((type(m), len(X))) or ([0.0] * 5, [0.0] * 5),
    )  # fmt: skip
    study.shift(0)
    assert kinds == [(ViT, 100), (ResNet, 100)]
