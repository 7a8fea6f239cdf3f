"""How fast this machine reads its memory, and how much of it is free."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.matmul import seconds_of

if TYPE_CHECKING:
    import torch


def read_rates(device: torch.device, mebibytes: int, rounds: int) -> list[float]:
    """Bytes per second of reading a block that no cache holds, with all threads, by round.

    It is read in two ways, added up and multiplied by a vector; the way with the better median counts.
    """
    import torch

    block = torch.ones(mebibytes * 2**10, 256, device=device)
    vector, result = torch.ones(256, device=device), torch.empty(len(block), device=device)
    ways = (
        seconds_of(block.sum, device, rounds),
        seconds_of(lambda: torch.mv(block, vector, out=result), device, rounds),
    )
    fastest = min(ways, key=statistics.median)
    return [block.numel() * block.element_size() / seconds for seconds in fastest]


def free_bytes(device: torch.device) -> int | None:
    """Memory that is still to be had; None where the system does not say."""
    if device.type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None
