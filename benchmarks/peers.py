"""Ours beside the code of other projects: the same work, by turns, in one run.

Both sides have random weights of the published shapes. Each row also has its floor: the least time
that reading its weights once for every token takes at the rate at which this machine reads memory,
plus the arithmetic of the pixel decoder at the rate of large matrix products. Both rates are
measured in the same run. The fraction is floor over time. Caches, norms and the choice of codes are
not in the floor, so no code reaches all of it.

Packages of peers are optional: `pip install 'open-dalle[bench]'`, and `pip install --no-deps
dalle-pytorch`, whose own requirements no longer install.

With `--tokens` only the first tokens are drawn and what they take is scaled up: a quick look, which
flatters whoever attends only to what is there, as later tokens then take longer. Numbers to be
quoted are of whole images.
"""

from __future__ import annotations

import importlib
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from benchmarks.clock import Times
from benchmarks.comparison import Side, by_turns, ratio
from benchmarks.counting import BYTES, Work, raster_work, vqgan_operations
from benchmarks.matmul import Device, best_rate
from benchmarks.memory import read_rates
from benchmarks.plot import Bar, bars
from benchmarks.random_models import check_precision, count_parameters
from benchmarks.rivals import MissingPeerError
from benchmarks.shapes import SHAPES, Shape, tiny
from benchmarks.table import Cell, Out, Table, out_path, spread

if TYPE_CHECKING:
    import torch

# Shape: (module of benchmarks.rivals, class in it).
_RIVALS = {
    "mini": ("min_dalle", "MinDalle"),
    "mega": ("min_dalle", "MinDalle"),
    "janus-1b": ("janus", "Janus"),
    "dalle-pytorch": ("dalle_pytorch", "DallePytorch"),
    "llamagen-b": ("llamagen", "LlamaGen"),
    "llamagen-l": ("llamagen", "LlamaGen"),
    "llamagen-xl": ("llamagen", "LlamaGen"),
    "llamagen-xl-512": ("llamagen", "LlamaGen"),
}
_MEMORY_FACTOR = 1.3
"""Memory that drawing takes, in sizes of the weights, which exist twice while they are made."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What the machine can do at most."""

    read: float
    """Bytes read per second."""
    operations: float
    """Floating-point operations per second, in the number format that is fastest."""


@dataclass(frozen=True)
class _Run:
    """What the user asked for, and the machine."""

    precisions: list[str]
    rounds: int
    tokens: int
    tiny: bool
    device: torch.device
    rates: Rates


def measure(
    rows: Annotated[
        str, typer.Option(help=f"Shapes, of {', '.join(SHAPES)}.")
    ] = "mini,dalle-pytorch,llamagen-b",
    quantization: Annotated[
        str,
        typer.Option(help=f"Precisions of our side, of {', '.join(BYTES)}: each is drawn with."),
    ] = "fp32,bf16",
    rounds: Annotated[int, typer.Option(min=1, help="Times that each side draws.")] = 5,
    tokens: Annotated[
        int,
        typer.Option(
            min=0, help="Draw only so many tokens, and scale up what they take; 0 draws all."
        ),
    ] = 0,
    tiny: Annotated[
        bool, typer.Option("--tiny", help="Every shape small: to see that it runs, not how fast.")
    ] = False,
    device: Device = "auto",
    out: Out = None,
) -> None:
    """Seconds per picture of ours and of peers, ratios, and the fraction of the floor."""
    from dall_e.runtime import pick_device

    names, precisions = _listed(rows), _listed(quantization)
    _check_flags(names, precisions, tokens)
    where = pick_device(device)
    table = Table("peers")
    rates = _rates(table, where, small=tiny)
    run = _Run(precisions, rounds, tokens, tiny, where, rates)

    measured: list[Bar] = []
    for name in names:
        measured += _measure_shape(table, name, run)
    table.finish(out)
    image = out_path("peers", out).with_suffix(".svg")
    image.write_text(bars("seconds per picture; the mark is the floor", measured), encoding="utf-8")
    _say(str(image))


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _check_flags(names: Sequence[str], precisions: Sequence[str], tokens: int) -> None:
    """Raise typer.BadParameter for what cannot be measured."""
    for name in names:
        if name not in SHAPES:
            raise typer.BadParameter(f"--rows: {name!r} is not one of {', '.join(SHAPES)}")
    for precision in precisions:
        try:
            check_precision(precision)
        except ValueError as error:
            raise typer.BadParameter(f"--quantization: {error}") from error
    if tokens == 1:
        raise typer.BadParameter(
            "--tokens: at least 2 are needed, the first one shows what the others take"
        )


def _rates(table: Table, device: torch.device, *, small: bool) -> Rates:
    """Measure the machine, and make what it can do the table's first rows."""
    import torch

    from dall_e.runtime import computes_bf16

    dtype = torch.bfloat16 if computes_bf16(device) else torch.float32
    read = read_rates(device, 8 if small else 512, 3 if small else 9)
    operations = best_rate(dtype, device, 128 if small else 2048)

    num_threads = torch.get_num_threads()
    gigabytes = [rate / 1e9 for rate in read]
    table.add(what=f"memory, GB/s read by {num_threads} threads", **spread(gigabytes, 1))
    name = str(dtype).removeprefix("torch.")
    table.add(what=f"matrix products, {name}, Gflop/s", median=round(operations / 1e9, 1))
    return Rates(read=statistics.median(read), operations=operations)


# One shape


def _measure_shape(table: Table, name: str, run: _Run) -> list[Bar]:
    """Measure all sides of one shape, a row of the table and a bar each.

    Sides that are missing are left out, and so is a shape that does not fit into memory; both are
    told.
    """
    shape = tiny(SHAPES[name]) if run.tiny else SHAPES[name]
    lacking = _lacking(shape, run, rival=name in _RIVALS)
    if lacking:
        _say(f"{name}: left out, {lacking}")
        table.add(what=f"{name}: left out, {lacking}")
        return []

    # Draw by turns.
    num_tokens = shape.config.generator.num_tokens
    tokens = min(run.tokens or num_tokens, num_tokens)
    sides, precisions = _sides(name, shape, run)
    times_of_side = by_turns(sides, run.rounds, tokens, lambda text: _say(f"{name}: {text}"))
    seconds_of_side = [[times.image(num_tokens) for times in each] for each in times_of_side]

    # A row for each side; theirs, if there is one, comes first and is what ours is compared with.
    part = "" if tokens == num_tokens else f", from {tokens} of {num_tokens} tokens"
    has_rival = len(sides) > len(run.precisions)
    measured = []
    for number, (side, precision) in enumerate(zip(sides, precisions, strict=True)):
        label = f"{name}: {side.name}{part}"
        seconds, times = seconds_of_side[number], times_of_side[number]
        floor = _floor(shape, precision).seconds_at(run.rates)
        against_theirs = ratio(seconds_of_side[0], seconds) if has_rival and number else {}
        table.add(
            what=label, **spread(seconds), **against_theirs, **_floor_cells(seconds, times, floor)
        )
        median = statistics.median(seconds)
        measured.append(Bar(label, median, min(seconds), max(seconds), floor))
    return measured


def _floor_cells(seconds: list[float], times: list[Times], floor: float) -> dict[str, Cell]:
    return {
        "pixels": round(statistics.median([each.pixels for each in times]), 3),
        "floor": round(floor, 4),
        "fraction": round(floor / statistics.median(seconds), 3),
    }


def _lacking(shape: Shape, run: _Run, *, rival: bool) -> str:
    """Return what keeps a shape from being measured here; empty if nothing does."""
    from dall_e.runtime import free_memory

    # Both sides are in memory together, as they draw by turns.
    bytes_per_weight = sum(BYTES[precision] for precision in run.precisions)
    bytes_per_weight += BYTES["fp32"] if rival else 0.0
    needed = _MEMORY_FACTOR * bytes_per_weight * sum(count_parameters(shape).values())
    free = free_memory(run.device)
    if free is None or needed <= free:
        return ""
    return (
        f"it needs {needed / 2**30:.1f} GiB of memory, {free / 2**30:.1f} are free; "
        "fewer precisions need less"
    )


def _sides(name: str, shape: Shape, run: _Run) -> tuple[list[Side], list[str]]:
    """Build theirs, if there is one, then ours; and tell the precision of each one's weights."""
    from benchmarks.ours import Ours

    sides: list[Side] = []
    precisions: list[str] = []
    if name in _RIVALS:
        try:
            _say(f"{name}: building theirs")
            rival = _rival(name, shape, run.device)
            sides.append(rival)
            # By its name; float16 has as many bytes as bfloat16.
            precisions.append("fp32" if "fp32" in rival.name else "bf16")
        except MissingPeerError as error:
            _say(f"{name}: only ours, for {error}")

    for precision in run.precisions:
        _say(f"{name}: building ours, {precision}")
        try:
            sides.append(Ours(shape, precision, run.device))
        except ValueError as error:
            # What the library itself refuses, such as a precision for another device.
            raise typer.BadParameter(f"--quantization {precision}: {error}") from error
        precisions.append(precision)
    return sides, precisions


def _rival(name: str, shape: Shape, device: torch.device) -> Side:
    module, class_name = _RIVALS[name]
    rival_class = getattr(importlib.import_module(f"benchmarks.rivals.{module}"), class_name)
    rival: Side = rival_class(shape, device)
    return rival


# The floor of one shape


@dataclass(frozen=True)
class _Floor:
    """The least work of an image."""

    tokens: Work
    pixels: Work

    def seconds_at(self, rates: Rates) -> float:
        """Return the least seconds, tokens first, then pixels."""
        parts = (self.tokens, self.pixels)
        return sum(part.seconds(rates.operations, rates.read) for part in parts)


def _floor(shape: Shape, precision: str) -> _Floor:
    pixels = vqgan_operations(shape.config.tokenizer) if shape.pixels else 0
    return _Floor(raster_work(shape.config.generator, BYTES[precision]), Work(operations=pixels))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
