"""Areas of one colour as SVG paths. Tracing is vtracer's."""

from __future__ import annotations

import io
import re

from PIL import Image

from dall_e.images.areas import Areas

_PATHS = re.compile(r"<path [^>]*/>")
_SPECKLE = 6
"""Traced areas have at least this side in pixels."""
_CORNER = 75
"""A bend of more degrees than this stays a corner."""
_SEGMENT = 4.5
"""Length in pixels to which borders are divided before curves are laid through them."""


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
