"""The noise z: counter-based Gumbel numbers, addressed by seed, grid position and code.

Nothing is drawn in sequence: z[position, code] is a pure function of (seed, stream, position,
code), so an image does not depend on its batch, on the number of steps or on the order in which its
tokens are revealed. Sampling with it is exact: argmax_k (log p_k + z_k) is a draw from p when the
z_k are independent Gumbel(0, 1) (Gumbel 1954; Maddison 2014).

Shapes: B images, P positions, C codes, Q counters, R rows and K blocks of four numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_MASK = 0xFFFFFFFF

GUMBEL_STREAM = 0
"""Stream of the numbers that choose codes."""
ORDER_STREAM = 1 << 16
"""Stream of the numbers that choose orders."""
HINDSIGHT_STREAM = 2 << 16
"""Stream of the numbers for what noise may have been, given the code that it chose."""
MAXIMUM_STREAM = 3 << 16
"""Stream of the numbers for the largest sum of score and noise of a position."""


def philox(counter_Q4: Tensor, key_Q2: Tensor) -> Tensor:
    """Ten rounds of Philox4x32: int64 tensors that hold 32-bit words, [..., 4] and [..., 2], to
    [..., 4] words."""
    c0, c1, c2, c3 = counter_Q4.unbind(-1)
    k0, k1 = key_Q2.unbind(-1)
    for _ in range(_ROUNDS):
        product0, product1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        # The 64-bit product wraps to a signed number, but its bits are right: shift, then cut off
        # the sign's copies.
        c0, c1, c2, c3 = (
            ((product1 >> 32) & _MASK) ^ c1 ^ k0,
            product1 & _MASK,
            ((product0 >> 32) & _MASK) ^ c3 ^ k1,
            product0 & _MASK,
        )
        k0, k1 = (k0 + _KEY_STEPS[0]) & _MASK, (k1 + _KEY_STEPS[1]) & _MASK
    return torch.stack((c0, c1, c2, c3), dim=-1)


def uniform(seeds: list[int], rows: int, columns: int, stream: int, first_row: int = 0) -> Tensor:
    """Uniform numbers in (0, 1), float64 [B, rows, columns] on the CPU, from `first_row` on.

    Raises ValueError on a seed outside 0..2^64-1.
    """
    for seed in seeds:
        if not 0 <= seed < 2**64:
            raise ValueError(f"a seed must be between 0 and 2^64 - 1, got {seed}")

    blocks = -(-columns // 4)
    counter_BRK4 = torch.zeros(len(seeds), rows, blocks, 4, dtype=torch.int64, device="cpu")
    counter_BRK4[..., 0] = torch.arange(blocks, dtype=torch.int64, device="cpu")
    rows_R = torch.arange(first_row, first_row + rows, dtype=torch.int64, device="cpu")
    counter_BRK4[..., 1] = rows_R[:, None]
    counter_BRK4[..., 2] = stream
    halves = [[seed & _MASK, seed >> 32] for seed in seeds]
    key_B2 = torch.tensor(halves, dtype=torch.int64, device="cpu")
    words_BRK4 = philox(counter_BRK4, key_B2[:, None, None, :])
    return (words_BRK4.flatten(2)[..., :columns].double() + 0.5) / 2**32


def gumbel(
    seeds: list[int],
    num_positions: int,
    num_codes: int,
    stream: int = GUMBEL_STREAM,
    first_position: int = 0,
) -> Tensor:
    """Gumbel(0, 1) numbers z [B, P, C], float32 on the CPU: one per image, position and code.

    `first_position` starts at another position than 0, for callers who need a few at a time.
    """
    uniform_BPC = uniform(seeds, num_positions, num_codes, stream, first_position)
    return (-torch.log(-torch.log(uniform_BPC))).float()
