"""What a model says that an image shows: the image to its captioner, and words back to text.

Shapes: I images, K captions of an image, L text tokens, C H W channels (4, premultiplied RGBA),
rows and columns.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, get_args

import numpy as np
import torch
from torch import Tensor

from dall_e.bounded_files import naming, read_bytes
from dall_e.images.files import MOST_BYTES, ImageArray, PILImage, decode_image, from_pil, to_pil
from dall_e.images.files import shows_nothing as is_blank
from dall_e.inference.answering import CAPTION_QUESTIONS, Describer, TextSamplingConfig
from dall_e.inference.retrieval import ImageInput
from dall_e.inference.validation import image_seeds, is_int
from dall_e.models.captioner import LANGUAGES, Captioner
from dall_e.nn.precision import entering
from dall_e.sampling.words import END_ID, WordChoice, WrittenWords, search_words, write_words
from dall_e.text.language import Language
from dall_e.text.tokenizer import TextTokenizer

Method = Literal["greedy", "beam", "sampled"]
MOST_CAPTIONS = 64
"""Captions of one image in one call."""
NUM_BEAMS = 4
_DRAWN_TOP_P = 0.95
# Behind what is white on nothing, as much as behind what is black.
_GREY = 0.5
_LONGEST_ANSWER = 64
_SIDE_TO_CHECK = 64
# Files are kept at a side that every network looks at less of.
_SIDE_OF_FILES = 384


class Caption(NamedTuple):
    """What an image shows, and how sure the model is of these words."""

    text: str
    """In lower case, without a full stop."""
    log_probability: float
    """Of all words and of the end, in nats; 0 is certain."""


@dataclass(frozen=True, kw_only=True)
class CaptionSettings:
    """How captions are made. Raises ValueError for what is out of range or has no use."""

    language: Language = "en"
    """"en" or "zh"."""
    method: Method = "greedy"
    """The likeliest word each time; the likeliest captions of a beam search; or drawn words."""
    num: int = 1
    """Captions of each image."""
    num_beams: int | None = None
    """Beams of a beam search; as many as captions at least."""
    temperature: float | None = None
    """Of drawn words: below 1 the likely ones are drawn more often."""
    top_p: float | None = None
    """Drawn are the likeliest words that have this probability together."""
    seed: int | None = None
    """Of drawn words; None draws a fresh one."""

    def __post_init__(self) -> None:
        for name, value, known in (
            ("language", self.language, get_args(Language)),
            ("method", self.method, get_args(Method)),
        ):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
        for name, count in (("num", self.num), ("num_beams", self.num_beams)):
            if count is not None and not (is_int(count) and 1 <= count <= MOST_CAPTIONS):
                raise ValueError(
                    f"{name} must be a whole number from 1 to {MOST_CAPTIONS}, got {count!r}"
                )
        self._check_method()

    def seeds(self) -> list[int]:
        """The seed of each caption of an image. Raises ValueError for one out of range."""
        first = secrets.randbelow(2**32) if self.seed is None else self.seed
        return image_seeds(first, None, 1, self.num)

    def _check_method(self) -> None:
        """Each method has its own numbers."""
        if self.method == "greedy" and self.num > 1:
            raise ValueError(
                f"method greedy makes one caption, and {self.num} are asked for: "
                "take method beam or sampled"
            )
        if self.method != "beam" and self.num_beams is not None:
            raise ValueError(f"num_beams is for method beam, not for {self.method}")
        if self.num_beams is not None and self.num_beams < self.num:
            raise ValueError(f"{self.num} captions need as many beams, got {self.num_beams}")

        for name in ("temperature", "top_p", "seed"):
            if self.method != "sampled" and getattr(self, name) is not None:
                raise ValueError(f"{name} is for method sampled, not for {self.method}")
        if self.temperature is not None and not 0 < self.temperature < float("inf"):
            raise ValueError(f"temperature must be a number above 0, got {self.temperature!r}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1, got {self.top_p!r}")


class CaptionWriter:
    """Says what images show, with the captioner of a model."""

    def __init__(self, captioner: Captioner, text_tokenizer: TextTokenizer) -> None:
        self._captioner = captioner
        self._text_tokenizer = text_tokenizer

    @property
    def image_size(self) -> int:
        """Side in pixels at which images are looked at."""
        return self._captioner.config.image_size

    def captions(
        self, images: Sequence[ImageInput], settings: CaptionSettings
    ) -> list[list[Caption]]:
        """Captions of images and files; see `write`, and for what cannot be read `seen`."""
        return self.write([seen(image, self.image_size) for image in images], settings)

    def write(self, images: Sequence[ImageArray], settings: CaptionSettings) -> list[list[Caption]]:
        """Captions of each image, the likeliest first; drawn ones in the order of their seeds.

        images: uint8 [4, S, S], premultiplied RGBA, as `seen` gives them.
        """
        x_ICHW = torch.from_numpy(np.stack(images)).float() / 255
        features = self._captioner.features(
            entering(self._captioner, x_ICHW), entering(self._captioner, _backgrounds(x_ICHW))
        )
        memory = self._captioner.look(features)
        language = LANGUAGES.index(settings.language)

        # By the method, `each` captions of an image, of which the first `num` are kept
        each = settings.num
        if settings.method == "beam":
            each = settings.num_beams or max(NUM_BEAMS, settings.num)
            written = search_words(self._captioner, memory, language, num_beams=each)
        else:
            row_B = torch.arange(len(images), dtype=torch.int64, device=memory.device)
            row_B = row_B.repeat_interleave(each)
            choice, seeds = WordChoice(), [0] * len(row_B)
            if settings.method == "sampled":
                choice = WordChoice(
                    temperature=settings.temperature or 1.0, top_p=settings.top_p or _DRAWN_TOP_P
                )
                seeds = settings.seeds() * len(images)
            chosen = memory.select(row_B)
            written = write_words(self._captioner, chosen, language, seeds=seeds, choice=choice)
        captions = self._texts(written)
        return [captions[start : start + settings.num] for start in range(0, len(captions), each)]

    def _texts(self, written: WrittenWords) -> list[Caption]:
        captions: list[Caption] = []
        for ids, log_probability in zip(
            written.ids_BL.tolist(), written.log_probability_B.tolist(), strict=True
        ):
            if END_ID in ids:
                ids = ids[: ids.index(END_ID)]
            captions.append(Caption(self._text_tokenizer.decode(ids), log_probability))
        return captions


def _backgrounds(x_ICHW: Tensor) -> Tensor:
    """Flat colours [I, 3] to see images on: white, or grey where on white nothing would be seen."""
    colour_I3HW, alpha_I1HW = x_ICHW.split((3, 1), dim=1)
    on_white_I3HW = colour_I3HW + 1 - alpha_I1HW
    is_lost_I = [is_blank(to_pil(image)) for image in _opaque(on_white_I3HW)]
    is_lost_I1 = torch.tensor(is_lost_I, dtype=torch.bool, device=x_ICHW.device)[:, None]
    return torch.where(is_lost_I1, _GREY, x_ICHW.new_ones(len(x_ICHW), 3))


def _opaque(x_I3HW: Tensor) -> Tensor:
    return torch.cat((x_I3HW, torch.ones_like(x_I3HW[:, :1])), dim=1)


def seen(image: ImageInput, size: int) -> ImageArray:
    """An image, or the file of one, at the side at which it is looked at.

    Of an animated file the first picture is seen. Raises OSError or ValueError for a file that
    cannot be read, and ValueError for an image that is blank: there is nothing to say of it.
    """
    if isinstance(image, PILImage):
        pixels = from_pil(image, size)
        check_shows_something(pixels)
        return pixels
    content = read_bytes(Path(image).expanduser(), MOST_BYTES)
    with naming(image):
        pixels = decode_image(content, size)
        check_shows_something(pixels)
    return pixels


def readable_images(files: Sequence[Path]) -> tuple[list[tuple[Path, PILImage]], list[str]]:
    """The files that can be read and are not blank, opened, and why each of the others was not."""
    images: list[tuple[Path, PILImage]] = []
    problems: list[str] = []
    for file in files:
        try:
            images.append((file, to_pil(seen(file, _SIDE_OF_FILES), transparent=True)))
        except (OSError, ValueError) as error:
            told = str(error) if isinstance(error, ValueError) else error.strerror or str(error)
            problems.append(told if told.startswith(f"{file}:") else f"{file}: {told}")
    return images, problems


def check_shows_something(pixels_CHW: ImageArray) -> None:
    """Raise ValueError for an image of one colour, or a transparent one."""
    if is_blank(to_pil(pixels_CHW, transparent=True)):
        raise ValueError("the picture is blank, so there is nothing to say of it")


class ImageCaptions(Protocol):
    """Whatever of a model says what images show."""

    def captions(
        self, images: Sequence[ImageInput], settings: CaptionSettings
    ) -> list[list[Caption]]:
        """Captions of each image, as many as `settings.num`."""
        ...


class QuestionCaptions:
    """Captions of a model that answers questions: it is asked what the image shows."""

    def __init__(self, describer: Describer) -> None:
        self._describer = describer

    def captions(
        self, images: Sequence[ImageInput], settings: CaptionSettings
    ) -> list[list[Caption]]:
        """Captions of each image, one after the other. Raises ValueError for a beam search."""
        if settings.method == "beam":
            raise ValueError(
                "this model answers word by word, without beams: take method greedy or sampled"
            )
        if settings.top_p is not None:
            raise ValueError("this model draws among all words: leave out top_p")
        seeds: list[int | None] = [None]
        if settings.method == "sampled":
            seeds = [*settings.seeds()]

        question = CAPTION_QUESTIONS[settings.language]
        temperature = settings.temperature or 1.0
        told: list[list[Caption]] = []
        for image in images:
            seen(image, _SIDE_TO_CHECK)
            answers = [
                self._describer.likely_answer(
                    image,
                    question,
                    TextSamplingConfig(_LONGEST_ANSWER, 0.0 if seed is None else temperature, seed),
                )
                for seed in seeds
            ]
            told.append([Caption(*answer) for answer in answers])
        return told


def make_captioning(
    name: str,
    networks: Any,
    text_tokenizer: Any,
    *,
    describer: Callable[[], Describer],
    recognised: Callable[[], ImageCaptions] | None,
) -> ImageCaptions:
    """What makes the captions of a model: its captioner, answers to a question, or its recogniser.

    describer, recognised: make what answers questions or recognises, for a model that does. Raises
    ValueError if the model can do nothing of this.
    """
    captioner = getattr(networks, "captioner", None)
    if captioner is not None:
        return CaptionWriter(captioner, text_tokenizer)
    if getattr(networks, "vision", None) is not None:
        return QuestionCaptions(describer())
    if recognised is not None:
        return recognised()
    raise ValueError(
        f"{name} only draws: it has no captioner; `dall-e train captioner` trains one, and "
        "`dall-e export --captioner` puts it into a model"
    )
