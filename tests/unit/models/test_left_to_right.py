"""Left-to-right networks: cached = at once, nothing looks ahead, hidden padding plays no part, and
their quirks.

Shapes: B batch rows, L prompt tokens, N image tokens, D width, C codes.
"""

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from dall_e.config import SamplingConfig
from dall_e.config.published import BlockStyle, LeftToRightConfig
from dall_e.models.left_to_right import LeftToRight
from dall_e.models.prompt_networks import PromptStates
from dall_e.sampling.cuda_graph import GraphDecoder, decode_with_graph
from dall_e.sampling.decode import decode_tokens
from dall_e.sampling.noise import gumbel

SIZES = {"num_codes": 30, "num_tokens": 16, "code_rows": 32, "num_logits": 31, "prefix_tokens": 5}
SIZES |= {"width": 32, "num_heads": 2, "num_layers": 2, "mlp_width": 48}
LAYER = BlockStyle(
    norm="layer", norm_eps=1e-5, qk_norm=False, attention_bias=True, mlp="gelu", mlp_bias=True
)
BART = BlockStyle(
    norm="layer",
    norm_eps=1e-5,
    norm_after=True,
    norm_inside_mlp=True,
    qk_norm=False,
    mlp="gelu_gated",
    cross_attention=True,
)
CONFIGS = {
    "mini": LeftToRightConfig(**SIZES, start_code=31, embedding_norm=True, style=BART),
    "llamagen": LeftToRightConfig(
        **SIZES, places="grid", style=BlockStyle(qk_norm=False, norm_eps=1e-5)
    ),
    "mindalle": LeftToRightConfig(**SIZES, text_logits=9, style=LAYER),
    "janus": LeftToRightConfig(
        **SIZES, places="line", code_width=8, head_width=24, style=BlockStyle(qk_norm=False)
    ),
}


def make(config: LeftToRightConfig) -> LeftToRight:
    torch.manual_seed(0)
    network = LeftToRight(config)
    for name, parameter in network.named_parameters():
        nn.init.normal_(parameter, mean=float("norm" in name and name.endswith("weight")), std=0.15)
    return network.eval()


def prompt(rows: int, hidden: int = 0, seed: int = 0) -> PromptStates:
    """States of which the first `hidden` of each row are padding."""
    rng = torch.Generator().manual_seed(seed)
    visible_BL = torch.arange(5).expand(rows, -1) >= hidden
    return PromptStates(torch.randn(rows, 5, 32, generator=rng), visible_BL)


def codes(rows: int, length: int = 15) -> Tensor:
    return torch.randint(30, (rows, length), generator=torch.Generator().manual_seed(3))


@torch.no_grad()
def stepwise(network: LeftToRight, text: PromptStates, codes_BN: Tensor) -> Tensor:
    cache = network.prefill(text)
    position_B1 = torch.zeros(codes_BN.shape[0], 1, dtype=torch.int64)
    logits = [network.predict(cache, position_B1)]
    for index in range(codes_BN.shape[1]):
        network.append(cache, codes_BN[:, index : index + 1], position_B1)
        logits.append(network.predict(cache, position_B1))
    return torch.cat(logits, dim=1)


@pytest.mark.parametrize("hidden", [0, 3])
@pytest.mark.parametrize("name", CONFIGS)
def test_one_after_the_other_is_all_at_once(name: str, hidden: int) -> None:
    network, text, codes_BN = make(CONFIGS[name]), prompt(2, hidden), codes(2)
    with torch.no_grad():
        at_once = network(text, codes_BN)[..., :30]
    assert at_once.shape == (2, 16, 30) and float(at_once.std()) > 0.05
    torch.testing.assert_close(stepwise(network, text, codes_BN), at_once, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", CONFIGS)
@torch.no_grad()
def test_nothing_looks_ahead(name: str) -> None:
    network, text, codes_BN = make(CONFIGS[name]), prompt(1), codes(1)
    other_BN = codes_BN.clone()
    other_BN[:, 7] = (other_BN[:, 7] + 1) % 30
    before, after = network(text, codes_BN), network(text, other_BN)
    assert torch.equal(before[:, :8], after[:, :8])
    assert not torch.allclose(before[:, 8], after[:, 8], atol=1e-4)


@pytest.mark.parametrize("name", CONFIGS)
@torch.no_grad()
def test_hidden_padding_plays_no_part(name: str) -> None:
    network, text, codes_BN = make(CONFIGS[name]), prompt(1, hidden=2), codes(1)
    changed = PromptStates(text.states_BLD.clone(), text.visible_BL)
    changed.states_BLD[:, :2] += torch.arange(32.0)
    torch.testing.assert_close(
        network(text, codes_BN), network(changed, codes_BN), atol=1e-5, rtol=0
    )
    changed.states_BLD[:, 3] += torch.arange(32.0)
    assert not torch.allclose(network(text, codes_BN), network(changed, codes_BN), atol=1e-3)


@torch.no_grad()
def test_a_prefix_filled_up_on_the_left_draws_the_same_along_a_line() -> None:
    network, short = (
        make(CONFIGS["janus"]),
        PromptStates(prompt(1).states_BLD[:, :3], torch.ones(1, 3).bool()),
    )
    filled = PromptStates.stacked([short, prompt(1, seed=9)])
    assert filled.states_BLD.shape == (2, 5, 32) and filled.visible_BL[0].tolist() == [
        False,
        False,
        True,
        True,
        True,
    ]
    alone, beside = network(short, codes(1)), network(filled, codes(2)[:1].expand(2, -1))
    torch.testing.assert_close(alone, beside[:1], atol=1e-5, rtol=0)


@torch.no_grad()
def test_the_prefix_of_llamagen_is_attended_to_evenly() -> None:
    """Its cosines and sines are 0, so queries and keys vanish: the order of the prefix cannot
    matter to the picture."""
    network, text, codes_BN = make(CONFIGS["llamagen"]), prompt(1), codes(1)
    table = network.rotation_cos
    assert (
        table.shape == (5 + 16, 8) and bool((table[:5] == 0).all()) and float(table[5].min()) == 1
    )
    one_layer = make(dataclasses.replace(CONFIGS["llamagen"], num_layers=1))
    shuffled = PromptStates(text.states_BLD[:, [1, 0, 3, 2, 4]], text.visible_BL)
    torch.testing.assert_close(
        one_layer(text, codes_BN), one_layer(shuffled, codes_BN), atol=1e-5, rtol=0
    )


@torch.no_grad()
def test_the_start_code_matters() -> None:
    """16384, 16383 and 16415 have all been used for DALL-E mini: they are different pictures."""
    network = make(CONFIGS["mini"])
    other = make(dataclasses.replace(CONFIGS["mini"], start_code=29))
    assert not torch.allclose(network(prompt(1), codes(1)), other(prompt(1), codes(1)), atol=1e-3)


def test_settings_that_contradict_each_other() -> None:
    with pytest.raises(ValueError, match="num_tokens 15 is not the square"):
        dataclasses.replace(CONFIGS["mini"], num_tokens=15)
    with pytest.raises(ValueError, match="width 33 is not a multiple of 2"):
        dataclasses.replace(CONFIGS["mini"], width=33)
    with pytest.raises(ValueError, match="num_codes 40 is more than 32 rows"):
        dataclasses.replace(CONFIGS["mini"], num_codes=40)


SETTINGS = SamplingConfig(
    num_inference_steps=16,
    guidance_scale=3.0,
    temperature=1.0,
    final_temperature=1.0,
    top_k=20,
    top_p=1.0,
    order="raster",
    schedule="uniform",
)


@pytest.mark.parametrize("name", CONFIGS)
def test_the_loop_draws_by_the_plain_rule(name: str) -> None:
    """Guided logits, the 20 largest, plus z[seed, place, code]: the largest wins."""
    network, text, null = make(CONFIGS[name]), prompt(1), prompt(1, seed=5)
    drawn_BN = decode_tokens(network, text, null, seeds=[11], settings=SETTINGS)
    noise_BNC = gumbel([11], 16, 30)
    expected: list[int] = []
    with torch.no_grad():
        for place in range(16):
            so_far = torch.tensor([expected], dtype=torch.int64).view(1, -1)
            with_text, without = (network(each, so_far)[0, -1, :30] for each in (text, null))
            logits_C = without + 3 * (with_text - without)
            kept = logits_C >= logits_C.topk(20).values[-1]
            expected.append(
                int((logits_C + noise_BNC[0, place]).masked_fill(~kept, -torch.inf).argmax())
            )
    assert drawn_BN.tolist() == [expected]


def test_a_seed_is_a_picture_in_any_batch() -> None:
    network = make(CONFIGS["llamagen"])
    texts, null = [prompt(1, seed=seed) for seed in range(3)], prompt(1, seed=5)
    together = decode_tokens(
        network,
        PromptStates.stacked(texts),
        PromptStates.stacked([null] * 3),
        seeds=[1, 2, 3],
        settings=SETTINGS,
    )
    for row, text in enumerate(texts):
        assert torch.equal(
            decode_tokens(network, text, null, seeds=[row + 1], settings=SETTINGS)[0], together[row]
        )


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("hidden", [0, 3])
@torch.no_grad()
def test_a_position_may_be_given_as_a_tensor(name: str, hidden: int) -> None:
    network, text, codes_BN = make(CONFIGS[name]), prompt(2, hidden), codes(2)
    plain = stepwise(network, text, codes_BN)
    cache = network.prefill(text)
    capacity = cache.prefix + 15
    for done in range(15):
        # What lies beyond the position is filled with nonsense: nobody may look at it.
        for layer in cache.layers:
            layer.k_BHSK[:, :, cache.prefix + done :] = 7.0
            layer.v_BHSK[:, :, cache.prefix + done :] = -5.0
        seen = capacity if done % 2 else cache.prefix + done + 1
        logits_B1C = network.append_at(
            cache, codes_BN[:, done : done + 1], torch.tensor([done]), seen
        )
        torch.testing.assert_close(logits_B1C[:, 0], plain[:, done + 1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"temperature": 0.9, "final_temperature": 0.5, "top_p": 0.8},
        {"guidance_scale": 1.0},
        {"temperature": 0.0},
    ],
)
def test_steps_of_fixed_shapes_draw_what_the_loop_draws(name: str, changes: dict) -> None:
    network, text, null = make(CONFIGS[name]), prompt(2), prompt(2, seed=5)
    settings = dataclasses.replace(SETTINGS, **changes)
    expected = decode_tokens(network, text, null, seeds=[11, 12], settings=settings)
    drawn = torch.zeros(2, 16, dtype=torch.int64)
    steps: list[int] = []
    with torch.no_grad():
        rows = text if settings.guidance_scale == 1 else text.joined(null)
        decode_with_graph(
            network,
            network.prefill(rows),
            drawn,
            seeds=[11, 12],
            settings=settings,
            window=5,
            after_token=steps.append,
        )
    assert torch.equal(drawn, expected) and steps == list(range(1, 17))


def test_attention_goes_over_few_sizes_that_hold_all_positions() -> None:
    network = make(dataclasses.replace(CONFIGS["llamagen"], num_tokens=256))
    with torch.no_grad():
        decoder = GraphDecoder(
            network, network.prefill(prompt(2)), torch.zeros(1, 256, dtype=torch.int64), SETTINGS, 8
        )
    seen = [decoder.seen(done) for done in range(256)]
    assert set(seen) == {128, 256, 260} and all(
        5 + done + 1 <= positions for done, positions in enumerate(seen[:-1])
    )
