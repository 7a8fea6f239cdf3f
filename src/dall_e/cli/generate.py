"""`dall-e generate` and `dall-e reproduce`: prompts to picture files, and a picture file to the
same picture again."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from dall_e.checkpoints.zoo import BUILT_IN, list_models, locate, split_variant
from dall_e.cli.flags import SHORT_NAMES, with_flags
from dall_e.config import REMOVED_SETTINGS, SamplingConfig

if TYPE_CHECKING:
    from dall_e.images.files import PILImage
    from dall_e.pipeline import DALL_E

_FILE_TYPES = (".png", ".jpg", ".jpeg", ".webp")

Device = Annotated[
    str, typer.Option("--device", help="cpu, cuda, or auto, which takes a GPU where there is one.")
]
Variant = Annotated[
    str | None,
    typer.Option(
        "--variant",
        show_default="the first",
        help="Which of several models of one name, such as mega.",
    ),
]
Quantization = Annotated[
    str | None,
    typer.Option(
        "--quantization",
        show_default="none",
        help="int8, int4 or bf16: less memory, and faster on a CPU.",
    ),
]
Model = Annotated[
    str, typer.Option("--model", help="A known name (see `dall-e models`) or a model folder.")
]


@with_flags(SamplingConfig, optional="the model's own", names=SHORT_NAMES)
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
            help="File to write, .png, .jpg or .webp; several pictures become NAME-0.png, NAME-1.png ...",
        ),
    ] = "",
    grid: Annotated[
        bool, typer.Option("--grid", help="All pictures side by side in one file.")
    ] = False,
    transparent: Annotated[
        bool, typer.Option("--transparent", help="Keep the background transparent.")
    ] = False,
    negative: Annotated[
        str, typer.Option("--negative", show_default=False, help="What to steer away from.")
    ] = "",
    size: Annotated[
        int | None,
        typer.Option(
            "--size",
            show_default="the model's own",
            help="Side in pixels; the picture is resized to it.",
        ),
    ] = None,
    model: Model = BUILT_IN,
    variant: Variant = None,
    quantization: Quantization = None,
    device: Device = "auto",
) -> None:
    """Draw pictures. Prints the path of each file it writes.

    A PNG carries prompt, seed, settings, model and version as text; `dall-e reproduce FILE` draws
    it again.
    """
    _check_target(Path(out or "picture.png"))
    pipeline = load(model, device, variant, quantization=quantization)
    images = pipeline(
        prompts,
        num_images_per_prompt=number,
        best_of=best_of,
        negative_prompt=negative,
        seed=seed,
        height=size,
        transparent=transparent,
        sampling=pipeline.sampling_settings(**sampling),
        progress=True,
    )
    assert isinstance(images, list)
    if grid:
        images = [_grid(images, columns=number if len(prompts) > 1 < number else None)]
    for path, image in zip(_paths(out, images, prompts[0]), images, strict=True):
        _save(image, path)
        print(path)


def reproduce(
    file: Annotated[
        Path, typer.Argument(help="A PNG or JPEG made by `dall-e generate`.", show_default=False)
    ],
    *,
    out: Annotated[
        str,
        typer.Option(
            "--out", "-o", show_default="NAME-reproduced", help="File to write, same type as FILE."
        ),
    ] = "",
    model: Annotated[
        str,
        typer.Option(
            "--model", show_default="the one named in FILE", help="Known name or model folder."
        ),
    ] = "",
    variant: Annotated[
        str | None,
        typer.Option(
            "--variant",
            show_default="the one named in FILE",
            help="Which of several models of one name.",
        ),
    ] = None,
    device: Device = "auto",
) -> None:
    """Draw the picture of FILE again, from the text that it carries, and say whether it is the
    same.

    Exit code 1 if it is not.
    """
    from dall_e.images.files import read_metadata, same_pixels

    info = read_metadata(file)
    if not {"prompt", "seed", "model"} <= info.keys():
        raise ValueError(
            f"{file} does not say how it was drawn: it was not made by `dall-e generate`, or saved anew"
        )
    target = Path(out) if out else file.with_name(f"{file.stem}-reproduced{file.suffix}")
    _check_target(target)
    if target.exists() and target.samefile(file):
        raise ValueError(
            f"{target} is the picture to compare with, and would be overwritten; give another --out"
        )
    name, own_variant = split_variant(model or info["model"])
    if not model and name not in {known.name for known in list_models()}:
        raise ValueError(
            f"{file} was drawn with the model {info['model']!r}; say where it is: --model FOLDER"
        )
    variant = variant or own_variant or info.get("variant")
    pipeline = load(
        name, device, variant, dtype=info.get("dtype"), quantization=info.get("quantization")
    )
    differences = _differences(pipeline, info)
    _save(_draw_again(pipeline, info), target)
    print(target)
    if not same_pixels(file, target):
        reasons = "; ".join(differences) or "the machine may differ"
        raise ValueError(f"{target} is not the same picture as {file}: {reasons}")
    print(f"identical to {file}", file=sys.stderr)


def load(
    name: str | os.PathLike[str],
    device: str,
    variant: str | None = None,
    *,
    dtype: str | None = None,
    quantization: str | None = None,
) -> DALL_E:
    """The model of a name or folder; `dtype` and `quantization` as `DALL_E.from_pretrained` takes
    them."""
    # A misspelt name is found before the second that torch takes to import.
    found = locate(name, variant)
    from dall_e.pipeline import DALL_E

    variant = variant or split_variant(name)[1]
    return DALL_E.from_pretrained(
        found.again, variant=variant, device=device, dtype=dtype, quantization=quantization
    )


def _grid(images: list[PILImage], columns: int | None) -> PILImage:
    """All pictures in one, which carries what they share, and the lists of what they do not."""
    from dall_e.images.sheets import make_grid

    prompts = [image.info["prompt"] for image in images]
    shared = _texts(images[0])
    shared["prompt"] = (
        prompts[0] if len(set(prompts)) == 1 else json.dumps(prompts, ensure_ascii=False)
    )
    shared["seed"] = json.dumps([int(image.info["seed"]) for image in images])
    sheet = make_grid(images, columns)
    sheet.info.update(
        shared, grid_prompts=json.dumps(prompts, ensure_ascii=False), grid_columns=str(columns or 0)
    )
    return sheet


def _draw_again(pipeline: DALL_E, info: dict[str, str]) -> PILImage:
    """The picture or grid that a file's metadata describes. Raises ValueError if an entry is
    damaged."""
    try:
        side = int(info["size"].split("x")[0])
        seeds = json.loads(info["seed"])
        prompts = json.loads(info["grid_prompts"]) if "grid_prompts" in info else [info["prompt"]]
        columns = int(info.get("grid_columns", "0")) or None
        settings = SamplingConfig(
            **{
                name: _parsed(info[name], hint)
                for name, hint in _sampling_hints().items()
                if name in info or name not in _LATER
            }
        )
    except (KeyError, ValueError, RecursionError) as error:
        raise ValueError(f"the file's text is damaged: {error}") from error
    images = pipeline(
        prompts,
        negative_prompt=info.get("negative_prompt", ""),
        seed=seeds if isinstance(seeds, list) else [seeds],
        height=side,
        transparent=info.get("transparent") == "True",
        upsample=info.get("upsample") == "True",
        sampling=settings,
        progress=True,
    )
    assert isinstance(images, list)
    return _grid(images, columns) if "grid_prompts" in info else images[0]


# Settings that older versions did not have, and did not write: their defaults are what was done.
_LATER = ("compose",)


def _sampling_hints() -> dict[str, Any]:
    return get_type_hints(SamplingConfig)


def _parsed(text: str, hint: Any) -> Any:
    if hint is bool:
        return text == "True"
    return hint(text) if hint in (int, float) else text


def _differences(pipeline: DALL_E, info: dict[str, str]) -> list[str]:
    """Warns of, and returns, all that may make the picture come out differently."""
    found = [
        f"{name.replace('_', ' ')} was {info[name][:16]}, is {value[:16]}"
        for name, value in pipeline.origin().items()
        if info.get(name, value) != value
    ]
    # What older versions did and this one does not.
    removed = REMOVED_SETTINGS["SamplingConfig"].items()
    found += [
        f"{name} was {info[name]}, is gone"
        for name, none in removed
        if none is not None and info.get(name, str(none)) != str(none)
    ]
    for difference in found:
        print(f"dall-e: warning: {difference}", file=sys.stderr)
    return found


def _paths(out: str, images: list[PILImage], prompt: str) -> list[Path]:
    """One path per picture. A made-up name is never that of an older file."""
    if not out:
        stem = re.sub("-+", "-", "".join(map(_in_file_name, prompt))).strip("-")[:40] or "picture"
        seeds = [re.sub(r"\D+", "-", image.info["seed"]).strip("-") for image in images]
        return [_unused(f"{stem}-{seed[:40]}", ".png") for seed in seeds]
    path = Path(out)
    if len(images) == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{index}{path.suffix}") for index in range(len(images))]


def _in_file_name(character: str) -> str:
    """A letter, mark, digit or emoji as it is, a dash for what file systems and shells may take for
    something else."""
    is_sign = character > "\x7f" and unicodedata.category(character)[0] in "MS"
    return character if character.isalnum() or character == "_" or is_sign else "-"


def _unused(stem: str, suffix: str) -> Path:
    path, count = Path(stem + suffix), 1
    while path.exists():
        count += 1
        path = Path(f"{stem}-{count}{suffix}")
    return path


def _check_target(path: Path) -> None:
    """Finds out before the drawing whether the file can be written. Raises ValueError or
    OSError."""
    if path.suffix.lower() not in _FILE_TYPES:
        raise ValueError(
            f"cannot tell the file type of {path.name!r}: end it in {', '.join(_FILE_TYPES)}"
        )
    if path.is_dir():
        raise ValueError(f"{path} is a folder; give a file name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The mode bits do not tell of read-only disks; a file does, with a name as long as the one
        # to come.
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part"):
            pass
    except ValueError as error:
        raise ValueError(f"{str(path)!r} cannot be a file name: {error}") from error
    except OSError as error:
        raise OSError(f"cannot write to the folder {path.parent}: {error.strerror}") from error


def _save(image: PILImage, path: Path) -> None:
    from dall_e.images.files import save_image

    try:
        save_image(image, path, _texts(image))
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror or error}") from error


def _texts(image: PILImage) -> dict[str, str]:
    return {str(key): value for key, value in image.info.items() if isinstance(value, str)}
