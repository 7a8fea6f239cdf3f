"""The kernels sample the codes that torch's operations do: every filter, seed and position."""

from typing import Any

import pytest
import torch

from dall_e.config import SamplingConfig
from dall_e.nn.cpu import kernels
from dall_e.sampling.token_sampler import TokenSampler

TOKENS = 30
SEEDS = [0, 1, 2**32 + 5, 2**63 - 1, 2**64 - 1]


@pytest.fixture(autouse=True)
def _compiled() -> None:
    if kernels.status().kernels is None:
        pytest.skip(kernels.status().reason)


def both(
    monkeypatch: pytest.MonkeyPatch,
    codes: int,
    *,
    num_positions: int = 6,
    step: int = 0,
    spread: float = 3.0,
    **settings: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The codes chosen by the kernels, and by torch."""
    rng = torch.Generator().manual_seed(codes + num_positions)
    config = SamplingConfig(num_inference_steps=TOKENS, **settings)
    rows = len(SEEDS) * (1 if config.guidance_scale == 1 else 2)
    logits_RMC = spread * torch.randn(rows, num_positions, codes, generator=rng)
    positions_BM = torch.rand(len(SEEDS), TOKENS, generator=rng).argsort(1)[:, :num_positions]

    def chosen() -> torch.Tensor:
        return TokenSampler(SEEDS, config, TOKENS, codes)(
            logits_RMC, positions_BM, 7 + step * torch.arange(num_positions)
        )

    ours = chosen()
    monkeypatch.setenv(kernels.SWITCH, "off")
    plain = chosen()
    monkeypatch.delenv(kernels.SWITCH)
    return ours, plain


@pytest.mark.parametrize("codes", [1, 3, 70, 1000])
@pytest.mark.parametrize("guidance", [1.0, 2.5])
@pytest.mark.parametrize(
    ("top_k", "top_p"), [(0, 1.0), (0, 0.9), (5, 1.0), (20, 0.5), (2000, 0.99), (1, 0.1)]
)
def test_filters(
    monkeypatch: pytest.MonkeyPatch, codes: int, guidance: float, top_k: int, top_p: float
) -> None:
    ours, plain = both(
        monkeypatch, codes, guidance_scale=guidance, top_k=top_k, top_p=top_p, temperature=0.8
    )
    assert torch.equal(ours, plain)


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0.0, "final_temperature": 0.0},
        {"temperature": 1.0, "final_temperature": 0.0},
        {"guidance_scale": 4.0},
        {"guidance_scale": 1.0},
        {"spread": 0.01, "top_p": 1.0},
        {"spread": 40.0, "top_k": 300},
    ],
)
@pytest.mark.parametrize("step", [0, 1])
def test_settings(monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], step: int) -> None:
    ours, plain = both(monkeypatch, 500, step=step, **settings)
    assert torch.equal(ours, plain)


def test_many_codes_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    for top_k in (0, 1000):
        ours, plain = both(monkeypatch, 16384, top_k=top_k, top_p=1.0, guidance_scale=3.0)
        assert torch.equal(ours, plain)


def test_equal_logits_are_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ties with the last of the k largest stays, as it does in `keep_top_k`."""
    ours, plain = both(monkeypatch, 100, spread=0.0, top_k=10, top_p=1.0, guidance_scale=1.0)
    assert torch.equal(ours, plain) and len(ours.unique()) > 10


def test_likely_codes_are_drawn_as_often_as_they_should() -> None:
    config = SamplingConfig(guidance_scale=1.0, temperature=1.0, final_temperature=1.0, top_p=1.0)
    fraction_C = torch.tensor([0.5, 0.3, 0.15, 0.05])
    counts_C = torch.zeros(4)
    for seed in range(20):
        token_sampler = TokenSampler([seed], config, 200, 4)
        codes_1M = token_sampler(
            fraction_C.log().expand(1, 200, 4), torch.arange(200)[None], torch.zeros(200)
        )
        counts_C += codes_1M.flatten().bincount(minlength=4)
    torch.testing.assert_close(counts_C / counts_C.sum(), fraction_C, atol=0.03, rtol=0)
