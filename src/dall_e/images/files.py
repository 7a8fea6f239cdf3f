"""Image files, arrays and PIL images: reading, writing, and the metadata in a file.

An image in memory is a uint8 array [4, S, S], channels first, premultiplied RGBA: colour is already
multiplied by alpha. An image on a background is then `colour + background * (1 - alpha)`, and
resizing never bleeds the colour of invisible pixels. In a network it is the same in floats of
[0, 1].

Shapes: C 4 channels (premultiplied RGBA), S the side of a square, H W rows and columns.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from dall_e.atomic_files import replace_bytes
from dall_e.bounded_files import naming, read_bytes
from dall_e.images.credentials import Credentials
from dall_e.images.encoding import encoded_image
from dall_e.images.headers import upright
from dall_e.images.metadata import texts_in

ImageArray = npt.NDArray[np.uint8]
PILImage = Image.Image
"""The type of an image, for modules that may not import PIL."""

DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "F")
"""Grey images of more than eight bits."""
VISIBLE = 8
"""Alpha above this is visible."""
FLAT = 16
"""Colours that differ by no more than this, of 255, look the same side by side."""
SEEN_FRACTION = 0.001
"""Of an image's pixels, so many differ from the rest at least where anything is seen on it."""
_GLANCE = 4
"""At a glance one of so many rows and columns is looked at."""
LONGEST_STRIP = 8
"""What is more than this many times as long as wide is a strip, not an image of a thing."""


MOST_BYTES = 512 * 2**20
"""Length of the longest picture file that is read."""
MOST_PIXELS = 120_000_000
"""Pixels of the largest picture file that is read; cameras make up to 108 million."""
LONGEST_SIDE = 16384
"""Pixels along the longer side of a picture that keeps its size."""
_STRIP_PIXELS = 1 << 20
"""Pixels of a large picture that are converted at a time."""


# Reading


def read_image(path: str | os.PathLike[str], size: int) -> ImageArray:
    """An image file as `decode_image` gives it. Raises UnusableFileError, which names the file."""
    content = read_bytes(Path(path), MOST_BYTES)
    with naming(path):
        return decode_image(content, size)


def decode_image(data: bytes, size: int) -> ImageArray:
    """An image file as uint8 [4, size, size], premultiplied RGBA.

    Reads PNG, JPEG, WebP, GIF and whatever else PIL reads, upright as its EXIF data says. An image
    that is not square is centred on a transparent square. Raises ValueError if the file cannot be
    read.
    """
    try:
        with Image.open(io.BytesIO(data)) as opened:
            check_size(opened)
            opened.load()
            image = _square(_reduced(upright(opened), size))
    except UnidentifiedImageError as error:
        raise ValueError(f"not a readable picture ({len(data)} bytes): of no known kind") from error
    # Each format has its own errors for damage, and one bad file must not end a training run.
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise ValueError(f"not a readable picture ({len(data)} bytes): {reason}") from error
    return _array(image, size)


def from_pil(image: PILImage, size: int | None = None) -> ImageArray:
    """A PIL image of any mode as uint8 [4, size, size], premultiplied RGBA.

    Without a size it keeps its own longer side. One that is not square is centred on a transparent
    square. One that was opened from a camera's file is turned upright, as its EXIF data says.
    """
    size = size or max(image.size)
    if size > LONGEST_SIDE:
        raise ValueError(f"a picture of {size} pixels a side: at most {LONGEST_SIDE} are possible")
    return _array(_square(_reduced(upright(image), size)), size)


def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The texts that `save_image` put into a PNG, JPEG, WebP or AVIF file.

    Raises UnusableFileError if it is not a readable image.
    """
    with naming(path, "it is not a readable picture"), Image.open(path) as image:
        check_size(image)
        image.load()
        return texts_in(image)


def image_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Width and height of an image file that `read_metadata` has read."""
    with Image.open(path) as image:
        return image.width, image.height


def same_pixels(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> bool:
    """Whether two image files show exactly the same: size, mode and every pixel.

    Metadata may differ. Raises UnusableFileError if one is not a readable image.
    """
    with naming(first), Image.open(first) as left, Image.open(second) as right:
        check_size(left)
        check_size(right)
        same_kind = left.size == right.size and left.mode == right.mode
        return bool(same_kind and left.tobytes() == right.tobytes())


def check_size(image: PILImage) -> None:
    """Raise ValueError for an opened file that would fill the memory, or that runs a program."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise ValueError(
            f"it has {width} x {height} pixels, pictures of at most {MOST_PIXELS} are read"
        )
    if image.format == "EPS":
        raise ValueError("it is PostScript, a program that would have to be run")


def _array(image: PILImage, size: int) -> ImageArray:
    """A square image in mode RGBa as uint8 [4, size, size]."""
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.LANCZOS)
    pixels_SSC = np.array(image)
    # Lanczos overshoots beside edges; colour above alpha would be brighter than white.
    pixels_SSC[..., :3] = np.minimum(pixels_SSC[..., :3], pixels_SSC[..., 3:])
    return np.ascontiguousarray(pixels_SSC.transpose(2, 0, 1))


def _reduced(image: PILImage, size: int) -> PILImage:
    """An image in mode RGBa, as block means if it is much larger than `size`.

    The means are taken before the copies of a large image fill the memory.
    """
    longest = max(image.size)
    if image.mode in DEEP_MODES:
        image = of_eight_bits(image)
    if longest < 8 * size:
        return _premultiplied(image)

    # Row by row of blocks, so that a large image is never in memory three times.
    factor = longest // (4 * size)
    reduced = Image.new("RGBa", (-(-image.width // factor), -(-image.height // factor)))
    for top, strip in _strips(image, factor):
        blocks = strip.convert("RGBA").convert("RGBa").reduce(factor)
        reduced.paste(blocks, (0, top // factor))
    return reduced


def _strips(image: PILImage, step: int) -> Iterator[tuple[int, PILImage]]:
    """An image in strips, each with its first row; their heights are multiples of `step`."""
    rows = max(1, _STRIP_PIXELS // (image.width * step)) * step
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def of_eight_bits(image: PILImage) -> PILImage:
    """Grey of more than eight bits in mode L; PIL's own conversion clips instead of scaling."""
    grey = Image.new("L", image.size)
    if 0 in image.size:
        return grey
    _, highest = image.getextrema()
    scale = 255 / max(float(highest), 255.0)  # type: ignore[arg-type]
    for top, strip in _strips(image, 1):
        scaled = np.asarray(strip).astype(np.float64) * scale
        grey.paste(Image.fromarray(scaled.clip(0, 255).astype(np.uint8)), (0, top))
    return grey


def _square(image: PILImage) -> PILImage:
    """An image in mode RGBa, centred on a transparent square."""
    width, height = image.size
    if width == height:
        return image
    side = max(width, height)
    square = Image.new("RGBa", (side, side))
    square.paste(image, ((side - width) // 2, (side - height) // 2))
    return square


def _premultiplied(image: PILImage) -> PILImage:
    """Any PIL image as mode RGBa, rounded to nearest so that `encode_png` inverts it exactly."""
    straight = np.array(image.convert("RGBA")).astype(np.uint16)
    straight[..., :3] = (straight[..., :3] * straight[..., 3:] + 127) // 255
    return Image.frombytes("RGBa", image.size, straight.astype(np.uint8).tobytes())


# Writing


def to_uint8(x_CHW: Any) -> ImageArray:
    """An image [4, H, W], premultiplied RGBA, as a uint8 array.

    It may be a tensor or an array, of uint8 or of floats in [0, 1].
    """
    if hasattr(x_CHW, "detach"):
        x_CHW = x_CHW.detach()
        x_CHW = (x_CHW.float() if x_CHW.is_floating_point() else x_CHW).cpu().numpy()
    array = np.asarray(x_CHW)
    if array.ndim != 3 or array.shape[0] != 4:
        raise ValueError(
            f"a picture has shape [4, height, width] (premultiplied RGBA), got {list(array.shape)}"
        )
    if array.dtype == np.uint8:
        return array
    return np.asarray(np.rint(np.clip(np.nan_to_num(array), 0.0, 1.0) * 255.0), dtype=np.uint8)


def to_pil(x_CHW: Any, *, transparent: bool = False) -> PILImage:
    """An image [4, H, W] as in `to_uint8`, as a PIL image.

    Its mode is RGB, on white, or RGBA with straight alpha when `transparent`.
    """
    image_CHW = to_uint8(x_CHW)
    image_CHW = np.concatenate([np.minimum(image_CHW[:3], image_CHW[3:]), image_CHW[3:]])
    if transparent:
        return _straight(image_CHW)
    colour_3HW = image_CHW[:3].astype(np.uint16) + (255 - image_CHW[3:].astype(np.uint16))
    colour_HW3 = np.ascontiguousarray(colour_3HW.astype(np.uint8).transpose(1, 2, 0))
    return Image.fromarray(colour_HW3, "RGB")


def encode_png(image_CHW: ImageArray) -> bytes:
    """An image uint8 [4, H, W] as a PNG file with straight alpha.

    `decode_image` inverts it exactly.
    """
    buffer = io.BytesIO()
    _straight(image_CHW).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


def encode_webp(image_CHW: ImageArray, dropped_bits: int = 0) -> bytes:
    """An image uint8 [4, H, W] as a lossless WebP file; about 60 % of a PNG.

    With `dropped_bits` n > 0, pixels that differ from a neighbour are first rounded to multiples of
    2^n. That moves no value by more than 2^(n-1) and makes the file smaller: by a fifth for 2 bits,
    at 56 dB on drawings.
    """
    pixels_HWC = _rounded(np.array(_straight(image_CHW)), dropped_bits)
    buffer = io.BytesIO()
    Image.fromarray(pixels_HWC, "RGBA").save(
        buffer, format="WEBP", lossless=True, quality=75, method=4
    )
    return buffer.getvalue()


def _straight(image_CHW: ImageArray) -> PILImage:
    """An image uint8 [4, H, W], premultiplied, as a PIL image of mode RGBA."""
    pixels_HWC = image_CHW.transpose(1, 2, 0).astype(np.uint32)
    alpha_HW1 = np.maximum(pixels_HWC[..., 3:], 1)
    straight_HW3 = (pixels_HWC[..., :3] * 255 + alpha_HW1 // 2) // alpha_HW1
    pixels_HWC[..., :3] = np.minimum(straight_HW3, 255)
    return Image.fromarray(pixels_HWC.astype(np.uint8), "RGBA")


def _rounded(pixels_HWC: ImageArray, bits: int) -> ImageArray:
    """Pixels of uneven regions rounded to multiples of 2^bits.

    255 stays, so that opaque and white stay so.
    """
    if bits == 0:
        return pixels_HWC

    # A pixel is flat if it is the same as its four neighbours.
    flat_HW = np.ones(pixels_HWC.shape[:2], dtype=bool)
    for axis in (0, 1):
        same = (np.diff(pixels_HWC, axis=axis) == 0).all(-1)
        before, after = [(0, 0), (0, 0)], [(0, 0), (0, 0)]
        before[axis], after[axis] = (1, 0), (0, 1)
        flat_HW &= np.pad(same, before, constant_values=True)
        flat_HW &= np.pad(same, after, constant_values=True)

    step = 1 << bits
    rounded_HWC = (pixels_HWC.astype(np.int16) + step // 2) // step * step
    rounded_HWC = np.minimum(rounded_HWC, 255).astype(np.uint8)
    return np.where(flat_HW[..., None] | (pixels_HWC == 255), pixels_HWC, rounded_HWC)


def save_image(
    image: PILImage,
    path: str | os.PathLike[str],
    metadata: dict[str, str] | None = None,
    *,
    overwrite: bool = True,
    credentials: Credentials | None = None,
) -> None:
    """Write an image so that the file is either complete or not there.

    It goes into a temporary neighbour, which is then renamed; without `overwrite`, a file that is
    there already is kept, and FileExistsError raised. Metadata is kept where the file type has room
    for it (`images/metadata.py`); other types hold none, with a warning. `credentials` sign the
    file. Raises ValueError for an
    unknown file type, OSError (with the path) for a folder that is full or read-only.
    """
    path = Path(path)
    content = encoded_image(image, path.suffix, metadata, credentials=credentials, name=path.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_bytes(path, content, overwrite=overwrite)


def shows_nothing(image: PILImage) -> bool:
    """Whether (almost) all pixels of an image are transparent, or of one colour."""
    pixels_HWC = np.asarray(image.convert("RGBA"))
    # Most images show something at a glance, at one pixel of many.
    if _seen_fraction(pixels_HWC[::_GLANCE, ::_GLANCE]) >= 2 * SEEN_FRACTION:
        return False
    return _seen_fraction(pixels_HWC) < SEEN_FRACTION


def _seen_fraction(straight_HWC: ImageArray) -> float:
    """How many of these pixels differ from what is usual among them, from 0 to 1."""
    pixels_HWC = straight_HWC.astype(np.float32)
    pixels_HWC[..., :3] *= pixels_HWC[..., 3:] / 255
    usual_C = np.median(pixels_HWC.reshape(-1, 4), axis=0)
    differs_HW = np.abs(pixels_HWC - usual_C).max(axis=2) > FLAT
    return float(differs_HW.mean())


# Changing


def resize(image: PILImage, width: int, height: int) -> PILImage:
    """An image at another size, by Lanczos resampling; PIL premultiplies a transparent one."""
    return image.resize((width, height), Image.Resampling.LANCZOS)


def cropped(png: bytes) -> bytes:
    """A PNG file cut to the box of its visible pixels.

    Raises ValueError if nothing is visible, or only a strip.
    """
    with Image.open(io.BytesIO(png)) as image:
        alpha = image.convert("RGBA").getchannel("A")
        box = alpha.point(lambda value: 255 if value > VISIBLE else 0).getbbox()
        if box is None:
            raise ValueError("blank")
        short, long = sorted((box[2] - box[0], box[3] - box[1]))
        if short * LONGEST_STRIP < long:
            raise ValueError("a strip: more than eight times as long as wide")
        buffer = io.BytesIO()
        image.crop(box).save(buffer, format="PNG", compress_level=1)
        return buffer.getvalue()
