"""Weights for our own ViT: published ones, and a small one that ships with vitlib."""

from importlib import resources

import torch

from vitlib.cost import count_parameters
from vitlib.vit import ViT

# torchvision's name -> ours, outside the blocks
_STEM_AND_HEAD = {
    "class_token": "cls_token",
    "conv_proj.": "patch_embedding.conv.",
    "encoder.pos_embedding": "pos_embedding",
    "encoder.ln.": "head.0.",
    "heads.head.": "head.1.",
}
# inside block i; the joint projection of queries, keys and values is cut apart
_BLOCK = {
    "ln_1.": "ln1.",
    "self_attention.out_proj.": "attention.W_o.",
    "ln_2.": "ln2.",
    "mlp.0.": "mlp.dense1.",
    "mlp.3.": "mlp.dense2.",
}


def from_torchvision(state_dict):
    """Rename the weights of a torchvision `vit_*` model for `vitlib.ViT`.

    Args:
        state_dict: of `torchvision.models.vit_b_16` or one of its siblings.

    Returns:
        a state dict for `ViT.load_state_dict`; no number is changed.

    Raises:
        ValueError: a name that no torchvision ViT has.
    """
    ours = {}
    for name, value in state_dict.items():
        if name.startswith("encoder.layers.encoder_layer_"):
            rest = name.removeprefix("encoder.layers.encoder_layer_")
            i, part = rest.split(".", 1)
            if part.startswith("self_attention.in_proj_"):
                kind = part.removeprefix("self_attention.in_proj_")
                # (3 D, D) or (3 D,) -> queries, keys, values
                for W, third in zip("qkv", value.chunk(3), strict=True):
                    ours[f"blks.{i}.attention.W_{W}.{kind}"] = third
                continue
            new, prefix = _rename(part, _BLOCK), f"blks.{i}."
        else:
            new, prefix = _rename(name, _STEM_AND_HEAD), ""
        if new is None:
            raise ValueError(f"{name!r} is not a weight of a torchvision ViT")
        ours[prefix + new] = value
    return ours


def _rename(name, table):
    for theirs, new in table.items():
        if name.startswith(theirs):
            return new + name.removeprefix(theirs)
    return None


def load_torchvision(model, state_dict):
    """Load torchvision's weights into `model` and return it.

    Raises:
        ValueError: weights of another configuration.
    """
    try:
        model.load_state_dict(from_torchvision(state_dict))
    except RuntimeError as error:
        theirs = sum(v.numel() for v in state_dict.values())
        raise ValueError(
            f"the weights have {theirs} numbers and do not fit a model of "
            f"{count_parameters(model)}: {str(error).splitlines()[1].strip()}"
        ) from None
    return model


def fashion_vit():
    """A small ViT trained on Fashion-MNIST, in eval mode.

    28 x 28 images, patches of 4, width 64, 4 heads, 2 blocks. It expects
    normalized images, as `FashionMNIST(normalize=True)` serves them. How it was
    trained, and what it reaches, stands in `book/results/fashion_vit.json`.
    """
    model = ViT(28, 4, 64, 256, 4, 2, 0.0, 0.0)
    file = resources.files("vitlib") / "assets" / "vit_fashion.pt"
    with file.open("rb") as opened:
        half = torch.load(opened, map_location="cpu", weights_only=True)
    model.load_state_dict({name: value.float() for name, value in half.items()})
    return model.eval()
