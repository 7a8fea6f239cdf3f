"""Plans of a set of product pictures: on white, cut out, in other colours, and on a ground.

Lengths are fractions of the picture's side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dall_e.images.files import PILImage, save_image
from dall_e.images.metadata import texts_of
from dall_e.images.results import DrawnImage
from dall_e.images.sheets import contact_sheet
from dall_e.planning.layers import CONTACTS, Layer, bounds
from dall_e.planning.placed_plan import PlacedPlan
from dall_e.scenes.graph import COLOURS
from dall_e.text.language import COLOURS_ZH

WHITE, CUT_OUT, ON_GROUND, SHEET = "white", "transparent", "ground", "sheet"
"""The pictures of a set beside those in colours, by the names of their files."""
_OFFERED = ("red", "blue", "green", "yellow", "purple", "orange")
"""Colours that a product comes in unless others are asked for, the first three that are new."""
_FILLED = 0.85
"""Part of the picture that a product fills, as shops ask for."""
_GROUND = "white"
"""Colour of the ground: off-white beside the pure white of the other pictures."""
_STANDING = (0.15, 0.12, 0.7, 0.7)
"""Room of a product that stands on a ground."""
_SHEET_SIDE = 320
"""Pixels of each picture on the sheet."""


@dataclass(frozen=True)
class ProductSet:
    """Pictures of one product, by the names of their files."""

    images: dict[str, DrawnImage]

    @property
    def sheet(self) -> PILImage:
        """All of them side by side, with their names."""
        small = []
        for image in self.images.values():
            copy = image.copy()
            copy.thumbnail((_SHEET_SIDE, _SHEET_SIDE))
            small.append(copy.convert("RGBA"))
        return contact_sheet(small, list(self.images), 3)

    def save(self, folder: Path, *, overwrite: bool = True) -> list[Path]:
        """Write every picture and the sheet into a folder, and return their paths.

        Raises OSError if it cannot be written, FileExistsError for a file that is there and not to
        be overwritten.
        """
        paths = []
        for name, image in (*self.images.items(), (SHEET, self.sheet)):
            paths.append(folder / f"{name}.png")
            save_image(image, paths[-1], texts_of(image.info), overwrite=overwrite)
        return paths


def file_names(colours: Sequence[str]) -> list[str]:
    """Return the names of the files of a set."""
    return [f"{name}.png" for name in (WHITE, CUT_OUT, *colours, ON_GROUND, SHEET)]


def offered_colours(prompt: str, colours: Sequence[str] | None = None) -> list[str]:
    """Return the three colours of a set: those that are given, or such as the prompt does not say.

    Raises ValueError for another number of colours, for one twice, and for an unknown one.
    """
    if colours is None:
        said = {word for word in COLOURS if word in prompt.lower() or COLOURS_ZH[word][0] in prompt}
        return [colour for colour in _OFFERED if colour not in said][:3]
    if len(colours) != 3 or len(set(colours)) != 3:
        raise ValueError(f"a set has three different colours, got {', '.join(colours) or 'none'}")
    unknown = [colour for colour in colours if colour not in COLOURS]
    if unknown:
        raise ValueError(f"colour {unknown[0]!r} is not known; these are: {', '.join(COLOURS)}")
    return list(colours)


def product_plans(plan: PlacedPlan, colours: Sequence[str]) -> dict[str, PlacedPlan]:
    """Return the plan of each picture of a set, by its name; that on white is also cut out."""
    margin = (1 - _FILLED) / 2
    alone = plan.framed((margin, margin, _FILLED, _FILLED), stands=False)
    name = plan.objects[0].name
    coloured = {colour: alone.recolour(name, colour) for colour in colours}
    return {WHITE: alone, **coloured, ON_GROUND: _on_ground(plan)}


def _on_ground(plan: PlacedPlan) -> PlacedPlan:
    """The product on a plain ground, with its shadow below it."""
    standing = plan.framed(_STANDING)
    shadow = Layer(object=0, kind="shadow", box=bounds(standing.layers))
    layers = (shadow, *(layer for layer in standing.layers if layer.kind not in CONTACTS))
    return replace(standing, layers=layers, background="plain", background_colour=_GROUND)
