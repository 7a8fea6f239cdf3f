"""The losses of a step: one micro-batch after the other, with gradients that processes share.

A batch is made of micro-batches, each a function of the seed and of its place in the data. Which
process computes one, and how many each has, changes nothing but the order of sums: two processes,
or one that adds up the gradients of two micro-batches, learn the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from dall_e.config import LoopConfig
from dall_e.nn.transformer import recompute_blocks
from dall_e.training.processes import num_processes, rank
from dall_e.training.sharding import ShardedNetworks, is_shard, missing_elsewhere, wants_shards
from dall_e.training.stage import Stage, StepOutput

Turns = Iterator[tuple[str, StepOutput]]
Turn = tuple[str, StepOutput]


def own_positions(loop: LoopConfig, images_seen: int) -> list[int]:
    """Where the micro-batches of this process start, in the batch after `images_seen` pictures.

    Processes take turns, so those of one are always `num_processes` micro-batches apart. Raises
    ValueError if they do not share a batch evenly.
    """
    size = loop.micro_batch_size
    each, rest = divmod(loop.batch_size, size * num_processes())
    if rest:
        raise ValueError(
            f"--batch-size {loop.batch_size} is no multiple of {num_processes()} processes with "
            f"micro-batches of {size}: name another --batch-size or --micro-batch"
        )
    return [images_seen + (turn * num_processes() + rank()) * size for turn in range(each)]


def seed_micro_batch(loop: LoopConfig, position: int, turn: int) -> None:
    """Makes what is random in a network (dropout) a function of the micro-batch, too."""
    torch.manual_seed((loop.seed * 2**44 + position * 8 + turn) % 2**63)


def recompute_where_asked(stage: Stage[Any], loop: LoopConfig) -> None:
    """Gradient checkpointing, if the settings say so. Raises ValueError without such blocks."""
    if loop.gradient_checkpointing and not sum(map(recompute_blocks, stage.computed())):
        raise ValueError(
            "--gradient-checkpointing is for transformer blocks, and this stage has none: a "
            "smaller --micro-batch takes less memory, too"
        )


class SharedGradients:
    """What players learn from, averaged over all processes by PyTorch's DDP, or by FSDP2.

    With FSDP2 it is made before the optimisers, as weights become shards.
    """

    def __init__(self, stage: Stage[Any], loop: LoopConfig) -> None:
        """Raises ValueError for shards of a stage that cannot have them."""
        self._shared: DistributedDataParallel | None = None
        self.shards: ShardedNetworks | None = None
        modules = nn.ModuleList(player.module for player in stage.players)
        if wants_shards(loop) and (stage.can_be_sharded or loop.sharding == "fsdp"):
            if not stage.can_be_sharded:
                raise ValueError(
                    "this stage's networks are small, and some of their losses take gradients of "
                    "gradients, which FSDP cannot: leave --sharding fsdp out"
                )
            self.shards = ShardedNetworks(_NextTurn(modules, in_shards=True), stage.device)
        elif num_processes() > 1:
            # Which weights a loss depends on changes from turn to turn, and with the captions.
            self._shared = DistributedDataParallel(
                _NextTurn(modules), find_unused_parameters=True, broadcast_buffers=False
            )

    def next_turn(self, turns: Turns, *, is_last: bool) -> Turn | None:
        """The next loss of a micro-batch, None after the last one.

        Gradients are averaged in the backward pass of the last micro-batch of a process, and added
        up before.
        """
        if self.shards is not None:
            found: Turn | None = self.shards.root(turns)
            if found is None:
                self.shards.release()
            return found
        if self._shared is None:
            return next(turns, None)
        waiting = contextlib.nullcontext() if is_last else self._shared.no_sync()
        with waiting, contextlib.suppress(_NoTurn):
            turn: Turn = self._shared(turns)
            return turn
        return None

    def end_turn(self) -> None:
        """Called after the last backward pass of a turn."""
        if self.shards is not None:
            self.shards.average_scalars()

    def gathered(self) -> contextlib.AbstractContextManager[None]:
        """Inside, networks can be used as those of one process."""
        return contextlib.nullcontext() if self.shards is None else self.shards.gathered()


class _NoTurn(Exception):
    """A stage has no further loss for this step."""


class _NextTurn(nn.Module):
    """The forward pass of whatever a stage computes next: DDP watches a module's `forward`."""

    def __init__(self, modules: nn.ModuleList, *, in_shards: bool = False) -> None:
        super().__init__()
        self._modules_of_players = modules
        self._in_shards = in_shards

    def forward(self, turns: Turns) -> Any:
        turn = next(turns, None)
        if self._in_shards:
            return turn and self._with_all_gradients(turn)
        if turn is None:
            # DDP must not wait for the gradients of a loss that is not there.
            raise _NoTurn
        return turn

    def _with_all_gradients(self, turn: Turn) -> Turn:
        name, (loss, parts) = turn
        # Those of blocks are shards again: a block computes with all of its own, or with none.
        weights = [p for p in self.parameters() if p.requires_grad and not is_shard(p)]
        return name, StepOutput(loss + missing_elsewhere(loss, weights), parts)
