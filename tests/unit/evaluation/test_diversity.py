"""The spread of pictures of one prompt."""

import math

import pytest
import torch

from dall_e.evaluation.diversity import spread


def test_by_hand() -> None:
    # Prompt 0: three times the same. Prompt 1: directions at 0, 60 and 90 degrees, cosines 1/2, 0
    # and sin 60.
    image_PKD = torch.tensor(
        [[[1.0, 0.0]] * 3, [[1.0, 0.0], [0.5, math.sqrt(0.75)], [0.0, 1.0]]],
    )
    found = spread(image_PKD)
    assert found.tolist() == pytest.approx([0, 1 - (0.5 + 0 + math.sqrt(0.75)) / 3])


def test_one_picture_has_no_spread() -> None:
    with pytest.raises(ValueError, match="two pictures of each prompt, got 1"):
        spread(torch.ones(2, 1, 4))
