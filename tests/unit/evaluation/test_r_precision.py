"""R-precision on constructed directions.

Shapes: B images, T texts, D width.
"""

import pytest
import torch

from dall_e.evaluation.r_precision import r_precision


def test_images_that_lie_on_their_texts() -> None:
    text_TD = torch.eye(120)
    image_BD = text_TD[:4].clone()
    image_BD[3] = text_TD[50] + 0.5 * text_TD[3]
    meanings = [f"thing {index}" for index in range(120)]

    # Among all 120 the last one loses to text 50.
    hits = r_precision(image_BD, [0, 1, 2, 3], text_TD, meanings, choices=120)
    assert hits.tolist() == [1, 1, 1, 0]

    # An image of two meanings that are one and the same is not wrong.
    meanings[50] = meanings[3]
    hits = r_precision(image_BD, [0, 1, 2, 3], text_TD, meanings, choices=119)
    assert hits.tolist() == [1, 1, 1, 1]


def test_chance_is_one_in_a_hundred() -> None:
    torch.manual_seed(0)
    image_BD, text_TD = torch.randn(2000, 16), torch.randn(150, 16)
    text_of_image = [row % 150 for row in range(2000)]
    meanings = [str(index) for index in range(150)]
    hits = r_precision(image_BD, text_of_image, text_TD, meanings)
    assert hits.mean() == pytest.approx(0.01, abs=0.007)


def test_too_few_texts() -> None:
    with pytest.raises(ValueError, match="100 choices need 99 captions"):
        r_precision(torch.eye(5), range(5), torch.eye(5), list("abcde"))
