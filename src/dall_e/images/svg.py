"""Areas of one colour as SVG, and SVG as pixels.

Tracing is vtracer's, painting is resvg's. Shapes: H W rows and columns, S the side of a square, C 4
channels (premultiplied RGBA).
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from dall_e.images.areas import Areas, flat_areas
from dall_e.images.files import PILImage, from_pil, to_pil
from dall_e.images.materials import Overlay, Paint, painted_areas

UInt8 = npt.NDArray[np.uint8]

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may have."""
_VECTORISED_SIDE = 256
"""The longer side at which the areas of a user's image are found."""
_PATHS = re.compile(r"<path [^>]*/>")
_FILL = re.compile(r'fill="(#[0-9A-Fa-f]{6})"')
_SPECKLE = 6
"""Traced areas have at least this side in pixels."""
_CORNER = 75
"""A bend of more degrees than this stays a corner."""
_SEGMENT = 4.5
"""Length in pixels to which borders are divided before curves are laid through them."""

ROLES = ("background", "shadow", "edge", "thing")
"""What groups of a picture are: what is behind everything, the shadow and the edge of a thing, and
the thing itself."""


class VectorDrawing:
    """One drawing as areas, and as the SVG paths around them."""

    def __init__(self, image_HWC: UInt8, paint: Paint | None = None) -> None:
        """Find the areas of a drawing of any side, uint8 [H, W, C] premultiplied, and paint it."""
        areas = flat_areas(image_HWC)
        self.areas, self._overlays = painted_areas(areas, paint) if paint else (areas, ())

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
        paths = traced_paths(self.areas)
        for overlay in self._overlays:
            paths = _overlaid(paths, overlay, self.areas)
        return paths


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


def traced_paths(areas: Areas) -> str:
    """Return the areas as `<path>` elements, those at the back first; "" if there is none.

    Coordinates are pixels of the areas' labels.
    """
    # Tracing loads its library first when it is used.
    import vtracer

    if not len(areas.palette_K3):
        return ""
    file = io.BytesIO()
    Image.fromarray(areas.image(), "RGBA").save(file, "TGA")
    svg = vtracer.convert_raw_image_to_svg(
        file.getvalue(),
        img_format="tga",
        colormode="color",
        hierarchical="stacked",
        mode="spline",
        filter_speckle=_SPECKLE,
        color_precision=8,
        layer_difference=0,
        corner_threshold=_CORNER,
        length_threshold=_SEGMENT,
        max_iterations=10,
        splice_threshold=45,
        path_precision=1,
    )
    return "\n".join(_PATHS.findall(svg))


def _overlaid(paths: str, overlay: Overlay, areas: Areas) -> str:
    """The elements, over each one of the overlay's colours its shape again with the pattern."""
    colours = {
        "#{:02x}{:02x}{:02x}".format(*areas.palette_K3[label - 1]) for label in overlay.labels
    }
    number = zlib.crc32(overlay.tile.encode())
    name = f"{overlay.name}-{number:08x}"
    side = f"{overlay.side:g}"
    lines = [
        f'<defs><pattern id="{name}" patternUnits="userSpaceOnUse" width="{side}" '
        f'height="{side}" patternTransform="rotate({overlay.angle:g})">{overlay.tile}'
        "</pattern></defs>"
    ]
    for path in paths.splitlines():
        lines.append(path)
        fill = _FILL.search(path)
        if fill and fill[1].lower() in colours:
            lines.append(path.replace(fill[0], f'fill="url(#{name})"'))
    return "\n".join(lines)


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
