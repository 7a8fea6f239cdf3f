"""Animals that sleep and play, drawn from simple shapes: the image sets show few that do.

Heads are large, lines thick and colours flat: in an image of 96 pixels and 144 tokens finer ones
are lost. Every drawing has one main colour, so that it can be given the colours of fur.

Coordinates are percents of the drawing's side, x to the right, y downwards. S is that side, C 4
channels (premultiplied RGBA).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

SPECIES = ("cat", "dog", "rabbit", "mouse", "pig")
POSES = {"sleeping": ("loaf", "curled"), "playing": ("run", "sit")}
"""By what the animal does."""

FINER = 4
"""Drawn this much larger than needed, then reduced, for smooth edges."""
EDGE = 3.2
"""Thickness of the line around every part, in percent."""
MARGIN = 15.0
"""Tails and ears reach this far over the edge of the 100 percent."""

FUR: dict[str, Colour] = {
    "cat": (236, 152, 66),
    "dog": (176, 116, 66),
    "rabbit": (206, 164, 120),
    "mouse": (158, 152, 150),
    "pig": (246, 160, 176),
}
LINE: Colour = (52, 40, 38)
PINK: Colour = (244, 140, 152)
DARK: Colour = (36, 24, 22)
TONGUE: Colour = (226, 74, 84)


@dataclass(frozen=True, kw_only=True)
class _Pen:
    """Draws in percents of the side."""

    draw: ImageDraw.ImageDraw
    scale: float

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        """Points in percents as points of the enlarged drawing."""
        return [((x + MARGIN) * self.scale, (y + MARGIN) * self.scale) for x, y in points]

    def oval(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        colour: Colour,
        edge: bool = True,
    ) -> None:
        """An ellipse in a box."""
        box = self._pixels([(left, top), (right, bottom)])
        width = max(1, round(EDGE * self.scale))
        self.draw.ellipse(
            (*box[0], *box[1]), fill=colour, outline=LINE if edge else None, width=width
        )

    def disc(self, middle: Point, radius: float, colour: Colour) -> None:
        """A circle with an edge."""
        x, y = middle
        self.oval(x - radius, y - radius, x + radius, y + radius, colour)

    def tilted(
        self, middle: Point, length: float, thickness: float, degrees: float, colour: Colour
    ) -> None:
        """An oval that points in a direction, with an edge."""
        cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        points = []
        for step in range(40):
            along = length / 2 * math.cos(step * math.pi / 20)
            across = thickness / 2 * math.sin(step * math.pi / 20)
            x = middle[0] + along * cosine - across * sine
            y = middle[1] + along * sine + across * cosine
            points.append((x, y))
        self.shape(points, colour)

    def shape(self, points: Sequence[Point], colour: Colour, edge: bool = True) -> None:
        """A filled polygon."""
        self.draw.polygon(self._pixels(points), fill=colour)
        if edge:
            self.stroke([*points, points[0], points[1]], LINE, EDGE)

    def rope(self, points: Sequence[Point], colour: Colour, thickness: float) -> None:
        """A thick round-ended line with an edge."""
        self.stroke(points, LINE, thickness + 2 * EDGE)
        self.stroke(points, colour, thickness)

    def stroke(self, points: Sequence[Point], colour: Colour, thickness: float) -> None:
        """A round-ended line without an edge."""
        radius = thickness * self.scale / 2
        pixels = self._pixels(points)
        self.draw.line(pixels, fill=colour, width=max(1, round(2 * radius)), joint="curve")
        for x, y in pixels:
            self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def drawn_animal(species: str, pose: str, side: int = 128) -> npt.NDArray[np.uint8]:
    """An animal in a pose, its head to the left, as uint8 [S, S, 4], premultiplied RGBA.

    `species` is of SPECIES, `pose` one of those in POSES; each has its face, asleep or awake.
    """
    fur = FUR[species]
    image = Image.new("RGBA", (side * FINER, side * FINER))
    pen = _Pen(draw=ImageDraw.Draw(image), scale=side * FINER / (100 + 2 * MARGIN))
    head = _BODIES[pose](pen, species, fur)
    _head(pen, species, fur, head)
    face = _sleeping_face if pose in POSES["sleeping"] else _playing_face
    face(pen, species, fur, *head)

    # BOX needs no clipping: Lanczos would overshoot beside edges.
    return np.array(image.convert("RGBa").resize((side, side), Image.Resampling.BOX))


def _shaded(colour: Colour, factor: float) -> Colour:
    """A colour made darker by a factor."""
    red, green, blue = (min(255, round(value * factor)) for value in colour)
    return red, green, blue


def _paled(colour: Colour, fraction: float) -> Colour:
    """A colour mixed with a fraction of white."""
    red, green, blue = (round(value + (255 - value) * fraction) for value in colour)
    return red, green, blue


def _bend(middle: Point, radii: Point, start: float, end: float) -> list[Point]:
    """Points on an oval between two angles, degrees with the clock from the right."""
    points = []
    for degrees in np.linspace(start, end, 24):
        angle = math.radians(degrees)
        x, y = middle[0] + radii[0] * math.cos(angle), middle[1] + radii[1] * math.sin(angle)
        points.append((x, y))
    return points


# Bodies: each returns the middle of the head


def _loaf(pen: _Pen, species: str, fur: Colour) -> Point:
    """On its belly, paws tucked in, chin on the ground."""
    _lying_tail(pen, species, fur, (92, 84))
    pen.oval(24, 38, 100, 94, fur)
    if species == "cat":
        pen.rope(_bend((74, 82), (26, 9), -10, 150), fur, 8)
    return 30.0, 65.0


def _curled(pen: _Pen, species: str, fur: Colour) -> Point:
    """Rolled up, its tail around it."""
    if species not in ("cat", "dog"):
        _lying_tail(pen, species, fur, (94, 82))
    pen.oval(16, 28, 98, 94, fur)
    if species in ("cat", "dog"):
        pen.rope(_bend((62, 66), (34, 24), -10, 120), fur, 9)
    return 37.0, 66.0


def _lying_tail(pen: _Pen, species: str, fur: Colour, root: Point) -> None:
    """A tail at rest."""
    x, y = root
    if species == "dog":
        pen.rope([(x - 4, y - 8), (x + 6, y - 22), (x + 7, y - 34)], fur, 8)
    else:
        _small_tail(pen, species, fur, root)


def _small_tail(pen: _Pen, species: str, fur: Colour, root: Point) -> None:
    """The tail of a rabbit, a mouse or a pig, which is the same in every pose."""
    x, y = root
    if species == "rabbit":
        pen.disc((x + 4, y - 2), 8, (250, 246, 240))
    elif species == "mouse":
        pen.rope([(x - 6, y + 6), (x + 4, y + 8), (x + 11, y), (x + 10, y - 12)], PINK, 3.2)
    elif species == "pig":
        pen.rope(_bend((x + 5, y - 10), (5, 6), -200, 140), fur, 3.0)


def _run(pen: _Pen, species: str, fur: Colour) -> Point:
    """Running, its legs apart."""
    _raised_tail(pen, species, fur, (88, 56))
    for top, foot in (((52, 72), (60, 94)), ((74, 70), (66, 94))):
        pen.rope([top, foot], _shaded(fur, 0.82), 10)
    pen.oval(30, 46, 94, 82, fur)
    for top, foot in (((44, 74), (28, 95)), ((84, 72), (98, 94))):
        pen.rope([top, foot], fur, 10)
    return 28.0, 40.0


def _sit(pen: _Pen, species: str, fur: Colour) -> Point:
    """Sitting up, a paw raised."""
    _raised_tail(pen, species, fur, (80, 86))
    pen.oval(32, 46, 88, 95, fur)
    pen.rope([(46, 64), (44, 93)], fur, 11)
    pen.rope([(36, 66), (8, 78)], fur, 10)
    return 40.0, 34.0


def _raised_tail(pen: _Pen, species: str, fur: Colour, root: Point) -> None:
    """A tail in play."""
    x, y = root
    if species == "dog":
        pen.rope([(x, y), (x + 10, y - 12), (x + 12, y - 26)], fur, 8)
    elif species == "cat":
        pen.rope([(x, y), (x + 11, y - 10), (x + 9, y - 24), (x + 15, y - 36)], fur, 7)
    else:
        _small_tail(pen, species, fur, root)


_BODIES = {"loaf": _loaf, "curled": _curled, "run": _run, "sit": _sit}


# Heads


def _head(pen: _Pen, species: str, fur: Colour, middle: Point) -> None:
    """A large round head, with the ears that tell what it is."""
    x, y = middle
    if species in _EARS:
        _EARS[species](pen, fur, x, y)
    half = 25.0 if species in ("mouse", "rabbit") else 28.0
    pen.oval(x - half - 1, y - half + 1, x + half + 1, y + half, _paled(fur, 0.06))
    if species == "dog":
        # These ears hang over the head.
        for side in (-1, 1):
            pen.tilted((x + side * 26, y - 3), 38, 16, 90 - side * 12, _shaded(fur, 0.66))


def _sleeping_face(pen: _Pen, species: str, fur: Colour, x: float, y: float) -> None:
    """Closed eyes."""
    for side in (-1, 1):
        lid = _bend((x + side * 12.5, y - 3), (7.5, 6.5), 12, 168)
        pen.stroke(lid, DARK, 4.6)
    _nose(pen, species, fur, x, y)


def _playing_face(pen: _Pen, species: str, fur: Colour, x: float, y: float) -> None:
    """Open eyes, and the tongue of a cat or a dog."""
    for side in (-1, 1):
        pen.oval(x + side * 11.5 - 4.2, y - 9, x + side * 11.5 + 4.2, y + 2, DARK, edge=False)
    _nose(pen, species, fur, x, y)
    if species in ("dog", "cat"):
        pen.oval(x - 5.5, y + 15, x + 5.5, y + 24, TONGUE, edge=False)


def _nose(pen: _Pen, species: str, fur: Colour, x: float, y: float) -> None:
    """A snout, a muzzle or a small pink nose."""
    if species == "pig":
        pen.oval(x - 11, y + 3, x + 11, y + 18, _shaded(fur, 0.88))
        for middle in (x - 4.5, x + 4.5):
            pen.oval(middle - 2, y + 7, middle + 2, y + 14, _shaded(fur, 0.55), edge=False)
    elif species == "dog":
        pen.oval(x - 14, y + 3, x + 14, y + 25, _paled(fur, 0.6), edge=False)
        pen.oval(x - 7, y + 4, x + 7, y + 14, DARK, edge=False)
    else:
        pen.oval(x - 5, y + 7, x + 5, y + 14, PINK, edge=False)


def _pointed(pen: _Pen, fur: Colour, x: float, y: float) -> None:
    """Triangles that stand up."""
    for side in (-1, 1):
        pen.shape([(x + side * 28, y - 4), (x + side * 26, y - 44), (x + side * 3, y - 24)], fur)
        inner = [(x + side * 23, y - 15), (x + side * 22, y - 35), (x + side * 10, y - 24)]
        pen.shape(inner, PINK, edge=False)


def _long(pen: _Pen, fur: Colour, x: float, y: float) -> None:
    """Long ovals that stand up."""
    for side in (-1, 1):
        pen.tilted((x + side * 11, y - 29), 35, 15, 90 + side * 10, fur)
        pen.tilted((x + side * 11, y - 28), 23, 6, 90 + side * 10, PINK)


def _round(pen: _Pen, fur: Colour, x: float, y: float) -> None:
    """Discs at the sides."""
    for side in (-1, 1):
        pen.disc((x + side * 21, y - 22), 15, fur)
        pen.oval(x + side * 21 - 9, y - 31, x + side * 21 + 9, y - 13, PINK, edge=False)


def _folded(pen: _Pen, fur: Colour, x: float, y: float) -> None:
    """Triangles that fold outwards."""
    for side in (-1, 1):
        ear = [(x + side * 25, y - 8), (x + side * 27, y - 36), (x + side * 5, y - 24)]
        pen.shape(ear, _shaded(fur, 0.88))


_EARS = {"cat": _pointed, "rabbit": _long, "mouse": _round, "pig": _folded}
"""Ears behind the head."""
