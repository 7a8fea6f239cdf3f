"""Things that touch: in a container, on a seat, hung from, pulled, pushed, kicked, led or hugged.

Each rule lays out the boxes of things around the anchors of a drawing (`planning/anchors.py`), and
what of the drawing is before them: fingers, and the front of a container. Lengths are those of a
composite: heights of the one who acts.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from dall_e.planning.anchors import Anchors
from dall_e.planning.holding import free_hand
from dall_e.planning.outlines import Hollow
from dall_e.planning.parts import (
    BODY_METRES,
    Attached,
    Laid,
    Part,
    centred,
    cord,
    front_of,
    level,
    middle_of,
    sized,
    within,
)

_SHOWN = 0.62
"""What is in something is seen to this part of its height."""
_SEEN_THROUGH = re.compile(r"cage$|fishbowl$|fish tank$|aquarium$|terrarium$")
_BARRED = re.compile("cage$")
_DEEPEST = 0.88
"""What is in a container does not reach further down in it."""
_STEMS = re.compile(r"rose|tulip|flower|bouquet|daisy|lily|lavender|plant|blossom|orchid|poppy")
_STEM_SHOWN = 0.78
_BARS = re.compile(r"branch$|bough$|rope$|\bbar$|\bpole$|perch$|\bvine$|\bwire$|hook$")
"""What is level above somebody who hangs from it."""
_HUNG_UP = re.compile(
    r"cage$|lantern|lamp$|light$|bell$|basket|bucket$|ornament|bauble|wreath|feeder$|chime|sign$|"
    r"\bpot$|planter|clock$|key$|sock$|stocking$|bag$"
)
"""Lifeless things that hang on a cord; whoever else hangs has arms."""
_SEAT_DOWN = 0.62
"""How far down somebody sits on what has a back, as a fraction of its height."""
_SHOULDER, _PAW = 0.24, 0.6
"""How far down the arm of a person is around another, and that of an animal."""
_LEAN = 7.0
"""Degrees by which those lean who embrace."""
_LED_LARGER = 1.15
"""Who is led is drawn so many times as large as they are."""
_FAN = 30.0
"""Degrees between two flowers of a bunch."""
_NEAR_IN_BUNCH, _WIDEST, _BEHIND = 4, 75.0, 0.42
"""Flowers beside the first of a bunch; how far to the side the others lean, in degrees, and how
much higher they are."""
_ROPE, _LEASH = "#8f6a4a", "#c1283c"


# In and below something


def put_inside(own: Part, anchors: Anchors, thing: Attached) -> Laid:
    """In a container, whose front is before it; behind bars, or in what one sees through."""
    if _SEEN_THROUGH.search(thing.owner):
        size = sized(thing, width=0.52 * own.width / thing.count, height=0.4)
        middle = (thing.count - 1) / 2
        parts = [
            centred(thing, (0.5 * own.width + (number - middle) * size[0]), 0.6, size)
            for number in range(thing.count)
        ]
        has_bars = _BARRED.search(thing.owner) is not None
        front = front_of(own, anchors.hollow.front) if has_bars and anchors.hollow else []
        return [*parts, *front], False
    hollow = anchors.hollow or Hollow(0.1, 0.0, 0.9, 0.0)
    room = (hollow.right - hollow.left) * own.width
    is_stem = _STEMS.search(thing.name) is not None
    if is_stem:
        # Flowers are wider than the neck of their vase.
        room = max(room, 0.62 * own.width)
    across = 0.84 * room if thing.count == 1 else min(1.06 * room / thing.count, 0.6 * room)
    width, height = sized(thing, width=across, height=0.9)

    # So much of it is seen above the rim; its foot does not show below the container.
    bottom = hollow.bottom + (1 - (_STEM_SHOWN if is_stem else _SHOWN)) * height
    bottom = min(bottom, _DEEPEST)
    middle = (hollow.left + hollow.right) / 2 * own.width
    step = (room - width) / max(thing.count - 1, 1)
    parts = []
    for number in range(thing.count):
        off = number - (thing.count - 1) / 2
        lower = bottom - (0.1 * height if thing.count > 2 and number % 2 else 0.0)
        x = middle + 0.92 * off * step
        parts.append(centred(thing, x, lower - height / 2, (width, height)))
    # Those in the second row are behind the first.
    parts = [*parts[1::2], *parts[::2]]
    return [*parts, *front_of(own, hollow.front)], False


def put_under(own: Part, anchors: Anchors, thing: Attached) -> Laid:
    """Between the legs of something, on the same ground."""
    room = anchors.hollow or Hollow(0.1, 0.4, 0.9, 1.0)
    wide, high = (room.right - room.left) * own.width, room.bottom - room.top
    size = sized(thing, width=min(1.3 * wide, 0.8 * own.width) / thing.count, height=0.94 * high)
    middle = (room.left + room.right) / 2 * own.width
    return [
        centred(thing, middle + (number - (thing.count - 1) / 2) * size[0], 1 - size[1] / 2, size)
        for number in range(thing.count)
    ], False


def hung_from(own: Part, anchors: Anchors, thing: Attached) -> Laid:
    """Above whoever hangs from it, whose arms reach up to it; a bat hangs by its feet."""
    x = 0.5 * own.width
    if not _BARS.search(thing.name):
        width, height = sized(thing, width=2.4, height=1.7)
        left = x - 0.72 * width
        tree = Part(index=thing.index, x=left, y=-0.45 * height, width=width, height=height)
        return [tree], True
    bar = level(thing, max(1.7, 1.3 * own.width), (x, -0.12))
    if own.angle:
        return [replace(bar, y=bar.y + 0.14)], True
    if _HUNG_UP.search(thing.owner):
        return [bar, cord(own.index, (x, 0.04), (x, -0.1), _ROPE, 0.025)], True
    arms = [
        cord(own.index, (x + side * 0.26 * own.width, 0.56), (x + side * 0.3 * own.width, -0.12),
             anchors.coat, 0.11)
        for side in (-1, 1)
    ]  # fmt: skip
    return [bar, *arms], True


# Moved by somebody


def pulled(own: Part, anchors: Anchors, thing: Attached) -> Laid:
    """Behind whoever pulls it, with its shaft, or a rope, at their side."""
    way = anchors.way
    size = sized(thing, width=1.5, height=0.62 if anchors.is_whole else 0.95)
    rear = 0.0 if way > 0 else own.width
    overlap = 0.2 * own.width if thing.thin_side else -0.22
    x = rear - way * (size[0] / 2 - overlap)
    cart = centred(thing, x, 1 - size[1] / 2, size)
    cart = replace(cart, mirrored=thing.thin_side * way < 0)
    if thing.thin_side:
        return [cart], True
    hand = anchors.hands[0].point if anchors.hands else (0.5, 0.55)
    near = x + way * 0.45 * size[0]
    rope = cord(
        thing.index, (hand[0] * own.width, hand[1]), (near, 1 - 0.35 * size[1]), _ROPE, 0.02
    )
    return [cart, rope], True


def pushed(own: Part, anchors: Anchors, thing: Attached) -> Laid:
    """Ahead of whoever pushes it, its handle at their hands."""
    way = anchors.way
    hand = free_hand(anchors, 0, own)
    reach = hand.point[0] * own.width
    size = sized(thing, width=1.1, height=within(1.04 - hand.point[1], 0.42, 0.62))
    x = reach + way * 0.46 * size[0]
    part = centred(thing, x, 1 - size[1] / 2, size)
    return [replace(part, mirrored=thing.thin_side * way > 0), *front_of(own, hand.rings)], False


def kicked(own: Part, anchors: Anchors, thing: Attached) -> Laid:
    """At the foot that is ahead."""
    way = anchors.way
    size = sized(thing, width=0.24, height=0.24)
    ahead = own.width if way > 0 else 0.0
    return [centred(thing, ahead + way * 0.46 * size[0], 0.98 - size[1] / 2, size)], False


def led(own: Part, anchors: Anchors, thing: Attached) -> Laid:
    """Ahead of whoever leads it, with a leash from the hand to its neck."""
    way = anchors.way
    height = within(thing.metres / BODY_METRES * _LED_LARGER, 0.36, 0.95)
    size = sized(thing, width=1.6, height=height)
    front = own.width if way > 0 else 0.0
    part = centred(thing, front + way * (0.62 * size[0] + 0.06), 1 - size[1] / 2, size)
    part = replace(part, mirrored=(thing.thin_side or -1) * way < 0)
    neck = (part.x + size[0] * (0.5 + 0.26 * way), part.y + 0.4 * size[1])
    hand = free_hand(anchors, 0, own)
    leash = cord(thing.index, (hand.point[0] * own.width, hand.point[1]), neck, _LEASH, 0.016)
    return [part, leash, *front_of(own, hand.rings)], False


_BUBBLES = ((0.12, 0.03, 0.1), (0.29, 0.02, 0.16), (0.56, -0.08, 0.27), (0.5, -0.4, 0.2))
"""From the mouth ahead and down, and how large, in widths of the head."""


def blown(own: Part, anchors: Anchors, thing: Attached) -> Laid:
    """Out of the mouth, larger and larger."""
    way = anchors.facing or 1
    head = (anchors.head[2] - anchors.head[0]) * own.width
    x, y = anchors.mouth[0] * own.width, anchors.mouth[1]
    parts = []
    for ahead, down, side in _BUBBLES:
        size = sized(thing, width=side * head, height=side * head)
        parts.append(centred(thing, x + way * ahead * head, y + down * head, size))
    return parts, False


# On something, and around somebody


def put_on(own: Part, anchors: Anchors, thing: Attached) -> Laid:
    """On a seat, or on a branch that lies level."""
    if own.angle:
        size = sized(thing, width=0.62 / thing.count, height=0.5)
        x, y = middle_of(own)
        y += 0.02 - size[1] / 2
        x += 0.02
    else:
        size = sized(thing, width=0.72 * own.width / thing.count, height=0.62)
        x, y = 0.5 * own.width, _SEAT_DOWN + 0.02 - size[1] / 2
    return [
        centred(thing, x + (number - (thing.count - 1) / 2) * 1.05 * size[0], y, size)
        for number in range(thing.count)
    ], False


def bunched(own: Part, anchors: Anchors, thing: Attached) -> Laid:
    """Behind the first of them and leaning to either side, all stems at one place; of many the
    others look out between those, from further behind."""
    parts = []
    for number in range(min(thing.count, _NEAR_IN_BUNCH)):
        step, side = number // 2 + 1, 1 - 2 * (number % 2)
        size = sized(thing, width=1.5, height=1 - 0.06 * step)
        part = centred(thing, own.width / 2, 1 - size[1] / 2, size)
        parts.append(replace(part, angle=side * _FAN * step))
    others = thing.count - len(parts)
    for number in range(others):
        angle = _WIDEST * (2 * (number + 0.5) / others - 1)
        size = sized(thing, width=1.5, height=0.9)
        x = own.width / 2 - _BEHIND * math.sin(math.radians(angle))
        foot = 1 - _BEHIND * math.cos(math.radians(angle))
        parts.append(replace(centred(thing, x, foot - size[1] / 2, size), angle=angle))
    return parts[::-1], True


def embraced(own: Part, anchors: Anchors, thing: Attached) -> Laid:
    """Beside each other, leaning together, an arm around."""
    height = 0.66 if thing.is_small else 1.0
    size = sized(thing, width=1.6 * max(own.width, 0.5), height=height)
    x = own.width + 0.5 * size[0] - 0.26 * min(own.width, size[0])
    other = replace(centred(thing, x, 1 - size[1] / 2, size), angle=_LEAN)
    shoulder = _SHOULDER if anchors.is_whole else _PAW
    end = (x + 0.02, 1 - height * (1 - shoulder))
    arm = cord(own.index, (0.62 * own.width, shoulder), end, anchors.coat, 0.1)
    return [replace(other, mirrored=True), arm], False
