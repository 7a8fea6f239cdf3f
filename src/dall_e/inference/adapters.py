"""LoRA files on top of a model in memory: added to its weights, several at a time, and taken off.

The weights are changed rather than the layers, so that drawing takes no longer than without. Those
that a LoRA changes are kept as they were, and are there again, bit for bit, once it is taken off.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dall_e.checkpoints.families.base import PublishedNetworks
from dall_e.checkpoints.lora_files import LoraFile
from dall_e.inference.loading import Networks
from dall_e.nn.transformer import Linear


class Adapters:
    """The LoRA files that are on top of some networks."""

    def __init__(self, networks: Networks | PublishedNetworks) -> None:
        self._networks = networks
        self._as_loaded: dict[str, Tensor] = {}
        self.files: dict[str, tuple[LoraFile, float]] = {}
        """By name: what was read, and the factor by which it counts."""

    def put(self, name: str, file: LoraFile, scale: float) -> None:
        """Add one, or replace the one of that name. Raises ValueError if it does not fit."""
        for layer, low_rank in file.layers.items():
            weight = self._linear(layer).weight
            shape = [low_rank.b_OR.shape[0], low_rank.a_RI.shape[1]]
            if shape != list(weight.shape):
                raise ValueError(
                    f"the LoRA is for another model: {layer} has a weight of "
                    f"{list(weight.shape)} here, and {shape} there"
                )
        before = self.files.get(name)
        self.files[name] = (file, scale)
        self._write({*file.layers, *(before[0].layers if before else ())})

    def take_off(self, name: str) -> None:
        """Take one off. Raises ValueError for a name that is not there."""
        if name not in self.files:
            known = ", ".join(self.files) or "none"
            raise ValueError(f"there is no LoRA {name!r} on the model; there are: {known}")
        file, _ = self.files.pop(name)
        self._write(set(file.layers))

    def described(self) -> str:
        """All of them in a line, for metadata; empty without any."""
        return ", ".join(
            f"{name} x {scale:g} ({file.sha256[:16]})" for name, (file, scale) in self.files.items()
        )

    def _linear(self, layer: str) -> Linear:
        """A layer by the name that files have for it."""
        part, _, path = layer.partition(".")
        network = self._networks.parts().get(part)
        try:
            linear = network.get_submodule(path) if network is not None else None
        except AttributeError:
            linear = None
        if not isinstance(linear, Linear):
            raise ValueError(f"the LoRA is for another model: this one has no layer {layer}")
        if linear.packed is not None:
            raise ValueError(
                "a model in few bits has no weights that a LoRA could be added to: load it "
                "without quantization"
            )
        return linear

    @torch.no_grad()
    def _write(self, layers: set[str]) -> None:
        """The weights of some layers, from what they were and all that is on top of them now."""
        for layer in layers:
            weight = self._linear(layer).weight
            original = self._as_loaded.setdefault(layer, weight.detach().clone())
            changed = original.to(weight.device, torch.float32)
            on_top = [
                (file.layers[layer], scale)
                for file, scale in self.files.values()
                if layer in file.layers
            ]
            for low_rank, scale in on_top:
                changed = changed + scale * low_rank.delta().to(weight.device)
            weight.data = (changed if on_top else original).to(weight.device, weight.dtype)
            if not on_top:
                del self._as_loaded[layer]
