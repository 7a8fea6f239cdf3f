"""Each verb puts its thing where it belongs: boxes around the anchors of somebody."""

from dataclasses import replace

import numpy as np
import pytest

from dall_e.planning.anchors import Anchors
from dall_e.planning.attachments import composite
from dall_e.planning.handles import Handle
from dall_e.planning.outlines import Hand
from dall_e.planning.parts import Attached, Part
from dall_e.scenes.graph import VERBS

FRONTAL = Anchors(
    eyes=(0.5, 0.25), eye_distance=0.2, mouth=(0.5, 0.38), head=(0.25, 0.0, 0.75, 0.5),
    hand=(0.85, 0.65), seat=(0.5, 0.0), facing=0, has_eyes=True,
)  # fmt: skip
"""Somebody who looks at us."""
SIDE = Anchors(
    eyes=(0.15, 0.2), eye_distance=0.0, mouth=(0.03, 0.35), head=(0.0, 0.0, 0.3, 0.45),
    hand=(0.04, 0.4), seat=(0.55, 0.3), facing=-1, has_eyes=True,
)  # fmt: skip
"""An animal that looks left."""
OTHER_SIDE = replace(
    SIDE, eyes=(0.85, 0.2), mouth=(0.97, 0.35), head=(0.7, 0.0, 1.0, 0.45), hand=(0.96, 0.4),
    facing=1,
)  # fmt: skip
BODY, THING = 0, 1


def attached(verb: str, name: str = "thing", aspect: float = 1.0, **more: object) -> Attached:
    values = {"index": THING, "seat": (0.3, 0.4), **more}
    return Attached(verb=verb, name=name, aspect=aspect, **values)


def placed(verb: str, name: str = "thing", *, anchors: Anchors = FRONTAL, aspect: float = 1.0,
           own_aspect: float = 1.0) -> tuple[Part, Part, bool]:  # fmt: skip
    """The box of somebody, that of the thing, and whether the thing is before them."""
    parts = composite(BODY, own_aspect, anchors, [attached(verb, name, aspect)])
    own = next(part for part in parts if part.index == BODY)
    thing = next(part for part in parts if part.index == THING)
    return own, thing, parts.index(thing) > parts.index(own)


def middle(part: Part) -> tuple[float, float]:
    return part.x + part.width / 2, part.y + part.height / 2


def covers(part: Part, x: float, y: float) -> bool:
    return part.x <= x <= part.x + part.width and part.y <= y <= part.y + part.height


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("anchors", [FRONTAL, SIDE, OTHER_SIDE])
@pytest.mark.parametrize("aspect", [0.1, 1.0, 8.0])
def test_every_verb_has_a_rule_that_keeps_shapes(
    verb: str, anchors: Anchors, aspect: float
) -> None:
    parts = composite(BODY, 1.5, anchors, [attached(verb, aspect=aspect)])
    assert {part.index for part in parts} == {BODY, THING}
    for part in (part for part in parts if part.kind == "thing"):
        shape = 1.5 if part.index == BODY else aspect
        assert part.width / part.height == pytest.approx(shape)
        assert part.width > 0.004
    # What somebody has is not larger than three of them, and touches them, or a cord that does.
    own = next(part for part in parts if part.index == BODY and part.kind == "thing")
    assert (own.x, own.y, own.height) == (0, 0, 1)
    for part in parts:
        assert max(part.width, part.height) < 3
        if verb in ("pulling", "leading", "blowing"):
            continue
        is_apart = (
            part.x > own.width or part.x + part.width < 0
            or part.y > 1 or part.y + part.height < 0
        )  # fmt: skip
        assert not is_apart


@pytest.mark.parametrize("name", ["sunglasses", "glasses", "goggles"])
def test_glasses_are_before_the_eyes(name: str) -> None:
    _, glasses, is_before = placed("wearing", name, aspect=2.5)
    assert middle(glasses) == pytest.approx(FRONTAL.eyes) and is_before
    assert glasses.width > FRONTAL.eye_distance  # both eyes are behind them
    _, glasses, _ = placed("wearing", name, anchors=SIDE, aspect=2.5)
    assert middle(glasses) == pytest.approx(SIDE.eyes)


@pytest.mark.parametrize("name", ["top hat", "crown", "helmet", "baseball cap", "tiara"])
@pytest.mark.parametrize("anchors", [FRONTAL, SIDE, OTHER_SIDE])
def test_a_hat_is_on_top_of_the_head(name: str, anchors: Anchors) -> None:
    _, hat, is_before = placed("wearing", name, anchors=anchors, aspect=1.2)
    left, top, right, bottom = anchors.head
    assert is_before and left < middle(hat)[0] < right
    assert hat.y < top < hat.y + hat.height < anchors.eyes[1]
    assert hat.width <= right - left


@pytest.mark.parametrize(
    ("name", "above", "below"),
    [("scarf", 0.4, 0.9), ("boots", 0.75, 1.1), ("dress", 0.5, 1.0), ("medal", 0.4, 0.9)],
)
def test_clothes_are_where_they_are_worn(name: str, above: float, below: float) -> None:
    _, thing, is_before = placed("wearing", name)
    assert is_before and above < middle(thing)[1] < below
    assert middle(thing)[0] == pytest.approx(0.5)


@pytest.mark.parametrize("verb", ["eating", "drinking"])
@pytest.mark.parametrize("anchors", [FRONTAL, SIDE, OTHER_SIDE])
def test_food_is_at_the_mouth(verb: str, anchors: Anchors) -> None:
    _, food, is_before = placed(verb, anchors=anchors)
    x, y = anchors.mouth
    assert is_before and abs(middle(food)[0] - x) <= 0.5 * food.width
    assert food.y - 0.02 <= y <= food.y + 0.3 * food.height  # below, not over the mouth
    assert middle(food)[1] > anchors.eyes[1]
    assert (middle(food)[0] - x) * anchors.facing >= 0  # before the muzzle


@pytest.mark.parametrize("anchors", [FRONTAL, SIDE, OTHER_SIDE])
def test_what_is_held_is_in_a_hand(anchors: Anchors) -> None:
    _, thing, is_before = placed("holding", anchors=anchors)
    assert is_before and covers(thing, *anchors.hand)


def test_two_things_are_held_in_two_hands() -> None:
    things = [attached("holding"), attached("holding", index=2)]
    first, second = composite(BODY, 1.0, FRONTAL, things)[1:]
    assert middle(first)[0] > 0.5 > middle(second)[0]
    assert middle(first)[0] + middle(second)[0] == pytest.approx(1.0)


def test_what_is_carried_and_read_is_before_the_body() -> None:
    for verb in ("carrying", "reading"):
        _, thing, is_before = placed(verb)
        assert is_before and middle(thing)[0] == pytest.approx(0.5)
        assert middle(thing)[1] > FRONTAL.mouth[1] and thing.y > FRONTAL.eyes[1]
    _, book, _ = placed("reading", anchors=SIDE)
    assert middle(book)[0] < 0.1  # where it looks


@pytest.mark.parametrize("verb", ["riding", "sitting on"])
@pytest.mark.parametrize("seat", [(0.3, 0.2), (0.5, 0.6)])
def test_a_rider_sits_on_the_seat(verb: str, seat: tuple[float, float]) -> None:
    parts = composite(BODY, 0.8, FRONTAL, [attached(verb, aspect=1.6, seat=seat)])
    thing, own = parts
    assert (thing.index, own.index) == (THING, BODY)  # it is behind its rider
    assert thing.x + seat[0] * thing.width == pytest.approx(0.4)
    assert 0.7 < thing.y + seat[1] * thing.height < 1.0
    assert thing.y + thing.height > 1.0


def test_who_hangs_is_below_what_they_hang_from() -> None:
    own, tree, is_before = placed("hanging from")
    assert not is_before and tree.y < own.y and tree.height > own.height


def test_fire_comes_out_of_the_mouth() -> None:
    _, left, is_before = placed("breathing", anchors=SIDE)
    assert is_before and middle(left)[0] < SIDE.mouth[0] and not left.mirrored
    _, right, _ = placed("breathing", anchors=OTHER_SIDE)
    assert middle(right)[0] > OTHER_SIDE.mouth[0] and right.mirrored
    for part, anchors in ((left, SIDE), (right, OTHER_SIDE)):
        assert part.y < anchors.mouth[1] < part.y + part.height


def test_what_is_inside_a_container_stands_out_behind_it() -> None:
    parts = composite(BODY, 1.2, FRONTAL, [attached("full of")])
    *content, own = parts
    assert own.index == BODY and len(content) == 3
    for part in content:
        assert part.y < 0 < part.y + part.height < 0.6
        assert -0.1 < part.x and part.x + part.width < 1.3


def test_several_things_at_once() -> None:
    things = [
        attached("riding", index=1),
        attached("wearing", "hat", index=2),
        attached("holding", index=3),
    ]
    assert [part.index for part in composite(BODY, 1.0, FRONTAL, things)] == [1, BODY, 2, 3]


@pytest.mark.parametrize(("name", "count"), [("umbrella", 2), ("umbrella", 4), ("sword", 6)])
def test_several_long_things_are_at_both_sides_and_apart(name: str, count: int) -> None:
    handle = Handle(grip=(0.5, 0.9), is_long=True)
    thing = attached("holding", name, 0.5, count=count, handle=handle)
    parts = composite(BODY, 1.0, FRONTAL, [thing])
    held = [middle(part) for part in parts if part.index == THING]
    assert len(held) == count
    assert sum(x > 0.5 for x, _ in held) == sum(x < 0.5 for x, _ in held) == count // 2
    apart = [np.hypot(x - x2, y - y2) for i, (x, y) in enumerate(held) for x2, y2 in held[i + 1 :]]
    assert min(apart) > 0.12


def test_several_things_between_two_paws_are_all_seen() -> None:
    paws = (Hand((0.32, 0.64), ()), Hand((0.68, 0.64), ()))
    thing = attached("holding", "apple", count=5, kind="food")
    parts = composite(BODY, 1.0, replace(FRONTAL, hands=paws), [thing])
    held = {middle(part) for part in parts if part.index == THING}
    assert len(held) == 5


def test_a_lantern_hangs_on_a_cord_and_a_sloth_by_its_arms() -> None:
    def cords(owner: str) -> int:
        thing = attached("hanging from", "branch", 4.0, owner=owner)
        return sum(part.kind == "cord" for part in composite(BODY, 1.0, FRONTAL, [thing]))

    assert (cords("lantern"), cords("empty birdcage"), cords("sloth")) == (1, 1, 2)
