"""`dall-e convert`: a published model in our own format, so that its pickles are read only once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dall_e.cli.overwriting import Force, check_free_folder
from dall_e.errors import UnusableFileError

if TYPE_CHECKING:
    from dall_e import DALL_E, ImageCodec


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
    force: Force = False,
) -> None:
    """Write a published model in this project's format. Prints the folder.

    The folder has config.json, model.safetensors and text_tokenizer.json, and `dall-e generate
    --model TARGET` draws with it. An image tokenizer alone is converted too.
    """
    from dall_e import DALL_E

    check_free_folder(target, force)
    if target.exists() and not target.is_dir():
        raise UnusableFileError(target, "is no folder", "give the name of one")

    model = _load(source, variant, offline)
    model.save_pretrained(target, int8=int8)
    size = sum(path.stat().st_size for path in target.iterdir())
    name = model.config.name if isinstance(model, DALL_E) else model.family
    print(f"{name}: {size / 2**20:.1f} MiB", file=sys.stderr)
    print(target)


def _load(source: str, variant: str | None, offline: bool) -> DALL_E | ImageCodec:
    """A model that draws, or an image tokenizer alone."""
    from dall_e import DALL_E, ImageCodec

    # In whole precision, half of the memory would hold nothing but zeros for most projects' files.
    try:
        return DALL_E.from_pretrained(
            source, dtype="auto", variant=variant, local_files_only=offline
        )
    except (ValueError, FileNotFoundError) as error:
        # If it is one file, what is wrong with it as an image tokenizer says more than that no
        # model has its name.
        try:
            return ImageCodec.from_pretrained(source)
        except (ValueError, OSError) as other:
            raise (other if Path(source).is_file() else error) from None
