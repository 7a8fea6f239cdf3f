"""Attention against the library's kernel, rotary positions against their defining property, the
cache by its contract.

Shapes: B batch rows, H heads, T tokens that attend, S tokens seen, K head width, P grid positions.
"""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from dall_e.nn.attention import (
    FixedMemory,
    KVCache,
    NoMemory,
    Rotation,
    attend,
    grid_rotation,
    rotate,
    visibility_bias,
)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_plain_products_equal_the_fused_kernel() -> None:
    q_BHTK, k_BHSK, v_BHSK = (
        normal(2, 3, 5, 8),
        normal(2, 3, 7, 8, seed=1),
        normal(2, 3, 7, 8, seed=2),
    )
    visible_TS = torch.rand(5, 7, generator=torch.Generator().manual_seed(3)) < 0.6
    visible_TS[:, 0] = True
    expected = F.scaled_dot_product_attention(q_BHTK, k_BHSK, v_BHSK, attn_mask=visible_TS)
    got = attend(q_BHTK, k_BHSK, v_BHSK, visibility_bias(visible_TS, torch.float32))
    torch.testing.assert_close(got, expected, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(
        attend(q_BHTK, k_BHSK, v_BHSK),
        F.scaled_dot_product_attention(q_BHTK, k_BHSK, v_BHSK),
        atol=1e-6,
        rtol=1e-5,
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_hidden_has_no_influence_at_all(dtype: torch.dtype) -> None:
    q, k, v = (normal(1, 2, 4, 8, seed=seed).to(dtype) for seed in range(3))
    bias_TS = visibility_bias(torch.ones(4, 4, dtype=torch.bool).tril(), dtype)
    before = attend(q, k, v, bias_TS)
    k[:, :, 2:], v[:, :, 2:] = 50.0, -1000.0
    after = attend(q, k, v, bias_TS)
    assert torch.equal(before[:, :, :2], after[:, :, :2])
    assert not torch.allclose(before[:, :, 2:], after[:, :, 2:])


def scores(rotation: Rotation, seed: int = 0) -> Tensor:
    """q . k for one query vector and one key vector, put at every pair of positions [P, P]."""
    num_positions = rotation.cos.shape[0]
    width = 2 * rotation.cos.shape[1]
    q = rotate(normal(1, 1, 1, width, seed=seed).expand(1, 1, num_positions, width), rotation)
    k = rotate(normal(1, 1, 1, width, seed=seed + 1).expand(1, 1, num_positions, width), rotation)
    return (q @ k.transpose(-1, -2))[0, 0]


def test_scores_depend_on_the_offset_only() -> None:
    side = 5
    score_PP = scores(grid_rotation(side, 16, base=100.0))
    by_offset: dict[tuple[int, int], list[float]] = {}
    for a in range(side * side):
        for b in range(side * side):
            offset = (b // side - a // side, b % side - a % side)
            by_offset.setdefault(offset, []).append(score_PP[a, b].item())
    assert len(by_offset) == (2 * side - 1) ** 2
    means = []
    for values in by_offset.values():
        assert max(values) - min(values) < 1e-4
        means.append(round(values[0], 3))
    # Different offsets, rows and columns told apart, look different.
    assert len(set(means)) > 0.9 * len(means)


def test_a_finer_grid_keeps_the_sense_of_place() -> None:
    # One step on a grid of 4 is as far across the canvas as two steps on a grid of 8.
    coarse_PP, fine_PP = scores(grid_rotation(4, 16, 100.0)), scores(grid_rotation(8, 16, 100.0))
    torch.testing.assert_close(coarse_PP[0, 1], fine_PP[0, 2], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(coarse_PP[0, 4], fine_PP[0, 16], atol=1e-4, rtol=1e-4)


def test_rotation_keeps_lengths_and_the_identity_changes_nothing() -> None:
    x_BHTK = normal(2, 2, 9, 8)
    turned_BHTK = rotate(x_BHTK, grid_rotation(3, 8, 100.0))
    torch.testing.assert_close(turned_BHTK.norm(dim=-1), x_BHTK.norm(dim=-1))
    assert not torch.allclose(turned_BHTK, x_BHTK)
    identity = Rotation(torch.ones(9, 4), torch.zeros(9, 4))
    assert torch.equal(rotate(x_BHTK, identity), x_BHTK)


def test_rows_of_a_batch_may_have_their_own_places() -> None:
    table = grid_rotation(3, 8, 100.0)
    x_BHTK = normal(2, 2, 4, 8)
    places_BT = torch.tensor([[0, 3, 8, 1], [5, 2, 2, 7]])
    together = rotate(x_BHTK, table.at(places_BT))
    for row in range(2):
        assert torch.equal(together[row], rotate(x_BHTK[row], table.at(places_BT[row])))


def test_memories_put_their_own_first() -> None:
    k, v = normal(1, 1, 2, 4), normal(1, 1, 2, 4, seed=1)
    assert NoMemory().extend(k, v) == (k, v)
    seen_k, seen_v = FixedMemory(k[:, :, :1], v[:, :, :1]).extend(k[:, :, 1:], v[:, :, 1:])
    assert torch.equal(seen_k, k) and torch.equal(seen_v, v)


def test_cache_shows_the_past_and_forgets_scratch() -> None:
    cache = KVCache(1, 1, 4, 2, like=torch.zeros(1))
    k, v = normal(1, 1, 4, 2), normal(1, 1, 4, 2, seed=1)
    assert cache.write(0, k[:, :, :2], v[:, :, :2]) == 2
    # A question leaves scratch behind position 2; what is written next replaces it.
    cache.at(2).extend(k[:, :, 3:], v[:, :, 3:])
    seen_k, seen_v = cache.at(2).extend(k[:, :, 2:3], v[:, :, 2:3])
    assert torch.equal(seen_k, k[:, :, :3]) and torch.equal(seen_v, v[:, :, :3])
    with pytest.raises(AssertionError, match="4 tokens cannot take token 5"):
        cache.write(3, k[:, :, :2], v[:, :, :2])
