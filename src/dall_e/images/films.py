"""Films: several images one after the other in one file, GIF or WebP."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from dall_e.atomic_files import replace_bytes
from dall_e.images.files import PILImage
from dall_e.images.metadata import options_with

FILM_TYPES = (".gif", ".webp")
"""What a film's file may end in."""
_HOLD = 1.5
"""Seconds for which the last image stays before the film begins again."""
_QUALITY = 90


def checked_film(path: str | os.PathLike[str]) -> Path:
    """The path of a film. Raises ValueError for a name that does not end in a film's type."""
    checked = Path(path)
    if checked.suffix.lower() not in FILM_TYPES:
        raise ValueError(
            f"cannot make a film of the type of {checked.name!r}: end it in "
            f"{' or '.join(FILM_TYPES)}"
        )
    return checked


def checked_frames(images: Sequence[PILImage]) -> list[PILImage]:
    """The images of a film. Raises ValueError for none, and for several sizes or modes."""
    frames = list(images)
    if not frames:
        raise ValueError("a film needs at least one picture, and there is none")
    for name in ("size", "mode"):
        kinds = sorted({getattr(image, name) for image in frames})
        if len(kinds) > 1:
            raise ValueError(
                f"the pictures of a film must have one {name}, got {kinds[0]} and {kinds[-1]}"
            )
    return frames


def save_film(
    images: Sequence[PILImage],
    path: str | os.PathLike[str],
    *,
    seconds: float = 0.1,
    texts: Mapping[str, str] | None = None,
    overwrite: bool = True,
) -> None:
    """Write images of one size as a film that repeats.

    seconds: for which each one is shown; the last one stays for a while. texts: go along in a WebP;
    a GIF has no room for them, nor for half transparency: it shows everything on white. Raises
    ValueError for no images, for several sizes and for another file type, and OSError.
    """
    target = checked_film(path)
    checked_frames(images)
    if not 0.02 <= seconds <= 60:
        raise ValueError(f"each picture is shown for 0.02 to 60 seconds, got {seconds}")

    kind = target.suffix.lower()[1:].upper()
    shown = [on_white(image) if kind == "GIF" else image.convert("RGBA") for image in images]
    durations = [round(1000 * seconds)] * (len(shown) - 1)
    durations.append(round(1000 * max(seconds, _HOLD)))
    options = options_with(dict(texts), kind) if texts and kind == "WEBP" else {}
    if kind == "WEBP":
        options |= {"quality": _QUALITY, "method": 4}

    buffer = io.BytesIO()
    # As Pillow saves it: a drawn image would want room for its story in a GIF.
    Image.Image.save(
        shown[0],
        buffer,
        kind,
        save_all=True,
        append_images=shown[1:],
        duration=durations,
        loop=0,
        **options,
    )
    replace_bytes(target, buffer.getvalue(), overwrite=overwrite)


def cross_faded(images: Sequence[PILImage], between: int) -> list[PILImage]:
    """Images of one size and mode with so many mixtures between each two."""
    faded = list(images[:1])
    for first, second in zip(images, images[1:], strict=False):
        faded += [mixed(first, second, (step + 1) / (between + 1)) for step in range(between)]
        faded.append(second)
    return faded


def on_white(image: PILImage) -> PILImage:
    """An image in mode RGB, on white where it is transparent."""
    if image.mode == "RGB":
        return image
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")


def mixed(first: PILImage, second: PILImage, weight: float) -> PILImage:
    """An image between two of one size and mode: the first at weight 0, the second at 1."""
    return Image.blend(first, second, weight)
