"""The plan of one picture with nothing left open, so that it can be edited and drawn again.

`Plan` says what is drawn, and rules place it. A `PlacedPlan` has the box of everything, as it was
drawn: what is moved, resized, painted or removed in it changes nothing else. A plan is never
changed; every edit returns another one.

Lengths are fractions of the picture's side; x grows to the right, y downwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from dall_e.images.effects.catalogue import styled_groups
from dall_e.images.restyling.fitted_style import FittedStyle
from dall_e.images.restyling.redrawing import redrawn_groups
from dall_e.images.svg import Group, VectorDrawing, svg_document
from dall_e.planning.held_numbers import owner_copy_of
from dall_e.planning.illustration import background_groups
from dall_e.planning.layer_groups import SIDE, layer_groups, styles_of
from dall_e.planning.layers import CONTACTS, Box, Layer, bounds, fitted
from dall_e.planning.plan_files import WrittenPlan
from dall_e.planning.planned_object import PlannedObject
from dall_e.planning.sprites import seen_box
from dall_e.scenes.graph import COLOURS
from dall_e.text.language import COLOURS_ZH

ADDED_SIDE = 0.3
"""Side of the room of a thing that is added without a size."""
SMALLEST = 0.005
"""Side of the smallest box that is drawn: at 384 pixels, two."""
_DEPTH = 0.1
"""What is higher above the feet of all others by more than this is in the air."""
MOST_OBJECTS = 64
"""Drawings of one picture."""


@dataclass(frozen=True, kw_only=True)
class PlacedObject:
    """One drawing of a picture, under the names by which it is found."""

    name: str
    name_zh: str = ""
    drawing: PlannedObject
    held_by: int | None = None
    """Which object holds, wears or rides it, and takes it along."""

    def is_called(self, name: str) -> bool:
        """Whether a name is one of its own, in English or Chinese, or its prompt."""
        own = {self.name.lower(), self.name_zh, self.drawing.prompt.lower()} - {""}
        return name.strip().lower() in own


Reader = Callable[[str], PlacedObject]
"""What makes an object of words, such as "a red ball"; it raises ValueError for unknown things."""
Owner = tuple[int, int]
"""Which object, and which of its copies."""


@dataclass(frozen=True, kw_only=True)
class PlacedPlan(WrittenPlan):
    """What a picture shows, and where. `DALL_E.plan` makes one, `DALL_E.draw_plan` draws it.

    Things go by name, such as "cat"; of two cats, "cat#2" is the second one. `save` writes a plan
    to a file, and `DALL_E.load_plan` reads it.
    """

    prompt: str
    """What was asked for, before edits."""
    seed: int
    """Chooses how things are drawn that have no seed of their own."""
    size: int
    """Side of the picture in pixels, unless another is asked for when it is drawn."""
    objects: tuple[PlacedObject, ...]
    """The drawings."""
    layers: tuple[Layer, ...]
    """What is where, those at the back first."""
    background: str = ""
    """As in a scene: a place, or nothing, which is transparent."""
    background_colour: str = ""
    """Of a plain background."""
    style: str = ""
    """One of the effects, or nothing."""
    reader: Reader | None = field(default=None, repr=False, compare=False)
    """Reads what is added or put instead of something; a plan that a model made has one."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of everything in it, "cat#1" and "cat#2" where there are several."""
        owners = self._owners(range(len(self.objects)))
        plain = [self.objects[index].name for index, _ in owners]
        return tuple(
            f"{name}#{plain[: number + 1].count(name)}" if plain.count(name) > 1 else name
            for number, name in enumerate(plain)
        )

    # Edits

    def move(self, name: str, dx: float, dy: float) -> PlacedPlan:
        """Move a thing to the right and down, with what it holds; less than 0: left and up.

        Raises ValueError for a name that is not there, and if none of it would be seen.
        """
        dx, dy = _finite("dx", dx), _finite("dy", dy)
        chosen = self._with_held(self._chosen(name))
        return self._changed(name, chosen, lambda layer: layer.moved(dx, dy))

    def resize(self, name: str, factor: float) -> PlacedPlan:
        """Make a thing `factor` times as large, with what it holds.

        What stands on the ground keeps its foot, everything else its middle. Raises ValueError for
        a name that is not there, and for a factor that is not above 0.
        """
        factor = _finite("factor", factor)
        if factor <= 0:
            raise ValueError(f"factor must be above 0, got {factor:g}; 0.5 is half as large")
        plan = self
        for owner in self._chosen(name):
            grown = partial(Layer.scaled, factor=factor, about=self._point_of(owner))
            plan = plan._changed(name, self._with_held([owner]), grown)
        return plan

    def turn(self, name: str, degrees: float) -> PlacedPlan:
        """Turn a thing against the clock about its foot, without what it holds or wears."""
        degrees = _finite("degrees", degrees)
        return self._changed(
            name, self._chosen(name), lambda layer: replace(layer, angle=layer.angle + degrees)
        )

    def recolour(self, name: str, colour: str) -> PlacedPlan:
        """Paint the main colour of a thing; "" leaves it as it is drawn.

        Raises ValueError for a name that is not there, and for an unknown colour.
        """
        colour = _checked_colour(colour)
        plan, indices = self._separated(name)
        return plan._with_objects(
            indices,
            lambda old: replace(old, drawing=replace(old.drawing, paint=colour, material="")),
        )

    def replace(self, name: str, words: str) -> PlacedPlan:
        """Put another thing where one is, in the same room, such as "a green apple".

        Raises ValueError for a name that is not there, and for words that name nothing known.
        """
        new = self._read(words)
        plan, indices = self._separated(name)
        plan = plan._with_objects(indices, lambda old: replace(new, held_by=old.held_by))
        layers = tuple(
            replace(layer, fits=True, mirrored=False)
            if layer.object in indices and layer.kind == "thing"
            else layer
            for layer in plan.layers
            # Where the fingers of another are is not known.
            if not (layer.object in indices and layer.kind == "front")
        )
        return replace(plan, layers=layers)

    def remove(self, name: str) -> PlacedPlan:
        """Take a thing away, with what it holds. Raises ValueError for a name that is not there."""
        gone = self._with_held(self._chosen(name))
        left = [layer for layer in self.layers if layer.owner not in gone]
        kept = sorted({layer.object for layer in left})
        if not kept and not self.background:
            raise ValueError(f"without {name!r} nothing is left of the picture")
        number = {old: new for new, old in enumerate(kept)}
        objects = [self.objects[index] for index in kept]
        return replace(
            self,
            objects=tuple(
                replace(
                    each, held_by=number.get(each.held_by) if each.held_by is not None else None
                )
                for each in objects
            ),
            layers=tuple(replace(layer, object=number[layer.object]) for layer in left),
        )

    def add(
        self, words: str, x: float = 0.5, y: float = 0.5, size: float = ADDED_SIDE
    ) -> PlacedPlan:
        """Put one more thing before all others, such as "a red ball".

        x, y: the middle of its room. size: the side of that, of which the thing takes what its
        proportions allow. Raises ValueError for words that name nothing known, and for a place
        outside of the picture.
        """
        x, y, size = _finite("x", x), _finite("y", y), _finite("size", size)
        if size < SMALLEST:
            raise ValueError(f"size must be at least {SMALLEST}, got {size:g}")
        if len(self.objects) >= MOST_OBJECTS:
            raise ValueError(f"a plan has at most {MOST_OBJECTS} objects")
        new = self._read(words)
        box = (x - size / 2, y - size / 2, size, size)
        thing = Layer(object=len(self.objects), box=box, fits=True)
        _check_seen(words, [thing])

        # Where others have a shadow, so low or lower, it has one, too.
        contacts = [layer for layer in self.layers if layer.kind in CONTACTS]
        added = [thing]
        if contacts and thing.foot[1] > min(layer.foot[1] for layer in contacts) - _DEPTH:
            contact = replace(thing, kind=contacts[-1].kind, fits=False)
            added = [contact, thing] if contact.kind == "shadow" else [thing, contact]
        return replace(self, objects=(*self.objects, new), layers=(*self.layers, *added))

    def framed(self, box: Box, *, stands: bool = True) -> PlacedPlan:
        """Bring everything into a box, as large as it allows, and leave the background out.

        It is in the middle of the box, or of its foot if it `stands`. Turned things count as if
        they were upright.
        """
        left, top, width, height = bounds(self.layers)
        room_left, room_top, room_width, room_height = box
        factor = min(room_width / width, room_height / height)
        x, y = room_left + room_width / 2, room_top + room_height
        if not stands:
            y -= (room_height - height * factor) / 2
        layers = tuple(
            layer.scaled(factor, (0.0, 0.0)).moved(
                x - (left + width / 2) * factor, y - (top + height) * factor
            )
            for layer in self.layers
        )
        return replace(self, layers=layers, background="", background_colour="")

    def mirrored(self) -> PlacedPlan:
        """Return the plan in a mirror; the background stays."""
        layers = tuple(
            replace(
                layer,
                box=(1 - layer.box[0] - layer.box[2], *layer.box[1:]),
                mirrored=not layer.mirrored,
                angle=-layer.angle,
            )
            for layer in self.layers
        )
        return replace(self, layers=layers)

    # Drawing

    def fitted(self, drawings: Sequence[VectorDrawing]) -> PlacedPlan:
        """Return the plan with the boxes that its drawings take in their rooms."""
        boxes = [seen_box(drawing) for drawing in drawings]
        aspects = [(right - left) / (bottom - top) for left, top, right, bottom in boxes]
        return replace(self, layers=fitted(self.layers, aspects))

    def document(
        self,
        drawings: Sequence[VectorDrawing],
        *,
        title: str,
        size: int,
        ground: bool = True,
        fitted: FittedStyle | None = None,
    ) -> str:
        """Return the picture as an SVG document, one group for each thing.
        drawings: one for each object, turned and painted. size: at which it is shown. ground:
        with what a style has for a ground, as neon a wall. fitted: a style found in pictures.
        """
        groups = self.groups(drawings, fitted)
        if not fitted:
            groups = styled_groups(groups, self.style, seed=self.seed, ground=ground)
        else:
            groups = redrawn_groups(groups, fitted, seed=self.seed, ground=ground)
        return svg_document(groups, SIDE, title, size)

    def groups(
        self, drawings: Sequence[VectorDrawing], fitted: FittedStyle | None = None
    ) -> list[Group]:
        """Return the groups of the picture before it is given a style, those at the back first."""
        behind, before = background_groups(self.background, self.background_colour, self.seed)
        names = [each.name for each in self.objects]
        styles = styles_of([each.drawing.prompt for each in self.objects], fitted)
        return [*behind, *layer_groups(self.layers, drawings, names, styles), *before]

    # Which things

    def _owners(self, indices: Any) -> list[Owner]:
        """Every single thing of some objects, object by object."""
        wanted = set(indices)
        things = {layer.owner for layer in self.layers if layer.kind == "thing"}
        return sorted(owner for owner in things if owner[0] in wanted)

    def _chosen(self, name: str) -> list[Owner]:
        """What goes by a name. Raises ValueError if nothing does."""
        plain, mark, number = name.rpartition("#")
        plain = plain if mark else name
        found = [index for index, each in enumerate(self.objects) if each.is_called(plain)]
        owners = self._owners(found)
        if mark and number.isdecimal() and 0 < int(number) <= len(owners):
            return [owners[int(number) - 1]]
        if mark or not owners:
            there = ", ".join(self.names) or "nothing but a place"
            raise ValueError(f"the plan has no {name!r}; it has {there}")
        return owners

    def _with_held(self, owners: Sequence[Owner]) -> list[Owner]:
        """These things, and what they hold, wear or ride."""
        every = self._owners(range(len(self.objects)))
        held = [
            (index, copy)
            for index, copy in every
            if (self.objects[index].held_by, owner_copy_of(copy)) in owners
        ]
        return [*owners, *(each for each in held if each not in owners)]

    def _point_of(self, owner: Owner) -> tuple[float, float]:
        """What stays where it is when a thing is resized."""
        own = [layer for layer in self.layers if layer.owner == owner]
        thing = next(layer for layer in own if layer.kind == "thing")
        has_contact = any(layer.kind in CONTACTS for layer in own)
        return thing.foot if has_contact else thing.middle

    def _separated(self, name: str) -> tuple[PlacedPlan, list[int]]:
        """The plan in which what goes by a name shares no object with anything else; its objects.

        Raises ValueError if one of several holds something.
        """
        chosen = self._chosen(name)
        plan, indices = self, []
        for index, copy in chosen:
            if set(self._owners([index])) <= set(chosen):
                indices.append(index)
                continue
            if any(each.held_by == index for each in self.objects):
                raise ValueError(
                    f"{name!r} holds something, as the others like it do: name them all, as "
                    f"{self.objects[index].name!r}"
                )
            new = len(plan.objects)
            layers = tuple(
                replace(each, object=new) if each.owner == (index, copy) else each
                for each in plan.layers
            )
            plan = replace(plan, objects=(*plan.objects, self.objects[index]), layers=layers)
            indices.append(new)
        return plan, list(dict.fromkeys(indices))

    # Parts of edits

    def _changed(
        self, name: str, owners: Sequence[Owner], change: Callable[[Layer], Layer]
    ) -> PlacedPlan:
        """The plan with the layers of some things changed, which must still be seen."""
        layers = tuple(change(layer) if layer.owner in owners else layer for layer in self.layers)
        _check_seen(name, [layer for layer in layers if layer.owner in owners])
        return replace(self, layers=layers)

    def _with_objects(
        self, indices: Sequence[int], change: Callable[[PlacedObject], PlacedObject]
    ) -> PlacedPlan:
        objects = tuple(
            change(each) if index in indices else each for index, each in enumerate(self.objects)
        )
        return replace(self, objects=objects)

    def _read(self, words: str) -> PlacedObject:
        if self.reader is None:
            raise ValueError(
                "this plan knows no words: take it from `model.plan` or `model.load_plan`"
            )
        return self.reader(words)


def _finite(name: str, value: float) -> float:
    """A number as it is. Raises ValueError for none, or for one that is infinite."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    return float(value)


def _checked_colour(colour: str) -> str:
    """A colour by its English name. Raises ValueError for one that nothing can be painted."""
    word = colour.strip().lower().replace("gray", "grey")
    chinese = {zh: english for english, zh in COLOURS_ZH.items()}
    word = chinese.get(word) or chinese.get(f"{word}色") or chinese.get(word[:-1]) or word
    if word and word not in COLOURS:
        raise ValueError(f"colour {colour!r} is not known; these are: {', '.join(COLOURS)}")
    return word


def _check_seen(name: str, layers: Sequence[Layer]) -> None:
    """Raise ValueError if nothing of some layers is in the picture, or too small to be seen."""
    left, top, width, height = bounds(layers)
    is_outside = left >= 1 or top >= 1 or left + width <= 0 or top + height <= 0
    if is_outside:
        raise ValueError(
            f"{name!r} would be outside of the picture, from {left:.2f} to {left + width:.2f} "
            f"across and {top:.2f} to {top + height:.2f} down; the picture is from 0 to 1"
        )
    if max(width, height) < SMALLEST:
        raise ValueError(
            f"{name!r} would be {max(width, height):.4f} of the picture large: {SMALLEST} is least"
        )
