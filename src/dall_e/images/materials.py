"""What a thing is made of, what is on it, and parts of it in colours of their own.

All of it works on areas of one colour (`images/areas.py`): colours of the palette change in OKLab
and keep their differences in lightness, so shading stays. What is seen on a surface, as grain and
gleam, is laid over it (`images/surfaces.py`).

Shapes: K colours of the palette.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dall_e.images.areas import Areas
from dall_e.images.colour import DARK, GREY_CHROMA, as_hex, oklab
from dall_e.images.figure_parts import with_part
from dall_e.images.shades import body_of, content_of, main_of, palette_in, palette_near, shades_of
from dall_e.images.surfaces import Surface
from dall_e.images.textures import MATERIALS

_OWN_COLOUR = frozenset(("gold", "silver", "bronze"))
"""Materials that are a colour, too; any other one has the colour that is said."""


@dataclass(frozen=True, kw_only=True)
class Paint:
    """What is done with a drawing after it is drawn; nothing said leaves it as it is."""

    colour: str = ""
    """One of `colour.TARGETS`, for its main colour."""
    material: str = ""
    """One of `textures.MATERIALS`."""
    pattern: str = ""
    """One of `textures.PATTERNS`."""
    parts: tuple[tuple[str, str], ...] = ()
    """Parts of somebody (hair, beard, clothes) and their colours."""


def painted_areas(areas: Areas, paint: Paint) -> tuple[Areas, Surface | None]:
    """Return the areas with other colours, and what is seen on them.

    A part that is not found is left as it is.
    """
    for part, colour in paint.parts:
        areas = with_part(areas, part, colour)
    main = main_of(areas)
    if main is None:
        return areas, None

    labels = shades_of(areas, main)
    # As it was drawn: in pink all of it would be much lighter than its main colour was.
    body = body_of(areas, main, labels)
    if paint.colour:
        # A blue potion is blue, and its bottle is clear.
        content = None if paint.material else content_of(areas, main)
        shown, coloured = content or (main, labels)
        areas = replace(areas, palette_K3=palette_in(areas, shown, paint.colour, coloured))
    target = MATERIALS.get(paint.material)
    if target and (not paint.colour or paint.material in _OWN_COLOUR):
        areas = replace(areas, palette_K3=palette_near(areas, main, target, body))
    if not (paint.material or paint.pattern) or not body:
        return areas, None
    return areas, _surface(areas, body, paint)


def _surface(areas: Areas, labels: frozenset[int], paint: Paint) -> Surface:
    """A surface in darker shades, and patterns in what is seen, on the colour of some labels."""
    lab_K3 = oklab(areas.palette_K3[[label - 1 for label in sorted(labels)]])
    middle = np.median(lab_K3, axis=0)
    contrast = middle * np.array([0.66, 1.6, 1.6], dtype=np.float32)
    is_light = middle[0] > 0.8
    if is_light and np.hypot(*middle[1:]) < GREY_CHROMA:
        contrast = np.array([0.60, 0.02, -0.16], dtype=np.float32)
    if not is_light:
        contrast = np.array([0.97, 0.0, 0.0], dtype=np.float32)
    # On what is nearly black, grain is seen if it is lighter.
    ink = middle * np.array([0.62, 1.0, 1.0], dtype=np.float32)
    if middle[0] < DARK:
        ink = middle + np.array([0.2, 0.0, 0.0], dtype=np.float32)
    return Surface(
        labels=labels,
        material=paint.material,
        pattern=paint.pattern,
        ink=as_hex(ink),
        contrast=as_hex(contrast),
    )
