"""`dall-e edit`: a part of a picture file is changed, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.image_files import ImageFiles
from dall_e.cli.image_parts import box_numbers
from dall_e.cli.options import Device, Model, Variant, finish_option, load, sampling_flags
from dall_e.cli.output import steady_output
from dall_e.cli.overwriting import Force

Image = Annotated[Path, typer.Argument(help="A picture file, of any kind.", show_default=False)]
Seed = Annotated[
    int | None,
    typer.Option("--seed", show_default="random", help="Seed of what is drawn; -1 is random."),
]


@sampling_flags()
def edit(  # noqa: PLR0913, one argument per flag
    sampling: dict[str, Any],
    image: Image,
    prompt: Annotated[
        str,
        typer.Argument(
            help='What shall be there, "a red hat", or what to do: "remove the tree".',
            show_default=False,
        ),
    ],
    *,
    mask: Annotated[
        str,
        typer.Option(
            "--mask",
            metavar="FILE",
            show_default="the words decide",
            help="Picture of the same size, white or transparent where it may change; or alpha, "
            "what is transparent in IMAGE itself.",
        ),
    ] = "",
    box: Annotated[
        str,
        typer.Option(
            "--box",
            metavar="L,T,R,B",
            show_default=False,
            help="Box that may change, in pixels, or in fractions of the sides.",
        ),
    ] = "",
    out: Annotated[
        str,
        typer.Option("--out", "-o", show_default="NAME-edited.png", help="File to write."),
    ] = "",
    force: Force = False,
    seed: Seed = None,
    method: Annotated[
        str,
        typer.Option("--method", help="paste, tokens or auto: how a part is drawn."),
    ] = "auto",
    finish: Annotated[str | None, finish_option()] = None,
    style: Annotated[
        str, typer.Option("--style", show_default="none", help="How what is new is drawn.")
    ] = "",
    model: Model = BUILT_IN,
    variant: Variant = None,
    device: Device = "auto",
) -> None:
    """Change a part of a picture, of any size and origin. Prints the path of the result.

    Pixels outside of the mask or box and its border stay as they are, bit for bit; but of a picture
    of ours, a box removes and recolours whole things, those that lie mostly in it. Without either
    the words decide where: the thing that they name, else the largest free place.
    """
    if mask and box:
        raise ValueError("give --mask or --box, but not both")
    selection = box_numbers("--box", box) if box else mask or None
    files = changed_file(image, "edited", out, force)

    pipeline = load(model, device, variant)
    changed = pipeline.edit(
        image,
        prompt,
        selection,
        seed=seed,
        method=method,
        finish=finish,
        style=style,
        **sampling,
    )
    with steady_output() as say:
        say(files.save(changed))


def changed_file(image: Path, how: str, out: str, force: bool) -> ImageFiles:
    """Where a changed picture goes: `out`, or a name of its own beside the picture.

    Raises FileNotFoundError for a picture that is not there, and ValueError or OSError where
    nothing can be written.
    """
    if not image.is_file():
        raise FileNotFoundError(f"there is no picture {image}")
    if out:
        return ImageFiles(out, 1, force=force)
    made_up = image.with_name(f"{image.stem}-{how}.png")
    return ImageFiles("", 1, like=str(made_up))
