"""PSNR of a known error."""

import math

import pytest
import torch

from dall_e.evaluation.reconstruction import reconstruction


def test_by_hand() -> None:
    images = torch.zeros(3, 4, 8, 8, dtype=torch.uint8)
    sizes: list[int] = []

    def off_by_a_tenth(x: torch.Tensor) -> torch.Tensor:
        sizes.append(len(x))
        return x + 0.1

    # 20 dB for an error of a tenth everywhere; the loss decides how alpha counts, hence the wide
    # margin.
    found = reconstruction(off_by_a_tenth, images)
    assert found.shape == (3,) and sizes == [1, 1, 1]
    assert found[0] == pytest.approx(-20 * math.log10(0.1), abs=6)
    assert reconstruction(lambda x: x, images).min() > 60
