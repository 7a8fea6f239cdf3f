"""`dall-e product`: the pictures that a shop shows of a product."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dall_e.atomic_files import check_writable
from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.options import Device, Model, load
from dall_e.cli.output import steady_output
from dall_e.cli.overwriting import Force, check_free
from dall_e.inference.validation import RANDOM_SEED


def product(  # noqa: PLR0913, one argument per flag
    prompt: Annotated[
        str,
        typer.Argument(help="The product, in English or Chinese, in quotes.", show_default=False),
    ],
    *,
    seed: Annotated[
        int | None, typer.Option("--seed", show_default="random", help="Seed of the product.")
    ] = None,
    size: Annotated[int, typer.Option("--size", help="Side of the pictures in pixels.")] = 1024,
    colours: Annotated[
        str,
        typer.Option(
            "--colours",
            show_default="three that the prompt does not say",
            help="Three colours with commas between them: red,blue,black.",
        ),
    ] = "",
    out: Annotated[
        str, typer.Option("--out", "-o", help="Folder to write the pictures to.")
    ] = "product",
    force: Force = False,
    model: Model = BUILT_IN,
    device: Device = "auto",
) -> None:
    """Draw a product for a shop: on white, cut out, in three colours, on a ground with shadow.

    The folder gets a picture of each, and a sheet with all of them.
    """
    from dall_e.sheets.product import file_names, offered_colours

    given = [part.strip() for part in colours.split(",")] if colours else None
    offered = offered_colours(prompt, given)
    folder = Path(out)
    paths = [folder / name for name in file_names(offered)]
    check_writable(paths[0])
    check_free(paths, force)
    drawn = load(model, device).product(
        prompt, seed=None if seed == RANDOM_SEED else seed, height=size, colours=offered
    )
    with steady_output() as say:
        for path in drawn.save(folder, overwrite=force):
            say(path)
