"""`dall-e generate`: prompts to picture files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.bulk import HowDrawn, check_bulk, draw_bulk, is_url
from dall_e.cli.films import check_film, drawn_or_filmed, given_noise, tell_film
from dall_e.cli.image_files import ImageFiles, checked_suffix, grid_of
from dall_e.cli.image_parts import given_part
from dall_e.cli.options import (
    Device,
    Loras,
    Model,
    Quantization,
    Variant,
    finish_option,
    load,
    sampling_flags,
    size_option,
)
from dall_e.cli.output import Say, steady_output
from dall_e.cli.overwriting import Force
from dall_e.cli.plan_drawing import check_plan_alone, draw_plan_file
from dall_e.cli.prompts import asked_prompts, files_of, seeds_of
from dall_e.cli.signing import Signing, SigningPrompt, credentials_of

if TYPE_CHECKING:
    from dall_e.images.files import PILImage


@sampling_flags()
def generate(  # noqa: PLR0913, one argument per flag
    sampling: dict[str, Any],
    prompts: Annotated[
        list[str] | None,
        typer.Argument(
            help="What to draw, in English or Chinese, each in quotes; - reads standard input.",
            show_default=False,
        ),
    ] = None,
    *,
    prompts_file: Annotated[
        str,
        typer.Option(
            "--prompts",
            show_default=False,
            metavar="FILE",
            help="File with a prompt on each line; or .jsonl, with prompt, seed and out in each.",
        ),
    ] = "",
    plan: Annotated[
        str,
        typer.Option(
            "--plan",
            show_default=False,
            metavar="FILE",
            help="Draw a plan instead of prompts: a file of `dall-e plan --out`, or a picture.",
        ),
    ] = "",
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, help="Pictures of each prompt.")
    ] = 1,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            show_default="random",
            help="Seed of the first picture, 0 to 2^64 - 1; the next ones count up. -1 is random.",
        ),
    ] = None,
    same_seed: Annotated[
        bool, typer.Option("--same-seed", help="Start each prompt at the same seed.")
    ] = False,
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
            "NAME-1.png ... Or a URL such as s3://bucket/pictures, for one picture of each prompt; "
            "the same command goes on where it was stopped.",
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
    finish: Annotated[str | None, finish_option()] = None,
    grid: Annotated[
        bool, typer.Option("--grid", help="All pictures side by side in one file.")
    ] = False,
    force: Force = False,
    skip: Annotated[
        int,
        typer.Option(
            "--skip", min=0, help="Leave out so many of the pictures: those drawn before."
        ),
    ] = 0,
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
    tile: Annotated[
        str,
        typer.Option(
            "--tile",
            show_default="none",
            help="x, y or xy: a texture that repeats across, down or both without seam.",
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
    film: Annotated[
        str,
        typer.Option(
            "--film",
            show_default=False,
            metavar="FILE",
            help="Also write how the picture is drawn, as a .gif or .webp.",
        ),
    ] = "",
    noise: Annotated[
        Path | None,
        typer.Option(
            "--noise",
            show_default=False,
            metavar="FILE",
            help="Draw with the noise that `dall-e invert` found, whole.",
        ),
    ] = None,
    image_prompt: Annotated[
        str,
        typer.Option(
            "--image-prompt",
            show_default=False,
            metavar="FILE[:PART]",
            help="Go on from a part of a picture: top (unless said), bottom, left, right, or "
            "left,top,right,bottom in pixels or fractions.",
        ),
    ] = "",
    model: Model = BUILT_IN,
    variant: Variant = None,
    quantization: Quantization = None,
    lora: Loras = None,
    device: Device = "auto",
    c2pa: Signing = None,
    c2pa_prompt: SigningPrompt = False,
    cluster: Annotated[
        bool,
        typer.Option(
            "--cluster",
            help="Draw with all workers of a Ray cluster, or of this machine, into the folder or "
            "URL of --out; the same command goes on where it was stopped. Needs the extra "
            "`cluster`.",
        ),
    ] = False,
    workers: Annotated[
        int,
        typer.Option(
            "--workers", min=0, show_default="as many as there is room", help="Of --cluster."
        ),
    ] = 0,
) -> None:
    """Draw pictures. Prints the path of each file as soon as it is written.

    A PNG carries prompt, seed, settings, model and version as text; `dall-e reproduce FILE` draws
    it again. The defaults below are those of the built-in model; other models have their own.
    """
    is_bulk = cluster or is_url(out)
    suffix = checked_suffix("" if is_bulk else out, file_format)
    if suffix == ".svg" and (grid or finish == "soft"):
        raise ValueError("an SVG has areas, no pixels: leave out --grid and --finish soft")
    if suffix == ".svg":
        finish = "crisp"
    credentials = credentials_of(c2pa, with_prompt=c2pa_prompt)
    if plan:
        check_plan_alone(
            {
                "prompts": prompts or prompts_file,
                "--number": number > 1,
                "--best-of": best_of > 1,
                "--grid": grid,
                "--skip": skip,
                "--style": style,
                "--negative": negative,
                "--finish soft": finish == "soft",
                "--noise": noise is not None,
                "--image-prompt": image_prompt,
                "--cluster": cluster,
                "an --out that is a URL": is_url(out),
            }
        )
        files = ImageFiles(out, 1, force=force, suffix=suffix, credentials=credentials)
        check_film(film, force)
        draw_plan_file(
            load(model, device, variant, quantization=quantization),
            plan,
            files,
            seed=seed,
            size=size,
            transparent=transparent,
            sampling=sampling,
            film=film,
        )
        return
    asked = asked_prompts(prompts or [], prompts_file)
    if workers and not cluster:
        raise ValueError("--workers are those of --cluster: give it, too, or leave them out")
    if is_bulk:
        check_bulk(
            {
                "--number": number > 1,
                "--same-seed": same_seed,
                "--best-of": best_of > 1,
                "--grid": grid,
                "--skip": skip,
                "--film": film,
                "--noise": noise is not None,
                "--image-prompt": image_prompt,
            },
            out,
            on_cluster=cluster,
        )
        how = HowDrawn(
            model={
                "name": model,
                "device": device,
                "variant": variant,
                "quantization": quantization,
                "loras": lora,
            },
            keywords={
                "negative_prompt": negative,
                "height": size,
                "transparent": transparent,
                "style": style,
                "tile": tile,
                "finish": finish,
                "strict": strict,
            },
            sampling=sampling,
            suffix=suffix,
            credentials=credentials,
        )
        draw_bulk(asked, out, how, seed=seed, force=force, num_workers=workers if cluster else None)
        return
    seeds = seeds_of(asked, number=number, best_of=best_of, seed=seed, same_seed=same_seed)
    texts = [each.prompt for each in asked for _ in range(number)]
    count = len(texts)
    if skip >= count:
        raise ValueError(f"--skip {skip} leaves nothing of {count} pictures to draw")
    own_files = files_of(asked, number)
    if grid and own_files:
        raise ValueError("--grid draws one file: leave out the `out` of single prompts")
    first = 0 if grid else skip
    files = ImageFiles(
        out,
        1 if grid else count,
        first=first,
        force=force,
        own=own_files,
        suffix=suffix,
        credentials=credentials,
    )
    check_film(film, force, count)
    part = given_part(image_prompt)
    pipeline = load(model, device, variant, quantization=quantization, loras=lora)
    given, base = given_noise(noise, seed)
    settings = pipeline.sampling_settings(base, **sampling)

    def draw(some: slice) -> list[PILImage]:
        return drawn_or_filmed(
            pipeline,
            texts[some],
            film,
            best_of=best_of,
            negative_prompt=negative,
            seed=seeds[some],
            height=size,
            transparent=transparent,
            style=style,
            tile=tile,
            finish=finish,
            sampling=settings,
            progress=True,
            strict=strict,
            noise=given,
            image_prompt=part,
        )

    # One row for each prompt, if there are several of each.
    columns = number if len(asked) > 1 and number > 1 else None
    with steady_output() as say:
        _save_all(
            _in_batches(draw, skip, count),
            files,
            say,
            grid=(columns,) if grid else None,
            skip=skip,
            count=count,
            seed=seeds[0],
        )
        tell_film(film, say)


def _save_all(
    images: Iterator[PILImage],
    files: ImageFiles,
    say: Say,
    *,
    grid: tuple[int | None] | None,
    skip: int,
    count: int,
    seed: int,
) -> None:
    """Save pictures as they come, from number `skip` on, and say where; or all on one sheet.

    grid: the columns of the sheet. Of what is left when it stops, it says how to go on.
    """
    sheet: list[PILImage] = []
    done = skip
    try:
        for image in images:
            if grid:
                sheet.append(image)
            else:
                say(files.save(image, done))
            done += 1
    except BaseException:
        # Whatever stopped it: an interruption, a full disk, too little memory.
        _tell_how_to_go_on(done, skip, count, seed)
        raise
    finally:
        if grid and sheet:
            say(files.save(grid_of(sheet, *grid)))


def _in_batches(
    draw: Callable[[slice], list[PILImage]], first: int, count: int
) -> Iterator[PILImage]:
    """The pictures from `first` on, a batch at a time, so that they can be saved as they come."""
    from dall_e.inference.token_drawing import IMAGES_PER_BATCH

    for start in range(first, count, IMAGES_PER_BATCH):
        yield from draw(slice(start, min(start + IMAGES_PER_BATCH, count)))


def _tell_how_to_go_on(done: int, skip: int, count: int, seed: int) -> None:
    """Say which flags draw the rest, if there is something to go on from."""
    if skip < done < count:
        print(
            f"\ndall-e: {done} of {count} pictures are there; "
            f"the same command with --seed {seed} --skip {done} draws the others",
            file=sys.stderr,
        )
