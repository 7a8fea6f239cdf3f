"""Drawn animals: whole within their picture, lying down to sleep, and of a colour that can be
changed."""

import numpy as np
import pytest

from dall_e.images.animals import POSES, SPECIES, drawn_animal
from dall_e.images.colour import main_colour


@pytest.mark.parametrize("species", SPECIES)
def test_drawings_are_whole_and_have_one_main_colour(species: str) -> None:
    drawings = [drawn_animal(species, pose, 64) for poses in POSES.values() for pose in poses]
    for drawn in drawings:
        assert drawn.shape == (64, 64, 4) and (drawn[..., :3] <= drawn[..., 3:]).all()
        rows, columns = np.nonzero(drawn[..., 3] > 128)
        assert 0 < rows.min() and rows.max() < 63 and 0 < columns.min() and columns.max() < 63
        assert main_colour(drawn) is not None
    assert all(not np.array_equal(drawings[0], other) for other in drawings[1:])


@pytest.mark.parametrize("species", SPECIES)
def test_sleepers_lie(species: str) -> None:
    for pose in POSES["sleeping"]:
        rows, columns = np.nonzero(drawn_animal(species, pose, 64)[..., 3] > 128)
        assert np.ptp(columns) > np.ptp(rows)


def test_a_size_changes_nothing_but_the_size() -> None:
    large, small = (drawn_animal("cat", "loaf", side).astype(float) for side in (128, 64))
    halved = large.reshape(64, 2, 64, 2, 4).mean((1, 3))
    assert np.abs(halved - small).mean() < 2
