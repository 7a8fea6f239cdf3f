"""`dall-e variations`: pictures like a picture file."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.edit import Image, Seed
from dall_e.cli.image_files import ImageFiles
from dall_e.cli.options import Device, Model, load, sampling_flags, size_option
from dall_e.cli.output import steady_output
from dall_e.cli.overwriting import Force


@sampling_flags()
def variations(  # noqa: PLR0913, one argument per flag
    sampling: dict[str, Any],
    image: Image,
    *,
    strength: Annotated[
        float, typer.Option("--strength", help="Fraction that is drawn anew, above 0 to 1.")
    ] = 0.5,
    prompt: Annotated[
        str,
        typer.Option(
            "--prompt", show_default="what IMAGE says of itself", help="What the picture shows."
        ),
    ] = "",
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many.")] = 4,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            show_default="NAME-variation.png",
            help="File to write; several become NAME-0.png, NAME-1.png ...",
        ),
    ] = "",
    force: Force = False,
    seed: Seed = None,
    transparent: Annotated[
        bool, typer.Option("--transparent", help="Keep the background transparent.")
    ] = False,
    size: Annotated[int | None, size_option()] = None,
    model: Model = BUILT_IN,
    device: Device = "auto",
) -> None:
    """Draw variations of a picture: part of its tokens anew. Prints the path of each."""
    if not image.is_file():
        raise FileNotFoundError(f"there is no picture {image}")
    made_up = str(image.with_name(f"{image.stem}-variation.png"))
    files = ImageFiles(out, number, force=force, like="" if out else made_up)
    images = load(model, device).variations(
        image,
        strength,
        prompt=prompt,
        num_images=number,
        seed=seed,
        transparent=transparent,
        height=size,
        **sampling,
    )
    with steady_output() as say:
        for place, each in enumerate(images):
            say(files.save(each, place))
