"""Real cut-outs scattered over backgrounds: what the detector learns from.

It shares nothing with the composer of training scenes but the cut-outs and the ways to colour and
paste them: places, sizes and numbers are drawn freely here, so that the detector does not learn the
composer's layouts.

Shapes: C 4 channels (premultiplied RGBA), S the side, H W rows and columns of a cut-out.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dall_e.config import DetectorConfig
from dall_e.data.datasets import ImageSet
from dall_e.images.backgrounds import background
from dall_e.images.colour import largest_colour, recoloured
from dall_e.images.compositing import Place, paste, paste_outline, resized
from dall_e.scenes.cutouts import CutOut, by_thing, colours_of, find_cut_outs, pixels
from dall_e.scenes.graph import BACKGROUNDS

Pixels = npt.NDArray[np.uint8]


class _Kind(NamedTuple):
    """A kind of picture."""

    probability: float
    fewest: int
    most: int
    """How many things are on it."""
    smallest: float
    largest: float
    """Their longer side, as a fraction of the picture's."""
    all_alike: bool = False
    """Whether all of them are the same thing."""


_KINDS = (
    _Kind(0.2, 1, 1, 0.3, 0.8),
    # One that fills the picture, as lone drawings do.
    _Kind(0.2, 1, 1, 0.8, 1.0),
    _Kind(0.35, 2, 3, 0.22, 0.56),
    _Kind(0.25, 2, 6, 0.18, 0.42, all_alike=True),
)
_BACKGROUND_PROBABILITY = 0.6
_SCENIC_PROBABILITY = 0.7
_MIRROR_PROBABILITY = 0.5
_RECOLOUR_PROBABILITY = 0.6
# Two things are this far apart, as a fraction of the sum of their sizes: so none hides more than
# about half of another.
_CLOSEST = 0.32
_TRIES = 20


@dataclass(frozen=True, kw_only=True)
class Scattered:
    """One thing in a picture."""

    thing: str
    """Its name."""
    colour: str
    """Nothing where it has none by which it would be called."""
    x: float
    y: float
    """Its middle, as fractions of the picture's side."""
    size: float
    """Longer side, as a fraction of the picture's."""


class CutoutScatter:
    """Pictures of cut-outs at random places."""

    def __init__(self, images: ImageSet, size: int) -> None:
        """Raises ValueError if nothing can be cut out of the pictures."""
        self._images, self._size = images, size
        self._by_thing = by_thing(find_cut_outs(images))

    @property
    def things(self) -> list[str]:
        """All that can be seen on the pictures."""
        return sorted(self._by_thing)

    def __call__(self, seed: str) -> tuple[Pixels, list[Scattered]]:
        """The picture of a seed, uint8 [C, S, S], and what is on it."""
        rng = random.Random(seed)
        canvas_SSC = self._background(rng)
        (kind,) = rng.choices(_KINDS, [kind.probability for kind in _KINDS])
        count = rng.randint(kind.fewest, kind.most)
        same_thing = rng.choice(self.things) if kind.all_alike else ""

        objects: list[Scattered] = []
        for _ in range(count):
            cut_out = rng.choice(self._by_thing[same_thing or rng.choice(self.things)])
            size = rng.uniform(kind.smallest, kind.largest)
            place = self._place(cut_out, size, objects, rng)
            if place is not None:
                colour = self._paste(canvas_SSC, cut_out, place, rng)
                objects.append(
                    Scattered(thing=cut_out.thing, colour=colour, x=place.x, y=place.y, size=size)
                )
        return np.ascontiguousarray(canvas_SSC.transpose(2, 0, 1)), objects

    def _background(self, rng: random.Random) -> Pixels:
        """Transparent, of one colour, or a scenic one."""
        canvas_SSC = np.zeros((self._size, self._size, 4), dtype=np.uint8)
        if rng.random() < _BACKGROUND_PROBABILITY:
            is_scenic = rng.random() < _SCENIC_PROBABILITY
            name = rng.choice(BACKGROUNDS[2:]) if is_scenic else "plain"
            colour = rng.choice(DetectorConfig().colours) if name == "plain" else ""
            canvas_SSC[..., :3] = background(name, self._size, rng, colour)[0]
            canvas_SSC[..., 3] = 255
        return canvas_SSC

    def _place(
        self, cut_out: CutOut, size: float, others: Sequence[Scattered], rng: random.Random
    ) -> Place | None:
        """Somewhere on the picture where no other thing is half hidden; None if there is none."""
        width, height = size, size
        if cut_out.aspect > 1:
            height = size / cut_out.aspect
        else:
            width = size * cut_out.aspect

        for _ in range(_TRIES):
            # Some of it may be outside, but not its middle.
            x, y = (
                rng.uniform(min(0.5, side / 2.2), max(0.5, 1 - side / 2.2))
                for side in (width, height)
            )
            is_free = all(
                max(abs(x - other.x), abs(y - other.y)) > _CLOSEST * (size + other.size)
                for other in others
            )
            if is_free:
                return Place(index=0, x=x, y=y, width=width, height=height)
        return None

    def _paste(self, canvas_SSC: Pixels, cut_out: CutOut, place: Place, rng: random.Random) -> str:
        """Pastes a cut-out, perhaps mirrored, perhaps in another colour; returns its colour."""
        left, top, right, bottom = cut_out.box
        crop_HWC = pixels(self._images, cut_out.image.index)[top:bottom, left:right]
        if cut_out.mirrors and rng.random() < _MIRROR_PROBABILITY:
            crop_HWC = crop_HWC[:, ::-1]
        width, height = round(place.width * self._size), round(place.height * self._size)
        crop_HWC = resized(crop_HWC, width, height)

        colour = cut_out.own_colour
        colours = colours_of(cut_out.thing) or cut_out.colours
        if colours and rng.random() < _RECOLOUR_PROBABILITY:
            wanted = rng.choice(colours)
            shade = (rng.uniform(-0.04, 0.04), rng.uniform(0.85, 1.12), rng.uniform(-6, 6))
            if wanted != colour:
                # A house has no one colour, but one whose walls are blue is called blue.
                main = cut_out.main or largest_colour(crop_HWC)
                if main is not None:
                    colour, crop_HWC = wanted, recoloured(crop_HWC, main, wanted, shade)

        # White on white would not be seen.
        if colour == "white":
            paste_outline(canvas_SSC, crop_HWC, place)
        paste(canvas_SSC, crop_HWC, place)
        return colour
