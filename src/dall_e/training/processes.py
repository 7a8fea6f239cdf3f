"""Processes that train one network together, as `torchrun` and `accelerate launch` start them.

Accelerate joins them (gloo on CPUs, NCCL on GPUs). All functions serve a single process, too, and
all processes call them in the same order. Only the main process (rank 0) writes and speaks.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed

from dall_e.runtime import num_launched

_PATIENCE = timedelta(hours=6)
"""How long processes wait for the main one, which turns pictures into codes and draws sheets."""


def join(device: str) -> str:
    """Meets the other processes, if a launcher started several; the device of this one.

    `device` is the one that was asked for. Raises ImportError without Accelerate.
    """
    if num_launched() == 1:
        return device
    if importlib.util.find_spec("accelerate") is None:
        raise ImportError(
            "several processes need the package accelerate: pip install 'open-dalle[train]'"
        )
    from accelerate.state import PartialState

    is_cpu = device == "cpu" or not torch.cuda.is_available()
    return str(PartialState(cpu=is_cpu, timeout=_PATIENCE).device)


def num_processes() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """The number of this process, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def total(tensor: Tensor) -> Tensor:
    """The sum of a tensor over all processes."""
    if num_processes() > 1:
        tensor = tensor.clone()
        distributed.all_reduce(tensor)
    return tensor


def any_of(flags: Sequence[bool], device: torch.device) -> list[bool]:
    """Each flag, true if any process has it set."""
    if num_processes() == 1:
        return list(flags)
    set_F = torch.tensor(flags, dtype=torch.int32, device=device)
    distributed.all_reduce(set_F, op=distributed.ReduceOp.MAX)
    return [bool(flag) for flag in set_F.tolist()]


def from_all(value: Any) -> list[Any]:
    """What each process gave, by rank."""
    if num_processes() == 1:
        return [value]
    values: list[Any] = [None] * num_processes()
    distributed.all_gather_object(values, value)
    return values


@contextlib.contextmanager
def main_first() -> Iterator[None]:
    """The main process does what is inside before the others, which find what it has written."""
    if rank() > 0:
        distributed.barrier()
    yield
    if rank() == 0 and num_processes() > 1:
        distributed.barrier()


@contextlib.contextmanager
def speaking() -> Iterator[None]:
    """Inside, only the main process prints and warns."""
    if rank() == 0:
        yield
        return
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        yield


_staying: list[bool] = []
"""One entry for each command that makes others follow one another."""


@contextlib.contextmanager
def staying_together(device: str = "auto") -> Iterator[None]:
    """Inside, `leave` ends nothing, so that several stages can follow one another.

    Processes that have left cannot meet again at the launcher's address.
    """
    join(device)
    _staying.append(True)
    try:
        yield
    finally:
        _staying.pop()
    leave()


def leave() -> None:
    """The end of what the processes do together: none leaves before the last has arrived."""
    if distributed.is_initialized():
        distributed.barrier()
        if not _staying:
            distributed.destroy_process_group()
