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

_ROOT = re.compile(r"""<((?:\w+:)?svg)\b((?:[^>"']|"[^"]*"|'[^']*')*?)(/?)>""", re.DOTALL)
_SIZE = re.compile(r"""\s(?:width|height)\s*=\s*("[^"]*"|'[^']*')""")
_AS_IT_IS = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""The transform that changes nothing."""


def painted_svg(svg: str, side: int) -> UInt8:
    """Return an SVG document as pixels, uint8 [S, S, C] premultiplied.

    side: above 0. Raises ValueError if the document is broken.
    """
    from resvg import render, usvg

    if side < 1:
        raise ValueError(f"the side must be above 0, got {side}")
    sized = _sized(svg, side)

    # Options belong to the thread that made them, so each call has its own.
    try:
        png = render(usvg.Tree.from_str(sized, usvg.Options.default()), _AS_IT_IS)
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
    begin = _begin_of_root(svg)
    root = _ROOT.match(svg, begin)
    if root is None:
        raise ValueError("the document is no SVG: it has no svg element")
    name, attributes, end = root[1], _SIZE.sub("", root[2]), root[3]
    sized = f'<{name}{attributes} width="{side}" height="{side}"{end}>'
    return svg[:begin] + sized + svg[root.end() :]


def _begin_of_root(svg: str) -> int:
    """Where the first element of a document begins, which comments may stand before.

    Raises ValueError for what is no XML, for which the renderer would print a backtrace.
    """
    parser = expat.ParserCreate()
    begins: list[int] = []

    def begun(_name: str, _attributes: dict[str, str]) -> None:
        begins.append(parser.CurrentByteIndex)
        parser.StartElementHandler = None

    parser.StartElementHandler = begun
    try:
        parser.Parse(svg, True)
    except expat.ExpatError as error:
        raise ValueError(f"the SVG document is broken: {error}") from error
    return len(svg.encode()[: begins[0]].decode())


def svg_image(svg: str, side: int, *, transparent: bool = False) -> PILImage:
    """Return an SVG document as a PIL image, RGB on white or RGBA; raises as `painted_svg` does."""
    return to_pil(painted_svg(svg, side).transpose(2, 0, 1), transparent=transparent)
