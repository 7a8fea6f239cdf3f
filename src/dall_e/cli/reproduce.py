"""`dall-e reproduce`: a picture file to the same picture again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from dall_e.checkpoints.known_models import list_models, split_variant
from dall_e.cli.image_files import check_target, grid_of, save
from dall_e.cli.options import Device, load
from dall_e.config import REMOVED_SETTINGS, SamplingConfig

if TYPE_CHECKING:
    import os

    from dall_e.images.files import PILImage
    from dall_e.pipeline import DALL_E

# Settings that older versions did not have, and did not write: their defaults are what was done.
_LATER_SETTINGS = ("compose",)


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
    """Draw the picture of FILE again, and say whether it is the same.

    Everything that it takes is in the text that FILE carries. Exit code 1 if the picture differs.
    """
    from dall_e.images.files import read_metadata, same_pixels

    info = read_metadata(file)
    if not {"prompt", "seed", "model"} <= info.keys():
        raise ValueError(
            f"{file} does not say how it was drawn: it was not made by `dall-e generate`, "
            "or saved anew"
        )
    target = _checked_target(file, out)
    name, named_variant = _model_of(file, info, model)
    pipeline = load(
        name,
        device,
        variant or named_variant or info.get("variant"),
        dtype=info.get("dtype"),
        quantization=info.get("quantization"),
    )
    differences = _differences(pipeline, info)
    for difference in differences:
        print(f"dall-e: warning: {difference}", file=sys.stderr)

    save(_draw_again(pipeline, info), target)
    print(target)
    if not same_pixels(file, target):
        reasons = "; ".join(differences) or "the machine may differ"
        raise ValueError(f"{target} is not the same picture as {file}: {reasons}")
    print(f"identical to {file}", file=sys.stderr)


def _checked_target(file: Path, out: str) -> Path:
    """Where the picture goes. Raises ValueError if that is the picture to compare with."""
    target = Path(out) if out else file.with_name(f"{file.stem}-reproduced{file.suffix}")
    check_target(target)
    if target.exists() and target.samefile(file):
        raise ValueError(
            f"{target} is the picture to compare with, and would be overwritten; give another --out"
        )
    return target


def _model_of(
    file: Path, info: dict[str, str], model: str
) -> tuple[str | os.PathLike[str], str | None]:
    """The model to draw with, and its variant. Raises ValueError if nobody knows where it is."""
    name, variant = split_variant(model or info["model"])
    if not model and name not in {known.name for known in list_models()}:
        raise ValueError(
            f"{file} was drawn with the model {info['model']!r}; say where it is: --model FOLDER"
        )
    return name, variant


def _draw_again(pipeline: DALL_E, info: dict[str, str]) -> PILImage:
    """The picture or grid that a file describes. Raises ValueError if an entry is damaged."""
    try:
        side = int(info["size"].split("x")[0])
        seeds = json.loads(info["seed"])
        prompts = json.loads(info["grid_prompts"]) if "grid_prompts" in info else [info["prompt"]]
        columns = int(info.get("grid_columns", "0")) or None
        settings = _settings_of(info)
    except (KeyError, ValueError, RecursionError) as error:
        raise ValueError(f"the file's text is damaged: {error}") from error

    images = pipeline(
        prompts,
        negative_prompt=info.get("negative_prompt", ""),
        seed=seeds if isinstance(seeds, list) else [seeds],
        height=side,
        transparent=info.get("transparent") == "True",
        style=info.get("style"),
        upsample=info.get("upsample") == "True",
        finish=info.get("finish", "soft"),
        sampling=settings,
        progress=True,
    )
    assert isinstance(images, list)
    return grid_of(images, columns) if "grid_prompts" in info else images[0]


def _settings_of(info: dict[str, str]) -> SamplingConfig:
    """The sampling settings that a file was drawn with. Raises KeyError for one that is missing."""
    values = {
        name: _parsed(info[name], hint)
        for name, hint in get_type_hints(SamplingConfig).items()
        if name in info or name not in _LATER_SETTINGS
    }
    return SamplingConfig(**values)


def _parsed(text: str, hint: Any) -> Any:
    if hint is bool:
        return text == "True"
    return hint(text) if hint in (int, float) else text


def _differences(pipeline: DALL_E, info: dict[str, str]) -> list[str]:
    """All that may make the picture come out differently."""
    changed = [
        f"{name.replace('_', ' ')} was {info[name][:16]}, is {value[:16]}"
        for name, value in pipeline.origin().items()
        if info.get(name, value) != value
    ]
    # What older versions did and this one does not.
    removed = [
        f"it was drawn with {name}={info[name]}, which this version no longer has"
        for name, neutral in REMOVED_SETTINGS["SamplingConfig"].items()
        if neutral is not None and info.get(name, str(neutral)) != str(neutral)
    ]
    return changed + removed
