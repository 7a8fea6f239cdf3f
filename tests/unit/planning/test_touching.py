"""Things that touch: where they are gripped, what is before them, and what holds them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from dall_e.planning.anchors import Anchors, anchors_of
from dall_e.planning.attachments import composite
from dall_e.planning.handles import Handle, handle_of
from dall_e.planning.hands import hands_of
from dall_e.planning.hollows import bars_of, opening_of, rim_of, room_below
from dall_e.planning.outlines import Hand, Hollow, rings_of
from dall_e.planning.parts import Attached, Part, bounds_of, middle_of

SKIN, SHIRT, DARK, BROWN = 1, 2, 3, 4
PALETTE = np.array([[250, 210, 80], [40, 160, 60], [40, 20, 10], [190, 110, 80]], dtype=np.uint8)
BODY, THING = 0, 1
STANDING = Anchors(
    eyes=(0.5, 0.1), eye_distance=0.0, mouth=(0.5, 0.15), head=(0.3, 0.0, 0.7, 0.2),
    hand=(0.9, 0.5), seat=(0.5, 0.5), facing=0, has_eyes=False, is_whole=True,
    hands=(Hand((0.1, 0.5), (((0, 0.4), (0.2, 0.4), (0.1, 0.6)),)),
           Hand((0.9, 0.5), (((0.8, 0.4), (1, 0.4), (0.9, 0.6)),))),
)  # fmt: skip
"""A person with two hands."""


def drawn(height: int, width: int) -> np.ndarray:
    return np.zeros((height, width), dtype=np.int32)


def person() -> np.ndarray:
    """Somebody 300 high and 100 wide: a head, a shirt, legs, and bare arms that end at row 165."""
    labels = drawn(300, 100)
    cv2.ellipse(labels, (50, 27), (22, 27), 0, 0, 360, SKIN, -1)
    labels[55:165, 20:80] = SHIRT
    labels[165:300, 25:75] = BROWN
    for left in (4, 82):
        labels[70:165, left : left + 14] = SKIN
    return labels


def attached(verb: str, name: str = "thing", **more: object) -> Attached:
    values = {"index": THING, "seat": (0.3, 0.4), "aspect": 1.0, **more}
    return Attached(verb=verb, name=name, **values)


def laid(thing: Attached, anchors: Anchors = STANDING, own_aspect: float = 0.4) -> list[Part]:
    return composite(BODY, own_aspect, anchors, [thing])


@pytest.mark.parametrize(("angle", "expected"), [(0, 90), (-40, 50), (35, 125)])
def test_a_long_thing_is_gripped_at_its_lower_end(angle: float, expected: float) -> None:
    sword = drawn(200, 200)
    box = ((100, 100), (14, 180), -angle)
    cv2.fillPoly(sword, [cv2.boxPoints(box).astype(np.int32)], 1)
    rows, columns = np.nonzero(sword)
    sword = sword[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] > 0
    handle = handle_of(sword, "sword")
    assert handle.is_long and handle.grip[1] > 0.7
    assert handle.angle == pytest.approx(expected, abs=3) or handle.angle == pytest.approx(
        180 - expected, abs=3
    )


def test_what_is_wide_above_a_stem_has_its_grip_on_the_stem() -> None:
    axe = drawn(100, 90) > 0
    axe[:40], axe[40:, 40:50] = True, True
    assert handle_of(axe, "axe").is_long
    grip = handle_of(axe, "axe").grip
    assert grip[0] == pytest.approx(0.5, abs=0.03) and grip[1] > 0.8
    assert not handle_of(np.ones((50, 50), dtype=bool), "ball").is_long
    assert handle_of(axe, "handbag").grip[1] < 0.1


def test_hands_are_the_lower_ends_of_bare_arms() -> None:
    labels = person()
    anchors = anchors_of(labels, PALETTE, is_person=True)
    left, right = hands_of(labels, anchors)
    assert left.point[0] < 0.2 and right.point[0] > 0.8
    assert left.point[1] == pytest.approx(0.52, abs=0.04)
    ys = [y for ring in right.rings for _, y in ring]
    assert max(ys) - min(ys) < 0.09  # a hand, not an arm


def test_a_sword_is_in_the_hand_and_the_fingers_are_before_it() -> None:
    handle = Handle(grip=(0.2, 0.9), angle=45.0, length=1.3, is_long=True)
    own, sword, fingers = laid(attached("holding", "sword", handle=handle))
    assert (fingers.kind, fingers.index) == ("front", BODY)
    assert fingers.clip == STANDING.hands[1].rings
    # Its grip is in the hand: the far end is as far away as the sword is long.
    left, top, right, _ = bounds_of([sword])
    assert top < 0.5 < sword.y + sword.height and left < 0.9 * own.width < right
    assert 40 < handle.angle + sword.angle < 90


def test_the_second_thing_is_in_the_other_hand() -> None:
    shield, sword = attached("holding", "shield"), attached("holding", "sword", index=2)
    parts = composite(BODY, 0.4, STANDING, [shield, sword])
    xs = [middle_of(part)[0] for part in parts if part.index in (1, 2)]
    assert xs[0] > 0.2 > xs[1]


def test_flowers_of_a_bunch_lean_apart_from_one_place() -> None:
    *behind, own = laid(attached("bunched with", "rose", count=2))
    assert own.index == BODY and sorted(part.angle for part in behind) == [-30, 30]
    feet = [(part.x + part.width / 2, part.y + part.height) for part in behind]
    assert feet == [pytest.approx((own.width / 2, 1.0))] * 2


def test_of_many_flowers_each_leans_another_way_and_none_hangs_down() -> None:
    *behind, _ = laid(attached("bunched with", "rose", count=11))
    near = {part.angle for part in behind if part.y + part.height == pytest.approx(1.0)}
    assert near == {-60, -30, 30, 60}
    angles = [part.angle for part in behind]
    assert len(set(angles)) == 11 and max(map(abs, angles)) < 75
    tops = [part.y for part in behind if part.angle not in near]
    assert len(tops) == 7 and max(tops) < min(part.y for part in behind if part.angle in near) + 0.1


@pytest.mark.parametrize(("thing", "has_straw"), [("glass of water", True), ("cup of tea", False)])
def test_a_drink_is_at_the_mouth_in_both_hands(thing: str, has_straw: bool) -> None:
    left, right = STANDING.hands
    near = (left._replace(point=(0.4, 0.5)), right._replace(point=(0.6, 0.5)))
    parts = laid(attached("drinking", thing, aspect=0.6), replace(STANDING, hands=near))
    straws = [part for part in parts if part.kind == "cord"]
    glass = next(part for part in parts if part.index == THING and part.kind == "thing")
    assert bool(straws) == has_straw and parts[-1].kind == "front"
    top = straws[0].y if has_straw else glass.y
    assert top == pytest.approx(STANDING.mouth[1], abs=0.02)
    assert glass.y > STANDING.eyes[1] + 0.02 and glass.y + glass.height == pytest.approx(
        0.55, abs=0.05
    )


def test_balloons_are_above_the_head_on_strings() -> None:
    parts = laid(attached("holding", "balloon", count=3))
    strings = [part for part in parts if part.kind == "cord"]
    balloons = [part for part in parts if part.index == THING and part.kind == "thing"]
    assert len(strings) == len(balloons) == 3
    assert all(part.y + part.height < 0.2 for part in balloons)
    assert all(part.y + part.height == pytest.approx(0.5, abs=0.01) for part in strings)


def basket() -> np.ndarray:
    """A basket of 100 x 120 with a dark opening from row 10 to row 40."""
    labels = drawn(100, 120)
    labels[0:100, 0:120] = BROWN
    cv2.ellipse(labels, (60, 25), (55, 15), 0, 0, 360, DARK, -1)
    return labels


def test_what_is_in_a_basket_is_behind_its_front() -> None:
    hollow = opening_of(basket(), PALETTE)
    assert hollow is not None and hollow.bottom == pytest.approx(0.41, abs=0.02)
    anchors = replace(STANDING, hollow=hollow)
    _, cat, front = laid(attached("containing", "cat"), anchors, 1.2)
    assert (front.kind, front.clip) == ("front", hollow.front)
    assert cat.y < hollow.bottom < cat.y + cat.height  # the front hides its lower part
    ys = [y for ring in hollow.front for _, y in ring]
    assert min(ys) > 0.2 and max(ys) == pytest.approx(1.0, abs=0.02)


def test_a_vase_has_a_rim_and_no_opening() -> None:
    labels = drawn(100, 60)
    labels[0:30, 20:40], labels[30:, :] = BROWN, BROWN
    labels[50:60, :] = DARK  # a band around it is no opening
    assert opening_of(labels, PALETTE) is None
    rim = rim_of(labels > 0)
    assert (rim.left, rim.top, rim.right) == pytest.approx((1 / 3, 0.0, 2 / 3))


def test_a_cat_fits_between_the_legs_of_a_table() -> None:
    table = np.zeros((100, 160), dtype=bool)
    table[:30], table[:, :20], table[:, 140:] = True, True, True
    room = room_below(table)
    assert room is not None
    assert (room.left, room.top, room.right) == pytest.approx((0.125, 0.3, 0.875), abs=0.02)
    _, cat = laid(attached("covering", "cat"), replace(STANDING, hollow=room), 1.6)
    assert cat.y >= 0.3 and cat.y + cat.height == pytest.approx(1.0)
    assert room_below(np.ones((100, 160), dtype=bool)) is None


@pytest.mark.parametrize("way", [-1, 1])
def test_who_leads_a_dog_has_its_leash_in_the_hand(way: int) -> None:
    parts = laid(attached("leading", "dog", thin_side=-1), replace(STANDING, facing=way))
    dog = next(part for part in parts if part.index == THING and part.kind == "thing")
    leash = next(part for part in parts if part.kind == "cord")
    assert (middle_of(dog)[0] - 0.2) * way > 0.2
    assert dog.mirrored == (way > 0)  # it looks where they go
    left, top, right, bottom = bounds_of([leash])
    hand = 0.9 * 0.4 if way > 0 else 0.1 * 0.4
    assert min(abs(left - hand), abs(right - hand)) < 0.01 and top < bottom


@pytest.mark.parametrize("way", [-1, 1])
def test_a_cart_is_pulled_behind_and_pushed_ahead(way: int) -> None:
    anchors = replace(STANDING, facing=way)
    for verb, side in (("pulling", -way), ("pushing", way)):
        cart = next(
            part
            for part in laid(attached(verb, "cart", aspect=1.5, thin_side=-1), anchors)
            if part.index == THING and part.kind == "thing"
        )
        assert (middle_of(cart)[0] - 0.2) * side > 0
        # Its shaft is at whoever moves it.
        assert cart.mirrored == (side < 0)


def test_a_bat_hangs_head_down() -> None:
    anchors = replace(STANDING, is_whole=False)
    parts = laid(attached("hanging from", "branch", owner="bat"), anchors)
    assert next(part for part in parts if part.index == BODY).angle == 180.0
    assert not any(part.kind == "cord" for part in parts)
    arms = [p for p in laid(attached("hanging from", "branch"), anchors) if p.kind == "cord"]
    assert len(arms) == 2


def test_a_stick_in_a_mouth_lies_level() -> None:
    handle = Handle(grip=(0.1, 0.9), angle=60.0, length=1.1, is_long=True)
    stick = laid(attached("biting", "stick", handle=handle))[1]
    assert (handle.angle + stick.angle) % 180 == pytest.approx(0.0)
    assert middle_of(stick)[0] == pytest.approx(0.5 * 0.4, abs=0.01)


def test_rings_keep_holes_and_leave_specks() -> None:
    mask = np.zeros((60, 60), dtype=bool)
    mask[10:50, 10:50], mask[20:40, 20:40], mask[0:2, 0:2] = True, False, True
    assert len(rings_of(mask)) == 2
    assert rings_of(np.zeros((9, 9), dtype=bool)) == ()


def test_a_hollow_without_a_front_hides_nothing() -> None:
    anchors = replace(STANDING, hollow=Hollow(0.1, 0.2, 0.9, 0.3))
    assert [part.kind for part in laid(attached("containing"), anchors)] == ["thing", "thing"]


def large_headed() -> np.ndarray:
    """Somebody 200 high and 110 wide, with a head of 90, bare arms to row 150, and no eyes."""
    labels = drawn(200, 110)
    labels[90:150, 30:80], labels[150:200, 35:75] = SHIRT, BROWN
    for left in (4, 86):
        labels[105:150, left : left + 20] = SKIN
    cv2.ellipse(labels, (55, 45), (48, 45), 0, 0, 360, DARK, -1)
    cv2.ellipse(labels, (55, 58), (40, 30), 0, 0, 360, SKIN, -1)
    return labels


def test_a_large_head_is_told_from_a_small_one() -> None:
    small = anchors_of(person(), PALETTE, is_person=True)
    large = anchors_of(large_headed(), PALETTE, is_person=True)
    assert small.is_whole and not large.is_whole
    assert small.head[3] < 0.3 < large.head[3]
    left, right = hands_of(large_headed(), large)
    assert left.point == pytest.approx((0.13, 0.72), abs=0.03)
    assert right.point == pytest.approx((0.87, 0.72), abs=0.03)


def test_a_bird_is_behind_the_bars_of_its_cage() -> None:
    cage = drawn(100, 80)
    cage[:, :] = SKIN  # its back
    for left in (0, 36, 72):
        cage[:, left : left + 8] = BROWN
    hollow = bars_of(cage)
    xs = sorted({x for ring in hollow.front for x, _ in ring})
    assert xs[0] < 0.1 and xs[-1] > 0.95 and len(hollow.front) == 3
    anchors = replace(STANDING, hollow=hollow)
    _, bird, bars = laid(attached("containing", "bird", owner="birdcage"), anchors, 0.8)
    assert bars.kind == "front" and 0.3 < middle_of(bird)[1] < 0.8
