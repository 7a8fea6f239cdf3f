"""How fast this machine reads its memory."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benchmarks.matmul import seconds_of

if TYPE_CHECKING:
    import torch


def read_rates(device: torch.device, mebibytes: int, rounds: int) -> list[float]:
    """Return the bytes per second of reading a block that no cache holds, by round.

    All threads read. The block is read in two ways, summed up and multiplied by a vector, and the
    way with the better median counts.
    """
    import torch

    block = torch.ones(mebibytes * 2**10, 256, device=device)
    vector, result = torch.ones(256, device=device), torch.empty(len(block), device=device)
    summed = seconds_of(block.sum, device, rounds)
    multiplied = seconds_of(lambda: torch.mv(block, vector, out=result), device, rounds)

    fastest = min(summed, multiplied, key=statistics.median)
    return [block.numel() * block.element_size() / seconds for seconds in fastest]
