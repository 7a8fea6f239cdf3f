"""A server in a process of its own, for benchmarks that ask it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_SECONDS_TO_START = 300
_SECONDS_TO_STOP = 120


class ServerProcess(NamedTuple):
    """Where a server is found, and by which number its process."""

    url: str
    pid: int

    @property
    def port(self) -> int:
        """Of the loopback."""
        return int(self.url.rpartition(":")[2])

    @property
    def memory(self) -> int:
        """Bytes of memory that its processes have now; 0 where the system does not say."""
        return sum(map(_memory_of, _family_of(self.pid)))

    @property
    def processor_seconds(self) -> float:
        """Seconds that processors have worked for it; 0 where the system does not say."""
        return sum(map(_processor_seconds_of, _family_of(self.pid)))

    def kill_a_drawing_process(self) -> bool:
        """Kill one of the processes that draw for it, if there is one."""
        for pid in _family_of(self.pid):
            with contextlib.suppress(OSError):
                if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)
                    return True
        return False


def _family_of(pid: int) -> list[int]:
    """A process, and all that it has started."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        threads = [int(path.name) for path in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return [pid]
    for thread in set(threads) - {pid}:
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{pid}/task/{thread}/children")
            text += " " + children.read_text(encoding="ascii")
    return [pid, *(each for child in text.split() for each in _family_of(int(child)))]


def _memory_of(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    found = (int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
    return next(found, 0)


def _processor_seconds_of(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    # Behind the name in brackets, the fields 14 and 15 of proc(5).
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def serving(model: str, *flags: str) -> Iterator[ServerProcess]:
    """Serve a model on a free port of the loopback, with limits that are far away.

    Raises RuntimeError if it does not start.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dall_e", "serve", "--model", model, "--port", str(port)]
    command += ["--without-keys", "--requests-per-minute", "0", "--max-waiting", "512"]
    command += ["--request-seconds", "900", *flags]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        server = ServerProcess(f"http://127.0.0.1:{port}", process.pid)
        try:
            _wait(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(_SECONDS_TO_STOP)


def _wait(server: ServerProcess, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{server.url}/readyz"):
                return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with {process.returncode}") from None
            time.sleep(0.2)
    raise RuntimeError(f"the server was not ready within {_SECONDS_TO_START} s")
