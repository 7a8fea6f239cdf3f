"""In which order positions are revealed, and how many in each step: pure functions.

Shapes: B images, P positions of the grid in raster order, N ranks (N = P).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import accumulate

import torch
from torch import Tensor

from dall_e.config import OrderKind, ScheduleKind

# Weights of the locality order: a token near known ones is easy to predict, two near tokens drawn
# at once contradict each other.
_REPULSION = 4.0
_REPULSION_RADIUS = 2.5
_JITTER = 0.5
_BEFORE_ALL = 1000.0
"""More than all that a score can be made of."""


def group_sizes(
    num_tokens: int, num_steps: int, schedule: ScheduleKind, max_group: int
) -> list[int]:
    """Tokens revealed in each step: `num_steps` numbers of 1 or more, `num_tokens` in all.

    The fraction still hidden after a fraction u of the steps is cos(pi u / 2) ("cosine"; MaskGIT,
    arXiv 2202.04200), (2 / pi) arccos u ("arccos"; arXiv 2503.10568) or 1 - u ("uniform"). No group
    is larger than `max_group` where the steps allow it: arccos alone would draw 33 of 256 tokens in
    the last of 50 steps. Raises ValueError for fewer steps than 1, or more than tokens.
    """
    if not 1 <= num_steps <= num_tokens:
        raise ValueError(
            f"steps must be between 1 and the number of tokens, {num_tokens}; got {num_steps}"
        )
    hidden: Callable[[float], float] = {
        "arccos": lambda u: 2 / math.pi * math.acos(u),
        "cosine": lambda u: math.cos(math.pi / 2 * u),
        "uniform": lambda u: 1 - u,
    }[schedule]

    limit = max(max_group, -(-num_tokens // num_steps))
    sizes: list[int] = []
    done = 0
    for step in range(num_steps):
        wanted = round(num_tokens * (1 - hidden((step + 1) / num_steps))) - done

        # The steps that follow must get 1 to `limit` tokens each.
        steps_after = num_steps - step - 1
        least = max(1, num_tokens - done - limit * steps_after)
        most = min(limit, num_tokens - done - steps_after)
        sizes.append(min(max(wanted, least), most))
        done += sizes[-1]
    assert done == num_tokens
    return sizes


def group_numbers(sizes: list[int]) -> Tensor:
    """Group number, from 1, of each rank [N]."""
    numbers = range(1, len(sizes) + 1)
    ranks = [number for number, size in zip(numbers, sizes, strict=True) for _ in range(size)]
    return torch.tensor(ranks, dtype=torch.int64, device="cpu")


def make_orders(
    kind: OrderKind, uniform_BP: Tensor, sizes: list[int], known_BP: Tensor | None = None
) -> Tensor:
    """Positions [B, N] by rank, from one random number in (0, 1) per position.

    Positions that are known beforehand, as many in each row as the first of `sizes`, come first.
    """
    priority_BP = torch.zeros_like(uniform_BP)
    if known_BP is not None:
        priority_BP = known_BP.to(uniform_BP) * _BEFORE_ALL
    if kind == "raster":
        return priority_BP.argsort(dim=1, descending=True, stable=True)
    if kind == "random":
        return (uniform_BP - priority_BP).argsort(dim=1)
    return _locality_order(uniform_BP + priority_BP, sizes)


def _locality_order(uniform_BP: Tensor, sizes: list[int]) -> Tensor:
    """Greedily near known positions and far from others of the same step (LPD, arXiv 2507.01957).

    The score of a free position is 1 / distance summed over its known neighbours, minus a penalty
    that falls with the distance to positions already taken in this step, plus jitter.
    """
    num_positions = uniform_BP.shape[1]
    side = math.isqrt(num_positions)
    assert side * side == num_positions, f"{num_positions} positions are no square grid"
    near_PP, repel_PP = (kernel.to(uniform_BP.device) for kernel in _kernels(side))
    rows_B = torch.arange(uniform_BP.shape[0], dtype=torch.int64, device=uniform_BP.device)

    base_BP = _JITTER * uniform_BP.float()
    context_BP = torch.zeros_like(base_BP)
    # Of the step: what its positions repel, and what they add to the context of later steps.
    penalty_BP = torch.zeros_like(base_BP)
    gained_BP = torch.zeros_like(base_BP)

    step_ends = set(accumulate(sizes))
    ranks: list[Tensor] = []
    for rank in range(num_positions):
        position_B = (base_BP + context_BP - penalty_BP).argmax(1)
        ranks.append(position_B)
        base_BP[rows_B, position_B] = -torch.inf
        penalty_BP = torch.maximum(penalty_BP, repel_PP[position_B])
        gained_BP = gained_BP + near_PP[position_B]

        if rank + 1 in step_ends:
            context_BP = context_BP + gained_BP
            penalty_BP = torch.zeros_like(penalty_BP)
            gained_BP = torch.zeros_like(gained_BP)
    return torch.stack(ranks, dim=1)


def _kernels(side: int) -> tuple[Tensor, Tensor]:
    """How much each position adds to, and takes from, the score of each other."""
    axis = torch.arange(side, dtype=torch.float32, device="cpu")
    points_P2 = torch.cartesian_prod(axis, axis)
    distance_PP = torch.cdist(points_P2, points_P2)
    near_PP = torch.where(
        (distance_PP > 0) & (distance_PP < 1.5), 1 / distance_PP.clamp(min=1), 0.0
    )
    repel_PP = _REPULSION * (1 - distance_PP / _REPULSION_RADIUS).clamp(min=0)
    return near_PP, repel_PP
