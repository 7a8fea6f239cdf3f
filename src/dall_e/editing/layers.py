"""The things of a picture of ours, each by itself: its SVG document has a group for each of them.

A document comes with a picture that was just drawn. From a file, the picture is drawn again as the
file says, and only trusted if every pixel is the same.

Shapes: H W rows and columns of the picture, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from xml.etree import ElementTree

import numpy as np

from dall_e.editing.drawing import named_things
from dall_e.images.blending import differing, premultiplied
from dall_e.images.compositing import Canvas
from dall_e.images.files import PILImage
from dall_e.images.painting import painted_svg
from dall_e.images.selections import UInt8, grown
from dall_e.inference.engine import Engine
from dall_e.inference.request import resolve_sampling
from dall_e.planning.plan_reading import read_plan
from dall_e.planning.plan_record import FROM_PLAN_KEY, PLAN_KEY
from dall_e.planning.record_fields import parsed
from dall_e.planning.vocabulary import Vocabulary

_SVG = "http://www.w3.org/2000/svg"
_BELONGING = ("shadow", "ripple")
"""Groups that belong to the thing before or behind which they stand."""
_NOT_OF_A_PROMPT = {"best_of", "grid_prompts", "noise", "known_tokens"}
"""What a picture says of itself that a prompt and a seed alone do not draw again."""
_LOSSY = ("JPEG", "MPO")
"""Types of files that never hold just the pixels that were drawn: trying would be in vain."""
_SIDE_OF_GROUNDS = 32
"""At which it is seen whether a group covers the corners: painting is what an edit waits for."""
WITHIN = 0.85
"""A thing lies within a selection if so much of it does."""
_NUMBERS = ("num_inference_steps", "top_k")
_FRACTIONS = ("guidance_scale", "temperature", "top_p")


@dataclass(frozen=True)
class Layer:
    """One thing of a picture."""

    name: str
    selected_HW: UInt8
    """Where it is seen, with its shadow."""
    behind_HWC: Canvas
    """The picture without it."""


class Layers:
    """A picture as an SVG document of named things."""

    def __init__(self, svg: str, image: PILImage) -> None:
        """Take a document apart. Raises ValueError if it does not show just this picture."""
        self._root = ElementTree.fromstring(svg)
        self._side = image.width
        self._whole_HWC = premultiplied(image)
        self._is_opaque = image.mode == "RGB"
        self._seen: dict[int, Layer] = {}
        is_square = image.width == image.height
        if not is_square or not np.array_equal(self._painted(self._root), self._whole_HWC):
            raise ValueError("the document shows another picture")

    @cached_property
    def names(self) -> list[str]:
        """The names of the things, those at the back first."""
        place = self._place()
        names = [_name_of(group) for group in self._groups() if group is not place]
        return [name for name in names if _is_thing(name)]

    def copies(self, name: str = "") -> list[int]:
        """The numbers of all things, or of those of a name, from left to right."""
        place = self._place()
        found = [
            number
            for number, group in enumerate(self._groups())
            if group is not place and _is_thing(_name_of(group))
            if not name or _name_of(group) == name
        ]
        if len(found) < 2:
            return found
        return sorted(found, key=self.middle_of)

    def layer(self, numbers: Collection[int], gone: Collection[int] = ()) -> Layer | None:
        """Some things as one; None if nothing of them is seen.

        gone: the numbers of things that are not in the picture any more.
        """
        layer = self._without(sorted(numbers), gone)
        return layer if layer.selected_HW.any() else None

    def within(self, selected_HW: UInt8, name: str = "", *, least: float = WITHIN) -> list[int]:
        """The numbers of all things, or those of a name, that lie within a selection.

        least: how much of each does, as a fraction; 0 is any of it. They go from left to right.
        """
        found = []
        for number in self.copies(name):
            alone_HW = self._without_one(number).selected_HW >= 128
            inside = np.count_nonzero(alone_HW & (selected_HW >= 128))
            if inside and inside >= least * np.count_nonzero(alone_HW):
                found.append(number)
        return found

    def middle_of(self, number: int) -> float:
        """How far to the right a thing's middle is, as a fraction; infinite if it is hidden."""
        columns = np.flatnonzero((self._without_one(number).selected_HW >= 128).any(0))
        return float(columns[0] + columns[-1]) / 2 / self._side if len(columns) else math.inf

    def _without_one(self, number: int) -> Layer:
        """One group as a thing; it is painted when it is first asked for."""
        if number not in self._seen:
            self._seen[number] = self._without([number])
        return self._seen[number]

    def _groups(self) -> list[ElementTree.Element]:
        """All groups of the document, those at the back first."""
        return [group for group in self._root if _is_group(group)]

    def _without(self, numbers: Sequence[int], gone: Collection[int] = ()) -> Layer:
        """Some groups with all that belongs to them, as one thing."""
        groups = self._groups()
        whole_HWC = self._painted(self._rest(gone)) if gone else self._whole_HWC
        behind_HWC = self._painted(self._rest({*numbers, *gone}))
        differs_HW = differing(behind_HWC, whole_HWC)
        selected_HW = np.where(differs_HW, np.uint8(255), np.uint8(0))
        name = ", ".join(dict.fromkeys(_name_of(groups[number]) for number in numbers))
        return Layer(name, grown(selected_HW, 1), behind_HWC)

    def _rest(self, gone: Collection[int]) -> ElementTree.Element:
        """The document without some groups and all that belongs to them."""
        rest = copy.copy(self._root)
        groups = self._groups()
        for number in gone:
            rest.remove(groups[number])
            self._remove_belongings(rest, groups, number)
        return rest

    def ground(self) -> Canvas:
        """The picture without any thing: its place, or nothing."""
        return self._painted(self._alone(self._place()))

    def _place(self) -> ElementTree.Element | None:
        """The group of the place; None for things on nothing."""
        first = next((group for group in self._root if _is_group(group)), None)
        if first is None:
            return None
        alone = ElementTree.tostring(self._alone(first), encoding="unicode")
        corners = painted_svg(alone, _SIDE_OF_GROUNDS)[[0, 0, -1, -1], [0, -1, 0, -1]]
        return first if corners[:, 3].min() == 255 else None

    def _alone(self, kept: ElementTree.Element | None) -> ElementTree.Element:
        """The document without any group but one."""
        root = copy.copy(self._root)
        for group in self._groups():
            if group is not kept:
                root.remove(group)
        return root

    def _remove_belongings(
        self, rest: ElementTree.Element, groups: list[ElementTree.Element], number: int
    ) -> None:
        """Take out the edge and the shadow before a group, and the ripple behind it."""
        before = number - 1
        belonging = ("shadow", f"edge of {_name_of(groups[number])}")
        while before >= 0 and _name_of(groups[before]) in belonging:
            rest.remove(groups[before])
            before -= 1
        if number + 1 < len(groups) and _name_of(groups[number + 1]) == "ripple":
            rest.remove(groups[number + 1])

    def _painted(self, root: ElementTree.Element) -> Canvas:
        """A document as pixels [H, W, C], on white where the picture is opaque."""
        ElementTree.register_namespace("", _SVG)
        canvas_HWC = painted_svg(ElementTree.tostring(root, encoding="unicode"), self._side)
        if self._is_opaque:
            through_HW1 = 255 - canvas_HWC[..., 3:]
            canvas_HWC = np.concatenate(
                (canvas_HWC[..., :3] + through_HW1, np.full_like(through_HW1, 255)), axis=2
            )
        return canvas_HWC


def layers_of(engine: Engine, image: PILImage, svg: bytes | None) -> Layers | None:
    """Return the things of a picture; None if it was not drawn as SVG by this model.

    svg: the document that came with the picture, if it did.
    """
    if not isinstance(svg, bytes):
        svg = None  # Another program's text.
    is_own = image.info.get("weights_sha256") == engine.weights_sha256
    if svg is None and is_own and image.format not in _LOSSY:
        svg = _drawn_again(engine, image.info)
    if not svg:
        return None
    try:
        return Layers(svg.decode(), image)
    except (ValueError, ElementTree.ParseError):
        return None


def named_thing(layers: Layers, words: str, vocabulary: Vocabulary | None) -> str:
    """Return the name of the thing of a picture that words name; "" if it does not have it."""
    wanted = [words, words.removesuffix("s")]
    if vocabulary is not None:
        wanted += [item.name for item in named_things(words, vocabulary)]
        wanted.append(vocabulary.words_en.get(words.lower(), ""))
    for name in layers.names:
        said = set(_bare(name).split())
        if any(word and set(_bare(word).split()) <= said for word in wanted):
            return name
    return ""


def _bare(name: str) -> str:
    """A name in small letters, without its article."""
    return re.sub(r"^(?:an?|the) ", "", name.strip().lower())


def _drawn_again(engine: Engine, info: dict[Any, Any]) -> bytes | None:
    """The document of a picture that says how it was drawn; None if it does not."""
    if info.get("finish") != "crisp" or _NOT_OF_A_PROMPT & info.keys():
        return None
    given: dict[str, Any] = {name: int(info[name]) for name in _NUMBERS}
    given |= {name: float(info[name]) for name in _FRACTIONS}
    settings = resolve_sampling(
        engine.config,
        None,
        can_compose=engine.vocabulary is not None,
        compose=info["compose"] == "True",
        **given,
    )
    keywords: dict[str, Any] = {
        "seed": int(info["seed"]),
        "height": int(info["size"].partition("x")[0]),
        "finish": "crisp",
        "sampling": settings,
    }

    # What was edited is in its plan, and in no prompt.
    if info.get(FROM_PLAN_KEY) == "True":
        saved = read_plan(parsed(info[PLAN_KEY]), engine.vocabulary)
        request = engine.request(saved.prompt, plans=[saved.plan], **keywords)
    else:
        request = engine.request(
            info["prompt"],
            negative_prompt=info["negative_prompt"],
            style=info.get("style"),
            **keywords,
        )
    return engine.generate(request)[0].svg.encode()


def _is_group(element: ElementTree.Element) -> bool:
    return "data-name" in element.attrib


def _name_of(group: ElementTree.Element) -> str:
    return group.get("data-name", "")


def _is_thing(name: str) -> bool:
    """Whether a group of this name is a thing, and no shadow or edge of one."""
    return name not in _BELONGING and not name.startswith("edge of ")
