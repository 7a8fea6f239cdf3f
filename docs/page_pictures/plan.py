"""The pictures of the tutorial on plans."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from dall_e import DALL_E


def places(model: DALL_E) -> Image:
    """The prompt with which the page begins, planned and drawn."""
    return model("two cats and a red ball", seed=3, height=256)


def edits(model: DALL_E) -> Image:
    """A scene, and beside it the same after four edits."""
    from dall_e.images.sheets import make_grid

    plan = model.plan("a cat and a red ball in the snow", seed=7)
    edited = plan.move("ball", -0.05, 0.02).recolour("ball", "blue").resize("cat", 0.8)
    edited = edited.add("a tree", 0.15, 0.6, 0.4)
    return make_grid(model.draw_plans([plan, edited], height=256), columns=2)


PICTURES: dict[str, Callable[[DALL_E], Image | bytes]] = {
    "pictures/plan.png": places,
    "pictures/plan_edits.png": edits,
}
