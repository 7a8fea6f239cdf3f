"""Shapes by several designers are recognised when another one draws them."""

import cv2
import numpy as np
import pytest
import torch

from dall_e.data.datasets import ImageSet
from dall_e.models.recogniser import Recogniser, calibrated
from dall_e.training.recogniser_fitting import calibration, fit_recogniser, things_of

SHAPES = ("square", "disc", "triangle", "cross", "bar")
NAMES_ZH = {"square": "方块", "disc": "圆盘", "triangle": "三角", "cross": "十字", "bar": "横条"}
DESIGNERS = 5


def drawn(shape: str, designer: int, side: int = 48) -> np.ndarray:
    """A shape on nothing; each designer has a colour, a size and an angle."""
    rng = np.random.default_rng(designer)
    colour = (*rng.integers(60, 256, 3).tolist(), 255)
    canvas = np.zeros((side, side, 4), np.uint8)
    corners = {
        "square": [(12, 12), (36, 12), (36, 36), (12, 36)],
        "triangle": [(24, 8), (40, 38), (8, 38)],
        "bar": [(6, 20), (42, 20), (42, 28), (6, 28)],
        "cross": [
            (20, 8), (28, 8), (28, 20), (40, 20), (40, 28), (28, 28),
            (28, 40), (20, 40), (20, 28), (8, 28), (8, 20), (20, 20),
        ],
    }  # fmt: skip
    if shape == "disc":
        cv2.circle(canvas, (24, 24), 15, colour, -1)
    else:
        cv2.fillPoly(canvas, [np.array(corners[shape])], colour)
    turn = cv2.getRotationMatrix2D((24, 24), rng.uniform(-8, 8), rng.uniform(0.8, 1.1))
    return cv2.warpAffine(canvas, turn, (side, side)).transpose(2, 0, 1)


def shapes(designers: range) -> ImageSet:
    pairs = [(shape, designer) for designer in designers for shape in SHAPES]
    images = np.stack([drawn(*pair) for pair in pairs])
    records = [{"en": shape, "zh": NAMES_ZH[shape], "kind": "object"} for shape, _ in pairs]
    return ImageSet(images_NCHW=torch.from_numpy(images), records=records, skipped=[])


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return fit_recogniser(shapes(range(DESIGNERS)), views=1)


def test_another_designers_drawings_are_recognised(recogniser: Recogniser) -> None:
    held_out = shapes(range(20, 24))
    images = [image.numpy() for image in held_out.images_NCHW]
    best = recogniser.log_probabilities(images).argmax(1)
    names = [recogniser.things[thing].name for thing in best]
    assert names == [record["en"] for record in held_out.records]


def test_probabilities_leave_room_for_the_unknown() -> None:
    """By hand: two things and the unknown, whose cosine is that of the second one."""
    log_1K = calibrated(np.array([[1.0, 0.5]], np.float32), sharpness=10.0, unknown=0.5)
    total = 1 + 2 * np.exp(-5)
    assert np.exp(log_1K[0]) == pytest.approx([1 / total, np.exp(-5) / total], rel=1e-5)


def test_who_nobody_else_drew_teaches_what_is_unknown() -> None:
    """Drawings of one thing are alike by 0.9; those of others are not, by 0.3."""
    directions = np.sqrt(0.3) * np.ones((12, 1)) * np.eye(1, 19)
    things = np.repeat(np.arange(7), [2, 2, 2, 2, 2, 1, 1])
    directions[np.arange(12), 1 + things] = np.sqrt(0.6)
    directions[np.arange(12), 8 + np.arange(12) % 11] = np.sqrt(0.1)
    _, unknown = calibration(directions.astype(np.float32), things, seed=0)
    assert 0.3 < unknown < 0.9


def test_a_thing_has_one_name_and_no_skin_tone() -> None:
    records = [
        {"en": "person running, dark skin tone", "zh": "跑步者，较深肤色", "kind": "person"},
        {"en": "Person running", "zh": "", "kind": "person"},
        {"en": "apple", "zh": "苹果", "kind": "food"},
    ]
    things, thing_M = things_of(records)
    assert thing_M.tolist() == [1, 1, 0]
    assert [thing.name for thing in things] == ["apple", "person running"]
    assert things[0].en == "an apple" and things[1].zh.endswith("跑步者")


def test_captions_alone_are_refused() -> None:
    images = torch.zeros(1, 4, 8, 8, dtype=torch.uint8)
    with pytest.raises(ValueError, match="captions alone"):
        fit_recogniser(ImageSet(images_NCHW=images, records=[{"text": "a cat"}], skipped=[]))
