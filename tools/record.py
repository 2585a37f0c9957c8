"""Record experiments: `python -m tools.record NAME [NAME ...]`.

Writes `book/results/NAME.json`: the runs, what made them, and the summary that
the text quotes. A file is rewritten whole after every seed, and a seed in training
has a checkpoint, so a stopped recording goes on where it was. At the end, `--bands`
recomputes the reference bands of the package from the recorded runs.
"""

import argparse
import datetime
import json
import platform
import time
from dataclasses import asdict
from pathlib import Path

import torch

import vitlib
from tools.book import write
from tools.experiments import RECIPES, summarize
from vitlib.curves import METRICS, band

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "book" / "results"
ASSETS = ROOT / "src" / "vitlib" / "assets"
UNFINISHED = ROOT / "build" / "record"  # checkpoints of the seed that is trained
# What the package calls a band -> the recorded runs it is made of.
BANDS = {"training/quick on cpu": "training_quick"}
# Recorded runs whose weights ship with the package, in half precision.
SHIPPED = {"fashion_vit": "vit_fashion.pt", "fashion_resnet": "resnet_fashion.pt"}


def to_json(content):
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def provenance(name):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return {
        "command": f"make record NAME={name}",
        "device": device,
        "processor": torch.cuda.get_device_name() if device == "cuda" else _processor(),
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "vitlib": vitlib.__version__,
        },
        "date": datetime.date.today().isoformat(),
    }


def _processor():
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor()


def same(stored, recipe):
    """Whether a stored recipe is this one, for fewer seeds or for more.

    A field that the stored one lacks has its default.
    """
    old = type(recipe)(**{**stored, "seeds": recipe.seeds})
    return json.loads(to_json(asdict(old))) == json.loads(to_json(asdict(recipe)))


def record(name):
    """Run the seeds that are not recorded yet, and write the file after each."""
    recipe, path = RECIPES[name], RESULTS / f"{name}.json"
    result = {"recipe": asdict(recipe), **provenance(name), "seconds": 0, "runs": []}
    if path.exists():
        old = json.loads(path.read_text())
        if same(old["recipe"], recipe):
            result["runs"], result["seconds"] = old["runs"], old["seconds"]
    for seed in range(len(result["runs"]), recipe.seeds):
        start = time.perf_counter()
        checkpoint = UNFINISHED / f"{name}_{seed}.safetensors"
        run, model = recipe.run(seed, checkpoint)
        result["runs"].append(run)
        # Of a run that was stopped, the epochs before count, too.
        trained = sum(row["seconds"] for row in run.get("rows", ()))
        result["seconds"] += round(max(time.perf_counter() - start, trained))
        result["summary"] = summarize(result["runs"])
        write(path, to_json(result))
        checkpoint.unlink(missing_ok=True)
        print(name, "seed", seed, result["summary"], flush=True)
        if name in SHIPPED:
            half = {
                key: value.half() if value.is_floating_point() else value
                for key, value in model.state_dict().items()
            }
            torch.save(half, ASSETS / SHIPPED[name])


def bands():
    """The bands of `BANDS`, from the recorded runs."""
    out = {}
    for key, name in BANDS.items():
        result = json.loads((RESULTS / f"{name}.json").read_text())
        runs = result["runs"]
        out[key] = {
            "seeds": [run["seed"] for run in runs],
            "metrics": list(METRICS),
            "band": band([run["rows"] for run in runs]),
        }
    return {"from": sorted(BANDS.values()), "bands": out}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--bands", action="store_true", help="write the bands anew")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(RECIPES):
        parser.error(f"unknown {', '.join(unknown)}; known: {', '.join(RECIPES)}")
    # One thread: the same sums in the same order, however many cores there are.
    torch.set_num_threads(1)
    for name in arguments.names:
        record(name)
    if arguments.bands:
        write(ASSETS / "bands.json", to_json(bands()))


if __name__ == "__main__":
    main()
