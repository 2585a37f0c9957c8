"""D2L's reader comes in: its ViT, its weights and its Trainer, with the real d2l."""

import inspect

import pytest
import torch
from d2l import torch as d2l
from torch import nn

from vitlib import FashionMNIST, Trainer, ViT, ViTBlock, ViTMLP


class TheirPatches(nn.Module):
    """Patches by a strided convolution, lazily shaped."""

    def __init__(self, img_size, patch_size, num_hiddens):
        super().__init__()
        self.num_patches = (img_size // patch_size) ** 2
        self.conv = nn.LazyConv2d(num_hiddens, patch_size, patch_size)

    def forward(self, X):
        return self.conv(X).flatten(2).transpose(1, 2)  # (B, D, h, w) -> (B, N, D)


class TheirMLP(nn.Module):
    """Dense, GELU, dropout, dense, dropout."""

    def __init__(self, hidden, out, dropout):
        super().__init__()
        self.dense1, self.dense2 = nn.LazyLinear(hidden), nn.LazyLinear(out)
        self.dropout1, self.dropout2 = nn.Dropout(dropout), nn.Dropout(dropout)

    def forward(self, X):
        X = self.dropout1(nn.functional.gelu(self.dense1(X)))
        return self.dropout2(self.dense2(X))


class TheirBlock(nn.Module):
    """Pre-norm, around the attention of d2l."""

    def __init__(self, width, hidden, heads, dropout, use_bias):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = d2l.MultiHeadAttention(width, heads, dropout, use_bias)
        self.mlp = TheirMLP(hidden, width, dropout)

    def forward(self, X):
        Z = self.ln1(X)
        X = X + self.attention(Z, Z, Z, None)
        return X + self.mlp(self.ln2(X))


class TheirViT(d2l.Classifier):
    """D2L 11.8.5, told in our own words with d2l's layers and names."""

    def __init__(
        self, img_size, patch_size, num_hiddens, mlp_num_hiddens, num_heads, num_blks,
        emb_dropout, blk_dropout, lr=0.1, use_bias=False, num_classes=10,
    ):  # fmt: skip
        super().__init__()
        self.lr = lr
        self.patch_embedding = TheirPatches(img_size, patch_size, num_hiddens)
        length = self.patch_embedding.num_patches + 1
        self.cls_token = nn.Parameter(torch.zeros(1, 1, num_hiddens))
        self.pos_embedding = nn.Parameter(torch.randn(1, length, num_hiddens))
        self.dropout = nn.Dropout(emb_dropout)
        self.blks = nn.Sequential(
            *(
                TheirBlock(
                    num_hiddens, mlp_num_hiddens, num_heads, blk_dropout, use_bias
                )
                for _ in range(num_blks)
            )
        )
        self.head = nn.Sequential(
            nn.LayerNorm(num_hiddens), nn.Linear(num_hiddens, num_classes)
        )

    def forward(self, X):
        X = self.patch_embedding(X)
        X = torch.cat((self.cls_token.expand(len(X), -1, -1), X), 1)
        return self.head(self.blks(self.dropout(X + self.pos_embedding))[:, 0])


QUICK = (28, 7, 32, 64, 4, 2, 0.1, 0.1, 0.1)


@pytest.mark.parametrize("use_bias", [False, True])
def test_weights_of_d2l_load_and_give_the_same_logits(use_bias):
    theirs, ours = TheirViT(*QUICK, use_bias), ViT(*QUICK, use_bias)
    X = torch.randn(3, 1, 28, 28)
    theirs(X)  # gives the lazy layers their shapes
    nn.init.normal_(theirs.cls_token)
    assert theirs.state_dict().keys() == ours.state_dict().keys()
    ours.load_state_dict(theirs.state_dict())
    ours.eval(), theirs.eval()
    assert (ours(X) - theirs(X)).abs().max() <= 1e-5
    theirs.load_state_dict(ours.state_dict())  # and the way back


@pytest.mark.parametrize(
    ("part", "defaults"),
    [
        (ViTMLP, {"dropout": 0.5}),
        (ViTBlock, {"use_bias": False, "norm_eps": 1e-5}),
        (
            ViT,
            # The last two are ours: D2L's layers are lazy, and PyTorch has 1e-5.
            {"lr": 0.1, "use_bias": False, "num_classes": 10}
            | {"in_channels": 1, "norm_eps": 1e-5},
        ),
        (
            FashionMNIST,  # a validation set of its own is ours, the rest is plain
            {"batch_size": 64, "resize": (28, 28), "holdout": 5000, "seed": 0}
            | {"normalize": False, "augment": False, "reach": 2},
        ),
        (FashionMNIST.sample, {"batch_size": 64, "resize": (28, 28)}
            | {"holdout": 0, "seed": 0}),
    ],
)  # fmt: skip
def test_what_a_short_call_means(part, defaults):
    parameters = inspect.signature(part).parameters.values()
    found = {p.name: p.default for p in parameters if p.default is not p.empty}
    assert found == defaults


def data():
    """450 training, 50 validation images; the last batches are ragged."""
    whole = FashionMNIST.sample(64, holdout=50)
    whole.train = tuple(part[:450] for part in whole.train)
    return whole


def test_d2l_trainer_and_ours_give_the_same_weights():
    models = []
    for trainer in (d2l.Trainer(max_epochs=2), Trainer(max_epochs=2, device="cpu")):
        torch.manual_seed(0)
        models.append(ViT(*QUICK))
        trainer.fit(models[-1], data())
    theirs, ours = (model.state_dict() for model in models)
    for name, value in ours.items():
        assert torch.equal(value, theirs[name]), name


def test_board_of_a_run_under_d2l_trainer():
    model = ViT(*QUICK)
    d2l.Trainer(max_epochs=2).fit(model, data())
    board = model.board
    assert board.xlim == [0, 2]
    # As on d2l's board: a training point every half epoch, then one an epoch.
    assert [*board.points] == ["train_loss", "val_loss", "val_acc"]
    assert [x for x, _ in board.points["val_acc"]] == [1, 2]
    assert 0 <= board.points["val_acc"][-1][1] <= 1
    assert len(board.points["train_loss"]) == 4


def test_our_board_has_the_points_of_d2l_board():
    theirs, ours = d2l.ProgressBoard(display=False), ViT(*QUICK).board
    for step in range(7):
        for board in (theirs, ours):
            board.draw(step / 3, torch.tensor(step**2).numpy(), "loss", every_n=3)
    for axis in (0, 1):
        points = [float(point[axis]) for point in theirs.data["loss"]]
        assert [point[axis] for point in ours.points["loss"]] == pytest.approx(points)


def test_our_trainer_takes_a_torch_dataloader():
    class Loaders:
        def train_dataloader(self):
            X, y = torch.rand(10, 1, 28, 28), torch.arange(10)
            dataset = torch.utils.data.TensorDataset(X, y)
            return torch.utils.data.DataLoader(dataset, 4)

        val_dataloader = train_dataloader

    history = Trainer(max_epochs=1, device="cpu").fit(ViT(*QUICK), Loaders())
    assert len(history) == 1
