"""Data: where it comes from, what happens when it is bad, and what is served.

The sources are tried with small false files, whose sums take the place of the
real ones; one test at the end looks at the real 70,000 images.
"""

import gzip
import hashlib
import http.server
import os
import shutil
import stat
import threading
import time

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torch.nn import functional as F
from torch.testing import assert_close

from vitlib import FashionMNIST, data, files
from vitlib.data import Batches, resize_weights, shift_and_flip
from vitlib.files import DataError

NAME = "train-labels-idx1-ubyte"
# Random bytes do not compress: cutting a file short always loses some of them.
CONTENT = {
    name: np.random.default_rng(i).bytes(2000 + i) for i, name in enumerate(files.FILES)
}
GOOD = gzip.compress(CONTENT[NAME])


def no_network(*args, **kwargs):
    raise AssertionError("a test asked for the network")


@pytest.fixture(autouse=True)
def places(request, monkeypatch, tmp_path):
    """Small false files, an empty cache and no other source."""
    if request.node.get_closest_marker("real_data"):
        return
    sums = {n: hashlib.sha256(c).hexdigest() for n, c in CONTENT.items()}
    monkeypatch.setattr(files, "FILES", sums)
    monkeypatch.setattr(files, "SYSTEM", tmp_path / "usr" / "share" / "fashion-mnist")
    monkeypatch.setattr(files, "MIRRORS", [])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("VITLIB_DATA", raising=False)


def put(folder, name=NAME, content=None, zipped=False):
    """Write one file, the right one unless told otherwise, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    content = CONTENT[name] if content is None else content
    path = folder / (f"{name}.gz" if zipped else name)
    path.write_bytes(gzip.compress(content) if zipped else content)
    return path


def cached():
    """All that lies in the cache, by name."""
    return sorted(p.name for p in files.cache().rglob("*"))


# VITLIB_DATA


@pytest.mark.parametrize("zipped", [False, True])
def test_the_named_folder(monkeypatch, tmp_path, zipped):
    put(tmp_path / "mine", zipped=zipped)
    monkeypatch.setenv("VITLIB_DATA", str(tmp_path / "mine"))
    assert files.read(NAME) == CONTENT[NAME]
    assert cached() == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CONTENT[NAME][:-1], f"{len(CONTENT[NAME]) - 1} bytes with SHA-256"),
        (b"x" + CONTENT[NAME][1:], "is not train-labels-idx1-ubyte"),
        (b"", "0 bytes with SHA-256"),
    ],
)
def test_a_bad_file_in_the_named_folder(monkeypatch, tmp_path, content, said):
    path = put(tmp_path / "mine", content=content)
    put(files.SYSTEM)  # a good one elsewhere does not count
    monkeypatch.setenv("VITLIB_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError, match=said) as caught:
        files.read(NAME)
    assert str(path) in str(caught.value)
    assert f"expected {files.FILES[NAME][:12]}" in str(caught.value)
    assert path.read_bytes() == content  # the user's folder is left alone


def damaged():
    """Three ways for a gzip file to be bad."""
    flipped = bytearray(GOOD)
    flipped[len(GOOD) // 2] ^= 0xFF
    return {"cut": GOOD[:-40], "flipped": bytes(flipped), "no gzip": b"<html>Hello"}


@pytest.mark.parametrize("how", damaged())
def test_a_damaged_gzip_in_the_named_folder(monkeypatch, tmp_path, how):
    path = put(tmp_path / "mine", zipped=True)
    path.write_bytes(damaged()[how])
    monkeypatch.setenv("VITLIB_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError, match=r"ubyte\.gz is (not|damaged)"):
        files.read(NAME)


@pytest.mark.parametrize("folder", ["empty", "not there", "a file"])
def test_a_missing_file_in_the_named_folder(monkeypatch, tmp_path, folder):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("VITLIB_DATA", str(tmp_path / folder))
    with pytest.raises(DataError, match=f"{folder} has no {NAME}"):
        files.read(NAME)


# The cache, the installed package, and the order of sources


def test_the_cache_comes_first_then_the_installed_package(monkeypatch):
    put(files.SYSTEM, zipped=True)
    assert files.read(NAME) == CONTENT[NAME]
    assert cached() == []  # what is installed is not copied
    put(files.cache())
    monkeypatch.setattr(files, "_from_system", no_network)
    assert files.read(NAME) == CONTENT[NAME]


def test_a_bad_file_in_the_cache_is_replaced(capsys):
    path = put(files.cache(), content=b"half")
    with local_mirror(GOOD) as server:
        assert files.read(NAME) == CONTENT[NAME]
    assert server.asked == [f"/{NAME}.gz"]
    assert path.read_bytes() == CONTENT[NAME]
    assert cached() == [NAME]
    assert "removed, fetching it again" in capsys.readouterr().err


def test_a_bad_file_in_the_cache_is_removed_even_if_nothing_replaces_it():
    path = put(files.cache(), content=b"half")
    with pytest.raises(DataError, match="4 bytes with SHA-256"):
        files.read(NAME)
    assert not path.exists()


def test_a_bad_installed_file_is_passed_over():
    path = put(files.SYSTEM, content=b"bad")
    with local_mirror(GOOD):
        assert files.read(NAME) == CONTENT[NAME]
    assert path.read_bytes() == b"bad"


def test_home_is_used_without_xdg(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert files.cache() == tmp_path / ".cache" / "vitlib" / "fashion-mnist"


def test_a_cache_that_cannot_be_written_is_no_reason_to_stop(
    monkeypatch, tmp_path, capsys
):
    (tmp_path / "full").write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "full"))
    with local_mirror(GOOD):
        assert files.read(NAME) == CONTENT[NAME]
    assert f"could not keep {NAME}" in capsys.readouterr().err


def test_a_write_that_fails_leaves_nothing(monkeypatch, capsys):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    with local_mirror(GOOD):
        assert files.read(NAME) == CONTENT[NAME]
    assert cached() == []
    assert "No space left on device" in capsys.readouterr().err


def test_nothing_anywhere_is_one_sentence():
    with pytest.raises(DataError) as caught:
        files.read(NAME)
    text = str(caught.value)
    assert "\n" not in text
    system = str(files.SYSTEM)
    for part in (NAME, "no apt-get here", files.PACKAGE, "VITLIB_DATA", system):
        assert part in text


# Debian's package: false apt-get and dpkg-deb


def false_apt(monkeypatch, tmp_path, fails=False, bad=False):
    """Put an apt-get and a dpkg-deb on PATH that serve the false files."""
    for name in files.FILES:
        put(tmp_path / "archive", name, b"bad" if bad else None, zipped=True)
    download = 'echo "$@" >> CALLS; echo deb > x_1_all.deb'
    commands = {
        "apt-get": "exit 100" if fails else download,
        # -x ./x_1_all.deb . : the files appear in their place below "."
        "dpkg-deb": 'mkdir -p "$3/TREE" && cp ARCHIVE/*.gz "$3/TREE"',
    }
    for command, script in commands.items():
        file = tmp_path / "bin" / command
        file.parent.mkdir(exist_ok=True)
        script = script.replace("CALLS", str(tmp_path / "calls"))
        script = script.replace("TREE", str(files.SYSTEM.relative_to("/")))
        script = script.replace("ARCHIVE", str(tmp_path / "archive"))
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(stat.S_IRWXU)
    tools = {os.path.dirname(shutil.which(t, path=os.defpath)) for t in ("sh", "cp")}
    path = os.pathsep.join([str(tmp_path / "bin"), *sorted(tools)])
    monkeypatch.setenv("PATH", path)
    return tmp_path / "calls"


def test_package_is_downloaded_and_unpacked_without_root(monkeypatch, tmp_path):
    calls = false_apt(monkeypatch, tmp_path)
    before = sorted(os.listdir())
    assert files.read(NAME) == CONTENT[NAME]
    # One download brings all four, and the next reading needs none.
    assert cached() == sorted(files.FILES)
    for name in files.FILES:
        assert files.read(name) == CONTENT[name]
    assert calls.read_text().splitlines() == [f"download -q {files.PACKAGE}"]
    assert sorted(os.listdir()) == before


def test_an_installed_package_is_not_downloaded(monkeypatch, tmp_path):
    calls = false_apt(monkeypatch, tmp_path)
    put(files.SYSTEM, zipped=True)
    assert files.read(NAME) == CONTENT[NAME]
    assert not calls.exists()


def test_a_failing_apt_is_said_and_passed_over(monkeypatch, tmp_path):
    false_apt(monkeypatch, tmp_path, fails=True)
    with pytest.raises(DataError, match="apt-get could not download"):
        files.read(NAME)
    with local_mirror(GOOD):
        assert files.read(NAME) == CONTENT[NAME]


def test_a_package_with_bad_files_is_passed_over(monkeypatch, tmp_path):
    false_apt(monkeypatch, tmp_path, bad=True)
    with pytest.raises(DataError, match="3 bytes with SHA-256"):
        files.read(NAME)
    assert cached() == []


# Mirrors: a server on this machine


class local_mirror:
    """A mirror on 127.0.0.1 that answers in the way of `reply`, put into MIRRORS.

    `reply` is the body to send, a status to fail with, "stall", or "truncate".
    """

    def __init__(self, reply):
        self.reply, self.asked, self.over = reply, [], threading.Event()

    def __enter__(self):
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.asked.append(self.path)
                if mirror.reply == "stall":
                    mirror.over.wait(20)
                elif isinstance(mirror.reply, int):
                    self.send_error(mirror.reply)
                else:
                    cut = mirror.reply == "truncate"
                    body = GOOD if cut else mirror.reply
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body[: len(body) // 2] if cut else body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,)).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        files.MIRRORS.append(self.url)
        return self

    def __exit__(self, *_):
        self.over.set()
        files.MIRRORS.remove(self.url)
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def short_timeout(monkeypatch):
    """Let the reading of a mirror give up after a fifth of a second."""
    real = files.urllib.request.urlopen

    def urlopen(url, timeout):
        assert 0 < timeout <= 60  # none at all would wait for ever
        return real(url, timeout=0.2)

    monkeypatch.setattr(files.urllib.request, "urlopen", urlopen)


def test_a_good_mirror():
    with local_mirror(GOOD) as server:
        assert files.read(NAME) == CONTENT[NAME]
        assert files.read(NAME) == CONTENT[NAME]
    assert server.asked == [f"/{NAME}.gz"]  # the second time from the cache
    assert cached() == [NAME]


BAD_MIRRORS = {
    "fails": (500, "HTTP Error 500"),
    "has moved": (404, "HTTP Error 404"),
    "stalls": ("stall", "timed out"),
    "cuts the answer short": ("truncate", "IncompleteRead"),
    "sends a page": (b"<html>Log in to the Wi-Fi</html>", "is not a whole gzip file"),
    "sends half a file": (GOOD[:900], "is not a whole gzip file"),
    "sends another file": (gzip.compress(b"no"), "2 bytes with SHA-256"),
    "sends nothing": (b"", "0 bytes with SHA-256"),
}


@pytest.mark.parametrize("mirror", BAD_MIRRORS)
@pytest.mark.usefixtures("short_timeout")
def test_a_bad_mirror_alone_is_one_clear_sentence(mirror):
    reply, said = BAD_MIRRORS[mirror]
    start = time.monotonic()
    with local_mirror(reply) as server, pytest.raises(DataError) as caught:
        files.read(NAME)
    assert said in str(caught.value)
    assert server.url in str(caught.value)
    assert "\n" not in str(caught.value)
    assert cached() == []
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("mirror", BAD_MIRRORS)
@pytest.mark.usefixtures("short_timeout")
def test_after_a_bad_mirror_comes_the_next(mirror):
    with local_mirror(BAD_MIRRORS[mirror][0]) as first, local_mirror(GOOD) as second:
        assert files.read(NAME) == CONTENT[NAME]
    assert len(first.asked) == len(second.asked) == 1
    assert cached() == [NAME]


def test_a_mirror_that_is_not_there():
    with local_mirror(GOOD) as gone:
        url = gone.url
    files.MIRRORS.append(url)
    with pytest.raises(DataError, match="Connection refused"):
        files.read(NAME)


# What is served


@pytest.fixture(scope="module")
def sample():
    return FashionMNIST.sample(batch_size=64)


def test_batches(sample):
    sizes = []
    for X, y in sample.train_dataloader():
        assert X.shape == (len(y), 1, 28, 28)
        assert X.dtype == torch.float32
        assert y.dtype == torch.int64
        assert 0 <= X.min() <= X.max() <= 1
        sizes.append(len(y))
    assert sizes == 31 * [64] + [16]  # 2,000 images, the last batch is ragged
    assert len(sample.train_dataloader()) == len(sizes)


@pytest.mark.parametrize("size", [(96, 96), (56, 40), (14, 20)])
def test_resize_is_that_of_torchvision(sample, size):
    images, _ = sample.test
    batches = Batches(*sample.test, 500, size)
    X = batches.prepare(images[:100])
    transform = torchvision.transforms.Compose(
        [torchvision.transforms.Resize(size), torchvision.transforms.ToTensor()]
    )
    expected = torch.stack(
        [transform(Image.fromarray(im.numpy())) for im in images[:100]]
    )
    # PIL rounds to whole gray levels after each of two passes, we do not.
    assert_close(X, expected, rtol=0, atol=1 / 255 + 1e-6)


@pytest.mark.parametrize("size", [(96, 96), (56, 40), (14, 20)])
def test_resize_is_interpolation_written_as_two_products(sample, size):
    images, labels = sample.test
    X = Batches(images, labels, 64, size).prepare(images[:64])
    plain = Batches(images, labels, 64, (28, 28)).prepare(images[:64])
    expected = F.interpolate(plain, size, mode="bilinear", antialias=True)
    assert_close(X, expected, rtol=0, atol=1e-6)
    rows, cols = (resize_weights(28, side) for side in size)
    assert (rows.shape, cols.shape) == ((size[0], 28), (size[1], 28))
    # Every new pixel is an average of old ones.
    assert_close(rows.sum(1), torch.ones(size[0]), rtol=0, atol=1e-6)
    assert rows.min() >= 0


def test_no_resize_keeps_every_pixel(sample):
    images, _ = sample.test
    X = Batches(*sample.test, 500, (28, 28)).prepare(images)
    assert torch.equal((255 * X[:, 0]).round().to(torch.uint8), images)


def test_normalize(sample):
    images, labels = sample.train
    plain = Batches(images, labels, 500, (28, 28)).prepare(images)
    X = Batches(images, labels, 500, (28, 28), normalize=True).prepare(images)
    assert_close(X, (plain - 0.2860) / 0.3530)
    # The 2,000 are not the 60,000, but near.
    assert abs(X.mean()) < 0.05
    assert abs(X.std() - 1) < 0.05


def slow_shift_and_flip(X, seed, reach):
    """The same with a loop over the images and the pixels' own coordinates."""
    generator = torch.Generator().manual_seed(seed)
    B, _, H, W = X.shape
    top, left = torch.randint(2 * reach + 1, (2, B), generator=generator).tolist()
    mirror = (torch.rand(B, generator=generator) < 0.5).tolist()
    out = torch.zeros_like(X)
    for b in range(B):
        for row in range(H):
            for col in range(W):
                from_row = row + top[b] - reach
                from_col = (W - 1 - col if mirror[b] else col) + left[b] - reach
                if 0 <= from_row < H and 0 <= from_col < W:
                    out[b, :, row, col] = X[b, :, from_row, from_col]
    return out


@pytest.mark.parametrize("reach", [1, 2])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_shift_and_flip_is_the_slow_loop(reach, seed):
    X = torch.rand(6, 2, 7, 9)
    fast = shift_and_flip(X, torch.Generator().manual_seed(seed), reach)
    assert torch.equal(fast, slow_shift_and_flip(X, seed, reach))


def test_shift_and_flip_takes_every_shift_and_both_sides():
    # One bright pixel, off the middle, shows where its image went.
    X = torch.zeros(4000, 1, 9, 13)
    X[:, 0, 4, 3] = 1
    moved = shift_and_flip(X, torch.Generator().manual_seed(0))
    places = moved.flatten(1).argmax(1)  # (B, 1, 9, 13) -> (B, 117) -> (B,)
    rows, cols = places // 13, places % 13
    # Mirrored, column 3 of 13 is column 9.
    assert set(rows.tolist()) == {2, 3, 4, 5, 6}
    assert set(cols.tolist()) == {1, 2, 3, 4, 5, 7, 8, 9, 10, 11}
    assert 0.45 < (cols > 6).float().mean() < 0.55
    assert torch.equal(moved.sum((1, 2, 3)), torch.ones(4000))


def test_augmentation_is_for_training_only(sample):
    whole = FashionMNIST.sample(64, holdout=100)
    whole.augment = True
    images, labels = whole.train
    plain = Batches(images, labels, 64, (28, 28)).prepare(images[:64])
    loader = whole.train_dataloader()
    assert not torch.equal(loader.prepare(images[:64]), plain)
    for loader in (whole.val_dataloader(), whole.test_dataloader()):
        images = loader.images[:64]
        assert torch.equal(loader.prepare(images)[:, 0], images.float() / 255)


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("augment", [False, True])
def test_what_is_asked_for_reaches_the_batches(monkeypatch, normalize, augment):
    images = torch.randint(256, (20, 28, 28), dtype=torch.uint8)
    labels = torch.zeros(20, dtype=torch.int64)
    monkeypatch.setattr(data, "_split", lambda name: (images, labels))
    made = FashionMNIST(5, holdout=5, normalize=normalize, augment=augment)
    for name in ("train", "val", "test"):
        loader = getattr(made, f"{name}_dataloader")()
        X = loader.prepare(images[:5])
        assert (X.min() < 0) == normalize
        plain = Batches(images, labels, 5, (28, 28), normalize=normalize)
        moved = not torch.equal(X, plain.prepare(images[:5]))
        assert moved == (augment and name == "train")


def test_images_that_are_not_moved_are_mirrored_only(monkeypatch):
    images = torch.randint(256, (200, 28, 28), dtype=torch.uint8)
    labels = torch.zeros(200, dtype=torch.int64)
    monkeypatch.setattr(data, "_split", lambda name: (images, labels))
    made = FashionMNIST(200, augment=True, reach=0, holdout=0)
    X = made.train_dataloader().prepare(images)[:, 0] * 255
    same, mirrored = (
        (X.round() == other).all((1, 2)) for other in (images, images.flip(2))
    )
    assert (same != mirrored).all()
    assert 60 < same.sum() < 140  # both kinds, about as often
    with pytest.raises(ValueError, match="reach must be at least 0, got -1"):
        FashionMNIST(5, reach=-1, holdout=5)


def test_images_are_moved_by_their_own_generator_and_then_resized(sample):
    images, labels = sample.test
    ours, same = (torch.Generator().manual_seed(3) for _ in range(2))
    batches = Batches(images, labels, 8, (56, 56), ours, augment=True)
    moved = shift_and_flip(images[:8, None].float() / 255, same)
    expected = F.interpolate(moved, (56, 56), mode="bilinear", antialias=True)
    assert_close(batches.prepare(images[:8]), expected, rtol=0, atol=1e-6)
    # Normalized, a border that was moved in is as black as any other pixel.
    ours.manual_seed(3)
    batches.normalize = True
    expected = (expected - data.MEAN) / data.STD
    assert_close(batches.prepare(images[:8]), expected, rtol=0, atol=1e-5)


def test_batches_are_float32_whatever_the_default_is(sample):
    torch.set_default_dtype(torch.float64)
    try:
        X, _ = next(iter(Batches(*sample.test, 8, (20, 20), normalize=True)))
    finally:
        torch.set_default_dtype(torch.float32)
    assert X.dtype == torch.float32


@pytest.fixture(params=["all images", "the sample"])
def kind(request, sample, monkeypatch):
    """`FashionMNIST`, over the images of the sample, or `FashionMNIST.sample`."""
    splits = {"train": sample.train, "t10k": sample.test}
    monkeypatch.setattr(data, "_split", splits.get)
    return FashionMNIST if request.param == "all images" else FashionMNIST.sample


def test_every_set_is_resized(kind):
    made = kind(20, (14, 20), holdout=30)
    for name in ("train", "val", "test"):
        X, _ = next(iter(getattr(made, f"{name}_dataloader")()))
        assert X.shape == (20, 1, 14, 20)


def test_images_are_moved_by_two_pixels_unless_told_otherwise(kind):
    assert kind(5, holdout=5).train_dataloader().reach == 2


def test_the_seed_decides_the_order_and_the_split(kind):
    orders, splits = [], []
    for seed in (0, 3, 3):
        loader = kind(2000, holdout=0, seed=seed).train_dataloader()
        next(iter(loader))
        orders.append(loader.rows.tolist())
        splits.append(kind(holdout=300, seed=seed).val[1].tolist())
    for first, second, third in (orders, splits):
        assert first != second == third


def row_set(images):
    """Each image as bytes, to be compared as a set."""
    return {im.numpy().tobytes() for im in images}


def with_numbers(holdout, seed):
    """FashionMNIST over 40 images that hold their own number, 10 of them test."""
    numbers = torch.arange(40, dtype=torch.uint8)
    images = numbers[:, None, None].expand(40, 28, 28)
    labels = (numbers % 10).long()
    made = FashionMNIST.__new__(FashionMNIST)
    made._build(
        (images[:30], labels[:30]), (images[30:], labels[30:]), 7, (28, 28), holdout,
        seed, False, False,
    )  # fmt: skip
    return made


def numbers_of(part):
    images, labels = part
    numbers = images[:, 0, 0].tolist()
    assert labels.tolist() == [n % 10 for n in numbers]  # labels stay with images
    return numbers


@pytest.mark.parametrize("holdout", [0, 1, 8, 29])
def test_split_is_disjoint_and_complete(holdout):
    made = with_numbers(holdout, seed=3)
    train, test = numbers_of(made.train), numbers_of(made.test)
    val = numbers_of(made.val)
    assert test == [*range(30, 40)]
    if holdout == 0:
        assert train == [*range(30)]
        assert val == test  # D2L's convention
    else:
        assert len(val) == holdout
        assert sorted(train + val) == [*range(30)]


def test_split_depends_on_the_seed_alone():
    assert numbers_of(with_numbers(8, 3).val) == numbers_of(with_numbers(8, 3).val)
    assert numbers_of(with_numbers(8, 3).val) != numbers_of(with_numbers(8, 4).val)


def served(loader):
    return [round(255 * x) for X, _ in loader for x in X[:, 0, 0, 0].tolist()]


def test_order_of_batches():
    made = with_numbers(8, seed=3)
    loader = made.train_dataloader()
    first, second = served(loader), served(loader)
    assert sorted(first) == sorted(second) == sorted(numbers_of(made.train))
    assert first != second  # each epoch has its own order
    again = made.train_dataloader()
    assert [served(again), served(again)] == [first, second]
    assert served(made.val_dataloader()) == numbers_of(made.val)
    assert served(made.test_dataloader()) == [*range(30, 40)]
    assert {*served(loader)}.isdisjoint(served(made.test_dataloader()))


def test_rows_are_those_of_the_batch():
    loader = with_numbers(8, seed=3).train_dataloader()
    for X, _ in loader:
        numbers = (255 * X[:, 0, 0, 0]).round()  # (B, 1, 28, 28) -> (B,)
        assert loader.images[loader.rows, 0, 0].tolist() == numbers.tolist()


def test_text_labels(sample):
    assert sample.text_labels(torch.tensor([9, 0])) == ["ankle boot", "t-shirt"]


# The real images


@pytest.mark.real_data
def test_the_real_images():
    try:
        real = FashionMNIST(batch_size=64)
    except DataError as error:
        pytest.fail(f"the real images are part of this test: {error}", pytrace=False)
    assert real.train[0].shape == (55_000, 28, 28)
    assert real.val[0].shape == (5000, 28, 28)
    assert real.test[0].shape == (10_000, 28, 28)
    train = FashionMNIST(holdout=0).train
    assert torch.bincount(train[1]).tolist() == 10 * [6000]
    assert torch.bincount(real.test[1]).tolist() == 10 * [1000]
    pixels = train[0].double() / 255
    assert abs(pixels.mean() - data.MEAN) < 1e-4
    assert abs(pixels.std() - data.STD) < 1e-4
    # The sample in the package is the beginning of the real sets.
    sample = FashionMNIST.sample()
    for part, n in (("train", 2000), ("test", 500)):
        real_part = train if part == "train" else real.test
        for ours, theirs in zip(getattr(sample, part), real_part, strict=True):
            assert torch.equal(ours, theirs[:n])
    # No image of the test set is in what is trained on or tuned with.
    seen = row_set(real.train[0]) | row_set(real.val[0])
    assert len(seen & row_set(real.test[0])) == 0


@pytest.mark.parametrize("resize", [(28, 28), (32, 48)])
def test_batches_are_made_where_their_images_are(resize):
    """The device `meta` computes shapes only, and mixes with no other device."""
    data = FashionMNIST.sample(64, resize)
    batches = Batches(
        *data.train, 64, resize, torch.Generator(), normalize=True, augment=True
    )
    X, y = next(iter(batches.to("meta")))
    assert (X.device.type, y.device.type) == ("meta", "meta")
    assert (X.shape, y.shape) == ((64, 1, *resize), (64,))
    assert len(batches.rows) == 64
