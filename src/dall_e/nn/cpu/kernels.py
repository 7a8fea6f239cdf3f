"""`kernels.c`, compiled for this machine at first use: a stack of blocks as one call.

Without a C compiler everything works too, with torch's operations. DALL_E_KERNELS=off asks for
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
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

SWITCH = "DALL_E_KERNELS"
KINDS = ("float32", "bfloat16", "int8", "int4", "panels", "int8_panels")
NORMS = ("none", "rms", "layer")
MLPS = ("silu_gated", "gelu_gated", "gelu", "gelu_tanh", "quick_gelu")
MASKS = ("all", "past", "alone")
PANEL = 16
"""Output channels of a panel."""
_COMPILERS = ("cc", "gcc", "clang")
_LONGEST_COMPILATION = 60.0

_Pointer, _Int, _Long = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64


class LinearStruct(ctypes.Structure):
    """`linear` of kernels.c."""

    _fields_ = (
        ("values", _Pointer), ("scales", _Pointer), ("bias", _Pointer), ("outputs", _Long), ("inputs", _Long),
        ("stride", _Long), ("kind", _Int),
    )  # fmt: skip


class NormStruct(ctypes.Structure):
    """`norm` of kernels.c."""

    _fields_ = (("weight", _Pointer), ("bias", _Pointer), ("eps", ctypes.c_float), ("kind", _Int))


class BlockStruct(ctypes.Structure):
    """`block` of kernels.c."""

    _fields_ = (
        *((name, NormStruct) for name in ("attention_norm", "attention_after", "q_norm", "k_norm")),
        *((name, LinearStruct) for name in ("qkv", "out")),
        *((name, NormStruct) for name in ("cross_norm", "cross_after")),
        *((name, LinearStruct) for name in ("cross_q", "cross_out")),
        *((name, NormStruct) for name in ("mlp_norm", "mlp_inside", "mlp_after")),
        *((name, LinearStruct) for name in ("up", "down")),
        ("mlp_kind", _Int),
    )


class CacheStruct(ctypes.Structure):
    """`cache` of kernels.c."""

    _fields_ = (("keys", _Pointer), ("values", _Pointer))


class RunStruct(ctypes.Structure):
    """`run` of kernels.c."""

    _fields_ = (
        *((name, _Long) for name in ("entries", "tokens", "width", "heads", "mlp_width", "layers")),
        *((name, _Long) for name in ("position", "filled", "capacity", "cross_capacity", "mask")),
        *((name, _Pointer) for name in ("cosines", "sines", "bias")),
        ("bias_step", _Long),
        *((name, _Pointer) for name in ("cross_bias", "rows", "scratch")),
        ("threads", _Long),
    )


class ChoiceStruct(ctypes.Structure):
    """`choice` of kernels.c."""

    _fields_ = (
        ("logits", _Pointer),
        *((name, _Long) for name in ("images", "positions", "codes", "copies")),
        *(
            (name, _Pointer)
            for name in ("scales", "temperatures", "seeds", "where", "chosen", "scratch")
        ),
        *((name, _Long) for name in ("stream", "top_k", "threads")),
        ("top_p", ctypes.c_float),
    )


class Kernels(NamedTuple):
    """The compiled functions."""

    library: Any
    reads_int4: bool
    """Whether torch packs four bits here as kernels.c reads them: with vectors of 512 bits only."""


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
    """Compiles the kernels unless that was done before, and loads them."""
    if os.name != "posix":
        return Status(None, "they are compiled on Linux and macOS only")
    compiler = os.environ.get("CC") or next(
        (path for name in _COMPILERS if (path := shutil.which(name))), ""
    )
    if not compiler:
        return Status(None, "no C compiler is installed")
    source = (resources.files("dall_e.nn.cpu") / "kernels.c").read_bytes()
    try:
        name = hashlib.sha256(source + _identity(compiler).encode()).hexdigest()[:20]
        library = ctypes.CDLL(str(_compiled(source, compiler, f"kernels-{name}.so")))
    except (OSError, subprocess.SubprocessError) as error:
        return Status(None, f"{compiler} did not compile them: {error}")
    library.scratch_size.restype = _Long
    library.scratch_size.argtypes = (_Pointer,)
    library.run_blocks.restype = None
    library.run_blocks.argtypes = (_Pointer, _Pointer, _Pointer, _Pointer)
    library.run_linear.restype = None
    library.run_linear.argtypes = (_Pointer, _Pointer, _Long, _Long, _Pointer, _Long, _Long)
    library.choose_codes.restype = None
    library.choose_codes.argtypes = (_Pointer,)
    return Status(Kernels(library, _reads_int4(library)), f"compiled by {compiler}")


def _identity(compiler: str) -> str:
    """What a compiled file depends on besides its source."""
    version = subprocess.run(
        [compiler, "--version"], capture_output=True, text=True, timeout=10, check=True
    ).stdout
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        processor = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        processor = platform.processor()
    return "\n".join((version, platform.machine(), processor, torch.__version__, torch.__file__))


def _compiled(source: bytes, compiler: str, name: str) -> Path:
    """The shared library, from the cache folder if it is there. Raises OSError or
    SubprocessError."""
    own = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    for folder in (Path(own) / "dall_e", Path(tempfile.gettempdir()) / f"dall_e-{os.getuid()}"):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if folder.stat().st_uid != os.getuid():
                continue  # Never run what someone else has put there.
            if not (folder / name).exists():
                with tempfile.TemporaryDirectory(dir=folder) as work:
                    # Whole or not at all, whoever else compiles at the same time.
                    os.replace(_compile(source, compiler, Path(work)), folder / name)
        except PermissionError:
            continue
        return folder / name
    raise OSError("no folder to keep them in can be written to")


def _compile(source: bytes, compiler: str, work: Path) -> Path:
    """Compiles with the most that this compiler knows: its flags for this processor, and
    threads."""
    (work / "kernels.c").write_bytes(source)
    common = [
        compiler,
        "-O3",
        "-std=gnu11",
        "-fPIC",
        "-ffp-contract=fast",
        "-fno-math-errno",
        "-fno-trapping-math",
    ]
    # The threads of torch's own library, or two sets of them would wait for each other's cores.
    threads = sorted((Path(torch.__file__).parent / "lib").glob("libgomp*"))
    failure: subprocess.CalledProcessError | None = None
    for processor in ("-march=native", "-mcpu=native"):
        for parallel in (["-fopenmp"], []):
            compiling = [*common, processor, *parallel, "-c", "kernels.c", "-o", "kernels.o"]
            libraries = [str(threads[0])] if parallel and threads else parallel
            linking = [compiler, "-shared", "kernels.o", "-o", "kernels.so", *libraries, "-lm"]
            try:
                for command in (compiling, linking):
                    subprocess.run(
                        command,
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


def _reads_int4(library: Any) -> bool:
    """Whether a product of four bits comes out as torch's own: how it packs them depends on the
    processor."""
    values_OI = torch.arange(64 * 64).view(64, 64) * 7 % 16
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(values_OI.int(), 1)
    scales = torch.stack((torch.full((2, 64), 0.5), torch.arange(128.0).view(2, 64)), -1).bfloat16()
    x_RI = torch.eye(64)[::9].contiguous()
    wanted_RO = torch.ops.aten._weight_int4pack_mm_for_cpu(
        x_RI.bfloat16(), packed, 32, scales
    ).float()
    weight = LinearStruct(
        values=packed.data_ptr(),
        scales=scales.data_ptr(),
        outputs=64,
        inputs=64,
        stride=64,
        kind=KINDS.index("int4"),
    )
    return bool(torch.allclose(product(library, weight, x_RI), wanted_RO, rtol=0.01))


def product(library: Any, weight: LinearStruct, x_RI: Tensor, threads: int = 1) -> Tensor:
    """x_RI @ weight^T + bias, float32 [R, O]."""
    # Reading goes over the end of a row to the end of a vector.
    filled = F.pad(x_RI.float(), (0, int(weight.inputs) - x_RI.shape[1] + 64)).contiguous()
    y_RO = torch.empty(len(x_RI), int(weight.outputs))
    library.run_linear(
        ctypes.addressof(weight), filled.data_ptr(), filled.stride(0), len(filled), y_RO.data_ptr(), y_RO.stride(0),
        threads,
    )  # fmt: skip
    return y_RO
