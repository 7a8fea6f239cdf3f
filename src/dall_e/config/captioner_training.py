"""Settings of the stage that trains the captioner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dall_e.config.base import check_at_least, check_fractions, require
from dall_e.config.model import CAPTIONERS
from dall_e.config.stages import PerturbationConfig
from dall_e.config.training import LoopConfig, TrainingConfig


@dataclass(frozen=True, kw_only=True)
class CaptionerTraining(TrainingConfig):
    """`dall-e train captioner` (`training/captioner_stage.py`)."""

    stage: ClassVar[str] = "captioner"

    loop: LoopConfig = LoopConfig(images=200_000)
    """How long the run goes on, and when it writes."""
    preset: str = "xs"
    """Size of the network: tiny or xs."""
    text_tokenizer: str = ""
    """Run or model folder whose text tokenizer is taken over, as a model's captioner must. Empty
    makes a new one."""
    dual_encoder: str = "runs/dual_encoder"
    """Run or model folder of a dual encoder, or dall-e-emoji: the captioner sees pictures as that
    does, and learns words only."""
    views: int = 4
    """Augmented views of each picture whose features are computed beforehand; the first is the
    picture itself."""
    tokenizer: str = ""
    """Run or model folder of an image tokenizer, or dall-e-emoji: some pictures go through it, as
    those that a generator draws."""
    tokenized_fraction: float = 0.25
    """Fraction of the views that go through the tokenizer."""
    perturbation: PerturbationConfig = PerturbationConfig(perturbed_fraction=0.125)
    """Codes of those pictures that are moved to neighbours, as a generator errs."""
    scene_fraction: float = 0.0
    """Fraction of a batch's pictures that are composed scenes (`scenes/composer.py`)."""
    scenes: int = 4_000
    """How many scenes are composed beforehand, if they have a fraction."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, 1, "views", "scenes")
        check_fractions(self, "tokenized_fraction", "scene_fraction")
        known = ", ".join(CAPTIONERS)
        require(self.preset in CAPTIONERS, f"preset {self.preset!r} is not one of {known}")
