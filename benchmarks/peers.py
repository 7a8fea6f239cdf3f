"""Ours beside the code of other projects: the same work, random weights of the published shapes, in
one run, by turns.

Each row also has its floor: the least time that reading its weights once for every token takes at
the rate at which this machine reads memory, plus the arithmetic of the pixel decoder at the rate of
large matrix products, both measured in the same run. The share is floor over time. Caches, norms
and the choice of codes are not in the floor, so no code reaches all of it. Packages of peers are
optional: `pip install 'open-dalle[bench]'`, and `pip install --no-deps dalle-pytorch`, whose own
requirements no longer install.

With `--tokens` only the first tokens are drawn and what they take is scaled up: a quick look, which
flatters whoever attends only to what is there, as later tokens then take longer. Numbers to be
quoted are of whole pictures.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.clock import Times
from benchmarks.comparison import Side, by_turns, ratio
from benchmarks.counting import BYTES, Work, raster_work, vqgan_operations
from benchmarks.matmul import Device, best_rate
from benchmarks.memory import read_rates
from benchmarks.plot import Bar, bars
from benchmarks.rivals import MissingPeerError
from benchmarks.shapes import SHAPES, Shape, check_precision, count_parameters, tiny
from benchmarks.table import Cell, Out, Table, spread

if TYPE_CHECKING:
    import torch

_ROOM = 1.3
"""Memory that drawing takes, in sizes of the weights; they are in memory once more while they are
made."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What the machine can do at most."""

    read: float
    """Bytes read per second."""
    operations: float
    """Floating-point operations per second, in the number format that is fastest."""


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
    """Seconds per picture of ours and of peers, ratios, and the fraction of what the machine
    allows."""
    from dall_e.runtime import pick_device

    names, precisions = _listed(rows), _listed(quantization)
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
    where = pick_device(device)
    table = Table("peers")
    rates = _rates(table, where, small=tiny)
    drawn: list[Bar] = []
    for name in names:
        drawn += _row(table, name, _Run(precisions, rounds, tokens, tiny, where, rates))
    table.finish(out)
    image = (out or Path("out") / "bench" / "peers.json").with_suffix(".svg")
    image.write_text(bars("seconds per picture; the mark is the floor", drawn), encoding="utf-8")
    _say(str(image))


@dataclass(frozen=True)
class _Run:
    precisions: list[str]
    rounds: int
    tokens: int
    tiny: bool
    device: torch.device
    rates: Rates


def _row(table: Table, name: str, run: _Run) -> list[Bar]:
    """All sides of one shape. Sides that are missing, or do not fit into memory, are told and left
    out."""
    shape = tiny(SHAPES[name]) if run.tiny else SHAPES[name]
    num_tokens = shape.config.generator.num_tokens
    tokens = min(run.tokens or num_tokens, num_tokens)
    short = _lacking(shape, run, rival=name in _RIVALS)
    if short:
        _say(f"{name}: left out, {short}")
        table.add(what=f"{name}: left out, {short}")
        return []
    sides, precisions = _sides(name, shape, run)
    taken = by_turns(sides, run.rounds, tokens, lambda text: _say(f"{name}: {text}"))
    part = "" if tokens == num_tokens else f", from {tokens} of {num_tokens} tokens"
    bars_of_row = []
    theirs = None if len(sides) == len(run.precisions) else _images(taken[0], num_tokens)
    for number, (side, precision, times) in enumerate(zip(sides, precisions, taken, strict=True)):
        images = _images(times, num_tokens)
        floor = _floor(shape, precision).seconds_at(run.rates)
        cells: dict[str, Cell] = {"what": f"{name}: {side.name}{part}", **spread(images)}
        if theirs is not None and number:
            cells |= ratio(theirs, images)
        median = statistics.median(images)
        cells |= {
            "pixels": round(statistics.median([each.pixels for each in times]), 3),
            "floor": round(floor, 4),
            "share": round(floor / median, 3),
        }
        table.add(**cells)
        bars_of_row.append(
            Bar(f"{name}: {side.name}{part}", median, min(images), max(images), floor)
        )
    return bars_of_row


@dataclass(frozen=True)
class _Floor:
    tokens: Work
    pixels: Work

    def seconds_at(self, rates: Rates) -> float:
        return sum(
            part.seconds(rates.operations, rates.read) for part in (self.tokens, self.pixels)
        )


def _floor(shape: Shape, precision: str) -> _Floor:
    """Least work of a picture."""
    pixels = vqgan_operations(shape.config.tokenizer) if shape.pixels else 0
    return _Floor(raster_work(shape.config.generator, BYTES[precision]), Work(operations=pixels))


def _sides(name: str, shape: Shape, run: _Run) -> tuple[list[Side], list[str]]:
    """Theirs first, if there is one, then ours; and the precision of each one's weights."""
    from benchmarks.ours import Ours

    sides: list[Side] = []
    precisions: list[str] = []
    if name in _RIVALS:
        try:
            _say(f"{name}: building theirs")
            rival = _RIVALS[name](shape, run.device)
            sides.append(rival)
            precisions.append(_precision_of(rival))
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


def _precision_of(rival: Side) -> str:
    """By its name; float16 has as many bytes as bfloat16."""
    return "fp32" if "fp32" in rival.name else "bf16"


def _min_dalle(shape: Shape, device: torch.device) -> Side:
    from benchmarks.rivals.min_dalle import MinDalle

    return MinDalle(shape, device)


def _janus(shape: Shape, device: torch.device) -> Side:
    from benchmarks.rivals.janus import Janus

    return Janus(shape, device)


def _dalle_pytorch(shape: Shape, device: torch.device) -> Side:
    from benchmarks.rivals.dalle_pytorch import DallePytorch

    return DallePytorch(shape, device)


def _llamagen(shape: Shape, device: torch.device) -> Side:
    from benchmarks.rivals.llamagen import LlamaGen

    return LlamaGen(shape, device)


_RIVALS: dict[str, Callable[[Shape, Any], Side]] = {
    "mini": _min_dalle,
    "mega": _min_dalle,
    "janus-1b": _janus,
    "dalle-pytorch": _dalle_pytorch,
    "llamagen-b": _llamagen,
    "llamagen-l": _llamagen,
    "llamagen-xl": _llamagen,
    "llamagen-xl-512": _llamagen,
}


def _rates(table: Table, device: torch.device, *, small: bool) -> Rates:
    """Measures them, and makes them the table's first rows."""
    import torch

    from dall_e.runtime import computes_bf16

    dtype = torch.bfloat16 if computes_bf16(device) else torch.float32
    read = read_rates(device, 8 if small else 512, 3 if small else 9)
    operations = best_rate(dtype, device, 128 if small else 2048)
    table.add(
        what=f"memory, GB/s read by {torch.get_num_threads()} threads",
        **spread([r / 1e9 for r in read], 1),
    )
    name = str(dtype).removeprefix("torch.")
    table.add(what=f"matrix products, {name}, Gflop/s", median=round(operations / 1e9, 1))
    return Rates(read=statistics.median(read), operations=operations)


def _lacking(shape: Shape, run: _Run, *, rival: bool) -> str:
    """What keeps a shape from being measured here; empty if nothing does."""
    from dall_e.runtime import free_memory

    # Both sides are in memory together: by turns is the point.
    bytes_of = sum(BYTES[precision] for precision in run.precisions) + (4.0 if rival else 0.0)
    needed = _ROOM * bytes_of * sum(count_parameters(shape).values())
    free = free_memory(run.device)
    if free is None or needed <= free:
        return ""
    return f"it needs {needed / 2**30:.1f} GiB of memory, {free / 2**30:.1f} are free; fewer precisions need less"


def _images(times: list[Times], num_tokens: int) -> list[float]:
    return [each.image(num_tokens) for each in times]


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
