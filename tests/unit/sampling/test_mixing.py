"""Between two prompts a network gives the weighted mean of their log-probabilities.

Shapes: B pictures, N tokens.
"""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.models.generator import Generator
from dall_e.models.text_encoder import TextStates
from dall_e.sampling.decode import decode_tokens
from dall_e.sampling.hindsight import NoiseSampler
from dall_e.sampling.mixing import MixedNetwork, MixedPrompts
from dall_e.sampling.noise import gumbel

SETTINGS = SamplingConfig(num_inference_steps=6, guidance_scale=2.0, top_p=0.95)


@pytest.fixture(scope="module")
def network(make_network: Callable[..., Generator]) -> Generator:
    return make_network(std=0.15)


def states(seed: int, rows: int = 3) -> TextStates:
    rng = torch.Generator().manual_seed(seed)
    return TextStates(
        torch.randn(1, 4, 12, generator=rng).expand(rows, -1, -1),
        torch.randn(1, 12, generator=rng).expand(rows, -1),
    )


def test_the_ends_are_those_of_the_prompts_and_the_middle_is_between(network: Generator) -> None:
    seeds = [7, 7, 7]
    sampler = NoiseSampler(gumbel(seeds, 25, 40), SETTINGS)
    first, second, null = states(1), states(2), states(3)

    def plain(text: TextStates) -> Tensor:
        return decode_tokens(network, text, null, seeds=seeds, settings=SETTINGS, sampler=sampler)[
            0
        ]

    weight_B = torch.tensor([0.0, 0.5, 1.0])
    mixed_BN = decode_tokens(
        MixedNetwork(network, weight_B),
        MixedPrompts(first, second),
        MixedPrompts(null, null),
        seeds=seeds,
        settings=SETTINGS,
        sampler=sampler,
    )
    assert torch.equal(mixed_BN[0], plain(first)) and torch.equal(mixed_BN[2], plain(second))
    assert not torch.equal(mixed_BN[0], mixed_BN[2])


@torch.no_grad()
def test_logits_are_the_weighted_mean(network: Generator) -> None:
    mixed = MixedNetwork(network, torch.tensor([0.25]))
    first, second = states(1, 1), states(2, 1)
    positions_11 = torch.tensor([[3]])
    caches = mixed.prefill(MixedPrompts(first, second))
    got = mixed.predict(caches, positions_11)
    logs = [
        network.predict(network.prefill(each), positions_11).log_softmax(-1)
        for each in (first, second)
    ]
    assert torch.allclose(got, 0.75 * logs[0] + 0.25 * logs[1], atol=1e-5)
    assert mixed.config is network.config
