"""Textures repeat without seam, in the directions that were asked for."""

import numpy as np
import pytest

from dall_e.planning.layers import Layer
from dall_e.planning.placed_plan import PlacedObject, PlacedPlan
from dall_e.planning.planned_object import PlannedObject
from dall_e.planning.tiling import mirrored_tile, tiled


def plan(*names: str) -> PlacedPlan:
    return PlacedPlan(
        prompt="",
        seed=1,
        size=96,
        objects=tuple(PlacedObject(name=n, drawing=PlannedObject(prompt=n)) for n in names),
        layers=tuple(Layer(object=i, box=(0, 0, 1, 1)) for i in range(len(names))),
        background="snow",
    )


@pytest.mark.parametrize("tile", ["x", "y", "xy"])
@pytest.mark.parametrize("names", [("cat",), ("cat", "dog"), ("cat", "dog", "car")])
def test_what_reaches_over_an_edge_goes_on_at_the_other(tile: str, names: tuple[str, ...]) -> None:
    placed = tiled(plan(*names), tile, 3)
    assert placed.background == "" and {layer.object for layer in placed.layers} == set(
        range(len(names))
    )
    owners = [layer.owner for layer in placed.layers]
    assert len(owners) == len(set(owners))
    boxes = {tuple(round(value, 6) for value in layer.box) for layer in placed.layers}
    for left, top, width, height in boxes:
        for axis, start, size in ((0, left, width), (1, top, height)):
            if start < 0 or start + size > 1:
                assert "xy"[axis] in tile
                shift = 1 if start < 0 else -1
                moved = [left, top, width, height]
                moved[axis] = round(moved[axis] + shift, 6)
                assert tuple(moved) in boxes


@pytest.mark.parametrize(("tile", "across", "down"), [("x", 1, 0), ("y", 0, 1), ("xy", 1, 1)])
def test_a_mirrored_picture_fits_itself(tile: str, across: int, down: int) -> None:
    rng = np.random.default_rng(0)
    image_SSC = rng.integers(0, 256, (40, 40, 4), dtype=np.uint8)
    image_SSC[..., 3] = 255
    result_SSC = mirrored_tile(image_SSC, tile)
    assert result_SSC.shape == image_SSC.shape
    assert np.array_equal(result_SSC[:, 0], result_SSC[:, -1]) == bool(across)
    assert np.array_equal(result_SSC[0], result_SSC[-1]) == bool(down)
