"""Areas made by hand, for tests of what is painted on them."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from dall_e.images.areas import Areas

Disc = tuple[tuple[int, int, int], int, int, int, int]


def _areas_of(side: int, *discs: Disc) -> Areas:
    palette: list[tuple[int, int, int]] = []
    labels = np.zeros((side, side), dtype=np.int32)
    for colour, x, y, wide, tall in discs:
        if colour not in palette:
            palette.append(colour)
        label = palette.index(colour) + 1
        cv2.ellipse(labels, (x, y), (wide, tall), 0, 0, 360, label, cv2.FILLED)
    return Areas(labels_HW=labels, palette_K3=np.array(palette, dtype=np.uint8))


@pytest.fixture(scope="session")
def areas_of() -> Callable[..., Areas]:
    """Makes areas of ellipses (colour, x, y, half width, half height), the last ones on top."""
    return _areas_of
