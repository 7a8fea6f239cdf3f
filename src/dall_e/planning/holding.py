"""Things in hands, paws and mouths.

Each rule lays out the boxes of things around the anchors of a drawing (`planning/anchors.py`), and
before them the fingers. Lengths are those of a composite: heights of the one who acts.
"""

from __future__ import annotations

import re
from dataclasses import replace

from dall_e.planning.anchors import Anchors
from dall_e.planning.outlines import Hand, Point
from dall_e.planning.parts import (
    BODY_METRES,
    Attached,
    Laid,
    Part,
    bounds_of,
    centred,
    cord,
    front_of,
    gripped,
    level,
    middle_of,
    sized,
    within,
)

_LONG_HELD, _SHORT_HELD = (0.34, 0.62), (0.18, 0.34)
"""Shortest and longest of what is held by somebody who is seen from head to foot."""
_LARGER = 1.9
"""Held things are drawn so many times as large as they are, to be seen."""
_SHELTER = re.compile("umbrella|parasol")
_FLOATING = re.compile(r"balloon|kite$")
"""What flies on a string."""
_ABOVE = 0.88
"""Length of an umbrella that is over the head."""
_CROOK = 0.5
"""What is gripped above this stands on the ground."""
_LEVEL = re.compile(r"bone$|stick$|\blog$|fish$")
"""Long things that animals hold level."""
_FACE_HAND = 0.75
"""The hand of a face and shoulders is below this."""
_CLEAR = 0.74
"""What is beside a face does not reach further to its middle than this."""
_STRING = "#8f9199"
"""Its colour."""
_STRAW, _SLIM = "#dd2e44", 1.0
"""The colour of a straw, and the aspect of what one drinks from with one."""
_HOT = re.compile("tea|coffee|cocoa|chocolate|soup|hot|espresso|latte|mug")
_PAWS = (Hand((0.32, 0.64), ()), Hand((0.68, 0.64), ()))
"""Where paws are if they are not found."""
_IN_FRONT = 0.76
"""Hands further out than this are beside the body."""
_IN_PAW = 0.55
"""Length of a long thing in a paw."""
_BESIDE = 0.62
"""Length of a thing beside a head and shoulders."""
_IN_PAWS = (0.3, 0.56)
"""Narrowest and widest of what is between two paws."""
_OUTWARD, _UPWARD = 62.0, 84.0
"""Angles of what is held in the right hand: from leaning outward to upright."""
_FAN = 17.0
"""Degrees between several long things in one hand."""
_SIDES = ((0.06, 0.74), (0.94, 0.74))
"""Where several things are held by somebody whose hands are not found."""
_APART = 0.42
"""How far the highest and the lowest grip at one side are from each other."""
_STEEP, _FLAT = 76.0, 20.0
"""Angles of the highest and of the lowest of them."""
_AT_SIDE = (0.7, 0.6, 0.48, 0.4)
"""Length of long things of which one, two, three or more are at a side."""
_IN_A_HAND = ((0.0, 0.0), (0.62, 0.2), (-0.02, 0.55), (0.6, 0.75), (1.2, 0.5), (0.3, 1.2))
"""Where several held things are, from the first one to the side and up, in widths and heights."""


def held(own: Part, anchors: Anchors, thing: Attached) -> Laid:
    """In a hand whose fingers close around it, or between two paws; an umbrella is behind."""
    return _held(own, anchors, thing), _SHELTER.search(thing.name) is not None


def _held(own: Part, anchors: Anchors, thing: Attached) -> list[Part]:
    hands = anchors.hands
    if _FLOATING.search(thing.name):
        return _floating(own, anchors, thing)
    fewest = 2 if _SHELTER.search(thing.name) else 3
    if thing.handle.is_long and thing.kind != "food" and thing.count >= fewest:
        return _spread_out(own, anchors, thing)
    if anchors.is_whole:
        hand = free_hand(anchors, thing.order, own)
        length = thing.metres / BODY_METRES * _LARGER
        return _in_hand(
            own, hand, thing, (within(length, *_LONG_HELD), within(length, *_SHORT_HELD))
        )

    if anchors.is_bust or anchors.hand[1] > _FACE_HAND:
        hands = ()
    elif not hands and not anchors.facing:
        x, y = anchors.hand
        is_posed = thing.owner.startswith("holding ")
        hands = _PAWS if is_posed else (Hand((1 - x, y), ()), Hand((x, y), ()))
    is_level = thing.kind == "food" or not thing.handle.is_long or _LEVEL.search(thing.name)
    are_before = len(hands) == 2 and hands[1].point[0] < _IN_FRONT
    if are_before and is_level and not thing.has_another:
        return _between_paws(own, hands, thing)
    if hands:
        return _in_hand(own, hands[-1 - thing.order % len(hands)], thing, (_IN_PAW, _IN_PAW))
    if anchors.facing:
        return _at_muzzle(own, anchors, thing)

    # Beside a face and shoulders, and not over them
    is_left = thing.order % 2 == 1
    hand = Hand((0.05 if is_left else 0.95, 0.9), ())
    parts = _in_hand(own, hand, thing, (_BESIDE, _BESIDE))
    left, top, right, bottom = bounds_of(parts)
    off = 0.06 * own.width - right if is_left else _CLEAR * own.width - left
    off = min(off, 0.0) if is_left else max(off, 0.0)
    return [replace(part, x=part.x + off, y=part.y + min(1 - bottom, 0.0)) for part in parts]


def _spread_out(own: Part, anchors: Anchors, thing: Attached) -> list[Part]:
    """Several long things, every second one at the other side, so that each is seen."""
    hands = [hand.point for hand in anchors.hands] if len(anchors.hands) == 2 else list(_SIDES)
    parts = []
    for number in range(thing.count):
        is_right = number % 2 == 0
        at_side = (thing.count + is_right) // 2
        down = (number // 2) / (at_side - 1) if at_side > 1 else 0.5
        x, y = hands[-1] if is_right else hands[0]
        y += (down - 0.5) * _APART
        angle = _STEEP - down * (_STEEP - _FLAT) if at_side > 1 else _OUTWARD
        length = _AT_SIDE[min(at_side, len(_AT_SIDE)) - 1]
        length = _ABOVE if at_side == 1 and _SHELTER.search(thing.name) else length
        parts.append(gripped(thing, (x * own.width, y), length, angle if is_right else 180 - angle))
    rings = tuple(ring for hand in anchors.hands for ring in hand.rings)
    return [*parts, *front_of(own, rings)]


def _floating(own: Part, anchors: Anchors, thing: Attached) -> list[Part]:
    """Above the head, on strings from a hand."""
    hand = free_hand(anchors, thing.order, own)
    if anchors.is_bust or (anchors.hand[1] > _FACE_HAND and not anchors.hands):
        hand = Hand((0.95, 0.95), ())
    start = (hand.point[0] * own.width, hand.point[1])
    way = 1 if hand.point[0] >= 0.5 else -1
    size = sized(thing, width=0.4, height=0.42)
    parts = []
    for number in range(thing.count):
        off = number - (thing.count - 1) / 2
        # The strings pass beside the face.
        beside = (0.94 if way > 0 else 0.06) * own.width
        x = beside + way * (0.08 + 0.2 * (thing.count - 1) * size[0]) + off * 0.8 * size[0]
        y = anchors.head[1] - 0.02 - size[1] / 2 + 0.2 * abs(off) * size[1]
        part = centred(thing, x, y, size)
        grip = thing.handle.grip if thing.handle.is_long else (0.5, 0.9)
        end = (part.x + grip[0] * size[0], part.y + grip[1] * size[1])
        parts += [cord(thing.index, start, end, _STRING, 0.012), part]
    # The strings are behind everything that hangs on them.
    cords = [part for part in parts if part.kind == "cord"]
    return [*cords, *(part for part in parts if part.kind != "cord"), *front_of(own, hand.rings)]


def free_hand(anchors: Anchors, order: int, own: Part) -> Hand:
    """Return the right hand for the first thing, then the left one; in profile, that ahead."""
    hands = anchors.hands
    if not hands:
        x, y = anchors.hand
        return Hand((1 - x if order % 2 else x, y), ())
    ahead = hands[::-1] if anchors.facing >= 0 else hands
    return ahead[order % len(hands)]


def _in_hand(own: Part, hand: Hand, thing: Attached, lengths: tuple[float, float]) -> list[Part]:
    """A thing, or several, whose grip is in a hand, and the fingers before it.

    lengths: of a long thing's axis, and of any other thing's longer side.
    """
    at = (hand.point[0] * own.width, hand.point[1])
    is_right = hand.point[0] >= 0.5
    if not thing.handle.is_long:
        longest = min(lengths[1], _BESIDE)
        return [*_bundle(thing, at, longest, is_right), *front_of(own, hand.rings)]

    drawn = thing.handle.angle if thing.handle.angle <= 90 else 180 - thing.handle.angle
    middle = within(drawn, _OUTWARD, _UPWARD)
    length = lengths[0]
    if _SHELTER.search(thing.name):
        length, middle = _ABOVE, 90.0
    if thing.handle.grip_at > _CROOK:
        # Its lower end is on the ground.
        length, middle = (0.97 - at[1]) / thing.handle.grip_at, within(drawn, 78.0, _UPWARD)
    parts = []
    for number in range(thing.count):
        lean = middle + _FAN * (number - (thing.count - 1) / 2)
        angle = lean if is_right else 180 - lean
        parts.append(gripped(thing, at, length, angle))
    return [*parts, *front_of(own, hand.rings)]


def _bundle(thing: Attached, at: Point, longest: float, is_right: bool) -> list[Part]:
    """Things without an axis around a hand, the first one in it."""
    width, height = sized(thing, width=longest, height=longest)
    way = 1 if is_right else -1
    x = at[0] + (0.5 - thing.handle.grip[0]) * width
    y = at[1] + (0.5 - thing.handle.grip[1]) * height
    return [
        centred(thing, x + across * width * way, y - up * height, (width, height))
        for across, up in _IN_A_HAND[: thing.count]
    ][::-1]


def _at_muzzle(own: Part, anchors: Anchors, thing: Attached) -> list[Part]:
    """In the mouth of an animal that is seen from the side."""
    x, y = anchors.hand
    size = sized(thing, width=0.55, height=0.55)
    way = anchors.facing
    x = x * own.width + 0.3 * size[0] * way
    return [
        centred(thing, x + across * size[0] * way, y - up * size[1], size)
        for across, up in _IN_A_HAND[: thing.count]
    ][::-1]


def _between_paws(own: Part, hands: tuple[Hand, ...], thing: Attached) -> list[Part]:
    """Before the chest, with both paws over its sides."""
    (x, y), (x2, y2) = hands[0].point, hands[1].point
    apart = (x2 - x) * own.width
    wide = within(1.9 * apart, *_IN_PAWS)
    middle = ((x + x2) / 2 * own.width, (y + y2) / 2)
    if thing.count > 1:
        return [*_heaped(thing, middle, wide), *front_of(own, (*hands[0].rings, *hands[1].rings))]
    if thing.handle.is_long and thing.kind != "food":
        part = level(thing, 1.15 * wide, middle)
    else:
        size = sized(thing, width=wide, height=0.42)
        part = centred(thing, middle[0], middle[1] - 0.06 * size[1], size)
    return [part, *front_of(own, (*hands[0].rings, *hands[1].rings))]


def _heaped(thing: Attached, middle: Point, wide: float) -> list[Part]:
    """Several things before a chest in rows of up to three, the lowest row in front."""
    columns = min(thing.count, 3)
    width, height = sized(thing, width=wide / columns * 1.15, height=0.3)
    parts = []
    for number in range(thing.count):
        row, column = divmod(number, columns)
        in_row = min(columns, thing.count - row * columns)
        x = middle[0] + (column - (in_row - 1) / 2) * 0.85 * width
        parts.append(centred(thing, x, middle[1] - 0.8 * row * height, (width, height)))
    return parts[::-1]


def sipped(own: Part, anchors: Anchors, thing: Attached, room: Point) -> list[Part]:
    """At the mouth, with both hands before it; from a bottle or a glass there is a straw.

    room: how wide it may be, and how far down it may reach.
    """
    is_slim = thing.aspect < _SLIM and not _HOT.search(thing.name)
    has_straw = thing.verb == "drinking" and is_slim
    least = 0.2 if anchors.is_whole else 0.3
    top = anchors.head[3] + 0.01 if has_straw else anchors.mouth[1] - 0.01
    size = sized(thing, width=room[0], height=max(room[1] - top, least))
    x = anchors.mouth[0] * own.width
    rings = tuple(ring for hand in anchors.hands for ring in hand.rings)
    parts = [centred(thing, x, top + size[1] / 2, size), *front_of(own, rings)]
    if not has_straw:
        return parts
    end = (x, top + 0.25 * size[1])
    lips = anchors.mouth[1] - (0.0 if anchors.is_whole else 0.02)
    return [cord(thing.index, (x, lips), end, _STRAW, 0.024), *parts]


def bitten(own: Part, anchors: Anchors, thing: Attached) -> Laid:
    """In the mouth: across it, if it is long."""
    left, _, right, _ = anchors.head
    head = (right - left) * own.width
    x, y = anchors.mouth[0] * own.width, anchors.mouth[1]
    way = anchors.facing
    is_across = thing.handle.is_long or thing.aspect > 1.4 or thing.kind == "animal"
    size = sized(thing, width=(0.8 if is_across else 0.4) * head, height=0.6 * head)
    if not thing.handle.is_long:
        # A ball hangs a little below the nose.
        down = 0.02 if is_across else 0.3 * size[1]
        return [centred(thing, x + 0.25 * way * size[0], y + down, size)], False

    # It lies level; its middle is at the mouth.
    # A twig on it hangs down.
    is_right = thing.handle.angle <= 90
    turn = -thing.handle.angle if is_right else 180 - thing.handle.angle
    turn += 0 if thing.handle.bulges_right == is_right else 180
    height = 0.95 * head / thing.handle.length
    part = centred(thing, 0.0, 0.0, (height * thing.aspect, height))
    part = replace(part, angle=turn)
    middle = middle_of(part)
    x += 0.2 * way * head
    return [replace(part, x=part.x + x - middle[0], y=part.y + y + 0.04 - middle[1])], False
