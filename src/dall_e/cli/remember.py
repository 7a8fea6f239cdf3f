"""`dall-e remember`: a model that draws the pictures of a folder by name, at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.options import NewModel, StartModel, load
from dall_e.cli.overwriting import Force, check_free


def remember(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Pictures with captions, as `dall-e data check` reads them, or a data set of "
            "`dall-e data build`.",
            show_default=False,
        ),
    ],
    *,
    out: NewModel,
    model: StartModel = BUILT_IN,
    instead: Annotated[
        bool,
        typer.Option("--instead", help="Forget first what the model remembers already."),
    ] = False,
    held_out: Annotated[
        bool,
        typer.Option(
            "--held-out",
            help="Also those that a data set holds out, so that measures on them mean nothing.",
        ),
    ] = False,
    force: Force = False,
) -> None:
    """Remember the pictures of a folder, and write a model that draws them by their names.

    It trains nothing: a few pictures take seconds, some thousand minutes. A short caption is a
    name, which can then be used in any prompt: after a picture "fritz.png" with the caption
    "fritz", there is "fritz with a hat on the beach". Of one name, several pictures are several
    designs. To teach a style that new pictures are drawn in, use `dall-e finetune`.
    """
    from dall_e.checkpoints.store import MODEL_FILES
    from dall_e.data.datasets import load_all_images
    from dall_e.inference.remembered_records import remember_records

    check_free((out / file for file in MODEL_FILES), force)
    loaded = load(model, "cpu")
    if instead:
        loaded.forget()
    images = load_all_images(folder, loaded.config.tokenizer.image_size, held_out=held_out)
    remember_records(loaded, images.images_NCHW.float() / 255, images.records)
    loaded.save_pretrained(out)
    print(f"dall-e: remembered {len(images):,} pictures", file=sys.stderr)
    print(out)
