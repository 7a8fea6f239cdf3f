"""The pictures of the tutorial on sheets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from dall_e import DALL_E


def sprites(model: DALL_E) -> Image:
    """The sheet with which the page begins."""
    return model.sheet("cat, apple, treasure chest, tree, red car, house", seed=7).image


def steps(model: DALL_E) -> Image:
    """Two walks, each in both directions."""
    return model.sheet("cat, dog", seed=7, frames=4).image


def shoe(model: DALL_E) -> Image:
    """Everything that a shop shows of a shoe."""
    return model.product("red running shoe", seed=3, height=320).sheet


PICTURES: dict[str, Callable[[DALL_E], Image | bytes]] = {
    "pictures/sheet.png": sprites,
    "pictures/walk.png": steps,
    "pictures/product.png": shoe,
}
