"""Areas of one colour as SVG, and SVG as pixels.

Painting is resvg's. Shapes: H W rows and columns, S the side of a square, C 4
channels (premultiplied RGBA).
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from dall_e.images.areas import flat_areas
from dall_e.images.files import PILImage, from_pil, to_pil
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

    def __init__(self, image_HWC: UInt8, paint: Paint | None = None) -> None:
        """Find the areas of a drawing of any side, uint8 [H, W, C] premultiplied, and paint it."""
        areas = flat_areas(image_HWC)
        self.areas, self._surface = painted_areas(areas, paint) if paint else (areas, None)

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
        return dressed(traced_paths(self.areas), self.areas, self._surface)


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
        numbers = " ".join(f"{round(value, 6) + 0.0:.4g}" for value in group.matrix)
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


def painted_svg(svg: str, side: int) -> UInt8:
    """Return an SVG document as pixels, uint8 [S, S, C] premultiplied.

    Raises ValueError if it is broken.
    """
    import resvg_py

    png: Any = resvg_py.svg_to_bytes(svg_string=svg, width=side, height=side)
    straight_SSC = np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))
    pixels_SSC = straight_SSC.astype(np.uint16)
    pixels_SSC[..., :3] = (pixels_SSC[..., :3] * pixels_SSC[..., 3:] + 127) // 255
    return pixels_SSC.astype(np.uint8)


def svg_image(svg: str, side: int, *, transparent: bool = False) -> PILImage:
    """Return an SVG document as a PIL image, RGB on white or RGBA; raises as `painted_svg` does."""
    return to_pil(painted_svg(svg, side).transpose(2, 0, 1), transparent=transparent)
