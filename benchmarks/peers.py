"""The same Vision Transformer, as five libraries write it, and its bare products.

All have the size of the source's run: images of 96 x 96 with 1 channel, patches of
16 x 16, width 512, MLP 2048, 8 heads, 2 blocks, 10 classes. Dropout is 0.1 after
the embedding, on the attention weights, and twice in the MLP. Three peers drop the
output of the attention as well; there it is set to 0. Not equal, and small: timm,
torchvision and vit-pytorch have biases ours leaves out, vit-pytorch two more layer
norms around the patch projection.

`ViT` computes what the peers do. `LeanViT` gives the same logits, leaves out most of
the last block, and draws fewer random bits for dropout.
"""

import sys
from functools import partial
from pathlib import Path

import timm
import torch
import torchvision
import vit_pytorch
from torch import nn

from vitlib import ViT
from vitlib.lean import LeanViT

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from test_d2l import TheirViT

B, SIDE, P, D, D_MLP, H, L, K, DROPOUT = 128, 96, 16, 512, 2048, 8, 2, 10, 0.1
N = (SIDE // P) ** 2 + 1  # patches and the class token
SIZE = (SIDE, P, D, D_MLP, H, L, DROPOUT, DROPOUT)


def d2l_vit():
    model = TheirViT(*SIZE)
    model(torch.zeros(1, 1, SIDE, SIDE))  # gives the lazy layers their shapes
    return model


def timm_vit():
    model = timm.models.vision_transformer.VisionTransformer(
        img_size=SIDE, patch_size=P, in_chans=1, num_classes=K, embed_dim=D, depth=L,
        num_heads=H, mlp_ratio=D_MLP / D, qkv_bias=False, pos_drop_rate=DROPOUT,
        proj_drop_rate=DROPOUT, attn_drop_rate=DROPOUT,
    )  # fmt: skip
    for block in model.blocks:
        block.attn.proj_drop.p = 0.0
    return model


def torchvision_vit():
    model = torchvision.models.VisionTransformer(
        image_size=SIDE, patch_size=P, num_layers=L, num_heads=H, hidden_dim=D,
        mlp_dim=D_MLP, dropout=DROPOUT, attention_dropout=DROPOUT, num_classes=K,
    )  # fmt: skip
    model.conv_proj = nn.Conv2d(1, D, P, P)  # it always makes 3 channels
    for block in model.encoder.layers:
        block.dropout.p = 0.0
    return model


def vit_pytorch_vit():
    model = vit_pytorch.ViT(
        image_size=SIDE, patch_size=P, num_classes=K, dim=D, depth=L, heads=H,
        dim_head=D // H, mlp_dim=D_MLP, channels=1, dropout=DROPOUT,
        emb_dropout=DROPOUT,
    )  # fmt: skip
    for attention, _ in model.transformer.layers:
        attention.to_out[1].p = 0.0
    return model


PEERS = {
    "D2L": d2l_vit,
    "timm": timm_vit,
    "torchvision": torchvision_vit,
    "vit-pytorch": vit_pytorch_vit,
}


def ours():
    """The source's run without the work that nobody reads."""
    return LeanViT(*SIZE)


def ours_every_token():
    """The book's ViT, which computes every token of every block, as the peers do."""
    return ViT(*SIZE)


class Products:
    """The multiply-adds of a ViT and nothing else: matrix products in place.

    Args:
        lean: whether the last block computes the class token alone, as `LeanViT`.
        options: device and dtype of the tensors.

    `forward` runs every product once. `backward` runs two of the same size for each:
    one for the gradient of either factor, save that of the images.
    """

    def __init__(self, lean, **options):
        rand = partial(torch.rand, **options)
        linear, heads = [(B * (N - 1), P * P, D)], []
        for q in [N] * (L - 1) + [1 if lean else N]:  # tokens that the block updates
            linear += [(B * N, D, D)] * 2 + [(B * q, D, D)] * 2
            linear += [(B * q, D, D_MLP), (B * q, D_MLP, D)]
            heads += [(B * H, q, D // H, N), (B * H, q, N, D // H)]
        linear.append((B, D, K))
        self.products = [
            (rand(rows, n), rand(m, n).T, rand(rows, m)) for rows, n, m in linear
        ] + [(rand(b, r, n), rand(b, m, n).mT, rand(b, r, m)) for b, r, n, m in heads]
        self.gradients = [
            (torch.empty_like(X), torch.empty_like(W)) for X, W, _ in self.products
        ]

    def forward(self):
        for X, W, Y in self.products:
            torch.matmul(X, W, out=Y)

    def forward_and_backward(self):
        self.forward()
        self.backward()

    def backward(self):
        for i, ((X, W, Y), (dX, dW)) in enumerate(
            zip(self.products, self.gradients, strict=True)
        ):
            if i:  # nobody asks for the gradient of the images
                torch.matmul(Y, W.mT, out=dX)
            torch.matmul(X.mT, Y, out=dW)
