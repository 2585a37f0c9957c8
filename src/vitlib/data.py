"""Fashion-MNIST, split and served in batches."""

from importlib import resources

import numpy as np
import torch
from torch.nn import functional as F

from vitlib import expect
from vitlib.files import read

LABELS = [
    "t-shirt", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
]  # fmt: skip
MEAN, STD = 0.2860, 0.3530  # of the 60,000 training images, pixels in [0, 1]


def _split(name):
    """Images (n, 28, 28) uint8 and labels (n,) int64 of "train" or "t10k"."""
    images = np.frombuffer(read(f"{name}-images-idx3-ubyte"), np.uint8, offset=16)
    labels = np.frombuffer(read(f"{name}-labels-idx1-ubyte"), np.uint8, offset=8)
    return (
        torch.tensor(images).reshape(-1, 28, 28),  # (n, 28, 28)
        torch.tensor(labels, dtype=torch.int64),
    )


class Batches:
    """An iterable of batches (X, y), prepared on the fly from uint8 images.

    X is (B, 1, H, W), float32 in [0, 1], or of mean 0 and standard deviation 1
    with `normalize`; y is (B,), int64. The order of a shuffled set comes from
    `generator`, so its state is all that a resumed run needs.
    """

    def __init__(
        self, images, labels, batch_size, resize, generator=None, normalize=False,
        augment=False, reach=2,
    ):  # fmt: skip
        self.images, self.labels = images, labels
        self.rows = None  # of the last batch that was served
        self.batch_size, self.resize = batch_size, resize
        self.generator = generator
        self.normalize, self.augment, self.reach = normalize, augment, reach
        self.weights = [
            resize_weights(old, new)
            for old, new in zip(images.shape[1:], resize, strict=True)
        ]

    def to(self, device):
        """Keep the images on `device`, where each batch is then made."""
        self.images, self.labels = self.images.to(device), self.labels.to(device)
        self.weights = [weights.to(device) for weights in self.weights]
        return self

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def __iter__(self):
        if self.generator is None:
            order = torch.arange(len(self.images))
        else:
            order = torch.randperm(len(self.images), generator=self.generator)
        parts = order.split(self.batch_size)
        resident = order.to(self.images.device).split(self.batch_size)
        for known, rows in zip(parts, resident, strict=True):
            self.rows = known
            # index_select copies whole images, and images[rows] pixel by pixel.
            X = self.images.index_select(0, rows)
            yield self.prepare(X), self.labels.index_select(0, rows)

    def prepare(self, images):
        """(B, 28, 28) uint8 -> (B, 1, H, W) float32."""
        X = images.unsqueeze(1).float().div_(255)  # (B, 1, 28, 28)
        if self.augment:
            X = shift_and_flip(X, self.generator, self.reach)
        if self.normalize:  # before resizing, whose weights sum to 1: fewer pixels
            X = (X - MEAN) / STD
        if tuple(self.resize) != (28, 28):
            rows, cols = self.weights
            X = rows @ (X @ cols.T)  # (B, 1, 28, 28) -> (B, 1, 28, W) -> (B, 1, H, W)
        return X


def resize_weights(old, new):
    """Bilinear resizing of one axis, written as a matrix: (new, old).

    Resizing is linear and treats rows and columns apart, so two small matrix
    products resize a whole batch, with the numbers of `F.interpolate` and faster.
    """
    rows = torch.eye(old, dtype=torch.float32)[None, None]  # (1, 1, old, old)
    return F.interpolate(rows, (new, old), mode="bilinear", antialias=True)[0, 0]


def shift_and_flip(X, generator, reach=2):
    """Move each image by up to `reach` pixels and mirror every second one.

    Shape: (B, C, H, W) -> (B, C, H, W).
    """
    B, _, H, W = X.shape
    padded = F.pad(X, (reach,) * 4)
    top, left = torch.randint(2 * reach + 1, (2, B), generator=generator)
    rows = top[:, None] + torch.arange(H)  # (B, H)
    cols = left[:, None] + torch.arange(W)  # (B, W)
    mirrored = torch.rand(B, generator=generator) < 0.5
    cols = torch.where(mirrored[:, None], cols.flip(1), cols)
    image = torch.arange(B)[:, None, None]
    # Drawn on the CPU, so that every device sees the same images.
    image, rows, cols = (part.to(X.device) for part in (image, rows, cols))
    # Indexing with (B, 1, 1), (B, H, 1), (B, 1, W) takes one window an image.
    return padded[image, :, rows[:, :, None], cols[:, None, :]].permute(0, 3, 1, 2)


class FashionMNIST:
    """Fashion-MNIST with a training, a validation and a test set.

    Args:
        batch_size: images a batch.
        resize: (height, width) that images are resized to, bilinearly.
        holdout: how many of the 60,000 training images to keep back as the
            validation set. 0 is D2L's convention: no validation set, and the
            10,000 test images are what `val_dataloader` serves.
        seed: of the split and of the order of the batches.
        normalize: whether to subtract the mean and divide by the deviation.
        augment: whether training images are moved by up to `reach` pixels and
            mirrored at random.
        reach: in pixels; with 0 they are mirrored only.

    Raises:
        DataError: the real images could not be found.
        ValueError: a holdout outside 0..59,999.

    Source: Xiao, Rasul & Vollgraf 2017; the protocol is D2L 4.2's.
    """

    def __init__(
        self, batch_size=64, resize=(28, 28), holdout=5000, seed=0, normalize=False,
        augment=False, reach=2,
    ):  # fmt: skip
        self._build(
            _split("train"), _split("t10k"), batch_size, resize, holdout, seed,
            normalize, augment, reach,
        )  # fmt: skip

    @classmethod
    def sample(cls, batch_size=64, resize=(28, 28), holdout=0, seed=0):
        """The first 2,000 training and 500 test images, shipped with vitlib."""
        file = resources.files("vitlib") / "assets" / "fashion_sample.npz"
        with file.open("rb") as opened, np.load(opened) as arrays:
            train, test = (
                (
                    torch.tensor(arrays[f"{name}_images"]),
                    torch.tensor(arrays[f"{name}_labels"], dtype=torch.int64),
                )
                for name in ("train", "test")
            )
        data = cls.__new__(cls)
        data._build(train, test, batch_size, resize, holdout, seed, False, False)
        return data

    def _build(
        self, train, test, batch_size, resize, holdout, seed, normalize, augment,
        reach=2,
    ):  # fmt: skip
        self.batch_size = expect.whole("batch_size", batch_size)
        self.resize = expect.pair("resize", resize)
        expect.whole("holdout", holdout, least=0)
        images, labels = train
        if holdout >= len(images):
            raise ValueError(
                f"holdout must leave some of the {len(images)} training images, "
                f"got {holdout}"
            )
        order = torch.randperm(
            len(images), generator=torch.Generator().manual_seed(seed)
        )
        # Without a holdout the set keeps its own order.
        kept = order[holdout:] if holdout else slice(None)
        self.train = images[kept], labels[kept]
        self.test = test
        self.val = (
            (images[order[:holdout]], labels[order[:holdout]]) if holdout else test
        )
        self.seed, self.normalize = seed, normalize
        self.augment, self.reach = augment, expect.whole("reach", reach, least=0)

    def train_dataloader(self):
        """Shuffled batches; each call starts again from `seed`."""
        generator = torch.Generator().manual_seed(self.seed)
        return Batches(
            *self.train, self.batch_size, self.resize, generator, self.normalize,
            self.augment, self.reach,
        )  # fmt: skip

    def val_dataloader(self):
        return Batches(
            *self.val, self.batch_size, self.resize, normalize=self.normalize
        )

    def test_dataloader(self):
        return Batches(
            *self.test, self.batch_size, self.resize, normalize=self.normalize
        )

    def text_labels(self, indices):
        """The names of the classes with these numbers."""
        return [LABELS[int(i)] for i in indices]
