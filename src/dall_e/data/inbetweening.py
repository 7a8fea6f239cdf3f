"""A new drawing in between two of the same thing: where two designers agree it is half-way, else as one has it.

Inbetweening is what animators call the drawings between two key drawings. Both drawings are taken apart into areas of
one colour; those that are alike in place, size, shape and colour are paired (Hungarian method, H. W. Kuhn 1955), and a
pair becomes one area whose edge lies between theirs (shape-based interpolation of signed distances, Raya & Udupa 1990).
Areas without a partner are those of one of the two, at the places that their surroundings have moved to. So every
edge of the result is sharp, and hardly any is where it was in either drawing.

Shapes: H, W rows and columns, C 4 channels (premultiplied RGBA); points are row and column.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from dall_e.data.cutouts import resized
from dall_e.data.flat_areas import SIDE, Area, FlatDrawing, Mask, flat_drawing, signed_distance
from dall_e.data.recolouring import Floats, from_oklab

_MOST_UNLIKE = 1.3
"""Areas that are more unlike than this are no pair."""
_LEAST_ALIKE = 0.1
"""Share of both drawings that must be in pairs: of others nothing lies in between."""
_MIRROR_GAIN = 1.1
"""How much better areas must fit in the mirror for one of the drawings to be turned."""
_LEAST_DETAIL = 0.0005
"""Share of the picture; smaller areas without a partner are left out."""
_MARGIN = 24
"""Pixels around a shape up to which distances to it are measured."""
_ROUNDED, _LEAST_ROUNDED, _MOST_ROUNDED = 0.1, 1.0, 3.0
"""Edges are smoothed over this share of the length of an area, from so many pixels to so many: those of drawings are
ragged where a decoder was unsure."""
_SHAPES, _COLOURS = (0.5, 0.7), (0.6, 1.0)
"""How much of the other one there is, where details are of one."""
_OWN_WAY, _OWN_SIZE, _INKS = 0.4, 0.2, 8
"""How far each part goes its own way between the two, and in the logarithm of its size; for so many colours."""
_PART = 0.6
"""Share of the drawing; what is larger keeps its size."""


@dataclass(frozen=True, kw_only=True)
class Mix:
    """What a drawing has of each of its two."""

    details: int
    """0 or 1: whose are the areas that only one of them has."""
    shapes: float
    """0 (of the first) to 1 (of the second): where edges are."""
    colours: float
    """0 to 1, likewise."""
    parts: tuple[tuple[float, float], ...] = ()
    """For each ink of the first drawing what is added to `shapes`, and to the logarithm of sizes; of more inks the same
    again. Empty: nothing. So the eyes may be more like those of the one, the nose like that of the other."""

    def describe(self) -> str:
        """In words, as metadata keep it."""
        return f"shapes {self.shapes:.2f}, colours {self.colours:.2f}, details {self.details}"


def mix_by(rng: random.Random) -> Mix:
    """Details of one, colours and somewhat more than half of the shapes of the other."""
    details, shapes, colours = rng.randrange(2), rng.uniform(*_SHAPES), rng.uniform(*_COLOURS)
    if details == 1:
        shapes, colours = 1 - shapes, 1 - colours
    parts = tuple((rng.uniform(-_OWN_WAY, _OWN_WAY), rng.uniform(-_OWN_SIZE, _OWN_SIZE)) for _ in range(_INKS))
    return Mix(details=details, shapes=shapes, colours=colours, parts=parts)


def in_between(
    first_HWC: npt.NDArray[np.uint8], second_HWC: npt.NDArray[np.uint8], mix: Mix, *, turns: bool
) -> npt.NDArray[np.uint8] | None:
    """A drawing between two premultiplied ones, uint8 [192, 192, C]; None if they have too little in common.

    `turns`: whether the second may be taken from its mirror image, where it looks the other way than the first.
    """
    first, second = (flat_drawing(resized(drawing_HWC, SIDE, SIDE)) for drawing_HWC in (first_HWC, second_HWC))
    if first is None or second is None:
        return None
    if _fills_page(first) != _fills_page(second):
        return None
    pairs, fit = _pairs(first, second)
    if turns:
        mirrored = second.mirrored()
        turned_pairs, turned_fit = _pairs(first, mirrored)
        if turned_fit > _MIRROR_GAIN * fit:
            second, pairs = mirrored, turned_pairs
    if _shared(first, second, pairs) < _LEAST_ALIKE:
        return None
    return _Drawn(first, second, pairs, mix).paint()


def _fills_page(drawing: FlatDrawing) -> bool:
    """Whether a drawing shows a thing in its surroundings, to the corners."""
    return bool(drawing.solid_HW[[0, 0, -1, -1], [0, -1, 0, -1]].all())


def _pairs(first: FlatDrawing, second: FlatDrawing) -> tuple[list[tuple[Area, Area]], float]:
    """Areas that are the same thing in both drawings, and how well they fit, counted by their size."""
    unlike = np.array([[_unlike(first, one, second, other) for other in second.areas] for one in first.areas])
    rows, columns = linear_sum_assignment(np.minimum(unlike, _MOST_UNLIKE))
    found, fit = [], 0.0
    for row, column in zip(rows, columns, strict=True):
        if unlike[row, column] < _MOST_UNLIKE:
            one, other = first.areas[row], second.areas[column]
            found.append((one, other))
            share = one.size / first.extent.prod() + other.size / second.extent.prod()
            fit += (_MOST_UNLIKE - float(unlike[row, column])) * float(share)
    return found, fit


def _unlike(first: FlatDrawing, one: Area, second: FlatDrawing, other: Area) -> float:
    """How far two areas are from being the same, seen in the boxes of their drawings."""
    colour = np.linalg.norm((one.colour - other.colour) * (0.8, 1.2, 1.2))
    place = np.linalg.norm(_place_in(first, one) - _place_in(second, other))
    shape = np.abs(np.log(one.spread / first.extent) - np.log(other.spread / second.extent)).sum()
    size = abs(np.log(one.size / first.extent.prod()) - np.log(other.size / second.extent.prod()))
    return float(2.5 * colour + 3 * place + 0.3 * shape + 0.25 * size)


def _place_in(drawing: FlatDrawing, area: Area) -> Floats:
    """Its centre, as shares of the drawing's height and width."""
    return np.asarray((area.centre - drawing.corner) / drawing.extent)


def _shared(first: FlatDrawing, second: FlatDrawing, pairs: Sequence[tuple[Area, Area]]) -> float:
    """Share of the drawings that is in pairs, of the one of which that is less."""
    return min(
        sum(pair[number].size for pair in pairs) / sum(area.size for area in drawing.areas)
        for number, drawing in enumerate((first, second))
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Layer:
    """An area of the result: above 0 is inside, in pixels."""

    field_HW: Floats
    colour: Floats
    paired: bool


class _Drawn:
    """The drawing between two, as it is put together."""

    def __init__(self, first: FlatDrawing, second: FlatDrawing, pairs: list[tuple[Area, Area]], mix: Mix) -> None:
        self._drawings, self._pairs, self._mix = (first, second), pairs, mix
        self._corner = self._between(first.corner, second.corner)
        self._extent = self._between(first.extent, second.extent)

    def paint(self) -> npt.NDArray[np.uint8]:
        """Premultiplied, uint8 [H, W, C]."""
        layers = [self._of_pair(*pair) for pair in self._pairs] + self._details()
        layers.sort(key=lambda layer: -int((layer.field_HW > 0).sum()))
        whole_HW = self._whole()
        # What no area covers has the colour of the nearest one that both drawings have.
        paired = [layer for layer in layers if layer.paired]
        nearest_HW = np.stack([layer.field_HW for layer in paired]).argmax(0)
        under_HW3 = from_oklab(np.stack([layer.colour for layer in paired]))[nearest_HW]
        canvas_HWC = np.zeros((*whole_HW.shape, 4), dtype=np.float32)
        outline = self._drawings[self._mix.details].outline
        if outline:
            all_HW = np.max([whole_HW, *(layer.field_HW for layer in layers)], axis=0)
            _lay(canvas_HWC, all_HW + outline[1], from_oklab(outline[0][None])[0])
        _lay(canvas_HWC, whole_HW, under_HW3)
        for layer in layers:
            _lay(canvas_HWC, layer.field_HW, from_oklab(layer.colour[None])[0])
        return np.asarray((canvas_HWC + 0.5).clip(0, 255).astype(np.uint8))

    def _between(self, one: Floats, other: Floats, more: float = 0.0) -> Floats:
        share = self._mix.shapes + more
        return np.asarray((1 - share) * one + share * other)

    def _own_way(self, one: Area) -> tuple[float, float]:
        """How much nearer to the second than the rest of the drawing a part is, and by how much larger."""
        if not self._mix.parts:
            return 0.0, 0.0
        more, larger = self._mix.parts[one.ink % len(self._mix.parts)]
        is_part = one.filled_HW.sum() < _PART * self._drawings[0].solid_HW.sum()
        return more, larger if is_part else 0.0

    def _of_pair(self, one: Area, other: Area) -> _Layer:
        centre, spread = self._middle(one, other)
        one_HW, other_HW = (_moved(area.filled_HW, area.centre, area.spread, centre, spread) for area in (one, other))
        field_HW = self._between(one_HW, other_HW, self._own_way(one)[0])
        return _Layer(field_HW=field_HW, colour=self._colour(one.colour, other.colour), paired=True)

    def _middle(self, one: Area, other: Area) -> tuple[Floats, Floats]:
        """Where the area between two is: its centre and spread."""
        first, second = self._drawings
        more, larger = self._own_way(one)
        place = self._between(_place_in(first, one), _place_in(second, other), more)
        spread = self._between(np.log(one.spread / first.extent), np.log(other.spread / second.extent), more)
        return self._corner + place * self._extent, np.exp(spread + larger) * self._extent

    def _colour(self, one: Floats, other: Floats) -> Floats:
        """In between, without growing grey on the way."""
        share = self._mix.colours
        mixed = (1 - share) * one + share * other
        wanted, is_now = ((1 - share) * np.hypot(*one[1:]) + share * np.hypot(*other[1:])), np.hypot(*mixed[1:])
        mixed[1:] *= min(wanted / max(is_now, 1e-4), 2.0)
        return np.asarray(mixed)

    def _details(self) -> list[_Layer]:
        """Areas that only one drawing has, moved with what they lie on."""
        number = self._mix.details
        drawing = self._drawings[number]
        used = {id(pair[number]) for pair in self._pairs}
        layers = []
        for area in drawing.areas:
            if id(area) in used or area.size < _LEAST_DETAIL * area.mask_HW.size:
                continue
            row, column = np.round(area.centre).astype(int)
            under = [pair for pair in self._pairs if pair[number].filled_HW[row, column]]
            if under:
                pair = min(under, key=lambda pair: pair[number].size)
                (centre, spread), base = self._middle(*pair), pair[number]
                centre = centre + (area.centre - base.centre) * spread / base.spread
                spread = area.spread * spread / base.spread
            else:
                centre = self._corner + _place_in(drawing, area) * self._extent
                spread = area.spread / drawing.extent * self._extent
            field_HW = _moved(area.filled_HW, area.centre, area.spread, centre, spread)
            layers.append(_Layer(field_HW=field_HW, colour=area.colour, paired=False))
        return layers

    def _whole(self) -> Floats:
        """The shape of the whole, as a field."""
        first_HW, second_HW = (
            _moved(drawing.solid_HW, drawing.corner, drawing.extent, self._corner, self._extent)
            for drawing in self._drawings
        )
        return self._between(first_HW, second_HW)


def _moved(mask_HW: Mask, origin: Floats, scale: Floats, new_origin: Floats, new_scale: Floats) -> Floats:
    """The signed distance to a shape whose `origin` is moved and that is scaled from there, [H, W]."""
    rows, columns = (np.flatnonzero(mask_HW.any(axis)) for axis in (1, 0))
    top, left = max(rows[0] - _MARGIN, 0), max(columns[0] - _MARGIN, 0)
    field = signed_distance(mask_HW[top : rows[-1] + _MARGIN + 1, left : columns[-1] + _MARGIN + 1])
    rounded = np.clip(_ROUNDED * np.sqrt(mask_HW.sum()), _LEAST_ROUNDED, _MOST_ROUNDED)
    field = ndimage.gaussian_filter(field, rounded)
    shrink = np.asarray(scale / new_scale)
    offset = origin - shrink * new_origin - np.array([top, left])
    moved_HW = ndimage.affine_transform(
        field, shrink, offset=offset, output_shape=mask_HW.shape, order=1, mode="nearest"
    )
    return np.asarray(moved_HW / np.sqrt(shrink.prod()), dtype=np.float32)


def _lay(canvas_HWC: Floats, field_HW: Floats, colours: Floats) -> None:
    """Paints an area with soft edges over what is there; `colours`: one [3], or of each place [H, W, 3]."""
    cover_HW1 = (field_HW + 0.5).clip(0, 1)[..., None]
    canvas_HWC *= 1 - cover_HW1
    canvas_HWC[..., :3] += cover_HW1 * colours
    canvas_HWC[..., 3:] += cover_HW1 * 255
