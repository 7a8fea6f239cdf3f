"""Words one after the other, by a network that is a table of probabilities.

Shapes: B captions, L text tokens, V entries of the vocabulary.
"""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from dall_e.sampling.words import (
    END_ID,
    PAD_ID,
    START_ID,
    WordChoice,
    greedy_captions,
    search_words,
    write_words,
)

A, B, C = 3, 4, 5
# Greedy takes A (0.6) and then one of two equal words; B (0.4) goes on with certainty.
AFTER = {
    START_ID: {A: 0.6, B: 0.4},
    A: {B: 0.5, C: 0.3, END_ID: 0.2},
    B: {END_ID: 1.0},
    C: {END_ID: 1.0},
}


class Rows:
    """A memory of so many images."""

    device = torch.device("cpu")

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def select(self, rows: Tensor) -> "Rows":
        return Rows(len(rows))


class TableNetwork:
    """The next word depends on the last one only. The marks of no caption are likeliest of all."""

    def __init__(self, max_tokens: int = 8) -> None:
        self.config = SimpleNamespace(max_tokens=max_tokens)

    def __call__(self, memory: Rows, ids_BL: Tensor, language_B: Tensor) -> Tensor:
        assert len(memory) == len(ids_BL) == len(language_B)
        logits_BLV = torch.full((*ids_BL.shape, 6), -1e9)
        for word, following in AFTER.items():
            for next_word, probability in following.items():
                logits_BLV[..., next_word][ids_BL == word] = math.log(probability)
        logits_BLV[..., PAD_ID] = logits_BLV[..., START_ID] = 5.0
        return logits_BLV


def test_greedy_takes_the_likeliest_word() -> None:
    written = write_words(TableNetwork(), Rows(2), 0, seeds=[0, 0])
    assert written.ids_BL.tolist() == [[START_ID, A, B, END_ID]] * 2
    assert written.log_probability_B.tolist() == pytest.approx([math.log(0.3)] * 2)
    assert torch.equal(greedy_captions(TableNetwork(), Rows(2), 0), written.ids_BL)


def test_beams_find_what_greedy_misses() -> None:
    written = search_words(TableNetwork(), Rows(2), 1, num_beams=3)
    best = [[START_ID, B, END_ID], [START_ID, A, B, END_ID], [START_ID, A, C, END_ID]]
    trimmed = [[word for word in row if word != PAD_ID] for row in written.ids_BL.tolist()]
    assert trimmed == best * 2
    expected = [math.log(p) for p in (0.4, 0.3, 0.18)]
    assert written.log_probability_B.tolist() == pytest.approx(expected * 2)


def test_one_beam_is_greedy() -> None:
    alone, greedy = (
        search_words(TableNetwork(), Rows(1), 0, num_beams=1),
        write_words(TableNetwork(), Rows(1), 0, seeds=[0]),
    )
    assert torch.equal(alone.ids_BL, greedy.ids_BL)
    torch.testing.assert_close(alone.log_probability_B, greedy.log_probability_B)


def test_drawn_words_are_as_frequent_as_they_are_likely() -> None:
    count = 2000
    choice = WordChoice(temperature=1.0)
    written = write_words(TableNetwork(), Rows(count), 0, seeds=range(count), choice=choice)
    assert (written.ids_BL[:, 1] == A).float().mean() == pytest.approx(0.6, abs=0.03)
    is_short = (written.ids_BL[:, 1] == A) & (written.ids_BL[:, 2] == END_ID)
    assert is_short.float().mean() == pytest.approx(0.12, abs=0.025)
    torch.testing.assert_close(
        written.log_probability_B[is_short], torch.full((int(is_short.sum()),), math.log(0.12))
    )
    # What is finished is filled up with padding.
    assert (written.ids_BL[is_short][:, 3:] == PAD_ID).all()


def test_draws_follow_their_seed_whatever_stands_beside_them() -> None:
    choice = WordChoice(temperature=1.0)
    many = write_words(TableNetwork(), Rows(50), 0, seeds=range(50), choice=choice)
    alone = write_words(TableNetwork(), Rows(1), 0, seeds=[17], choice=choice)
    length = alone.ids_BL.shape[1]
    assert torch.equal(many.ids_BL[17, :length], alone.ids_BL[0])
    assert len({tuple(row) for row in many.ids_BL.tolist()}) > 2


@pytest.mark.parametrize("choice", [WordChoice(1.0, top_k=1), WordChoice(1.0, top_p=0.5)])
def test_filters_leave_the_likeliest(choice: WordChoice) -> None:
    written = write_words(TableNetwork(), Rows(40), 0, seeds=range(40), choice=choice)
    assert (written.ids_BL[:, :2] == torch.tensor([START_ID, A])).all()


def test_no_caption_is_longer_than_the_network_reads() -> None:
    assert write_words(TableNetwork(3), Rows(1), 0, seeds=[0]).ids_BL.tolist() == [[START_ID, A, B]]
    assert search_words(TableNetwork(3), Rows(1), 0, num_beams=2).ids_BL.shape == (2, 3)
