"""Pictures that a model drew itself: they say how, and the same words draw them again."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from dall_e.images.files import PILImage, from_pil, read_image, read_metadata

_SIDE = 96
"""Side in pixels at which two images are compared."""
_ALIKE = 1.0
"""By so much, of 255, their pixels may differ on average: a JPEG loses a little."""


def own_drawing(
    draw: Callable[..., PILImage], image: PILImage | str | os.PathLike[str], prompt: str
) -> dict[str, Any] | None:
    """The keywords with which a call drew an image from a prompt; None if it did not.

    What the image says of itself is tried out: an edited picture, one of other weights or one drawn
    with other settings does not come out the same.
    """
    story = dict(image.info) if isinstance(image, PILImage) else read_metadata(image)
    is_told = story.get("prompt") == prompt and str(story.get("seed", "")).isdecimal()
    if not is_told or {"noise", "known_tokens"} & story.keys():
        return None

    side = str(story.get("size", "")).partition("x")[0]
    keywords: dict[str, Any] = {
        "seed": int(story["seed"]),
        "height": int(side) if side.isdecimal() else None,
        "transparent": story.get("transparent") == "True",
        "finish": story.get("finish"),
        "style": story.get("style"),
        "compose": story.get("compose") == "True",
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again = draw(prompt, **keywords)
    except ValueError:
        return None
    return keywords if _looks_alike(again, image) else None


def _looks_alike(first: PILImage, second: PILImage | str | os.PathLike[str]) -> bool:
    """Whether two images show the same, but for what a lossy file takes away."""
    arrays = [
        from_pil(image, _SIDE) if isinstance(image, PILImage) else read_image(image, _SIDE)
        for image in (first, second)
    ]
    first_CHW, second_CHW = (array.astype(np.int16) for array in arrays)
    return bool(np.abs(first_CHW - second_CHW).mean() <= _ALIKE)
