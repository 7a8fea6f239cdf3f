"""What this machine can do at most: matrix products in two number formats, and memory copies."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from benchmarks.table import Out, Table, spread

if TYPE_CHECKING:
    import torch

Device = Annotated[str, typer.Option(help="cpu, cuda, or auto.")]


def measure(
    sizes: Annotated[str, typer.Option(help="Sides of the square matrices.")] = "512,1024,2048",
    rounds: Annotated[int, typer.Option(min=1, help="Times that each product is measured.")] = 9,
    copy_mib: Annotated[int, typer.Option(min=1, help="Size of the block that is copied.")] = 256,
    device: Device = "auto",
    out: Out = None,
) -> None:
    """Rates of bfloat16 and float32 matrix products (Gflop/s) and of copies (GB/s, both ways)."""
    import torch

    from dall_e.runtime import computes_bf16, pick_device

    table = Table("matmul")
    where = pick_device(device)

    for dtype in (torch.bfloat16, torch.float32):
        name = str(dtype).removeprefix("torch.")
        if dtype == torch.bfloat16 and not computes_bf16(where):
            name += " (emulated)"
        for side in map(int, sizes.split(",")):
            rates = [rate / 1e9 for rate in matmul_rates(side, dtype, where, rounds)]
            table.add(what=f"{name} {side} x {side} x {side}, Gflop/s", **spread(rates, 1))

    # A copy reads and writes every byte.
    block = torch.zeros(copy_mib * 2**20, dtype=torch.uint8, device=where)
    target = torch.empty_like(block)
    seconds = seconds_of(lambda: target.copy_(block), where, rounds)
    rates = [2 * block.numel() / each / 1e9 for each in seconds]
    table.add(what=f"copy of {copy_mib} MiB, GB/s", **spread(rates, 1))
    table.finish(out)


def matmul_rates(side: int, dtype: torch.dtype, device: torch.device, rounds: int) -> list[float]:
    """Return the flop/s of a product of two square matrices, by round."""
    import torch

    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(side, side, generator=generator).to(device, dtype) for _ in range(2))
    result = torch.empty_like(left)
    seconds = seconds_of(lambda: torch.mm(left, right, out=result), device, rounds)
    return [2 * side**3 / each for each in seconds]


def best_rate(dtype: torch.dtype, device: torch.device, side: int = 2048, rounds: int = 9) -> float:
    """Return the median flop/s of large products: the most that a network could reach."""
    return statistics.median(matmul_rates(side, dtype, device, rounds))


def seconds_of(work: Callable[[], object], device: torch.device, rounds: int) -> list[float]:
    """Return the seconds of one call of `work`, measured `rounds` times.

    Each time is the mean over enough calls for the clock to be exact, about 50 ms.
    """
    import torch

    def mean_of(calls: int) -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        begun = time.perf_counter()
        for _ in range(calls):
            work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return (time.perf_counter() - begun) / calls

    mean_of(2)  # What happens on first use does not count.
    calls = max(1, min(1000, round(0.05 / mean_of(1))))
    return [mean_of(calls) for _ in range(rounds)]
