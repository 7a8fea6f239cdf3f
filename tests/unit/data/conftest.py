"""Hand-made drawings, as a decoder would make them."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFilter

from dall_e.data.flat_areas import SIDE

Shapes = list[tuple[tuple[int, int, int], str, tuple[int, int, int, int]]]


@pytest.fixture(scope="session")
def drawn() -> Callable[..., npt.NDArray[np.uint8]]:
    """Draws ellipses and rectangles (colour, kind, box) on nothing; premultiplied RGBA, uint8 [192, 192, 4]."""

    def draw(shapes: Shapes, *, noise: float = 0.0) -> npt.NDArray[np.uint8]:
        colour, alpha = Image.new("RGB", (SIDE, SIDE)), Image.new("L", (SIDE, SIDE))
        for fill, kind, box in shapes:
            getattr(ImageDraw.Draw(colour), kind)(box, fill=fill)
            getattr(ImageDraw.Draw(alpha), kind)(box, fill=255)
        pixels = np.dstack([np.array(colour), np.array(alpha)]).astype(float)
        pixels[..., :3] *= pixels[..., 3:] / 255
        pixels += noise * np.random.default_rng(0).standard_normal(pixels.shape) * (pixels[..., 3:] > 0)
        soft = [Image.fromarray(pixels[..., c].clip(0, 255).astype(np.uint8)) for c in range(4)]
        found = np.dstack([np.array(band.filter(ImageFilter.GaussianBlur(1.0))) for band in soft])
        found[..., :3] = np.minimum(found[..., :3], found[..., 3:])
        return found

    return draw


@pytest.fixture(scope="session")
def face() -> Shapes:
    """A red face with two eyes and a mouth."""
    return [
        ((200, 30, 40), "ellipse", (20, 20, 170, 170)),
        ((20, 20, 20), "ellipse", (60, 70, 72, 90)),
        ((20, 20, 20), "ellipse", (118, 70, 130, 90)),
        ((250, 250, 250), "rectangle", (70, 125, 120, 140)),
    ]
