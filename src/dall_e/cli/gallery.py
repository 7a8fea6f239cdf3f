"""`dall-e gallery`: one sheet of fixed prompts, to judge a model by eye."""

from __future__ import annotations

from typing import Annotated

import typer

from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.image_files import ImageFiles
from dall_e.cli.overwriting import Force

_OUT = "out/gallery.png"


def gallery(
    model: Annotated[str, typer.Option("--model", "-m", help="Model name or folder.")] = BUILT_IN,
    out: Annotated[
        str, typer.Option("--out", "-o", show_default=_OUT, help="Picture file to write.")
    ] = "",
    force: Force = False,
    seed: Annotated[
        int, typer.Option("--seed", "-s", min=0, help="Seed of the first picture.")
    ] = 0,
    size: Annotated[
        int, typer.Option("--size", min=8, help="Side of each picture on the sheet.")
    ] = 128,
) -> None:
    """Draw 24 fixed prompts on one sheet, 12 of them in English and 12 in Chinese."""
    files = ImageFiles(out, 1, force=force, like=_OUT)
    from dall_e.data.prompt_sets import GALLERY_PROMPTS
    from dall_e.images.sheets import contact_sheet
    from dall_e.pipeline import DALL_E

    pipeline = DALL_E.from_pretrained(model)
    images = pipeline(list(GALLERY_PROMPTS), seed=seed, height=size, width=size, progress=True)
    assert isinstance(images, list)
    print(files.save(contact_sheet(images, GALLERY_PROMPTS, columns=6)))
