"""A network that is trained, and its steps: clip, step the optimiser, average the weights."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dall_e.config import OptimizerConfig
from dall_e.training.optim import AveragedWeights, build_optimizers
from dall_e.training.processes import total
from dall_e.training.sharding import is_shard, local, shared_out, whole


@dataclass(frozen=True, kw_only=True)
class Player:
    """A network that is trained, with an optimiser of its own.

    Most stages have one. An adversarial game has two, whence the name.
    """

    name: str
    """Name in checkpoints and in `Stage.losses`."""
    module: nn.Module
    """The network; parameters without `requires_grad` at the start stay as they are."""
    optimizer: OptimizerConfig
    """How it learns."""
    betas: tuple[float, float] = (0.9, 0.95)
    """AdamW's betas."""
    ema: bool = True
    """Whether averaged weights are kept; they are then the ones that are sampled."""

    def num_parameters(self, *, trained: bool = False) -> int:
        """How many numbers its network has; `trained` counts those that learn only."""
        return sum(
            parameter.numel()
            for parameter in self.module.parameters()
            if parameter.requires_grad or not trained
        )


class PlayerTrainer:
    """A player with its optimisers, its averaged weights and its count of skipped steps."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self._optimizers = build_optimizers(player.module, player.optimizer, betas=player.betas)
        self._parameters = [p for p in player.module.parameters() if p.requires_grad]
        self._average: AveragedWeights | None = None
        if player.ema:
            self._average = AveragedWeights(player.module, player.optimizer.ema_decay)

        self._loss: Tensor | None = None
        """Of what was added since the last step."""
        self._num_steps = 0
        device = self._parameters[0].device
        self.num_skipped = torch.zeros((), device=device)
        self.num_skipped_in_row = torch.zeros((), device=device)

    def add(self, loss: Tensor, fraction: float = 1.0) -> None:
        """The backward pass of a loss that is this fraction of the step's."""
        if self._loss is None:
            # A turn of another player may have left gradients here.
            for optimizer in self._optimizers:
                optimizer.zero_grad(set_to_none=True)
        part = loss if fraction == 1 else loss * fraction
        part.backward()
        self._loss = part.detach() if self._loss is None else self._loss + part.detach()

    def step(self, learning_rate_fraction: float) -> Tensor:
        """One step: clip, step, average. Returns the norm of the gradient of what was added.

        Nothing changes if a loss or the gradient is not finite, in any process.
        """
        assert self._loss is not None, "a step follows the loss that it is for"
        norm = clip(self._parameters, self.player.optimizer.clip_norm)

        # Counted on the device, so that the CPU need not wait for the loss.
        bad = (~torch.isfinite(norm + total(self._loss))).float()
        self.num_skipped = self.num_skipped + bad
        self.num_skipped_in_row = (self.num_skipped_in_row + 1) * bad
        self.update(bad, learning_rate_fraction)
        return norm.detach()

    def update(self, bad: Tensor, learning_rate_fraction: float) -> None:
        """Moves weights and averages by the gradients as they are, but where `bad` is 1."""
        self._loss = None
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.player.optimizer.learning_rate * learning_rate_fraction
            if optimizer.defaults.get("fused"):
                # The fused step looks at the flag on the device by itself.
                optimizer.found_inf, optimizer.grad_scale = bad, None  # type: ignore[attr-defined]
                optimizer.step()
            elif not bool(bad):
                optimizer.step()

        self._num_steps += 1
        if self._average is not None:
            self._average.update(self._num_steps)

    def kept_bytes(self) -> dict[str, int]:
        """What it keeps in memory between steps, by kind; of the weights, all of its network's."""
        states: list[dict[str, Any]] = [
            state for optimizer in self._optimizers for state in optimizer.state.values()
        ]
        moments = [x for state in states for x in state.values() if isinstance(x, Tensor)]
        kinds: dict[str, list[Tensor]] = {
            "weights": list(self.player.module.parameters()),
            "gradients": [p.grad for p in self._parameters if p.grad is not None],
            "optimizer": moments,
        }
        kept = {
            kind: sum(local(x).numel() * x.element_size() for x in tensors)
            for kind, tensors in kinds.items()
        }
        return {**kept, "averages": self._average.kept_bytes() if self._average else 0}

    def averaged(self) -> contextlib.AbstractContextManager[None]:
        """The network has its averaged weights inside the `with`."""
        return contextlib.nullcontext() if self._average is None else self._average.swapped_in()

    def weights(self) -> dict[str, Tensor]:
        """The network's weights as they are; of shards, in the main process alone."""
        weights: dict[str, Tensor] = whole(self.player.module.state_dict())
        return weights

    def state_dict(self) -> dict[str, Any]:
        """All that a resumed run needs; of shards, in the main process alone."""
        return {
            "weights": self.weights(),
            "ema": None if self._average is None else whole(self._average.state_dict()),
            "optimizers": [whole(optimizer.state_dict()) for optimizer in self._optimizers],
            "num_steps": self._num_steps,
            "skipped": [float(self.num_skipped), float(self.num_skipped_in_row)],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes back what `state_dict` gave."""
        present = self.player.module.state_dict()
        stored = state["weights"]
        if stored.keys() == present.keys():
            stored = {name: shared_out(stored[name], like) for name, like in present.items()}
        self.player.module.load_state_dict(stored)
        if self._average is not None:
            self._average.load_state_dict(state["ema"])
        for optimizer, stored in zip(self._optimizers, state["optimizers"], strict=True):
            weights = [weight for group in optimizer.param_groups for weight in group["params"]]
            moments = {
                index: {name: shared_out(x, weights[index]) for name, x in of_weight.items()}
                for index, of_weight in stored["state"].items()
            }
            optimizer.load_state_dict({**stored, "state": moments})
        self._num_steps = state["num_steps"]
        self.num_skipped.fill_(state["skipped"][0])
        self.num_skipped_in_row.fill_(state["skipped"][1])


def clip(parameters: list[nn.Parameter], most: float) -> Tensor:
    """Scale gradients down to this norm of all of them together; returns the norm before."""
    gradients = [local(p.grad) for p in parameters if p.grad is not None]
    in_shards = [is_shard(p) for p in parameters if p.grad is not None]
    if not any(in_shards):
        return nn.utils.clip_grad_norm_(parameters, most)
    squares = torch.stack([gradient.float().square().sum() for gradient in gradients])
    shards_G = torch.tensor(in_shards, device=squares.device)
    norm = (total((squares * shards_G).sum()) + (squares * ~shards_G).sum()).sqrt()
    torch._foreach_mul_(gradients, (most / (norm + 1e-6)).clamp(max=1.0))
    return norm
