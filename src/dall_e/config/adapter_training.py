"""Settings of the stage that trains a LoRA of a published model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dall_e.config.base import check_fractions, check_kinds, check_name, require
from dall_e.config.training import LoopConfig, LoraConfig, OptimizerConfig, TrainingConfig


@dataclass(frozen=True, kw_only=True)
class AdapterStartConfig:
    """The published model that is to learn."""

    init: str = ""
    """Name, folder or file of a published left-to-right model: LlamaGen, Janus, DALL-E mini,
    minDALL-E or ruDALL-E."""
    variant: str = ""
    """Which of its variants, where there are several (`dall-e models`)."""

    def __post_init__(self) -> None:
        check_kinds(self)


@dataclass(frozen=True, kw_only=True)
class AdapterTraining(TrainingConfig):
    """`dall-e train adapter` (`training/adapter_stage.py`)."""

    stage: ClassVar[str] = "adapter"

    loop: LoopConfig = LoopConfig(images=1_600, batch_size=8)
    """How long the run goes on, and when it writes."""
    optimizer: OptimizerConfig = OptimizerConfig(
        learning_rate=3e-4, warmup_images=80, weight_decay=0.0, ema_decay=0.99
    )
    """How the small matrices learn."""
    start: AdapterStartConfig = AdapterStartConfig()
    """What they learn beside."""
    lora: LoraConfig = LoraConfig(lora_rank=16)
    """Their size."""
    caption_drop: float = 0.1
    """Fraction of captions replaced by the project's own mark for none, so that guidance goes on
    working; 0 where the model was trained without."""
    style: str = ""
    """Name of the pictures' style: it is said behind every caption."""
    subject: str = ""
    """Name of the one thing that all of these pictures show; it stands for their captions."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.lora.lora_rank > 0, "lora_rank must be at least 1, got 0")
        check_fractions(self, "caption_drop")
        for what in ("style", "subject"):
            check_name(what, getattr(self, what))
