"""What a ViT costs: parameters and multiply-adds, by formula and by machine."""

from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from vitlib import expect


def vit_parameters(
    img_size,
    patch_size,
    num_hiddens,
    mlp_num_hiddens,
    num_blks,
    in_channels=3,
    num_classes=1000,
    use_bias=True,
):
    """The number of parameters of each part of a ViT, as a dict.

    Args: as for `vitlib.ViT`; the defaults are those of the published models.
    The number of heads does not matter.

    Raises:
        ValueError: a patch that does not divide the image.
    """
    N, P_h, P_w = _grid(img_size, patch_size)
    D, D_mlp = num_hiddens, mlp_num_hiddens
    attention = 4 * D * D + (4 * D if use_bias else 0)
    mlp = D * D_mlp + D_mlp + D_mlp * D + D
    norms = 2 * 2 * D
    return {
        "patch_embedding": in_channels * P_h * P_w * D + D,
        "cls_token": D,
        "pos_embedding": (N + 1) * D,
        "blks": num_blks * (attention + mlp + norms),
        "final_norm": 2 * D,
        "head": D * num_classes + num_classes,
    }


def vit_macs(
    img_size,
    patch_size,
    num_hiddens,
    mlp_num_hiddens,
    num_blks,
    in_channels=3,
    num_classes=1000,
):
    """Multiply-adds of one forward pass on one image, each part, as a dict.

    Counted are the matrix products; norms, activations and sums are not. What
    most papers print as FLOPs is this number.

    Raises:
        ValueError: a patch that does not divide the image.
    """
    N, P_h, P_w = _grid(img_size, patch_size)
    D, T = num_hiddens, N + 1  # T tokens: patches and the class token
    return {
        "patch_embedding": N * in_channels * P_h * P_w * D,
        "projections": num_blks * 4 * T * D * D,
        "scores": num_blks * 2 * T * T * D,
        "mlp": num_blks * 2 * T * D * mlp_num_hiddens,
        "head": D * num_classes,
    }


def count_parameters(model):
    """The number of trainable parameters, counted."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def count_macs(model, X):
    """Multiply-adds of one forward pass on the batch X, counted by PyTorch.

    PyTorch's counter reports two operations for one multiply-add.
    """
    counter = FlopCounterMode(display=False)
    # The fused CPU kernel is invisible to the counter; its plain form is not.
    with counter, sdpa_kernel(SDPBackend.MATH):
        model(X)
    return counter.get_total_flops() // 2


def _grid(img_size, patch_size):
    (H, W), (P_h, P_w) = (
        expect.pair("img_size", img_size),
        expect.pair("patch_size", patch_size),
    )
    for side, patch, image in (("height", P_h, H), ("width", P_w, W)):
        expect.divides(
            f"patch {side}",
            patch,
            f"image {side}",
            image,
            "choose another image size or patch size",
        )
    return (H // P_h) * (W // P_w), P_h, P_w
