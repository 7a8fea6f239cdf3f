"""Noise that is found in hindsight draws what it was found for, and is noise as any other.

Shapes: B pictures, R rows, M tokens of a step, N tokens, C codes.
"""

import dataclasses

import pytest
import torch

from dall_e.config import SamplingConfig
from dall_e.models.generator import Generator
from dall_e.models.text_encoder import TextStates
from dall_e.sampling.decode import decode_tokens
from dall_e.sampling.hindsight import (
    NoiseRecorder,
    NoiseSampler,
    check_noise,
    hindsight_noise,
    mixed_noise,
)
from dall_e.sampling.noise import gumbel

PLAIN = SamplingConfig(
    num_inference_steps=8, guidance_scale=1.0, top_p=1.0, final_temperature=1.0, max_group=6
)
NARROW = dataclasses.replace(
    PLAIN, guidance_scale=3.0, top_p=0.5, top_k=3, temperature=0.8, final_temperature=0.5
)
EULER, VARIANCE = 0.5772, 1.6449
"""Mean and variance of Gumbel(0, 1)."""


def states(rows: int, seed: int = 0) -> TextStates:
    rng = torch.Generator().manual_seed(seed)
    return TextStates(torch.randn(rows, 4, 12, generator=rng), torch.randn(rows, 12, generator=rng))


@pytest.mark.parametrize("steps", [1, 8, 25])
@pytest.mark.parametrize("settings", [PLAIN, NARROW], ids=["plain", "filtered"])
def test_any_codes_are_drawn_again(
    network: Generator, settings: SamplingConfig, steps: int
) -> None:
    settings = dataclasses.replace(settings, num_inference_steps=steps)
    seeds, text, null = [4, 5, 6], states(3), states(3, seed=9)
    codes_BN = torch.randint(40, (3, 25), generator=torch.Generator().manual_seed(1))
    recorder = NoiseRecorder(codes_BN, seeds, settings, 40)
    taken = decode_tokens(network, text, null, seeds=seeds, settings=settings, sampler=recorder)
    assert torch.equal(taken, codes_BN)

    sampler = NoiseSampler(recorder.noise_BNC, settings)
    again = decode_tokens(network, text, null, seeds=seeds, settings=settings, sampler=sampler)
    assert torch.equal(again, codes_BN)
    fresh = decode_tokens(network, text, null, seeds=seeds, settings=settings)
    assert not torch.equal(fresh, codes_BN)


def test_what_a_seed_drew_has_the_noise_of_that_seed(network: Generator) -> None:
    text, null, seeds = states(2), states(2, seed=9), [11, 12]
    codes_BN = decode_tokens(network, text, null, seeds=seeds, settings=PLAIN)
    recorder = NoiseRecorder(codes_BN, seeds, PLAIN, 40)
    decode_tokens(network, text, null, seeds=seeds, settings=PLAIN, sampler=recorder)
    # All but a margin where two codes were nearly as good.
    assert (recorder.noise_BNC - gumbel(seeds, 25, 40)).abs().max() <= 2e-3


def test_hindsight_noise_is_gumbel_noise() -> None:
    """Over codes that are drawn from the scores, the noise found for them is what drew them."""
    scores_BMC = torch.tensor([2.0, 0.0, -1.0, 0.5]).expand(1, 40_000, 4)
    fresh_BMC = gumbel([1], 40_000, 4)
    codes_BM = (scores_BMC + gumbel([2], 40_000, 4)).argmax(-1)
    noise_BMC = hindsight_noise(scores_BMC, codes_BM, fresh_BMC, gumbel([3], 40_000, 1))
    assert torch.equal((scores_BMC + noise_BMC).argmax(-1), codes_BM)
    mean_C, variance_C = noise_BMC[0].mean(0), noise_BMC[0].var(0)
    assert torch.allclose(mean_C, torch.full((4,), EULER), atol=0.03)
    assert torch.allclose(variance_C, torch.full((4,), VARIANCE), atol=0.06)
    assert (torch.corrcoef(noise_BMC[0].T) - torch.eye(4)).abs().max() < 0.03


@pytest.mark.parametrize("weight", [0.1, 0.5, 0.8])
def test_mixed_noise_is_gumbel_noise(weight: float) -> None:
    first, second = gumbel([1, 2], 50_000, 4)
    mixed = mixed_noise(first, second, weight)
    assert abs(float(mixed.mean()) - EULER) < 0.02
    assert abs(float(mixed.var()) - VARIANCE) < 0.04
    assert float((mixed > second - 1).float().mean()) > 0.5


def test_mixing_begins_and_ends_with_the_two() -> None:
    first, second = gumbel([1, 2], 3, 4)
    assert torch.equal(mixed_noise(first, second, 0), first)
    assert torch.equal(mixed_noise(first, second, 1), second)
    with pytest.raises(ValueError, match="from 0 to 1, got 1.5"):
        mixed_noise(first, second, 1.5)


@pytest.mark.parametrize(
    ("noise_BNC", "message"),
    [
        (torch.zeros(1, 24, 40), r"must be \[pictures, 25, 40\], got \[1, 24, 40\]"),
        (torch.zeros(25, 40), r"got \[25, 40\]"),
        (torch.full((1, 25, 40), torch.nan), "finite"),
    ],
)
def test_noise_must_be_of_the_grid(noise_BNC: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_noise(noise_BNC, 25, 40)
