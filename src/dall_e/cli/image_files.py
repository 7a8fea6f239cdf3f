"""Picture files of the command line: where they may go, what they are called, what they carry."""

from __future__ import annotations

import json
import re
import tempfile
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from dall_e.atomic_files import replace_bytes

if TYPE_CHECKING:
    from dall_e.images.files import PILImage

FILE_TYPES = (".png", ".jpg", ".jpeg", ".webp", ".svg")


def checked_suffix(out: str, file_format: str) -> str:
    """The end of a file's name: that of `out`, or of the format, or ".png".

    Raises ValueError for a format that is none, and for one that `out` contradicts.
    """
    suffix = f".{file_format.lower().lstrip('.')}" if file_format else ""
    if suffix and suffix not in FILE_TYPES:
        known = ", ".join(known.lstrip(".") for known in FILE_TYPES)
        raise ValueError(f"format {file_format!r} is not one of {known}")
    own = Path(out).suffix.lower() if out else ""
    if suffix and own and own.replace("jpeg", "jpg") != suffix.replace("jpeg", "jpg"):
        raise ValueError(
            f"--format {file_format} is not that of --out {out}: leave one of them out"
        )
    return own or suffix or ".png"


def check_target(path: Path) -> None:
    """Find out before the drawing whether a file can be written. Raises ValueError or OSError."""
    if path.suffix.lower() not in FILE_TYPES:
        raise ValueError(
            f"cannot tell the file type of {path.name!r}: end it in {', '.join(FILE_TYPES)}"
        )
    if path.is_dir():
        raise ValueError(f"{path} is a folder; give a file name")

    # The mode bits do not tell of read-only disks; a file does, with a name as long as the one to
    # come.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part"):
            pass
    except ValueError as error:
        raise ValueError(f"{str(path)!r} cannot be a file name: {error}") from error
    except OSError as error:
        raise OSError(f"cannot write to the folder {path.parent}: {error.strerror}") from error


def target_paths(out: str, images: list[PILImage], prompt: str, suffix: str = ".png") -> list[Path]:
    """One path per image: `out`, numbered if there are several, or made of prompt and seed.

    A made-up name is never that of an older file.
    """
    if not out:
        stem = "".join(_in_file_name(character) for character in prompt)
        stem = re.sub("-+", "-", stem).strip("-")[:40] or "picture"
        seeds = [re.sub(r"\D+", "-", image.info["seed"]).strip("-") for image in images]
        return [_unused_path(f"{stem}-{seed[:40]}", suffix) for seed in seeds]

    path = Path(out)
    if len(images) == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{index}{path.suffix}") for index in range(len(images))]


def _in_file_name(character: str) -> str:
    """A letter, digit or emoji as it is; a dash for what file systems and shells may misread."""
    is_sign = character > "\x7f" and unicodedata.category(character)[0] in "MS"
    return character if character.isalnum() or character == "_" or is_sign else "-"


def _unused_path(stem: str, suffix: str) -> Path:
    """The first of STEM, STEM-2, STEM-3 ... that is not there yet."""
    path, count = Path(stem + suffix), 1
    while path.exists():
        count += 1
        path = Path(f"{stem}-{count}{suffix}")
    return path


def grid_of(images: list[PILImage], columns: int | None) -> PILImage:
    """All images on one sheet, which carries what they share, and the lists of what they do not."""
    from dall_e.images.sheets import make_grid

    prompts = [image.info["prompt"] for image in images]
    listed_prompts = json.dumps(prompts, ensure_ascii=False)
    sheet = make_grid(images, columns)
    sheet.info.update(_texts(images[0]))
    sheet.info.update(
        prompt=prompts[0] if len(set(prompts)) == 1 else listed_prompts,
        seed=json.dumps([int(image.info["seed"]) for image in images]),
        grid_prompts=listed_prompts,
        grid_columns=str(columns or 0),
    )
    # Styles that are not all the same are in the words of the prompts.
    if len({image.info.get("style") for image in images}) > 1:
        sheet.info.pop("style", None)
    return sheet


def save(image: PILImage, path: Path) -> None:
    """Write an image with the texts that it carries, or its SVG document.

    Raises OSError that names the file.
    """
    from dall_e.images.files import save_image

    try:
        if path.suffix.lower() == ".svg":
            replace_bytes(path, image.info["svg"])
            return
        save_image(image, path, _texts(image))
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror or error}") from error


def _texts(image: PILImage) -> dict[str, str]:
    return {str(key): value for key, value in image.info.items() if isinstance(value, str)}
