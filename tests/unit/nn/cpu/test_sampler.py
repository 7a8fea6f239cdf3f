"""Sampling by the kernels; `test_token_sampler.py` says that it chooses what torch chooses."""

import pytest
import torch

from dall_e.nn.cpu import kernels
from dall_e.nn.cpu.sampler import can_sample, sample_tokens


@pytest.fixture(autouse=True)
def _compiled() -> None:
    if kernels.status().kernels is None:
        pytest.skip(kernels.status().reason)


def sample(logits_RMC: torch.Tensor, temperature_M: torch.Tensor, **more: float) -> torch.Tensor:
    """Without guidance, for two images with seeds above 2^32."""
    positions_BM = torch.arange(logits_RMC.shape[1]).expand(2, -1)
    settings = {"guidance_scale": 1.0, "top_k": 0, "top_p": 1.0, **more}
    return sample_tokens(
        logits_RMC,
        positions_BM,
        temperature_M=temperature_M,
        seeds_B=torch.tensor([2**40 + 3, 2**62]),
        stream=0,
        **settings,  # type: ignore[arg-type]
    )


def test_a_default_dtype_changes_nothing() -> None:
    logits_RMC = torch.randn(2, 5, 100, generator=torch.Generator().manual_seed(0))
    expected = sample(logits_RMC, torch.full((5,), 0.7))
    torch.set_default_dtype(torch.float64)
    try:
        found = sample(logits_RMC.double(), torch.full((5,), 0.7))
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(found, expected) and len(expected.unique()) > 5


def test_temperature_zero_takes_the_likeliest_code() -> None:
    logits_RMC = torch.randn(2, 5, 100, generator=torch.Generator().manual_seed(0))
    temperature_M = torch.tensor([0.0, 0.0, 1.0, 1.0, 1.0])
    codes_BM = sample(logits_RMC, temperature_M)
    assert torch.equal(codes_BM[:, :2], logits_RMC.argmax(-1)[:, :2])
    assert not torch.equal(codes_BM[:, 2:], logits_RMC.argmax(-1)[:, 2:])


def test_guidance_steers_away_from_the_second_half_of_the_rows() -> None:
    conditional_BMC, unconditional_BMC = torch.zeros(2, 3, 4), torch.zeros(2, 3, 4)
    conditional_BMC[..., 2] = 1.0
    unconditional_BMC[..., 1] = -9.0
    logits_RMC = torch.cat((conditional_BMC, unconditional_BMC))
    assert bool((sample(logits_RMC, torch.zeros(3), guidance_scale=0.5) == 2).all())
    assert bool((sample(logits_RMC, torch.zeros(3), guidance_scale=5.0) == 1).all())


def test_only_logits_on_the_cpu_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    logits_RMC = torch.zeros(1, 1, 4)
    assert can_sample(logits_RMC)
    assert not can_sample(logits_RMC.to("meta"))
    monkeypatch.setenv(kernels.SWITCH, "off")
    assert not can_sample(logits_RMC)
