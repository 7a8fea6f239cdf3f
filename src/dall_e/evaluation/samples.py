"""The pictures that are measured: drawn ones for fixed prompts and seeds, and real ones of the same
things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dall_e.data.datasets import ImageSet, Record
from dall_e.data.prompt_sets import SuitePrompt
from dall_e.images.files import ImageArray, PILImage, from_pil
from dall_e.text.language import Language

LANGUAGES: tuple[Language, ...] = ("en", "zh")
Draw = Callable[[list[str], list[int]], Sequence[PILImage]]
"""Prompts and seeds to pictures, one each."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A drawn picture and what was asked for."""

    prompt: SuitePrompt
    language: Language
    seed: int
    image: ImageArray

    @property
    def text(self) -> str:
        """The prompt as it was given."""
        return self.prompt.text(self.language)


def spread_over(count: int, limit: int) -> list[int]:
    """`limit` of `count` places, evenly spread; all for limit 0 or more than there are."""
    if not 0 < limit < count:
        return list(range(count))
    return [index * count // limit for index in range(limit)]


def draw_samples(
    draw: Draw, prompts: Sequence[SuitePrompt], *, seed: int, limit: int = 0
) -> list[Sample]:
    """Each prompt in both languages. A prompt's seeds do not depend on the limit.

    Prompt number i has seed + 2 i in English and the next one in Chinese.
    """
    wanted = [
        (index, language) for index in spread_over(len(prompts), limit) for language in LANGUAGES
    ]
    seeds = [seed + 2 * index + LANGUAGES.index(language) for index, language in wanted]
    images = draw([prompts[index].text(language) for index, language in wanted], seeds)
    return [
        Sample(prompt=prompts[index], language=language, seed=number, image=from_pil(image))
        for (index, language), number, image in zip(wanted, seeds, images, strict=True)
    ]


class RealImages:
    """The pictures of a data set by what they show."""

    def __init__(self, pictures: ImageSet) -> None:
        self._images = pictures
        self._rows: dict[str, list[int]] = {}
        for row, record in enumerate(pictures.records):
            self._rows.setdefault(str(record.get("en") or record.get("text", "")), []).append(row)

    def rows(
        self, concept: str, where: Callable[[Record], bool] = lambda record: True
    ) -> list[int]:
        """Rows of the pictures of this name for which `where` holds."""
        return [row for row in self._rows.get(concept, []) if where(self._images.records[row])]

    def pairs(self, concepts: Sequence[str]) -> list[tuple[int, int, int]]:
        """(place in `concepts`, row, another row) for each that has two pictures or more.

        The same name at another place gets other rows, as far as there are some.
        """
        used: dict[str, int] = {}
        found = []
        for place, concept in enumerate(concepts):
            rows = self.rows(concept)
            if len(rows) >= 2:
                first = used.get(concept, 0)
                used[concept] = first + 1
                found.append(
                    (place, rows[first % len(rows)], rows[(first + len(rows) // 2) % len(rows)])
                )
        return found

    def image(self, row: int) -> ImageArray:
        """uint8 [4, S, S], premultiplied RGBA."""
        return self._images.images_NCHW[row].numpy()

    def record(self, row: int) -> Record:
        """What is known of a picture."""
        return self._images.records[row]
