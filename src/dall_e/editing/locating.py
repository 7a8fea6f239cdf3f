"""Where an edit goes that has no mask: the words decide.

    a thing that they name, in a picture of ours     its layer in the picture's document
    a thing that they name, in any picture           of all areas off the ground, the one that the
                                                     dual encoder finds most like it; or else what
                                                     the recogniser knows in a window
    something that is not there yet                  the largest free place on the ground

Shapes: H W rows and columns of the picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from dall_e.editing.choices import Choice, choice_of
from dall_e.editing.drawing import named_things
from dall_e.editing.finding import recognised_part
from dall_e.editing.instructions import Instruction
from dall_e.editing.layers import WITHIN, Layers, named_thing
from dall_e.images.blending import premultiplied
from dall_e.images.compositing import Canvas
from dall_e.images.files import PILImage, to_pil
from dall_e.images.holes import free_ground, things_within
from dall_e.images.selections import UInt8, bounds_of, grown, is_box
from dall_e.inference.engine import Engine
from dall_e.models.recogniser import Recogniser
from dall_e.planning.vocabulary import Vocabulary
from dall_e.runtime import inference, one_thread

_LEAST_PART = 0.004
"""A part of a picture is looked at if it fills this fraction of it."""
_MOST_PARTS = 24
_WIDEST = 0.94
"""What is wider than this fraction of the picture is no thing, but a landscape."""
_LARGE = 0.05
"""The only thing of a picture fills at least this fraction of it."""
_CLEAR = 1.5
"""What is found is so many standard deviations more like the words than other names are."""
_LEAST_SIDE = 0.12
"""A free place has at least this side, as a fraction of the picture's shorter one."""
_LEAST_STANDING = 0.2
"""The same for what stands; with less room it stands in the foreground, before other things."""
_FOREGROUND_SIDE = 0.3
"""How large it is there."""
_OFF_MIDDLE = 0.1
"""What a place in the foreground loses by being off the middle."""
_LARGEST_SIDE = 0.4
"""What is added is at most so large."""
_MOSTLY = 0.5
"""A box to remove something is about what has so much of itself in the box."""
_POINTED_AT = 0.1
"""The same of a thing that the words name, too."""
_ABREAST = 0.03
"""Of two things whose middles are nearer, as a fraction of the side, neither is left or right."""
_MARGIN = 0.02
"""A thing's box is larger than the thing by this fraction of the picture's side."""


@dataclass(frozen=True)
class Located:
    """Where an edit goes."""

    selected_HW: UInt8
    thing_HW: UInt8 | None = None
    """The thing that is there now, if it is known which pixels are its own."""
    behind_HWC: Canvas | None = None
    """What is behind that, if the picture's document says it."""
    numbers: tuple[int, ...] = ()
    """Which things of the picture's document that are."""


@dataclass(frozen=True)
class Eyes:
    """What looks for a thing in a picture."""

    engine: Engine
    recogniser: Recogniser | None = None


class _Seen:
    """A picture as it is looked at: its ground, and what is off that, are found once."""

    def __init__(self, image: PILImage) -> None:
        self.canvas_HWC = premultiplied(image)

    @cached_property
    def free_HW(self) -> UInt8:
        """Where its ground is."""
        return free_ground(self.canvas_HWC)

    @cached_property
    def parts(self) -> list[UInt8]:
        """What hangs together off the ground, the largest first; nothing as wide as it is."""
        _, labels_HW, stats, _ = cv2.connectedComponentsWithStats(
            255 - self.free_HW, connectivity=8
        )
        least, widest = _LEAST_PART * labels_HW.size, _WIDEST * labels_HW.shape[1]
        parts = [
            int(number) + 1
            for number in np.argsort(-stats[1:, cv2.CC_STAT_AREA])
            if stats[number + 1, cv2.CC_STAT_AREA] >= least
            and stats[number + 1, cv2.CC_STAT_WIDTH] <= widest
        ]
        reach = max(3, len(labels_HW) // 64)
        return [
            grown(np.where(labels_HW == part, np.uint8(255), np.uint8(0)), reach)
            for part in parts[:_MOST_PARTS]
        ]


def locate(
    eyes: Eyes,
    image: PILImage,
    instruction: Instruction,
    layers: Layers | None,
    shown: str,
    gone: Collection[int] = (),
) -> Located | None:
    """Find where an edit goes; None where all that it is about is gone already.

    gone: numbers of the things of a picture of ours that were removed before. Raises ValueError if
    the words do not say where, or name more things than there are.
    """
    engine, seen = eyes.engine, _Seen(image)
    if instruction.kept:
        return _others(layers, instruction.kept, engine.vocabulary)
    words = instruction.where or _replaced(engine, instruction, shown)
    numbers = named_copies(layers, words, engine.vocabulary) if layers and words else []
    if layers and numbers:
        return _of_layer(layers, numbers, gone)
    if words:
        found = None if layers else _find(eyes, seen, words)
        if found is not None:
            return found
        if instruction.where or instruction.kind != "draw":
            raise ValueError(
                f"{words!r} is not found in the picture{_there(layers)}: "
                "say with a mask or a box where it is"
            )
    sole = None if words or instruction.adds else _sole_thing(seen, layers)
    if sole is not None:
        return sole
    if instruction.kind != "draw":
        raise ValueError(
            "the words do not say what is to change: name the thing, or give a mask or a box"
        )
    return Located(_free_place(engine, seen, instruction.what))


def masked(
    selected_HW: UInt8,
    instruction: Instruction,
    layers: Layers | None,
    vocabulary: Vocabulary | None = None,
) -> Located:
    """Find what of a picture a mask or a box is about; of a mask that is no box, all of it.

    In a picture of ours, a box takes out whole things, and of none a part: for a drawing those that
    lie within it, to remove or recolour something those that lie in it mostly. Of several, it takes
    out those that the words name. Raises ValueError where a box to remove something cuts things,
    and nothing else is in it.
    """
    if layers is None or not is_box(selected_HW):
        return Located(selected_HW)
    nothing_HW = np.zeros_like(selected_HW)
    if instruction.adds:
        return Located(selected_HW, nothing_HW)
    is_drawn = instruction.kind == "draw"
    if instruction.kept:
        raise ValueError("what is kept is said without a mask or a box: give one of both")
    choice = _choice(layers, instruction.where)
    name = named_thing(layers, choice.name, vocabulary) if choice.name else ""
    inside: list[int] = []
    if name:
        inside = layers.within(selected_HW, name, least=WITHIN if is_drawn else _POINTED_AT)
        inside = choice.of(inside) if inside else []
    inside = inside or layers.within(selected_HW, least=WITHIN if is_drawn else _MOSTLY)
    layer = layers.layer(inside) if inside else None
    if layer is not None:
        whole_HW = np.maximum(selected_HW, layer.selected_HW)
        return Located(whole_HW, layer.selected_HW, layer.behind_HWC)
    return Located(selected_HW, nothing_HW) if is_drawn else _beside_things(selected_HW, layers)


def _beside_things(selected_HW: UInt8, layers: Layers) -> Located:
    """What of a place is in a box, such as its sun, and no part of the things before it."""
    touched = layers.layer(layers.within(selected_HW, least=0))
    if touched is None:
        return Located(selected_HW)
    cut = layers.layer(layers.within(selected_HW, least=_POINTED_AT))
    hole_HW = things_within(layers.ground(), selected_HW)
    hole_HW[touched.selected_HW >= 128] = 0
    if cut is not None or not hole_HW.any():
        raise ValueError(
            f"nothing lies mostly in the box, which cuts {(cut or touched).name}: name what is to "
            "change, give a larger box, or paint a mask to change a part"
        )
    return Located(selected_HW, hole_HW)


def _there(layers: Layers | None) -> str:
    names = dict.fromkeys(layers.names) if layers else ()
    return f", which has {', '.join(names)}" if names else ""


def _replaced(engine: Engine, instruction: Instruction, shown: str) -> str:
    """What of a picture a prompt of the whole leaves out or changes; or nothing."""
    if engine.vocabulary is None or instruction.kind != "draw" or instruction.adds:
        return ""
    after = named_things(instruction.what, engine.vocabulary)
    before = named_things(shown, engine.vocabulary) if shown else ()

    # The same thing in another colour, or one thing in place of another.
    if before:
        kept = {(item.name, item.colour) for item in after}
        gone = [item.name for item in before if (item.name, item.colour) not in kept]
        return gone[0] if gone and len(after) >= len(before) else ""
    return ""


def named_copies(layers: Layers, words: str, vocabulary: Vocabulary | None) -> list[int]:
    """The numbers of the things of a picture that words mean, from left to right; none for none.

    Raises ValueError if there are fewer than the words say, or it is not clear which are meant.
    """
    choice = _choice(layers, words)
    name = named_thing(layers, choice.name, vocabulary)
    if not name:
        return []
    numbers = layers.copies(name)
    chosen = choice.of(numbers)
    if choice.side and len(numbers) > 1:
        middle = layers.middle_of(chosen[0])
        others = [layers.middle_of(number) for number in numbers if number not in chosen]
        if any(abs(middle - other) < _ABREAST for other in others):
            raise ValueError(
                f"none is clearly {words!r}, as one is above another: give a box around it"
            )
    return chosen


def _choice(layers: Layers, words: str) -> Choice:
    """Which of several things words mean; "right arrow" may be a name, and say no side."""
    return Choice(name=words) if words in layers.names else choice_of(words)


def _of_layer(layers: Layers, numbers: Collection[int], gone: Collection[int]) -> Located | None:
    """The place of some things of a picture of ours; None if they are gone already."""
    left = sorted(set(numbers) - set(gone))
    layer = layers.layer(left, gone) if left else None
    if layer is None:
        return None
    selected_HW = layer.selected_HW
    return Located(_boxed(selected_HW), selected_HW, layer.behind_HWC, tuple(left))


def _others(
    layers: Layers | None, kept: Sequence[str], vocabulary: Vocabulary | None
) -> Located | None:
    """The place of all things but those that words name; what they stand in stays, too."""
    if layers is None:
        raise ValueError(
            "what else is in this picture is not known: name what is to be removed, one at a time, "
            "or select it with a mask or a box"
        )
    others = set(layers.copies())
    for words in kept:
        numbers = named_copies(layers, words, vocabulary)
        if not numbers:
            raise ValueError(f"{words!r} is not in the picture: name what it shows")
        others -= set(numbers)
    if not others:
        raise ValueError(f"the picture has nothing else than {' and '.join(kept)}")
    return _of_layer(layers, others, ())


def _find(eyes: Eyes, seen: _Seen, words: str) -> Located | None:
    """The place of a thing that words name, in a picture of any origin; None if it is not there.

    Raises ValueError for one of several, which only pictures of ours tell apart.
    """
    engine, choice = eyes.engine, choice_of(words)
    if choice.is_some:
        raise ValueError(
            f"which of several is {words!r} is only known in a picture of ours: "
            "say with a mask or a box where it is"
        )
    if engine.networks.dual_encoder is None:
        return None
    words = choice.name
    part_HW = _part_like(engine, seen, words)
    if part_HW is None and eyes.recogniser is not None:
        names = _names(engine, words)
        part_HW = recognised_part(seen.canvas_HWC, seen.free_HW, names, eyes.recogniser)
    return None if part_HW is None else Located(_boxed(part_HW), part_HW)


def _names(engine: Engine, words: str) -> frozenset[str]:
    """What words name, in English."""
    bare = words.lower()
    if engine.vocabulary is None:
        return frozenset({bare})
    things = named_things(words, engine.vocabulary)
    return frozenset({bare, *(item.name for item in things)})


def _sole_thing(seen: _Seen, layers: Layers | None) -> Located | None:
    """The place of the only thing of a picture; None if it has several, or none."""
    if layers is not None:
        return _of_layer(layers, layers.copies(), ()) if len(layers.names) == 1 else None
    parts = [part_HW for part_HW in seen.parts if part_HW.mean() / 255 >= _LARGE]
    return Located(_boxed(parts[0]), parts[0]) if len(parts) == 1 else None


def _part_like(engine: Engine, seen: _Seen, words: str) -> UInt8 | None:
    """The part off the ground that is most like words; None if none is clearly like them."""
    best, best_HW = _CLEAR, None
    with inference(engine.device), one_thread():
        for part_HW in seen.parts:
            left, top, right, bottom = bounds_of(part_HW)
            cut_hwC = seen.canvas_HWC[top:bottom, left:right].copy()
            cut_hwC[part_HW[top:bottom, left:right] == 0] = 0
            cutout = to_pil(cut_hwC.transpose(2, 0, 1), transparent=True)
            score = engine.recognition.score(cutout, words)
            if score > best:
                best, best_HW = score, part_HW
    return best_HW


def _boxed(thing_HW: UInt8) -> UInt8:
    """The box around a thing, a little larger."""
    height, width = thing_HW.shape
    margin = max(2, round(_MARGIN * min(height, width)))
    left, top, right, bottom = bounds_of(thing_HW)
    box_HW = np.zeros_like(thing_HW)
    box_HW[max(top - margin, 0) : bottom + margin, max(left - margin, 0) : right + margin] = 255
    return box_HW


def _free_place(engine: Engine, seen: _Seen, prompt: str) -> UInt8:
    """The largest square of free ground: low for what stands, high for what flies."""
    free_HW = seen.free_HW
    height, width = free_HW.shape
    padded_HW = cv2.copyMakeBorder(free_HW, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    radius_HW = cv2.distanceTransform(padded_HW, cv2.DIST_C, 3)[1:-1, 1:-1]

    # What flies goes where most is free; what stands, lower, or else before everything else.
    side = min(height, width)
    if not _flies(engine, prompt):
        radius_HW[: height // 2] = 0
        if 2 * radius_HW.max() < _LEAST_STANDING * side:
            return _foreground(free_HW)
    y, x = np.unravel_index(int(radius_HW.argmax()), radius_HW.shape)
    reach = int(min(radius_HW[y, x], _LARGEST_SIDE / 2 * side))
    if 2 * reach < _LEAST_SIDE * side:
        raise ValueError(
            f"there is no free place in the picture for {prompt!r}: "
            "say with a mask or a box where it goes"
        )
    box_HW = np.zeros_like(free_HW)
    box_HW[y - reach + 1 : y + reach, x - reach + 1 : x + reach] = 255
    return box_HW


def _foreground(free_HW: UInt8) -> UInt8:
    """A square at the lower edge of a picture, where it hides least."""
    height, width = free_HW.shape
    side = round(_FOREGROUND_SIDE * min(height, width))
    top = height - side - round(_MARGIN * height)
    free_W = (free_HW[top : top + side] >= 128).mean(0)
    free_X = np.convolve(free_W, np.ones(side) / side, mode="valid")

    # Of places that hide as little, the one nearest to the middle.
    off_middle_X = np.abs(np.arange(len(free_X)) - (len(free_X) - 1) / 2) / width
    left = int((free_X - _OFF_MIDDLE * off_middle_X).argmax())
    box_HW = np.zeros_like(free_HW)
    box_HW[top : top + side, left : left + side] = 255
    return box_HW


def _flies(engine: Engine, prompt: str) -> bool:
    """Whether what a prompt names belongs in the air."""
    if engine.vocabulary is None:
        return False
    things = named_things(prompt, engine.vocabulary)
    return bool(things) and "air" in things[0].thing.traits
