"""`dall-e interpolate`: from one picture to another, as a film or as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.films import FILM_TYPES, check_film
from dall_e.cli.image_files import ImageFiles
from dall_e.cli.options import Device, Model, Variant, finish_option, load, size_option
from dall_e.cli.output import steady_output
from dall_e.cli.overwriting import Force


def interpolate(  # noqa: PLR0913, one argument per flag
    first: Annotated[
        str, typer.Argument(metavar="A", help="A prompt, a seed or a file.", show_default=False)
    ],
    second: Annotated[
        str, typer.Argument(metavar="B", help="A prompt, a seed or a file.", show_default=False)
    ],
    *,
    steps: Annotated[int, typer.Option("--steps", help="Pictures in all, the two included.")] = 9,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            help="A film, .gif or .webp; or .png or .jpg for pictures NAME-0.png, NAME-1.png ...",
        ),
    ] = "film.webp",
    prompt: Annotated[
        str,
        typer.Option("--prompt", show_default=False, help="What seeds and foreign files show."),
    ] = "",
    seed: Annotated[
        int | None, typer.Option("--seed", show_default="random", help="Seed of the prompts.")
    ] = None,
    size: Annotated[int | None, size_option()] = None,
    finish: Annotated[str | None, finish_option()] = None,
    force: Force = False,
    model: Model = BUILT_IN,
    variant: Variant = None,
    device: Device = "auto",
) -> None:
    """Draw pictures from A to B, each a drawing of its own. Prints the path of each file.

    Words turn into words, and noise into noise.
    """
    is_film = Path(out).suffix.lower() in FILM_TYPES
    if is_film:
        check_film(out, force)
    files = None if is_film else ImageFiles(out, max(steps, 2), force=force)

    pipeline = load(model, device, variant)
    images = pipeline.interpolate(
        _end(first),
        _end(second),
        steps,
        prompt=prompt or None,
        seed=seed,
        height=size,
        finish=finish,
    )
    with steady_output() as say:
        if files is None:
            pipeline.film(images, out, overwrite=force)
            say(out)
            return
        for number, image in enumerate(images):
            say(files.save(image, number))


def _end(text: str) -> Any:
    """A seed as a number; a prompt, or the path of a file, as it is."""
    return int(text) if text.isdecimal() else text
