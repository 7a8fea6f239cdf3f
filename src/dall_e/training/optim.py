"""AdamW, its schedule, and the averaged weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from dall_e.config import LoopConfig


def build_adamw(
    module: nn.Module, *, learning_rate: float, betas: tuple[float, float], weight_decay: float
) -> torch.optim.AdamW:
    """AdamW over the trainable parameters of `module`; only matrices (two or more dimensions) decay.

    Decaying a bias or a norm's gain pulls towards a wrong function, not towards a simpler one.
    """
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    groups = [
        {"params": [parameter for parameter in parameters if parameter.ndim >= 2], "weight_decay": weight_decay},
        {"params": [parameter for parameter in parameters if parameter.ndim < 2], "weight_decay": 0.0},
    ]
    fused = bool(parameters) and parameters[0].device.type in ("cpu", "cuda")
    return torch.optim.AdamW(groups, lr=learning_rate, betas=betas, fused=fused)


def learning_rate_share(config: LoopConfig, images_seen: int) -> float:
    """Share of the peak learning rate at a place of the run: linear warm-up, then a cosine to the final share."""
    # A run shorter than its warm-up would never reach its peak; it warms up over a tenth instead.
    warmup = min(config.warmup_images, max(config.images // 10, 1))
    if images_seen < warmup:
        return (images_seen + config.batch_size) / (warmup + config.batch_size)
    done = min((images_seen - warmup) / max(config.images - warmup, 1), 1.0)
    cosine = 0.5 * (1 + math.cos(math.pi * done))
    return config.final_learning_rate + (1 - config.final_learning_rate) * cosine


class AveragedWeights:
    """Exponential moving average of a module's weights; what is sampled and kept."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._decay = decay
        self._module = module
        self._average = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}

    @torch.no_grad()
    def update(self, num_steps: int) -> None:
        """Call after every step, with the number of steps done: early on, the average forgets its start faster."""
        decay = min(self._decay, (1 + num_steps) / (10 + num_steps))
        ours: list[Tensor] = []
        theirs: list[Tensor] = []
        for name, tensor in self._module.state_dict().items():
            if tensor.is_floating_point():
                ours.append(self._average[name])
                theirs.append(tensor)
            else:
                self._average[name].copy_(tensor)
        torch._foreach_lerp_(ours, theirs, 1 - decay)

    def state_dict(self) -> dict[str, Tensor]:
        """The averaged weights, by the module's names."""
        return dict(self._average)

    def load_state_dict(self, weights: dict[str, Tensor]) -> None:
        """Takes over stored averages. Raises ValueError if names or shapes differ from the module's."""
        ours = {name: tuple(tensor.shape) for name, tensor in self._average.items()}
        theirs = {name: tuple(tensor.shape) for name, tensor in weights.items()}
        if ours != theirs:
            names = sorted(dict(ours.items() ^ theirs.items()))
            raise ValueError(f"the stored averages do not fit the network at {', '.join(names)}")
        for name, tensor in weights.items():
            self._average[name].copy_(tensor)

    @contextmanager
    def swapped_in(self) -> Iterator[None]:
        """The module has the averaged weights inside the `with`, and exactly its own after it."""
        own = {name: tensor.detach().clone() for name, tensor in self._module.state_dict().items()}
        self._module.load_state_dict(self._average)
        try:
            yield
        finally:
            self._module.load_state_dict(own)
