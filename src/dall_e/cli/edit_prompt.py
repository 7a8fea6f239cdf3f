"""`dall-e edit-prompt`: a picture as it would be under other words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.image_files import ImageFiles
from dall_e.cli.options import Device, Model, Variant, load, size_option
from dall_e.cli.output import steady_output
from dall_e.cli.overwriting import Force


def edit_prompt(  # noqa: PLR0913, one argument per flag
    image: Annotated[Path, typer.Argument(help="A picture file.", show_default=False)],
    before: Annotated[str, typer.Argument(help="What it shows, in quotes.", show_default=False)],
    after: Annotated[
        str, typer.Argument(help="What it is to show, in quotes.", show_default=False)
    ],
    *,
    out: Annotated[
        str,
        typer.Option(
            "--out", "-o", show_default="NAME-edited", help="File to write, .png, .jpg or .webp."
        ),
    ] = "",
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            show_default="random",
            help="Seed of the order in which the tokens of another picture are drawn.",
        ),
    ] = None,
    size: Annotated[int | None, size_option()] = None,
    force: Force = False,
    model: Model = BUILT_IN,
    variant: Variant = None,
    device: Device = "auto",
) -> None:
    """Draw a picture as it would have been under other words.

    What the words do not change stays: the things of a picture that this model drew, and the noise
    of any other.
    """
    if not image.is_file():
        raise FileNotFoundError(f"there is no picture {image}")
    made_up = image.with_name(f"{image.stem}-edited.png")
    files = ImageFiles(out, 1, force=force, like=str(made_up))
    pipeline = load(model, device, variant)
    asked: dict[str, Any] = {} if size is None else {"height": size}
    edited = pipeline.edit_prompt(image, before, after, seed=seed, **asked)
    with steady_output() as say:
        say(files.save(edited))
