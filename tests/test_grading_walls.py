"""vitlib-grade: what a student's code can see and do in the sandbox."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import submissions

from vitlib.grading import sandbox
from vitlib.grading.remote import Limits, Remote

TRY = """
import ctypes, os, socket, threading

def attempt(what):
    try:
        return str(eval(what, globals()))
    except BaseException as error:
        return type(error).__name__
"""


@pytest.fixture(scope="module")
def attempt():
    """A function of an expression: what a student's code gets for it."""
    if (lacking := sandbox.missing()) is not None:
        pytest.fail("\n".join(lacking))
    remote = Remote(sandbox.Sandbox(), Limits(), time.monotonic() + 300)
    remote.wait()
    remote.run(TRY, "try")
    yield remote.fetch("attempt")
    remote.end()


REFUSED = ("PermissionError", "OSError", "RuntimeError")


def test_nothing_of_the_machine_is_in_sight(attempt, tmp_path):
    own = submissions.write(tmp_path / "block.grading.json", "{}")
    root = Path(__file__).parents[1]
    unseen = [own, tmp_path, root / "exercises", root / "tests", root / "README.md"]
    unseen += ["/home", "/var", "/sys", "/etc/passwd", "/dev/shm", "/dev/mem"]
    unseen += ["/proc/1", "/proc/self", "/proc/sys"]
    for path in unseen:
        assert attempt(f"os.path.exists({str(path)!r})") == "False", path
    names = sorted({*sandbox.ENVIRONMENT, "PWD"})
    assert attempt("sorted(os.environ)") == str(names)
    assert attempt("os.getpid()") == "1"
    assert attempt("os.getppid()") == "0"


def test_the_disk_can_only_be_written_in_a_small_corner(attempt):
    for path in ("/x", "/usr/x", "/dev/x", "/proc/x", "/etc/x", "../x"):
        assert attempt(f"open({path!r}, 'w')") in REFUSED, path
    for folder in sandbox.visible():
        assert attempt(f"open({folder + '/x'!r}, 'w')") in REFUSED, folder
    assert attempt("os.remove('/usr/bin/env')") in REFUSED
    assert attempt("os.chmod('/dev/null', 0)") == "PermissionError"
    assert attempt("open('a', 'w').write('a')") == "1"
    assert attempt("open('b', 'wb').write(bytes(80_000_000))") == "OSError"


def test_there_is_no_network(attempt):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        with socket.create_connection(address):  # from here it can be reached
            pass
        assert attempt(f"socket.create_connection({address!r}, 1)") in REFUSED
    assert attempt("socket.socket(socket.AF_INET)") == "PermissionError"
    assert attempt("socket.socket(40, socket.SOCK_STREAM)") == "PermissionError"
    with socket.socket(socket.AF_UNIX) as local:
        local.bind("\0vitlib-grade-test")
        local.listen()
        connect = "socket.socket(socket.AF_UNIX).connect('\\0vitlib-grade-test')"
        assert attempt(connect) == "ConnectionRefusedError"


def test_there_are_no_new_processes_and_no_ways_out(attempt):
    assert attempt("os.fork()") == "PermissionError"
    assert attempt("__import__('subprocess').run(['true'])") == "PermissionError"
    assert attempt("__import__('multiprocessing').Process().start()") in REFUSED
    assert attempt("os.kill(2, 9)") == "ProcessLookupError"
    assert attempt("os.setuid(0)") in REFUSED
    # ptrace, unshare, mount, keyctl, bpf, memfd_create, and outliving the grader
    calls = {"x86_64": (101, 272, 165, 250, 321, 319), "aarch64": (117, 97, 40, 219,
             280, 279)}[os.uname().machine]  # fmt: skip
    for number in calls:
        assert attempt(f"ctypes.CDLL(None).syscall({number}, 0, 0, 0, 0)") == "-1"
    assert attempt("ctypes.CDLL(None).prctl(1, 0)") == "-1"
    assert attempt("threading.Thread(target=print).start()") == "None"


def test_limits_cannot_be_raised(attempt):
    for name in ("DATA", "AS", "CPU", "FSIZE", "NOFILE"):
        number = f"__import__('resource').RLIMIT_{name}"
        found = attempt(f"__import__('resource').setrlimit({number}, (-1, -1))")
        assert found in ("ValueError", "PermissionError"), name
    assert attempt("bytearray(2 << 30)") == "MemoryError"


def test_the_sandbox_ends_with_its_owner(tmp_path):
    """Also when it is killed and cannot clean up."""
    program = (
        "import os, time; from vitlib.grading.sandbox import Sandbox; "
        "from vitlib.grading.remote import Limits, Remote; box = Sandbox(); "
        "r = Remote(box, Limits(), time.monotonic() + 99); r.wait(); "
        "print(box.pid, flush=True); r.run('while True: pass', 'x')"
    )
    owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    inside = int(owner.stdout.readline())
    assert alive(inside)
    owner.kill()
    owner.wait()
    assert gone(inside)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone(pid, seconds=10):
    until = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(pid)


def test_a_machine_that_makes_no_sandbox_is_told_what_to_do(monkeypatch, tmp_path):
    bwrap = submissions.write(
        tmp_path / "bwrap", "#!/bin/sh\necho no way >&2\nexit 1\n"
    )
    bwrap.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    en, ko = sandbox.missing()
    assert "no way" in en
    assert "no way" in ko
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    assert "Linux" in sandbox.missing()[0]
