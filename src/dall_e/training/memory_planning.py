"""Micro-batches that fit into the memory there is, before anything is read (`rehearsal.py`)."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import torch

from dall_e.config import TrainingConfig, with_values
from dall_e.runtime import free_memory, pick_device
from dall_e.training.processes import from_all, num_processes
from dall_e.training.rehearsal import MemoryNeed, rehearse
from dall_e.training.run_folder import has_checkpoint
from dall_e.training.sharding import wants_shards
from dall_e.training.stage import Stage
from dall_e.training.tracking import announce

Config = TypeVar("Config", bound=TrainingConfig)

_MARGIN = 1.1
"""How much more a step may take than was found: arithmetic libraries have memory of their own."""


def fitted_to_memory(config: Config, rehearsal: Callable[[Config], Stage[Any]]) -> Config:
    """The settings with micro-batches for which there is memory; says how much they need.

    A run that is there keeps what it has as long as it may just fit: other micro-batches change the
    last bits of sums. Of shards of weights nothing is known here. Raises ValueError, with the
    numbers, if there is not enough for a single picture.
    """
    if wants_shards(config.loop):
        return config
    device = pick_device(config.loop.device)
    free = _free(device)

    def need(size: int) -> MemoryNeed:
        sized = with_values(config, {"micro_batch": size})
        return rehearse(sized.loop, partial(rehearsal, sized))

    wanted = need(config.loop.micro_batch_size)
    announce(f"memory for steps: {_told(wanted)}; {_told_free(free, device)}")
    margin = 1.0 if has_checkpoint(config.run_folder) else _MARGIN
    if free is None or wanted.total * margin <= free:
        return config

    least = wanted if wanted.images == 1 else need(1)
    if least.total > free:
        raise ValueError(
            f"there is not enough memory to learn from a single picture: {_told(least)}; "
            f"{_told_free(free, device)}. {_mend(config)}"
        )
    size = _largest(config, least, wanted, int(free / margin))
    if size < config.loop.micro_batch_size:
        parts = config.loop.batch_size // (size * num_processes())
        announce(
            f"so a process learns from {size} pictures at a time: {_told(need(size))}. The "
            f"gradients of {parts} times are added up, and a step still learns from "
            f"{config.loop.batch_size}"
        )
    return with_values(config, {"micro_batch": size})


def _largest(config: Config, least: MemoryNeed, most: MemoryNeed, room: int) -> int:
    """The largest micro-batch that fits into so many bytes; they grow with it in a line."""
    each = max(most.total - least.total, 1) / max(most.images - 1, 1)
    each_process = config.loop.batch_size // num_processes()
    sizes = [size for size in range(1, most.images + 1) if each_process % size == 0]
    return max(size for size in sizes if size == 1 or least.total + (size - 1) * each <= room)


def _free(device: torch.device) -> int | None:
    """Bytes for each process: those on one machine share its memory. All find the same."""
    found: list[int] = [free for free in from_all(free_memory(device)) if free is not None]
    if not found:
        return None
    num_here = int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if device.type == "cpu" else 1
    return min(found) // num_here


def _told(need: MemoryNeed) -> str:
    kept = ", ".join(f"{name} {_size(number)}" for name, number in need.kept.items())
    noun = "picture" if need.images == 1 else "pictures"
    return (
        f"about {_size(need.total)} ({kept}, what is computed of {need.images} {noun} at once "
        f"{_size(need.computed)})"
    )


def _told_free(free: int | None, device: torch.device) -> str:
    where = "this GPU" if device.type == "cuda" else "this machine"
    if free is None:
        return f"how much {where} has free is not known"
    each = " for each process" if num_processes() > 1 else ""
    return f"{where} has {_size(free)} free{each}"


def _size(number: int) -> str:
    return f"{number / 2**30:.1f} GiB" if number >= 2**30 else f"{number / 2**20:.0f} MiB"


def _mend(config: TrainingConfig) -> str:
    checkpointing = "" if config.loop.gradient_checkpointing else "--gradient-checkpointing, "
    return f"Try {checkpointing}a smaller --preset, or a machine with more"
