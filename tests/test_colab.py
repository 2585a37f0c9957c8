"""Installing vitlib into Colab changes nothing that is there.

The versions are those of Colab's runtime as published in
https://github.com/googlecolab/backend-info (commit a724079, 2026-08-19).
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PYTHON = "3.13.15"
COLAB = {
    "torch": "2.11.0+cu128",
    "torchvision": "0.26.0",
    "numpy": "2.1.3",
    "pandas": "2.2.3",
    "scipy": "1.16.3",
    "matplotlib": "3.10.0",
    "ipython": "7.34.0",
    "ipykernel": "6.17.1",
    "ipywidgets": "7.7.1",
    "tqdm": "4.67.3",
    "pillow": "11.3.0",
    "requests": "2.32.4",
    "anywidget": "0.9.21",
    "safetensors": "0.4.3",  # or newer: what its transformers asks for
}


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_colab_already_has_what_we_need(requirement):
    wanted = Requirement(requirement)
    assert wanted.name in COLAB, f"{wanted.name} is not part of Colab, pip would add it"
    assert wanted.specifier.contains(COLAB[wanted.name]), f"Colab: {COLAB[wanted.name]}"


def test_python_of_colab_is_supported():
    assert SpecifierSet(PROJECT["requires-python"]).contains(PYTHON)


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_only_lower_bounds(requirement):
    assert {s.operator for s in Requirement(requirement).specifier} == {">="}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The package as pip would build it, built away from the working tree."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", source / "src", ignore=ignore)
    words = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    pip(sys.executable, *words, "--wheel-dir", source, source)
    return next(source.glob("vitlib-*.whl"))


def test_pip_would_install_vitlib_only(wheel, tmp_path):
    python = environment(tmp_path, COLAB)
    assert would_install(python, wheel) == ["vitlib"]


@pytest.mark.parametrize(("package", "old"), [("numpy", "1.26.4"), ("torch", "2.8.0")])
def test_pip_would_notice_too_old_a_package(wheel, tmp_path, package, old):
    """The check above can fail: here pip looks for another version, and finds none."""
    python = environment(tmp_path, COLAB | {package: old})
    with pytest.raises(
        AssertionError, match=f"No matching distribution .* {package}>="
    ):
        would_install(python, wheel)


def environment(folder, versions):
    """An environment in which pip sees packages of these versions, without contents."""
    venv.create(folder / "colab", with_pip=False, symlinks=True)
    python = folder / "colab" / "bin" / "python"
    program = "import sysconfig; print(sysconfig.get_path('purelib'))"
    done = subprocess.run(
        [python, "-c", program], capture_output=True, text=True, check=True
    )
    packages = Path(done.stdout.strip())
    for name, version in versions.items():
        info = packages / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        (info / "INSTALLER").write_text("pip\n")
        (info / "RECORD").write_text("")
    return python


def would_install(python, wheel):
    """Names of all that pip would install for this wheel, without a network."""
    words = ["install", "--dry-run", "--quiet", "--no-index", "--report", "-"]
    report = json.loads(pip(python, *words, wheel))
    return [item["metadata"]["name"] for item in report["install"]]


def pip(python, *words):
    """Run this environment's pip on another; no settings of the machine count."""
    command = [sys.executable, "-m", "pip", "--isolated", "--python", python, *words]
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        env={"PATH": "", "PIP_CONFIG_FILE": os.devnull},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
