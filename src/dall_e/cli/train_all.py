"""`dall-e train all`: from a folder of pictures to a model folder, one stage after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from dall_e.cli.commands import call
from dall_e.cli.options import NewModel
from dall_e.cli.overwriting import Force, check_free_model
from dall_e.config import StartConfig

_MOST_IMAGES = 400_000
"""Of a stage: what the built-in model saw in its first rounds."""


class _Dial(NamedTuple):
    """What follows from a size."""

    tokenizer_passes: int
    """How often the tokenizer sees each picture."""
    generator_passes: int
    """How often the generator does; names are learnt by heart."""
    least: int
    """Pictures that either sees at least."""


_DIALS = {
    "tiny": _Dial(60, 120, 2_000),
    "xs64": _Dial(80, 200, 8_000),
    "xs": _Dial(100, 300, 12_000),
    "s": _Dial(150, 400, 20_000),
}


def train_all(
    *,
    data: Annotated[
        Path, typer.Option("--data", help="Pictures with captions.", show_default=False)
    ],
    out: NewModel,
    size: Annotated[
        str, typer.Option("--size", help=f"The one dial: {', '.join(_DIALS)}.")
    ] = StartConfig.preset,
    runs: Annotated[
        Path | None,
        typer.Option(help="Folder for the stages' run folders.", show_default="OUT with -runs"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all stages.")] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the commands, and train nothing.")
    ] = False,
    force: Force = False,
) -> None:
    """Train an image tokenizer and a generator from scratch, and write a model folder.

    The size says how large the networks are; how many pictures each stage sees follows from it and
    from the folder. The commands are printed as they are typed. Stop it with Ctrl-C at any time;
    the same command again goes on where it stopped.
    """
    from dall_e.data.datasets import load_records
    from dall_e.training.processes import staying_together

    if size not in _DIALS:
        raise ValueError(f"size {size!r} is not one of {', '.join(_DIALS)}")
    runs = runs or out.with_name(f"{out.name}-runs")
    force = check_free_model(out, runs / "generator", force)
    num_images = len(load_records(data))
    if not num_images:
        raise ValueError(f"{data} has no picture to train on")

    with staying_together():
        for command in _commands(data, out, runs, size, seed, num_images):
            forced = ["--force"] if force and command[0] == "export" else []
            call([*command, *forced], dry=dry_run, by_all=command[0] == "train")


def _commands(
    data: Path, out: Path, runs: Path, size: str, seed: int, num_images: int
) -> list[list[str]]:
    """What is typed for each stage."""
    dial = _DIALS[size]
    tokenizer, generator = str(runs / "tokenizer"), str(runs / "generator")
    shared = ["--data", str(data), "--preset", size, "--seed", str(seed)]

    def images(passes: int) -> list[str]:
        return ["--images", str(min(_MOST_IMAGES, max(dial.least, passes * num_images)))]

    return [
        ["data", "check", str(data), "--preset", size],
        ["train", "tokenizer", *shared, "--out", tokenizer, *images(dial.tokenizer_passes)],
        [
            *("train", "generator", *shared, "--out", generator, "--tokenizer", tokenizer),
            *images(dial.generator_passes),
        ],
        ["export", "--tokenizer", tokenizer, "--generator", generator, "--out", str(out)],
    ]
