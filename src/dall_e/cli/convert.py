"""`dall-e convert`: a published model in our own format, so that its pickles are read once and
never again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def convert(
    source: Annotated[
        str,
        typer.Argument(
            help="A known name (see `dall-e models`), a hub id, a folder or a weight file.",
            show_default=False,
        ),
    ],
    target: Annotated[Path, typer.Argument(help="Model folder to write.", show_default=False)],
    *,
    int8: Annotated[
        bool,
        typer.Option(
            "--int8/--float32", help="Eight bits per weight, or all 32: four times the size."
        ),
    ] = False,
    variant: Annotated[
        str | None,
        typer.Option(
            "--variant", show_default="the first", help="Which of several models of one name."
        ),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the network.")] = False,
) -> None:
    """Write a model, or an image tokenizer alone, as config.json, model.safetensors and
    text_tokenizer.json.

    `dall-e generate --model TARGET` then draws with it. Prints the folder.
    """
    from dall_e import DALL_E, ImageCodec

    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"{target} is there already: give a new folder")
    model: DALL_E | ImageCodec
    try:
        # In whole precision, half of the memory would hold nothing but zeros for most projects'
        # files.
        model = DALL_E.from_pretrained(
            source, dtype="auto", variant=variant, local_files_only=offline
        )
    except (ValueError, FileNotFoundError) as error:
        try:
            model = ImageCodec.from_pretrained(source)
        except (ValueError, OSError):
            raise error from None
    model.save_pretrained(target, int8=int8)
    size = sum(path.stat().st_size for path in target.iterdir())
    name = model.config.name if isinstance(model, DALL_E) else model.family
    print(f"{name}: {size / 2**20:.1f} MiB", file=sys.stderr)
    print(target)
