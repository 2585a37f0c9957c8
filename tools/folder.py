"""Write a folder whole or not at all, and replace only what was written so before."""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import nbformat

from tools.offline import Trouble

MARKER = ".made-by-vitlib.json"  # {file: sha256} of what the tool wrote


def replace_folder(out, files):
    """Write `files`, {path: notebook, dict or text}, as the folder `out`.

    A folder that is there is replaced if all in it was written by this function
    and is unchanged. Names that begin with a dot do not count.

    Returns the path.

    Raises:
        Trouble: something else is there; names it.
    """
    out = Path(out)
    _look(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    old = new.with_name(f"{new.name}.old")
    try:
        written = {name: _write(new / name, what) for name, what in files.items()}
        _write(new / MARKER, written)
        new.chmod(0o755)
        if out.exists():
            os.rename(out, old)
        os.rename(new, out)
    except BaseException:
        if old.exists() and not out.exists():
            os.rename(old, out)
        raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    return out


def _write(path, what):
    """Write one file and return its sha256."""
    if isinstance(what, nbformat.NotebookNode):
        what = nbformat.writes(what).rstrip("\n") + "\n"
    elif isinstance(what, dict):
        what = json.dumps(what, ensure_ascii=False, indent=1) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(what, encoding="utf-8", newline="\n")
    return hashlib.sha256(what.encode()).hexdigest()


def _look(out):
    """Raise `Trouble` if replacing the folder would lose something of others."""
    if not os.path.lexists(out) or (_is_plain(out) and not any(out.iterdir())):
        return
    marker = out / MARKER
    if not _is_plain(out) or not marker.is_file():
        raise Trouble(
            f"{out} is there and was not made by this command: name another place",
            f"{out}: 이 명령으로 만든 것이 아닙니다. 다른 곳을 지정하세요",
        )
    known = json.loads(marker.read_text(encoding="utf-8"))
    own = [
        name
        for path in sorted(out.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(out).parts)
        and known.get(name := path.relative_to(out).as_posix())
        != hashlib.sha256(path.read_bytes()).hexdigest()
    ]
    if own:
        listed = ", ".join(own[:3]) + (", ..." if len(own) > 3 else "")
        raise Trouble(
            f"{out} holds files that are new or were changed since: {listed}. "
            f"Move them, or name another place",
            f"{out}: 새로 생겼거나 고친 파일이 있습니다: {listed}. 옮기거나 다른 "
            f"곳을 지정하세요",
        )


def _is_plain(path):
    return path.is_dir() and not path.is_symlink()
