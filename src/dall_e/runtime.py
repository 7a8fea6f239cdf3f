"""Devices, dtypes, threads and processes: the only file that reads or sets global torch state."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache, partial
from pathlib import Path

import torch


def pick_device(name: str) -> torch.device:
    """The named device; `auto` takes the first of cuda, mps and cpu that is there.

    There is one CPU, whatever number it has. Raises ValueError if there is no such device.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(
            f"no device is called {name!r}; there are auto, cpu, mps, cuda, cuda:1 ..."
        ) from error
    if device.type not in ("cpu", "cuda", "mps"):
        raise ValueError(
            f"devices of the kind {device.type!r} are not supported; "
            "there are auto, cpu, mps, cuda ..."
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(
            f"device {name!r} was asked for, but torch {torch.__version__} sees no Apple GPU"
        )
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device {name!r} was asked for, but torch {torch.__version__} sees no CUDA device"
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(
            f"device {name!r} was asked for, "
            f"but there are only {torch.cuda.device_count()} CUDA devices"
        )
    # Launchers number it, and tensors of "cpu:0" and "cpu" are on two devices to fake tensors.
    return torch.device("cpu") if device.type == "cpu" else device


def computes_bf16(device: torch.device) -> bool:
    """Whether the hardware computes matrix products in bfloat16, rather than emulating them."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu" or not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    has_avx512 = torch.backends.cpu.get_cpu_capability() == "AVX512"
    return has_avx512 and bool(torch.cpu._is_avx512_bf16_supported())


def pick_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The dtype of a training step's matrix products; `precision` is auto, bf16 or fp32."""
    if precision == "auto":
        return torch.bfloat16 if computes_bf16(device) else torch.float32
    return {"bf16": torch.bfloat16, "fp32": torch.float32}[precision]


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[None]:
    """Mixed precision for a training step; does nothing in float32."""
    if dtype == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype=dtype)


def batch_workers(device: torch.device) -> int:
    """Processes that make batches ahead: none on a CPU, whose cores have the arithmetic to do."""
    if device.type != "cuda" or "fork" not in multiprocessing.get_all_start_methods():
        return 0
    return max(0, min(8, (os.cpu_count() or 1) - 1))


def free_memory(device: torch.device) -> int | None:
    """Free memory of a device in bytes; None where the system does not say."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + unused
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return min([*found, *_left_of_limit(_LIMITS)], default=None)


_LIMITS = Path("/sys/fs/cgroup")


def _left_of_limit(folder: Path) -> list[int]:
    """What a container may still take, one number, if it has a limit (Linux' control groups 2).

    Files that it has read are in its memory, too, and make way.
    """
    try:
        limit, current = ((folder / f"memory.{x}").read_text("ascii") for x in ("max", "current"))
        stats = (folder / "memory.stat").read_text("ascii").splitlines()
        of_files = [int(line.split()[1]) for line in stats if line.startswith("inactive_file ")]
        return [max(int(limit) - int(current) + sum(of_files), 0)]
    except (OSError, ValueError):
        return []  # No such file, or no limit: "max".


def free_unused(device: torch.device) -> None:
    """Give back memory that nothing refers to any more, also what the GPU's allocator keeps."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def tune_convolutions(device: torch.device) -> None:
    """Let cuDNN choose its convolutions by trial, which pays where shapes stay the same."""
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True


# Threads. Torch keeps their number for each thread apart, and beside them the number with which new
# threads begin.


class _Outside(threading.local):
    threads = 0
    """Torch's number of threads outside of `one_thread`, for a thread inside; else 0."""


_outside = _Outside()
_changing_threads = threading.Lock()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in the calling thread alone, and afterwards as before.

    Drawing an image is thousands of small products. Threads gain little on them, and where another
    process has a core they wait for each other: 10 s instead of 1 s for an image, measured on two
    busy cores. And the number of threads cannot change the last bit of a result. Other threads keep
    their numbers, and so do new ones.
    """
    if _outside.threads:
        yield
        return
    _go_inside()
    try:
        yield
    finally:
        _go_outside()


@contextlib.contextmanager
def caller_threads() -> Iterator[None]:
    """Inside `one_thread`, compute as outside of it: for functions that the caller gave.

    What they make of the number of threads holds when all is done.
    """
    if not _outside.threads:
        yield
        return
    _go_outside()
    try:
        yield
    finally:
        _go_inside()


def most_threads() -> int:
    """How many threads may compute: torch's number, or inside `one_thread` the number outside."""
    return max(torch.get_num_threads(), _outside.threads)


def divide_threads(processes: int) -> None:
    """Let this thread and new ones compute with a part of torch's threads.

    processes: how many of them compute at a time on this machine, for whom all would be too many.
    """
    torch.set_num_threads(max(1, torch.get_num_threads() // processes))


def _go_inside() -> None:
    # A thread takes its number when it first asks: not while another changes that of new threads.
    with _changing_threads:
        _outside.threads = torch.get_num_threads()
    _set_own_threads(1)


def _go_outside() -> None:
    threads, _outside.threads = _outside.threads, 0
    _set_own_threads(threads)


def _set_own_threads(number: int) -> None:
    """Set the number of this thread, and leave that of new threads, which torch sets along."""
    if number == torch.get_num_threads():
        return
    with _changing_threads:
        of_new = _in_new_thread(torch.get_num_threads)
        torch.set_num_threads(number)
        if of_new:
            _in_new_thread(partial(torch.set_num_threads, of_new))


def _in_new_thread(function: Callable[[], int | None]) -> int | None:
    """What a function gives in a thread of its own; None where no thread can be had any more."""
    results: list[int | None] = []
    thread = threading.Thread(target=lambda: results.append(function()), daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    thread.join()
    return results[0]


@lru_cache(maxsize=1)
def _mind_forks() -> None:
    """Let processes that fork from this one compute in one thread.

    A forked process has none of the threads that OpenMP keeps for the next product, and would wait
    for them for ever.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_compute_alone_for_good)


def _compute_alone_for_good() -> None:
    global _changing_threads  # noqa: PLW0603, a thread that is not here any more may have held it
    _changing_threads = threading.Lock()
    torch.set_num_threads(1)
    if _outside.threads:
        _outside.threads = 1


# The caller's settings


@contextlib.contextmanager
def inference(device: torch.device) -> Iterator[None]:
    """Compute without gradients, in the dtypes of the weights whatever autocast the caller is in.

    What a model draws follows from its weights, settings and seed: the metadata say no more.
    """
    _mind_forks()
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.inference_mode())
        for kind in {device.type, "cpu"}:
            stack.enter_context(torch.autocast(kind, enabled=False))
        yield


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Build networks and fill them as ever: on the CPU, with weights that can be changed later.

    The caller may have another default device, or be in inference mode.
    """
    is_elsewhere = torch.get_default_device().type != "cpu"
    with torch.inference_mode(False), torch.device("cpu") if is_elsewhere else nullcontext():
        yield


_LAUNCHERS = (
    ("WORLD_SIZE", "RANK"),
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    ("PMI_SIZE", "PMI_RANK"),
)
"""What torchrun and accelerate, Open MPI, and MPICH say of size and rank, as variables."""


def num_launched() -> int:
    """How many processes a launcher started together with this one; 1 without a launcher."""
    counts = [os.environ.get(size, "") for size, _ in _LAUNCHERS]
    return max([int(count) for count in counts if count.isdecimal()], default=1)


def check_single_process() -> None:
    """Refuse what does not share its work where a launcher has started several processes.

    Raises ValueError in the first of them; the others end without a word (SystemExit).
    """
    if num_launched() == 1:
        return
    if not is_main_process():
        raise SystemExit(1)
    raise ValueError(
        f"a launcher started {num_launched()} processes, and this runs in one: start it without "
        "torchrun, accelerate launch or mpirun. The stages, `dall-e train tokenizer` and others, "
        "share their work"
    )


def is_main_process() -> bool:
    """Whether this is the process that speaks, of however many a launcher started."""
    ranks = [os.environ.get(rank, "") for _, rank in _LAUNCHERS]
    return not any(rank.isdecimal() and int(rank) for rank in ranks)
