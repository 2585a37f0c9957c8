"""The walls around a worker: bubblewrap, a filter of system calls, limits.

The worker has namespaces of its own and no network. Of the disk it sees /usr, this
Python and vitlib, read-only, and an empty /tmp of bounded size; there is no /proc.
"""

import contextlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import vitlib
from vitlib.grading import seccomp

MB = 1 << 20
TMP = 64 * MB  # all files of a student
THREADS = 64
PACKAGE = Path(vitlib.__file__).resolve().parent
PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[3]); "
    "from vitlib.grading.worker import main; main(int(sys.argv[1]), int(sys.argv[2]))"
)
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/tmp", "USER": "student",
    "TMPDIR": "/tmp", "MPLBACKEND": "Agg", "MPLCONFIGDIR": "/tmp",
    "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE", "CUDA_VISIBLE_DEVICES": "",
    "VITLIB_QUIET": "1", "VITLIB_PROFILE": "quick",
}  # fmt: skip


class NoSandbox(Exception):
    """The worker did not start; nothing that a student did."""


def missing():
    """What this machine lacks for a sandbox, as (English, Korean); None if nothing."""
    if sys.platform != "linux":
        return (
            "The sandbox needs Linux. Run the grader on Linux, in a virtual machine or "
            "in WSL 2.",
            "샌드박스에는 Linux가 필요합니다. Linux나 가상 머신, WSL 2에서 채점하세요.",
        )
    if seccomp.program() is None:
        return (
            f"There is no filter of system calls for {platform.machine()}: grade on "
            f"x86_64 or aarch64.",
            f"{platform.machine()}용 시스템 호출 필터가 없습니다. x86_64나 aarch64에서 "
            f"채점하세요.",
        )
    if shutil.which("bwrap") is None:
        return (
            "bubblewrap is missing. Install it: sudo apt-get install bubblewrap",
            "bubblewrap이 없습니다. 다음 명령으로 설치하세요: sudo apt-get install "
            "bubblewrap",
        )
    try:
        done = _try()
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    else:
        if done.returncode == 0:
            return None
        said = done.stderr.decode(errors="replace").strip() or f"{done.returncode}"
    return (
        f"bubblewrap is installed and cannot make a sandbox here: {said[:300]}. User "
        f"namespaces must be allowed (kernel.unprivileged_userns_clone=1, and "
        f"kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu).",
        f"bubblewrap이 있지만 여기서는 샌드박스를 만들지 못합니다: {said[:300]}. "
        f"사용자 네임스페이스를 허용해야 합니다(kernel.unprivileged_userns_clone=1, "
        f"Ubuntu에서는 kernel.apparmor_restrict_unprivileged_userns=0).",
    )


def _try():
    """Run a harmless command in the sandbox."""
    with _filter() as fd:
        return subprocess.run(
            walls(["--seccomp", str(fd), sys.executable, "-I", "-S", "-c", ""]),
            pass_fds=[fd],
            capture_output=True,
            timeout=30,
        )


@contextlib.contextmanager
def _filter():
    """A file descriptor that the filter can be read from."""
    read, write = os.pipe()
    os.write(write, seccomp.program())
    os.close(write)
    try:
        yield read
    finally:
        os.close(read)


def walls(rest):
    """The command line of bubblewrap, followed by `rest`."""
    command = [
        shutil.which("bwrap"),
        *("--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534"),
        *("--hostname", "sandbox", "--die-with-parent", "--new-session"),
        *("--cap-drop", "ALL", "--as-pid-1", "--clearenv"),
    ]
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    command += ["--size", str(TMP), "--tmpfs", "/tmp", "--chdir", "/tmp"]
    for path in ("/bin", "/lib", "/lib64", "/lib32", "/sbin"):
        if os.path.islink(path):
            command += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            command += ["--ro-bind", path, path]
    for path in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts"):
        command += ["--ro-bind-try", path, path]
    command += ["--ro-bind-try", "/proc/cpuinfo", "/proc/cpuinfo"]
    for path in ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"):
        command += ["--dev-bind", path, path]
    for path in visible():
        command += ["--ro-bind", path, path]
    return [*command, "--remount-ro", "/", *rest]


def visible():
    """The folders that a worker can read: /usr, this Python, vitlib."""
    python = Path(os.path.realpath(sys.executable)).parents[1]
    wanted = [Path("/usr"), Path(sys.base_prefix), python, Path(sys.prefix), PACKAGE]
    wanted += [Path(os.path.realpath(path)) for path in wanted]
    found = []
    for path in sorted(set(wanted), key=lambda path: len(path.parts)):
        if not any(path.is_relative_to(parent) for parent in found):
            found.append(path)
    return [str(path) for path in found]


class Sandbox:
    """A process that becomes a worker; started at once, used later.

    Args:
        isolated: False for a process with limits only.

    `read` and `write` are the file descriptors of its answers and questions.
    """

    def __init__(self, isolated=True):
        self._folder = self._pidfd = None
        theirs, self.write = os.pipe()
        self.read, ours = os.pipe()
        self._errors, errors = os.pipe()
        os.set_blocking(self._errors, False)
        try:
            start = self._start_isolated if isolated else self._start_plain
            start([theirs, ours], errors)
        finally:
            for fd in (theirs, ours, errors):
                os.close(fd)

    def _worker(self, fds):
        program = [sys.executable, "-I", "-B", "-c", PROGRAM]
        return [*program, *map(str, fds), str(PACKAGE.parent)]

    def _start_isolated(self, fds, errors):
        info, told = os.pipe()
        with _filter() as rules, os.fdopen(info) as file:
            command = ["--seccomp", str(rules), "--info-fd", str(told)]
            self._process = subprocess.Popen(
                walls([*command, *self._worker(fds)]),
                pass_fds=[*fds, rules, told],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
            os.close(told)
            try:
                self.pid = json.load(file)["child-pid"]
                # The worker itself: it could tell the kernel to outlive its parent.
                self._pidfd = os.pidfd_open(self.pid)
            except (ValueError, KeyError, OSError):
                self.pid = self._process.pid

    def _start_plain(self, fds, errors):
        self._folder = tempfile.mkdtemp(prefix="vitlib-grade-")
        places = dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR"), self._folder)
        self._process = subprocess.Popen(
            self._worker(fds),
            pass_fds=fds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd=self._folder,
            env=ENVIRONMENT | places,
            start_new_session=True,
        )
        self.pid = self._process.pid

    def status(self):
        """Threads and memory (bytes) of the worker, as the kernel counts them."""
        found = {}
        try:
            with open(f"/proc/{self.pid}/status") as file:
                for line in file:
                    name, _, value = line.partition(":")
                    if name in ("VmSize", "VmData", "VmRSS"):
                        found[name] = int(value.split()[0]) * 1024
                    elif name == "Threads":
                        found[name] = int(value)
        except (OSError, ValueError):
            return {}
        return found

    def complaint(self):
        """What the process said before it was ready."""
        try:
            return os.read(self._errors, 4000).decode(errors="replace").strip()
        except OSError:
            return ""

    def kill(self):
        """End the worker and whatever it started, and clean up."""
        if self._process is None:
            return
        with contextlib.suppress(OSError):
            if self._pidfd is not None:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            elif self._folder:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        self._process = None
        for fd in (self.read, self.write, self._errors, self._pidfd):
            if fd is not None:
                os.close(fd)
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
