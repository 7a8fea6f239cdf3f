"""Images per second of the training stages, and how much of that time is arithmetic.

The fraction is (floating-point operations per image, counted by torch in one uncompiled cycle of
steps) x (images per second, as the loop's own log has them) / (the machine's measured rate of large
matrix products in the same number format). Images are noise of the right shape. Reading and
captions cost what they cost in training; sheets and checkpoints are left out.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.matmul import Device, best_rate
from benchmarks.table import Cell, Out, Table, spread

if TYPE_CHECKING:
    from dall_e.config import GeneratorTraining, TokenizerTraining, TrainingConfig
    from dall_e.training.stage import Stage

NUM_IMAGES = 256
CYCLE = 8
"""Steps after which everything has happened: gradient penalties come every 8th step."""
_COMPILED = {"no": (False,), "yes": (True,), "both": (False, True)}


def measure(
    presets: Annotated[str, typer.Option(help="Presets of config.py.")] = "xs64,xs",
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures per step.")] = 64,
    windows: Annotated[
        int, typer.Option(min=1, help="Times that 8 steps are measured, after 8 that do not count.")
    ] = 3,
    compile: Annotated[str, typer.Option(help="no, yes, or both.")] = "no",
    beside: Annotated[
        bool, typer.Option(help="Also the generator's steps beside a plain loop and DALLE-pytorch.")
    ] = True,
    device: Device = "auto",
    out: Out = None,
) -> None:
    """Pictures per second of training the tokenizer (also with its discriminator) and generator."""
    from benchmarks.trainers import rows_beside
    from dall_e.config import GeneratorTraining, with_values
    from dall_e.runtime import pick_device, pick_dtype

    if compile not in _COMPILED:
        raise typer.BadParameter(f"--compile is no, yes or both, got {compile}")
    table = Table("training")
    where = pick_device(device)
    dtype = pick_dtype("auto", where)
    rate = best_rate(dtype, where)
    dtype_name = str(dtype).removeprefix("torch.")
    table.add(what=f"matrix products, {dtype_name}", tflops=round(rate / 1e12, 4), fraction=1.0)

    for preset in presets.split(","):
        with tempfile.TemporaryDirectory() as folder:
            configs = make_configs(Path(folder), preset, batch_size, device, windows)
            for name, config in configs.items():
                operations = _operations_per_image(config)
                for compiled in _COMPILED[compile]:
                    run = f"{name}-compiled" if compiled else name
                    out_folder = str(Path(folder) / "runs" / run)
                    speeds = _speeds(with_values(config, {"compile": compiled, "out": out_folder}))
                    label = f"{preset} {name}" + (", compiled" if compiled else "")
                    table.add(what=label, **_cells(speeds, operations, rate))
            generator = configs["generator"]
            assert isinstance(generator, GeneratorTraining)
            for row in rows_beside(generator) if beside else ():
                table.add(**row)
    table.finish(out)


def _cells(speeds: list[float], operations: float, rate: float) -> dict[str, Cell]:
    """Return the cells of a row, for operations per image and the machine's rate."""
    cells = spread(speeds, 2)
    speed = float(cells["median"] or 0)
    return {
        "pictures_s": speed,
        **{name: cell for name, cell in cells.items() if name != "median"},
        "gflop_picture": round(operations / 1e9, 3),
        "tflops": round(operations * speed / 1e12, 4),
        "fraction": round(operations * speed / rate, 3),
    }


def make_configs(
    folder: Path, preset: str, batch_size: int, device: str, windows: int
) -> dict[str, TokenizerTraining | GeneratorTraining]:
    """Return the settings of what is measured.

    Writes the images and the run folder of the tokenizer that they need.
    """
    from dall_e.config import GeneratorTraining, TokenizerTraining, with_values
    from dall_e.training.loop import fit

    write_images(folder / "pictures", preset, NUM_IMAGES)
    shared: dict[str, Any] = {
        "data": str(folder / "pictures"),
        "preset": preset,
        "device": device,
        "batch_size": batch_size,
        "images": batch_size * CYCLE * (windows + 1),
        "log_every": CYCLE,
        "save_minutes": 1e9,
        "sample_minutes": 1e9,
    }
    # Full-size images only: the mix of two sizes would make the count of operations a matter of
    # chance.
    full_size = with_values(TokenizerTraining(), {**shared, "coarse_fraction": 0.0})
    alone = with_values(full_size, {"adversarial_weight": 0.0})
    judged = with_values(full_size, {"adversarial_start": 0.0})

    # A generator starts from the run folder of a tokenizer; one step makes one.
    tokenizer = str(folder / "tokenizer")
    single_step = with_values(alone, {"out": tokenizer, "batch_size": 1, "images": 1})
    fit(single_step, _stage(single_step))
    generator = with_values(
        GeneratorTraining(),
        {**shared, "out": str(folder / "generator"), "tokenizer": tokenizer, "views": 1},
    )
    return {"tokenizer": alone, "tokenizer and discriminator": judged, "generator": generator}


def write_images(folder: Path, preset: str, count: int) -> None:
    """Write pictures of noise, as large as a preset has them; their names are captions."""
    import numpy as np

    from dall_e.config import PRESETS
    from dall_e.images.files import encode_png

    side = PRESETS[preset].tokenizer.image_size
    rng = np.random.default_rng(0)
    folder.mkdir()
    for number in range(count):
        image = rng.integers(0, 256, (4, side, side), dtype=np.uint8)
        image[3] = 255
        (folder / f"a picture of noise number {number}.png").write_bytes(encode_png(image))


def _stage(config: TrainingConfig) -> Stage[Any]:
    """Build the stage of some settings; its sample sheets do nothing."""
    from dall_e.config import PRESETS, GeneratorTraining, TokenizerTraining
    from dall_e.data.datasets import load_images
    from dall_e.training.generator_stage import GeneratorStage
    from dall_e.training.tokenizer_stage import TokenizerStage

    class Tokenizer(TokenizerStage):
        def sample(self, path: Path) -> dict[str, float]:
            return {}

    class Generator(GeneratorStage):
        def sample(self, path: Path) -> dict[str, float]:
            return {}

    if isinstance(config, GeneratorTraining):
        return Generator(config)
    assert isinstance(config, TokenizerTraining)
    size = PRESETS[config.start.preset].tokenizer.image_size
    held_out = load_images(config.data, size, split="val")
    return Tokenizer(config, load_images(config.data, size), held_out)


def _operations_per_image(config: TrainingConfig) -> float:
    """Count the operations of products and convolutions, forward and backward, per image."""
    import torch

    from benchmarks.operations import Operations
    from dall_e.config import with_values

    # The number does not depend on the batch; a small one counts sooner.
    size = min(config.loop.batch_size, 4)
    stage = _stage(with_values(config, {"batch_size": size}))
    players = {player.name: player for player in stage.players}
    with Operations() as counter:
        for step in range(CYCLE):
            for name, output in stage.losses(stage.batch(step * size), 0.5):
                torch.autograd.backward(output.loss)
                players[name].module.zero_grad(set_to_none=True)
    stage.close()
    return float(counter.total) / (CYCLE * size)


def _speeds(config: TrainingConfig) -> list[float]:
    """Return the images per second of each window after the first, by the run's own log."""
    from dall_e.training.loop import fit

    fit(config, _stage(config))
    lines = (Path(config.run_folder) / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    speeds = [float(entry["images_per_second"]) for entry in entries if entry["kind"] == "train"]
    return speeds[1:]
