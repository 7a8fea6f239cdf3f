"""What a model says of pictures that exist: answers, scores, and which of many fits a text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict, overload

from dall_e.checkpoints.families.base import PublishedNetworks
from dall_e.config import ModelConfig
from dall_e.config.published import PublishedConfig
from dall_e.images.files import PILImage
from dall_e.inference.answering import QUESTION, Describer, TextSamplingConfig, make_describer
from dall_e.inference.captioning import (
    Caption,
    CaptionSettings,
    ImageCaptions,
    Method,
    make_captioning,
)
from dall_e.inference.engine import Engine
from dall_e.inference.loading import Networks
from dall_e.inference.recognising import RecognisedCaptions
from dall_e.inference.retrieval import ImageInput, SearchResult
from dall_e.models.recogniser import Recogniser
from dall_e.runtime import inference, one_thread
from dall_e.text.language import Language

if TYPE_CHECKING:
    from typing_extensions import Unpack


class CaptionKeywords(TypedDict, total=False):
    """The keywords of `caption` besides the language."""

    method: Method
    num_beams: int | None
    temperature: float | None
    top_p: float | None
    seed: int | None


class Looking:
    """The methods of a model that take pictures and give texts or numbers."""

    config: ModelConfig | PublishedConfig
    networks: Networks | PublishedNetworks
    text_tokenizer: Any
    engine: Engine
    recogniser: Recogniser | None = None
    """Tells what pictures show; None for a model without one. Can be set before the first caption.
    """
    _describer: Describer | None = None
    _captioning: ImageCaptions | None = None

    # A text is a sequence of texts as well, so the second overload would take a file's name too.
    @overload
    def caption(  # type: ignore[overload-overlap]
        self, image: ImageInput, language: Language = "en", **keywords: Unpack[CaptionKeywords]
    ) -> str: ...

    @overload
    def caption(
        self,
        image: Sequence[ImageInput],
        language: Language = "en",
        **keywords: Unpack[CaptionKeywords],
    ) -> list[str]: ...

    def caption(
        self,
        image: ImageInput | Sequence[ImageInput],
        language: Language = "en",
        *,
        method: Method = "greedy",
        num_beams: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> str | list[str]:
        """Say what a picture shows, in English or Chinese; of a list of pictures, what each shows.

        Args:
            image: a PIL image or a file; of an animated one the first picture is seen. Or a list.
            language: "en" or "zh".
            method: "greedy" takes the likeliest word each time, "beam" looks for the likeliest
                caption, "sampled" draws the words.
            num_beams: how many captions a beam search follows, 4 unless given.
            temperature, top_p: of drawn words: 1 and 0.95 unless given.
            seed: of drawn words.

        Raises ValueError for a model that only draws, for a picture that is blank, for numbers out
        of range and for those that the method has no use for; OSError or ValueError for a file that
        cannot be read.
        """
        settings = CaptionSettings(
            language=language,
            method=method,
            num_beams=num_beams,
            temperature=temperature,
            top_p=top_p,
            seed=seed,
        )
        is_one = isinstance(image, PILImage | str | os.PathLike)
        images: Sequence[ImageInput] = [image] if is_one else list(image)  # type: ignore[list-item, arg-type]
        texts = [captions[0].text for captions in self.captions_of(images, settings)]
        return texts[0] if is_one else texts

    def captions(
        self,
        image: ImageInput,
        language: Language = "en",
        *,
        num: int = 3,
        method: Method = "beam",
        num_beams: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> list[Caption]:
        """Several captions of a picture, each with its log-probability; the rest is as `caption`.

        By method "beam" they are in the order of their probability, and by "sampled" drawn one
        after the other, so that a likely one comes several times.
        """
        settings = CaptionSettings(
            language=language,
            method=method,
            num=num,
            num_beams=num_beams,
            temperature=temperature,
            top_p=top_p,
            seed=seed,
        )
        return self.captions_of([image], settings)[0]

    def captions_of(
        self, images: Sequence[ImageInput], settings: CaptionSettings
    ) -> list[list[Caption]]:
        """Captions of each of several pictures, as `captions` makes them of one."""
        if not images:
            return []
        if self._captioning is None:
            recogniser = self.recogniser
            self._captioning = make_captioning(
                self.config.name,
                self.networks,
                self.text_tokenizer,
                describer=self._make_describer,
                recognised=partial(RecognisedCaptions, recogniser, self.engine)
                if recogniser is not None
                else None,
            )
        with inference(self.engine.device), one_thread():
            return self._captioning.captions(images, settings)

    def _make_describer(self) -> Describer:
        if self._describer is None:
            self._describer = make_describer(self.config.name, self.networks, self.text_tokenizer)
        return self._describer

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
        describer = self._make_describer()
        with inference(self.engine.device):
            text_sampling = TextSamplingConfig(max_new_tokens, temperature, seed)
            return describer.answer(image, prompt, text_sampling)

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
