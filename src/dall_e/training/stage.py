"""What a stage gives the training loop: the contract of `training/loop.py` with every `*_stage.py`.

A stage says what is trained (`players`), on what (`batch`) and with what loss (`losses`). All of it
is a function of the settings and of the number of pictures seen, so that a resumed run equals one
that was never stopped; what else has state is in `state_dict`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from dall_e.runtime import autocast
from dall_e.training.player import Player
from dall_e.training.run_folder import RunData

BatchType = TypeVar("BatchType")


class StepOutput(NamedTuple):
    """A loss, and what it is made of."""

    loss: Tensor
    """Scalar, to be lowered."""
    parts: dict[str, Tensor]
    """Detached scalars for the log."""


class Stage(Generic[BatchType]):
    """What is trained, and how: one subclass per stage.

    A subclass sets `players`, `device` and `networks`, and has `batch` and either `loss` or
    `losses`. The rest is there for those that need it.
    """

    players: tuple[Player, ...]
    """The networks that are trained."""
    device: torch.device
    """Where they are."""
    networks: dict[str, Any]
    """Settings of the networks, ready for JSON; stored with the weights, and a resumed run must
    have the same."""
    run_data: RunData | None = None
    """What it is trained on; a resumed run must have the same."""
    judged_by = ""
    """The measure of `sample` by which the best weights are kept, lower is better; empty keeps the
    newest only."""
    can_be_timed = True
    """Whether steps can be made before the stage is prepared, to time them for --dry-run."""
    can_be_sharded = False
    """Whether its networks can be in shards (`sharding.py`): each of `losses` is then computed in a
    forward pass of its own, and no gradient of a gradient is taken."""
    num_held_out = 0
    """How many held-out pictures that measure is taken on: of few it says little."""

    def computed(self) -> list[nn.Module]:
        """The networks that are computed with gradients: those that learn, and what is around."""
        return [player.module for player in self.players]

    def batch(self, images_seen: int) -> BatchType:
        """The batch that follows after `images_seen` pictures, on the device.

        It depends on the seed and on that number alone.
        """
        raise NotImplementedError

    def loss(self, batch: BatchType) -> StepOutput:
        """The loss of a stage with a single player; runs under autocast."""
        raise NotImplementedError

    def losses(self, batch: BatchType, progress: float) -> Iterator[tuple[str, StepOutput]]:
        """The loss of each player by its name, in turn; runs under autocast.

        The loop steps a player before it asks for the next one, so a player meets what the ones
        before it have learnt. One that sits out a step is left out. `progress` is the fraction of
        the run that is done.
        """
        yield self.players[0].name, self.loss(batch)

    def end_step(self) -> None:
        """Called after each step, in every process: what has state becomes the same in all.

        `training.processes` adds up over processes; micro-batches are gathered by the stage.
        """

    def window(self) -> dict[str, float]:
        """More values for a line of the log, gathered by all processes since the last call."""
        return {}

    def sample(self, path: Path) -> dict[str, float]:
        """Writes a sample sheet (PNG) and returns held-out measures.

        The players have their averaged weights then.
        """
        return {}

    def summary(self) -> list[str]:
        """Lines for --dry-run and the head of the log: data, sizes, when players join."""
        return []

    def state_dict(self) -> dict[str, Any]:
        """State beyond weights that a resumed run needs: tensors, numbers, text."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes back what `state_dict` gave."""

    def close(self) -> None:
        """Ends what the stage has started; called at the end of `fit`, however it ends."""


def played(
    stage: Stage[BatchType], batch: BatchType, progress: float, dtype: torch.dtype
) -> Iterator[tuple[str, Tensor]]:
    """Yield the name of each player in turn, and its loss, computed in `dtype` where it may be.

    The player has to learn from it before the next turn, as in the training loop.
    """
    turns = stage.losses(batch, progress)
    while True:
        with autocast(stage.device, dtype):
            turn = next(turns, None)
        if turn is None:
            return
        name, (loss, _) = turn
        yield name, loss
