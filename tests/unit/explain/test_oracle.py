"""One pass over a finished drawing says what the sampler saw step by step."""

import dataclasses
from pathlib import Path

import pytest
import torch

from dall_e import DALL_E
from dall_e.config import SamplingConfig
from dall_e.explain.attention_maps import attention_maps
from dall_e.explain.certainty import certainty_of, prompt_terms
from dall_e.explain.counterfactuals import counterfactuals
from dall_e.explain.frames import film, frame_steps
from dall_e.explain.oracle import (
    Revealed,
    forced_attention,
    forced_log_probabilities,
    forced_logits,
)
from dall_e.explain.reading import states_of
from dall_e.explain.regions import word_regions
from dall_e.models.text_encoder import TextStates
from dall_e.nn.attention import NoMemory, attend
from dall_e.nn.transformer import Attention
from dall_e.sampling.decode import decode_tokens

SETTINGS = SamplingConfig(num_inference_steps=9, guidance_scale=2.0, temperature=1.0)
SEED = 5


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


@pytest.fixture(scope="module", autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


@pytest.fixture(scope="module")
def states(model: DALL_E) -> tuple[TextStates, TextStates]:
    return states_of(model.engine, ["a white cat", "a cat"])


@pytest.fixture(scope="module", params=[9, 64])
def settings(request: pytest.FixtureRequest) -> SamplingConfig:
    """In groups, and one token at a time, which is drawn by another loop."""
    return dataclasses.replace(SETTINGS, num_inference_steps=request.param)


@pytest.fixture(scope="module")
def revealed(model: DALL_E, states: tuple[TextStates, TextStates], settings) -> Revealed:
    text, null = states
    (codes_N,) = decode_tokens(
        model.networks.generator,
        text.select(slice(0, 1)),
        null,
        seeds=[SEED],
        settings=settings,
    )
    return Revealed.by_seed(codes_N, SEED, settings)


def test_the_same_noise_draws_the_same_tokens_again(model, states, revealed, settings) -> None:
    """So order, groups, guidance, temperatures and noise of the oracle are those of the sampler."""
    text, null = states
    effects = counterfactuals(
        model.networks.generator, text, null, revealed, seed=SEED, settings=settings
    )
    same = (effects.replayed_N == revealed.codes_N).float().mean()
    assert same >= 0.98, "all but where rounding decides"
    assert effects.divergence_WN.shape == effects.codes_WN.shape == (1, 64)
    assert (effects.divergence_WN >= 0).all() and effects.divergence_WN.max() > 0
    assert torch.equal(effects.flipped_WN, effects.codes_WN != effects.replayed_N)


def test_a_word_that_changes_nothing_has_no_effect(model, revealed, settings) -> None:
    text, null = states_of(model.engine, ["a white cat", "a white cat"])
    effects = counterfactuals(
        model.networks.generator, text, null, revealed, seed=SEED, settings=settings
    )
    assert not effects.flipped_WN.any()
    assert effects.evidence_WN.abs().max() == 0 and effects.divergence_WN.max() < 1e-5


def test_probabilities_are_what_attention_mixes_values_with() -> None:
    torch.manual_seed(0)
    attention = Attention(32, 4)
    x_BTD = torch.randn(2, 5, 32)
    bias_TS = torch.zeros(5, 5).masked_fill(torch.ones(5, 5).triu(1).bool(), -1e9)
    probabilities_BHTS = attention.probabilities(x_BTD, None, NoMemory(), bias_TS)
    q, k, v = attention._split(attention.qkv(x_BTD), None)
    assert torch.allclose(probabilities_BHTS.sum(-1), torch.ones(2, 4, 5))
    assert torch.allclose(probabilities_BHTS @ v, attend(q, k, v, bias_TS), atol=1e-6)
    assert (probabilities_BHTS.triu(1) == 0).all(), "what is hidden gets nothing"


def test_attention_is_watched_only_while_it_is_asked_for(model, states, revealed) -> None:
    generator, text = model.networks.generator, states[0].select(slice(0, 1))
    attention_YNL = forced_attention(generator, text, revealed)
    layers, length = generator.config.query_layers, generator.config.text_tokens
    assert attention_YNL.shape == (layers, 64, length)
    assert (attention_YNL >= 0).all() and (attention_YNL.sum(-1) <= 1 + 1e-5).all()
    # The first step has nothing to look at but the text and the other queries of its step.
    assert attention_YNL[:, -1].sum(-1).max() < 1
    assert not any(block.attention._forward_pre_hooks for block in generator.query_blocks)


def test_a_word_has_the_attention_of_its_tokens(model, states, revealed) -> None:
    generator, text = model.networks.generator, states[0].select(slice(0, 1))
    maps_WYN = attention_maps(generator, text, revealed, [[1], [1, 2], []])
    by_rank_YNL = forced_attention(generator, text, revealed)
    where_N = revealed.positions_N.argsort()
    assert torch.allclose(maps_WYN[1], by_rank_YNL[:, where_N, 1:3].sum(-1))
    assert (maps_WYN[1] >= maps_WYN[0]).all() and (maps_WYN[2] == 0).all()


def test_certainty_by_hand() -> None:
    log_NC = torch.tensor([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]]).clamp(min=1e-30).log()
    certainty = certainty_of(log_NC, torch.tensor([1, 0]))
    assert certainty.entropy_N.tolist() == pytest.approx([1.0397, 0.0], abs=1e-3)
    assert certainty.rank_N.tolist() == [1, 0]
    assert certainty.probability_N.tolist() == pytest.approx([0.25, 1.0])


def test_the_terms_add_up_to_the_ratio_of_likelihoods(model, revealed) -> None:
    both, _ = states_of(model.engine, ["a white cat", ""])
    drawn_2N = forced_log_probabilities(model.networks.generator, both, revealed)
    with_N, without_N = revealed.in_raster_order(drawn_2N)
    terms_S = prompt_terms(with_N, without_N, revealed)
    assert len(terms_S) == int(revealed.groups_N.max())
    assert float(terms_S.sum()) == pytest.approx(float((drawn_2N[0] - drawn_2N[1]).sum()), abs=1e-3)


def test_the_last_frame_is_the_drawing_and_others_are_pale(model, states, revealed) -> None:
    generator, text = model.networks.generator, states[0].select(slice(0, 1))
    last = int(revealed.groups_N.max())
    frames = film(generator, text, revealed, [1, last], model.engine.pixels)
    whole = model.engine.pixels(revealed.codes_N[None]).clamp(0, 1)
    assert torch.equal(frames[1], whole)
    assert frames[0][3].mean() < whole[3].mean(), "what is to come is pale"


@pytest.mark.parametrize("num_steps", [1, 2, 9, 50, 144])
def test_a_film_goes_from_the_first_step_to_the_last(num_steps: int) -> None:
    steps = frame_steps(num_steps)
    assert steps[0] == 1 and steps[-1] == num_steps and len(steps) <= 17
    assert steps == sorted(set(steps))


def test_logits_of_a_group_know_the_groups_before_it_alone(model, states, revealed) -> None:
    """Another last token changes no logits but those of later groups, of which there are none."""
    generator, text = model.networks.generator, states[0].select(slice(0, 1))
    changed_N = revealed.codes_N.clone()
    changed_N[revealed.positions_N[-1]] += 1
    other = dataclasses.replace(revealed, codes_N=changed_N)
    first, second = (forced_logits(generator, text, each) for each in (revealed, other))
    assert torch.allclose(first, second, atol=1e-5)


def test_regions_of_any_picture(model: DALL_E, revealed: Revealed) -> None:
    regions = word_regions(model.engine, revealed.codes_N, "a white cat and a dog")
    assert [region.word.text for region in regions] == ["white cat", "dog"] or [
        region.word.text for region in regions
    ] == ["white", "cat", "dog"]
    assert all(
        region.evidence_GG.shape == region.attention_GG.shape == (8, 8) for region in regions
    )
    assert not torch.equal(regions[0].evidence_GG, regions[1].evidence_GG)
    assert word_regions(model.engine, revealed.codes_N, "of the") == []
