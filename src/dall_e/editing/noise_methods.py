"""What a model does with the noise of its drawings: `invert`, `edit_prompt` and `interpolate`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from dall_e.config import ModelConfig, SamplingConfig
from dall_e.config.published import PublishedConfig
from dall_e.editing.interpolation import MOST_STEPS, End, checked_end, interpolate
from dall_e.editing.inversion import Inversion, invert
from dall_e.editing.own_drawings import own_drawing
from dall_e.images.results import DrawnImage, ImageList
from dall_e.inference.engine import Engine
from dall_e.inference.request import resolve_sampling
from dall_e.inference.retrieval import ImageInput
from dall_e.inference.validation import RANDOM_SEED, Seed, fresh_seed, is_int

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

    def edit_prompt(
        self,
        image: ImageInput,
        before: str,
        after: str,
        *,
        seed: int | None = None,
        sampling: SamplingConfig | None = None,
        **keywords: Any,
    ) -> DrawnImage:
        """Draw a picture as it would have been under other words.

        A picture that this model drew from `before` keeps its seed: its things are drawn as they
        were, and only what the words change is another. Of any other picture the noise is found
        first (`invert`), and the same noise draws the other words, whole.

        Args:
            image: a PIL image or the file of one.
            before: what it shows.
            after: what it is to show.
            seed: of the order in which another picture's tokens are drawn; random unless given.
            sampling: every setting of the sampler, with which noise is found.
            keywords: of a call: height, transparent, finish, style, progress, strict.

        Raises ValueError as `invert` and a call do.
        """
        call: Any = self
        own = own_drawing(call, image, before) if sampling is None else None
        if own is not None:
            drawn: DrawnImage = call(after, **{**own, **keywords})
            return drawn
        inversion = self.invert(image, before, seed=seed, sampling=sampling)
        drawn = call(after, noise=inversion, **keywords)
        return drawn

    def interpolate(  # noqa: PLR0913, the keywords of a call
        self,
        a: ImageInput | int,
        b: ImageInput | int,
        steps: int = 9,
        *,
        prompt: str | None = None,
        seed: int | None = None,
        height: int | None = None,
        transparent: bool = False,
        finish: str | None = None,
        sampling: SamplingConfig | None = None,
        **settings: Any,
    ) -> ImageList:
        """Draw pictures between two, the two included; each is drawn whole.

        The first and the last have just the tokens of the two ends. Between them noise and words
        go over from one to the other, and each picture is a drawing of its own.

        Args:
            a, b: a prompt, a seed, or a picture: a PIL image or the path of a file (`pathlib.Path`,
                or a text that ends as picture files do).
            steps: pictures in all, 2 or more.
            prompt: what seeds and pictures show; a picture that was drawn here says it itself.
            seed: of the prompts, and of the order; random unless given.
            height, transparent, finish, sampling: as of a call.
            settings: single settings of the sampler, such as temperature=.

        Raises ValueError for fewer than 2 steps, for a seed or a picture without words, and for
        what a call refuses.
        """
        if not is_int(steps) or not 2 <= steps <= MOST_STEPS:
            raise ValueError(f"steps must be a whole number from 2 to {MOST_STEPS}, got {steps!r}")
        first_seed = fresh_seed() if seed is None or seed == RANDOM_SEED else seed
        whole = self._whole_settings(sampling, settings)

        def end_of(end: ImageInput | int) -> End:
            words, own_seed, image = checked_end(end, prompt, first_seed)
            request = self.engine.request(
                words,
                seed=own_seed,
                height=height,
                transparent=transparent,
                finish=finish,
                sampling=whole,
                refuses_blots=False,
            )
            return End(request, image)

        images = interpolate(self.engine, end_of(a), end_of(b), steps)
        return ImageList(DrawnImage.of(each.pixels, each.metadata, svg=each.svg) for each in images)

    def _whole_settings(
        self, sampling: SamplingConfig | None, given: dict[str, Any]
    ) -> SamplingConfig:
        """Settings of the sampler for a picture that is drawn whole."""
        can_compose = self.vocabulary is not None
        settings = resolve_sampling(self.config, sampling, can_compose=can_compose, **given)
        return dataclasses.replace(settings, compose=False)
