"""Networks in shards: each process keeps a part of every weight, its gradient and its moments.

PyTorch's FSDP2 (`fully_shard`) brings a block's weights together when they are needed, and shares
gradients out again. A shard is a `DTensor`. Checkpoints hold whole tensors, so that a run can go on
with any number of processes, in shards or not.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from dall_e.config import LoopConfig
from dall_e.nn.transformer import Block
from dall_e.training.processes import num_processes, rank


def wants_shards(loop: LoopConfig) -> bool:
    """Whether the settings, or with `auto` those of `accelerate launch`, ask for shards.

    Raises ValueError where they cannot be had.
    """
    by_accelerate = os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"
    if loop.sharding == "none" or (loop.sharding == "auto" and not by_accelerate):
        return False
    if num_processes() == 1:
        if loop.sharding == "auto":
            return False
        raise ValueError("--sharding fsdp shares weights out among processes: start several")
    if loop.compile:
        raise ValueError("--sharding fsdp and --compile do not go together: leave one out")
    if by_accelerate and os.environ.get("FSDP_VERSION", "1") != "2":
        raise ValueError("Accelerate's config asks for FSDP 1: set fsdp_version to 2")
    return True


class ShardedNetworks:
    """Networks whose weights are shared out among the processes.

    `root` has all of them, and computes them in its `forward` only.
    """

    def __init__(self, root: nn.Module, device: torch.device) -> None:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import CPUOffloadPolicy, OffloadPolicy, fully_shard

        self.root = root
        # A scale that is one number cannot be shared out: every process has it.
        self._scalars = [weight for weight in root.parameters() if weight.ndim == 0]
        offloads = os.environ.get("FSDP_OFFLOAD_PARAMS", "").lower() == "true"
        keeps = os.environ.get("FSDP_RESHARD_AFTER_FORWARD", "").lower() == "false"
        options: dict[str, Any] = {
            "mesh": init_device_mesh(device.type, (num_processes(),)),
            "offload_policy": CPUOffloadPolicy() if offloads else OffloadPolicy(),
        }
        self._blocks = [part for part in root.modules() if isinstance(part, Block)]
        self._frees_blocks = not keeps
        for block in self._blocks:
            fully_shard(block, reshard_after_forward=self._frees_blocks, **options)
        fully_shard(root, ignored_params=set(self._scalars), **options)

    def release(self) -> None:
        """Gives back what a forward pass without a backward pass has brought together."""
        self.root.reshard()  # type: ignore[operator]

    def average_scalars(self) -> None:
        """Averages the gradients of weights that every process has, after a backward pass."""
        if not self._scalars:
            return
        told = [
            torch.stack((w.grad, torch.ones_like(w))) if w.grad is not None else w.new_zeros(2)
            for w in self._scalars
        ]
        told_S2 = torch.stack(told)
        torch.distributed.all_reduce(told_S2)
        for weight, (total, count) in zip(self._scalars, told_S2, strict=True):
            weight.grad = total / num_processes() if count else None

    @contextlib.contextmanager
    def gathered(self) -> Iterator[None]:
        """Inside, each process has all weights and computes as it likes; all come here together."""
        parts: list[Any] = [self.root, *self._blocks]
        for part in parts:
            part.unshard()
        for block in parts[1:]:
            block.set_reshard_after_forward(False)
        try:
            yield
        finally:
            for part in parts:
                part.reshard()
            for block in parts[1:]:
                block.set_reshard_after_forward(self._frees_blocks)


def missing_elsewhere(loss: Tensor, weights: list[nn.Parameter]) -> Tensor:
    """Zero, by way of the weights that this loss leaves out and another process's does not.

    Gradients are shared out by all processes together, so all must have the same ones.
    """
    found = _leaves(loss)
    used_W = torch.tensor([id(weight) in found for weight in weights], dtype=torch.int32)
    anywhere_W = used_W.to(loss.device, copy=True)
    torch.distributed.all_reduce(anywhere_W, op=torch.distributed.ReduceOp.MAX)
    left_out = (anywhere_W.cpu() > used_W).tolist()
    zero = loss.new_zeros(())
    for weight, is_missing in zip(weights, left_out, strict=True):
        if is_missing:
            zero = zero + 0.0 * weight.sum()
    return zero


def _leaves(loss: Tensor) -> set[int]:
    """Which weights a loss depends on, by identity."""
    found: set[int] = set()
    seen: set[Any] = set()
    waiting = [loss.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.add(id(node.variable))
        waiting += [each for each, _ in node.next_functions]
    return found


def is_shard(tensor: Any) -> bool:
    """Whether this process has a part of a tensor only."""
    if num_processes() == 1:
        return False
    from torch.distributed.tensor import DTensor  # half a second, which one process does not need

    return isinstance(tensor, DTensor)


def local(tensor: Tensor) -> Tensor:
    """The part of a tensor that this process has, the same memory."""
    part: Tensor = tensor.to_local() if is_shard(tensor) else tensor  # type: ignore[attr-defined]
    return part


def full(tensor: Tensor) -> Tensor:
    """All of a tensor, in each process; all processes call this together."""
    all_of_it: Tensor = tensor.full_tensor() if is_shard(tensor) else tensor  # type: ignore[attr-defined]
    return all_of_it


def whole(state: Any) -> Any:
    """Nested dicts and lists with all shards brought together; all processes call this together.

    Only the main process gets them, on the CPU; the others get empty tensors instead.
    """
    if isinstance(state, dict):
        return {name: whole(value) for name, value in state.items()}
    if isinstance(state, list):
        return [whole(value) for value in state]
    if not is_shard(state):
        return state
    together = full(state.detach())
    return together.cpu() if rank() == 0 else together.new_empty(0)


def shared_out(tensor: Tensor, like: Tensor) -> Tensor:
    """A whole tensor in shards, as another one with as many rows is; itself where that is whole."""
    if not is_shard(like) or tensor.ndim == 0:
        return tensor
    from torch.distributed.tensor import DTensor, distribute_tensor

    assert isinstance(like, DTensor)
    # Every process has the whole of it: nothing is sent.
    tensor = tensor.to(like.device)
    return distribute_tensor(tensor, like.device_mesh, like.placements, src_data_rank=None)
