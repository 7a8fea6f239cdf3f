"""What a model does with the noise of its drawings: the methods `invert` and `edit_prompt`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from dall_e.config import ModelConfig, SamplingConfig
from dall_e.config.published import PublishedConfig
from dall_e.editing.inversion import Inversion, invert
from dall_e.inference.engine import Engine
from dall_e.inference.request import resolve_sampling
from dall_e.inference.retrieval import ImageInput
from dall_e.inference.validation import Seed

if TYPE_CHECKING:
    from dall_e.planning.vocabulary import Vocabulary


class NoiseHandling:
    """The methods of a model that find, keep and mix the noise of drawings."""

    config: ModelConfig | PublishedConfig
    engine: Engine
    vocabulary: Vocabulary | None

    def invert(
        self,
        image: ImageInput,
        prompt: str,
        *,
        negative_prompt: str | None = None,
        seed: Seed = None,
        sampling: SamplingConfig | None = None,
        **settings: Any,
    ) -> Inversion:
        """Find the noise and the order with which a drawing has just the tokens of a picture.

        `model(prompt, noise=inversion)` draws them again; under another prompt the same noise draws
        the picture as it would have been. The words matter: noise makes up for what they lack.

        Args:
            image: a PIL image or the file of one, square or centred on a square.
            prompt: what it shows.
            negative_prompt: what the words steer away from.
            seed: chooses the order in which its tokens are drawn; random unless given.
            sampling: every setting of the sampler at once.
            settings: single ones, such as num_inference_steps=, which win over it.

        Raises ValueError for a temperature of 0, where noise has no say, and for models that were
        published without what reads pictures.
        """
        request = self.engine.request(
            prompt,
            negative_prompt=negative_prompt,
            seed=seed,
            sampling=self._whole_settings(sampling, settings),
        )
        return invert(self.engine, image, request)

    def _whole_settings(
        self, sampling: SamplingConfig | None, given: dict[str, Any]
    ) -> SamplingConfig:
        """Settings of the sampler for a picture that is drawn whole."""
        can_compose = self.vocabulary is not None
        settings = resolve_sampling(self.config, sampling, can_compose=can_compose, **given)
        return dataclasses.replace(settings, compose=False)
