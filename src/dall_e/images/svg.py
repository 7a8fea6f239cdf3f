"""Areas of one colour as SVG.

Shapes: H W rows and columns, S the side of a square, C 4 channels (premultiplied RGBA), K colours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape

import numpy as np
import numpy.typing as npt

from dall_e.images.areas import Areas, flat_areas
from dall_e.images.colour import hex_of
from dall_e.images.curves import areas_of_curves, recoloured_curves
from dall_e.images.files import PILImage, from_pil
from dall_e.images.materials import Paint, painted_areas
from dall_e.images.surfaces import dressed
from dall_e.images.tracing import traced_paths

UInt8 = npt.NDArray[np.uint8]

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may have."""
_VECTORISED_SIDE = 256
"""The longer side at which the areas of a user's image are found."""

ROLES = ("background", "shadow", "edge", "thing")
"""What groups of a picture are: what is behind everything, the shadow and the edge of a thing, and
the thing itself."""


class VectorDrawing:
    """One drawing as areas, and as the SVG paths around them."""

    def __init__(self, image_HWC: UInt8, paint: Paint | None = None, curves: str = "") -> None:
        """Find the areas of a drawing of any side, uint8 [H, W, C] premultiplied, and paint it.

        curves: of the same drawing, where they are known (`images/curves.py`); then nothing has to
        be found.
        """
        self._curves = curves
        self._found = areas_of_curves(curves) if curves else flat_areas(image_HWC)
        self.areas, self._surface = self._found, None
        if paint:
            self.areas, self._surface = painted_areas(self._found, paint)

    @property
    def side(self) -> int:
        """Side of the square in which its paths lie."""
        return len(self.areas.labels_HW)

    @cached_property
    def flat_SSC(self) -> UInt8:
        """Its pixels, premultiplied; borders are not smoothed, so it is for measuring."""
        return self.areas.image()

    @cached_property
    def paths(self) -> str:
        """Its SVG elements, those at the back first."""
        return dressed(self._outlines(), self.areas, self._surface)

    def _outlines(self) -> str:
        """Its areas as elements: the curves that are known, or what is traced where areas are not
        those of the curves any more."""
        if not self._curves or not np.array_equal(self.areas.labels_HW, self._found.labels_HW):
            return traced_paths(self.areas)
        before, after = _hex_colours(self._found), _hex_colours(self.areas)
        return recoloured_curves(self._curves, dict(zip(before, after, strict=True)))


def _hex_colours(areas: Areas) -> list[str]:
    """The palette as #rrggbb."""
    return [hex_of(colour_3) for colour_3 in areas.palette_K3]


@dataclass(frozen=True, kw_only=True)
class Group:
    """What one thing of a picture is drawn with."""

    name: str
    """What it is, for whoever opens the file."""
    paths: str
    """Its SVG elements."""
    matrix: tuple[float, float, float, float, float, float] = (1, 0, 0, 1, 0, 0)
    """Where it goes, as SVG's matrix(a, b, c, d, e, f)."""
    role: str = "thing"
    """What it is in the picture, one of ROLES."""
    style: str = ""
    """The name of the style that it is drawn in already, if that is one found in pictures."""


def svg_document(
    groups: Sequence[Group], side: int, title: str = "", size: int | None = None
) -> str:
    """Return an SVG document [S, S] of groups, those at the back first, on a transparent ground.

    title: what the picture shows, which screen readers say. size: at which side it is shown where
    nobody says another; `side` unless given.
    """
    size = size or side
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" '
        f'width="{size}" height="{size}" role="img">'
    ]
    if title:
        lines.append(f"<title>{_xml_text(title)}</title>")
    for number, group in enumerate(groups, 1):
        is_moved = group.matrix != (1, 0, 0, 1, 0, 0)
        # What rounding left of zero is zero.
        numbers = " ".join(f"{round(value, 6) + 0.0:.6g}" for value in group.matrix)
        moved = f' transform="matrix({numbers})"' if is_moved else ""
        name = _xml_text(group.name)
        lines.append(f'<g id="thing-{number}" data-name="{name}"{moved}>\n{group.paths}\n</g>')
    return "\n".join([*lines, "</svg>\n"])


def _xml_text(text: str) -> str:
    """A text as it stands in an element or an attribute."""
    return escape(_NOT_XML.sub("", text), quote=True)


def vectorised(image: PILImage, title: str = "") -> str:
    """Return an image of any mode and size as an SVG document of areas of one colour.

    It is square: an image that is not is centred on a transparent ground.
    """
    image_CSS = from_pil(image, _VECTORISED_SIDE)
    drawing = VectorDrawing(np.ascontiguousarray(image_CSS.transpose(1, 2, 0)))
    group = Group(name=title or "image", paths=drawing.paths)
    return svg_document([group], drawing.side, title, _VECTORISED_SIDE)
