"""Fashion-MNIST's four files: found, verified, and kept whole."""

import gzip
import hashlib
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

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
        try:
            return _read_file(Path(folder), name)
        except DataError as error:
            raise DataError(
                f"{error}. VITLIB_DATA names this folder, so no other is looked at: "
                f"put the four files there, or unset it"
            ) from None
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
