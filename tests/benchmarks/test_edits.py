"""What `python -m benchmarks edits` measures: a texture that fits, and one that does not."""

import pytest
from benchmarks.edits import moved_tile, seam_ratio
from PIL import Image

from dall_e.images.painting import svg_image

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">'
WRAPPED = (
    '<rect x="50" y="10" width="30" height="20"/><rect x="-14" y="10" width="30" height="20"/>'
)


def texture(svg: str) -> Image.Image:
    image = svg_image(svg, 64)
    image.info["svg"] = svg.encode()
    return image


def test_what_goes_on_at_the_other_edge_has_no_seam() -> None:
    assert seam_ratio(texture(f"{HEAD}{WRAPPED}</svg>")) == pytest.approx(1, abs=0.1)


def test_what_is_cut_at_an_edge_has_a_seam() -> None:
    """It reaches over one edge and does not come in again at the other."""
    assert seam_ratio(texture(f'{HEAD}<rect x="50" y="10" width="30" height="20"/></svg>')) > 2


def test_a_moved_tile_has_its_corners_in_the_middle() -> None:
    spot = f'{HEAD}<rect x="0" y="0" width="4" height="4"/></svg>'
    assert svg_image(moved_tile(spot, 64), 64).getpixel((33, 33)) == (0, 0, 0)
    assert svg_image(moved_tile(spot, 64), 64).getpixel((1, 1)) == (255, 255, 255)
