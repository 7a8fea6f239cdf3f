"""How tokens are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dall_e.config.base import check_at_least, check_kinds, require

OrderKind = Literal["raster", "random", "locality"]
ScheduleKind = Literal["arccos", "cosine", "uniform"]


@dataclass(frozen=True, kw_only=True)
class SamplingConfig:
    """How tokens are drawn; the defaults of a model are stored with its weights."""

    num_inference_steps: int = 50
    """Steps of sampling: groups of tokens that are revealed one after the other."""
    guidance_scale: float = 2.0
    """Strength s of classifier-free guidance, logits = u + s (c - u); 1 is off."""
    temperature: float = 0.8
    """Softmax temperature of the first step."""
    final_temperature: float = 0.65
    """Softmax temperature of the last step; linear in between."""
    top_k: int = 0
    """Keep only the k most likely codes; 0 keeps all."""
    top_p: float = 0.9
    """Keep the most likely codes whose probabilities add up to p; 1 keeps all."""
    order: OrderKind = "locality"
    """Order in which positions are revealed."""
    schedule: ScheduleKind = "arccos"
    """How group sizes grow over the steps."""
    max_group: int = 16
    """No step reveals more tokens than this, if the steps allow it."""
    compose: bool = False
    """Draw the things of a prompt that names several one by one, and put them in their places
    (`planning/plan.py`)."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_at_least(self, 1, "num_inference_steps", "max_group")
        check_at_least(self, 0, "guidance_scale", "temperature", "final_temperature", "top_k")
        require(0 < self.top_p <= 1, f"top_p must be in (0, 1], got {self.top_p}")
