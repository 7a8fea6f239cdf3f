"""The pictures of the tutorial on noise: two ways from one thing to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from dall_e import DALL_E


def ways(model: DALL_E) -> Image:
    """Five pictures from a cat to a dog, and five from an apple to a pear."""
    from dall_e.images.sheets import make_grid

    first = model.interpolate("a cat", "a dog", 5, seed=3, height=160)
    second = model.interpolate("a red apple", "a pear", 5, seed=1, height=160)
    return make_grid([*first, *second], 5)


PICTURES: dict[str, Callable[[DALL_E], Image | bytes]] = {"pictures/noise.png": ways}
