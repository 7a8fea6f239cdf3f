"""Colours of drawings in OKLab: which one a drawing mostly has, its word, and recolouring.

Recolouring moves the main colour of a drawing; its shading, outlines and small parts stay. OKLab is
B. Ottosson, "A perceptual color space for image processing" (2020).

Shapes: H W rows and columns, C 4 channels (premultiplied RGBA), 3 colour channels, P pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
UInt8 = npt.NDArray[np.uint8]
RGB = tuple[float, float, float]
"""An sRGB colour; each part is from 0 to 255."""


def hex_of(rgb_3: npt.ArrayLike) -> str:
    """Return an sRGB colour, each part a whole number from 0 to 255, as #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*np.asarray(rgb_3).astype(int))


TARGETS: dict[str, tuple[float, float, float]] = {
    "red": (0.60, 0.22, 27), "orange": (0.74, 0.17, 57), "yellow": (0.87, 0.17, 97),
    "green": (0.66, 0.19, 144), "blue": (0.57, 0.19, 258), "purple": (0.52, 0.19, 303),
    "pink": (0.77, 0.14, 355), "brown": (0.47, 0.085, 55), "black": (0.27, 0.005, 270),
    "white": (0.95, 0.003, 90), "grey": (0.66, 0.006, 260),
}  # fmt: skip
"""Lightness 0 to 1, chroma, hue in degrees of each colour word."""

GREY_CHROMA = 0.035
"""Pixels of less chroma have no hue worth the name."""
DARK = 0.4
"""Outlines and pupils are as dark as this lightness."""
SHOWN = 8
"""Alpha above this shows anything."""

MAIN_CHROMA_FRACTION = 0.78
MAIN_AREA_FRACTION = 0.42
"""Fraction of the chroma, and of the area, that one hue must have so that a drawing counts as of
one colour."""

NEAREST = 0.075
CLEARLY_NEARER = 0.55
"""A colour has a word if its target is at most this far, and at most this fraction as far as the
second nearest."""

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=np.float32,
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=np.float32,
)
_FROM_LAB = np.linalg.inv(_TO_LAB.astype(np.float64)).astype(np.float32)
_FROM_LMS = np.linalg.inv(_TO_LMS.astype(np.float64)).astype(np.float32)


def _linear_light(srgb: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """sRGB of 0 to 1 as linear light."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _srgb(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Linear light of 0 to 1 as sRGB of 0 to 1."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


# Tables of both: pixels have 256 values, and light is looked up in steps of 1 / 4096.
_LINEAR = _linear_light(np.arange(256) / 255).astype(np.float32)
_GAMMA = (_srgb(np.linspace(0, 1, 4097)) * 255).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class MainColour:
    """The one colour that a drawing mostly has."""

    lightness: float
    chroma: float
    hue: float
    """In degrees; says nothing where `grey`."""
    grey: bool
    """Whether it is black, grey or white: then lightness tells it from the rest instead of hue."""


# OKLab


def oklab(rgb_P3: UInt8) -> Floats:
    """sRGB colours, uint8 [P, 3], as OKLab [P, 3].

    The parts are lightness from 0 to 1, green to red, and blue to yellow.
    """
    lms_P3 = np.cbrt(_LINEAR[rgb_P3] @ _TO_LMS.T)
    return np.asarray(lms_P3 @ _TO_LAB.T, dtype=np.float32)


def from_oklab(lab_P3: Floats) -> Floats:
    """OKLab colours [P, 3] as sRGB, floats of 0 to 255.

    Colours that a screen cannot show are clipped.
    """
    lms_P3 = lab_P3 @ _FROM_LAB.T
    linear_P3 = (lms_P3 * lms_P3 * lms_P3) @ _FROM_LMS.T
    return np.asarray(_GAMMA[(linear_P3.clip(0, 1) * 4096).astype(np.int32)])


def as_hex(lab_3: npt.ArrayLike) -> str:
    """Return a colour in OKLab as #rrggbb."""
    return hex_of(from_oklab(np.asarray(lab_3, dtype=np.float32)[None])[0].round())


def straight_colours(image_HWC: UInt8) -> tuple[npt.NDArray[np.bool_], UInt8]:
    """Where a premultiplied image shows anything, bool [H, W], and its straight colours [P, 3]."""
    shown_HW = image_HWC[..., 3] > SHOWN
    pixels_PC = image_HWC[shown_HW].astype(np.uint16)
    alpha_P1 = pixels_PC[:, 3:]
    colours_P3 = np.minimum((pixels_PC[:, :3] * 255 + alpha_P1 // 2) // alpha_P1, 255)
    return shown_HW, colours_P3.astype(np.uint8)


# Measuring


class _Pixels(NamedTuple):
    """What a premultiplied image shows."""

    lightness_P: Floats
    chroma_P: Floats
    hue_P: Floats
    """In degrees."""
    area_P: Floats
    """Alpha, 0 to 1."""

    def median(self, where_P: npt.NDArray[np.bool_], hue: float, grey: bool) -> MainColour:
        """The colour of some pixels: their median lightness and chroma, and a hue."""
        lightness = float(np.median(self.lightness_P[where_P]))
        chroma = float(np.median(self.chroma_P[where_P]))
        return MainColour(lightness=lightness, chroma=chroma, hue=hue, grey=grey)


def _measured(image_HWC: UInt8) -> _Pixels:
    """The pixels of a premultiplied image in OKLab, as lightness, chroma and hue."""
    shown_HW, colours_P3 = straight_colours(image_HWC)
    lab_P3 = oklab(colours_P3)
    return _Pixels(
        lightness_P=lab_P3[:, 0],
        chroma_P=np.hypot(lab_P3[:, 1], lab_P3[:, 2]),
        hue_P=np.degrees(np.arctan2(lab_P3[:, 2], lab_P3[:, 1])) % 360,
        area_P=image_HWC[shown_HW][:, 3] / np.float32(255),
    )


def main_colour(image_HWC: UInt8) -> MainColour | None:
    """The main colour of a premultiplied image uint8 [H, W, 4].

    None if it has several, or shows nothing.
    """
    pixels = _measured(image_HWC)
    if len(pixels.area_P) == 0:
        return None
    coloured_P = pixels.chroma_P > GREY_CHROMA
    area = float(pixels.area_P.sum())
    if float(pixels.area_P[coloured_P].sum()) < 0.2 * area:
        return _main_grey(pixels)

    # The hue around which most of the chroma is, and what is near to it.
    weight_P = pixels.chroma_P * coloured_P * pixels.area_P
    bin_P = (pixels.hue_P / 10).astype(np.int64)
    middle, _ = _largest_window(bin_P, weight_P, bins=36, turns=True)
    peak = middle * 10
    near_P = coloured_P & (np.abs(_turn(pixels.hue_P - peak)) < 40)

    near_weight = (pixels.chroma_P * near_P * pixels.area_P).sum()
    if near_weight < MAIN_CHROMA_FRACTION * weight_P.sum():
        return None
    if float(pixels.area_P[near_P].sum()) < MAIN_AREA_FRACTION * area:
        return None

    weights_P = pixels.chroma_P[near_P] * pixels.area_P[near_P]
    hue = peak + float(np.average(_turn(pixels.hue_P[near_P] - peak), weights=weights_P))
    return pixels.median(near_P, hue % 360, grey=False)


def _main_grey(pixels: _Pixels) -> MainColour | None:
    """The main lightness of a colourless drawing, unless it is as much black as white."""
    middle = float(np.median(pixels.lightness_P))
    near_P = np.abs(pixels.lightness_P - middle) < 0.2
    if float(pixels.area_P[near_P].sum()) < 0.6 * float(pixels.area_P.sum()):
        return None
    chroma = float(np.median(pixels.chroma_P))
    return MainColour(lightness=middle, chroma=chroma, hue=0.0, grey=True)


def largest_colour(image_HWC: UInt8) -> MainColour | None:
    """The colour of the largest part of a premultiplied image uint8 [H, W, 4].

    Unlike `main_colour` it answers wherever something is shown: of a yellow house with a grey roof
    yellow. Black counts where more than half is black, for else it is outlines and pupils.
    """
    pixels = _measured(image_HWC)
    dark_P = pixels.lightness_P < DARK
    coloured_P = pixels.chroma_P > GREY_CHROMA
    mostly_dark = float(pixels.area_P[dark_P].sum()) > 0.5 * float(pixels.area_P.sum())
    grey_P = dark_P if mostly_dark else ~coloured_P & ~dark_P
    coloured_P = coloured_P & ~dark_P

    # The largest hue, in bins of 10 degrees, against the largest grey, in bins of a tenth.
    hue_bin_P = (pixels.hue_P / 10).astype(np.int64)
    level_bin_P = (pixels.lightness_P * 10).astype(np.int64)
    hue_bin, hue_area = _largest_window(hue_bin_P, pixels.area_P * coloured_P, bins=36, turns=True)
    level, grey_area = _largest_window(level_bin_P, pixels.area_P * grey_P, bins=11, turns=False)
    if max(hue_area, grey_area) == 0:
        return None
    if grey_area > hue_area:
        near_P = grey_P & (np.abs(pixels.lightness_P * 10 - level) < 1.5)
        return pixels.median(near_P, 0.0, grey=True)

    peak = hue_bin * 10
    near_P = coloured_P & (np.abs(_turn(pixels.hue_P - peak)) < 20)
    off_peak_P = _turn(pixels.hue_P[near_P] - peak)
    hue = peak + float(np.average(off_peak_P, weights=pixels.area_P[near_P]))
    return pixels.median(near_P, hue % 360, grey=False)


def _largest_window(
    bin_P: npt.NDArray[np.int64], area_P: Floats, *, bins: int, turns: bool
) -> tuple[float, float]:
    """The middle, in bins, of the three neighbouring ones that hold most, and what they hold.

    If the histogram `turns`, the last bin has the first as its neighbour.
    """
    bin_P = bin_P % bins if turns else bin_P.clip(0, bins - 1)
    histogram = np.bincount(bin_P, weights=area_P, minlength=bins)
    padded = np.pad(histogram, 1, mode="wrap" if turns else "constant")
    around = padded[1:-1] + padded[:-2] + padded[2:]
    peak = int(np.argmax(around))
    return peak + 0.5, float(around[peak])


def colour_word(main: MainColour) -> str:
    """The word whose target is nearest to a colour, or nothing where two words could be said."""
    # A tint of no more than this is still called white or grey.
    chroma = max(0.0, main.chroma - 0.012) if main.grey else main.chroma
    point = _point(main.lightness, chroma, main.hue)
    (nearest, word), (second, _) = sorted(
        (math.dist(point, _point(*target)), word) for word, target in TARGETS.items()
    )[:2]
    return word if nearest < NEAREST and nearest < CLEARLY_NEARER * second else ""


def _point(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """OKLab with lightness counted half, since a colour word allows for light and dark."""
    angle = math.radians(hue)
    return lightness / 2, chroma * math.cos(angle), chroma * math.sin(angle)


# Recolouring


def recoloured(
    image_HWC: UInt8, main: MainColour, colour: str, shade: tuple[float, float, float] = (0, 1, 0)
) -> UInt8:
    """A premultiplied image uint8 [H, W, 4] with its main colour moved to `colour`.

    `shade` is added to the lightness, multiplied with the chroma, and added to the hue (degrees) of
    the colour's target. Lightness keeps its differences, so that shading and highlights stay; hue
    keeps 35 % of its spread. Raises ValueError for a colour that has no target.
    """
    if colour not in TARGETS:
        raise ValueError(f"{colour!r} is none of {', '.join(TARGETS)}")
    target_lightness, target_chroma, target_hue = TARGETS[colour]
    target_lightness, target_chroma = target_lightness + shade[0], target_chroma * shade[1]

    shown_HW, colours_P3 = straight_colours(image_HWC)
    lab_P3 = oklab(colours_P3)
    chroma_P = np.hypot(lab_P3[:, 1], lab_P3[:, 2])
    below_P = main.lightness - lab_P3[:, 0]

    # How far each pixel is of the main colour: 1 if it is, 0 if it stays as it is.
    if main.grey:
        off_hue_P = np.zeros_like(chroma_P)
        mask_P = _ramp(0.34 - np.abs(below_P), 0.0, 0.12) * _ramp(0.09 - chroma_P, 0.0, 0.04)
        new_chroma_P = np.full_like(chroma_P, target_chroma)
    else:
        off_hue_P = _turn(np.degrees(np.arctan2(lab_P3[:, 2], lab_P3[:, 1])) - main.hue)
        mask_P = _ramp(55 - np.abs(off_hue_P), 0.0, 18.0) * _ramp(chroma_P, 0.015, 0.045)
        new_chroma_P = chroma_P * (target_chroma / max(main.chroma, 0.03))
        np.minimum(new_chroma_P, 1.35 * target_chroma, out=new_chroma_P)

    # Outlines in a dark shade of the main hue stay; around black they would be too light.
    if colour != "black":
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

    result_HWC: UInt8 = image_HWC.copy()
    alpha_P1 = image_HWC[shown_HW][:, 3:].astype(np.float32) / 255
    result_HWC[shown_HW, :3] = (from_oklab(mixed_P3) * alpha_P1 + 0.5).astype(np.uint8)
    return result_HWC


def _turn(degrees_P: Floats) -> Floats:
    """Angles as -180 to 180."""
    return (degrees_P + 180) % 360 - 180


def _ramp(values_P: Floats, start: float, end: float) -> Floats:
    """0 up to `start`, 1 from `end`, straight between."""
    return ((values_P - start) / (end - start)).clip(0, 1)
