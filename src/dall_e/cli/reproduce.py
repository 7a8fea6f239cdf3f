"""`dall-e reproduce`: a picture file to the same picture again."""

from __future__ import annotations

import contextlib
import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from dall_e.bounded_files import naming
from dall_e.checkpoints.known_models import list_models, split_variant
from dall_e.cli.image_files import ImageFiles, grid_of
from dall_e.cli.options import Device, Loras, load
from dall_e.cli.output import steady_output
from dall_e.cli.overwriting import Force
from dall_e.config import REMOVED_SETTINGS, SamplingConfig
from dall_e.errors import DallEWarning, UnusableFileError

if TYPE_CHECKING:
    import os

    from dall_e.images.files import PILImage
    from dall_e.pipeline import DALL_E

# Settings that older versions did not have, and did not write: their defaults are what was done.
_LATER_SETTINGS = ("compose",)


def reproduce(
    file: Annotated[
        Path, typer.Argument(help="A picture drawn by `dall-e generate`.", show_default=False)
    ],
    *,
    out: Annotated[
        str,
        typer.Option(
            "--out", "-o", show_default="NAME-reproduced", help="File to write, same type as FILE."
        ),
    ] = "",
    force: Force = False,
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
    lora: Loras = None,
    device: Device = "auto",
) -> None:
    """Draw the picture of FILE again, and say whether it is the same.

    Everything that it takes is in the text that FILE carries. Exit code 1 if the picture differs.
    """
    from dall_e.images.files import same_pixels

    info = _how_drawn(file)
    files = _checked_files(file, out, force)
    name, named_variant = _model_of(file, info, model)
    with _blaming(file):
        pipeline = load(
            name,
            device,
            variant or named_variant or info.get("variant"),
            dtype=info.get("dtype"),
            quantization=info.get("quantization"),
            loras=lora,
        )
        _as_it_was(pipeline, info)
        differences = _differences(pipeline, info)
        for difference in differences:
            print(f"dall-e: warning: {difference}", file=sys.stderr)
        image = _draw_again(pipeline, file, info)

    target = files.save(image)
    with steady_output() as say:
        say(target)
    if not same_pixels(file, target):
        reasons = "; ".join(differences) or "the machine may differ"
        raise ValueError(f"{target} is not the same picture as {file}: {reasons}")
    print(f"identical to {file}", file=sys.stderr)


def _how_drawn(file: Path) -> dict[str, str]:
    """What FILE says of itself. Raises UnusableFileError if it does not say how it was drawn."""
    from dall_e.images.files import read_metadata

    info = read_metadata(file)
    if not {"prompt", "seed", "model"} <= info.keys():
        raise UnusableFileError(
            file,
            "it does not say how it was drawn: it was not made by `dall-e generate`, or saved anew",
        )
    if "noise" in info:
        raise UnusableFileError(
            file,
            "it was drawn with noise that was given, which no seed makes",
            "draw it again with `dall-e generate --noise` and the file of `dall-e invert`",
        )
    if "known_tokens" in info:
        raise UnusableFileError(
            file,
            "it goes on from a part of another picture, which it does not carry",
            "draw it again with `dall-e generate --image-prompt` and that picture",
        )
    return info


def _checked_files(file: Path, out: str, force: bool) -> ImageFiles:
    """Where the picture goes. Raises ValueError if that is the picture to compare with."""
    if not out:
        made_up = file.with_name(f"{file.stem}-reproduced{file.suffix}")
        return ImageFiles("", 1, like=str(made_up))
    if Path(out).exists() and Path(out).samefile(file):
        raise ValueError(
            f"{out} is the picture to compare with, and would be overwritten; give another --out"
        )
    return ImageFiles(out, 1, force=force)


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


def _as_it_was(pipeline: DALL_E, info: dict[str, str]) -> None:
    """Take the weights through the number formats in which they have been, as FILE says; and the
    memory off, if FILE was drawn without."""
    from dall_e.inference.loading import checked_dtype

    if "memory" not in info:
        pipeline.memory = None
    dtype = pipeline.dtype
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DallEWarning)
        for name in dict.fromkeys(info.get("rounded", "").split()):
            pipeline.to(checked_dtype(name))
        pipeline.to(dtype)


def _draw_again(pipeline: DALL_E, file: Path, info: dict[str, str]) -> PILImage:
    """The picture or grid that a file describes. Raises UnusableFileError if it is damaged."""
    with naming(file, "its text is damaged"):
        side = int(info["size"].split("x")[0])
        seed = json.loads(info["seed"])
        seeds = _listed(seed if isinstance(seed, list) else [seed], int, "seeds")
        prompts = [info["prompt"]]
        if "grid_prompts" in info:
            prompts = _listed(json.loads(info["grid_prompts"]), str, "prompts")
        columns = int(info.get("grid_columns", "0")) or None
        if columns and not 0 < columns <= _MOST_IMAGES:
            raise ValueError(f"it has {columns} columns, from 1 to {_MOST_IMAGES} are read")
        settings = _settings_of(info)

    # What was edited is in no prompt.
    if info.get("from_plan") == "True" and "grid_prompts" not in info:
        return _drawn_plan(pipeline, file, info, side, settings)

    images = pipeline(
        prompts,
        negative_prompt=info.get("negative_prompt", ""),
        seed=seeds,
        height=side,
        transparent=info.get("transparent") == "True",
        style=info.get("style"),
        tile=info.get("tile"),
        upsample=info.get("upsample") == "True",
        finish=info.get("finish", "soft"),
        sampling=settings,
        progress=True,
    )
    assert isinstance(images, list)
    return grid_of(list(images), columns) if "grid_prompts" in info else images[0]


def _drawn_plan(
    pipeline: DALL_E, file: Path, info: dict[str, str], side: int, settings: SamplingConfig
) -> PILImage:
    """The picture of the plan that a file carries."""
    from dall_e.planning.plan_record import PLAN_KEY
    from dall_e.planning.record_fields import parsed

    with naming(file, "its plan is damaged"):
        record = parsed(info[PLAN_KEY])
    is_transparent = info.get("transparent") == "True"
    return pipeline.draw_plan(
        record, height=side, transparent=is_transparent, sampling=settings, progress=True
    )


_MOST_IMAGES = 1000
"""Pictures, or columns, of a grid that is drawn again."""


def _listed(values: Any, kind: type, what: str) -> list[Any]:
    """A list as it is. Raises ValueError for what is none, for another kind, none, or too many."""
    if not isinstance(values, list):
        raise ValueError(f"its {what} are no list")
    if not 0 < len(values) <= _MOST_IMAGES:
        raise ValueError(f"it has {len(values)} {what}, from 1 to {_MOST_IMAGES} are read")
    if any(type(entry) is not kind for entry in values):
        raise ValueError(f"its {what} are not all a {kind.__name__}")
    return values


@contextlib.contextmanager
def _blaming(file: Path) -> Iterator[None]:
    """Inside, a setting that cannot be followed is said to be that of the file."""
    try:
        yield
    except UnusableFileError:
        raise
    except ValueError as error:
        raise UnusableFileError(file, f"it cannot be drawn again: {error}") from error


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
        if name != "lora" and info.get(name, value) != value
    ]
    on_top, was_on_top = pipeline.origin().get("lora", ""), info.get("lora", "")
    if on_top != was_on_top:
        changed.append(f"LoRA was {was_on_top or 'none'}, is {on_top or 'none'} (see --lora)")
    # What older versions did and this one does not.
    removed = [
        f"it was drawn with {name}={info[name]}, which this version no longer has"
        for name, neutral in REMOVED_SETTINGS["SamplingConfig"].items()
        if neutral is not None and info.get(name, str(neutral)) != str(neutral)
    ]
    return changed + removed
