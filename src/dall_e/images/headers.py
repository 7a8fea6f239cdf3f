"""What the head of an image file says: size, colours, frames, and which side is up."""

from __future__ import annotations

import io
import struct
from typing import NamedTuple

from PIL import Image, PngImagePlugin, UnidentifiedImageError

ORIENTATION = 0x0112
"""The EXIF entry that says how the camera was held."""
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes an image upright, by its orientation; 1 is upright."""


class ImageHeader(NamedTuple):
    """An image file without its pixels."""

    width: int
    """In pixels, when it is upright."""
    height: int
    mode: str
    """PIL's word for the channels: RGB, CMYK, I;16, ..."""
    frames: int
    """More than one if it is animated."""
    is_turned: bool
    """Whether its EXIF data says that it must be turned to be upright."""


def read_header(data: bytes) -> ImageHeader:
    """The head of an image file; nothing is decoded. Raises ValueError if it is no image."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
            orientation = orientation_of(image)
            if orientation > 4:
                width, height = height, width
            frames = int(getattr(image, "n_frames", 1))
            return ImageHeader(width, height, image.mode, frames, orientation != 1)
    except UnidentifiedImageError as error:
        raise ValueError("not a picture of a known kind") from error
    # Each format has its own errors for damage.
    except Exception as error:
        raise ValueError(f"not a readable picture: {error}") from error


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation of an image, 1 to 8; 1 without one or with a broken one."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    # A damaged EXIF block raises whatever its reader meets; the image itself is fine.
    except Exception:
        return 1
    return value if isinstance(value, int) and value in _TURNS else 1


def upright(image: Image.Image) -> Image.Image:
    """An image turned as its EXIF orientation says; the same object if it is upright."""
    image.load()  # which turns a TIFF by itself
    turn = _TURNS.get(orientation_of(image))
    return image if turn is None else image.transpose(turn)


def verify_image(data: bytes) -> None:
    """Compare the checksums in a PNG file with its content. Raises ValueError if they differ.

    PIL decodes a PNG without a look at the checksums of its pixels. Other formats have none.
    """
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return
    try:
        with PngImagePlugin.PngImageFile(io.BytesIO(data)) as image:
            image.verify()
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        raise ValueError(f"damaged ({len(data)} bytes): {error}") from error
