"""What a ViT or a Swin costs: parameters, multiply-adds; by formula, by machine."""

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


def attention_macs(h, w, num_hiddens, window_size=None):
    """Multiply-adds of self-attention on an h x w map: (projections, scores).

    With a `window_size`, each token meets the M * M tokens of its window;
    without, all h * w.

    Source: Liu et al. 2021, eqs. 1 and 2.
    """
    N, D = h * w, num_hiddens
    met = N if window_size is None else window_size**2
    return 4 * N * D * D, 2 * N * met * D


def swin_parameters(
    num_hiddens,
    depths,
    num_heads,
    window_size=7,
    patch_size=4,
    in_channels=3,
    num_classes=1000,
):
    """The number of parameters of each part of a Swin Transformer, as a dict.

    The size of the image does not matter as long as no map is smaller than a
    window. Args: as for `vitlib.swin.Swin`.
    """
    P_h, P_w = expect.pair("patch_size", patch_size)
    parts = {
        "patch_embedding": (in_channels * P_h * P_w + 1) * num_hiddens,
        "first_norm": 2 * num_hiddens,
        "blks": 0,
        "bias_tables": 0,
        "merging": 0,
    }
    for i, (depth, H) in enumerate(zip(depths, num_heads, strict=True)):
        D = num_hiddens * 2**i
        projections, mlp, norms = 4 * D * D + 4 * D, 8 * D * D + 5 * D, 4 * D
        parts["blks"] += depth * (projections + mlp + norms)
        parts["bias_tables"] += depth * (2 * window_size - 1) ** 2 * H
        if i > 0:
            C = D // 2  # the width before merging
            parts["merging"] += 8 * C * C + 8 * C  # linear map and norm of 4 C
    return parts | {"final_norm": 2 * D, "head": D * num_classes + num_classes}


def swin_macs(
    img_size,
    patch_size,
    num_hiddens,
    depths,
    window_size,
    in_channels=3,
    num_classes=1000,
):
    """Multiply-adds of a Swin Transformer on one image, each part, as a dict.

    Counted as in `vit_macs`. Args: as for `vitlib.swin.Swin`; the numbers of
    heads do not matter.

    Raises:
        ValueError: a patch that does not divide the image, a map with an odd side
            before merging.
    """
    N, P_h, P_w = _grid(img_size, patch_size)
    H, W = expect.pair("img_size", img_size)
    h, w, D = H // P_h, W // P_w, num_hiddens
    parts = {
        "patch_embedding": N * in_channels * P_h * P_w * D,
        "projections": 0,
        "scores": 0,
        "mlp": 0,
        "merging": 0,
    }
    for i, depth in enumerate(depths):
        if i > 0:
            for side, length in (("height", h), ("width", w)):
                expect.divides("merging", 2, f"map {side}", length, "change img_size")
            h, w, D = h // 2, w // 2, 2 * D
            parts["merging"] += h * w * 2 * D * D  # from 2 D, four tokens, to D
        projections, scores = attention_macs(h, w, D, min(window_size, h, w))
        parts["projections"] += depth * projections
        parts["scores"] += depth * scores
        parts["mlp"] += depth * 8 * h * w * D * D
    return parts | {"head": D * num_classes}


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
