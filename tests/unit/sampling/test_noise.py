"""The noise against published numbers and known moments.

Shapes: B pictures, P positions, C codes.
"""

import math

import pytest
import torch

from dall_e.sampling.noise import ORDER_STREAM, gumbel, philox, uniform

# Counter, key and answer of Philox4x32-10 from the known-answer file of Random123 (Salmon et al.
# 2011).
KNOWN_ANSWERS = [
    (
        "00000000 00000000 00000000 00000000",
        "00000000 00000000",
        "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    ),
    (
        "ffffffff ffffffff ffffffff ffffffff",
        "ffffffff ffffffff",
        "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


def words(text: str) -> torch.Tensor:
    return torch.tensor([int(word, 16) for word in text.split()])


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_known_answers(counter: str, key: str, answer: str) -> None:
    assert torch.equal(philox(words(counter), words(key)), words(answer))


def test_many_counters_at_once_are_the_same_as_one_by_one() -> None:
    counters = torch.stack([words(counter) for counter, _, _ in KNOWN_ANSWERS])
    keys = torch.stack([words(key) for _, key, _ in KNOWN_ANSWERS])
    assert torch.equal(
        philox(counters, keys), torch.stack([words(answer) for _, _, answer in KNOWN_ANSWERS])
    )


def test_numbers_are_addressed_by_seed_stream_row_and_column() -> None:
    base = uniform([5, 6], 3, 7, stream=0)
    assert base.shape == (2, 3, 7) and base.dtype == torch.float64
    # A number does not depend on what is asked for around it.
    assert torch.equal(uniform([6], 2, 4, stream=0), base[1:, :2, :4])
    assert len(base.unique()) == base.numel()
    for other in (uniform([7, 8], 3, 7, stream=0), uniform([5, 6], 3, 7, stream=1)):
        assert not bool(torch.isin(other, base).any())
    # Both halves of a 64-bit seed count.
    high, low = uniform([3 + (1 << 32)], 1, 4, stream=0), uniform([3], 1, 4, stream=0)
    assert not bool((high == low).any())
    assert uniform([2**64 - 1], 1, 1, stream=ORDER_STREAM).isfinite().all()


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range_is_named(seed: int) -> None:
    with pytest.raises(ValueError, match=f"between 0 and 2.64 - 1, got {seed}"):
        uniform([0, seed], 1, 1, stream=0)


def test_uniform_and_gumbel_have_their_moments() -> None:
    u = uniform(list(range(4)), 50, 500, stream=0)
    # 100,000 numbers: the bounds are five standard errors, or odds of one in two million for a fair
    # generator.
    assert 0 < u.min() and u.max() < 1
    assert abs(u.mean().item() - 0.5) < 5 * math.sqrt(1 / 12 / u.numel())
    assert abs(u.var().item() - 1 / 12) < 5 * math.sqrt(1 / 180 / u.numel())
    z_BPC = gumbel(list(range(4)), 50, 500)
    assert z_BPC.dtype == torch.float32 and bool(z_BPC.isfinite().all())
    # Euler's constant and pi^2 / 6; the variance of a squared deviation is (kurtosis 5.4 - 1)
    # var^2.
    variance = math.pi**2 / 6
    assert abs(z_BPC.mean().item() - 0.5772157) < 5 * math.sqrt(variance / z_BPC.numel())
    assert abs(z_BPC.var().item() - variance) < 5 * variance * math.sqrt(4.4 / z_BPC.numel())


def test_largest_of_logits_plus_noise_is_a_draw_from_the_softmax() -> None:
    logits_C = torch.tensor([2.0, 0.0, 1.0, -1.0, 0.5])
    draws = (logits_C + gumbel(list(range(100)), 200, 5)).argmax(-1).flatten()
    expected_C = logits_C.softmax(-1) * draws.numel()
    counts_C = torch.bincount(draws, minlength=5)
    # Pearson's statistic with 4 degrees of freedom is above 33.4 once in a million fair trials.
    assert ((counts_C - expected_C).square() / expected_C).sum().item() < 33.4
