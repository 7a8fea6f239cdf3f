"""`dall-e explain`: a picture with the reasons for it, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.flags import one_of
from dall_e.cli.options import Device, Model, Variant, load, sampling_flags, size_option
from dall_e.cli.overwriting import Force, check_free
from dall_e.cli.prompts import asked_prompts
from dall_e.errors import UnusableFileError
from dall_e.text.language import Language


@sampling_flags()
def explain(  # noqa: PLR0913, one argument per flag
    sampling: dict[str, Any],
    prompt: Annotated[
        str,
        typer.Argument(help="What to draw, in English or Chinese, in quotes.", show_default=False),
    ],
    *,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Page to write, .html.", show_default=False),
    ],
    force: Force = False,
    seed: Annotated[
        int | None,
        typer.Option("--seed", show_default="random", help="Seed, 0 to 2^64 - 1; -1 is random."),
    ] = None,
    negative: Annotated[
        str, typer.Option("--negative", show_default=False, help="What to steer away from.")
    ] = "",
    style: Annotated[
        str,
        typer.Option("--style", show_default="what the prompt says", help="How it is drawn."),
    ] = "",
    images: Annotated[
        Path | None,
        typer.Option(
            "--images",
            show_default="the memory of the model",
            help="Folder of pictures in which the nearest are looked for, such as training data.",
        ),
    ] = None,
    language: Annotated[
        str,
        typer.Option(
            "--language",
            metavar="en|zh",
            parser=one_of(("en", "zh")),
            help="Of what the page says.",
        ),
    ] = "en",
    size: Annotated[int | None, size_option()] = None,
    model: Model = BUILT_IN,
    variant: Variant = None,
    device: Device = "auto",
) -> None:
    """Draw a picture and write a page that explains it. Prints the path of the page.

    The page says which word drew what, how sure the model was of each token, how each step went,
    and which pictures the drawing is most like. It is one file with everything in it.
    """
    if out.suffix.lower() not in (".html", ".htm"):
        raise UnusableFileError(out, "an explanation is a page", "give a name that ends in .html")
    check_free([out], force)
    (asked,) = asked_prompts([prompt], "")

    pipeline = load(model, device, variant)
    explanation = pipeline.explain(
        asked.prompt,
        seed=seed,
        negative_prompt=negative,
        style=style,
        height=size,
        sampling=pipeline.sampling_settings(**sampling),
        images=images,
    )
    explanation.save(out, cast(Language, language))
    print(out)
