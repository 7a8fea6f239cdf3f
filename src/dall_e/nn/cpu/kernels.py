"""`kernels.c` and its headers, compiled for this machine at first use.

Without a C compiler everything works too, with torch's operations; DALL_E_KERNELS=off asks for
those. The compiled file is kept in the user's cache folder, under a name that tells source,
compiler and processor apart. `dall-e env` says whether there is one.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import torch

from dall_e.nn.cpu.linear import reads_int4

SWITCH = "DALL_E_KERNELS"
"""The environment variable that turns the kernels off."""

_COMPILERS = ("cc", "gcc", "clang")
_LONGEST_COMPILATION = 60.0
_OPTIONS = (
    "-O3",
    "-std=gnu11",
    "-fPIC",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
)
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "scratch_size": (ctypes.c_int64, (ctypes.c_void_p,)),
    "run_blocks": (None, (ctypes.c_void_p,) * 4),
    "run_linear": (
        None,
        (
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_int64,
            ctypes.c_int64,
            ctypes.c_void_p,
            ctypes.c_int64,
            ctypes.c_int64,
        ),
    ),
    "sample_codes": (None, (ctypes.c_void_p,)),
}
"""Result and arguments of each function."""


class Kernels(NamedTuple):
    """The compiled functions."""

    library: Any
    reads_int4: bool
    """Whether torch packs four bits here as `int4.h` reads them: with vectors of 512 bits only."""


class Status(NamedTuple):
    """The kernels, or why there are none."""

    kernels: Kernels | None
    reason: str


def kernels() -> Kernels | None:
    """The kernels; None where there are none, or where they are switched off."""
    return None if _switched_off() else status().kernels


def described() -> str:
    """Which kernels are used, and why no others, for people."""
    if _switched_off():
        return f"those of torch alone: {SWITCH} is off"
    found = status()
    return found.reason if found.kernels else f"those of torch alone: {found.reason}"


def _switched_off() -> bool:
    return os.environ.get(SWITCH, "").lower() in ("off", "0")


@lru_cache(maxsize=1)
def status() -> Status:
    """Compile the kernels unless that was done before, and load them."""
    if os.name != "posix":
        return Status(None, "they are compiled on Linux and macOS only")
    compiler = _find_compiler()
    if not compiler:
        return Status(None, "no C compiler is installed")
    try:
        library = ctypes.CDLL(str(_cached_library(_sources(), compiler)))
    except (OSError, subprocess.SubprocessError) as error:
        return Status(None, f"{compiler} did not compile them: {error}")

    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return Status(Kernels(library, reads_int4(library)), f"compiled by {compiler}")


# The library, from the cache folder or from the compiler


def _find_compiler() -> str:
    candidates = [os.environ.get("CC"), *(shutil.which(name) for name in _COMPILERS)]
    return next((path for path in candidates if path), "")


def _sources() -> dict[str, bytes]:
    """The C files of this package by name."""
    files = resources.files("dall_e.nn.cpu").iterdir()
    return {
        file.name: file.read_bytes()
        for file in sorted(files, key=lambda file: file.name)
        if file.name.endswith((".c", ".h"))
    }


def _library_name(sources: dict[str, bytes], compiler: str) -> str:
    """A file name for all that the compiled library depends on."""
    digest = hashlib.sha256()
    for name, source in sources.items():
        digest.update(name.encode() + b"\0" + source + b"\0")
    digest.update(_identity(compiler).encode())
    return f"kernels-{digest.hexdigest()[:20]}.so"


def _identity(compiler: str) -> str:
    """What the compiled library depends on besides its sources."""
    version = subprocess.run(
        [compiler, "--version"], capture_output=True, text=True, timeout=10, check=True
    ).stdout
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        processor = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        processor = platform.processor()
    return "\n".join((version, platform.machine(), processor, torch.__version__, torch.__file__))


def _cached_library(sources: dict[str, bytes], compiler: str) -> Path:
    """The shared library in the cache folder, compiled if it is not there yet.

    Raises OSError or SubprocessError.
    """
    name = _library_name(sources, compiler)
    for folder in _cache_folders():
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if folder.stat().st_uid != os.getuid():
                continue  # Never run what someone else has put there.
            if not (folder / name).exists():
                with tempfile.TemporaryDirectory(dir=folder) as work:
                    # Whole or not at all, whoever else compiles at the same time.
                    os.replace(_compile(sources, compiler, Path(work)), folder / name)
        except PermissionError:
            continue
        return folder / name
    raise OSError("no folder to keep them in can be written to")


def _cache_folders() -> Iterator[Path]:
    user_cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    yield Path(user_cache) / "dall_e"
    yield Path(tempfile.gettempdir()) / f"dall_e-{os.getuid()}"


def _compile(sources: dict[str, bytes], compiler: str, work: Path) -> Path:
    """Compile with the most that this compiler knows: flags for this processor, and threads.

    Raises CalledProcessError of the last attempt if none succeeds.
    """
    for name, source in sources.items():
        (work / name).write_bytes(source)

    # The threads of torch's own library, or two sets of them would wait for each other's cores.
    torch_threads = sorted((Path(torch.__file__).parent / "lib").glob("libgomp*"))
    failure: subprocess.CalledProcessError | None = None
    for processor in ("-march=native", "-mcpu=native"):
        for parallel in (["-fopenmp"], []):
            libraries = [str(torch_threads[0])] if parallel and torch_threads else parallel
            compiling = [*_OPTIONS, processor, *parallel, "-c", "kernels.c", "-o", "kernels.o"]
            linking = ["-shared", "kernels.o", "-o", "kernels.so", *libraries, "-lm"]
            try:
                for arguments in (compiling, linking):
                    subprocess.run(
                        [compiler, *arguments],
                        cwd=work,
                        capture_output=True,
                        timeout=_LONGEST_COMPILATION,
                        check=True,
                    )
            except subprocess.CalledProcessError as error:
                failure = error
                continue
            return work / "kernels.so"
    assert failure is not None
    raise failure
