"""Picture files, arrays and PIL images: the only module that imports PIL.

A picture in memory is a uint8 array [4, S, S], channels first, premultiplied RGBA: colour is
already multiplied by alpha, so a picture on a background is `colour + background * (1 - alpha)` and
resizing never bleeds the colour of invisible pixels. In a network it is the same in floats of [0,
1].
"""

from __future__ import annotations

import io
import json
import math
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin, UnidentifiedImageError

from dall_e.atomic_files import write_atomically

ImageArray = npt.NDArray[np.uint8]
PILImage = Image.Image
"""The type of an image, for modules that may not import PIL."""

# Fonts that show Chinese, in order of preference; PIL looks for them in the system's font folders.
CHINESE_FONTS = (
    "wqy-microhei.ttc", "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf",
    "wqy-zenhei.ttc", "SourceHanSansSC-Regular.otf", "DroidSansFallbackFull.ttf", "DroidSansFallback.ttf",
    "PingFang.ttc", "Hiragino Sans GB.ttc", "STHeiti Light.ttc", "Arial Unicode.ttf", "msyh.ttc", "simsun.ttc",
)  # fmt: skip
JPEG_EXTENSIONS = (".jpg", ".jpeg")
DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "F")
"""Grey pictures of more than eight bits."""
LARGEST_COMMENT = 65533
"""Bytes of a JPEG comment: a 16-bit length that counts itself."""


def decode_image(data: bytes, size: int) -> ImageArray:
    """A picture file (PNG, JPEG, WebP, GIF ...: anything PIL reads) as uint8 [4, size, size],
    premultiplied RGBA.

    A picture that is not square is centred on a transparent square. Raises ValueError if the file
    cannot be read.
    """
    try:
        with Image.open(io.BytesIO(data)) as opened:
            opened.load()
            image = _square(_reduced(opened, size))
    except UnidentifiedImageError as error:
        raise ValueError(f"not a readable picture ({len(data)} bytes): of no known kind") from error
    except (
        Exception
    ) as error:  # each format has its own for damage, and one bad file must not end a training run
        raise ValueError(
            f"not a readable picture ({len(data)} bytes): {str(error) or type(error).__name__}"
        ) from error
    return _planes(image, size)


def from_pil(image: PILImage, size: int | None = None) -> ImageArray:
    """A PIL image of any mode as uint8 [4, size, size], premultiplied RGBA; at its own longer side
    if no size is given.

    One that is not square is centred on a transparent square.
    """
    size = size or max(image.size)
    return _planes(_square(_reduced(image, size)), size)


def _planes(image: Image.Image, size: int) -> ImageArray:
    """A square image in mode RGBa as uint8 [4, size, size]."""
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.LANCZOS)
    pixels = np.array(image)
    # Lanczos overshoots beside edges; colour above alpha would be brighter than white.
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _reduced(image: Image.Image, size: int) -> Image.Image:
    """An image in mode RGBa; one much larger than `size` comes as block means, before its copies
    fill the memory."""
    longest = max(image.size)
    if longest < 8 * size or image.mode in DEEP_MODES:
        return _premultiplied(image)
    return image.convert("RGBA").convert("RGBa").reduce(longest // (4 * size))


def _square(image: Image.Image) -> Image.Image:
    width, height = image.size
    if width == height:
        return image
    side = max(width, height)
    square = Image.new("RGBa", (side, side))
    square.paste(image, ((side - width) // 2, (side - height) // 2))
    return square


def _premultiplied(image: Image.Image) -> Image.Image:
    """Any PIL image as mode RGBa (premultiplied), rounded to nearest so that `encode_png` inverts
    it exactly."""
    if image.mode in DEEP_MODES:  # PIL's own conversion of 16-bit grey clips instead of scaling
        grey = np.asarray(image).astype(np.float64)
        image = Image.fromarray(
            (grey * (255 / max(float(grey.max()), 255.0))).clip(0, 255).astype(np.uint8)
        )
    straight = np.array(image.convert("RGBA")).astype(np.uint16)
    straight[..., :3] = (straight[..., :3] * straight[..., 3:] + 127) // 255
    return Image.frombytes("RGBa", image.size, straight.astype(np.uint8).tobytes())


def encode_png(picture: ImageArray) -> bytes:
    """uint8 [4, H, W] premultiplied RGBA as a PNG file with straight alpha; `decode_image`
    inverts it exactly."""
    buffer = io.BytesIO()
    _straight_image(picture).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


def encode_webp(picture: ImageArray, dropped_bits: int = 0) -> bytes:
    """uint8 [4, H, W] premultiplied RGBA as a lossless WebP file; about 60 % of a PNG.

    With `dropped_bits` n > 0, pixels that differ from a neighbour are first rounded to multiples of
    2^n, which moves no value by more than 2^(n-1) and makes the file smaller: by a fifth for 2
    bits, at 56 dB on drawings.
    """
    pixels_HWC = np.array(_straight_image(picture))
    buffer = io.BytesIO()
    Image.fromarray(_rounded(pixels_HWC, dropped_bits), "RGBA").save(
        buffer, format="WEBP", lossless=True, quality=75, method=4
    )
    return buffer.getvalue()


def _rounded(pixels_HWC: npt.NDArray[np.uint8], bits: int) -> npt.NDArray[np.uint8]:
    """Pixels of uneven regions rounded to multiples of 2^bits; 255 stays, so that opaque and white
    stay so."""
    if bits == 0:
        return pixels_HWC
    flat_HW = np.ones(pixels_HWC.shape[:2], dtype=bool)
    for axis in (0, 1):
        same = (np.diff(pixels_HWC, axis=axis) == 0).all(-1)
        before, after = [(0, 0), (0, 0)], [(0, 0), (0, 0)]
        before[axis], after[axis] = (1, 0), (0, 1)
        flat_HW &= np.pad(same, before, constant_values=True) & np.pad(
            same, after, constant_values=True
        )
    step = 1 << bits
    rounded_HWC = np.minimum((pixels_HWC.astype(np.int16) + step // 2) // step * step, 255).astype(
        np.uint8
    )
    return np.where(flat_HW[..., None] | (pixels_HWC == 255), pixels_HWC, rounded_HWC)


def _straight_image(picture: ImageArray) -> Image.Image:
    """uint8 [4, H, W] premultiplied -> PIL image of mode RGBA."""
    pixels = picture.transpose(1, 2, 0).astype(np.uint32)
    alpha = np.maximum(pixels[..., 3:], 1)
    pixels[..., :3] = np.minimum((pixels[..., :3] * 255 + alpha // 2) // alpha, 255)
    return Image.fromarray(pixels.astype(np.uint8), "RGBA")


def to_uint8(x_CHW: Any) -> ImageArray:
    """A picture [4, H, W], tensor or array, floats in [0, 1] or uint8, premultiplied RGBA, as a
    uint8 array."""
    if hasattr(x_CHW, "detach"):
        x_CHW = (
            x_CHW.detach().float().cpu().numpy()
            if x_CHW.is_floating_point()
            else x_CHW.cpu().numpy()
        )
    array = np.asarray(x_CHW)
    if array.ndim != 3 or array.shape[0] != 4:
        raise ValueError(
            f"a picture has shape [4, height, width] (premultiplied RGBA), got {list(array.shape)}"
        )
    if array.dtype == np.uint8:
        return array
    return np.asarray(np.rint(np.clip(np.nan_to_num(array), 0.0, 1.0) * 255.0), dtype=np.uint8)


def to_pil(x_CHW: Any, *, transparent: bool = False) -> Image.Image:
    """A picture [4, H, W] (floats in [0, 1] or uint8; premultiplied RGBA) as a PIL image.

    Mode RGB on white, or RGBA with straight alpha when `transparent`.
    """
    picture = to_uint8(x_CHW)
    picture = np.concatenate([np.minimum(picture[:3], picture[3:]), picture[3:]])
    if transparent:
        return _straight_image(picture)
    colour = picture[:3].astype(np.uint16) + (255 - picture[3:].astype(np.uint16))
    return Image.fromarray(np.ascontiguousarray(colour.astype(np.uint8).transpose(1, 2, 0)), "RGB")


def make_grid(
    images: Sequence[Image.Image], columns: int | None = None, gap: int = 4
) -> Image.Image:
    """Images side by side, row by row; about square unless `columns` is given. Transparent if any
    of them is."""
    return contact_sheet(images, None, columns, gap=gap)


def contact_sheet(
    pictures: Sequence[Any],
    captions: Sequence[str] | None,
    columns: int | None = None,
    *,
    gap: int = 6,
) -> Image.Image:
    """Pictures (PIL images, or arrays and tensors as in `to_pil`) in a grid, with their captions
    drawn underneath.

    Chinese captions need a font that has the characters; a warning says so when the system has
    none.
    """
    if not pictures:
        raise ValueError("a sheet needs at least one picture, got none")
    images = [
        picture if isinstance(picture, Image.Image) else to_pil(picture) for picture in pictures
    ]
    columns = columns if columns and columns > 0 else math.ceil(math.sqrt(len(images)))
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    width, height = (max(image.size[axis] for image in images) for axis in (0, 1))
    labels = _wrapped_labels(captions, width) if captions else []
    line_height = 15
    label_height = max((len(lines) for lines in labels), default=0) * line_height
    transparent = any(image.mode == "RGBA" for image in images)
    size = (columns * (width + gap) + gap, rows * (height + label_height + gap) + gap)
    sheet = Image.new(
        "RGBA" if transparent else "RGB", size, (0, 0, 0, 0) if transparent else (255, 255, 255)
    )
    draw = ImageDraw.Draw(sheet)
    for index, image in enumerate(images):
        left = gap + (index % columns) * (width + gap)
        top = gap + (index // columns) * (height + label_height + gap)
        sheet.paste(image, (left, top))
        for number, line in enumerate(labels[index] if index < len(labels) else []):
            draw.text(
                (left, top + height + number * line_height),
                line,
                fill=(40, 40, 40),
                font=_caption_font()[0],
            )
    return sheet


def _caption_font(size: int = 12) -> tuple[Any, bool]:
    """(font, whether it has Chinese characters). Opening a font takes well under a millisecond."""
    for name in CHINESE_FONTS:
        try:
            return ImageFont.truetype(name, size), True
        except OSError:
            continue
    return ImageFont.load_default(size), False


def _wrapped_labels(captions: Sequence[str], width: int, max_lines: int = 4) -> list[list[str]]:
    """Each caption as at most `max_lines` lines that fit `width` pixels, cut with an ellipsis."""
    font, has_chinese = _caption_font()
    if not has_chinese and any(
        ord(character) > 0x2E7F for caption in captions for character in caption
    ):
        warnings.warn(
            "this system has no font with Chinese characters, so they are drawn as boxes; "
            "install one, for example the package fonts-wqy-microhei or fonts-noto-cjk",
            stacklevel=3,
        )
    return [_wrap(caption, font, width, max_lines) for caption in captions]


def _wrap(caption: str, font: Any, width: int, max_lines: int) -> list[str]:
    lines: list[str] = []
    for paragraph in caption.splitlines() or [""]:
        line = ""
        # Latin text breaks between words, Chinese between any two characters.
        for word in _breakable(paragraph):
            if line and font.getlength(line + word.rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += word
        lines.append(line.rstrip())
    if len(lines) > max_lines:
        lines = [*lines[: max_lines - 1], lines[max_lines - 1][:-1] + "…"]
    return lines


def _breakable(text: str) -> list[str]:
    pieces: list[str] = []
    for character in text:
        if (
            pieces
            and not pieces[-1].endswith(" ")
            and ord(character) < 0x2E80
            and ord(pieces[-1][-1]) < 0x2E80
        ):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def save_image(
    image: Image.Image, path: str | os.PathLike[str], metadata: dict[str, str] | None = None
) -> None:
    """Write an image so that the file is either complete or not there: into a temporary neighbour,
    then renamed.

    Metadata is kept as UTF-8 text chunks in PNG and as a comment in JPEG; other formats hold none,
    with a warning.
    Raises ValueError for an unknown file type, OSError (with the path) for a folder that is full or
    read-only.
    """
    path = Path(path)
    extension = path.suffix.lower()
    known = Image.registered_extensions()
    if extension not in known:
        raise ValueError(
            f"cannot tell the file type of {path.name!r}: end the name in .png, .jpg or .webp"
        )
    options: dict[str, Any] = {}
    if extension == ".png":
        options["pnginfo"] = _png_text(metadata or {})
    elif extension in JPEG_EXTENSIONS:
        options = {"quality": 95, "subsampling": 0, "comment": _join_comment(metadata or {})}
    elif metadata:
        warnings.warn(
            f"{extension} files hold no metadata here; save as .png to keep prompt and seed",
            stacklevel=2,
        )
    if image.mode == "RGBA" and extension in JPEG_EXTENSIONS:
        warnings.warn("JPEG has no transparency: the picture is put on white", stacklevel=2)
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(path) as file:
        image.save(file, format=known[extension], **options)


def _png_text(metadata: dict[str, str]) -> PngImagePlugin.PngInfo:
    chunks = PngImagePlugin.PngInfo()
    for key, value in metadata.items():
        chunks.add_itxt(key, value)  # iTXt is the chunk that holds any Unicode text
    return chunks


def _join_comment(metadata: dict[str, str]) -> bytes:
    comment = json.dumps(metadata, ensure_ascii=False).encode() if metadata else b""
    if len(comment) > LARGEST_COMMENT:
        warnings.warn(
            f"prompt and settings are {len(comment)} bytes, a JPEG comment holds {LARGEST_COMMENT}: they are left out; "
            "save as .png to keep them",
            stacklevel=3,
        )
        return b""
    return comment


def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The texts that `save_image` put into a PNG or JPEG file. Raises ValueError if it is not a
    readable picture."""
    try:
        with Image.open(path) as image:
            image.load()
            if image.format == "PNG":
                return {
                    key: str(value) for key, value in image.info.items() if isinstance(value, str)
                }
            comment = image.info.get("comment", b"")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, OSError) and error.errno:  # no such file, no permission ...
            raise
        raise ValueError(f"{path} is not a readable picture: {error}") from error
    try:
        texts = json.loads(comment)
    except ValueError:  # a comment that another program wrote
        return {}
    return {key: str(value) for key, value in texts.items()} if isinstance(texts, dict) else {}


def resize(image: PILImage, width: int, height: int) -> PILImage:
    """An image at another size, by Lanczos resampling; PIL premultiplies a transparent one
    meanwhile."""
    return image.resize((width, height), Image.Resampling.LANCZOS)


def same_pixels(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> bool:
    """Whether two picture files show exactly the same: size, mode and every pixel; metadata may
    differ."""
    with Image.open(first) as left, Image.open(second) as right:
        return bool(
            left.size == right.size
            and left.mode == right.mode
            and left.tobytes() == right.tobytes()
        )
