"""The Vision Transformer."""

import torch
from torch import nn

from vitlib import expect
from vitlib.block import ViTBlock
from vitlib.classifier import Classifier
from vitlib.patch_embedding import PatchEmbedding

# name: patch side P, width D, hidden width of the MLP, heads H, blocks L.
# B, L, H: Dosovitskiy et al. 2021, table 1; Ti, S: Touvron et al. 2021, table 1.
PRESETS = {
    "Ti/16": (16, 192, 768, 3, 12),
    "S/16": (16, 384, 1536, 6, 12),
    "B/16": (16, 768, 3072, 12, 12),
    "L/16": (16, 1024, 4096, 16, 24),
    "H/14": (14, 1280, 5120, 16, 32),
}


class ViT(Classifier):
    """Vision Transformer: patches, class token, positions, blocks, head.

    Args:
        img_size, patch_size: in pixels, an int or (height, width).
        num_hiddens: width D of a token.
        mlp_num_hiddens: hidden width of the MLP.
        num_heads, num_blks: heads H a block, blocks L.
        emb_dropout, blk_dropout: probabilities, after the embedding and in the
            blocks.
        lr: learning rate of D2L's recipe, plain SGD.
        use_bias: whether the attention's projections have a bias.
        num_classes: number of logits K.
        in_channels: channels C of the images.
        norm_eps: epsilon of every layer norm; 1e-6 in published weights.

    Shape: (B, C, H, W) -> logits (B, K).

    Raises:
        ValueError: see `PatchEmbedding` and `ViTBlock`.

    Source: Dosovitskiy et al. 2021, eqs. 1 to 4; D2L 11.8.5.
    """

    def __init__(
        self,
        img_size,
        patch_size,
        num_hiddens,
        mlp_num_hiddens,
        num_heads,
        num_blks,
        emb_dropout,
        blk_dropout,
        lr=0.1,
        use_bias=False,
        num_classes=10,
        in_channels=1,
        norm_eps=1e-5,
    ):
        super().__init__(lr, num_classes)
        expect.whole("num_blks", num_blks)
        expect.probability("emb_dropout", emb_dropout)
        self.patch_embedding = PatchEmbedding(
            img_size, patch_size, num_hiddens, in_channels
        )
        num_tokens = self.patch_embedding.num_patches + 1  # and the class token
        self.cls_token = nn.Parameter(torch.zeros(1, 1, num_hiddens))
        self.pos_embedding = nn.Parameter(
            0.02 * torch.randn(1, num_tokens, num_hiddens)
        )
        self.dropout = nn.Dropout(emb_dropout)
        self.blks = nn.Sequential(
            *(
                ViTBlock(
                    num_hiddens,
                    num_hiddens,
                    mlp_num_hiddens,
                    num_heads,
                    blk_dropout,
                    use_bias,
                    norm_eps,
                )
                for _ in range(num_blks)
            )
        )
        self.head = nn.Sequential(
            nn.LayerNorm(num_hiddens, eps=norm_eps),
            nn.Linear(num_hiddens, num_classes),
        )

    @classmethod
    def from_preset(cls, name, img_size=224, num_classes=1000, dropout=0.0):
        """A published configuration: 3 channels, biases, norm_eps 1e-6.

        Raises:
            ValueError: a name that is not in `PRESETS`.
        """
        if name not in PRESETS:
            raise ValueError(f"unknown preset {name!r}, expected one of {[*PRESETS]}")
        P, D, D_mlp, H, L = PRESETS[name]
        return cls(
            img_size, P, D, D_mlp, H, L, dropout, dropout,
            use_bias=True, num_classes=num_classes, in_channels=3, norm_eps=1e-6,
        )  # fmt: skip

    def embed(self, X):
        """Tokens that enter the first block: (B, C, H, W) -> (B, N + 1, D)."""
        X = self.patch_embedding(X)  # (B, N, D)
        cls_token = self.cls_token.expand(len(X), -1, -1)  # (B, 1, D)
        X = torch.cat((cls_token, X), dim=1)  # the class token is token 0
        return self.dropout(X + self.pos_embedding)  # eq. 1: (B, N + 1, D)

    def forward(self, X):
        X = self.blks(self.embed(X))  # (B, N + 1, D)
        return self.head(X[:, 0])  # eq. 4: the class token alone, (B, D) -> (B, K)

    def attention_weights(self, X):
        """The attention weights of each block, a list of (B, H, N + 1, N + 1)."""
        X, weights = self.embed(X), []
        for blk in self.blks:
            weights.append(blk.attention.explicit(blk.ln1(X))[1])
            X = blk(X)
        return weights
