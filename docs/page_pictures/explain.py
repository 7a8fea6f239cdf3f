"""The picture of the tutorial on explanations: drawings under the maps of their words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from dall_e.images.files import to_pil
from dall_e.images.sheets import contact_sheet

if TYPE_CHECKING:
    from torch import Tensor

    from dall_e import DALL_E
    from dall_e.images.files import ImageArray

SIDE = 160
HEAT = (194, 65, 12)


def maps(model: DALL_E) -> Image.Image:
    """A row for each drawing of a planned picture: itself, two words, entropy, order."""
    explanation = model.explain("a cat and a red car", seed=1)
    images: list[Image.Image] = []
    captions: list[str] = []
    for drawing in explanation.drawings:
        images.append(to_pil(drawing.image).resize((SIDE, SIDE)))
        captions.append(drawing.prompt)
        shown = [
            (word.text, drawing.effects.evidence_WN[number])
            for number, word in enumerate(drawing.words[:2])
        ]
        shown += [("entropy", drawing.certainty.entropy_N)]
        shown += [("order", drawing.revealed.steps_N.float())]
        for caption, values_N in shown:
            images.append(under(drawing.image, values_N))
            captions.append(caption)
    return contact_sheet(images, captions, columns=5)


def under(image: ImageArray, values_N: Tensor) -> Image.Image:
    """An image with a map laid over it."""
    grid = round(len(values_N) ** 0.5)
    values_GG = values_N.clamp(min=0).view(grid, grid).numpy()
    alpha_GG = np.rint(values_GG / max(float(values_GG.max()), 1e-9) * 217).astype(np.uint8)
    mask = Image.fromarray(alpha_GG).resize((SIDE, SIDE), Image.Resampling.NEAREST)
    shown = to_pil(image).resize((SIDE, SIDE))
    shown.paste(HEAT, (0, 0, SIDE, SIDE), mask)
    return shown


PICTURES: dict[str, Callable[[DALL_E], Image.Image | bytes]] = {"pictures/explain.png": maps}
