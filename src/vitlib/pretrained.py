"""Weights for our own models: published ones, and small ones that ship with vitlib."""

import re
from importlib import resources

import torch

from vitlib.cost import count_parameters
from vitlib.discussion import ResNet
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

# the same for a Swin Transformer, whose joint projection has another name
_SWIN_STEM_AND_HEAD = {
    "features.0.0.": "patch_embedding.conv.",
    "features.0.2.": "ln.",
    "norm.": "head.0.",
    "head.": "head.1.",
}
_SWIN_BLOCK = {
    "norm1.": "ln1.",
    "attn.relative_position_bias_table": "attention.bias_table",
    "attn.proj.": "attention.W_o.",
    "norm2.": "ln2.",
    "mlp.0.": "mlp.dense1.",
    "mlp.3.": "mlp.dense2.",
}
_SWIN_MERGING = {"norm.": "ln.", "reduction.": "reduction."}


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
                ours |= _thirds(f"blks.{i}.", kind, value)
                continue
            new, prefix = _rename(part, _BLOCK), f"blks.{i}."
        else:
            new, prefix = _rename(name, _STEM_AND_HEAD), ""
        if new is None:
            raise ValueError(f"{name!r} is not a weight of a torchvision ViT")
        ours[prefix + new] = value
    return ours


def from_torchvision_swin(state_dict):
    """Rename the weights of a torchvision `swin_*` model for `vitlib.swin.Swin`.

    Args:
        state_dict: of `torchvision.models.swin_t`, `swin_s` or `swin_b`.

    Returns:
        a state dict for `Swin.load_state_dict`; no number is changed.

    Raises:
        ValueError: a name that no torchvision Swin has.
    """
    ours = {}
    for name, value in state_dict.items():
        if name.endswith("relative_position_index"):
            continue  # follows from the window alone
        new, prefix = _rename(name, _SWIN_STEM_AND_HEAD), ""
        found = re.fullmatch(r"features\.(\d+)\.(?:(\d+)\.)?(\D.*)", name)
        if new is None and found:
            # features 1, 3, 5, 7 are lists of blocks; 2, 4, 6 the mergings between
            place, i, rest = found.groups()
            stage = int(place) // 2
            if i is None:
                new, prefix = _rename(rest, _SWIN_MERGING), f"stages.{stage}.0."
            else:
                # from the second stage on, ours opens with the merging
                prefix = f"stages.{stage}.{int(i) + (stage > 0)}."
                if rest.startswith("attn.qkv."):
                    ours |= _thirds(prefix, rest.removeprefix("attn.qkv."), value)
                    continue
                new = _rename(rest, _SWIN_BLOCK)
        if new is None:
            raise ValueError(f"{name!r} is not a weight of a torchvision Swin")
        ours[prefix + new] = value
    return ours


def _thirds(prefix, kind, value):
    """A joint projection, (3 D, D) or (3 D,), as queries, keys and values."""
    thirds = zip("qkv", value.chunk(3), strict=True)
    return {f"{prefix}attention.W_{W}.{kind}": third for W, third in thirds}


def _rename(name, table):
    for theirs, new in table.items():
        if name.startswith(theirs):
            return new + name.removeprefix(theirs)
    return None


def load_torchvision(model, state_dict):
    """Load torchvision's weights into `model`, a ViT or a Swin, and return it.

    Raises:
        ValueError: weights of another configuration, or of another model.
    """
    swin = "features.0.0.weight" in state_dict  # its patch embedding
    ours = (from_torchvision_swin if swin else from_torchvision)(state_dict)
    try:
        model.load_state_dict(ours)
    except RuntimeError as error:
        theirs = sum(v.numel() for v in ours.values())
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
    return _shipped(ViT(28, 4, 64, 256, 4, 2, 0.0, 0.0), "vit_fashion.pt")


def fashion_resnet():
    """A small ResNet trained like `fashion_vit`, in eval mode.

    Patches of 2 pixels and three blocks of 31, 38 and 64 channels: nearly as many
    parameters and multiply-adds as `fashion_vit`. It expects normalized images,
    too, and stands in `book/results/fashion_resnet.json`.
    """
    return _shipped(ResNet(2, (31, 38, 64)), "resnet_fashion.pt")


def _shipped(model, name):
    """`model` with the weights of an asset, which are in half precision."""
    file = resources.files("vitlib") / "assets" / name
    with file.open("rb") as opened:
        half = torch.load(opened, map_location="cpu", weights_only=True)
    model.load_state_dict({name: value.float() for name, value in half.items()})
    return model.eval()
