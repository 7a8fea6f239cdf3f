"""SVG documents as pixels. The renderer is resvg's.

Shapes: S the side of the picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from dall_e.images.files import PILImage, to_pil

UInt8 = npt.NDArray[np.uint8]


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
