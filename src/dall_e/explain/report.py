"""The page of an explanation: one HTML file with its images in it, for light and dark, small and
large screens.

What people wrote, as prompts and names of files, is escaped by the template.

Shapes: W words, N image tokens in raster order, G the side of their grid, F frames, S the side of
an image in pixels.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from dall_e.explain.graph_svg import bars_svg, graph_svg
from dall_e.explain.page_words import WORDS, PageWords
from dall_e.explain.record import Explained, ExplainedDrawing
from dall_e.images.files import ImageArray, encode_png, encode_webp, from_pil
from dall_e.text.language import Language

if TYPE_CHECKING:
    from jinja2 import Template


_HEAT = (194, 65, 12)
"""Red, green and blue of a map."""
_STRONGEST = 0.85
"""How much a map covers where it is largest."""
_MOST_REMEMBERED = 4
"""Images of the memory that a page shows of one drawing."""


def page(explanation: Explained, language: Language = "en") -> str:
    """The whole page as HTML."""
    words = WORDS[language]
    several = len(explanation.drawings) > 1
    return _template().render(
        words=words,
        prompt=explanation.prompt,
        image=_data(encode_webp(from_pil(explanation.image)), "webp"),
        seed=explanation.seed,
        model=explanation.model,
        summary=_summary(explanation, words),
        unread=explanation.unread,
        graph=_markup(graph_svg(explanation.graph, words.whole)),
        graph_says=(words.edges_of_plan if several or explanation.plan else words.edges_of_whole),
        drawings=[_drawing(explanation, drawing, words) for drawing in explanation.drawings],
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    # Takes 50 ms to import, which only pages need.
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    source = resources.files("dall_e.explain").joinpath("page.html").read_text(encoding="utf-8")
    return environment.from_string(source)


def _markup(svg: str) -> Any:
    """SVG that is escaped already."""
    from markupsafe import Markup

    return Markup(svg)


def _summary(explanation: Explained, words: PageWords) -> str:
    """How the picture was made, in a sentence."""
    if not explanation.drawings:
        return words.only_place
    if not explanation.plan:
        return words.drawn_whole
    drawings = words.comma.join(drawing.prompt for drawing in explanation.drawings)
    return words.planned.format(plan=explanation.plan, drawings=drawings)


# A drawing


def _drawing(explanation: Explained, drawing: ExplainedDrawing, words: PageWords) -> dict[str, Any]:
    """What the template shows of a drawing."""
    is_chinese = words.language == "zh"
    compared = explanation.compared_with_zh if is_chinese else explanation.compared_with
    return {
        "prompt": drawing.prompt,
        "image": _data(encode_png(drawing.image), "png"),
        "num_tokens": len(drawing.revealed.codes_N),
        "num_steps": int(drawing.revealed.groups_N.max()),
        "words": [
            {"text": word.text, "maps": _word_maps(drawing, number, words)}
            for number, word in enumerate(drawing.words)
        ],
        "certainty": _certainty_maps(drawing, words),
        "film": _data(encode_webp(_strip(drawing.frames)), "webp"),
        "frame_steps": drawing.frame_steps,
        "bars": _markup(bars_svg(drawing.terms_S.tolist(), words.step_number)),
        "total": f"{float(drawing.terms_S.sum()):+.1f}",
        "remembered": [
            {
                "name": image.name,
                "image": _data(encode_png(image.image), "png"),
                "map": _map(image.fraction_N, words.due_to.format(name=image.name), ""),
                "says": words.due_to_says.format(
                    part=float(image.fraction_N.mean()), same=image.same_tokens
                ),
            }
            for image in drawing.remembered[:_MOST_REMEMBERED]
        ],
        "nearest": [
            {
                "name": near.name,
                "image": _data(encode_png(near.image), "png"),
                "says": words.same_tokens.format(same=near.same_tokens, similarity=near.similarity),
            }
            for near in drawing.nearest
        ],
        "nearest_says": (
            words.similar.format(compared=compared) if compared else words.names_redrawn
        ),
    }


def _word_maps(drawing: ExplainedDrawing, number: int, words: PageWords) -> list[dict[str, str]]:
    """Evidence, attention, effect and flipped tokens of a word."""
    attention_N = drawing.attention_WYN[number].mean(0)
    effect_N = drawing.effects.divergence_WN[number]
    flipped_N = drawing.effects.flipped_WN[number]
    evidence_N = drawing.effects.evidence_WN[number]
    word = drawing.words[number].text

    def most(values_N: Tensor, says: str) -> str:
        return says.format(value=float(values_N.max()))

    flipped = words.number_of.format(number=int(flipped_N.sum()), total=len(flipped_N))
    return [
        _map(evidence_N, words.evidence_for.format(word=word), most(evidence_N, words.nats)),
        _map(attention_N, words.attention_to.format(word=word), most(attention_N, words.most)),
        _map(effect_N, words.effect_of.format(word=word), most(effect_N, words.nats)),
        _map(flipped_N.float(), words.flipped_by.format(word=word), flipped),
    ]


def _certainty_maps(drawing: ExplainedDrawing, words: PageWords) -> list[dict[str, str]]:
    """Order, entropy and rank of the tokens."""
    certainty, num_codes = drawing.certainty, drawing.effects.log_probabilities_NC.shape[-1]
    rank_N = certainty.rank_N
    entropy = words.entropy_says.format(
        mean=float(certainty.entropy_N.mean()), most=math.log(num_codes)
    )
    rank = words.rank_says.format(likeliest=float((rank_N == 0).float().mean()))
    if int(rank_N.max()):
        rank += words.rarest.format(number=int(rank_N.max()) + 1, total=num_codes)
    return [
        _map(drawing.revealed.steps_N.float(), words.order, words.order_says),
        _map(certainty.entropy_N, words.entropy, entropy),
        _map((rank_N.float() + 1).log(), words.rank, rank),
    ]


def _map(values_N: Tensor, title: str, says: str) -> dict[str, str]:
    """A map as an image to lay over the drawing: the larger a value, the less clear."""
    grid = round(len(values_N) ** 0.5)
    values_GG = values_N.detach().float().cpu().numpy().reshape(grid, grid)
    fraction_GG = np.clip(values_GG, 0, None) / max(float(values_GG.max()), 1e-9)
    alpha_GG = np.rint(fraction_GG * _STRONGEST * 255)

    # Premultiplied, as everywhere.
    channels = [alpha_GG * (channel / 255) for channel in _HEAT]
    image_CGG = np.rint(np.stack([*channels, alpha_GG])).astype(np.uint8)
    return {"image": _data(encode_png(image_CGG), "png"), "title": title, "says": says}


def _strip(frames: Sequence[ImageArray]) -> ImageArray:
    """Frames side by side, [4, S, F S]."""
    return np.concatenate(list(frames), axis=2)


def _data(content: bytes, kind: str) -> str:
    """A file as an address that holds it."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
