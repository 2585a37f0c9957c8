"""How a run is set up where it runs: its length, its device, its number format."""

import os
import sys

import torch

# The source's run, and the same model with every size cut down for a CPU.
SIZES = {
    "quick": dict(
        img_size=28, patch_size=7, num_hiddens=32, mlp_num_hiddens=128, num_heads=4,
        num_blks=2,
    ),
    "full": dict(
        img_size=96, patch_size=16, num_hiddens=512, mlp_num_hiddens=2048, num_heads=8,
        num_blks=2,
    ),
}  # fmt: skip
EPOCHS = {"quick": 3, "full": 10}
PRECISIONS = ("float32", "bfloat16", "float16")


def profile():
    """ "quick" or "full": `VITLIB_PROFILE`, else full where there is a GPU."""
    default = "full" if torch.cuda.is_available() else "quick"
    name = os.environ.get("VITLIB_PROFILE") or default
    if name not in ("quick", "full"):
        raise ValueError(f"VITLIB_PROFILE must be 'quick' or 'full', got {name!r}")
    return name


def quiet():
    """Whether nobody watches: in CI, under pytest, or with no terminal or notebook."""
    if any(map(os.environ.get, ("CI", "PYTEST_CURRENT_TEST", "VITLIB_QUIET"))):
        return True
    return not (sys.stderr.isatty() or "ipykernel" in sys.modules)


def say(text):
    """A line for whoever watches, or reads the log later."""
    print(f"vitlib: {text}", flush=True)


def precision_for(device, wanted=None):
    """The number format of the products: float32 on a CPU, 16 bits on a GPU.

    A GPU that multiplies in bfloat16 takes that: it has the range of float32 and
    needs no care. An older one, such as Colab's T4, takes float16, whose small
    gradients must be scaled up so that they do not vanish.

    Raises:
        ValueError: a format that is not in `PRECISIONS`.

    Source: Micikevicius et al. 2018, section 3, on float16 and its scaling.
    """
    if wanted is not None:
        if wanted not in PRECISIONS:
            raise ValueError(
                f"precision must be one of {', '.join(PRECISIONS)}, got {wanted!r}"
            )
        return wanted
    if device.type != "cuda":
        return "float32"
    native = torch.cuda.is_bf16_supported(including_emulation=False)
    return "bfloat16" if native else "float16"
