"""`dall-e search`: which pictures of a folder fit a text best."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.options import Device, load


def search(
    text: Annotated[
        str, typer.Argument(help="What to look for, in English or Chinese.", show_default=False)
    ],
    folder: Annotated[
        Path, typer.Argument(help="Folder of pictures, looked through with the folders in it.")
    ],
    *,
    top: Annotated[int, typer.Option("--top", min=1, help="How many pictures to name.")] = 10,
    model: Annotated[
        str, typer.Option("--model", help="A known name or a model folder, with a dual encoder.")
    ] = BUILT_IN,
    device: Device = "auto",
) -> None:
    """Find the pictures of a folder that fit a text best.

    Prints the score (-1 to 1) and the file of each, the best first.
    """
    for image, score in load(model, device).search(text, folder, top=top):
        print(f"{score:6.3f}  {image}")
