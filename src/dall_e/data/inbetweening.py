"""A new drawing in between of two of the same thing: where two designers agree it is half-way, else as one has it.

Inbetweening is what animators call the drawings between two key drawings. Both drawings are taken apart into areas of
one colour; those that are alike in place, size, shape and colour are paired (Hungarian method, H. W. Kuhn 1955), and a
pair becomes one area whose edge lies between theirs (shape-based interpolation of signed distances, Raya & Udupa 1990)
as far as their shapes agree. Areas without a partner are those of one of the two, at the places that their surroundings
have moved to. Of this one is the shading inside all areas too, in colours between those of both. So every edge of the
result is sharp, and hardly any is where it was in either drawing.

Shapes: H, W rows and columns, P places, C 4 channels (premultiplied RGBA); points are row and column, colours OKLab.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from dall_e.data.cutouts import resized
from dall_e.data.flat_areas import SIDE, Area, Edge, FlatDrawing, Mask, box_of, flat_drawing
from dall_e.data.recolouring import Floats, from_oklab
from dall_e.data.scene_variety import Mix

_MOST_UNLIKE = 1.7
"""Areas that are more unlike than this are no pair."""
_LEAST_ALIKE = 0.1
"""Share of both drawings that must be in pairs: of others nothing lies in between."""
_MOST_AREAS = 28
"""Between drawings of more, as of a heap of gold, lies a jumble."""
_MIRROR_GAIN = 1.1
"""How much better areas must fit in the mirror for one of the drawings to be turned."""
_LEAST_DETAIL = 0.0005
"""Share of the picture; smaller areas without a partner are left out."""
_UNLIKE_FORMS, _LIKE_FORMS = 0.4, 0.75
"""What shapes laid on each other have in common: up to the first share nothing lies in between, from the second all."""
_TRIED, _HALF_WAY, _SEEN_SIDE = (0.4, 0.9), (0.15, 1.0), 32
"""Shares of the one without the details that are tried to find the one that is half-way, by a straight line; from where
to where it may lie; and the side in pixels at which drawings are compared."""
_ALIKE, _LEAST_LEAN = 0.1, 0.05
"""Distances that are less together, and what other shares must make of a difference: else two drawings are the same."""
_PART = 0.6
"""Share of the drawing; what is larger keeps its size."""


def in_between(
    first_HWC: npt.NDArray[np.uint8], second_HWC: npt.NDArray[np.uint8], mix: Mix, *, turns: bool
) -> npt.NDArray[np.uint8] | None:
    """A drawing between two premultiplied ones, uint8 [192, 192, C].

    None if they have too little in common, or one is too crowded. `turns`: whether the second may be taken from its
    mirror image, where it looks the other way than the first.
    """
    own_HWC, other_HWC = (resized(drawing_HWC, SIDE, SIDE) for drawing_HWC in (first_HWC, second_HWC))
    first, second = flat_drawing(own_HWC), flat_drawing(other_HWC)
    if first is None or second is None:
        return None
    if _fills_page(first) != _fills_page(second) or max(len(first.areas), len(second.areas)) > _MOST_AREAS:
        return None
    pairs, fit = _pairs(first, second)
    if turns:
        mirrored = second.mirrored()
        turned_pairs, turned_fit = _pairs(first, mirrored)
        if turned_fit > _MIRROR_GAIN * fit:
            second, pairs, other_HWC = mirrored, turned_pairs, other_HWC[:, ::-1]
    if _shared(first, second, pairs) < _LEAST_ALIKE:
        return None

    def paint(shapes: float) -> npt.NDArray[np.uint8]:
        return _Drawn(first, second, pairs, mix, shapes).paint()

    found = paint(_half_way(paint, own_HWC, other_HWC, mix.details) if mix.shapes is None else mix.shapes)
    return found if _is_there(found).any() else None


def _half_way(
    paint: Callable[[float], npt.NDArray[np.uint8]],
    first_HWC: npt.NDArray[np.uint8],
    second_HWC: npt.NDArray[np.uint8],
    details: int,
) -> float:
    """The share of the second's shapes with which a drawing is as far from the first as from the second.

    Half of the shapes is not half-way to the eye where the details of one are many, or the colours of the other strong.
    """
    ends = [_seen(drawing_HWC) for drawing_HWC in (first_HWC, second_HWC)]
    shares = [abs(details - share) for share in _TRIED]
    leans = []
    for share in shares:
        seen = _seen(paint(share))
        to_first, to_second = (float(np.square(seen - end).mean()) ** 0.5 for end in ends)
        leans.append((to_first - to_second) / max(to_first + to_second, _ALIKE))
    if abs(leans[1] - leans[0]) < _LEAST_LEAN:
        return 0.5
    straight = shares[0] - leans[0] * (shares[1] - shares[0]) / (leans[1] - leans[0])
    least, most = sorted(abs(details - share) for share in _HALF_WAY)
    return float(np.clip(straight, least, most))


def _seen(drawing_HWC: npt.NDArray[np.uint8]) -> Floats:
    """What there is of a drawing on white, cut out and small, in 0 to 1."""
    there_HW = _is_there(drawing_HWC)
    cut_HWC = drawing_HWC[box_of(there_HW)] if there_HW.any() else drawing_HWC
    small_HWC = resized(np.ascontiguousarray(cut_HWC), _SEEN_SIDE, _SEEN_SIDE).astype(np.float32)
    return np.asarray((small_HWC[..., :3] + 255 - small_HWC[..., 3:]) / 255)


def _is_there(drawing_HWC: npt.NDArray[np.uint8]) -> Mask:
    return np.asarray(drawing_HWC[..., 3] > 127)


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
    # Thin pieces that stand far apart may lie between the places that are looked at.
    form = 1 - (one.form & other.form).sum() / max((one.form | other.form).sum(), 1)
    one_and_more = (one.pieces == 1) != (other.pieces == 1)
    return float(2.5 * colour + 3 * place + 0.3 * shape + 0.25 * size + 0.6 * form + 0.25 * one_and_more)


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
class _Move:
    """From where to where something goes, and how it is scaled on the way."""

    origin: Floats
    scale: Floats
    new_origin: Floats
    new_scale: Floats

    @property
    def shrink(self) -> Floats:
        """What a step in the new drawing is in the old one."""
        return np.asarray(self.scale / self.new_scale)

    @property
    def offset(self) -> Floats:
        """The place in the old drawing of the new one's first row and column."""
        return np.asarray(self.origin - self.shrink * self.new_origin)


class _Colours(Protocol):
    """How something looks at the places [P], [P] that are asked for: OKLab [P, 3]."""

    def __call__(self, rows_P: npt.NDArray[np.intp], columns_P: npt.NDArray[np.intp]) -> Floats: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class _Layer:
    """An area of the result: above 0 is inside, in pixels."""

    field_HW: Floats
    colours: _Colours
    paired: bool


class _Drawn:
    """The drawing between two, as it is put together."""

    def __init__(
        self, first: FlatDrawing, second: FlatDrawing, pairs: list[tuple[Area, Area]], mix: Mix, shapes: float
    ) -> None:
        self._drawings, self._pairs, self._mix, self._shapes = (first, second), pairs, mix, shapes
        towards_second = mix.colours if mix.details == 0 else -mix.colours
        self._colours = min(max(shapes + towards_second, 0.0), 1.0)
        self._corner = self._between(first.corner, second.corner)
        self._extent = self._between(first.extent, second.extent)

    def paint(self) -> npt.NDArray[np.uint8]:
        """Premultiplied, uint8 [H, W, C]."""
        layers = [self._of_pair(*pair) for pair in self._pairs] + self._details()
        layers.sort(key=lambda layer: -int((layer.field_HW > 0).sum()))
        whole_HW = self._whole()
        canvas_HWC = np.zeros((*whole_HW.shape, 4), dtype=np.float32)
        outline = self._drawings[self._mix.details].outline
        if outline:
            _lay(canvas_HWC, whole_HW + outline[1], lambda rows_P, columns_P: outline[0][None])
        # What no area covers has the colours of the nearest one that both drawings have.
        paired = [layer for layer in layers if layer.paired]
        nearest_HW = np.stack([layer.field_HW for layer in paired]).argmax(0)
        for number, layer in enumerate(paired):
            _lay(canvas_HWC, np.where(nearest_HW == number, whole_HW, -1), layer.colours)
        for layer in layers:
            _lay(canvas_HWC, np.minimum(layer.field_HW, whole_HW), layer.colours)
        return np.asarray((canvas_HWC + 0.5).clip(0, 255).astype(np.uint8))

    def _between(self, one: Floats, other: Floats, more: float = 0.0) -> Floats:
        share = self._shapes + more
        return np.asarray((1 - share) * one + share * other)

    def _edges(self, one_HW: Floats, other_HW: Floats, more: float = 0.0) -> Floats:
        """A shape between two; the less they agree, the more it is that of the one whose details are taken."""
        shared = np.logical_and(one_HW > 0, other_HW > 0).sum() / max(np.logical_or(one_HW > 0, other_HW > 0).sum(), 1)
        agree = np.clip((shared - _UNLIKE_FORMS) / (_LIKE_FORMS - _UNLIKE_FORMS), 0, 1)
        share = agree * (self._shapes + more) + (1 - agree) * self._mix.details
        return np.asarray((1 - share) * one_HW + share * other_HW)

    def _own_way(self, one: Area) -> tuple[float, float]:
        """How much nearer to the second than the rest of the drawing a part is, and by how much larger."""
        if not self._mix.parts:
            return 0.0, 0.0
        more, larger = self._mix.parts[one.ink % len(self._mix.parts)]
        is_part = one.filled_HW.sum() < _PART * self._drawings[0].solid_HW.sum()
        return more, larger if is_part else 0.0

    def _of_pair(self, one: Area, other: Area) -> _Layer:
        centre, spread = self._middle(one, other)
        moves = [
            _Move(origin=area.centre, scale=area.spread, new_origin=centre, new_scale=spread) for area in (one, other)
        ]
        one_HW, other_HW = (_moved(area.edge, move) for area, move in zip((one, other), moves, strict=True))
        field_HW = self._edges(one_HW, other_HW, self._own_way(one)[0])
        own = (one, other)[self._mix.details]
        shift = self._colour(one.colour, other.colour) - own.colour
        return _Layer(field_HW=field_HW, colours=self._inside(own, moves[self._mix.details], shift), paired=True)

    def _middle(self, one: Area, other: Area) -> tuple[Floats, Floats]:
        """Where the area between two is: its centre and spread."""
        first, second = self._drawings
        more, larger = self._own_way(one)
        place = self._between(_place_in(first, one), _place_in(second, other), more)
        spread = self._between(np.log(one.spread / first.extent), np.log(other.spread / second.extent), more)
        centre, spread = self._corner + place * self._extent, np.exp(spread + larger) * self._extent
        # Nothing is moved or enlarged out of the picture.
        low, high = (
            self._between((one_end - one.centre) / one.spread, (other_end - other.centre) / other.spread, more)
            for one_end, other_end in zip(one.box, other.box, strict=True)
        )
        side = one.mask_HW.shape
        spread = np.minimum(spread, side / (high - low))
        return np.clip(centre, -low * spread, side - high * spread), spread

    def _colour(self, one: Floats, other: Floats) -> Floats:
        """In between, without growing grey on the way."""
        share = self._colours
        mixed = (1 - share) * one + share * other
        wanted, is_now = ((1 - share) * np.hypot(*one[1:]) + share * np.hypot(*other[1:])), np.hypot(*mixed[1:])
        mixed[1:] *= min(wanted / max(is_now, 1e-4), 2.0)
        return np.asarray(mixed)

    def _inside(self, area: Area, move: _Move, shift: Floats | float = 0.0) -> _Colours:
        """The shading of an area of the one whose details are taken, in other colours by `shift`.

        It goes on beyond the edge, and where other areas lie on it: there it is that of the nearest place.
        """
        cut, nearest_2HW = box_of(area.mask_HW), area.inside
        offset = move.offset - [line.start for line in cut]
        shading_HW3 = area.colour[None, None]
        if nearest_2HW is not None:
            shading_HW3 = self._drawings[self._mix.details].colours_HW3[cut][nearest_2HW[0], nearest_2HW[1]]

        def at(rows_P: npt.NDArray[np.intp], columns_P: npt.NDArray[np.intp]) -> Floats:
            places_2P = offset[:, None] + move.shrink[:, None] * np.stack([rows_P, columns_P])
            channels = [
                ndimage.map_coordinates(shading_HW3[..., number], places_2P, order=1, mode="nearest")
                for number in range(3)
            ]
            return np.asarray(np.stack(channels, axis=-1) + shift)

        return at

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
                move = _Move(origin=base.centre, scale=base.spread, new_origin=centre, new_scale=spread)
            else:
                move = self._as_whole(drawing)
            layers.append(_Layer(field_HW=_moved(area.edge, move), colours=self._inside(area, move), paired=False))
        return layers

    def _whole(self) -> Floats:
        """The shape of the whole, as a field."""
        first_HW, second_HW = (_moved(drawing.edge, self._as_whole(drawing)) for drawing in self._drawings)
        return self._edges(first_HW, second_HW)

    def _as_whole(self, drawing: FlatDrawing) -> _Move:
        return _Move(origin=drawing.corner, scale=drawing.extent, new_origin=self._corner, new_scale=self._extent)


def _moved(edge: Edge, move: _Move) -> Floats:
    """The signed distance to a shape that is moved and scaled, [H, W]."""
    moved_HW = ndimage.affine_transform(
        edge.field_HW, move.shrink, offset=move.offset - edge.corner, output_shape=(SIDE, SIDE), order=1, mode="nearest"
    )
    return np.asarray(moved_HW / np.sqrt(move.shrink.prod()), dtype=np.float32)


def _lay(canvas_HWC: Floats, field_HW: Floats, colours: _Colours) -> None:
    """Paints a shape with soft edges over what is there."""
    rows_P, columns_P = np.nonzero(field_HW > -0.5)
    cover_P1 = (field_HW[rows_P, columns_P, None] + 0.5).clip(0, 1)
    canvas_HWC[rows_P, columns_P] *= 1 - cover_P1
    canvas_HWC[rows_P, columns_P, :3] += cover_P1 * from_oklab(colours(rows_P, columns_P))
    canvas_HWC[rows_P, columns_P, 3:] += cover_P1 * 255
