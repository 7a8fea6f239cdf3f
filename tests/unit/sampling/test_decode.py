"""The decode loop against a slow, plain version of itself, and its promises about seeds and
guidance.

Shapes: B pictures, N tokens, M tokens of a step, C codes.
"""

import dataclasses

import pytest
import torch
from torch import Tensor

from dall_e.config import OrderKind, SamplingConfig
from dall_e.models.generator import Generator
from dall_e.models.text_encoder import TextStates
from dall_e.sampling.decode import DecodeInterrupted, DecodeStep, KnownTokens, decode_tokens
from dall_e.sampling.filters import choose, guide
from dall_e.sampling.noise import ORDER_STREAM, gumbel, uniform
from dall_e.sampling.orders import group_numbers, group_sizes, make_orders

PLAIN = SamplingConfig(
    num_inference_steps=8, guidance_scale=1.0, top_p=1.0, final_temperature=1.0, max_group=6
)
GUIDED = dataclasses.replace(
    PLAIN, guidance_scale=3.0, top_p=0.9, top_k=20, temperature=0.8, final_temperature=0.5
)


def states(rows: int, seed: int = 0) -> TextStates:
    rng = torch.Generator().manual_seed(seed)
    return TextStates(torch.randn(rows, 4, 12, generator=rng), torch.randn(rows, 12, generator=rng))


def repeated(text: TextStates, rows: int) -> TextStates:
    return TextStates(text.states_BLD.expand(rows, -1, -1), text.pooled_BD.expand(rows, -1))


NULL = states(1, seed=99)


def draw(
    network: Generator, text: TextStates, seeds: list[int], settings: SamplingConfig = PLAIN
) -> Tensor:
    return decode_tokens(network, text, repeated(NULL, len(seeds)), seeds=seeds, settings=settings)


@torch.no_grad()
def slow_decode(
    network: Generator, text: TextStates, seed: int, settings: SamplingConfig
) -> Tensor:
    """One picture, no caches: every step runs the training pass over everything and keeps one group
    of its logits."""
    num_tokens = 25
    sizes = group_sizes(
        num_tokens, settings.num_inference_steps, settings.schedule, settings.max_group
    )
    positions_BN = make_orders(
        settings.order, uniform([seed], 1, num_tokens, ORDER_STREAM)[:, 0], sizes
    )
    noise_BNC = gumbel([seed], num_tokens, 40)
    ranked_BN = torch.zeros(1, num_tokens, dtype=torch.int64)
    done = 0
    for size in sizes:
        now, fraction = slice(done, done + size), done / num_tokens
        outputs = [
            network(row, ranked_BN, positions_BN, group_numbers(sizes), torch.zeros(1)).logits_BNC[
                :, now
            ]
            for row in (text, NULL)
        ]
        ranked_BN[:, now] = choose(
            guide(outputs[0], outputs[1], settings.guidance_scale),
            noise_BNC[:, positions_BN[0, now]],
            temperature=settings.temperature
            + (settings.final_temperature - settings.temperature) * fraction,
            top_k=settings.top_k,
            top_p=settings.top_p,
        )
        done += size
    return torch.zeros_like(ranked_BN).scatter(1, positions_BN, ranked_BN)


@pytest.mark.parametrize("order", ["random", "locality", "raster"])
@pytest.mark.parametrize("steps", [1, 6, 25])
def test_the_same_codes_as_without_caches(network: Generator, order: OrderKind, steps: int) -> None:
    settings = dataclasses.replace(
        GUIDED, order=order, num_inference_steps=steps, guidance_scale=6.0, schedule="cosine"
    )
    text, seeds = states(1), [11, 12, 13, 14]
    fast_BN = draw(network, repeated(text, 4), seeds, settings)
    assert fast_BN.dtype == torch.int64 and len(fast_BN.unique()) > 3
    for row, seed in enumerate(seeds):
        assert torch.equal(fast_BN[row : row + 1], slow_decode(network, text, seed, settings))


@pytest.mark.parametrize("settings", [PLAIN, GUIDED], ids=["plain", "guided"])
def test_a_seed_is_a_picture_at_any_batch_size_and_position(
    network: Generator, settings: SamplingConfig
) -> None:
    text = states(5)
    seeds = [3, 3, 2**40, 0, 12]
    together_BN = draw(network, text, seeds, settings)
    for row in range(5):
        alone = TextStates(text.states_BLD[row : row + 1], text.pooled_BD[row : row + 1])
        assert torch.equal(
            draw(network, alone, seeds[row : row + 1], settings)[0], together_BN[row]
        )
    order = [4, 0, 2, 1, 3]
    shuffled = TextStates(text.states_BLD[order], text.pooled_BD[order])
    assert torch.equal(
        draw(network, shuffled, [seeds[row] for row in order], settings), together_BN[order]
    )
    assert len(torch.unique(together_BN, dim=0)) == 5
    assert torch.equal(draw(network, text, seeds, settings), together_BN)


def test_other_seeds_give_other_pictures(network: Generator) -> None:
    codes_BN = draw(network, repeated(states(1), 6), list(range(6)))
    assert len(torch.unique(codes_BN, dim=0)) == 6


def test_without_guidance_no_null_row_is_computed(
    network: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[int] = []
    prefill = Generator.prefill

    def counting_prefill(self: Generator, text: TextStates):  # type: ignore[no-untyped-def]
        rows.append(text.states_BLD.shape[0])
        return prefill(self, text)

    monkeypatch.setattr(Generator, "prefill", counting_prefill)
    nan = TextStates(torch.full((2, 4, 12), torch.nan), torch.full((2, 12), torch.nan))
    unguided_BN = decode_tokens(network, states(2), nan, seeds=[1, 2], settings=PLAIN)
    draw(network, states(2), [1, 2], GUIDED)
    assert rows == [2, 4]
    flat = dataclasses.replace(PLAIN, guidance_scale=1.0 + 1e-7)
    assert torch.equal(unguided_BN, draw(network, states(2), [1, 2], flat))


def test_guidance_changes_the_draw(network: Generator) -> None:
    text, flat = states(1), dataclasses.replace(PLAIN, guidance_scale=4.0)
    assert not torch.equal(draw(network, text, [5]), draw(network, text, [5], flat))


def test_temperature_zero_is_greedy(network: Generator) -> None:
    greedy = dataclasses.replace(PLAIN, temperature=0.0, final_temperature=0.0, order="raster")
    codes_BN = draw(network, repeated(states(1), 3), [1, 2, 3], greedy)
    assert torch.equal(codes_BN[0], codes_BN[1]) and torch.equal(codes_BN[0], codes_BN[2])
    # Each code is the likeliest one, given the groups before: the training pass over the result
    # says so.
    sizes = group_sizes(25, 8, "arccos", 6)
    with torch.no_grad():
        out = network(
            states(1), codes_BN[:1], torch.arange(25)[None], group_numbers(sizes), torch.zeros(1)
        )
    assert torch.equal(out.logits_BNC.argmax(-1)[0], codes_BN[0])


def test_more_steps_than_tokens_is_an_error(network: Generator) -> None:
    with pytest.raises(ValueError, match="25; got 26"):
        draw(network, states(1), [0], dataclasses.replace(PLAIN, num_inference_steps=26))


def watch(
    network: Generator, settings: SamplingConfig, stop_at: int | None = None
) -> list[DecodeStep]:
    seen: list[DecodeStep] = []

    def on_step(step: DecodeStep) -> bool | None:
        seen.append(
            dataclasses.replace(
                step, codes_BN=step.codes_BN.clone(), known_BN=step.known_BN.clone()
            )
        )
        return step.step == stop_at

    decode_tokens(
        network, states(2), repeated(NULL, 2), seeds=[1, 2], settings=settings, on_step=on_step
    )
    return seen


def test_callback_sees_the_picture_grow(network: Generator) -> None:
    seen = watch(network, PLAIN)
    sizes = group_sizes(25, 8, "arccos", 6)
    assert [(step.step, step.num_steps) for step in seen] == [(step, 8) for step in range(1, 9)]
    assert [int(step.known_BN[0].sum()) for step in seen] == [
        sum(sizes[: step + 1]) for step in range(8)
    ]
    for earlier, later in zip(seen, seen[1:], strict=False):
        assert bool((~earlier.known_BN | later.known_BN).all())
        assert torch.equal(later.codes_BN[earlier.known_BN], earlier.codes_BN[earlier.known_BN])
        assert int(earlier.codes_BN[~earlier.known_BN].sum()) == 0


def test_callback_can_stop(network: Generator) -> None:
    with pytest.raises(DecodeInterrupted, match="after step 3 of 8"):
        watch(network, PLAIN, stop_at=3)


@pytest.mark.parametrize("order", ["raster", "random", "locality"])
def test_what_is_known_stays_and_the_rest_fits_it(network: Generator, order: OrderKind) -> None:
    settings = dataclasses.replace(GUIDED, order=order, num_inference_steps=6)
    text, rng = states(2), torch.Generator().manual_seed(3)
    codes_BN = torch.randint(40, (2, 25), generator=rng)
    mask_BN = torch.zeros(2, 25, dtype=torch.bool)
    mask_BN[0, :9], mask_BN[1, 5:14] = True, True
    seen: list[DecodeStep] = []

    def draw_known(codes_BN: Tensor) -> Tensor:
        def note(step: DecodeStep) -> None:
            seen.append(dataclasses.replace(step, known_BN=step.known_BN.clone()))

        known = KnownTokens(codes_BN, mask_BN)
        return decode_tokens(
            network,
            text,
            repeated(NULL, 2),
            seeds=[4, 5],
            settings=settings,
            known=known,
            on_step=note,
        )

    drawn_BN = draw_known(codes_BN)
    assert torch.equal(drawn_BN[mask_BN], codes_BN[mask_BN])
    assert (
        bool((seen[0].known_BN & mask_BN).eq(mask_BN).all())
        and seen[0].known_BN.sum() > mask_BN.sum()
    )
    assert len(seen) == 6
    # What is drawn depends on what is known, and not on what was at the positions that are drawn.
    assert torch.equal(draw_known(torch.where(mask_BN, codes_BN, 0)), drawn_BN)
    others = [draw_known((codes_BN + shift) % 40)[~mask_BN] for shift in range(5, 40, 5)]
    assert any(not torch.equal(other, drawn_BN[~mask_BN]) for other in others)


def test_too_much_or_too_little_is_known(network: Generator) -> None:
    codes_BN = torch.zeros(2, 25, dtype=torch.int64)
    mask_BN = torch.ones(2, 25, dtype=torch.bool)
    with pytest.raises(ValueError, match="all 25 tokens are known"):
        _ = KnownTokens(codes_BN, mask_BN).count
    mask_BN[0, :3] = False
    with pytest.raises(ValueError, match="as many known tokens, got 22 to 25"):
        _ = KnownTokens(codes_BN, mask_BN).count
    nothing = KnownTokens(codes_BN, torch.zeros_like(mask_BN))
    drawn_BN = decode_tokens(
        network, states(2), repeated(NULL, 2), seeds=[1, 2], settings=PLAIN, known=nothing
    )
    assert torch.equal(drawn_BN, draw(network, states(2), [1, 2]))
    # With fewer tokens left than steps asked for, every one of them is a step.
    mask_BN[:] = True
    mask_BN[:, :2] = False
    almost = KnownTokens(codes_BN, mask_BN)
    decode_tokens(network, states(2), repeated(NULL, 2), seeds=[1, 2], settings=PLAIN, known=almost)
