"""SVG documents as pixels. The renderer is resvg's.

Shapes: S the side of the picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import io
import re
from xml.parsers import expat

import numpy as np
import numpy.typing as npt
from PIL import Image

from dall_e.images.files import PILImage, to_pil

UInt8 = npt.NDArray[np.uint8]

_ROOT = re.compile(r"<svg\b([^>]*?)(/?)>", re.DOTALL)
_SIZE = re.compile(r"""\s(?:width|height)\s*=\s*("[^"]*"|'[^']*')""")
_AS_IT_IS = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""The transform that changes nothing."""


def painted_svg(svg: str, side: int) -> UInt8:
    """Return an SVG document as pixels, uint8 [S, S, C] premultiplied.

    side: above 0. Raises ValueError if the document is broken.
    """
    from resvg import render, usvg

    # What is no XML is refused here: the renderer would print a backtrace.
    try:
        expat.ParserCreate().Parse(svg, True)
    except expat.ExpatError as error:
        raise ValueError(f"the SVG document is broken: {error}") from error

    # Options belong to the thread that made them, so each call has its own.
    try:
        png = render(usvg.Tree.from_str(_sized(svg, side), usvg.Options.default()), _AS_IT_IS)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a Rust panic is not an Exception
        raise ValueError(f"the SVG document cannot be painted: {error}") from error
    straight_SSC = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
    pixels_SSC = straight_SSC.astype(np.uint16)
    pixels_SSC[..., :3] = (pixels_SSC[..., :3] * pixels_SSC[..., 3:] + 127) // 255
    return pixels_SSC.astype(np.uint8)


def _sized(svg: str, side: int) -> str:
    """A document whose own size is S times S pixels, as the renderer paints it at that."""

    def resized(root: re.Match[str]) -> str:
        attributes = _SIZE.sub("", root[1])
        return f'<svg{attributes} width="{side}" height="{side}"{root[2]}>'

    document, found = _ROOT.subn(resized, svg, count=1)
    if not found:
        raise ValueError("the document is no SVG: it has no svg element")
    return document


def svg_image(svg: str, side: int, *, transparent: bool = False) -> PILImage:
    """Return an SVG document as a PIL image, RGB on white or RGBA; raises as `painted_svg` does."""
    return to_pil(painted_svg(svg, side).transpose(2, 0, 1), transparent=transparent)
