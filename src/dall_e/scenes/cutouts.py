"""Things cut out of single images for composed scenes: what an image shows, where, how coloured.

Shapes: N images of the set, H W rows and columns, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dall_e.data.captions import style_said
from dall_e.data.datasets import ImageSet, Record
from dall_e.images.animals import POSES, SPECIES, drawn_animal
from dall_e.images.colour import MainColour, colour_word, main_colour
from dall_e.images.compositing import Canvas
from dall_e.scenes.graph import COAT_COLOURS, COLOURS, CutoutImage, DrawnAnimal
from dall_e.scenes.vocabulary import Thing, things
from dall_e.text.language import mirrors

UNEVEN_SOURCES = frozenset(
    (
        "openclipart",
        "streamline-ultimate-color",
        "streamline-kameleon-color",
        "streamline-stickies-color",
        "meteocons",
        "circle-flags",
        "flat-color-icons",
    )
)
"""Their images show more, or something else, than their names say; only those that the table of
things names are used."""

SOLID = 48
"""Alpha that counts as part of a thing: soft shadows of rendered sets are fainter."""

MEASURED_SIDE = 40
"""The main colour is measured on about this many rows and columns."""


@dataclass(frozen=True, kw_only=True)
class CutOut:
    """One thing in one image of the set."""

    image: CutoutImage | DrawnAnimal
    """Of the set, or of the drawings."""
    thing: str
    """The `Thing`'s name."""
    source: str
    style_en: str
    style_zh: str
    style_said: float
    """Fraction of captions that name the style."""
    weight: float
    """How often it is taken, relative to other cut-outs."""
    box: tuple[int, int, int, int]
    """Left, top, right, bottom of what is solid, in pixels of the set."""
    main: MainColour | None
    own_colour: str
    """The colour word that fits it as it is, or nothing."""
    mirrors: bool
    """Whether it means the same in a mirror."""
    rank: int = 0
    """Which of the images that the table has for the thing; the first is the best known."""

    @property
    def aspect(self) -> float:
        """Width over height."""
        return (self.box[2] - self.box[0]) / (self.box[3] - self.box[1])

    @property
    def colours(self) -> tuple[str, ...]:
        """The colours in which it can be shown."""
        as_drawn = (self.own_colour,) if self.own_colour else ()
        if self.main is None:
            return as_drawn
        return colours_of(self.thing) or as_drawn


class _Match(NamedTuple):
    """What images of one name are cut out as."""

    thing: Thing
    colour: str
    """The colour that all of them have, or nothing."""
    rank: int


def colours_of(thing: str) -> tuple[str, ...]:
    """The colours that a thing may be given, whatever it is drawn in; none if it has to stay."""
    traits = things()[thing].traits
    if "paint" in traits:
        return COLOURS
    return COAT_COLOURS if "coat" in traits else ()


def find_cut_outs(images: ImageSet) -> list[CutOut]:
    """Every image of the set that the table of things names, cropped.

    Raises ValueError if there is none.
    """
    by_name: dict[str, list[_Match]] = {}
    for thing in things().values():
        for rank, (name, colour) in enumerate(thing.image_names):
            by_name.setdefault(name, []).append(_Match(thing, colour, rank))

    cut_outs = []
    for index, record in enumerate(images.records):
        for match in _matches(record, by_name):
            cut_out = _cut_out(images, index, match)
            if cut_out is not None:
                cut_outs.append(cut_out)
    if not cut_outs:
        raise ValueError(
            f"none of {len(images)} pictures can be cut out for composed scenes: they need an "
            f"English name from the list of {len(things())} things and a transparent background"
        )
    return cut_outs


def _matches(record: Record, by_name: dict[str, list[_Match]]) -> list[_Match]:
    """What an image shows: by its English name, or by its source and file name.

    The table leaves single images out with a minus before source and file name.
    """
    source = str(record.get("source", ""))
    file_name = f"{source}/{record.get('name', '')}"
    matches = list(by_name.get(file_name, ()))
    if source not in UNEVEN_SOURCES:
        matches = [*by_name.get(str(record.get("en", "")), ()), *matches]

    left_out = {match.thing.name for match in by_name.get(f"-{file_name}", ())}
    return [match for match in matches if match.thing.name not in left_out]


def solid_box(alpha_HW: npt.NDArray[np.uint8]) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of what is solid; None for what is too thin to see."""
    solid_HW = alpha_HW >= SOLID
    rows, columns = np.flatnonzero(solid_HW.any(1)), np.flatnonzero(solid_HW.any(0))
    if min(len(rows), len(columns)) < len(alpha_HW) // 8:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _cut_out(images: ImageSet, index: int, match: _Match) -> CutOut | None:
    """An image as a cut-out; None if it is too thin to see or has a background of its own."""
    alpha_HW = images.images_NCHW[index, 3].numpy()
    box = solid_box(alpha_HW)
    corners = alpha_HW[[0, 0, -1, -1], [0, -1, 0, -1]]
    if box is None or (corners >= SOLID).all():
        return None

    left, top, right, bottom = box
    step = max(1, (bottom - top) // MEASURED_SIDE)
    main = main_colour(pixels(images, index)[top:bottom:step, left:right:step])
    record = images.records[index]
    return CutOut(
        image=CutoutImage(index),
        thing=match.thing.name,
        rank=match.rank,
        source=str(record.get("source", "")),
        style_en=str(record.get("style_en", "")),
        style_zh=str(record.get("style_zh", "")),
        style_said=style_said(record),
        weight=float(record.get("weight", 1.0)),
        box=box,
        main=main,
        own_colour=match.colour or (colour_word(main) if main else ""),
        mirrors=mirrors(record),
    )


def drawn_actors(
    side: int, poses: int | None = None
) -> tuple[dict[str, list[CutOut]], list[Canvas]]:
    """Drawings of animals at `side` pixels, and cut-outs of them by state.

    The states are "sleeping" and "playing". Each animal does each in the first `poses` ways, or in
    all.
    """
    actors: dict[str, list[CutOut]] = {}
    drawings: list[Canvas] = []
    for state, state_poses in POSES.items():
        actors[state] = []
        for species in SPECIES:
            for pose in state_poses[:poses]:
                drawing_HWC = drawn_animal(species, pose, side)
                actors[state].append(_actor(species, drawing_HWC, len(drawings)))
                drawings.append(drawing_HWC)
    return actors, drawings


def _actor(species: str, drawing_HWC: Canvas, number: int) -> CutOut:
    """A drawn animal as a cut-out without a style."""
    box = solid_box(drawing_HWC[..., 3])
    assert box is not None
    return CutOut(
        image=DrawnAnimal(number),
        thing=species,
        source="",
        style_en="",
        style_zh="",
        style_said=0.0,
        weight=1.0,
        box=box,
        main=main_colour(drawing_HWC),
        own_colour="",
        mirrors=True,
    )


def pixels(images: ImageSet, index: int) -> Canvas:
    """An image of the set as uint8 [H, W, C], premultiplied."""
    return np.asarray(images.images_NCHW[index].permute(1, 2, 0).numpy(), dtype=np.uint8)


def by_thing(cut_outs: Sequence[CutOut]) -> dict[str, list[CutOut]]:
    """Cut-outs of each thing, in the order of the set."""
    groups: dict[str, list[CutOut]] = {}
    for cut_out in cut_outs:
        groups.setdefault(cut_out.thing, []).append(cut_out)
    return groups
