"""`dall-e gallery`: one sheet of fixed prompts, to judge a model by eye."""

from __future__ import annotations

from typing import Annotated

import typer


def gallery(
    model: Annotated[
        str, typer.Option("--model", "-m", help="Model name or folder.")
    ] = "dall-e-emoji",
    out: Annotated[
        str, typer.Option("--out", "-o", help="Picture file to write.")
    ] = "out/gallery.png",
    seed: Annotated[
        int, typer.Option("--seed", "-s", min=0, help="Seed of the first picture.")
    ] = 0,
    size: Annotated[
        int, typer.Option("--size", min=8, help="Side of each picture on the sheet.")
    ] = 128,
) -> None:
    """Draw the 24 fixed prompts, 12 English and 12 Chinese, each once, on one sheet with
    captions."""
    from dall_e.data.prompt_sets import GALLERY_PROMPTS
    from dall_e.images.files import save_image
    from dall_e.images.sheets import contact_sheet
    from dall_e.pipeline import DALL_E

    drawer = DALL_E.from_pretrained(model)
    images = drawer(list(GALLERY_PROMPTS), seed=seed, height=size, width=size, progress=True)
    assert isinstance(images, list)
    save_image(contact_sheet(images, GALLERY_PROMPTS, columns=6), out)
    print(out)
