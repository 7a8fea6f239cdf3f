"""The methods of a model that put LoRA files on top of it and take them off."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from dall_e.checkpoints.lora_files import load_lora
from dall_e.config import ModelConfig
from dall_e.config.published import PublishedConfig
from dall_e.errors import DallEWarning
from dall_e.inference.engine import Engine

if TYPE_CHECKING:
    from typing_extensions import Self


class Adapted:
    """A model whose weights LoRA files change."""

    config: ModelConfig | PublishedConfig
    engine: Engine

    def load_lora(
        self, path: str | os.PathLike[str], *, scale: float = 1.0, name: str | None = None
    ) -> Self:
        """Put a LoRA on top of the model, beside those that are there; returns the model.

        path: a folder that `dall-e finetune --lora` or the `peft` library wrote. scale: how much it
        counts; 0 not at all, below 0 the other way. name: to call it by, the folder's unless given;
        one of the same name is replaced. Raises ValueError for a LoRA of another model, and
        FileNotFoundError for a folder without one. Warns if it was trained on a model of another
        name.
        """
        if not isinstance(scale, int | float) or not -100 <= scale <= 100:
            raise ValueError(f"scale must be a number from -100 to 100, got {scale!r}")
        file = load_lora(path)
        self.engine.adapters.put(name or Path(path).resolve().name, file, float(scale))
        if file.base_model and file.base_model != self.config.name:
            warnings.warn(
                f"the LoRA {path} was trained on {file.base_model}, and this is {self.config.name}",
                DallEWarning,
                stacklevel=2,
            )
        return self

    def unload_lora(self, name: str | None = None) -> Self:
        """Take a LoRA off, all of them unless a name is given; returns the model.

        The weights are what they were before, bit for bit. Raises ValueError for an unknown name.
        """
        for each in [name] if name is not None else list(self.loras):
            self.engine.adapters.take_off(each)
        return self

    @property
    def loras(self) -> dict[str, float]:
        """The LoRA files on top of the model, by name, and how much each counts."""
        return {name: scale for name, (_, scale) in self.engine.adapters.files.items()}
