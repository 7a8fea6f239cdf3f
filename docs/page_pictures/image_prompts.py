"""The picture of the page on parts of pictures that are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from dall_e import DALL_E


def parts(model: DALL_E) -> Image:
    """An apple and a house, and what goes on from a half of them."""
    from dall_e.images.sheets import make_grid

    apple = model("a red apple", seed=1, height=192)
    house = model("a house", seed=2, height=192)
    continued = [
        model(prompt, image_prompt=given, seed=5, height=192)
        for prompt, given in (
            ("a pear", (apple, "left")),
            ("a green apple", (apple, "bottom")),
            ("a tree", (house, "bottom")),
        )
    ]
    return make_grid([apple, *continued[:2], house, continued[2]], 5)


PICTURES: dict[str, Callable[[DALL_E], Image | bytes]] = {"pictures/image_prompt.png": parts}
