"""`dall-e sheet`: a sprite sheet and its atlas."""

from __future__ import annotations

from typing import Annotated

import typer

from dall_e.atomic_files import check_writable
from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.options import Device, Model, load
from dall_e.cli.output import steady_output
from dall_e.cli.overwriting import Force, check_free
from dall_e.inference.validation import RANDOM_SEED


def sheet(  # noqa: PLR0913, one argument per flag
    prompts: Annotated[
        list[str],
        typer.Argument(
            help="Things in English or Chinese, with commas between them: 'cat, apple, chest'.",
            show_default=False,
        ),
    ],
    *,
    seed: Annotated[
        int | None, typer.Option("--seed", show_default="random", help="Seed of all sprites.")
    ] = None,
    style: Annotated[
        str,
        typer.Option(
            "--style",
            show_default="flat",
            help="How all are drawn, such as sticker; `dall-e styles` lists them.",
        ),
    ] = "",
    size: Annotated[int, typer.Option("--size", help="Side of a sprite in pixels.")] = 128,
    transparent: Annotated[
        bool, typer.Option("--transparent", help="Keep the background transparent, not white.")
    ] = False,
    frames: Annotated[
        int, typer.Option("--frames", help="Steps of a hopping walk; 1 is a still sprite.")
    ] = 1,
    columns: Annotated[
        int | None,
        typer.Option("--columns", show_default="about a square", help="Sprites in a row."),
    ] = None,
    padding: Annotated[int, typer.Option("--padding", help="Pixels between sprites.")] = 2,
    scale: Annotated[
        str, typer.Option("--scale", help="kind: as large as kinds are; same: all alike.")
    ] = "kind",
    out: Annotated[
        str, typer.Option("--out", "-o", help="Picture to write, .png or .webp; .json beside it.")
    ] = "sheet.png",
    force: Force = False,
    model: Model = BUILT_IN,
    device: Device = "auto",
) -> None:
    """Draw things as one sprite sheet, with an atlas that Phaser and Godot read.

    All have one style and one baseline. The atlas is TexturePacker's JSON hash.
    """
    from dall_e.sheets.atlas import sheet_paths, split_prompts

    paths = sheet_paths(out)
    check_writable(paths[0])
    check_free(paths, force)
    asked = split_prompts("\n".join(prompts))
    if not asked:
        raise ValueError("give things with commas between them, such as 'cat, apple, chest'")
    drawn = load(model, device).sheet(
        asked,
        seed=None if seed == RANDOM_SEED else seed,
        style=style or None,
        size=size,
        transparent=transparent,
        frames=frames,
        columns=columns,
        padding=padding,
        scale=scale,
    )
    with steady_output() as say:
        for path in drawn.save(paths[0], overwrite=force):
            say(path)
