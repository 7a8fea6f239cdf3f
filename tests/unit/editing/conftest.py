"""A model and a picture for every test of edits."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from dall_e import DALL_E


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


@pytest.fixture(scope="session")
def landscape() -> Callable[..., Image.Image]:
    """Draws a red ball before sky and grass, in a mode of PIL; RGB unless given."""

    def draw(mode: str = "RGB") -> Image.Image:
        image = Image.new("RGBA", (200, 180), (150, 200, 250, 255))
        pen = ImageDraw.Draw(image)
        pen.rectangle((0, 100, 200, 180), fill=(60, 160, 60, 255))
        pen.ellipse((75, 75, 125, 125), fill=(220, 40, 40, 255))
        return image.convert(mode)

    return draw
