"""The study of the chapter `swin`: what attention in windows costs in time."""

import math
import time

import torch

from vitlib.block import MultiHeadAttention
from vitlib.cost import attention_macs
from vitlib.swin import WindowAttention, shift_mask, window_partition, window_reverse

D, H, M = 96, 3, 7  # stage 1 of Swin-T
SIDES = (7, 14, 21, 28, 42, 56, 84, 112)


def swin_timing(seed):
    """CPU seconds of one forward pass on one map, global and in windows.

    Windows are timed with everything around them: roll, partition, mask, and
    the way back. Of several repeats the shortest counts, for anything else
    that runs on the machine can only add.
    """
    torch.manual_seed(seed)
    everywhere = MultiHeadAttention(D, H, 0.0, bias=True).eval()
    windows = WindowAttention(D, H, M).eval()
    run = {"seed": seed, "side": list(SIDES), "global_s": [], "window_s": []}
    run["global_macs"] = [sum(attention_macs(s, s, D)) for s in SIDES]
    run["window_macs"] = [sum(attention_macs(s, s, D, M)) for s in SIDES]
    for side in SIDES:
        X = torch.randn(1, side, side, D)
        mask = shift_mask(side, side, M, M // 2)
        run["global_s"].append(shortest(everywhere, X.flatten(1, 2)))  # (1, N, D)
        run["window_s"].append(shortest(shifted, windows, X, mask))
    run["crossover_side"] = crossover(SIDES, run["global_s"], run["window_s"])
    for name in ("global", "window"):  # how the time grows with the side
        seconds = dict(zip(SIDES, run[f"{name}_s"], strict=True))
        run[f"{name}_growth"] = seconds[112] / seconds[56]
    for side in (56, 112):
        i = SIDES.index(side)
        run[f"speedup_{side}"] = run["global_s"][i] / run["window_s"][i]
    return run


def shifted(attention, X, mask):
    """The attention of a shifted block: (1, h, w, D) -> (1, h, w, D)."""
    X = X.roll((-(M // 2), -(M // 2)), dims=(1, 2))
    Y = attention(window_partition(X, M), mask)
    Y = window_reverse(Y, M, X.shape[1], X.shape[2])
    return Y.roll((M // 2, M // 2), dims=(1, 2))


@torch.no_grad()
def shortest(function, *args, least=3, budget=1.0):
    """The shortest CPU time of one call, in seconds, of at least `least` calls."""
    function(*args)  # the first call also sets things up
    times = []
    while len(times) < least or (sum(times) < budget and len(times) < 200):
        start = time.process_time()
        function(*args)
        times.append(time.process_time() - start)
    return min(times)


def crossover(sides, one, other):
    """The side from which on `other` is faster, between straight log-log lines."""
    ratio = [math.log(a / b) for a, b in zip(one, other, strict=True)]
    slower = [i for i, r in enumerate(ratio) if r <= 0]
    if not slower or slower[-1] == len(sides) - 1:
        return None  # the lines do not cross between these sides
    i = slower[-1]
    share = -ratio[i] / (ratio[i + 1] - ratio[i])
    return sides[i] * (sides[i + 1] / sides[i]) ** share
