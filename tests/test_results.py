"""The recorded runs: what the text and the checks quote follows from them."""

import datetime
import json
import math
import sys
from dataclasses import asdict, dataclass, replace

import pytest
import torch
from torch.nn import functional as F

from tools import experiments, record
from tools.experiments import RECIPES, Recipe, Study, summarize
from tools.record import ASSETS, BANDS, RESULTS, bands, same
from tools.studies import discussion as study
from tools.studies import swin as timing
from vitlib import FashionMNIST, evaluate, warmup_cosine
from vitlib.cost import attention_macs
from vitlib.curves import compare, reference
from vitlib.data import Batches
from vitlib.pretrained import fashion_resnet, fashion_vit
from vitlib.stem import StemViT
from vitlib.training import History

FILES = sorted(RESULTS.glob("*.json"))
STUDIES = [file for file in FILES if isinstance(RECIPES.get(file.stem), Study)]
TRAININGS = [file for file in FILES if file not in STUDIES]
# Of how many images a study's accuracies are shares, where they are.
SHARES = {"representation": 5000, "sweep_vit": 10_000, "sweep_resnet": 10_000}


def test_every_recipe_is_recorded():
    assert {file.stem for file in FILES} == set(RECIPES)
    print(f"recorded experiments {len(FILES)}/{len(RECIPES)}")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_result_is_whole(file):
    result = json.loads(file.read_text())
    recipe = RECIPES[file.stem]
    assert same(result["recipe"], recipe), "recorded with another recipe"
    assert [run["seed"] for run in result["runs"]] == list(range(recipe.seeds))
    if file in TRAININGS:
        assert all(len(run["rows"]) == recipe.epochs for run in result["runs"])
    assert result["summary"] == summarize(result["runs"])
    for key in ("command", "device", "processor", "threads", "versions", "date"):
        assert result[key], key
    assert result["device"] in ("cpu", "cuda")
    assert result["seconds"] >= 0.99 * sum(
        row["seconds"] for run in result["runs"] for row in run.get("rows", ())
    )


def numbers(value):
    """All the numbers in a value made of lists."""
    if isinstance(value, list):
        return [number for entry in value for number in numbers(entry)]
    return [value]


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_a_study_measured_the_same_things_for_each_seed(file):
    runs = json.loads(file.read_text())["runs"]
    assert len({tuple(run) for run in runs}) == 1
    for run in runs:
        for key, value in run.items():
            assert all(map(math.isfinite, numbers(value))), key
            if "acc" in key.split("_") or "accs" in key.split("_"):
                shares = [
                    share * SHARES.get(file.stem, 5000) for share in numbers(value)
                ]
                assert all(0 <= share <= 10_000 for share in shares), key
                if "train" not in key.split("_"):  # of as many images as there are
                    rests = [abs(share - round(share)) for share in shares]
                    assert max(rests) < 1e-6, key
    changing = [run for run in runs if run != runs[0] | {"seed": run["seed"]}]
    assert len(changing) == len(runs) - 1, "two seeds gave the same"


@pytest.mark.parametrize("file", TRAININGS, ids=lambda file: file.stem)
def test_an_accuracy_is_a_share_of_the_images(file):
    """And a loss is that of a model with ten classes: finite, above 0."""
    result = json.loads(file.read_text())
    # Without images held back, the test set is what is looked at, as in D2L.
    looked_at = result["recipe"].get("holdout", 5000) or 10_000
    for run in result["runs"]:
        shares = [(row["val_acc"], looked_at) for row in run["rows"]]
        shares += [(run["train_acc"], 5000), (run.get("test_acc", 0), 10_000)]
        for share, images in shares:
            assert 0 <= share <= 1
            assert math.isclose(share * images, round(share * images), abs_tol=1e-6)
        for row in run["rows"]:
            assert 0 < row["train_loss"] < 10
            assert 0 < row["val_loss"] < 10


def test_the_trained_model_is_the_recorded_one():
    """The file in the package holds its weights, in half precision."""
    (run,) = json.loads((RESULTS / "fashion_vit.json").read_text())["runs"]
    data = FashionMNIST(500, normalize=True, holdout=0)
    _, acc = evaluate(fashion_vit(), data.test_dataloader())
    assert acc == pytest.approx(run["test_acc"], abs=5e-4)


def test_shipped_models_are_ready_to_use():
    for model in (fashion_vit(), fashion_resnet()):
        assert not model.training


def test_another_recipe_is_another_recording():
    """But more seeds of the same one, or a field it did not have yet, are not."""
    stored = json.loads(record.to_json(asdict(Recipe(lr=0.1, seeds=3))))
    assert same(stored, Recipe(lr=0.1, seeds=5))
    assert not same(stored, Recipe(lr=0.2, seeds=3))
    assert not same(stored, Recipe(lr=0.1, mistake="parallel residual"))
    del stored["mistake"]
    assert same(stored, Recipe(lr=0.1))


def test_a_wrong_model_is_trained_as_the_true_one():
    """Same weights at the start, same data, same optimizer: only the mistake."""
    for name, true in [
        ("mistake_parallel_residual", "recipe_warmup"),
        ("mistake_no_mask_after_the_roll", "swin_fashion"),
    ]:
        wrong, right = RECIPES[name], RECIPES[true]
        assert replace(wrong, mistake=None, seeds=right.seeds) == right
        models = [recipe.build(seed=1)[0] for recipe in (wrong, right)]
        weights = [model.state_dict() for model in models]
        assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[1])
        X = torch.randn(2, 1, 28, 28)
        assert not torch.allclose(models[0].eval()(X), models[1].eval()(X), atol=1e-4)


def test_a_recipe_says_how_its_images_and_labels_are_changed(monkeypatch):
    """The steps to the best recipe differ in what they say, and in nothing else."""
    data = FashionMNIST.sample(128)
    asked = {}
    monkeypatch.setattr(
        experiments, "FashionMNIST", lambda *args, **more: asked.update(more) or data
    )
    logits, y = torch.randn(8, 10), torch.arange(8)
    plain = F.cross_entropy(logits, y)
    spread = F.cross_entropy(logits, y, label_smoothing=0.1)
    for name, mirrored, loss in [
        ("best_patches", False, plain),
        ("best_deeper", False, plain),
        ("best_stem", False, plain),
        ("best_mirrored", True, plain),
        ("best", True, spread),
    ]:
        model = RECIPES[name].build(seed=0)[0]
        assert torch.equal(model.loss(logits, y), loss)
        assert (asked["augment"], asked["reach"] == 0) == (mirrored, mirrored)
        patches = name in ("best_patches", "best_deeper")
        assert isinstance(model, StemViT) == (not patches)
        assert len(model.blks) == (5 if name == "best_deeper" else 3)


def test_the_models_of_the_chapter_are_those_that_were_recorded():
    """The chapter writes their sizes out; its numbers of weights must be theirs."""
    notebook = json.loads((RESULTS.parent / "long_runs.ipynb").read_text())
    printed = str([cell.get("outputs") for cell in notebook["cells"]])
    for name in ("best_patches", "best_deeper", "best"):
        recipe = RECIPES[name]
        kind, sizes = experiments.FAMILIES[recipe.family]
        net = kind(**{**sizes, **recipe.model})
        weights = sum(w.numel() for w in net.parameters())
        line = f"{kind.__name__}, {len(net.blks)} blocks: {weights:,} parameters"
        assert line in printed, name


def asked_for(monkeypatch, **changes):
    """What a recipe asks of the data, the trainer, the optimizer and `evaluate`."""
    asked, data = {}, FashionMNIST.sample(128, holdout=100)

    def images(batch, resize, holdout, **options):
        asked.update(options, batch=batch, resize=resize, holdout=holdout)
        return data

    class Asked:
        def __init__(self, max_epochs, **options):
            asked.update(options, epochs=max_epochs)

        def fit(self, model, data, optimizer, schedule):
            asked.update(optimizer=optimizer, schedule=schedule)
            return History()

    def looked_at(model, batches):
        asked["train_acc"] = batches
        return 0.0, 0.0

    monkeypatch.setattr(experiments, "FashionMNIST", images)
    monkeypatch.setattr(experiments, "Trainer", Asked)
    monkeypatch.setattr(experiments, "evaluate", looked_at)
    Recipe(**changes).run(seed=4, checkpoint="file")
    return asked


def test_what_a_recipe_says_is_asked_for(monkeypatch):
    said = dict(precision="bfloat16", epochs=7, holdout=9, normalize=True)
    asked = asked_for(monkeypatch, model=dict(img_size=14), **said)
    assert {key: asked[key] for key in said} == said
    assert (asked["seed"], asked["resize"], asked["batch"]) == (4, 14, 128)
    assert asked["checkpoint"] == "file"
    assert asked["train_acc"].normalize


def test_a_warmup_of_0_is_a_schedule(monkeypatch):
    assert asked_for(monkeypatch)["schedule"] is None
    for warmup in (0.0, 0.3):
        schedule = asked_for(monkeypatch, warmup=warmup)["schedule"]
        assert schedule(0.2) == warmup_cosine(0.2, warmup)


@pytest.mark.parametrize(
    ("name", "kind", "more"),
    [
        ("adamw", torch.optim.AdamW, dict(weight_decay=0.05)),
        ("sgd", torch.optim.SGD, dict(momentum=0.0)),
        ("momentum", torch.optim.SGD, dict(momentum=0.9)),
    ],
)
def test_a_recipe_names_its_optimizer(monkeypatch, name, kind, more):
    asked = asked_for(monkeypatch, optimizer=name, lr=0.2, weight_decay=0.05)
    assert type(asked["optimizer"]) is kind
    (group,) = asked["optimizer"].param_groups
    assert group.items() >= (more | dict(lr=0.2)).items()


def test_a_run_reports_on_the_right_images(monkeypatch):
    data = FashionMNIST.sample(128, holdout=100)
    data.train = tuple(part[:200] for part in data.train)
    images, labels = data.test
    data.test = images, torch.zeros_like(labels)  # told from the others by its result
    monkeypatch.setattr(experiments, "FashionMNIST", lambda *args, **options: data)
    run, model = replace(RECIPES["training_quick"], epochs=1).run(seed=0)
    found = run["rows"][-1]["val_acc"], run["train_acc"], run["test_acc"]
    train = Batches(*data.train, 128, (28, 28))
    loaders = data.val_dataloader(), train, data.test_dataloader()
    assert found == tuple(evaluate(model, loader)[1] for loader in loaders)
    assert len(set(found)) == 3


@dataclass
class Toy(Recipe):
    """Trains nothing, and is stopped before the seed `stop`."""

    stop: int = -1

    def run(self, seed, checkpoint=None):
        if seed == Toy.stop:
            checkpoint.write_text("half a seed")
            raise KeyboardInterrupt
        row = dict(train_loss=1.0 + seed, val_loss=1.0, val_acc=0.5, seconds=0.0)
        if seed == 2:  # the one that was stopped finds what it left, with its time
            assert checkpoint.read_text() == "half a seed"
            row["seconds"] = 100.0
        return {"seed": seed, "rows": [row], "train_acc": 0.5, "by": Toy.stop}, None


def test_recording_goes_on_where_it_stopped(monkeypatch, tmp_path):
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(record, "UNFINISHED", tmp_path)
    monkeypatch.setitem(RECIPES, "toy", Toy(seeds=3))
    monkeypatch.setattr(Toy, "stop", 2)
    with pytest.raises(KeyboardInterrupt):
        record.record("toy")
    monkeypatch.setattr(Toy, "stop", -1)
    record.record("toy")
    result = json.loads((tmp_path / "toy.json").read_text())
    assert [(run["seed"], run["by"]) for run in result["runs"]] == [
        (0, 2), (1, 2), (2, -1),
    ]  # fmt: skip
    assert result["summary"] == summarize(result["runs"])
    assert result["seconds"] == 100
    assert [path.name for path in tmp_path.iterdir()] == ["toy.json"]


def test_more_seeds_are_added_and_another_recipe_starts_anew(monkeypatch, tmp_path):
    checkpoints = []

    def run(recipe, seed, checkpoint):
        checkpoints.append(checkpoint.name)
        row = dict(train_loss=recipe.lr, val_loss=1.0, val_acc=0.5, seconds=50.0)
        return {"seed": seed, "rows": [row], "train_acc": 0.5}, None

    def recorded(**changes):
        monkeypatch.setitem(RECIPES, "toy", Recipe(**changes))
        record.record("toy")
        return json.loads((tmp_path / "toy.json").read_text())

    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(record, "UNFINISHED", tmp_path)
    monkeypatch.setattr(Recipe, "run", run)
    recorded(seeds=1)
    more = recorded(seeds=2)
    assert (len(more["runs"]), more["seconds"]) == (2, 100)
    other = recorded(seeds=1, lr=0.2)
    assert [run["rows"][0]["train_loss"] for run in other["runs"]] == [0.2]
    assert checkpoints == [f"toy_{seed}.safetensors" for seed in (0, 1, 0)]


def from_the_command_line(monkeypatch, *names):
    """What `python -m tools.record` does: threads it sets, names it records."""
    done = []
    monkeypatch.setattr(torch, "set_num_threads", done.append)
    monkeypatch.setattr(record, "record", done.append)
    monkeypatch.setattr(sys, "argv", ["record", *names])
    record.main()
    return done


def test_a_recording_has_one_thread(monkeypatch):
    assert from_the_command_line(monkeypatch, "best") == [1, "best"]


def test_a_name_that_is_no_recipe_is_refused(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        from_the_command_line(monkeypatch, "best", "bets")
    assert "unknown bets; known: training_quick, " in capsys.readouterr().err


def test_bands_follow_from_the_runs():
    assert json.loads((ASSETS / "bands.json").read_text()) == bands()


def test_a_band_is_for_its_device_alone():
    assert reference("training/quick", "cpu")
    assert reference("training/quick", "tpu") is None
    assert reference("training/none", "cpu") is None


@pytest.mark.parametrize("key", BANDS)
def test_bands_have_at_least_10_seeds_and_hold_their_own_runs(key):
    found = bands()["bands"][key]
    assert len(found["seeds"]) >= 10
    runs = json.loads((RESULTS / f"{BANDS[key]}.json").read_text())["runs"]
    for run in runs:
        history = History.from_rows(run["rows"])
        assert compare(history, found["band"]).startswith("inside")


# What the training chapter says of the runs with something broken: the epoch at
# which the check notices, and that the accuracy alone would let two of them pass.
@pytest.mark.parametrize(
    ("name", "epoch", "accuracy_passes"),
    [
        ("learning_rate_0", 1, False),
        ("shuffled_labels", 1, False),
        ("no_residual", 1, True),
        ("no_positions", 2, True),
    ],
)
def test_sabotaged_runs_leave_the_band(name, epoch, accuracy_passes):
    band = bands()["bands"]["training/quick on cpu"]["band"]
    for run in json.loads((RESULTS / f"sabotage_{name}.json").read_text())["runs"]:
        verdict = compare(History.from_rows(run["rows"]), band)
        assert verdict.startswith(f"OUTSIDE the reference band at epoch {epoch}:")
        inside = all(
            low <= row["val_acc"] <= high
            for row, (low, high) in zip(run["rows"], band["val_acc"], strict=True)
        )
        assert inside == accuracy_passes


def results(name):
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def test_no_run_is_the_copy_of_another():
    """No two seeds, and no two experiments, have the same losses."""
    seen = {}
    for file in sorted(RESULTS.glob("*.json")):
        for run in json.loads(file.read_text())["runs"]:
            if "rows" in run:
                losses = tuple(row["train_loss"] for row in run["rows"])
                name = f"{file.stem}, seed {run['seed']}"
                assert losses not in seen, f"{name} is {seen[losses]}"
                seen[losses] = name


def test_what_follows_from_a_recorded_list_follows():
    for run in results("representation")["runs"]:
        for key, value in run.items():
            if key.endswith("_last_acc"):
                assert value == run[key.replace("_last_acc", "_accs")][-1], key
            if key.endswith("_ends"):
                assert value == run[key.removesuffix("_ends")][0][-1], key
        for name in ("trained", "random", "cnn"):
            alike = torch.tensor(run[f"cka_{name}_{name}"])
            assert torch.allclose(alike, alike.T, atol=1e-6)
            assert torch.allclose(alike.diagonal(), torch.ones(len(alike)), atol=1e-6)
    for run in results("cost_timing")["runs"]:
        linear = [p + m for p, m in zip(run["projections"], run["mlp"], strict=True)]
        for key, flat in (("attention", run["projections"]), ("block", linear)):
            found = study._crossover(run["scores"], flat)
            assert run[f"{key}_crossover"] == pytest.approx(found), key
    for run in results("swin_timing")["runs"]:
        sides, one, other = run["side"], run["global_s"], run["window_s"]
        assert run["global_macs"] == [sum(attention_macs(s, s, 96)) for s in sides]
        assert run["window_macs"] == [sum(attention_macs(s, s, 96, 7)) for s in sides]
        assert run["crossover_side"] == pytest.approx(
            timing.crossover(sides, one, other)
        )
        i, j = sides.index(56), sides.index(112)
        assert run["global_growth"] == one[j] / one[i]
        assert run["window_growth"] == other[j] / other[i]
        assert run["speedup_56"] == one[i] / other[i]
        assert run["speedup_112"] == one[j] / other[j]


def test_a_share_of_moved_images_is_one():
    """2,000 images in 4 directions."""
    for run in results("shift")["runs"]:
        for key, value in run.items():
            if "_changed_" in key:
                assert abs(8000 * value - round(8000 * value)) < 1e-2, key


def test_where_a_result_says_it_comes_from():
    found = [results(file.stem) for file in RESULTS.glob("*.json")]
    assert {r["threads"] for r in found if r["device"] == "cpu"} == {1}
    for r in found:
        assert datetime.date.fromisoformat(r["date"]) <= datetime.date.today()
        rows = [row for run in r["runs"] for row in run.get("rows", ())]
        if rows:
            assert r["seconds"] <= 2 * sum(row["seconds"] for row in rows) + 60
        assert r["seconds"] < 4 * 3600, r["command"]
