"""`python -m benchmarks pointing`: do the maps of a word point at what it names?

The pointing game (Zhang et al. 2016, arXiv 1608.00507): a map hits if its largest value lies on the
thing. Pictures of two things are read as they are drawn whole, by one prompt for both. Where the
things are has to be known without asking the model, so there are two kinds of pictures:

*Put together.* The model's own drawings of single things, placed by rules: the boxes are known, and
the tokens are shown to the generator under "a cat and a dog". Chance is the area of a box.

*Drawn.* Pictures that the generator drew whole (`compose=False`) of "a cat and a tree". The
recogniser, which is another part than the one that draws, says which half shows which; a map hits
if it points at that half. Where a half is empty, or shows neither, the picture is left out. Chance
is one in two.

Shapes: G the side of the grid of tokens, H W C rows, columns and channels (premultiplied RGBA).
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor

from dall_e import DALL_E
from dall_e.editing.finding import is_called
from dall_e.explain.prompt_words import prompt_words
from dall_e.explain.regions import WordRegion, word_regions
from dall_e.images.compositing import Canvas, Place, in_square
from dall_e.images.files import to_uint8
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.planning.renderer import assemble, places_of, sprite_of
from dall_e.sampling.decode import DecodeStep
from dall_e.scenes.graph import Scene, SceneObject

NAMES = {
    "cat": "猫",
    "dog": "狗",
    "apple": "苹果",
    "house": "房子",
    "car": "汽车",
    "tree": "树",
    "fish": "鱼",
    "banana": "香蕉",
}
"""Things that are known by heart, in English and in Chinese."""
LEAST_INK = 0.02
"""Mean opacity of half a picture, 0 to 1, below which nothing is on it."""


@dataclass(frozen=True, kw_only=True)
class Pointed:
    """Whether the maps of one word hit."""

    attention: bool
    evidence: bool
    chance: float
    """Fraction of the picture that counts as hit, 0 to 1."""


def measure(
    model: Annotated[str, typer.Option(help="A known name or a model folder.")] = "dall-e-emoji",
    scenes: Annotated[int, typer.Option(min=1, help="Pictures of each kind.")] = 24,
    seed: Annotated[int, typer.Option(help="Chooses the pictures.")] = 0,
) -> None:
    """Play the pointing game with attention and with evidence, on two-object scenes."""
    pipeline = DALL_E.from_pretrained(model)
    rng = random.Random(seed)
    pairs = [tuple(rng.sample(sorted(NAMES), 2)) for _ in range(scenes)]
    for title, pointed in (
        ("put together, box", list(put_together(pipeline, pairs))),
        ("drawn whole, half", list(drawn_whole(pipeline, pairs, seed))),
    ):
        print(f"{title}: {len(pointed)} words; {line_of(pointed)}")


def line_of(pointed: list[Pointed]) -> str:
    """How often the maps hit, and what chance hits."""
    if not pointed:
        return "nothing to point at"
    rates = {
        "evidence": np.mean([each.evidence for each in pointed]),
        "attention": np.mean([each.attention for each in pointed]),
        "chance": np.mean([each.chance for each in pointed]),
    }
    return ", ".join(f"{name} {rate:.1%}" for name, rate in rates.items())


def put_together(pipeline: DALL_E, pairs: list[tuple[str, ...]]) -> Iterator[Pointed]:
    """Point at things in scenes with known boxes, English and Chinese in turn."""
    drawn = draw_codes(pipeline, sorted(NAMES), 0)
    sprites = {
        name: sprite_of(canvas_of(pipeline, codes_N))
        for name, codes_N in zip(sorted(NAMES), drawn, strict=True)
    }
    side = pipeline.config.tokenizer.image_size
    for number, pair in enumerate(pairs):
        scene = Scene(objects=tuple(SceneObject(name=name, image=None) for name in pair))
        chosen = [sprites[name] for name in pair]
        codes_N = tokens_of(pipeline, assemble(scene, chosen, side, number))
        boxes = {place.index: place for place in places_of(scene, chosen, None)}

        chinese = number % 2 == 1
        words = [NAMES[name] if chinese else name for name in pair]
        prompt = f"{words[0]}和{words[1]}" if chinese else f"a {words[0]} and a {words[1]}"
        regions = regions_of(pipeline, codes_N, prompt, words)
        for index, region in enumerate(regions):
            box = boxes[index]
            yield Pointed(
                attention=_is_in(region.attention_GG, box),
                evidence=_is_in(region.evidence_GG, box),
                chance=box.width * box.height,
            )


def drawn_whole(pipeline: DALL_E, pairs: list[tuple[str, ...]], seed: int) -> Iterator[Pointed]:
    """Point at the halves of pictures that were drawn whole."""
    prompts = [f"a {first} and a {second}" for first, second in pairs]
    for pair, prompt, codes_N in zip(
        pairs, prompts, draw_codes(pipeline, prompts, seed), strict=True
    ):
        first_is_left = judged_left(pipeline, canvas_of(pipeline, codes_N), pair)
        if first_is_left is None:
            continue
        for index, region in enumerate(regions_of(pipeline, codes_N, prompt, list(pair))):
            x = 0.25 if first_is_left == (index == 0) else 0.75
            half = Place(index=index, x=x, y=0.5, width=0.5, height=1.0)
            yield Pointed(
                attention=_is_in(region.attention_GG, half),
                evidence=_is_in(region.evidence_GG, half),
                chance=0.5,
            )


def judged_left(pipeline: DALL_E, canvas_HWC: Canvas, pair: tuple[str, ...]) -> bool | None:
    """Whether the first of two things is in the left half; None where that is not clear.

    Each half has to be recognised, of all NAMES, as one of the two.
    """
    middle = canvas_HWC.shape[1] // 2
    halves = (canvas_HWC[:, :middle], canvas_HWC[:, middle:])
    if min(float(half[..., 3].mean()) / 255 for half in halves) < LEAST_INK:
        return None
    recogniser = pipeline.recogniser
    assert recogniser is not None
    log_2K = recogniser.log_probabilities([_squared(half) for half in halves])
    names = sorted(NAMES)
    rows = [
        [row for row, thing in enumerate(recogniser.things) if is_called(thing, {name})]
        for name in names
    ]
    seen = [names[int(np.argmax([log_K[each].max() for each in rows]))] for log_K in log_2K]
    return seen[0] == pair[0] if sorted(seen) == sorted(pair) else None


def _squared(half_HWC: Canvas) -> Canvas:
    """What is seen on half a picture, in the middle of a square, [4, S, S]."""
    return np.ascontiguousarray(in_square(sprite_of(half_HWC)).transpose(2, 0, 1))


def regions_of(
    pipeline: DALL_E, codes_N: Tensor, prompt: str, names: list[str]
) -> list[WordRegion]:
    """The regions of two words, in their order."""
    words = [word for word in prompt_words(prompt, pipeline.vocabulary) if word.text in names]
    assert [word.text for word in words] == names, prompt
    return word_regions(pipeline.engine, codes_N, prompt, words=words)


def draw_codes(pipeline: DALL_E, prompts: list[str], seed: int) -> list[Tensor]:
    """The tokens [N] of each prompt, drawn whole."""
    last: dict[int, DecodeStep] = {}
    codes: list[Tensor] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of a blank picture; it is left out anyway.
        for first in range(0, len(prompts), 8):
            some = prompts[first : first + 8]
            request = pipeline.engine.request(
                some,
                seed=seed + first,
                height=pipeline.config.tokenizer.image_size,
                sampling=replace(pipeline.config.sampling, compose=False),
                finish="soft",
                refuses_blots=False,
            )
            pipeline.engine.generate(request, lambda step: last.update({0: step}) or None)
            codes += list(last[0].codes_BN)
    return codes


def canvas_of(pipeline: DALL_E, codes_N: Tensor) -> Canvas:
    """A drawing as uint8 [H, W, C]."""
    image_CHW = to_uint8(pipeline.engine.pixels(codes_N[None]))
    return np.ascontiguousarray(image_CHW.transpose(1, 2, 0))


def tokens_of(pipeline: DALL_E, canvas_HWC: Canvas) -> Tensor:
    """The image tokens [N] of a picture."""
    image_CHW = np.ascontiguousarray(canvas_HWC.transpose(2, 0, 1))
    x_1CHW = torch.from_numpy(image_CHW)[None].to(pipeline.engine.device).float() / 255
    tokenizer = pipeline.networks.tokenizer
    assert isinstance(tokenizer, ImageTokenizer)
    codes_1N: Tensor = tokenizer.tokenize(x_1CHW)
    return codes_1N[0]


def _is_in(map_GG: Tensor, box: Place) -> bool:
    """Whether the middle of the cell with the largest value lies in a box."""
    grid = map_GG.shape[0]
    row, column = divmod(int(map_GG.argmax()), grid)
    x, y = (column + 0.5) / grid, (row + 0.5) / grid
    return abs(x - box.x) <= box.width / 2 and abs(y - box.y) <= box.height / 2
