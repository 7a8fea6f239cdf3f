"""The generator beside a memory: Bayes' rule by hand, exact recall, other rows."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from dall_e.config import SamplingConfig
from dall_e.models.generator import Generator
from dall_e.models.text_encoder import TextStates
from dall_e.sampling.decode import KnownTokens, decode_tokens
from dall_e.sampling.memory import TokenMemory
from dall_e.sampling.recall import RecalledPrompts, RecallingNetwork, responsibilities

SETTINGS = SamplingConfig(num_inference_steps=25, guidance_scale=1.1, top_p=0.9, temperature=0.65)
CODES_IN = torch.randint(0, 40, (3, 25), generator=torch.Generator().manual_seed(5)).short()
MEMORY = TokenMemory(CODES_IN, (("cat",), ("dog",), ("dog",)), (b"", b"", b""))


def states(rows: int, seed: int = 0) -> TextStates:
    rng = torch.Generator().manual_seed(seed)
    return TextStates(torch.randn(rows, 4, 12, generator=rng), torch.randn(rows, 12, generator=rng))


def draw(network: Generator, texts: list[str], seeds: list[int], **more: Any) -> Tensor:
    prompts = RecalledPrompts.of(MEMORY, texts, states(len(texts)))
    return decode_tokens(
        RecallingNetwork(network),
        prompts,
        prompts.nothing(states(len(texts), seed=99)),
        seeds=seeds,
        settings=more.pop("settings", SETTINGS),
        **more,
    )


def test_the_probabilities_are_those_of_bayes_rule(network: Generator) -> None:
    """After one token that the image foretold: network 0.03 x 0.3, image 0.97 x 0.97."""
    recalling = RecallingNetwork(network)
    prompts = RecalledPrompts.of(MEMORY, ["cat"], states(1))
    cache = recalling.prefill(prompts)
    first_11, second_11 = torch.tensor([[3]]), torch.tensor([[7]])
    recalling.append(cache, CODES_IN[:1, 3:4].long(), first_11)
    found_C = recalling.predict(cache, second_11)[0, 0].softmax(-1)

    alone = network.prefill(states(1))
    network.append(alone, CODES_IN[:1, 3:4].long(), first_11)
    own_C = network.predict(alone, second_11)[0, 0].softmax(-1)
    image = 0.97 * 0.97 / (0.97 * 0.97 + 0.03 * 0.3)
    wanted_C = own_C * (1 - image + 0.03 * image)
    wanted_C[CODES_IN[0, 7].long()] += 0.97 * image
    torch.testing.assert_close(found_C, wanted_C)


@pytest.mark.parametrize("steps", [25, 6])
def test_a_recalled_image_is_drawn_token_by_token(network: Generator, steps: int) -> None:
    settings = SamplingConfig(num_inference_steps=steps, guidance_scale=1.1, top_p=0.9)
    codes_BN = draw(network, ["cat", "cat"], [1, 2], settings=settings)
    assert torch.equal(codes_BN, CODES_IN[[0, 0]].long())


def test_several_images_of_a_name_are_several_designs(network: Generator) -> None:
    """The first token chooses; what follows is of the same image."""
    codes_BN = draw(network, ["dog"] * 12, list(range(12)))
    designs = {tuple(codes_N.tolist()) for codes_N in codes_BN}
    assert designs == {tuple(codes_N.tolist()) for codes_N in CODES_IN[1:]}


def test_a_row_that_recalls_nothing_is_the_networks_own_bit_for_bit(network: Generator) -> None:
    beside_BN = draw(network, ["horse", "cat"], [5, 6])
    alone_BN = decode_tokens(
        network, states(2), states(2, seed=99), seeds=[5, 6], settings=SETTINGS
    )
    assert torch.equal(beside_BN[0], alone_BN[0]) and not torch.equal(beside_BN[1], alone_BN[1])


def test_known_tokens_that_speak_against_an_image_leave_the_rest_to_the_network(
    network: Generator,
) -> None:
    """As in an edit of another picture: three tokens that are not the image's."""
    mask_BN = torch.zeros(1, 25, dtype=torch.bool)
    mask_BN[0, :3] = True
    known = KnownTokens((CODES_IN[:1].long() + 1) % 40, mask_BN)
    codes_BN = draw(network, ["cat"], [3], known=known)
    alone_BN = decode_tokens(
        network, states(1), states(1, seed=99), seeds=[3], settings=SETTINGS, known=known
    )
    assert torch.equal(codes_BN, alone_BN)
    assert math.isclose(float(known.mask_BN.sum()), 3)


def test_known_tokens_of_an_image_let_it_be_recalled(network: Generator) -> None:
    mask_BN = torch.zeros(1, 25, dtype=torch.bool)
    mask_BN[0, :3] = True
    codes_BN = draw(network, ["dog"], [3], known=KnownTokens(CODES_IN[2:].long(), mask_BN))
    assert torch.equal(codes_BN, CODES_IN[2:].long())


def test_a_recalled_image_takes_few_passes_however_many_are_drawn(
    network: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While all guesses come true, each round looks further ahead: 25 tokens in 4 rounds."""
    appended: list[int] = []
    append = network.append

    def counted(cache: Any, codes_BM: Tensor, *rest: Any, **more: Any) -> Tensor:
        appended.append(codes_BM.shape[1])
        return append(cache, codes_BM, *rest, **more)

    monkeypatch.setattr(network, "append", counted)
    codes_BN = draw(network, ["cat"] * 5, list(range(5)))
    assert torch.equal(codes_BN, CODES_IN[[0] * 5].long())
    # The last token is not appended, as nothing comes after it.
    assert sum(appended) == 5 * 24 and len(appended) <= 5 * 5


def test_a_token_is_due_to_what_foretold_it() -> None:
    """By hand, of one image and three tokens one after the other, the last not its own."""
    is_own_KN = torch.tensor([[True, True, False]])
    due_KN = responsibilities(is_own_KN, torch.full((3,), 0.2).log(), torch.arange(3))

    image, network = 0.97, 0.03
    expected = []
    for own in (True, True, False):
        of_image = 0.97 * image * own
        of_network = (network + 0.03 * image) * 0.2
        expected.append(of_image / (of_image + of_network))
        image, network = image * 0.97, network * 0.3
        image, network = image / (image + network), network / (image + network)
    assert due_KN[0].tolist() == pytest.approx(expected, rel=1e-4)
