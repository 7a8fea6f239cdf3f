"""`kernels.c` and its headers, compiled for this machine at first use.

Without a C compiler everything works too, with torch's operations; DALL_E_KERNELS=off asks for
those. The compiled file is kept in the user's cache folder (`library_cache.py`), under a name that
tells source, compiler and processor apart. `dall-e env` says whether there is one.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
from functools import lru_cache, partial
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import torch

from dall_e.nn.cpu.library_cache import load_cached
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
        sources = _sources()
        name = _library_name(sources, compiler)
    except (OSError, ValueError) as error:
        return Status(None, f"the compiler {compiler!r} cannot be run: {error}")
    except subprocess.SubprocessError as error:
        return Status(None, f"{compiler} did not compile them: {_said(error)}")
    try:
        library = load_cached(name, partial(_compile, sources, compiler))
    except subprocess.SubprocessError as error:
        return Status(None, f"{compiler} did not compile them: {_said(error)}")
    except OSError as error:
        return Status(None, f"compiled by {compiler}, but no folder to keep them works: {error}")

    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return Status(Kernels(library, reads_int4(library)), f"compiled by {compiler}")


# Compiling


def _find_compiler() -> str:
    """The command of a C compiler, perhaps with options, as in CC="gcc -pipe"."""
    found = (shutil.which(name) for name in _COMPILERS)
    candidates = (os.environ.get("CC", "").strip(), *(shlex.quote(path) for path in found if path))
    return next((command for command in candidates if command), "")


def _sources() -> dict[str, bytes]:
    """The C files of this package by name."""
    files = resources.files("dall_e.nn.cpu").iterdir()
    return {
        file.name: file.read_bytes()
        for file in sorted(files, key=lambda file: file.name)
        if file.name.endswith((".c", ".h"))
    }


def _library_name(sources: dict[str, bytes], compiler: str) -> str:
    """A name for all that the compiled library depends on."""
    digest = hashlib.sha256()
    for name, source in sources.items():
        digest.update(name.encode() + b"\0" + source + b"\0")
    digest.update(_identity(compiler).encode())
    return f"kernels-{digest.hexdigest()[:20]}"


def _identity(compiler: str) -> str:
    """What the compiled library depends on besides its sources."""
    version = subprocess.run(
        [*shlex.split(compiler), "--version"],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=10,
        check=True,
    ).stdout
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        processor = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        processor = platform.processor()
    return "\n".join(
        (compiler, version, platform.machine(), processor, torch.__version__, torch.__file__)
    )


def _said(error: subprocess.SubprocessError) -> str:
    """What a compiler complained of, in one line."""
    lines = [line.strip() for line in (getattr(error, "stderr", None) or "").splitlines()]
    return next((line for line in lines if "error" in line.lower()), str(error))


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
                        [*shlex.split(compiler), *arguments],
                        cwd=work,
                        env={**os.environ, "TMPDIR": str(work), "LC_ALL": "C"},
                        capture_output=True,
                        text=True,
                        errors="replace",
                        timeout=_LONGEST_COMPILATION,
                        check=True,
                    )
            except subprocess.CalledProcessError as error:
                failure = error
                continue
            return work / "kernels.so"
    assert failure is not None
    raise failure
