"""Clocks for programs that are measured side by side."""

import datetime
import json
import platform
import statistics
import time
from importlib.metadata import version
from pathlib import Path

import torch

RESULTS = Path(__file__).resolve().parent / "results"


def in_turn(cases, rounds, warmup=2):
    """Run every case once a round, one after the other, and take the time.

    Whatever slows the machine down for a while slows all cases of that round, so
    ratios of one round can be trusted where times alone cannot.

    Args:
        cases: name -> function without arguments.
        rounds: how many rounds count; `warmup` more come before them.

    Returns:
        name -> list of seconds, one a round.
    """
    seconds = {name: [] for name in cases}
    for turn in range(warmup + rounds):
        for name, run in cases.items():
            start = time.perf_counter()
            run()
            if torch.cuda.is_available():
                torch.cuda.synchronize()  # a GPU returns before it has finished
            if turn >= warmup:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def ratios(over, under):
    """Median, least and largest ratio of the same round."""
    of_rounds = [a / b for a, b in zip(over, under, strict=True)]
    return statistics.median(of_rounds), min(of_rounds), max(of_rounds)


def table(title, seconds, *references):
    """Print medians, and each case as a multiple of the references, round by round."""
    width = max(map(len, seconds))
    heads = "".join(f"   / {name:<22}" for name in references)
    print(f"\n{title}\n{'':{width}}  median ms{heads}")
    for name, times in seconds.items():
        cells = ""
        for reference in references:
            middle, least, most = ratios(times, seconds[reference])
            cells += f"   {middle:5.2f} ({least:.2f} to {most:.2f})".ljust(27)
        print(f"{name:{width}} {1000 * statistics.median(times):10.1f}{cells}".rstrip())


def conditions(*packages):
    """What the numbers depend on, in a line that is printed, too."""
    found = ", ".join(f"{name} {version(name)}" for name in ("torch", *packages))
    line = f"{_processor()}, Python {platform.python_version()}, {found}"
    print(line)
    return line


def _processor():
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return f"{(names or [platform.machine()])[0]}, {torch.get_num_threads()} threads"


def keep(line, tables, reference):
    """Write tables of seconds to `results/`, from where the status page takes them.

    Args:
        line: the conditions.
        tables: title -> name -> seconds, one a round.
        reference: the case that the ratios are of.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    content = {
        "date": datetime.date.today().isoformat(),
        "conditions": line,
        "reference": reference,
        "tables": {
            title: {
                name: {
                    "rounds": len(times),
                    "ms": round(1000 * statistics.median(times), 2),
                    "ratio": [round(r, 3) for r in ratios(times, seconds[reference])],
                }
                for name, times in seconds.items()
            }
            for title, seconds in tables.items()
        },
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{device}.json").write_text(json.dumps(content, indent=1) + "\n")
