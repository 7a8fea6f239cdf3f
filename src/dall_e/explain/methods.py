"""`explain`, as a method of a model."""

from __future__ import annotations

import os

from dall_e.config import SamplingConfig
from dall_e.explain.explanation import Explanation, explain
from dall_e.explain.reading import explainable
from dall_e.inference.engine import Engine
from dall_e.inference.request import resolve_sampling


class Explaining:
    """The method of a model that explains its pictures."""

    engine: Engine

    def explain(
        self,
        prompt: str,
        *,
        seed: int | None = None,
        compose: bool | None = None,
        negative_prompt: str | None = None,
        style: str | None = None,
        height: int | None = None,
        sampling: SamplingConfig | None = None,
        images: str | os.PathLike[str] | None = None,
    ) -> Explanation:
        """Draw a picture and say how it came about.

        Which word drew what, by attention and by leaving the word out under the same noise; how
        sure the model was of each token; how each step went, and how much it speaks for the prompt;
        which images of the memory it is from, and which it is most like. `save` writes it as one
        page, and a notebook shows it.

        seed, compose, negative_prompt, style, height, sampling: as in a call, which draws the same
        picture. images: a folder to look for the nearest images in, best that of the training
        data; else the model's memory, or what it draws under the names that fit best. Raises
        ValueError as a call does, and for models that draw left to right.
        """
        explainable(self.engine)
        if not isinstance(prompt, str):
            raise ValueError(
                f"explain takes one prompt at a time, a text; got {type(prompt).__name__}"
            )
        settings = resolve_sampling(
            self.engine.config,
            sampling,
            can_compose=self.engine.vocabulary is not None,
            compose=compose,
        )
        request = self.engine.request(
            prompt,
            negative_prompt=negative_prompt,
            seed=seed,
            height=height,
            style=style,
            sampling=settings,
        )
        return explain(self.engine, request, images)
