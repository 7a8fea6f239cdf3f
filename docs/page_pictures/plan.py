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


PICTURES: dict[str, Callable[[DALL_E], Image | bytes]] = {"pictures/plan.png": places}
