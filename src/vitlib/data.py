"""Fashion-MNIST: found, verified, and served in batches."""

import gzip
import hashlib
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from vitlib import expect

# SHA-256 of the decompressed files: the .gz differ from source to source.
FILES = {
    "train-images-idx3-ubyte": (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
    ),
    "train-labels-idx1-ubyte": (
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
    ),
    "t10k-images-idx3-ubyte": (
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
    ),
    "t10k-labels-idx1-ubyte": (
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
    ),
}
MIRRORS = [  # those of torchvision
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
]
PACKAGE = "dataset-fashion-mnist"  # of Debian and Ubuntu
SYSTEM = Path("/usr/share/datasets/fashion-mnist")
LABELS = [
    "t-shirt", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
]  # fmt: skip
MEAN, STD = 0.2860, 0.3530  # of the 60,000 training images, pixels in [0, 1]


class DataError(OSError):
    """Data that is missing or is not what it should be."""


def cache():
    """The folder for verified copies, `~/.cache/vitlib` unless XDG says other."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "vitlib" / "fashion-mnist"


def read(name):
    """The verified bytes of one of `FILES`, from the first source that has it.

    In this order: the folder named by `VITLIB_DATA` (only this one, if set), the
    user's cache, the package of Debian and Ubuntu, installed or downloaded and
    unpacked, the mirrors. What is downloaded goes to the cache, whole or not at
    all. A bad file in the cache is replaced; anywhere else it is passed over.

    Raises:
        DataError: no source has the file; says what each of them did.
    """
    if folder := os.environ.get("VITLIB_DATA"):
        return _read_file(Path(folder), name)
    tried = []
    for source in (_from_cache, _from_system, _from_package, _from_mirrors):
        try:
            return source(name)
        except DataError as error:
            tried.append(str(error))
    raise DataError(
        f"{name} of Fashion-MNIST was found nowhere: {'; '.join(tried)}. Install "
        f"the package {PACKAGE}, or put the file into a folder and set VITLIB_DATA "
        f"to it"
    )


def _from_cache(name):
    try:
        return _read_file(cache(), name)
    except DataError as error:
        bad = cache() / name
        if bad.exists():
            _say(f"{error}: removed, fetching it again")
            bad.unlink()
        raise


def _from_system(name):
    return _read_file(SYSTEM, name)


def _from_package(name):
    """Download the .deb with apt and unpack it; needs no root."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise DataError("no apt-get here")
    with tempfile.TemporaryDirectory() as folder:
        for command in (
            ["apt-get", "download", "-q", PACKAGE],
            ["sh", "-c", "dpkg-deb -x ./*.deb ."],
        ):
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            if done.returncode:
                raise DataError(f"apt-get could not download {PACKAGE}")
        # One download brings all four files: keep them all.
        data = {n: _read_file(Path(folder) / SYSTEM.relative_to("/"), n) for n in FILES}
    for file, content in data.items():
        _keep(file, content)
    return data[name]


def _from_mirrors(name):
    failures = []
    for mirror in MIRRORS:
        _say(f"downloading {name} from {mirror}")
        try:
            with urllib.request.urlopen(f"{mirror}{name}.gz", timeout=20) as reply:
                content = _verified(_unzip(reply.read(), mirror), name, mirror)
        except (OSError, http.client.HTTPException) as error:
            failures.append(str(error) if isinstance(error, DataError) else
                            f"{mirror}: {error}")  # fmt: skip
        else:
            _keep(name, content)
            return content
    raise DataError("; ".join(failures))


def _read_file(folder, name):
    """Read `name` or `name.gz` in `folder`, and verify it."""
    plain, zipped = folder / name, folder / f"{name}.gz"
    if plain.exists():
        return _verified(plain.read_bytes(), name, plain)
    if zipped.exists():
        return _verified(_unzip(zipped.read_bytes(), zipped), name, zipped)
    raise DataError(f"{folder} has no {name}")


def _unzip(content, origin):
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{origin} is not a whole gzip file ({error})") from None
    except Exception as error:  # zlib.error has no base of its own
        raise DataError(f"{origin} is damaged ({error})") from None


def _verified(content, name, origin):
    found = hashlib.sha256(content).hexdigest()
    if found != FILES[name]:
        raise DataError(
            f"{origin} is not {name} of Fashion-MNIST: {len(content)} bytes with "
            f"SHA-256 {found[:12]}..., expected {FILES[name][:12]}..."
        )
    return content


def _keep(name, content):
    """Write to the cache under another name, then rename: whole or not at all."""
    try:
        cache().mkdir(parents=True, exist_ok=True)
        # Whatever stops the writing, the folder goes and takes the rest with it.
        with tempfile.TemporaryDirectory(dir=cache()) as folder:
            file = Path(folder) / name
            file.write_bytes(content)
            os.replace(file, cache() / name)
    except OSError as error:  # a full or read-only disk is no reason to stop
        _say(f"could not keep {name} in {cache()}: {error}")


def _say(text):
    print(f"vitlib: {text}", file=sys.stderr)


def _split(name):
    """Images (n, 28, 28) uint8 and labels (n,) int64 of "train" or "t10k"."""
    images = np.frombuffer(read(f"{name}-images-idx3-ubyte"), np.uint8, offset=16)
    labels = np.frombuffer(read(f"{name}-labels-idx1-ubyte"), np.uint8, offset=8)
    return (
        torch.tensor(images).reshape(-1, 28, 28),
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
        augment=False,
    ):  # fmt: skip
        self.images, self.labels = images, labels
        self.batch_size, self.resize = batch_size, resize
        self.generator = generator
        self.normalize, self.augment = normalize, augment

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def __iter__(self):
        if self.generator is None:
            order = torch.arange(len(self.images))
        else:
            order = torch.randperm(len(self.images), generator=self.generator)
        for rows in order.split(self.batch_size):
            yield self.prepare(self.images[rows]), self.labels[rows]

    def prepare(self, images):
        """(B, 28, 28) uint8 -> (B, 1, H, W) float32."""
        X = images.unsqueeze(1).float() / 255  # (B, 1, 28, 28)
        if self.augment:
            X = shift_and_flip(X, self.generator)
        if tuple(self.resize) != (28, 28):
            X = F.interpolate(X, self.resize, mode="bilinear", antialias=True)
        return (X - MEAN) / STD if self.normalize else X


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
        augment: whether training images are moved by up to 2 pixels and
            mirrored at random.

    Raises:
        DataError: the real images could not be found.
        ValueError: a holdout outside 0..59,999.

    Source: Xiao, Rasul & Vollgraf 2017; the protocol is D2L 4.2's.
    """

    def __init__(
        self, batch_size=64, resize=(28, 28), holdout=5000, seed=0, normalize=False,
        augment=False,
    ):  # fmt: skip
        self._build(
            _split("train"), _split("t10k"), batch_size, resize, holdout, seed,
            normalize, augment,
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
        self, train, test, batch_size, resize, holdout, seed, normalize, augment
    ):
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
        self.seed, self.normalize, self.augment = seed, normalize, augment

    def train_dataloader(self):
        """Shuffled batches; each call starts again from `seed`."""
        generator = torch.Generator().manual_seed(self.seed)
        return Batches(
            *self.train, self.batch_size, self.resize, generator, self.normalize,
            self.augment,
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
