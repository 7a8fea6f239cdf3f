"""`dall-e invert`: a picture to the noise that draws it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dall_e.atomic_files import check_writable
from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.options import Device, Model, Variant, load, sampling_flags
from dall_e.cli.output import steady_output
from dall_e.cli.overwriting import Force, check_free


@sampling_flags()
def invert(  # noqa: PLR0913, one argument per flag
    sampling: dict[str, Any],
    image: Annotated[Path, typer.Argument(help="A picture file.", show_default=False)],
    prompt: Annotated[str, typer.Argument(help="What it shows, in quotes.", show_default=False)],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", show_default="NAME.npz", help="File to write, .npz."),
    ] = None,
    negative: Annotated[
        str, typer.Option("--negative", show_default=False, help="What to steer away from.")
    ] = "",
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            show_default="random",
            help="Seed of the order in which its tokens are drawn.",
        ),
    ] = None,
    force: Force = False,
    model: Model = BUILT_IN,
    variant: Variant = None,
    device: Device = "auto",
) -> None:
    """Find the noise and the order with which a drawing is just this picture.

    `dall-e generate PROMPT --noise FILE` draws it again, or what it would be under other words.
    """
    target = out or image.with_suffix(".npz")
    if target.suffix.lower() != ".npz":
        raise ValueError(f"noise is written to .npz files, and {target.name!r} is none")
    if not image.is_file():
        raise FileNotFoundError(f"there is no picture {image}")
    check_free([target], force)
    check_writable(target)

    pipeline = load(model, device, variant)
    inversion = pipeline.invert(image, prompt, negative_prompt=negative, seed=seed, **sampling)
    inversion.save(target, overwrite=force)
    with steady_output() as say:
        say(target)
