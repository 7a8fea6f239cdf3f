"""The spread of the images of one prompt."""

import math

import pytest
import torch

from dall_e.evaluation.diversity import spread


def test_by_hand() -> None:
    # Prompt 0: three times the same.
    same_KD = [[1.0, 0.0]] * 3
    # Prompt 1: directions at 0, 60 and 90 degrees, whose cosines are 1/2, 0 and sin 60.
    different_KD = [[1.0, 0.0], [0.5, math.sqrt(0.75)], [0.0, 1.0]]
    image_PKD = torch.tensor([same_KD, different_KD])
    found = spread(image_PKD)
    assert found.tolist() == pytest.approx([0, 1 - (0.5 + 0 + math.sqrt(0.75)) / 3])


def test_one_image_has_no_spread() -> None:
    with pytest.raises(ValueError, match="two pictures of each prompt, got 1"):
        spread(torch.ones(2, 1, 4))
