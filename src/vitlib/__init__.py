"""vitlib: the code of the book *Vision Transformers, Annotated*."""

from vitlib.block import MultiHeadAttention, ViTBlock
from vitlib.classifier import Classifier
from vitlib.curves import check_curve
from vitlib.data import FashionMNIST
from vitlib.exercises import check
from vitlib.mlp import ViTMLP
from vitlib.patch_embedding import (
    PatchEmbedding,
    PatchEmbeddingLinear,
    PatchEmbeddingLoops,
    patchify,
    unpatchify,
)
from vitlib.swin import Swin
from vitlib.training import History, Trainer, evaluate, profile, warmup_cosine
from vitlib.vit import ViT

__version__ = "0.1.0"
__all__ = [
    "Classifier",
    "FashionMNIST",
    "History",
    "MultiHeadAttention",
    "PatchEmbedding",
    "PatchEmbeddingLinear",
    "PatchEmbeddingLoops",
    "Swin",
    "Trainer",
    "ViT",
    "ViTBlock",
    "ViTMLP",
    "check",
    "check_curve",
    "evaluate",
    "patchify",
    "profile",
    "unpatchify",
    "warmup_cosine",
]
