"""Recolouring of drawings in OKLab: the main colour of a cut-out moves, its shading, outlines and
small parts stay.

OKLab is B. Ottosson, "A perceptual color space for image processing" (2020). Shapes: H, W rows and
columns, P pixels, C 4 channels (red, green, blue, alpha).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
RGB = tuple[float, float, float]
"""An sRGB colour; each part is from 0 to 255."""

TARGETS: dict[str, tuple[float, float, float]] = {
    "red": (0.60, 0.22, 27), "orange": (0.74, 0.17, 57), "yellow": (0.87, 0.17, 97), "green": (0.66, 0.19, 144),
    "blue": (0.57, 0.19, 258), "purple": (0.52, 0.19, 303), "pink": (0.77, 0.14, 355), "brown": (0.47, 0.085, 55),
    "black": (0.27, 0.005, 270), "white": (0.95, 0.003, 90), "grey": (0.66, 0.006, 260),
}  # fmt: skip
"""Lightness 0 to 1, chroma, hue in degrees of each colour word."""

# Pixels of less chroma have no hue worth the name.
GREY_CHROMA = 0.035
# Outlines and pupils are as dark as this.
_DARK = 0.4
# Fraction of the chroma, and of the area, that one hue must have so that a drawing counts as of one
# colour.
MAIN_CHROMA_FRACTION = 0.78
MAIN_AREA_FRACTION = 0.42

_TO_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]], dtype=np.float32,
)  # fmt: skip
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]], dtype=np.float32,
)  # fmt: skip
_FROM_LAB = np.linalg.inv(_TO_LAB.astype(np.float64)).astype(np.float32)
_FROM_LMS = np.linalg.inv(_TO_LMS.astype(np.float64)).astype(np.float32)


def _linear(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


_LINEAR = _linear(np.arange(256) / 255).astype(np.float32)
_STEPS = np.linspace(0, 1, 4097)
_GAMMA = np.where(_STEPS <= 0.0031308, 12.92 * _STEPS, 1.055 * _STEPS ** (1 / 2.4) - 0.055) * 255
_GAMMA = _GAMMA.astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class MainColour:
    """The one colour that a drawing mostly has."""

    lightness: float
    chroma: float
    hue: float
    """In degrees; says nothing where `grey`."""
    grey: bool
    """Whether it is black, grey or white: then lightness tells it apart from the rest instead of
    hue."""


def oklab(rgb_P3: npt.NDArray[np.uint8]) -> Floats:
    """sRGB colours, uint8 [P, 3], as OKLab [P, 3]: lightness 0 to 1, green to red, blue to
    yellow."""
    lms_P3 = np.cbrt(_LINEAR[rgb_P3] @ _TO_LMS.T)
    return np.asarray(lms_P3 @ _TO_LAB.T, dtype=np.float32)


def from_oklab(lab_P3: Floats) -> Floats:
    """OKLab colours [P, 3] as sRGB, floats of 0 to 255; colours that a screen cannot show are
    clipped."""
    lms_P3 = lab_P3 @ _FROM_LAB.T
    linear_P3 = (lms_P3 * lms_P3 * lms_P3) @ _FROM_LMS.T
    return np.asarray(_GAMMA[(linear_P3.clip(0, 1) * 4096).astype(np.int32)])


def straight_colours(
    image_HWC: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.uint8]]:
    """Where a premultiplied picture uint8 [H, W, 4] shows anything [H, W], and its straight colours
    there [P, 3]."""
    shown_HW = image_HWC[..., 3] > 8
    pixels_P4 = image_HWC[shown_HW].astype(np.uint16)
    colours_P3 = np.minimum(
        (pixels_P4[:, :3] * 255 + pixels_P4[:, 3:] // 2) // pixels_P4[:, 3:], 255
    )
    return shown_HW, colours_P3.astype(np.uint8)


def _measured(image_HWC: npt.NDArray[np.uint8]) -> tuple[Floats, Floats, Floats, Floats]:
    """OKLab [P, 3], chroma, hue in degrees and alpha of 0 to 1 [P] of what a premultiplied picture
    shows."""
    shown_HW, colours_P3 = straight_colours(image_HWC)
    lab_P3 = oklab(colours_P3)
    hue_P = np.degrees(np.arctan2(lab_P3[:, 2], lab_P3[:, 1])) % 360
    return (
        lab_P3,
        np.hypot(lab_P3[:, 1], lab_P3[:, 2]),
        hue_P,
        image_HWC[shown_HW][:, 3] / np.float32(255),
    )


def main_colour(image_HWC: npt.NDArray[np.uint8]) -> MainColour | None:
    """The main colour of a premultiplied picture uint8 [H, W, 4]; None if it has several, or shows
    nothing."""
    lab_P3, chroma_P, hue_P, alpha_P = _measured(image_HWC)
    if len(lab_P3) == 0:
        return None
    coloured_P = chroma_P > GREY_CHROMA
    area = float(alpha_P.sum())
    if float(alpha_P[coloured_P].sum()) < 0.2 * area:
        return _main_grey(lab_P3, chroma_P, alpha_P)
    middle, _ = _largest_window(
        (hue_P / 10).astype(np.int64), chroma_P * coloured_P * alpha_P, bins=36, turns=True
    )
    peak = middle * 10
    near_P = coloured_P & (np.abs(_turn(hue_P - peak)) < 40)
    if (chroma_P * near_P * alpha_P).sum() < MAIN_CHROMA_FRACTION * (
        chroma_P * coloured_P * alpha_P
    ).sum():
        return None
    if float(alpha_P[near_P].sum()) < MAIN_AREA_FRACTION * area:
        return None
    hue = peak + float(
        np.average(_turn(hue_P[near_P] - peak), weights=chroma_P[near_P] * alpha_P[near_P])
    )
    return MainColour(
        lightness=float(np.median(lab_P3[near_P, 0])), chroma=float(np.median(chroma_P[near_P])),
        hue=hue % 360, grey=False,
    )  # fmt: skip


def largest_colour(image_HWC: npt.NDArray[np.uint8]) -> MainColour | None:
    """The colour of the largest part of a premultiplied picture uint8 [H, W, 4], whatever else is
    on it.

    Unlike `main_colour` it answers wherever something is shown: of a yellow house with a grey roof
    yellow. Black counts where more than half is black, for else it is outlines and pupils.
    """
    lab_P3, chroma_P, hue_P, alpha_P = _measured(image_HWC)
    coloured_P = chroma_P > GREY_CHROMA
    dark_P = lab_P3[:, 0] < _DARK
    mostly_dark = float(alpha_P[dark_P].sum()) > 0.5 * float(alpha_P.sum())
    filled_P = dark_P if mostly_dark else ~coloured_P & ~dark_P
    coloured_P = coloured_P & ~dark_P
    hue, hue_area = _largest_window(
        (hue_P / 10).astype(np.int64), alpha_P * coloured_P, bins=36, turns=True
    )
    level, grey_area = _largest_window(
        (lab_P3[:, 0] * 10).astype(np.int64), alpha_P * filled_P, bins=11, turns=False
    )
    grey = grey_area > hue_area
    if max(hue_area, grey_area) == 0:
        return None
    near_P = filled_P & (np.abs(lab_P3[:, 0] * 10 - level) < 1.5)
    if not grey:
        near_P = coloured_P & (np.abs(_turn(hue_P - hue * 10)) < 20)
        hue = hue * 10 + float(np.average(_turn(hue_P[near_P] - hue * 10), weights=alpha_P[near_P]))
    return MainColour(
        lightness=float(np.median(lab_P3[near_P, 0])), chroma=float(np.median(chroma_P[near_P])),
        hue=0.0 if grey else hue % 360, grey=grey,
    )  # fmt: skip


def _largest_window(
    bin_P: npt.NDArray[np.int64], area_P: Floats, *, bins: int, turns: bool
) -> tuple[float, float]:
    """The middle, in bins, of the three neighbouring ones that hold most, and what they hold;
    `turns`: the last has the first as its neighbour."""
    histogram = np.bincount(
        bin_P % bins if turns else bin_P.clip(0, bins - 1), weights=area_P, minlength=bins
    )
    padded = np.pad(histogram, 1, mode="wrap" if turns else "constant")
    around = padded[1:-1] + padded[:-2] + padded[2:]
    peak = int(np.argmax(around))
    return peak + 0.5, float(around[peak])


def _main_grey(lab_P3: Floats, chroma_P: Floats, alpha_P: Floats) -> MainColour | None:
    """The main lightness of a colourless drawing, unless it is as much black as white."""
    lightness_P = lab_P3[:, 0]
    middle = float(np.median(lightness_P))
    near_P = np.abs(lightness_P - middle) < 0.2
    if float(alpha_P[near_P].sum()) < 0.6 * float(alpha_P.sum()):
        return None
    return MainColour(lightness=middle, chroma=float(np.median(chroma_P)), hue=0.0, grey=True)


def recoloured(
    image_HWC: npt.NDArray[np.uint8],
    main: MainColour,
    colour: str,
    shade: tuple[float, float, float] = (0, 1, 0),
) -> npt.NDArray[np.uint8]:
    """A premultiplied picture uint8 [H, W, 4] with its main colour moved to `colour`.

    `shade`: added to the lightness, multiplied with the chroma, added to the hue (degrees) of the
    colour's target. Lightness keeps its differences, so that shading and highlights stay; hue keeps
    35 % of its spread. Raises ValueError for a colour that has no target.
    """
    if colour not in TARGETS:
        raise ValueError(f"{colour!r} is none of {', '.join(TARGETS)}")
    target_lightness, target_chroma, target_hue = TARGETS[colour]
    target_lightness, target_chroma = target_lightness + shade[0], target_chroma * shade[1]
    shown_HW, colours_P3 = straight_colours(image_HWC)
    lab_P3 = oklab(colours_P3)
    lightness_P = lab_P3[:, 0]
    chroma_P = np.hypot(lab_P3[:, 1], lab_P3[:, 2])
    below_P = main.lightness - lightness_P
    if main.grey:
        off_hue_P = np.zeros_like(chroma_P)
        mask_P = _ramp(0.34 - np.abs(below_P), 0.0, 0.12) * _ramp(0.09 - chroma_P, 0.0, 0.04)
        new_chroma_P = np.full_like(chroma_P, target_chroma)
    else:
        off_hue_P = _turn(np.degrees(np.arctan2(lab_P3[:, 2], lab_P3[:, 1])) - main.hue)
        mask_P = _ramp(55 - np.abs(off_hue_P), 0.0, 18.0) * _ramp(chroma_P, 0.015, 0.045)
        new_chroma_P = chroma_P * (target_chroma / max(main.chroma, 0.03))
        np.minimum(new_chroma_P, 1.35 * target_chroma, out=new_chroma_P)
    if colour != "black":
        # Outlines in a dark shade of the main hue stay as they are; around black they would be too
        # light.
        mask_P = mask_P * _ramp(0.46 - below_P, 0.0, 0.14)
    # Little room is left for shading above white and below black.
    room = 0.8 if colour in ("white", "black") else 1.0
    new_lightness_P = (target_lightness - room * below_P).clip(0.12, 1.0)
    new_hue_P = np.radians(target_hue + shade[2] + 0.35 * off_hue_P)
    new_P3 = np.stack(
        [new_lightness_P, new_chroma_P * np.cos(new_hue_P), new_chroma_P * np.sin(new_hue_P)],
        axis=1,
    ).astype(np.float32)
    mixed_P3 = lab_P3 + mask_P[:, None] * (new_P3 - lab_P3)
    result_HWC: npt.NDArray[np.uint8] = image_HWC.copy()
    alpha_P1 = image_HWC[shown_HW][:, 3:].astype(np.float32) / 255
    result_HWC[shown_HW, :3] = (from_oklab(mixed_P3) * alpha_P1 + 0.5).astype(np.uint8)
    return result_HWC


def colour_word(main: MainColour) -> str:
    """The word whose target is nearest to a main colour, or nothing where two words could be
    said."""
    # A tint of no more than this is still called white or grey.
    chroma = max(0.0, main.chroma - 0.012) if main.grey else main.chroma
    place = _place(main.lightness, chroma, main.hue)
    distances = sorted(
        (math.dist(place, _place(lightness, chroma, hue)), word)
        for word, (lightness, chroma, hue) in TARGETS.items()
    )
    clear = distances[0][0] < 0.075 and distances[0][0] < 0.55 * distances[1][0]
    return distances[0][1] if clear else ""


def _place(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """OKLab with lightness counted half, since a colour word allows for light and dark."""
    return (
        lightness / 2,
        chroma * math.cos(math.radians(hue)),
        chroma * math.sin(math.radians(hue)),
    )


def _turn(degrees_P: Floats) -> Floats:
    """Angles as -180 to 180."""
    return (degrees_P + 180) % 360 - 180


def _ramp(values_P: Floats, start: float, end: float) -> Floats:
    """0 up to `start`, 1 from `end`, straight between."""
    return ((values_P - start) / (end - start)).clip(0, 1)
