"""The images that are measured: drawn ones for fixed prompts and seeds, and real ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from dall_e.data.datasets import ImageSet, Record
from dall_e.data.prompt_sets import SuitePrompt
from dall_e.images.files import ImageArray, PILImage, from_pil
from dall_e.text.language import Language

LANGUAGES: tuple[Language, ...] = ("en", "zh")


class Drawer(Protocol):
    """Whatever draws: a function of prompts and seeds that returns one image for each."""

    def __call__(self, prompts: list[str], seeds: list[int], /) -> Sequence[PILImage]: ...


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A drawn image and what was asked for."""

    prompt: SuitePrompt
    language: Language
    seed: int
    image: ImageArray

    @property
    def text(self) -> str:
        """The prompt in the language it was given in."""
        return self.prompt.text(self.language)


def spread_over(count: int, limit: int) -> list[int]:
    """Choose `limit` of `count` indices, evenly spread; limit 0 or above `count` takes all."""
    if not 0 < limit < count:
        return list(range(count))
    return [index * count // limit for index in range(limit)]


def rows_with_concept(samples: Sequence[Sample], language: Language) -> list[int]:
    """Find the samples in a language whose prompts name a concept."""
    return [
        row
        for row, sample in enumerate(samples)
        if sample.language == language and sample.prompt.concept
    ]


def draw_samples(
    draw: Drawer, prompts: Sequence[SuitePrompt], *, seed: int, limit: int = 0
) -> list[Sample]:
    """Draw each prompt in both languages, or only `limit` of them.

    Prompt number i has seed + 2 i in English and the next one in Chinese, whatever the limit.
    """
    wanted = [
        (index, language) for index in spread_over(len(prompts), limit) for language in LANGUAGES
    ]
    texts = [prompts[index].text(language) for index, language in wanted]
    seeds = [seed + 2 * index + LANGUAGES.index(language) for index, language in wanted]
    images = draw(texts, seeds)

    return [
        Sample(prompt=prompts[index], language=language, seed=sample_seed, image=from_pil(image))
        for (index, language), sample_seed, image in zip(wanted, seeds, images, strict=True)
    ]


class RealImages:
    """The images of a data set, by the name of what they show."""

    def __init__(self, images: ImageSet) -> None:
        self._images = images
        self._rows_by_name: dict[str, list[int]] = {}
        for row, record in enumerate(images.records):
            name = str(record.get("en") or record.get("text", ""))
            self._rows_by_name.setdefault(name, []).append(row)

    def rows(
        self, concept: str, where: Callable[[Record], bool] = lambda record: True
    ) -> list[int]:
        """Return the rows of the images of this name for which `where` holds."""
        rows = self._rows_by_name.get(concept, [])
        return [row for row in rows if where(self._images.records[row])]

    def pairs(self, concepts: Sequence[str]) -> list[tuple[int, int, int]]:
        """Return (index in `concepts`, row, another row) for each with two images or more.

        A name that comes again gets other rows, as far as there are some.
        """
        times_used: dict[str, int] = {}
        pairs = []
        for index, concept in enumerate(concepts):
            rows = self.rows(concept)
            if len(rows) < 2:
                continue
            turn = times_used.get(concept, 0)
            times_used[concept] = turn + 1
            row, other_row = rows[turn % len(rows)], rows[(turn + len(rows) // 2) % len(rows)]
            pairs.append((index, row, other_row))
        return pairs

    def image(self, row: int) -> ImageArray:
        """Return an image as uint8 [4, S, S], premultiplied RGBA."""
        return self._images.images_NCHW[row].numpy()

    def record(self, row: int) -> Record:
        """Return what the data set knows of an image."""
        return self._images.records[row]
