"""Studies of the chapter `discussion`: time against the formula, and shifts."""

import time
from math import log

import torch
from torch.nn import functional as F

from vitlib import FashionMNIST, Trainer, ViT, ViTBlock, warmup_cosine
from vitlib.data import MEAN, STD
from vitlib.discussion import ResNet, shift_sensitivity

WIDTH, HEADS = 192, 3  # of a block of ViT-Ti, Touvron et al. 2021, table 1
TOKENS = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096]
REACH = 4  # pixels
QUICK_VIT = (28, 7, 32, 128, 4, 2, 0.0, 0.0)
QUICK_RESNET = (4, (18, 22, 27))
EMPTY = -MEAN / STD  # a black pixel after normalizing


@torch.no_grad()
def cost_timing(seed):
    """Microseconds of CPU time a token of the parts of one block, over N.

    Every measurement handles 4,096 tokens, as few long or many short sequences,
    so that what is linear in N takes the same time for every N. `scores` is all
    that happens between the projections: both products and the softmax.
    """
    torch.manual_seed(seed)
    blk = ViTBlock(WIDTH, WIDTH, 4 * WIDTH, HEADS, 0.0, use_bias=True).eval()
    out = {"tokens": TOKENS, "projections": [], "scores": [], "mlp": []}
    for N in TOKENS:
        X = torch.randn(TOKENS[-1] // N, N, WIDTH)
        Q, K, V = blk.attention.project(X)
        parts = {
            "projections": lambda X=X: blk.attention.W_o(
                blk.attention.merge_heads(blk.attention.project(X)[2])
            ),
            "scores": lambda Q=Q, K=K, V=V: F.scaled_dot_product_attention(Q, K, V),
            "mlp": lambda X=X: blk.mlp(X),
        }
        for name, part in parts.items():
            out[name].append(1e6 * _seconds(part) / TOKENS[-1])
    linear = [p + m for p, m in zip(out["projections"], out["mlp"], strict=True)]
    out["attention_crossover"] = _crossover(out["scores"], out["projections"])
    out["block_crossover"] = _crossover(out["scores"], linear)
    return out


def _seconds(part, repeats=5):
    """The least CPU time of several calls, after one that does not count."""
    part()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        part()
        times.append(time.process_time() - start)
    return min(times)


def _crossover(rising, flat):
    """The N from which `rising` stays above `flat`, on straight log-log lines."""
    gaps = [log(r / f) for r, f in zip(rising, flat, strict=True)]
    last = max(i for i, gap in enumerate(gaps) if gap < 0)
    share = gaps[last] / (gaps[last] - gaps[last + 1])
    return TOKENS[last] * (TOKENS[last + 1] / TOKENS[last]) ** share


def shift(seed):
    """Shift sensitivity of a ViT and a ResNet of the same size on unseen images.

    Both are trained alike: normalized images, AdamW, warm-up, 3 epochs.
    """
    out = {}
    for name, build in (
        ("vit", lambda: ViT(*QUICK_VIT)),
        ("resnet", lambda: ResNet(*QUICK_RESNET)),
    ):
        torch.manual_seed(seed)
        model = build()
        data = FashionMNIST(128, seed=seed, normalize=True)
        optimizer = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.05)
        history = Trainer(3, device="cpu").fit(model, data, optimizer, warmup_cosine)
        X = torch.cat([X for X, _ in data.val_dataloader()])  # (5000, 1, 28, 28)
        changed, moved = shift_sensitivity(model, X[:2000], REACH, EMPTY)
        out[f"{name}_val_acc"] = history.val_acc[-1]
        for d in range(1, REACH + 1):
            out[f"{name}_changed_{d}"] = changed[d]
            out[f"{name}_moved_{d}"] = moved[d]
    return out
