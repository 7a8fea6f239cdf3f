"""The memory of a run, found before it begins: a step of it, on tensors that have no content.

PyTorch's fake tensors have shapes and types, and choose the same arithmetic, but take no memory and
compute nothing. What a step makes is counted for as long as it lives, so that gradient
checkpointing, formats, low rank and optimisers need no formulas of their own.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from torch.utils.weak import WeakIdKeyDictionary

from dall_e.config import LoopConfig
from dall_e.runtime import pick_dtype
from dall_e.training.gradients import recompute_where_asked
from dall_e.training.player import PlayerTrainer
from dall_e.training.processes import num_processes
from dall_e.training.stage import Stage, played


@dataclass(frozen=True, kw_only=True)
class MemoryNeed:
    """What a process needs for its steps, in bytes, beside its program and its pictures."""

    images: int
    """Pictures that it computes at once."""
    kept: Mapping[str, int]
    """Between steps, by kind: weights, gradients, optimizer, averages."""
    computed: int
    """What there is beside these at the most."""

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.kept.values()) + self.computed


_INDEXED = (
    torch.ops.aten.index.Tensor,
    torch.ops.aten.index_put.default,
    torch.ops.aten.index_put_.default,
    torch.ops.aten._index_put_impl_.default,
)


def _without_masks(indices: Sequence[Tensor | None]) -> list[Tensor | None]:
    """Indices with those for a mask of which all is set: what is set has no content."""
    found: list[Tensor | None] = []
    for index in indices:
        if index is None or index.dtype != torch.bool:
            found.append(index)
        else:
            found += [index.new_zeros(index.numel(), dtype=torch.long)] * index.ndim
    return found


class _NoContent(TorchDispatchMode):
    """Counts the bytes of all tensors that are made inside, and the most at once."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._seen = WeakIdKeyDictionary()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default:
            return 0  # A number that is not there: a flag that is not set.
        if func in _INDEXED:
            args = (args[0], _without_masks(args[1]), *args[2:])
        result = func(*args, **(kwargs or {}))
        for tensor in tree_iter(result):
            if isinstance(tensor, Tensor):
                self._count(tensor.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        if storage in self._seen:
            return
        size = storage.nbytes()
        self._seen[storage] = size
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._forget, size)

    def _forget(self, size: int) -> None:
        self.now -= size


def rehearse(loop: LoopConfig, make: Callable[[], Stage[Any]]) -> MemoryNeed:
    """The memory of a step of the stage that `make` gives, which reads no data.

    `make` is called where tensors have no content. Raises ValueError as
    `gradients.recompute_where_asked` does.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(), _NoContent() as counted:
        stage = make()
        recompute_where_asked(stage, loop)
        trainers = {player.name: PlayerTrainer(player) for player in stage.players}
        batch = stage.batch(0)
        dtype = pick_dtype(loop.precision, stage.device)
        # The first step leaves gradients and moments behind, of the weights that have some.
        _step(stage, batch, trainers, dtype)
        counted.peak = counted.now
        _step(stage, batch, trainers, dtype)
        kept = _added([trainer.kept_bytes() for trainer in trainers.values()])
        computed = counted.peak - sum(kept.values())

    if num_processes() > 1:
        # DDP has room for the gradients once more, to send them.
        computed += kept["gradients"]
    return MemoryNeed(images=loop.micro_batch_size, kept=kept, computed=computed)


def _step(
    stage: Stage[Any], batch: Any, trainers: Mapping[str, PlayerTrainer], dtype: torch.dtype
) -> None:
    """One step of all players, towards the end of a run, when all of them play."""
    for name, loss in played(stage, batch, 1.0, dtype):
        trainers[name].add(loss)
        trainers[name].update(torch.zeros((), device=stage.device), 1.0)


def _added(by_player: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {kind: sum(each[kind] for each in by_player) for kind in by_player[0]}
