"""Sleeping animals, drawn from simple shapes: the picture sets show no animal asleep, only its face.

Every drawing has one main colour, so that `recolouring` can give it the colours of fur. Coordinates are percents of
the drawing's side, x to the right, y downwards. S is that side, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

SPECIES = ("cat", "dog", "rabbit", "mouse", "pig")
POSES = ("loaf", "stretched", "curled")
FINISHES = ("flat", "outlined", "shaded")
# Drawn this much larger than needed, then reduced, for smooth edges.
FINER = 4
# Tails and ears reach a little over the edge of the 100 percent.
MARGIN = 15.0
HEAD_ZOOM = 1.25

FUR: dict[str, Colour] = {
    "cat": (236, 152, 66), "dog": (176, 116, 66), "rabbit": (206, 164, 120), "mouse": (158, 152, 150),
    "pig": (246, 160, 176),
}  # fmt: skip
PINK: Colour = (244, 150, 160)
DARK: Colour = (36, 24, 22)


@dataclass(frozen=True, kw_only=True)
class _Pen:
    """Draws in percents of the side."""

    draw: ImageDraw.ImageDraw
    scale: float
    line: Colour
    """Of the edges between parts."""
    width: float
    """Of those edges, in percent."""
    middle: Point = (0.0, 0.0)
    """What stays in its place when everything is drawn larger."""
    zoom: float = 1.0

    def larger(self, middle: Point, zoom: float) -> _Pen:
        """A pen that draws everything this much larger around a point, lines too."""
        return replace(self, middle=middle, zoom=zoom)

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        (x0, y0), zoom = self.middle, self.zoom
        return [
            ((x0 + (x - x0) * zoom + MARGIN) * self.scale, (y0 + (y - y0) * zoom + MARGIN) * self.scale)
            for x, y in points
        ]

    def oval(self, left: float, top: float, right: float, bottom: float, colour: Colour, edge: bool = True) -> None:
        box = self._pixels([(left, top), (right, bottom)])
        width = round(self.width * self.scale) if edge else 0
        self.draw.ellipse((*box[0], *box[1]), fill=colour, outline=self.line if width else None, width=max(width, 1))

    def tilted(self, middle: Point, length: float, thickness: float, degrees: float, colour: Colour) -> None:
        """An oval of a direction, with an edge."""
        turn = math.radians(degrees)
        points = []
        for step in range(40):
            along, across = length / 2 * math.cos(step * math.pi / 20), thickness / 2 * math.sin(step * math.pi / 20)
            points.append(
                (
                    middle[0] + along * math.cos(turn) - across * math.sin(turn),
                    middle[1] + along * math.sin(turn) + across * math.cos(turn),
                )
            )
        self.shape(points, colour)

    def shape(self, points: Sequence[Point], colour: Colour, edge: bool = True) -> None:
        self.draw.polygon(self._pixels(points), fill=colour)
        if edge:
            self._stroke([*points, points[0], points[1]], self.line, self.width)

    def rope(self, points: Sequence[Point], colour: Colour, thickness: float) -> None:
        """A thick round-ended line with an edge."""
        self._stroke(points, self.line, thickness + 2 * self.width)
        self._stroke(points, colour, thickness)

    def crease(self, points: Sequence[Point], fur: Colour) -> None:
        """A thin line within the fur."""
        self._stroke(points, _shaded(fur, 0.78), 1.4)

    def line_of(self, points: Sequence[Point], colour: Colour, thickness: float) -> None:
        """A line without an edge."""
        self._stroke(points, colour, thickness)

    def _stroke(self, points: Sequence[Point], colour: Colour, thickness: float) -> None:
        radius = thickness * self.zoom * self.scale / 2
        pixels = self._pixels(points)
        self.draw.line(pixels, fill=colour, width=max(1, round(2 * radius)), joint="curve")
        for x, y in pixels:
            self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def closed_eye(self, x: float, y: float, width: float) -> None:
        """An arc that hangs down."""
        points = [(x + width / 2 * math.cos(a), y + width * 0.42 * math.sin(a)) for a in np.linspace(0.25, 2.9, 12)]
        self._stroke(points, DARK, 3.4)


def sleeper(species: str, pose: str, finish: str, side: int = 128) -> npt.NDArray[np.uint8]:
    """A sleeping animal, its head to the left, as uint8 [S, S, 4], premultiplied RGBA.

    `species`, `pose` and `finish` are of SPECIES, POSES and FINISHES.
    """
    fur = FUR[species]
    image = Image.new("RGBA", (side * FINER, side * FINER))
    outlined = finish == "outlined"
    line = (62, 48, 44) if outlined else _shaded(fur, 0.62)
    pen = _Pen(
        draw=ImageDraw.Draw(image), scale=side * FINER / (100 + 2 * MARGIN), line=line, width=2.4 if outlined else 1.8
    )
    head = {"loaf": _loaf, "stretched": _stretched, "curled": _curled}[pose](pen, species, fur)
    _head(pen, species, fur, head)
    if finish == "shaded":
        image = _lit(image)
    # BOX needs no clipping: Lanczos would overshoot beside edges.
    return np.array(image.convert("RGBa").resize((side, side), Image.Resampling.BOX))


def _shaded(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, round(value * factor)) for value in colour)
    return red, green, blue


def _paled(colour: Colour, share: float) -> Colour:
    red, green, blue = (round(value + (255 - value) * share) for value in colour)
    return red, green, blue


def _bend(middle: Point, radii: Point, start: float, end: float) -> list[Point]:
    """Points on an oval between two angles, degrees with the clock from the right."""
    return [
        (middle[0] + radii[0] * math.cos(math.radians(a)), middle[1] + radii[1] * math.sin(math.radians(a)))
        for a in np.linspace(start, end, 24)
    ]


# Bodies: each returns the middle of the head


def _loaf(pen: _Pen, species: str, fur: Colour) -> Point:
    """On its belly, paws tucked in, chin on the ground."""
    _tail(pen, species, fur, (89, 80))
    pen.oval(20, 34, 95, 93, fur)
    pen.oval(60, 50, 94, 93, fur, edge=False)
    pen.crease(_bend((77, 71), (17, 21), 150, 265), fur)
    pen.oval(64, 84, 88, 94, _paled(fur, 0.15))
    pen.oval(33, 84, 52, 94, _paled(fur, 0.15))
    if species == "cat":
        _stripes(pen, fur, ((56, 35), (66, 36), (76, 40)))
        pen.rope(_bend((66, 82), (30, 9), -10, 150), _shaded(fur, 0.93), 7)
    return 26.0, 66.0


def _stretched(pen: _Pen, species: str, fur: Colour) -> Point:
    """Lying long, its head on its front paws."""
    _tail(pen, species, fur, (94, 78))
    pen.oval(24, 46, 98, 93, fur)
    pen.oval(66, 54, 97, 93, fur)
    pen.rope([(84, 90), (66, 90)], _paled(fur, 0.1), 7)
    pen.rope([(50, 89), (8, 89)], _paled(fur, 0.12), 8)
    if species == "cat":
        _stripes(pen, fur, ((54, 47), (64, 47), (74, 50)))
    return 24.0, 66.0


def _curled(pen: _Pen, species: str, fur: Colour) -> Point:
    """Rolled up, its tail around it."""
    if species not in ("cat", "dog"):
        _tail(pen, species, fur, (90, 78))
    pen.oval(14, 26, 94, 93, fur)
    pen.crease(_bend((60, 66), (24, 22), 200, 320), fur)
    if species == "cat":
        _stripes(pen, fur, ((50, 27), (61, 28), (72, 32)))
    if species in ("cat", "dog"):
        pen.rope(_bend((55, 64), (34, 25), 0, 135), _shaded(fur, 0.93), 9)
    return 32.0, 68.0


def _stripes(pen: _Pen, fur: Colour, tops: Sequence[Point]) -> None:
    for x, y in tops:
        pen.shape([(x - 3, y), (x + 3, y), (x + 2, y + 14)], _shaded(fur, 0.8), edge=False)


def _tail(pen: _Pen, species: str, fur: Colour, root: Point) -> None:
    x, y = root
    if species == "dog":
        pen.rope([(x - 6, y - 6), (x + 3, y - 14), (x + 5, y - 24)], fur, 7)
    elif species == "rabbit":
        pen.oval(x - 4, y - 10, x + 10, y + 6, (250, 246, 240))
    elif species == "mouse":
        pen.rope([(x - 4, y + 6), (x + 2, y + 10), (x + 7, y + 4), (x + 4, y - 8)], PINK, 2.4)
    elif species == "pig":
        pen.rope(_bend((x + 2, y - 12), (4, 5), -200, 140), fur, 2.0)


# Heads


def _head(pen: _Pen, species: str, fur: Colour, middle: Point) -> None:
    """The sleeping face, with the ears that tell what it is."""
    # A large head with thick features: at 96 pixels, and in 144 codes, a true one has no face.
    pen = pen.larger(middle, HEAD_ZOOM)
    x, y = middle
    _EARS[species](pen, fur, x, y)
    half = 18.0 if species in ("mouse", "rabbit") else 21.0
    pen.oval(x - half - 1, y - half, x + half + 1, y + half, _paled(fur, 0.06))
    if species == "dog":
        _droop(pen, fur, x, y)
    pen.closed_eye(x - 9.5, y - 3, 11)
    pen.closed_eye(x + 9.5, y - 3, 11)
    _muzzle(pen, species, fur, x, y)


def _muzzle(pen: _Pen, species: str, fur: Colour, x: float, y: float) -> None:
    if species == "pig":
        pen.oval(x - 8, y + 2, x + 8, y + 13, _shaded(fur, 0.9))
        for side in (-1, 1):
            pen.oval(x + side * 3 - 1.4, y + 5, x + side * 3 + 1.4, y + 10, _shaded(fur, 0.6), edge=False)
        return
    pale = _paled(fur, 0.6)
    pen.oval(x - 9, y + 3, x + 9, y + 17, pale, edge=False)
    nose = DARK if species == "dog" else PINK
    wide = 5.0 if species == "dog" else 4.0
    pen.oval(x - wide, y + 3, x + wide, y + 3 + 1.5 * wide, nose, edge=False)
    for side in (-1, 1):
        pen.line_of(_bend((x + side * 3.2, y + 9), (3.2, 3), 20, 160), DARK, 1.8)
    if species in ("cat", "mouse"):
        for side in (-1, 1):
            for rise in (-2, 2):
                pen.line_of([(x + side * 13, y + 9 + rise / 2), (x + side * 25, y + 8 + rise)], _shaded(fur, 0.62), 0.9)


def _pointed(pen: _Pen, fur: Colour, x: float, y: float) -> None:
    for side in (-1, 1):
        pen.shape([(x + side * 21, y - 4), (x + side * 20, y - 36), (x + side * 1, y - 18)], fur)
        pen.shape([(x + side * 17.5, y - 11), (x + side * 17.5, y - 29), (x + side * 6, y - 18)], PINK, edge=False)


def _hanging(pen: _Pen, fur: Colour, x: float, y: float) -> None:
    """A dog's ears hang over its head and are drawn after it; see `_droop`."""


def _droop(pen: _Pen, fur: Colour, x: float, y: float) -> None:
    for side in (-1, 1):
        pen.tilted((x + side * 20, y - 3), 30, 13, 90 - side * 14, _shaded(fur, 0.72))


def _long(pen: _Pen, fur: Colour, x: float, y: float) -> None:
    for rise, turn in ((-22, -24), (-16, -8)):
        pen.tilted((x + 20, y + rise), 44, 13, turn, fur)
        pen.tilted((x + 21, y + rise), 32, 6, turn, PINK)


def _round(pen: _Pen, fur: Colour, x: float, y: float) -> None:
    for side in (-1, 1):
        pen.oval(x + side * 15 - 12, y - 31, x + side * 15 + 12, y - 7, fur)
        pen.oval(x + side * 15 - 7, y - 26, x + side * 15 + 7, y - 12, PINK, edge=False)


def _folded(pen: _Pen, fur: Colour, x: float, y: float) -> None:
    for side in (-1, 1):
        pen.shape([(x + side * 19, y - 6), (x + side * 20, y - 26), (x + side * 4, y - 19)], _shaded(fur, 0.88))


_EARS = {"cat": _pointed, "dog": _hanging, "rabbit": _long, "mouse": _round, "pig": _folded}


def _lit(image: Image.Image) -> Image.Image:
    """With light from the upper left."""
    pixels = np.array(image).astype(np.float32)
    side = len(pixels)
    share = np.linspace(0, 1, side)
    light = 1.16 - 0.34 * (0.75 * share[:, None] + 0.25 * share)
    pixels[..., :3] = (pixels[..., :3] * light[..., None]).clip(0, 255)
    return Image.fromarray(pixels.astype(np.uint8), "RGBA")
