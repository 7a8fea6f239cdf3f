"""What this machine can do at most: matrix products in two number formats, and copies in memory."""

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
    """Rate of bfloat16 and float32 matrix products in Gflop/s, and of copies in GB/s (read plus
    written)."""
    import torch

    from dall_e.runtime import computes_bf16, pick_device

    table = Table("matmul")
    where = pick_device(device)
    for dtype in (torch.bfloat16, torch.float32):
        name = str(dtype).removeprefix("torch.")
        note = " (emulated)" if dtype == torch.bfloat16 and not computes_bf16(where) else ""
        for side in map(int, sizes.split(",")):
            rates = matmul_rates(side, dtype, where, rounds)
            table.add(
                what=f"{name}{note} {side} x {side} x {side}, Gflop/s",
                **spread([r / 1e9 for r in rates], 1),
            )
    block = torch.zeros(copy_mib * 2**20, dtype=torch.uint8, device=where)
    target = torch.empty_like(block)
    seconds = seconds_of(lambda: target.copy_(block), where, rounds)
    table.add(
        what=f"copy of {copy_mib} MiB, GB/s",
        **spread([2 * block.numel() / s / 1e9 for s in seconds], 1),
    )
    table.finish(out)


def matmul_rates(side: int, dtype: torch.dtype, device: torch.device, rounds: int) -> list[float]:
    """Flop/s of a product of two square matrices, by round."""
    import torch

    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(side, side, generator=generator).to(device, dtype) for _ in range(2))
    result = torch.empty_like(left)
    return [
        2 * side**3 / seconds
        for seconds in seconds_of(lambda: torch.mm(left, right, out=result), device, rounds)
    ]


def best_rate(dtype: torch.dtype, device: torch.device, side: int = 2048, rounds: int = 9) -> float:
    """The median flop/s of large products: what a training step could reach if it were nothing
    else."""
    return statistics.median(matmul_rates(side, dtype, device, rounds))


def seconds_of(work: Callable[[], object], device: torch.device, rounds: int) -> list[float]:
    """Seconds of one call of `work`, measured `rounds` times over enough calls for the clock to be
    exact."""
    import torch

    def once(calls: int) -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        begun = time.perf_counter()
        for _ in range(calls):
            work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return (time.perf_counter() - begun) / calls

    once(2)
    calls = max(1, min(1000, round(0.05 / once(1))))
    return [once(calls) for _ in range(rounds)]
