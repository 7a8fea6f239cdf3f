"""Prompts as the generator reads them, for models that can be explained."""

from __future__ import annotations

from collections.abc import Sequence

from dall_e.config.published import PublishedConfig
from dall_e.inference.engine import Engine
from dall_e.inference.prompt_encoding import make_reader
from dall_e.inference.token_drawing import TokenDrawer
from dall_e.models.generator import Generator
from dall_e.models.text_encoder import TextStates


def explainable(engine: Engine) -> Generator:
    """The generator of a model whose drawings can be explained. Raises ValueError for others."""
    if isinstance(engine.config, PublishedConfig):
        raise ValueError(
            f"{engine.config.name} draws left to right, so every token hangs on all before it and "
            "no word has a region of its own: explain a picture of the built-in model, or of one "
            "that you trained"
        )
    generator = engine.networks.generator
    assert isinstance(generator, Generator)
    return generator


def states_of(
    engine: Engine, prompts: Sequence[str], negative: str = ""
) -> tuple[TextStates, TextStates]:
    """What the generator knows of some prompts, a row for each, and of the negative one, one row.

    The whole of each prompt is read, as far as the model reads it at all.
    """
    reader = make_reader(engine.networks.text, engine.text_tokenizer)
    drawer = TokenDrawer(engine.networks, engine.text_tokenizer)
    pairs = [reader.read(prompt, negative) for prompt in prompts]
    text, null = drawer.states(pairs)
    assert isinstance(text, TextStates) and isinstance(null, TextStates)
    return text, null.select(slice(0, 1))
