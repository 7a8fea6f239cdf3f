"""Who does what: where a thing goes that somebody holds, wears, eats, reads or rides.

Somebody and the things of theirs become one composite, whose boxes are laid out around the anchors
of the drawing (`planning/anchors.py`); the composite is then put into the scene like any other
thing.

Lengths of a composite are heights of the one who acts: its box is 1 high, and as wide as its aspect
(width over height).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from dall_e.planning.anchors import Anchors
from dall_e.planning.holding import bitten, held, sipped
from dall_e.planning.parts import Attached, Part, centred, sized
from dall_e.planning.touching import (
    blown,
    bunched,
    embraced,
    hung_from,
    kicked,
    led,
    pulled,
    pushed,
    put_inside,
    put_on,
    put_under,
)

_EYES = re.compile(r"glasses$|goggles$|^eye patch$|monocle")
_NECK = re.compile(r"scarf|tie$|necklace|^bow$|medal|beads|collar|pendant")
_PLAYED = re.compile(r"guitar$|violin$|banjo$|cello$|accordion$|drum$|harp$|keyboard$|saxophone$")
"""Who holds it has it before the body, with both hands."""
_PLATE = re.compile(r"plate$|tray$|dish$")
"""What things are on rather than in."""
_FEET = re.compile(r"boots?$|shoes?$|sneakers?$|sandals?$|skates?$|slippers?$|socks?$")
_BODY = re.compile(r"dress$|coat$|jacket$|shirt$|sweater$|kimono|vest$|hoodie|robe$|uniform|suit$")
_HEAD = re.compile(
    r"hat$|cap$|crown|helmet|beanie|tiara|headphones?$|beret|turban|hood$|wig$|halo|sombrero|fez$|bonnet"
)
"""Where things are worn, by the ends of their names."""
_LEGS = re.compile(r"skirt$|kilt$|tutu$|jeans$|shorts$|trousers$")
_SHORT = re.compile(r"shirt$|blouse$|sweater$|jacket$|vest$|hoodie$|suit$")
_CLOTHING = re.compile(
    rf"{_BODY.pattern}|skirt$|blouse$|sari$|gown$|tuxedo$|clothes$|jeans$|shorts$|kilt$|tutu$|cloak$|apron$"
)
_FRONTS = (
    (re.compile(r"mug|cup\b"), (0.42, 0.56, 0.4)),
    (re.compile(r"guitar"), (0.27, 0.73, 0.24)),
    (re.compile(r"backpack|bag\b|handbag|pouch|suitcase|box|bottle|\bjar\b"), (0.5, 0.66, 0.4)),
    (re.compile(r"shirt|hoodie|sweater|jacket|dress|jumper|apron"), (0.5, 0.52, 0.36)),
    (re.compile(r"balloon"), (0.5, 0.36, 0.36)),
    (re.compile(r"shield"), (0.5, 0.46, 0.5)),
)
"""Where there is room on the front of a thing, as fractions of its box, and the longer side."""

FACED = ("food", "plant", "sky", "face")
"""Kinds of things that have hats and glasses on, as in cartoons: all of them is a face."""


def is_worn(name: str) -> bool:
    """Whether a thing is one that people wear."""
    places = (_EYES, _NECK, _FEET, _HEAD, _CLOTHING)
    return any(place.search(name) for place in places)


def is_on_head(name: str) -> bool:
    """Whether a thing is worn on the head or before the eyes."""
    return _EYES.search(name) is not None or _HEAD.search(name) is not None


def composite(
    subject: int, aspect: float, anchors: Anchors, things: Sequence[Attached]
) -> list[Part]:
    """Return the boxes of somebody and of their things, those at the back first."""
    own = _turned(Part(index=subject, x=0.0, y=0.0, width=aspect, height=1.0), things)
    behind: list[Part] = []
    before: list[Part] = []
    in_hand = 0
    several = sum(thing.verb == "holding" for thing in things) > 1
    for thing in things:
        numbered = replace(thing, order=in_hand, has_another=several)
        parts, is_behind = _RULES[thing.verb](own, anchors, numbered)
        in_hand += thing.verb in ("holding", "carrying")
        (behind if is_behind else before).extend(parts)
    return [*behind, own, *before]


def _turned(own: Part, things: Sequence[Attached]) -> Part:
    """Somebody as they are while they act: a bat hangs head down, a branch bears things level."""
    for thing in things:
        if thing.verb == "hanging from" and _HEAD_DOWN.search(thing.owner):
            return replace(own, y=own.y - own.height, angle=180.0)
        if thing.verb == "bearing" and thing.owner_slope is not None:
            slope = thing.owner_slope
            return replace(own, angle=-slope if slope <= 90 else 180 - slope)
        if thing.verb == "hugging":
            return replace(own, angle=-7.0)
    return own


_HEAD_DOWN = re.compile(r"\bbat$")
_HELD_BY_WHOLE = 0.34
"""Longer side of what somebody holds who is seen from head to foot."""
_HIPS = 0.52
"""How far down they sit, as a fraction of their height."""
_BOARDS = re.compile(r"skateboard$|snowboard$|surfboard$|scooter$|sled$|carpet$|skis$|raft$")
"""They stand on it."""
_HAT, _HAT_ON_HAIR = 0.12, 0.34
"""How far down a head hats reach; people have hair under theirs."""
_TOGETHER = 0.55
"""Hands nearer to each other than this, in widths, are before the body."""
_WAIST, _KNEES = 0.5, 0.8
"""How far down shirts and dresses reach on them."""


def _held(own: Part, anchors: Anchors, thing: Attached) -> tuple[list[Part], bool]:
    """In a hand; what is played with both hands is before the body."""
    if anchors.is_whole and _PLAYED.search(thing.name):
        size = sized(thing, width=1.3 * own.width, height=_HELD_BY_WHOLE)
        return [centred(thing, 0.56 * own.width, _HIPS - 0.06, size)], False
    return held(own, anchors, thing)


def _carried(own: Part, anchors: Anchors, thing: Attached) -> tuple[list[Part], bool]:
    """Before the body."""
    if anchors.is_whole:
        size = sized(thing, width=1.1 * own.width, height=_HELD_BY_WHOLE)
        return [centred(thing, 0.5 * own.width, 0.45, size)], False
    size = sized(thing, width=0.6 * own.width, height=0.45)
    return [centred(thing, 0.5 * own.width, 0.78, size)], False


def _eaten(own: Part, anchors: Anchors, thing: Attached) -> tuple[list[Part], bool]:
    """At the mouth, below it rather than over it; a drink is lower, with a straw."""
    x, y = anchors.mouth
    head = anchors.head[2] - anchors.head[0]
    widest = max(0.5 * head * own.width, 0.3)
    if len(anchors.hands) == 2 and not anchors.facing:
        (left, high), (right, low) = (hand.point for hand in anchors.hands)
        if right - left < _TOGETHER:
            return sipped(own, anchors, thing, (widest, max(high, low) + 0.05)), False
    size = sized(thing, width=widest, height=0.42)
    shift = 0.42 * size[0] * (anchors.facing or 0)
    return [centred(thing, x * own.width + shift, y + 0.42 * size[1], size)], False


def _read(own: Part, anchors: Anchors, thing: Attached) -> tuple[list[Part], bool]:
    """Before the body, under the mouth."""
    if anchors.is_whole:
        size = sized(thing, width=1.1 * own.width, height=_HELD_BY_WHOLE)
        y = anchors.head[3] + 0.04 + size[1] / 2
        return [centred(thing, anchors.mouth[0] * own.width, y, size)], False
    size = sized(thing, width=0.72 * max(own.width, 0.6), height=0.45)
    x = anchors.mouth[0] * own.width + 0.35 * size[0] * anchors.facing
    y = max(anchors.mouth[1] + 0.5 * size[1], 0.74)
    return [centred(thing, x, y, size)], False


def _worn(own: Part, anchors: Anchors, thing: Attached) -> tuple[list[Part], bool]:
    """Glasses before the eyes, a scarf at the neck, boots at the feet, all else on the head."""
    left, top, right, bottom = anchors.head
    head_width, head_x = (right - left) * own.width, (left + right) / 2 * own.width
    if _EYES.search(thing.name):
        apart = anchors.eye_distance * own.width
        width = max(2.1 * apart, 0.62 * head_width) if apart else 0.75 * head_width
        width = min(width, 0.9 * head_width)
        x, y = anchors.eyes
        return [centred(thing, x * own.width, y, sized(thing, width=width))], False
    if _NECK.search(thing.name):
        size = sized(thing, width=0.75 * head_width, height=0.5)
        return [centred(thing, head_x, min(bottom + 0.2 * size[1], 0.92), size)], False
    if anchors.is_whole and (_CLOTHING.search(thing.name) or _LEGS.search(thing.name)):
        return _dressed(own, anchors, thing), False
    if _FEET.search(thing.name):
        size = sized(thing, width=0.5 * own.width, height=0.25)
        return [centred(thing, 0.5 * own.width, 1.0 - 0.4 * size[1], size)], False
    if _BODY.search(thing.name):
        size = sized(thing, width=0.9 * own.width, height=0.6)
        return [centred(thing, 0.5 * own.width, max(bottom, 0.4) + 0.45 * size[1], size)], False
    if not _HEAD.search(thing.name):
        return _carried(own, anchors, thing)
    width, height = sized(thing, width=0.82 * head_width)
    depth = _HAT_ON_HAIR if anchors.is_person else _HAT
    y = top + depth * (bottom - top) - height / 2
    return [centred(thing, head_x, y, (width, height))], False


def _dressed(own: Part, anchors: Anchors, thing: Attached) -> list[Part]:
    """Clothes on a body from head to foot, as wide as they have to be to hide what is under."""
    neck = anchors.head[3]
    if _LEGS.search(thing.name):
        top, bottom, least = _WAIST - 0.04, 1.0 if "jeans" in thing.name else _KNEES, 0.8
    elif _SHORT.search(thing.name):
        top, bottom, least = neck - 0.01, _WAIST + 0.08, 1.06
    else:
        top, bottom, least = neck - 0.01, _KNEES, 0.0
    height = bottom - top
    width = max(height * thing.aspect, least * own.width)
    width = min(width, 1.7 * own.width)
    x = 0.5 * own.width - width / 2
    return [Part(index=thing.index, x=x, y=top, width=width, height=width / thing.aspect)]


def _ridden(own: Part, anchors: Anchors, thing: Attached) -> tuple[list[Part], bool]:
    """Under whoever rides it: its seat is at the lower end of their body.

    Of a whole body the legs are behind it; on what is flat a whole body stands.
    """
    if anchors.is_whole:
        stands = _BOARDS.search(thing.name) is not None
        longest = 0.7 if stands else 1.5
        width, height = sized(thing, width=longest, height=min(longest, 1.15))
        x = 0.5 * own.width - thing.seat[0] * width
        y = (0.99 if stands else _HIPS) - thing.seat[1] * height
        return [Part(index=thing.index, x=x, y=y, width=width, height=height)], stands
    # A bird on an elephant is small.
    times = (thing.metres / thing.owner_metres) ** 0.35 if thing.owner_metres else 1.0
    most = min(max(times, 1.0), 2.2)
    width, height = sized(thing, height=most)
    if width > 1.9 * most:
        width, height = sized(thing, width=1.9 * most)
    x = 0.5 * own.width - thing.seat[0] * width
    y = 0.86 - thing.seat[1] * height
    return [Part(index=thing.index, x=x, y=y, width=width, height=height)], True


def _breathed(own: Part, anchors: Anchors, thing: Attached) -> tuple[list[Part], bool]:
    """Out of the mouth, the way that its owner looks."""
    size = sized(thing, width=0.6, height=0.5)
    x, y = anchors.mouth
    way = anchors.facing or -1
    part = centred(thing, x * own.width + way * 0.55 * size[0], y + 0.1 * size[1], size)
    return [replace(part, mirrored=way > 0)], False


def _filling(own: Part, anchors: Anchors, thing: Attached) -> tuple[list[Part], bool]:
    """Out of the top of a container, half hidden by it; on a plate, in its middle."""
    if _PLATE.search(thing.owner):
        size = sized(thing, width=0.3 * own.width, height=0.3)
        steps = ((-0.165, 0.12), (0.165, 0.12), (0.0, -0.16))
        centre = 0.5 * own.width
        return [centred(thing, centre + x, 0.5 + y, size) for x, y in steps], False
    if anchors.hollow is not None and anchors.hollow.bottom > anchors.hollow.top:
        return put_inside(own, anchors, replace(thing, count=max(thing.count, 3)))
    width, height = sized(thing, width=0.44 * own.width, height=0.6)
    middle, y = 0.5 * own.width, 0.02
    step = min(0.8 * width, 0.27 * own.width)
    places = ((-step, 0.0), (step, 0.0), (0.0, -0.12 * height))
    return [centred(thing, middle + dx, y + dy, (width, height)) for dx, dy in places], True


def _printed(own: Part, anchors: Anchors, thing: Attached) -> tuple[list[Part], bool]:
    """On the front of a thing, in the middle of where there is room for it."""
    x, y, most = next(
        (spot for names, spot in _FRONTS if names.search(thing.owner)), (0.5, 0.5, 0.44)
    )
    size = sized(thing, width=most * own.width, height=most)
    return [centred(thing, x * own.width, y, size)], False


_RULES = {
    "holding": _held,
    "biting": bitten,
    "carrying": _carried,
    "wearing": _worn,
    "eating": _eaten,
    "drinking": _eaten,
    "reading": _read,
    "riding": _ridden,
    "sitting on": _ridden,
    "hanging from": hung_from,
    "breathing": _breathed,
    "blowing": blown,
    "pulling": pulled,
    "pushing": pushed,
    "kicking": kicked,
    "leading": led,
    "full of": _filling,
    "bearing": put_on,
    "hugging": embraced,
    "bunched with": bunched,
    "containing": put_inside,
    "covering": put_under,
    "printed with": _printed,
}
