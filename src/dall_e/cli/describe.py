"""`dall-e describe`: what a model says of a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dall_e.cli.options import Device, load


def describe(
    image: Annotated[Path, typer.Argument(help="A picture file.", show_default=False)],
    *,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            help="A known name (see `dall-e models`) or a model folder.",
            show_default=False,
        ),
    ],
    prompt: Annotated[
        str,
        typer.Option(
            "--prompt", show_default="a description", help="What is asked about the picture."
        ),
    ] = "",
    max_new_tokens: Annotated[
        int,
        typer.Option(
            "--max-new-tokens", min=1, help="Longest answer in tokens, about three letters each."
        ),
    ] = 256,
    temperature: Annotated[
        float, typer.Option("--temperature", min=0, help="0 always takes the likeliest word.")
    ] = 0.0,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", show_default="random", help="Seed of the words, at temperatures above 0."
        ),
    ] = None,
    device: Device = "auto",
) -> None:
    """Say what is in a picture, or answer a question about it. Prints the answer.

    For models that read pictures as well as draw them: those of Janus.
    """
    if not image.is_file():
        raise FileNotFoundError(f"there is no picture {image}")

    pipeline = load(model, device)
    question = {"prompt": prompt} if prompt else {}
    answer = pipeline.describe(
        image, max_new_tokens=max_new_tokens, temperature=temperature, seed=seed, **question
    )
    print(answer)
