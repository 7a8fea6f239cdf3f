"""Pictures of any kind and shape, opened for changing: eight bits, upright, in their own size."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from dall_e.bounded_files import naming, read_bytes
from dall_e.errors import DallEWarning
from dall_e.images.files import (
    DEEP_MODES,
    LONGEST_SIDE,
    MOST_BYTES,
    MOST_PIXELS,
    PILImage,
    check_size,
    of_eight_bits,
)
from dall_e.images.headers import upright
from dall_e.images.metadata import texts_in, texts_of

SHORTEST_SIDE = 16
"""Pixels along the shorter side of the smallest picture that can be changed."""

_HEAD_OF_SVG = 1024
"""Bytes among which an SVG document says that it is one."""


def open_image(source: PILImage | str | os.PathLike[str]) -> PILImage:
    """Open a picture in mode RGB or RGBA, its texts in `info` and the type of its file in `format`.

    It is turned upright, deep grey is scaled to eight bits, and of an animation the first frame is
    taken, with a warning. Its size is looked at before its pixels are decoded. Raises ValueError
    for a picture that is too large or too small, and UnusableFileError, which names the file, for
    one that cannot be read.
    """
    if isinstance(source, PILImage):
        return _checked(source, texts_of(source.info))
    if not isinstance(source, str | os.PathLike):
        raise ValueError(f"a picture is a PIL image or a file, got {type(source).__name__}")

    content = read_bytes(Path(source), MOST_BYTES)
    with naming(source):
        return open_image_bytes(content)


def open_image_bytes(
    content: bytes, *, most_pixels: int = MOST_PIXELS, formats: tuple[str, ...] | None = None
) -> PILImage:
    """Open a picture file in memory as `open_image` does.

    most_pixels: more are not decoded. formats: Pillow's names of those that are read, all unless
    given. Raises ValueError for a picture that is too large or too small, or cannot be read.
    """
    try:
        with Image.open(io.BytesIO(content), formats=formats) as opened:
            width, height = opened.size
            if width * height > most_pixels:
                raise ValueError(
                    f"it has {width} x {height} pixels, pictures of at most {most_pixels} are read"
                )
            check_size(opened)
            opened.load()
            return _checked(opened, texts_in(opened))
    except (ValueError, DallEWarning):
        raise
    except Image.DecompressionBombError as error:
        raise ValueError(
            f"it has far too many pixels, pictures of at most {most_pixels} are read"
        ) from error
    except UnidentifiedImageError as error:
        if b"<svg" in content[:_HEAD_OF_SVG]:
            raise ValueError(
                "an SVG document is no picture that can be edited: edit the PNG, or the plan"
            ) from error
        known = f"none of {', '.join(formats)}" if formats else "of no known kind"
        raise ValueError(f"not a readable picture ({len(content)} bytes): {known}") from error
    # Each format has its own errors for damage.
    except Exception as error:
        reason = " ".join((str(error) or type(error).__name__).split())
        raise ValueError(f"not a readable picture ({len(content)} bytes): {reason}") from error


def _checked(image: PILImage, texts: dict[str, str]) -> PILImage:
    """An opened picture, looked at before it is decoded, in mode RGB or RGBA."""
    check_size(image)
    width, height = image.size
    if min(width, height) < SHORTEST_SIDE:
        raise ValueError(
            f"a picture of {width} x {height} pixels is too small to change: "
            f"each side needs at least {SHORTEST_SIDE}"
        )
    if max(width, height) > LONGEST_SIDE:
        raise ValueError(
            f"a picture of {width} x {height} pixels is too large to change: "
            f"each side can have at most {LONGEST_SIDE}"
        )
    frames = int(getattr(image, "n_frames", 1))
    if frames > 1:
        warnings.warn(
            f"the picture is animated: of its {frames} frames the first is taken",
            DallEWarning,
            stacklevel=2,
        )

    turned = upright(image)
    if turned.mode in DEEP_MODES:
        turned = of_eight_bits(turned)
    has_alpha = turned.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in turned.info
    plain = turned.convert("RGBA" if has_alpha else "RGB").copy()
    info: dict[Any, Any] = {**texts}
    plain.info = info
    plain.format = image.format
    return plain
