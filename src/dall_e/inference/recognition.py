"""Whether a drawing of words that name nothing known looks like them: a blot is never an answer.

The dual encoder compares the drawing with its prompt and with names that the model knows. A picture
of a known name fits its own name far better than others; a blot fits nothing. How much better is
counted in standard deviations of the other scores, so that it means the same for every model.

Shapes: N names, D width.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cached_property

import torch
from torch import Tensor

from dall_e.images.files import PILImage
from dall_e.inference.retrieval import Retriever
from dall_e.planning.drawing_jobs import DrawingJob
from dall_e.planning.function_words import says_nothing
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import DENIAL_ZH, DENIALS_EN, has_tone, is_chinese
from dall_e.text.patterns import any_of

FLOOR = 2.8
"""Standard deviations above the names that others have. Of 40 pictures that the built-in weights
draw of words that they do not know one is above, a right one; at 2.3 five are, three of them blots.
Of 40 pictures of known names, which nobody judges, 27 are above."""
FEWEST_NAMES = 100
"""A model that knows fewer names is not judged: there is too little to compare with."""
_MOST_SHOWN, _ALIKE = 3, 0.75
_DENIAL = re.compile(
    rf"(?:{any_of(DENIALS_EN)}|nothing|neither)(?:\s|$)|{DENIAL_ZH}|[零0](?=[个只])", re.IGNORECASE
)
"""How a prompt begins that names nothing to draw."""
_LONGEST = 80
"""Characters of a prompt that an error shows."""


class Recognition:
    """Judges whole drawings of prompts that name nothing known."""

    def __init__(self, retriever: Retriever, vocabulary: Vocabulary) -> None:
        self._retriever = retriever
        self._vocabulary = vocabulary

    @cached_property
    def _others_ND(self) -> Tensor:
        """Directions of names from all over the vocabulary."""
        names = [*self._vocabulary.table_things, *self._vocabulary.single_things]
        chosen = names[:: len(names) // FEWEST_NAMES]
        return torch.stack([self._retriever.embed_text(name) for name in chosen])

    def score(self, image: PILImage, text: str) -> float:
        """How much better a text fits an image than other names do, in standard deviations."""
        image_D = self._retriever.embed_image(image)
        own = image_D @ self._retriever.embed_text(text)
        others_N = self._others_ND @ image_D
        return float((own - others_N.mean()) / others_N.std())

    def check(self, image: PILImage, job: DrawingJob) -> None:
        """Raise ValueError for an image that does not look like what its prompt says."""
        if self.score(image, job.text) < FLOOR:
            raise ValueError(self._nothing_near(job.text))

    def _nothing_near(self, prompt: str) -> str:
        """What to say of a prompt that cannot be drawn."""
        shown = prompt if len(prompt) <= _LONGEST else f"{prompt[: _LONGEST - 3]}..."
        if _DENIAL.match(prompt):
            return f"{shown!r} says only what is not to be drawn: say what is"
        if all(map(says_nothing, re.findall(r"[\w']+", prompt))):
            return f"{shown!r} is a prompt without a thing: say what to draw, as 'a white cat'"
        chinese = is_chinese(prompt)
        known = self._vocabulary.words_zh if chinese else self._vocabulary.words_en
        said = {word for word in shown.lower().split() if not says_nothing(word)}
        with_word = [name for name in known if not said.isdisjoint(name.split())]
        close = get_close_matches(shown.lower(), known, _MOST_SHOWN, _ALIKE)
        like = (with_word or close or list(known))[:_MOST_SHOWN]
        number, names = f"{len(self._vocabulary):,}", ", ".join(map(repr, like))
        if chinese:
            return (
                f"the model has no picture of {shown!r} and knows nothing near it: what it drew "
                f"does not look like it. It knows {number} things by name, such as {names}"
            )
        return (
            f"this model reads English and Chinese, and has no picture of {shown!r} and knows "
            "nothing near it: what it drew does not look like it. "
            f"It knows {number} things by name, such as {names}"
        )


def names_nothing(job: DrawingJob, vocabulary: Vocabulary | None) -> bool:
    """Whether a prompt is drawn whole, and is no name that the model knows.

    Names of hands and of people with a skin tone, of which no rule reads anything, are known.
    """
    parse = job.plan.parse
    if vocabulary is None or parse is None or len(vocabulary) < FEWEST_NAMES:
        return False
    is_unread = job.plan.is_whole and parse.scene is None
    return is_unread and (bool(job.plan.unread) or not has_tone(parse.text))
