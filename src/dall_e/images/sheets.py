"""Sheets: several images in a grid, with captions below them where there are some."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from dall_e.images.files import PILImage, to_pil

CHINESE_FONTS = (
    "wqy-microhei.ttc", "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf", "wqy-zenhei.ttc", "SourceHanSansSC-Regular.otf",
    "DroidSansFallbackFull.ttf", "DroidSansFallback.ttf", "PingFang.ttc", "Hiragino Sans GB.ttc",
    "STHeiti Light.ttc", "Arial Unicode.ttf", "msyh.ttc", "simsun.ttc",
)  # fmt: skip
"""Fonts that show Chinese, in order of preference; PIL looks in the system's font folders."""

FONT_SIZE = 12
LINE_HEIGHT = 15
"""In pixels."""
MOST_LINES = 4
"""Longer captions are cut."""
TEXT_COLOUR = (40, 40, 40)
FIRST_WIDE = 0x2E80
"""The first code point of the scripts that break between any two characters, such as Chinese."""


def make_grid(images: Sequence[PILImage], columns: int | None = None, gap: int = 4) -> PILImage:
    """Images side by side, row by row; about square unless `columns` is given.

    The grid is transparent if any of the images is.
    """
    return contact_sheet(images, None, columns, gap=gap)


def contact_sheet(
    images: Sequence[Any],
    captions: Sequence[str] | None,
    columns: int | None = None,
    *,
    gap: int = 6,
) -> PILImage:
    """Images in a grid, with their captions drawn below them.

    `images` are PIL images, or arrays and tensors as in `to_pil`. `gap` is in pixels. Chinese
    captions need a font that has the characters; a warning says so when the system has none. Raises
    ValueError if there are no images.
    """
    if not images:
        raise ValueError("a sheet needs at least one picture, got none")
    cells = [image if isinstance(image, Image.Image) else to_pil(image) for image in images]

    columns = columns if columns and columns > 0 else math.ceil(math.sqrt(len(cells)))
    columns = min(columns, len(cells))
    rows = math.ceil(len(cells) / columns)

    # Every cell has room for the largest image and the longest caption.
    font, has_chinese = _caption_font()
    width, height = (max(image.size[axis] for image in cells) for axis in (0, 1))
    labels = [_wrapped(caption, font, width) for caption in captions or ()]
    if not has_chinese and any(ord(letter) >= FIRST_WIDE for letter in "".join(captions or ())):
        warnings.warn(
            "this system has no font with Chinese characters, so they are drawn as boxes; "
            "install one, for example the package fonts-wqy-microhei or fonts-noto-cjk",
            stacklevel=2,
        )
    cell_width = width + gap
    cell_height = height + max(map(len, labels), default=0) * LINE_HEIGHT + gap

    size = (columns * cell_width + gap, rows * cell_height + gap)
    if any(image.mode == "RGBA" for image in cells):
        sheet = Image.new("RGBA", size, (0, 0, 0, 0))
    else:
        sheet = Image.new("RGB", size, (255, 255, 255))

    pen = ImageDraw.Draw(sheet)
    for index, image in enumerate(cells):
        row, column = divmod(index, columns)
        left, top = gap + column * cell_width, gap + row * cell_height
        sheet.paste(image, (left, top))
        for number, line in enumerate(labels[index] if index < len(labels) else ()):
            baseline = top + height + number * LINE_HEIGHT
            pen.text((left, baseline), line, fill=TEXT_COLOUR, font=font)
    return sheet


def _caption_font() -> tuple[Any, bool]:
    """A font, and whether it has Chinese characters; found in well under a millisecond."""
    for name in CHINESE_FONTS:
        try:
            return ImageFont.truetype(name, FONT_SIZE), True
        except OSError:
            continue
    return ImageFont.load_default(FONT_SIZE), False


def _wrapped(caption: str, font: Any, width: int) -> list[str]:
    """A caption as lines that fit `width` pixels; too many are cut with an ellipsis."""
    lines: list[str] = []
    for paragraph in caption.splitlines() or [""]:
        line = ""
        for piece in _pieces(paragraph):
            if line and font.getlength(line + piece.rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += piece
        lines.append(line.rstrip())
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], lines[MOST_LINES - 1][:-1] + "…"]
    return lines


def _pieces(text: str) -> list[str]:
    """What a line may break between: Latin words, and single characters of Chinese."""
    pieces: list[str] = []
    for letter in text:
        previous = pieces[-1][-1] if pieces else " "
        within_word = previous != " " and max(ord(letter), ord(previous)) < FIRST_WIDE
        if within_word:
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces
