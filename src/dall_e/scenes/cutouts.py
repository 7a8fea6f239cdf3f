"""Things cut out of single pictures, for composed scenes: what a picture shows, where in it, in
which colours."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from dall_e.data.captions import style_said
from dall_e.data.datasets import ImageSet, Record
from dall_e.images.animals import POSES, SPECIES, drawn_animal
from dall_e.images.colour import MainColour, colour_word, main_colour
from dall_e.scenes.graph import COAT_COLOURS, COLOURS, CutoutImage, DrawnAnimal
from dall_e.scenes.vocabulary import Thing, things
from dall_e.text.language import mirrors

# Their pictures show more, or something else, than their names say; only those that the table names
# are used.
UNEVEN_SOURCES = frozenset(
    ("openclipart", "streamline-ultimate-color", "streamline-kameleon-color", "streamline-stickies-color", "meteocons",
     "circle-flags", "flat-color-icons")
)  # fmt: skip
# Alpha that counts as part of a thing: soft shadows of rendered sets are fainter.
SOLID = 48


@dataclass(frozen=True, kw_only=True)
class CutOut:
    """One thing in one picture of the set."""

    image: CutoutImage | DrawnAnimal
    """Of the set, or of the drawings."""
    thing: str
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
    """Which of the pictures that the table has for the thing; the first is what it is best known
    as."""

    @property
    def aspect(self) -> float:
        """Width over height."""
        return (self.box[2] - self.box[0]) / (self.box[3] - self.box[1])

    @property
    def colours(self) -> tuple[str, ...]:
        """The colours in which it can be shown."""
        own = (self.own_colour,) if self.own_colour else ()
        return own if self.main is None else colours_of(self.thing) or own


def colours_of(thing: str) -> tuple[str, ...]:
    """The colours that a thing may be given, whatever it is drawn in; none for what is always as it
    is."""
    traits = things()[thing].traits
    return COLOURS if "paint" in traits else COAT_COLOURS if "coat" in traits else ()


def find_cut_outs(images: ImageSet) -> list[CutOut]:
    """Every picture of the set that the table of things names, cropped. Raises ValueError if there
    is none."""
    wanted: dict[str, list[_Wanted]] = {}
    for thing in things().values():
        for rank, (name, colour) in enumerate(thing.image_names):
            wanted.setdefault(name, []).append(_Wanted(thing, colour, rank))
    found = []
    for index, record in enumerate(images.records):
        for match in _matches(record, wanted):
            cut_out = _cut_out(images, index, match)
            if cut_out is not None:
                found.append(cut_out)
    if not found:
        raise ValueError(
            f"none of {len(images)} pictures can be cut out for composed scenes: they need an English name from the "
            f"list of {len(things())} things and a transparent background"
        )
    return found


class _Wanted(NamedTuple):
    """What pictures of one name are cut out as."""

    thing: Thing
    colour: str
    """The colour that all of them have, or nothing."""
    rank: int


def _matches(record: Record, wanted: dict[str, list[_Wanted]]) -> list[_Wanted]:
    source, own_name = (
        str(record.get("source", "")),
        f"{record.get('source', '')}/{record.get('name', '')}",
    )
    left_out = {match.thing.name for match in wanted.get(f"-{own_name}", ())}
    by_word = [] if source in UNEVEN_SOURCES else wanted.get(str(record.get("en", "")), [])
    both = [*by_word, *wanted.get(own_name, ())]
    return [match for match in both if match.thing.name not in left_out]


def solid_box(alpha_HW: npt.NDArray[np.uint8]) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of what is solid; None for what is too thin to see."""
    solid_HW = alpha_HW >= SOLID
    rows, columns = np.flatnonzero(solid_HW.any(1)), np.flatnonzero(solid_HW.any(0))
    if min(len(rows), len(columns)) < len(alpha_HW) // 8:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _cut_out(images: ImageSet, index: int, match: _Wanted) -> CutOut | None:
    alpha_HW = images.images_NCHW[index, 3].numpy()
    box = solid_box(alpha_HW)
    # A picture without transparency has a background of its own.
    if box is None or (alpha_HW[[0, 0, -1, -1], [0, -1, 0, -1]] >= SOLID).all():
        return None
    step = max(1, (box[3] - box[1]) // 40)
    crop_HWC = pixels(images, index)[box[1] : box[3] : step, box[0] : box[2] : step]
    main = main_colour(crop_HWC)
    record = images.records[index]
    own = match.colour or (colour_word(main) if main else "")
    return CutOut(
        image=CutoutImage(index), thing=match.thing.name, rank=match.rank, source=str(record.get("source", "")), box=box,
        main=main, own_colour=own,
        style_en=str(record.get("style_en", "")), style_zh=str(record.get("style_zh", "")),
        style_said=style_said(record), weight=float(record.get("weight", 1.0)), mirrors=mirrors(record),
    )  # fmt: skip


def drawn_actors(
    side: int, poses: int | None = None
) -> tuple[dict[str, list[CutOut]], list[npt.NDArray[np.uint8]]]:
    """Animals drawn at `side` pixels, and cut-outs of them by what they do, "sleeping" or
    "playing".

    Each does it in the first `poses` ways, or in all.
    """
    found: dict[str, list[CutOut]] = {}
    drawings: list[npt.NDArray[np.uint8]] = []
    for state, known in POSES.items():
        for species, pose in itertools.product(SPECIES, known[:poses]):
            drawing_HWC = drawn_animal(species, pose, side)
            box = solid_box(drawing_HWC[..., 3])
            assert box is not None
            found.setdefault(state, []).append(
                CutOut(
                    image=DrawnAnimal(len(drawings)), thing=species, source="", style_en="", style_zh="",
                    style_said=0.0, weight=1.0, box=box, main=main_colour(drawing_HWC), own_colour="", mirrors=True,
                )
            )  # fmt: skip
            drawings.append(drawing_HWC)
    return found, drawings


def pixels(images: ImageSet, index: int) -> npt.NDArray[np.uint8]:
    """A picture of the set as uint8 [H, W, 4], premultiplied."""
    return np.asarray(images.images_NCHW[index].permute(1, 2, 0).numpy(), dtype=np.uint8)


def resized(
    crop_HWC: npt.NDArray[np.uint8], width: int, height: int, angle: float = 0.0
) -> npt.NDArray[np.uint8]:
    """A premultiplied crop at another size, turned by `angle` degrees against the clock; uint8 [H',
    W', 4].

    Lanczos for the size. A turned crop is a little larger than asked, as its corners need room.
    """
    crop_HWC = np.ascontiguousarray(crop_HWC)
    image = Image.frombuffer(
        "RGBa", (crop_HWC.shape[1], crop_HWC.shape[0]), crop_HWC.tobytes(), "raw", "RGBa", 0, 1
    )
    image = image.resize(
        (max(width, 1), max(height, 1)), Image.Resampling.LANCZOS, reducing_gap=2.0
    )
    if angle:
        # PIL turns no premultiplied image, but four bands of whatever meaning.
        turned = Image.frombytes("RGBA", image.size, image.tobytes())
        image = turned.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    result_HWC = np.array(image)
    # Lanczos overshoots beside edges; colour above alpha would be brighter than white.
    result_HWC[..., :3] = np.minimum(result_HWC[..., :3], result_HWC[..., 3:])
    return result_HWC


def by_thing(cut_outs: Sequence[CutOut]) -> dict[str, list[CutOut]]:
    """Cut-outs of each thing, in the order of the set."""
    groups: dict[str, list[CutOut]] = {}
    for cut_out in cut_outs:
        groups.setdefault(cut_out.thing, []).append(cut_out)
    return groups
