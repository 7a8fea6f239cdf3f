"""What is found out about a picture and its drawings.

Shapes: W words, Y query layers, N image tokens in raster order, S steps; images are uint8 [4, side,
side], premultiplied RGBA.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from dall_e.explain.certainty import Certainty
from dall_e.explain.counterfactuals import Counterfactuals
from dall_e.explain.graph_svg import PlanGraph
from dall_e.explain.nearest import NearImage
from dall_e.explain.oracle import Revealed
from dall_e.explain.prompt_words import PromptWord
from dall_e.explain.remembered import RememberedImage
from dall_e.images.files import ImageArray
from dall_e.images.results import DrawnImage


@dataclass(frozen=True, kw_only=True)
class ExplainedDrawing:
    """One drawing of the model, and how it came about."""

    prompt: str
    """What the model was asked for."""
    image: ImageArray
    """At the model's own size, as its image tokenizer shows it."""
    words: tuple[PromptWord, ...]
    """The words that the maps are about."""
    attention_WYN: Tensor
    """How much each position looked at each word in each layer, 0 to 1."""
    effects: Counterfactuals
    """What each word changed, under the same noise and order."""
    certainty: Certainty
    """How sure the choice of each token was."""
    revealed: Revealed
    """The tokens and their order."""
    terms_S: Tensor
    """d_i of each step, in nats: how much it speaks for the prompt."""
    frame_steps: tuple[int, ...]
    """The steps after which `frames` show the drawing."""
    frames: tuple[ImageArray, ...]
    """What was drawn solid, the likeliest rest pale."""
    remembered: tuple[RememberedImage, ...]
    """The images of the memory that its prompt recalls; empty if there is none."""
    nearest: tuple[NearImage, ...]
    """What it is most like; empty for a model that has nothing to compare with."""


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A picture and how it came about, as data."""

    prompt: str
    """What was asked for."""
    image: DrawnImage
    """The picture, the same as the call with this seed draws."""
    seed: int
    model: str
    """Name and version of the model."""
    plan: str
    """The plan in a line; "" for a picture that was drawn whole."""
    unread: tuple[str, ...]
    """Words of the prompt that are not in the picture."""
    graph: PlanGraph
    """Which words lead to which drawings."""
    drawings: tuple[ExplainedDrawing, ...]
    """Each drawing that the picture is made of."""
    compared_with: str
    """What the nearest images are taken from, in words."""
    compared_with_zh: str
    """The same in Chinese."""
