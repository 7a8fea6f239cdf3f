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
from dall_e.explain.record import Explained, ExplainedDrawing
from dall_e.images.files import ImageArray, encode_png, encode_webp, from_pil
from dall_e.text.language import is_chinese

if TYPE_CHECKING:
    from jinja2 import Template


_HEAT = (194, 65, 12)
"""Red, green and blue of a map."""
_STRONGEST = 0.85
"""How much a map covers where it is largest."""
_MOST_REMEMBERED = 4
"""Images of the memory that a page shows of one drawing."""
_NAMES_REDRAWN = (
    "The weights come without the pictures that they were trained on. So this is what the model "
    "draws, with other seeds, under the names that fit the drawing best: what agrees in nearly all "
    "tokens was learned by heart."
)


def page(explanation: Explained) -> str:
    """The whole page as HTML."""
    several = len(explanation.drawings) > 1
    return _template().render(
        language="zh" if is_chinese(explanation.prompt) else "en",
        prompt=explanation.prompt,
        image=_data(encode_webp(from_pil(explanation.image)), "webp"),
        seed=explanation.seed,
        model=explanation.model,
        summary=_summary(explanation),
        unread=explanation.unread,
        graph=_markup(graph_svg(explanation.graph)),
        graph_says=(
            "A line from a word leads to what is missing or different in the plan without it."
            if several or explanation.plan
            else "The prompt is drawn whole: every word is read by the one drawing."
        ),
        drawings=[_drawing(explanation, drawing) for drawing in explanation.drawings],
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


def _summary(explanation: Explained) -> str:
    """How the picture was made, in a sentence."""
    if not explanation.drawings:
        return "It is a place without things, painted by rules: the model drew nothing."
    if not explanation.plan:
        return "The model drew it whole, as one drawing."
    return f"It was planned and put together: {explanation.plan}."


# A drawing


def _drawing(explanation: Explained, drawing: ExplainedDrawing) -> dict[str, Any]:
    """What the template shows of a drawing."""
    return {
        "prompt": drawing.prompt,
        "image": _data(encode_png(drawing.image), "png"),
        "num_tokens": len(drawing.revealed.codes_N),
        "num_steps": int(drawing.revealed.groups_N.max()),
        "words": [
            {"text": word.text, "maps": _word_maps(drawing, number)}
            for number, word in enumerate(drawing.words)
        ],
        "certainty": _certainty_maps(drawing),
        "film": _data(encode_webp(_strip(drawing.frames)), "webp"),
        "frame_steps": drawing.frame_steps,
        "bars": _markup(bars_svg(drawing.terms_S.tolist())),
        "total": f"{float(drawing.terms_S.sum()):+.1f}",
        "remembered": [
            {
                "name": image.name,
                "image": _data(encode_png(image.image), "png"),
                "map": _map(image.fraction_N, f"due to {image.name}", ""),
                "says": f"due to it are {float(image.fraction_N.mean()):.0%} of the probability of "
                f"the tokens; {image.same_tokens:.0%} of them are its own",
            }
            for image in drawing.remembered[:_MOST_REMEMBERED]
        ],
        "nearest": [
            {
                "name": near.name,
                "image": _data(encode_png(near.image), "png"),
                "says": f"{near.same_tokens:.0%} of the tokens are the same; "
                f"similarity {near.similarity:.2f}",
            }
            for near in drawing.nearest
        ],
        "nearest_says": (
            f"The most similar of {explanation.compared_with}. A copy has most of its tokens in "
            "common with the picture, but not all, as reading a picture into tokens is not exact."
            if explanation.compared_with
            else _NAMES_REDRAWN
        ),
    }


def _word_maps(drawing: ExplainedDrawing, number: int) -> list[dict[str, str]]:
    """Evidence, attention, effect and flipped tokens of a word."""
    attention_N = drawing.attention_WYN[number].mean(0)
    effect_N = drawing.effects.divergence_WN[number]
    flipped_N = drawing.effects.flipped_WN[number]
    evidence_N = drawing.effects.evidence_WN[number]
    word = drawing.words[number].text
    return [
        _map(evidence_N, f"evidence for {word}", f"up to {float(evidence_N.max()):.2f} nats"),
        _map(attention_N, f"attention to {word}", f"up to {float(attention_N.max()):.2f}"),
        _map(effect_N, f"effect of {word}", f"up to {float(effect_N.max()):.2f} nats"),
        _map(
            flipped_N.float(),
            f"tokens flipped by {word}",
            f"{int(flipped_N.sum())} of {len(flipped_N)}",
        ),
    ]


def _certainty_maps(drawing: ExplainedDrawing) -> list[dict[str, str]]:
    """Order, entropy and rank of the tokens."""
    certainty, num_codes = drawing.certainty, drawing.effects.log_probabilities_NC.shape[-1]
    rank_N, most = certainty.rank_N, math.log(num_codes)
    likeliest = float((rank_N == 0).float().mean())
    rarest = f"; the rarest choice was number {int(rank_N.max()) + 1} of {num_codes:,}"
    return [
        _map(
            drawing.revealed.steps_N.float(), "Order", "from the first step, clear, to the last one"
        ),
        _map(
            certainty.entropy_N,
            "Entropy",
            f"{float(certainty.entropy_N.mean()):.2f} nats on average, of {most:.1f} possible",
        ),
        _map(
            (rank_N.float() + 1).log(),
            "Rank",
            f"{likeliest:.0%} are the likeliest code{rarest if int(rank_N.max()) else ''}",
        ),
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
