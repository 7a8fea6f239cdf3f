"""The text encoder reads all words, their order, and nothing of the padding.

Shapes: B batch rows, L text tokens, D width.
"""

import torch
from torch import nn

from dall_e.config import TextConfig
from dall_e.models.text_encoder import PAD_ID, TextEncoder

CONFIG = TextConfig(vocab_size=300, max_tokens=12, width=16, num_layers=2, num_heads=2)


def make() -> TextEncoder:
    torch.manual_seed(0)
    network = TextEncoder(CONFIG)
    for parameter in network.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.2)
    return network.eval()


PROMPT = [1, 40, 50, 60, 2]


def padded(ids: list[int], length: int) -> torch.Tensor:
    return torch.tensor([ids + [PAD_ID] * (length - len(ids))])


def test_padding_says_nothing() -> None:
    network = make()
    short, long = network(padded(PROMPT, 5)), network(padded(PROMPT, 12))
    assert long.states_BLD.shape == (1, 12, 16) and long.pooled_BD.shape == (1, 16)
    torch.testing.assert_close(short.states_BLD, long.states_BLD[:, :5], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(short.pooled_BD, long.pooled_BD, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(short.pooled_BD, short.states_BLD.mean(1), atol=1e-6, rtol=1e-5)


def test_every_word_reaches_every_state_and_order_matters() -> None:
    network = make()
    here = network(padded(PROMPT, 6)).states_BLD
    other_word = network(padded([1, 40, 50, 61, 2], 6)).states_BLD
    swapped = network(padded([1, 50, 40, 60, 2], 6))
    assert bool(((here - other_word).abs().amax(-1) > 1e-4)[0, :5].all())
    assert (network(padded(PROMPT, 6)).pooled_BD - swapped.pooled_BD).abs().max() > 1e-3


def test_rows_do_not_see_each_other() -> None:
    network = make()
    alone = network(padded(PROMPT, 8))
    pair = network(torch.cat((padded([1, 99, 2], 8), padded(PROMPT, 8))))
    torch.testing.assert_close(pair.states_BLD[1:], alone.states_BLD, atol=1e-5, rtol=1e-4)
    joined = alone.joined(pair)
    assert joined.states_BLD.shape == (3, 8, 16)
    assert torch.equal(joined.pooled_BD[1:], pair.pooled_BD)
