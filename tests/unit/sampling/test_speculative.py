"""Speculative decoding gives the tokens of one token per pass, in fewer passes."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from dall_e.config import OrderKind, SamplingConfig
from dall_e.models.generator import Generator
from dall_e.models.text_encoder import TextStates
from dall_e.nn.cpu import kernels
from dall_e.sampling.decode import DecodeInterrupted, DecodeStep, KnownTokens, decode_tokens
from dall_e.sampling.networks import SpeculativeNetwork

SETTINGS = SamplingConfig(
    num_inference_steps=25,
    guidance_scale=2.0,
    top_p=0.9,
    top_k=20,
    temperature=0.8,
    final_temperature=0.5,
)


class Sequential:
    """The same network without what speculation needs."""

    def __init__(self, network: Generator) -> None:
        self.config = network.config
        self.prefill, self.predict, self.append = network.prefill, network.predict, network.append


class Counted(Generator):
    """Counts its calls."""

    calls = 0

    def predict_sequential(self, *arguments: Any) -> Tensor:
        self.calls += 1
        return super().predict_sequential(*arguments)


@pytest.fixture(scope="module", params=["kernels", "torch"])
def network(request: pytest.FixtureRequest, make_network: Callable[..., Generator]) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "torch":
            patch.setenv(kernels.SWITCH, "off")
        yield make_network(Counted)


def states(rows: int, seed: int = 0) -> TextStates:
    rng = torch.Generator().manual_seed(seed)
    return TextStates(torch.randn(rows, 4, 12, generator=rng), torch.randn(rows, 12, generator=rng))


def draw(network: Any, settings: SamplingConfig, seeds: list[int], **more: Any) -> Tensor:
    rows = len(seeds)
    return decode_tokens(
        network, states(rows), states(rows, seed=99), seeds=seeds, settings=settings, **more
    )


@pytest.mark.parametrize("order", ["random", "locality", "raster"])
@pytest.mark.parametrize(
    "changed", [{}, {"guidance_scale": 1.0}, {"top_k": 0, "top_p": 1.0}, {"temperature": 0.0}]
)
def test_the_same_tokens(network: Counted, order: OrderKind, changed: dict[str, Any]) -> None:
    assert isinstance(network, SpeculativeNetwork) and not isinstance(
        Sequential(network), SpeculativeNetwork
    )
    settings = dataclasses.replace(SETTINGS, order=order, **changed)
    found_BN = draw(network, settings, [1, 2, 3])
    assert torch.equal(found_BN, draw(Sequential(network), settings, [1, 2, 3]))
    assert len(found_BN.unique()) > 2


def test_a_picture_is_the_same_among_many(network: Counted) -> None:
    """With the kernels four images are drawn token by token together; else each speculatively."""
    network.calls = 0
    together_BN = draw(network, SETTINGS, [1, 2, 3, 4])
    assert (network.calls == 0) == (kernels.kernels() is not None)
    alone_BN = [
        decode_tokens(
            network,
            TextStates(*(part[row : row + 1] for part in states(4))),
            TextStates(*(part[row : row + 1] for part in states(4, seed=99))),
            seeds=[row + 1],
            settings=SETTINGS,
        )
        for row in range(4)
    ]
    assert network.calls > 0 and torch.equal(together_BN, torch.cat(alone_BN))


def test_guesses_save_calls(network: Counted) -> None:
    """Where the likeliest code is clear, guesses come true."""
    sharp = dataclasses.replace(SETTINGS, temperature=0.01, final_temperature=0.01)
    network.calls = 0
    draw(network, sharp, [5])
    assert network.calls < 15


def test_what_is_known_beforehand_stays(network: Counted) -> None:
    mask_BN = torch.zeros(2, 25, dtype=torch.bool)
    mask_BN[0, 3:12], mask_BN[1, 10:19] = True, True
    known = KnownTokens(torch.full((2, 25), 7), mask_BN)
    settings = dataclasses.replace(SETTINGS, num_inference_steps=16)
    found_BN = draw(network, settings, [1, 2], known=known)
    assert bool((found_BN[mask_BN] == 7).all())
    assert torch.equal(found_BN, draw(Sequential(network), settings, [1, 2], known=known))


def test_a_callback_sees_every_step_and_can_stop(network: Counted) -> None:
    seen: list[tuple[int, int, int]] = []

    def note(step: DecodeStep) -> bool:
        seen.append((step.step, step.num_steps, int(step.known_BN.sum(1).min())))
        return step.step == 20

    with pytest.raises(DecodeInterrupted):
        draw(network, SETTINGS, [1, 2], on_step=note)
    assert [step for step, _, _ in seen] == list(range(1, 21))
    assert all(number == 25 and known >= step for step, number, known in seen)


def test_sequential_predictions_are_those_of_single_steps(network: Counted) -> None:
    rows, codes_BM = (
        states(2),
        torch.randint(40, (2, 9), generator=torch.Generator().manual_seed(1)),
    )
    positions_BN = torch.stack(
        [torch.randperm(25, generator=torch.Generator().manual_seed(seed)) for seed in (2, 3)]
    )
    cache, single = network.prefill(rows), network.prefill(rows)
    network.append(cache, codes_BM[:, :2], positions_BN[:, :2], sequential=True)
    network.append(cache, codes_BM[:, 2:], positions_BN[:, 2:9], sequential=True)
    found_BMC = network.predict_sequential(cache, positions_BN[:, 4:13], 4)
    for rank in range(13):
        # From the tenth on, all know the nine tokens that there are.
        if rank >= 4:
            wanted_B1C = network.predict(single, positions_BN[:, rank : rank + 1])
            torch.testing.assert_close(
                found_BMC[:, rank - 4], wanted_B1C[:, 0], rtol=1e-5, atol=1e-5
            )
        if rank < 9:
            network.append(single, codes_BM[:, rank : rank + 1], positions_BN[:, rank : rank + 1])
    # Nothing is left of predictions, and what is truncated can be appended again.
    network.truncate(cache, 4)
    again = network.prefill(rows)
    network.append(again, codes_BM[:, :4], positions_BN[:, :4], sequential=True)
    for held in (cache, again):
        network.append(held, codes_BM[:, 5:7], positions_BN[:, 5:7])
    found, wanted = (network.predict(held, positions_BN[:, 8:9]) for held in (cache, again))
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
