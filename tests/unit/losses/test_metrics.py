"""PSNR and R-precision, worked by hand.

Shapes: B images, C channels, H W rows and columns, T captions.
"""

import math

import pytest
import torch

from dall_e.losses.metrics import peak_signal_to_noise, r_precision_hits


def test_peak_signal_to_noise() -> None:
    original_BCHW = torch.full((1, 4, 8, 8), 0.5)
    ours_BCHW = original_BCHW.clone()
    ours_BCHW[:, 0] = 0.6
    value = peak_signal_to_noise(original_BCHW=original_BCHW, reconstruction_BCHW=ours_BCHW)
    assert value.shape == (1,)
    assert value.item() == pytest.approx(-10 * math.log10(0.01 / 4), rel=1e-4)


# Image 0 is beaten by caption 2, image 1 by none, image 2 by caption 0 and it ties with
# caption 3.
SCORES_BT = torch.tensor([[0.5, 0.1, 0.9, 0.2], [0.1, 0.8, 0.2, 0.3], [0.7, 0.1, 0.6, 0.6]])


def hits(same: list[tuple[int, int]], choices: int, seed: int = 0) -> list[bool]:
    same_BT = torch.zeros(3, 4, dtype=torch.bool)
    for row, column in same:
        same_BT[row, column] = True
    result: list[bool] = r_precision_hits(
        SCORES_BT, torch.arange(3), same_BT, choices=choices, seed=seed
    ).tolist()
    return result


def test_the_own_caption_among_all() -> None:
    assert hits([], choices=4) == [False, True, False]


def test_captions_that_mean_the_same_are_no_distractors() -> None:
    assert hits([(0, 2), (1, 0), (2, 0)], choices=3) == [True, True, False]


def test_the_own_caption_among_some_is_found_as_often_as_expected() -> None:
    # Image 0 loses to one of three: among two distractors it wins if that one is not drawn, which
    # is one third.
    found = [hits([], choices=3, seed=seed)[0] for seed in range(300)]
    assert 0.25 < sum(found) / 300 < 0.42
    assert [hits([], choices=3, seed=seed)[0] for seed in range(5)] == found[:5]


def test_too_few_captions_to_choose_from() -> None:
    with pytest.raises(
        ValueError, match="4 choices need 3 captions that mean something else, there are 2"
    ):
        hits([(1, 3)], choices=4)
