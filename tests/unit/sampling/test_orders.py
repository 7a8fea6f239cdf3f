"""Group sizes and orders keep their promises for every number of tokens and steps.

Shapes: B pictures, P positions in raster order, N ranks.
"""

import math

import pytest
import torch

from dall_e.config import OrderKind, ScheduleKind
from dall_e.sampling.orders import group_numbers, group_sizes, make_orders

SCHEDULES: list[ScheduleKind] = ["arccos", "cosine", "uniform"]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_sizes_add_up_and_keep_their_limits(schedule: ScheduleKind) -> None:
    for num_tokens in (1, 2, 16, 64, 144, 256):
        for num_steps in {
            1,
            2,
            3,
            7,
            8,
            12,
            24,
            50,
            64,
            num_tokens // 2,
            num_tokens - 1,
            num_tokens,
        }:
            for max_group in (1, 3, 16, 1000):
                if not 1 <= num_steps <= num_tokens:
                    continue
                sizes = group_sizes(num_tokens, num_steps, schedule, max_group)
                where = f"{num_tokens} in {num_steps}, {schedule}, at most {max_group}: {sizes}"
                assert len(sizes) == num_steps and sum(sizes) == num_tokens, where
                assert min(sizes) >= 1, where
                assert max(sizes) <= max(max_group, math.ceil(num_tokens / num_steps)), where


def test_sizes_by_hand() -> None:
    assert group_sizes(16, 4, "uniform", 16) == [4, 4, 4, 4]
    assert group_sizes(16, 16, "arccos", 16) == [1] * 16
    # 1 - cos(pi / 2 u) of 16 at u = 1/4 ... 1: 1.2, 4.7, 9.9, 16.
    assert group_sizes(16, 4, "cosine", 16) == [1, 4, 5, 6]
    # 1 - 2 / pi arccos u of 16: 2.6, 5.3, 8.6, 16; the cap of 6 moves the surplus forward.
    assert group_sizes(16, 4, "arccos", 16) == [3, 2, 4, 7]
    assert group_sizes(16, 4, "arccos", 6) == [3, 2, 5, 6]


@pytest.mark.parametrize("num_steps", [0, 17])
def test_steps_out_of_range_are_named(num_steps: int) -> None:
    with pytest.raises(ValueError, match=f"tokens, 16; got {num_steps}"):
        group_sizes(16, num_steps, "cosine", 16)


def test_group_numbers_count_from_one() -> None:
    assert group_numbers([1, 3, 2]).tolist() == [1, 2, 2, 2, 3, 3]


@pytest.mark.parametrize("kind", ["raster", "random", "locality"])
def test_orders_are_permutations_of_their_own_row(kind: OrderKind) -> None:
    uniform_BP = torch.rand(4, 36, generator=torch.Generator().manual_seed(0))
    sizes = group_sizes(36, 9, "arccos", 16)
    positions_BN = make_orders(kind, uniform_BP, sizes)
    assert torch.equal(positions_BN.sort(dim=1).values, torch.arange(36).expand(4, -1))
    for row in range(4):
        assert torch.equal(
            make_orders(kind, uniform_BP[row : row + 1], sizes)[0], positions_BN[row]
        )
    if kind == "raster":
        assert torch.equal(positions_BN[0], torch.arange(36))
    else:
        assert len(torch.unique(positions_BN, dim=0)) == 4


def test_random_orders_put_every_place_first_equally_often() -> None:
    uniform_BP = torch.rand(3200, 16, generator=torch.Generator().manual_seed(1))
    first = torch.bincount(make_orders("random", uniform_BP, [16])[:, 0], minlength=16)
    # Pearson's statistic with 15 degrees of freedom is above 57.9 with odds of less than one in a
    # million.
    assert ((first - 200.0).square() / 200).sum().item() < 57.9


def test_locality_grows_from_what_is_known_and_spreads_within_a_step() -> None:
    side, sizes = 12, [4] * 36
    uniform_BP = torch.rand(8, side * side, generator=torch.Generator().manual_seed(2))
    kinds: tuple[OrderKind, OrderKind] = ("locality", "random")
    touching_siblings, touching_known = {}, {}
    for kind in kinds:
        siblings, known = [], []
        for positions_N in make_orders(kind, uniform_BP, sizes):
            points_N2 = torch.stack((positions_N // side, positions_N % side), dim=-1).float()
            touching_NN = torch.cdist(points_N2, points_N2).fill_diagonal_(99) < 1.5
            for start in range(4, 72, 4):
                group = slice(start, start + 4)
                siblings.append(touching_NN[group, group].any().item())
                known.append(touching_NN[group, :start].any(dim=1).float().mean().item())
        touching_siblings[kind] = sum(siblings) / len(siblings)
        touching_known[kind] = sum(known) / len(known)
    assert touching_siblings["locality"] < 0.02 < 0.2 < touching_siblings["random"]
    assert touching_known["locality"] > 0.95 > 0.9 > touching_known["random"]
