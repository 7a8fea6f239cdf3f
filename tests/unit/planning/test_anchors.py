"""Drawings made by hand: where their eyes, mouth, head and seat are."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dall_e.planning.anchors import Anchors, anchors_of, anchors_of_face

Labels = npt.NDArray[np.int32]
PALETTE = np.array([[240, 180, 80], [25, 20, 20], [250, 250, 250]], dtype=np.uint8)
SKIN, DARK, WHITE = 1, 2, 3


def ellipse(labels_HW: Labels, x: int, y: int, wide: int, tall: int, label: int) -> None:
    cv2.ellipse(labels_HW, (x, y), (wide, tall), 0, 0, 360, label, cv2.FILLED)


def face(body: bool = False) -> Labels:
    """A face of 200 x 200 with eyes at (70, 80) and (130, 80); below it a body or nothing."""
    labels = np.zeros((400 if body else 200, 200), dtype=np.int32)
    ellipse(labels, 100, 100, 99, 99, SKIN)
    if body:
        labels[180:, 50:150] = SKIN
    for x in (70, 130):
        ellipse(labels, x, 80, 9, 11, DARK)
    ellipse(labels, 100, 150, 30, 5, DARK)  # a mouth is no eye
    return labels


def animal(spots: tuple[tuple[int, int], ...] = ((40, 42),)) -> Labels:
    """An animal that looks left: head at the upper left, muzzle at x = 0, body, legs, tail."""
    labels = np.zeros((200, 300), dtype=np.int32)
    ellipse(labels, 55, 50, 45, 45, SKIN)
    ellipse(labels, 20, 60, 20, 15, SKIN)
    ellipse(labels, 170, 110, 110, 45, SKIN)
    for x in (80, 110, 230, 260):
        labels[120:200, x - 10 : x + 10] = SKIN
    for x, y in spots:
        ellipse(labels, x, y, 6, 7, DARK)
    return labels


def inside(box: tuple[float, float, float, float], point: tuple[float, float]) -> bool:
    left, top, right, bottom = box
    return left <= point[0] <= right and top <= point[1] <= bottom


def test_a_face_that_looks_at_us() -> None:
    anchors = anchors_of(face(), PALETTE)
    assert anchors.has_eyes and anchors.facing == 0
    assert anchors.eyes == pytest.approx((0.5, 0.4), abs=0.01)
    assert anchors.eye_distance == pytest.approx(0.3, abs=0.01)
    assert anchors.mouth[0] == pytest.approx(0.5, abs=0.01)
    assert 0.55 < anchors.mouth[1] < 0.85
    assert anchors.head[1] < 0.05 and anchors.head[3] > 0.9  # it is all head
    assert inside(anchors.head, anchors.eyes) and inside(anchors.head, anchors.mouth)


def test_somebody_who_looks_at_us_has_a_hand_at_their_side() -> None:
    anchors = anchors_of(face(body=True), PALETTE)
    assert anchors.has_eyes and anchors.facing == 0
    assert anchors.eyes == pytest.approx((0.5, 0.2), abs=0.01)
    assert anchors.head[3] < 0.6
    assert 0.6 < anchors.hand[0] < 0.76 and anchors.hand[1] > anchors.head[3]


@pytest.mark.parametrize("way", [-1, 1])
def test_an_animal_from_its_side_looks_where_its_muzzle_is(way: int) -> None:
    labels = animal() if way < 0 else animal()[:, ::-1]
    anchors = anchors_of(labels, PALETTE)
    assert anchors.has_eyes and anchors.facing == way and anchors.eye_distance == 0
    if way > 0:
        anchors = mirrored(anchors)
    assert anchors.eyes == pytest.approx((40 / 300, 42 / 200), abs=0.01)
    assert anchors.mouth[0] < anchors.eyes[0] and anchors.mouth[1] > anchors.eyes[1]
    assert anchors.head[0] < 0.05 < 0.2 < anchors.head[2] < 0.5
    assert 0.4 < anchors.seat[0] < 0.65 and anchors.seat[1] == pytest.approx(0.33, abs=0.06)


def mirrored(anchors: Anchors) -> Anchors:
    def flip(point: tuple[float, float]) -> tuple[float, float]:
        return 1 - point[0], point[1]

    left, top, right, bottom = anchors.head
    return Anchors(
        eyes=flip(anchors.eyes), eye_distance=anchors.eye_distance, mouth=flip(anchors.mouth),
        head=(1 - right, top, 1 - left, bottom), hand=flip(anchors.hand), seat=flip(anchors.seat),
        facing=-anchors.facing, has_eyes=anchors.has_eyes,
    )  # fmt: skip


def test_spots_low_on_a_body_are_no_eyes() -> None:
    labels = animal(spots=())
    for x in (120, 200):
        ellipse(labels, x, 160, 7, 7, DARK)
    assert not anchors_of(labels, PALETTE).has_eyes


def test_eyes_are_round_and_small() -> None:
    labels = face()
    labels[labels == DARK] = SKIN
    cv2.rectangle(labels, (30, 75), (90, 85), DARK, cv2.FILLED)
    cv2.rectangle(labels, (110, 75), (170, 85), DARK, cv2.FILLED)
    assert not anchors_of(labels, PALETTE).has_eyes
    ellipse(labels, 60, 80, 45, 45, DARK)
    ellipse(labels, 140, 80, 45, 45, DARK)
    assert not anchors_of(labels, PALETTE).has_eyes


def test_without_eyes_the_outline_says_where_things_go() -> None:
    anchors = anchors_of(animal(spots=()), PALETTE)
    assert not anchors.has_eyes and anchors.facing == -1 and anchors.mouth[0] < 0.1
    anchors = anchors_of(animal(spots=())[:, ::-1], PALETTE)
    assert anchors.facing == 1 and anchors.mouth[0] > 0.9
    upright = np.full((200, 80), SKIN, dtype=np.int32)
    anchors = anchors_of(upright, PALETTE)
    assert anchors.facing == 0 and anchors.eyes[1] < anchors.mouth[1] < 0.5


def test_a_thing_that_is_all_face_looks_out_of_its_middle() -> None:
    crescent_HW = np.zeros((100, 100), dtype=np.bool_)
    crescent_HW[20:80, 60:90] = True
    anchors = anchors_of_face(crescent_HW)
    assert anchors.eyes == pytest.approx((0.745, 0.435)) and anchors.mouth[1] > 0.6
    assert anchors.head[1] == 0.2 and anchors.facing == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (3, 3)])
@pytest.mark.parametrize("label", [0, SKIN, DARK])
def test_the_smallest_drawings_have_anchors_inside(shape: tuple[int, int], label: int) -> None:
    anchors = anchors_of(np.full(shape, label, dtype=np.int32), PALETTE)
    points = (anchors.eyes, anchors.mouth, anchors.hand, anchors.seat)
    assert all(-0.4 <= value <= 1.4 for point in points for value in point)
    assert anchors.head[0] <= anchors.head[2] and anchors.head[1] <= anchors.head[3]
