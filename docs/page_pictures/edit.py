"""The pictures of the pages on edits, larger canvases, variations and textures."""

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


def outpainting(model: DALL_E) -> Image:
    """The picture of the page, wider on both sides."""
    image = model("a tree and a house in the snow", seed=5, height=256)
    return model.outpaint(image, left=0.3, right=0.5)


def variations(model: DALL_E) -> Image:
    """The picture of the page, and three variations of it."""
    from dall_e.images.sheets import make_grid

    image = model("a car and a house on the road", seed=1, height=192)
    return make_grid([image, *model.variations(image, 0.8, num_images=3, seed=7, height=192)], 4)


def texture(model: DALL_E) -> Image:
    """Four copies of a texture, edge to edge."""
    from dall_e.images.sheets import make_grid

    tile = model("a cat and a flower", tile="xy", seed=2, height=192)
    return make_grid([tile] * 4, 2, gap=0)


PICTURES: dict[str, Callable[[DALL_E], Image | bytes]] = {
    "pictures/edit.png": edits,
    "pictures/outpaint.png": outpainting,
    "pictures/variations.png": variations,
    "pictures/texture.png": texture,
}
