"""`dall-e outpaint`: a picture file gets a larger canvas, on which its ground goes on."""

from __future__ import annotations

from typing import Annotated

import typer

from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.edit import Image, Seed, changed_file
from dall_e.cli.options import Device, Model, load
from dall_e.cli.output import steady_output
from dall_e.cli.overwriting import Force


def _margin(side: str) -> typer.models.OptionInfo:
    """The option for one side."""
    info: typer.models.OptionInfo = typer.Option(
        f"--{side}", help="How much larger: 200 pixels, or 0.5 of the side."
    )
    return info


def outpaint(  # noqa: PLR0913, one argument per flag
    image: Image,
    prompt: Annotated[
        str, typer.Argument(help="What is added in the largest new part.", show_default="nothing")
    ] = "",
    *,
    left: Annotated[str, _margin("left")] = "0",
    right: Annotated[str, _margin("right")] = "0",
    top: Annotated[str, _margin("top")] = "0",
    bottom: Annotated[str, _margin("bottom")] = "0",
    out: Annotated[
        str,
        typer.Option("--out", "-o", show_default="NAME-outpainted.png", help="File to write."),
    ] = "",
    force: Force = False,
    seed: Seed = None,
    model: Model = BUILT_IN,
    device: Device = "auto",
) -> None:
    """Give a picture a larger canvas. Prints the path of the result.

    Its own pixels stay as they are, bit for bit.
    """
    files = changed_file(image, "outpainted", out, force)
    texts = {"left": left, "right": right, "top": top, "bottom": bottom}
    pixels = {side: _number(side, text) for side, text in texts.items()}
    result = load(model, device).outpaint(
        image,
        prompt,
        left=pixels["left"],
        right=pixels["right"],
        top=pixels["top"],
        bottom=pixels["bottom"],
        seed=seed,
    )
    with steady_output() as say:
        say(files.save(result))


def _number(side: str, text: str) -> float:
    """Pixels, or a fraction where there is a point. Raises ValueError for what is no number."""
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError as error:
        raise ValueError(f"--{side} takes pixels or a fraction, got {text!r}") from error
