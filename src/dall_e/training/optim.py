"""AdamW, Muon beside it, their schedule, and the averaged weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from dall_e.config import OptimizerConfig, TrainingConfig
from dall_e.nn.transformer import Block
from dall_e.training.muon import Muon
from dall_e.training.sharding import local, shared_out


def build_optimizers(
    module: nn.Module, config: OptimizerConfig, *, betas: tuple[float, float]
) -> tuple[torch.optim.Optimizer, ...]:
    """The optimisers of the trainable parameters of `module`, as the settings say."""
    if config.optimizer == "muon":
        return build_muon(module, config, betas=betas)
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    return (build_adamw(parameters, config, betas=betas),)


def build_muon(
    module: nn.Module, config: OptimizerConfig, *, betas: tuple[float, float]
) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """Muon for matrices of transformer blocks and kernels of convolutions, AdamW for the rest.

    Muon turns the momentum of a matrix into the nearest orthogonal one, so that rare directions
    learn as fast as common ones (Jordan et al. 2024). Its steps are scaled to the size of AdamW's
    (Liu et al., "Muon is scalable for LLM training", 2025), so one learning rate serves both.
    Embeddings and heads stay with AdamW: their rows are looked up one by one. Raises ValueError if
    `module` has neither block nor convolution.
    """
    # By identity: a block may hold a convolution, and both would name its kernel.
    hidden: dict[int, nn.Parameter] = {}
    for part in module.modules():
        if isinstance(part, Block | nn.Conv2d):
            for parameter in part.parameters():
                if parameter.ndim in (2, 4) and parameter.requires_grad:
                    hidden[id(parameter)] = parameter
    if not hidden:
        raise ValueError(
            f"optimizer muon is for blocks and convolutions, and {type(module).__name__} has "
            "neither: choose adamw"
        )

    muon = Muon(
        list(hidden.values()),
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
    )
    rest = [p for p in module.parameters() if p.requires_grad and id(p) not in hidden]
    return muon, build_adamw(rest, config, betas=betas)


def build_adamw(
    parameters: list[nn.Parameter], config: OptimizerConfig, *, betas: tuple[float, float]
) -> torch.optim.AdamW:
    """AdamW, where only matrices (two or more dimensions) decay.

    Decaying a bias or a norm's gain pulls towards a wrong function, not towards a simpler one.
    """
    matrices = [parameter for parameter in parameters if parameter.ndim >= 2]
    vectors = [parameter for parameter in parameters if parameter.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    fused = bool(parameters) and parameters[0].device.type in ("cpu", "cuda")
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=betas, fused=fused)


def learning_rate_fraction(config: TrainingConfig, images_seen: int) -> float:
    """The learning rate after `images_seen` pictures, as a fraction of its peak.

    It rises linearly over the warm-up, then falls along a cosine to its final value.
    """
    loop, optimizer = config.loop, config.optimizer

    # A run shorter than its warm-up would never reach its peak; it warms up over a tenth instead.
    warmup = min(optimizer.warmup_images, max(loop.images // 10, 1))
    if images_seen < warmup:
        return (images_seen + loop.batch_size) / (warmup + loop.batch_size)

    done = min((images_seen - warmup) / max(loop.images - warmup, 1), 1.0)
    cosine = 0.5 * (1 + math.cos(math.pi * done))
    return optimizer.final_learning_rate + (1 - optimizer.final_learning_rate) * cosine


class AveragedWeights:
    """Exponential moving average of a module's weights; it is what is sampled and kept.

    Of weights that do not learn it keeps no copy: they are their own average.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._decay = decay
        self._module = module
        frozen = {name for name, weight in module.named_parameters() if not weight.requires_grad}
        weights = module.state_dict()
        self._moving = [name for name in weights if name not in frozen]
        self._average = {**weights, **_copied({name: weights[name] for name in self._moving})}

    @torch.no_grad()
    def update(self, num_steps: int) -> None:
        """Call after every step, with the number of steps done.

        Early on, the average forgets its start faster.
        """
        decay = min(self._decay, (1 + num_steps) / (10 + num_steps))
        averages: list[Tensor] = []
        weights: list[Tensor] = []
        present = self._module.state_dict()
        for name in self._moving:
            tensor = present[name]
            if tensor.is_floating_point():
                averages.append(local(self._average[name]))
                weights.append(local(tensor))
            else:
                self._average[name].copy_(tensor)
        torch._foreach_lerp_(averages, weights, 1 - decay)

    def kept_bytes(self) -> int:
        """What it has in memory beside the module's own weights."""
        kept = [local(self._average[name]) for name in self._moving]
        return sum(tensor.numel() * tensor.element_size() for tensor in kept)

    def state_dict(self) -> dict[str, Tensor]:
        """The averaged weights, by the module's names."""
        return dict(self._average)

    def load_state_dict(self, weights: dict[str, Tensor]) -> None:
        """Takes over stored averages. Raises ValueError if names or shapes differ."""
        expected = {name: tuple(tensor.shape) for name, tensor in self._average.items()}
        given = {name: tuple(tensor.shape) for name, tensor in weights.items()}
        if expected != given:
            names = sorted(dict(expected.items() ^ given.items()))
            raise ValueError(f"the stored averages do not fit the network at {', '.join(names)}")
        for name, tensor in weights.items():
            self._average[name].copy_(shared_out(tensor, self._average[name]))

    @contextmanager
    def swapped_in(self) -> Iterator[None]:
        """The module has the averaged weights inside the `with`, and exactly its own after it."""
        present = self._module.state_dict()
        trained = _copied({name: present[name] for name in self._moving})
        self._module.load_state_dict(self._average)
        try:
            yield
        finally:
            self._module.load_state_dict({**self._average, **trained})


def _copied(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in weights.items()}
