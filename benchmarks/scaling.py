"""How the native model's time grows with batch and steps, and how near it comes to the floor.

The floor of a call is, step by step, the longer of its arithmetic at the rate of large matrix
products and its bytes at the rate of reading memory, plus the arithmetic of the pixels. Both are
counted from the settings (`benchmarks/counting.py`), and both rates are measured in the same run. A
model whose weights fit into a cache can be faster than reading them from memory: then only the
arithmetic limits it, and the fraction says little.
"""

from __future__ import annotations

import inspect
import statistics
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.clock import Clock
from benchmarks.counting import BYTES, Work, native_work, tokenizer_operations
from benchmarks.matmul import Device, best_rate
from benchmarks.memory import read_rates
from benchmarks.plot import lines
from benchmarks.random_models import check_precision
from benchmarks.table import Cell, Out, Table, out_path, spread

if TYPE_CHECKING:
    import torch

    from dall_e.config import ModelConfig
    from dall_e.pipeline import DALL_E

PROMPT = "a white cat sleeping on a windowsill"


def measure(
    model: Annotated[
        str, typer.Option(help="Known name or folder of a native model.")
    ] = "dall-e-emoji",
    batches: Annotated[str, typer.Option(help="Pictures per call.")] = "1,2,4,8,16,32",
    steps: Annotated[
        str, typer.Option(help="Steps; more than the picture has tokens are as many.")
    ] = "8,16,32,64,128,256",
    precision: Annotated[str, typer.Option(help=f"One of {', '.join(BYTES)}.")] = "fp32",
    rounds: Annotated[int, typer.Option(min=1, help="Times that each call is measured.")] = 5,
    read_mib: Annotated[
        int, typer.Option(min=1, help="Size of the block that shows how fast memory is read.")
    ] = 512,
    device: Device = "auto",
    out: Out = None,
) -> None:
    """Seconds and pictures per second of the native model by batch and steps, and the floor."""
    from dall_e.config import ModelConfig
    from dall_e.runtime import pick_device

    where = pick_device(device)
    table = Table("scaling")
    drawing = _load(model, precision).to(where)
    config = drawing.config
    if not isinstance(config, ModelConfig):
        raise typer.BadParameter(
            f"--model: {model} is no native model; `benchmarks peers` measures the others"
        )

    rates = _rates(table, precision, where, read_mib)
    most_steps = config.generator.num_tokens
    clock = Clock(where)
    series: dict[str, list[tuple[float, float]]] = {}
    for count in dict.fromkeys(min(int(text), most_steps) for text in steps.split(",")):
        for batch in map(int, batches.split(",")):
            print(f"{count} steps, {batch} pictures", file=sys.stderr, flush=True)
            seconds = _seconds(drawing, batch, count, clock, rounds)
            work, floor = _floor(config, batch, count, precision, rates)
            table.add(**_cells(batch, count, seconds, work, floor))
            point = batch, batch / statistics.median(seconds)
            series.setdefault(f"{count} steps", []).append(point)

    table.finish(out)
    _write_plot(out_path("scaling", out).with_suffix(".svg"), series)


def _rates(
    table: Table, precision: str, device: torch.device, read_mib: int
) -> tuple[float, float]:
    """Measure operations and bytes read per second, and make them the table's first rows."""
    import torch

    from dall_e.runtime import computes_bf16

    quantised = precision.startswith("int")
    in_bf16 = precision == "bf16" or (quantised and computes_bf16(device))
    dtype = torch.bfloat16 if in_bf16 else torch.float32
    operations = best_rate(dtype, device)
    read = statistics.median(read_rates(device, read_mib, 5))

    name = str(dtype).removeprefix("torch.")
    table.add(what=f"matrix products, {name}", gflop_s=round(operations / 1e9, 1))
    table.add(what="memory, read", gb_s=round(read / 1e9, 1))
    return operations, read


def _write_plot(path: Path, series: dict[str, list[tuple[float, float]]]) -> None:
    path.write_text(lines("pictures per second by batch", series), encoding="utf-8")
    print(path, file=sys.stderr)


def _load(model: str, precision: str) -> DALL_E:
    """Load the model; raises typer.BadParameter for what the library does not have."""
    from dall_e.pipeline import DALL_E

    try:
        check_precision(precision)
        load: Any = DALL_E.from_pretrained
        if precision.startswith("int"):
            assert "quantization" in inspect.signature(load).parameters
            return load(model, quantization=precision)  # type: ignore[no-any-return]
        dtype = {"fp32": "float32", "bf16": "bfloat16"}[precision]
        return load(model, dtype=dtype)  # type: ignore[no-any-return]
    except (ValueError, FileNotFoundError) as error:
        raise typer.BadParameter(str(error)) from error


def _seconds(model: DALL_E, batch: int, steps: int, clock: Clock, rounds: int) -> list[float]:
    """Return the seconds of whole calls, from prompt to images in memory.

    A call before them does not count.
    """

    def draw() -> None:
        model(PROMPT, num_images_per_prompt=batch, num_inference_steps=steps, seed=1)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        draw()
        return [clock.timed(draw) for _ in range(rounds)]


def _floor(
    config: ModelConfig, batch: int, steps: int, precision: str, rates: tuple[float, float]
) -> tuple[Work, float]:
    """Return all work of a call, and the least seconds that it can take.

    It counts as one batch, whatever the pipeline makes of it.
    """
    from dall_e.sampling.orders import group_sizes

    sampling = config.sampling
    groups = group_sizes(config.generator.num_tokens, steps, sampling.schedule, sampling.max_group)
    rows = batch * (1 if sampling.guidance_scale == 1 else 2)

    # The built-in weights hold eight bits, whatever is computed with; keys and values are kept in
    # float32.
    parts = native_work(config, groups, rows, min(BYTES[precision], 1.0), 4.0)
    parts.append(Work(operations=batch * tokenizer_operations(config.tokenizer)))
    return sum(parts, Work()), sum(part.seconds(*rates) for part in parts)


def _cells(
    batch: int, steps: int, seconds: list[float], work: Work, floor: float
) -> dict[str, Cell]:
    median = statistics.median(seconds)
    return {
        "what": f"{batch} x {steps} steps",
        **spread(seconds),
        "pictures_s": round(batch / median, 3),
        "gflop_s": round(work.operations / median / 1e9, 2),
        "gb_s": round(work.moved / median / 1e9, 2),
        "floor": round(floor, 4),
        "fraction": round(floor / median, 3),
    }
