"""Composed scenes as the captioner meets them: with one canonical caption in each language."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from dall_e.data.datasets import ImageSet
from dall_e.images.compositing import Canvas
from dall_e.scenes.captions import scene_caption
from dall_e.scenes.composer import SceneComposer


class SceneSource(Protocol):
    """A scene for every seed."""

    def image(self, seed: str) -> Canvas:
        """The picture, uint8 [4, S, S], premultiplied RGBA."""
        ...

    def captions(self, seed: str) -> tuple[str, str]:
        """What it shows, in English and in Chinese."""
        ...


class CaptionedScenes:
    """Scenes of `scenes/composer.py`, each said in the words that are always the same for it.

    Who is to describe learns sooner from one wording than from all that people might choose, and
    says nothing of the style.
    """

    def __init__(self, images: ImageSet, size: int) -> None:
        """Raises ValueError if nothing can be cut out of the pictures."""
        self._composer = SceneComposer(images, size)

    def image(self, seed: str) -> Canvas:
        """The picture of a seed, uint8 [4, S, S], premultiplied RGBA."""
        return self._composer.draw(self._composer.scene(seed))

    def captions(self, seed: str) -> tuple[str, str]:
        """What the picture of a seed shows, in English and in Chinese."""
        scene = self._composer.scene(seed)
        unstyled = dataclasses.replace(scene, style_en="", style_zh="")
        return scene_caption(unstyled, None, "en"), scene_caption(unstyled, None, "zh")
