"""`dall-e generate`: prompts to picture files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.image_files import check_target, checked_suffix, grid_of, save, target_paths
from dall_e.cli.options import (
    Device,
    Model,
    Quantization,
    Variant,
    load,
    sampling_flags,
    size_option,
)


@sampling_flags()
def generate(  # noqa: PLR0913, one argument per flag
    sampling: dict[str, Any],
    prompts: Annotated[
        list[str], typer.Argument(help="What to draw, in English or Chinese.", show_default=False)
    ],
    *,
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, help="Pictures of each prompt.")
    ] = 1,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            show_default="random",
            help="Seed of the first picture; the next ones count up.",
        ),
    ] = None,
    best_of: Annotated[
        int,
        typer.Option(
            "--best-of", min=1, help="Candidates for each picture; the one that fits best is kept."
        ),
    ] = 1,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            show_default="made of prompt and seed",
            help="File to write, .png, .jpg, .webp or .svg; several pictures become NAME-0.png, "
            "NAME-1.png ...",
        ),
    ] = "",
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            show_default="that of --out, or png",
            help="Type of the file: png, jpg, webp or svg.",
        ),
    ] = "",
    finish: Annotated[
        str | None,
        typer.Option(
            "--finish",
            show_default="the model's own",
            help="crisp paints areas of one colour, soft shows the pixels of the networks.",
        ),
    ] = None,
    grid: Annotated[
        bool, typer.Option("--grid", help="All pictures side by side in one file.")
    ] = False,
    transparent: Annotated[
        bool, typer.Option("--transparent", help="Keep the background transparent.")
    ] = False,
    style: Annotated[
        str,
        typer.Option(
            "--style",
            show_default="what the prompt says",
            help="How the pictures are drawn, such as watercolour; `dall-e styles` lists them.",
        ),
    ] = "",
    negative: Annotated[
        str, typer.Option("--negative", show_default=False, help="What to steer away from.")
    ] = "",
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Fail where something of a prompt is not read, or a picture is blank.",
        ),
    ] = False,
    size: Annotated[int | None, size_option()] = None,
    model: Model = BUILT_IN,
    variant: Variant = None,
    quantization: Quantization = None,
    device: Device = "auto",
) -> None:
    """Draw pictures. Prints the path of each file it writes.

    A PNG carries prompt, seed, settings, model and version as text; `dall-e reproduce FILE` draws
    it again. The defaults below are those of the built-in model; other models have their own.
    """
    suffix = checked_suffix(out, file_format)
    if suffix == ".svg" and (grid or finish == "soft"):
        raise ValueError("an SVG has areas, no pixels: leave out --grid and --finish soft")
    check_target(Path(out or f"picture{suffix}"))
    pipeline = load(model, device, variant, quantization=quantization)
    images = pipeline(
        prompts,
        num_images_per_prompt=number,
        best_of=best_of,
        negative_prompt=negative,
        seed=seed,
        height=size,
        transparent=transparent,
        style=style,
        finish="crisp" if suffix == ".svg" else finish,
        sampling=pipeline.sampling_settings(**sampling),
        progress=True,
        strict=strict,
    )
    assert isinstance(images, list)

    if grid:
        # One row for each prompt, if there are several of each.
        columns = number if len(prompts) > 1 and number > 1 else None
        images = [grid_of(images, columns)]
    for path, image in zip(target_paths(out, images, prompts[0], suffix), images, strict=True):
        save(image, path)
        print(path)
