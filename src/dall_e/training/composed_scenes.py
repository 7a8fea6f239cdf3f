"""Composed scenes as the dual encoder meets them: with a caption, and a nearly right one."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dall_e.data.datasets import ImageSet
from dall_e.scenes.composer import SceneComposer, held_out
from dall_e.scenes.negatives import nearly_right


class TrainingScene(NamedTuple):
    """A composed picture with its caption and a nearly right one."""

    image: npt.NDArray[np.uint8]
    """[4, S, S], premultiplied RGBA at the dual encoder's side."""
    caption: str
    """What is drawn."""
    wrong_caption: str
    """The same with a colour, a count or a place changed; empty if there is none."""


SceneSource = Callable[[str], TrainingScene]
"""A scene for every seed."""


class ComposedScenes:
    """Scenes of `scenes/composer.py` as training takes them."""

    def __init__(self, images: ImageSet, size: int, split: str = "train") -> None:
        """`split`: "train", or "heldout" for combinations that no training scene has.

        Raises ValueError if nothing can be cut out of the pictures.
        """
        self._composer = SceneComposer(images, size)
        self._split = split

    def __call__(self, seed: str) -> TrainingScene:
        """The scene of a seed, captioned in English or Chinese."""
        scene = self._composer.scene(seed, self._split)
        caption = self._composer.caption(scene, random.Random(f"caption/{seed}"))

        # Held-out combinations must stay unknown, as wrong ones too, or the dual encoder learns
        # that there are none.
        wrong_scene = nearly_right(scene, random.Random(f"wrong/{seed}"))
        wrong_caption = ""
        if wrong_scene is not None and held_out(wrong_scene) == (self._split == "heldout"):
            # The same random numbers word both alike.
            wrong_caption = self._composer.caption(wrong_scene, random.Random(f"caption/{seed}"))
        if wrong_caption == caption:
            wrong_caption = ""
        return TrainingScene(self._composer.draw(scene), caption, wrong_caption)
