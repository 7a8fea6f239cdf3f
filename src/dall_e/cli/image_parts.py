"""Parts of pictures in a command line: boxes, and a file with the part of it that is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dall_e.inference.image_prompts import Part


def box_numbers(flag: str, box: str) -> list[float]:
    """The numbers of a box. Raises ValueError that names the flag for what are no numbers."""
    try:
        return [float(number) for number in box.split(",")]
    except ValueError as error:
        raise ValueError(
            f"{flag} takes four numbers, left,top,right,bottom, got {box!r}"
        ) from error


def given_part(text: str) -> tuple[Path, Part] | None:
    """The file and the part of `FILE[:PART]`; None for nothing. Without a part, the top half.

    Raises FileNotFoundError for a file that is not there, and ValueError for no part.
    """
    if not text:
        return None
    from dall_e.inference.image_prompts import PARTS

    name, colon, part = text.rpartition(":")
    if not colon or Path(text).is_file():
        name, part = text, "top"
    if not Path(name).is_file():
        raise FileNotFoundError(f"--image-prompt: there is no picture {name}")
    if part in PARTS:
        return Path(name), part
    if "," not in part:
        raise ValueError(
            f"--image-prompt takes FILE:{', FILE:'.join(PARTS)} or FILE:left,top,right,bottom, "
            f"got {part!r}"
        )
    return Path(name), box_numbers("--image-prompt", part)
