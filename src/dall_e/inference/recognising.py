"""Captions by recognising: what a picture's things are, in words that are known.

A picture is one thing, or several that stand apart. Each is recognised by itself, and a caption
chooses a thing for each part; its probability is that all of them are right.

Shapes: P parts of a picture, K things.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from dall_e.images.descriptors import Floats
from dall_e.images.files import ImageArray, to_uint8
from dall_e.images.flat_ground import without_flat_ground
from dall_e.images.parts import separate_parts
from dall_e.inference.captioning import Caption, CaptionSettings, seen
from dall_e.inference.decoding import decode_remembered
from dall_e.inference.engine import Engine
from dall_e.inference.retrieval import ImageInput
from dall_e.models.recogniser import RecognisedThing, Recogniser
from dall_e.sampling.filters import choose
from dall_e.sampling.memory import TokenMemory
from dall_e.sampling.noise import gumbel
from dall_e.text.language import (
    NUMBERS_EN,
    NUMBERS_ZH,
    Language,
    is_chinese,
    plural_of,
    with_article,
    without_article,
    without_tone,
)

SURE = 0.5
"""Below this probability a caption says "maybe"."""
_SIDE = 192
_MOST_PARTS = 6
_NUM_BEAMS = 4
_DRAWN_TOP_P = 0.95

Written = tuple[tuple[int, ...], float]
"""The thing of each part, and log p of all of them."""


class RecognisedCaptions:
    """Captions of a model that recognises drawings, and those that it remembers."""

    def __init__(self, recogniser: Recogniser, engine: Engine) -> None:
        self._recogniser = recogniser
        self._engine = engine
        self._with_memory: tuple[TokenMemory | None, Recogniser] | None = None

    def captions(
        self, images: Sequence[ImageInput], settings: CaptionSettings
    ) -> list[list[Caption]]:
        """Captions of each image, the likeliest first; drawn ones in the order of their seeds.

        Raises ValueError for an image that is blank, and what `seen` raises.
        """
        known = self.known()
        return [_captions(known, seen(image, _SIDE), settings) for image in images]

    def known(self) -> Recogniser:
        """The recogniser with what is remembered by names that it does not know."""
        memory = self._engine.drawer.memory
        if self._with_memory is None or self._with_memory[0] is not memory:
            self._with_memory = memory, self._beside(memory)
        return self._with_memory[1]

    def _beside(self, memory: TokenMemory | None) -> Recogniser:
        if memory is None:
            return self._recogniser
        names = self._recogniser.names
        rows = [
            row
            for row, prompts in enumerate(memory.prompts)
            if prompts
            and not any(without_tone(prompt.lower(), "en") in names for prompt in prompts)
        ]
        if not rows:
            return self._recogniser
        x_BCHW = decode_remembered(self._engine.networks, memory, rows)
        drawings = [to_uint8(x_CHW) for x_CHW in x_BCHW]
        return self._recogniser.joined(drawings, [_thing(memory.prompts[row]) for row in rows])


def _thing(prompts: Sequence[str]) -> RecognisedThing:
    """What a remembered image is called: by its first prompt in each language."""
    english = next((prompt for prompt in prompts if not is_chinese(prompt)), prompts[0])
    chinese = next((prompt for prompt in prompts if is_chinese(prompt)), "")
    name = without_article(english)
    said = english if name != english or name.endswith("s") else with_article(name)
    return RecognisedThing(name.lower(), said, chinese)


def _captions(
    recogniser: Recogniser, pixels_CHW: ImageArray, settings: CaptionSettings
) -> list[Caption]:
    log_PK = _log_probabilities(recogniser, without_flat_ground(pixels_CHW))
    if settings.method == "sampled":
        written = [_drawn(log_PK, settings, seed) for seed in settings.seeds()]
    else:
        beams = settings.num_beams or max(_NUM_BEAMS, settings.num)
        written = _likeliest(log_PK, 1 if settings.method == "greedy" else beams)

    said = partial(_said, recogniser.things, language=settings.language)
    return [Caption(said(things, log), log) for things, log in written[: settings.num]]


def _log_probabilities(recogniser: Recogniser, drawing_CHW: ImageArray) -> Floats:
    """log p [P, K] of each thing for each part; a picture that is surely one thing has one part."""
    whole_1K = recogniser.log_probabilities([drawing_CHW])
    parts = separate_parts(drawing_CHW)
    if whole_1K.max() >= np.log(SURE) or not 2 <= len(parts) <= _MOST_PARTS:
        return whole_1K

    # Of several parts all must be right: they are compared by the mean.
    parts_PK = recogniser.log_probabilities(parts)
    return parts_PK if parts_PK.max(1).mean() > whole_1K.max() else whole_1K


def _likeliest(log_PK: Floats, num_beams: int) -> list[Written]:
    """The likeliest choices of a thing for each part, going on from the best so far."""
    beams: list[Written] = [((), 0.0)]
    for log_K in log_PK:
        best = np.argsort(-log_K, kind="stable")[:num_beams].tolist()
        longer = [
            ((*things, thing), log + float(log_K[thing])) for things, log in beams for thing in best
        ]
        beams = sorted(longer, key=lambda beam: -beam[1])[:num_beams]
    return beams


def _drawn(log_PK: Floats, settings: CaptionSettings, seed: int) -> Written:
    """A thing drawn for each part. Noise is addressed by seed and part."""
    num_parts, num_things = log_PK.shape
    chosen_P = choose(
        torch.from_numpy(log_PK),
        gumbel([seed], num_parts, num_things)[0],
        temperature=settings.temperature or 1.0,
        top_k=0,
        top_p=settings.top_p or _DRAWN_TOP_P,
    )
    things = tuple(chosen_P.tolist())
    log_P: npt.NDArray[np.float32] = log_PK[np.arange(num_parts), things]
    return things, float(log_P.sum())


def _said(
    known: Sequence[RecognisedThing], things: Sequence[int], log: float, *, language: Language
) -> str:
    """The things in words: "an apple", "two cats and a dog", "maybe a pear"."""
    phrase = _phrase_zh if language == "zh" else _phrase_en
    phrases = [phrase(known[thing], count) for thing, count in Counter(things).items()]
    joined = phrases[-1]
    if len(phrases) > 1:
        comma, last = ("、", "和") if language == "zh" else (", ", " and ")
        joined = f"{comma.join(phrases[:-1])}{last}{phrases[-1]}"
    if log >= np.log(SURE):
        return joined
    return f"可能是{joined}" if language == "zh" else f"maybe {joined}"


def _phrase_en(thing: RecognisedThing, count: int) -> str:
    return thing.en if count == 1 else f"{NUMBERS_EN[count]} {plural_of(thing.name)}"


def _phrase_zh(thing: RecognisedThing, count: int) -> str:
    words = thing.zh or thing.name
    if count == 1:
        return words
    number = NUMBERS_ZH[count]
    return f"{number}{words[1:]}" if words.startswith("一") else f"{number}个{words}"
