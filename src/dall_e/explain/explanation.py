"""A picture with the reasons for it: `explain` draws it, and looks at each of its drawings.

Shapes: N image tokens in raster order.
"""

from __future__ import annotations

import os
from html import escape

from torch import Tensor

from dall_e.atomic_files import replace_text
from dall_e.config import SamplingConfig
from dall_e.explain.attention_maps import attention_maps
from dall_e.explain.certainty import certainty_of, prompt_terms
from dall_e.explain.counterfactuals import counterfactuals
from dall_e.explain.frames import film, frame_steps
from dall_e.explain.graph_svg import plan_graph
from dall_e.explain.nearest import Neighbours
from dall_e.explain.oracle import Revealed, forced_log_probabilities
from dall_e.explain.prompt_words import PromptWord, prompt_words, token_rows
from dall_e.explain.reading import explainable, states_of
from dall_e.explain.record import Explained, ExplainedDrawing
from dall_e.explain.remembered import remembered_images
from dall_e.explain.report import page
from dall_e.images.files import to_uint8
from dall_e.images.results import DrawnImage
from dall_e.inference.engine import Engine
from dall_e.inference.request import GenerationRequest
from dall_e.runtime import inference, one_thread
from dall_e.sampling.decode import DecodeStep
from dall_e.text.language import Language, is_chinese

_NOTEBOOK_HEIGHT = 720
"""Of the page in a notebook, in pixels."""


class Explanation(Explained):
    """A picture and how it came about. In a notebook it shows itself as its page."""

    def to_html(self, language: Language = "en") -> str:
        """One page with everything in it, which needs no other file and no network.

        language: of what the page says, "en" or "zh".
        """
        return page(self, language)

    def save(self, path: str | os.PathLike[str], language: Language = "en") -> None:
        """Write the page to a file, whole or not at all. Raises OSError if it cannot."""
        replace_text(path, self.to_html(language))

    def _repr_html_(self) -> str:
        # In a frame of its own, so that its style stays inside.
        return (
            f'<iframe title="{escape(self.prompt)}" srcdoc="{escape(self.to_html())}" '
            f'style="width:100%;height:{_NOTEBOOK_HEIGHT}px;border:0"></iframe>'
        )


def explain(
    engine: Engine, request: GenerationRequest, images: str | os.PathLike[str] | None = None
) -> Explanation:
    """Draw the one picture of a request, and explain each of its drawings.

    images: a folder, best those that the model was trained on, to look for the nearest ones in;
    the model's memory unless given. Raises ValueError for models that draw left to right, and for
    a request of several pictures.
    """
    explainable(engine)
    if len(request.seeds) != 1:
        raise ValueError(
            f"explain takes one picture at a time, got {len(request.seeds)}: leave out best_of, "
            "and give one prompt"
        )

    # First of all, as a folder may be missing.
    with inference(engine.device), one_thread():
        near = Neighbours(engine, images)

    steps: list[DecodeStep] = []
    (generated,) = engine.generate(request, steps.append)
    plan, negative = generated.plan, request.negative_of(0)
    with inference(engine.device), one_thread():
        codes_BN = steps[-1].codes_BN if steps else ()
        drawings = [
            _explained(engine, request.sampling, asked, negative, codes_N, generated.seed, near)
            for asked, codes_N in zip(plan.prompts, codes_BN, strict=True)
        ]
        words = prompt_words(generated.prompt, engine.vocabulary)
        return Explanation(
            prompt=generated.prompt,
            image=DrawnImage.of(generated.pixels, generated.metadata, svg=generated.svg),
            seed=generated.seed,
            model=f"{engine.config.name} {engine.config.version}",
            plan=plan.describe(),
            unread=plan.unread,
            graph=plan_graph(generated.prompt, words, plan, engine.vocabulary),
            drawings=tuple(drawings),
            compared_with=near.compared_with,
            compared_with_zh=near.compared_with_zh,
        )


def _explained(
    engine: Engine,
    settings: SamplingConfig,
    prompt: str,
    negative: str,
    codes_N: Tensor,
    seed: int,
    neighbours: Neighbours,
) -> ExplainedDrawing:
    """All that can be said of one drawing."""
    generator = explainable(engine)
    words = _asked_words(prompt, engine)
    longest = generator.config.text_tokens
    rows = [token_rows(word, prompt, engine.text_tokenizer, longest) for word in words]
    revealed = Revealed.by_seed(codes_N, seed, settings)

    # The whole prompt, without each word, and what guidance steers away from.
    text, null = states_of(engine, [prompt, *(word.without(prompt) for word in words)], negative)
    whole = text.select(slice(0, 1))
    effects = counterfactuals(generator, text, null, revealed, seed=seed, settings=settings)

    # The same tokens with the prompt and without any.
    both = whole.joined(states_of(engine, [""])[0])
    drawn_2N = revealed.in_raster_order(forced_log_probabilities(generator, both, revealed))
    terms_S = prompt_terms(drawn_2N[0], drawn_2N[1], revealed)

    shown_after = frame_steps(int(revealed.groups_N.max()))
    frames = film(generator, whole, revealed, shown_after, engine.pixels)
    image = to_uint8(engine.pixels(codes_N[None]))
    return ExplainedDrawing(
        prompt=prompt,
        image=image,
        words=tuple(words),
        attention_WYN=attention_maps(generator, whole, revealed, rows),
        effects=effects,
        certainty=certainty_of(effects.log_probabilities_NC, codes_N),
        revealed=revealed,
        terms_S=terms_S,
        frame_steps=tuple(shown_after),
        frames=tuple(to_uint8(frame_CHW) for frame_CHW in frames),
        remembered=tuple(remembered_images(engine, prompt, revealed, drawn_2N[0])),
        nearest=tuple(neighbours.of(image, codes_N)),
    )


def _asked_words(prompt: str, engine: Engine) -> list[PromptWord]:
    """The words of a drawing's prompt; the parts of an English name, if it is nothing else."""
    words = prompt_words(prompt, engine.vocabulary)
    return words if len(words) > 1 or is_chinese(prompt) else prompt_words(prompt)
