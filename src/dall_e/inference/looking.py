"""What a model says of pictures that exist: answers, scores, and which of many fits a text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from dall_e.checkpoints.families.base import PublishedNetworks
from dall_e.config import ModelConfig
from dall_e.config.published import PublishedConfig
from dall_e.images.files import PILImage
from dall_e.inference.answering import QUESTION, Describer, TextSamplingConfig, make_describer
from dall_e.inference.engine import Engine
from dall_e.inference.loading import Networks
from dall_e.inference.retrieval import ImageInput, SearchResult
from dall_e.runtime import inference, one_thread


class Looking:
    """The methods of a model that take pictures and give texts or numbers."""

    config: ModelConfig | PublishedConfig
    networks: Networks | PublishedNetworks
    text_tokenizer: Any
    engine: Engine
    _describer: Describer | None = None

    def describe(
        self,
        image: ImageInput,
        prompt: str = QUESTION,
        *,
        max_new_tokens: int = 256,
        temperature: float = 0.0,
        seed: int | None = None,
    ) -> str:
        """Say what is in a picture, a PIL image or a file, or answer a question about it.

        The network for it is loaded at the first call. temperature: 0 takes the likeliest word, 1
        draws by `seed`. Raises ValueError for a model that only draws.
        """
        if self._describer is None:
            self._describer = make_describer(self.config.name, self.networks, self.text_tokenizer)
        with inference(self.engine.device):
            text_sampling = TextSamplingConfig(max_new_tokens, temperature, seed)
            return self._describer.answer(image, prompt, text_sampling)

    def score(self, image: PILImage, text: str) -> float:
        """How well a picture fits a text, from -1 to 1, by the model's dual encoder.

        Higher is better. Scores of several pictures for one text can be compared, scores for
        different texts hardly. A transparent picture is seen on white. Raises ValueError if the
        model has no dual encoder.
        """
        with inference(self.engine.device), one_thread():
            return self.engine.retriever("score").scores([image], text)[0]

    def search(
        self, text: str, images: Sequence[ImageInput] | str | os.PathLike[str], *, top: int = 10
    ) -> list[SearchResult]:
        """Find the pictures that fit a text best: the `top` best, the best first.

        images: a folder, looked through with the folders in it, or PIL images and picture files.
        Files that cannot be read are left out with a warning. Raises ValueError if the model has no
        dual encoder or there is no picture, and FileNotFoundError for a folder that is not there.
        """
        with inference(self.engine.device), one_thread():
            return self.engine.retriever("search").search(text, images, top)
