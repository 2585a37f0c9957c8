"""Clocks for programs that are measured side by side."""

import platform
import statistics
import time
from importlib.metadata import version

import torch


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
    """Print what the numbers depend on."""
    found = ", ".join(f"{name} {version(name)}" for name in ("torch", *packages))
    print(
        f"{platform.machine()}, {torch.get_num_threads()} threads, "
        f"Python {platform.python_version()}, {found}"
    )
