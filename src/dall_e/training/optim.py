"""AdamW, Muon beside it, their schedule, and the averaged weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from dall_e.config import LoopConfig
from dall_e.nn.transformer import Block


def build_adamw(
    module: nn.Module, *, learning_rate: float, betas: tuple[float, float], weight_decay: float
) -> torch.optim.AdamW:
    """AdamW over the trainable parameters of `module`; see `_adamw`."""
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    return _adamw(parameters, learning_rate=learning_rate, betas=betas, weight_decay=weight_decay)


def build_muon(
    module: nn.Module, *, learning_rate: float, betas: tuple[float, float], weight_decay: float
) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """Muon over the matrices of transformer blocks and the kernels of convolutions, AdamW over the
    rest.

    Muon turns the momentum of a matrix into the nearest orthogonal one, so that rare directions
    learn as fast as common ones (Jordan et al. 2024). Its steps are scaled to the size of AdamW's
    (Liu et al., "Muon is scalable for LLM training", 2025), so one learning rate serves both.
    Embeddings and heads stay with AdamW: their rows are looked up one by one. Raises ValueError if
    PyTorch is older than 2.9 or if `module` has neither block nor convolution.
    """
    if not hasattr(torch.optim, "Muon"):
        raise ValueError(
            f"optimizer muon needs PyTorch 2.9 or newer, this is {torch.__version__}: choose adamw"
        )
    hidden = {
        id(parameter): parameter
        for part in module.modules()
        if isinstance(part, Block | nn.Conv2d)
        for parameter in part.parameters()
        if parameter.ndim in (2, 4) and parameter.requires_grad
    }
    if not hidden:
        raise ValueError(
            f"optimizer muon is for blocks and convolutions, and {type(module).__name__} has neither: choose adamw"
        )
    # Older versions of PyTorch have no class to derive it from.
    from dall_e.training.muon import KernelMuon

    rest = [p for p in module.parameters() if p.requires_grad and id(p) not in hidden]
    muon = KernelMuon(
        list(hidden.values()),
        lr=learning_rate,
        weight_decay=weight_decay,
        adjust_lr_fn="match_rms_adamw",
    )
    return muon, _adamw(rest, learning_rate=learning_rate, betas=betas, weight_decay=weight_decay)


def _adamw(
    parameters: list[nn.Parameter],
    *,
    learning_rate: float,
    betas: tuple[float, float],
    weight_decay: float,
) -> torch.optim.AdamW:
    """Only matrices (two or more dimensions) decay.

    Decaying a bias or a norm's gain pulls towards a wrong function, not towards a simpler one.
    """
    groups = [
        {
            "params": [parameter for parameter in parameters if parameter.ndim >= 2],
            "weight_decay": weight_decay,
        },
        {
            "params": [parameter for parameter in parameters if parameter.ndim < 2],
            "weight_decay": 0.0,
        },
    ]
    fused = bool(parameters) and parameters[0].device.type in ("cpu", "cuda")
    return torch.optim.AdamW(groups, lr=learning_rate, betas=betas, fused=fused)


def learning_rate_fraction(config: LoopConfig, images_seen: int) -> float:
    """Fraction of the peak learning rate at a place of the run: linear warm-up, then a cosine to the
    final share."""
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
        self._average = {
            name: tensor.detach().clone() for name, tensor in module.state_dict().items()
        }

    @torch.no_grad()
    def update(self, num_steps: int) -> None:
        """Call after every step, with the number of steps done: early on, the average forgets its
        start faster."""
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
        """Takes over stored averages. Raises ValueError if names or shapes differ from the
        module's."""
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
