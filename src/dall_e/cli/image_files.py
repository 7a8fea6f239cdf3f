"""Picture files of the command line: where they may go, what they are called, what they carry."""

from __future__ import annotations

import itertools
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dall_e.atomic_files import check_writable
from dall_e.cli.overwriting import check_free
from dall_e.errors import UnusableFileError

if TYPE_CHECKING:
    from dall_e.images.credentials import Credentials
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


class ImageFiles:
    """The files of the pictures that a command draws: `out`, or made-up names.

    Several pictures in `out` are numbered. A made-up name is of prompt and seed, or `like` another,
    and never that of an older file.
    """

    def __init__(
        self,
        out: str,
        count: int,
        *,
        first: int = 0,
        force: bool = False,
        like: str = "",
        own: Mapping[int, Path] | None = None,
        suffix: str = ".png",
        credentials: Credentials | None = None,
    ) -> None:
        """Find out before the drawing whether pictures `first` to `count` can be written.

        Without `force`, nothing is overwritten. `own` has the files of pictures with a file of
        their own, by number; `suffix` ends made-up names; `credentials` sign each. Raises
        ValueError or OSError.
        """
        self._force = force
        self._like = like
        self._own = own or {}
        self._suffix = suffix
        self._credentials = credentials
        self._paths: list[Path] = []
        _check_own({number: path for number, path in self._own.items() if number >= first}, force)
        if len(self._own) == count:
            return
        if not out:
            _check_target(Path(like or f"picture{suffix}"), force=True)
            return

        path = Path(out)
        _check_file_type(path)
        self._paths = [path]
        if count > 1:
            names = [f"{path.stem}-{number}{path.suffix}" for number in range(count)]
            self._paths = [path.with_name(name) for name in names]

        # The last name is the longest. It is looked at first: its errors are the better told.
        _check_target(self._paths[-1], force=force)
        check_free(self._paths[first:], force)

    def save(self, image: PILImage, number: int = 0) -> Path:
        """Write picture `number` with the texts that it carries, and return its path.

        Raises OSError that names the file.
        """
        path = self._own.get(number) or (self._paths[number] if self._paths else None)
        if path is not None:
            _save(image, path, self._credentials, overwrite=self._force)
            return path

        made_up = Path(self._like or f"{_stem_of(image.info)}{self._suffix}")
        for path in _unused_paths(made_up):
            try:
                _save(image, path, self._credentials, overwrite=False)
            except FileExistsError:
                continue  # Another process was quicker.
            return path
        raise AssertionError("there is always a next name")


def _check_own(files: Mapping[int, Path], force: bool) -> None:
    """Raise ValueError or OSError for files that cannot be written, or that are asked for twice."""
    taken: set[Path] = set()
    for path in files.values():
        if path in taken:
            raise ValueError(
                f"two pictures would be written to {path}: give each a file of its own"
            )
        taken.add(path)
        _check_target(path, force=force)


def _check_file_type(path: Path) -> None:
    """Raise ValueError for a name whose end does not say in what format to write."""
    if path.suffix.lower() not in FILE_TYPES:
        raise ValueError(
            f"cannot tell the file type of {str(path)!r}: end it in {', '.join(FILE_TYPES)}"
        )


def _check_target(path: Path, *, force: bool) -> None:
    """Raise ValueError or OSError for a file that cannot be written."""
    _check_file_type(path)
    try:
        if path.is_dir():
            raise UnusableFileError(path, "is a folder", "give a file name")
        check_free([path], force)
        check_writable(path)
    except UnusableFileError:
        raise
    except ValueError as error:
        raise ValueError(f"{str(path)!r} cannot be a file name: {error}") from error
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror or error}") from error


def _stem_of(info: dict[Any, Any]) -> str:
    """Prompt and seed of a picture, or the first prompt of a grid, as the stem of a file name."""
    prompt = json.loads(info["grid_prompts"])[0] if "grid_prompts" in info else info["prompt"]
    stem = "".join(_in_file_name(character) for character in prompt)
    stem = re.sub("-+", "-", stem).strip("-")[:40] or "picture"
    seed = re.sub(r"\D+", "-", info["seed"]).strip("-")[:40]
    return f"{stem}-{seed}"


def _in_file_name(character: str) -> str:
    """A letter, digit or emoji as it is; a dash for what file systems and shells may misread."""
    is_sign = character > "\x7f" and unicodedata.category(character)[0] in "MS"
    return character if character.isalnum() or character == "_" or is_sign else "-"


def _unused_paths(path: Path) -> Iterator[Path]:
    """Those of NAME, NAME-2, NAME-3 ... that are not there yet, without end."""
    for count in itertools.count(1):
        numbered = path.with_name(f"{path.stem}-{count}{path.suffix}") if count > 1 else path
        # A link that leads nowhere is a name that is taken, too.
        if not os.path.lexists(numbered):
            yield numbered


def grid_of(images: list[PILImage], columns: int | None) -> PILImage:
    """All images on one sheet, which carries what they share, and the lists of what they do not."""
    from dall_e.images.sheets import make_grid
    from dall_e.planning.plan_record import PLAN_KEY

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
    # A plan is that of one picture.
    sheet.info.pop(PLAN_KEY, None)
    # Styles that are not all the same are in the words of the prompts.
    if len({image.info.get("style") for image in images}) > 1:
        sheet.info.pop("style", None)
    return sheet


def _save(image: PILImage, path: Path, credentials: Credentials | None, *, overwrite: bool) -> None:
    """Write an image with the texts that it carries.

    Raises OSError that names the file, FileExistsError if it is there and not to be overwritten.
    """
    from dall_e.images.files import save_image

    try:
        save_image(image, path, _texts(image), overwrite=overwrite, credentials=credentials)
    except FileExistsError as error:
        raise FileExistsError(f"cannot write {path}: it is there already") from error
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror or error}") from error


def _texts(image: PILImage) -> dict[str, str]:
    return {str(key): value for key, value in image.info.items() if isinstance(value, str)}
