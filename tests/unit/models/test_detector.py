"""What counts as found, on maps made by hand; and where the map's places are in the picture.

Shapes: B pictures, K things, C colours or channels, H W rows and columns.
"""

import pytest
import torch

from dall_e.config import DetectorConfig
from dall_e.models.detector import Detector, found_in

CONFIG = DetectorConfig(
    image_size=32, widths=(8, 16, 16), things=("cat", "dog"), colours=("red", "blue", "white")
)


def maps(*peaks: tuple[int, int, int, float], colour: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits with (thing, row, column, probability) on an 8 x 8 map that else has nothing; blue
    everywhere."""
    thing_KHW = torch.full((2, 8, 8), -9.0)
    for thing, row, column, fraction in peaks:
        thing_KHW[thing, row, column] = torch.logit(torch.tensor(fraction))
    colour_CHW = torch.zeros(3, 8, 8)
    colour_CHW[colour] = 1
    return thing_KHW, colour_CHW


def test_peaks_are_things() -> None:
    found = found_in(*maps((0, 1, 6, 0.9), (1, 7, 0, 0.95), (0, 5, 5, 0.2)), CONFIG, threshold=0.3)
    assert [(d.thing, d.colour, d.x, d.y) for d in found] == [
        ("dog", "blue", 0.5 / 8, 7.5 / 8),
        ("cat", "blue", 6.5 / 8, 1.5 / 8),
    ]
    assert [d.score for d in found] == pytest.approx([0.95, 0.9])
    assert found_in(*maps(), CONFIG, threshold=0.3) == []


def test_one_place_is_one_thing() -> None:
    # Next to a likelier peak, of the same thing or another, nothing is found; two places on,
    # something is.
    assert len(found_in(*maps((0, 3, 3, 0.9), (0, 3, 4, 0.8)), CONFIG, threshold=0.3)) == 1
    (only,) = found_in(*maps((0, 3, 3, 0.7), (1, 4, 4, 0.8)), CONFIG, threshold=0.3)
    assert only.thing == "dog"
    assert len(found_in(*maps((0, 3, 3, 0.9), (0, 3, 5, 0.8)), CONFIG, threshold=0.3)) == 2


def test_maps_lie_over_the_picture() -> None:
    torch.manual_seed(0)
    detector = Detector(CONFIG).eval()
    # The head of things starts at nothing, so its input is looked at through the colours.
    x_BCHW = torch.zeros(1, 4, 32, 32)
    dotted_BCHW = x_BCHW.clone()
    dotted_BCHW[..., 24:28, 4:8] = 1
    dotted_BCHW[:, :3, 24:28, 4:8] = 0
    output, dotted = detector(x_BCHW), detector(dotted_BCHW)
    assert output.thing_BKHW.shape == (1, 2, 8, 8) and output.colour_BCHW.shape == (1, 3, 8, 8)
    change_HW = (dotted.colour_BCHW - output.colour_BCHW).abs().sum(1)[0]
    row, column = divmod(int(change_HW.argmax()), 8)
    assert abs(row - 6) <= 1 and abs(column - 1) <= 1


def test_starts_with_nothing_and_takes_any_side() -> None:
    torch.manual_seed(0)
    detector = Detector(CONFIG).eval()
    assert detector.find(torch.rand(2, 4, 50, 50)) == [[], []]
    assert len(detector.find(torch.rand(1, 4, 32, 32), threshold=0.001)[0]) > 0


def test_settings() -> None:
    with pytest.raises(ValueError, match="widths must have 3 entries, got 2"):
        DetectorConfig(widths=(8, 16))
    with pytest.raises(ValueError, match="image_size 40 is not a multiple of 16"):
        DetectorConfig(image_size=40)
