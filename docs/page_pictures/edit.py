"""The pictures of the tutorial on edits: before, and after each of three changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from dall_e import DALL_E


def edits(model: DALL_E) -> Image:
    """A picture, and what the page asks of it."""
    from dall_e.images.sheets import make_grid

    image = model("a tree and a house in the snow", seed=5, height=256)
    changed = [
        model.edit(image, "remove the tree"),
        model.edit(image, "replace the house with a car", seed=1),
        model.edit(image, "make the tree orange"),
    ]
    return make_grid([image, *changed], 2)


PICTURES: dict[str, Callable[[DALL_E], Image | bytes]] = {"pictures/edit.png": edits}
