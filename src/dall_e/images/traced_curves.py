"""Curves of a picture that is flat: what a drawing program would have, found in its pixels.

Shapes: S the side of a picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from dall_e.images.areas import AreaSettings, flat_areas
from dall_e.images.curves import CURVE_SIDE, curves_document
from dall_e.images.painting import painted_svg
from dall_e.images.tracing import traced_paths

UInt8 = npt.NDArray[np.uint8]

_FINE = AreaSettings(most_colours=24, same_colour=0.03, least_area=24)
_MOST_OFF = 5.0
"""Of 255 levels: curves that are farther from the picture on average are not it."""
_MOST_PATHS = 500
_FILL = re.compile(r' fill="(#[0-9a-fA-F]{6})"')
_OUTLINE = re.compile(r' d="([^"]*)"')
_MOVED = re.compile(r"translate\((-?[\d.]+)[ ,]+(-?[\d.]+)\)")
_TOKEN = re.compile(r"[MLCQZ]|-?[\d.]+")


def curves_in(image_SSC: UInt8) -> str:
    """Return the curves of a picture, uint8 [S, S, C], in the plain form of `curves.py`.

    "" for one that is not made of areas of one colour, such as a photograph or a painting.
    """
    areas = flat_areas(image_SSC, _FINE)
    lines = traced_paths(areas).splitlines()
    if not lines or len(lines) > _MOST_PATHS:
        return ""
    scale = CURVE_SIDE / len(areas.labels_HW)
    curves = "\n".join(_plain(line, scale) for line in lines)
    painted_SSC = painted_svg(curves_document(curves), len(image_SSC))
    off: Any = np.abs(painted_SSC.astype(np.int16) - image_SSC.astype(np.int16)).mean()
    return curves if off <= _MOST_OFF else ""


def _plain(path: str, scale: float) -> str:
    """A traced path with absolute coordinates in the square of curves."""
    fill, outline, moved = _FILL.search(path), _OUTLINE.search(path), _MOVED.search(path)
    assert fill and outline
    x, y = (float(moved[1]), float(moved[2])) if moved else (0.0, 0.0)
    said: list[str] = []
    numbers: list[float] = []
    for token in _TOKEN.findall(outline[1]):
        if token.isalpha():
            said.append(token)
            continue
        numbers.append(float(token))
        if len(numbers) == 2:
            point = f"{round((numbers[0] + x) * scale, 1):g},{round((numbers[1] + y) * scale, 1):g}"
            is_first = said[-1].isalpha() and len(said[-1]) == 1
            said[-1:] = [said[-1] + point] if is_first else [said[-1], point]
            numbers = []
    return f'<path fill="{fill[1].lower()}" d="{" ".join(said)}"/>'
