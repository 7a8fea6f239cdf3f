"""Plans from JSON, as `plan_record` writes them and as people edit them: every field is checked."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

from dall_e.errors import DallEWarning
from dall_e.images.effects.catalogue import EFFECTS
from dall_e.images.forms import BUILDS, CONDITIONS
from dall_e.images.places import Setting
from dall_e.images.textures import MATERIALS, PATTERNS
from dall_e.planning.held_numbers import OF_OLD_FILES, PER_OWNER, renumbered
from dall_e.planning.illustration import square_boxes
from dall_e.planning.layer_reading import read_layer
from dall_e.planning.placed_plan import MOST_OBJECTS, PlacedObject, PlacedPlan
from dall_e.planning.plan import Plan, plan_prompt
from dall_e.planning.plan_files import BOXES, FORMAT, VERSION
from dall_e.planning.plan_record import RULES
from dall_e.planning.plan_words import object_of
from dall_e.planning.planned_object import PlannedObject
from dall_e.planning.record_fields import Fields, finite, shown
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import (
    BACKGROUNDS,
    COLOURS,
    MOST,
    PARTS,
    RELATIONS,
    SHAPES,
    SIZES,
    STATES,
    VERBS,
    Action,
    Link,
    Scene,
    SceneObject,
)

_MOST_SEED = 2**64 - 1
_MOST_SIDE = 16384
"""In pixels; the engine has a limit of its own."""
_LONGEST = 10_000
"""Characters of a prompt."""
_ALIKE = 1e-3
"""Boxes that differ by less were not edited."""

Made = TypeVar("Made")


class SavedPlan(NamedTuple):
    """A plan that was read, and what it says of its picture."""

    plan: Plan
    prompt: str
    seed: int | None
    """None if the plan is the one that is the same for all."""
    size: int | None
    """Side in pixels; None is the model's own."""

    def with_seed(self, seed: int) -> SavedPlan:
        """Return the plan with drawings of another seed in the same places."""
        placed = self.plan.placed
        plan = Plan.of_placed(replace(placed, seed=seed)) if placed else self.plan
        return self._replace(plan=plan, seed=seed)


def read_plan(record: Any, vocabulary: Vocabulary | None) -> SavedPlan:
    """Return the plan of a record, so that it is drawn just as the one that was written.

    vocabulary: what the model knows; without one, nothing but whole prompts and boxes can be read.
    Raises ValueError that names the field for one that is unknown, missing, of the wrong kind or
    out of range, for things that the model does not know, for things that hold each other in a
    circle, and for another version. Warns of a drawing of which words are not known.
    """
    fields = Fields(record)
    if fields.take("format", None) != FORMAT:
        raise ValueError(
            f'it is no plan: "format" is not "{FORMAT}"; `dall-e plan --json` writes one'
        )
    version = fields.take("version", None)
    if version != VERSION:
        raise ValueError(f"version {shown(version)} of plans is not read, only {VERSION}")

    prompt = fields.text("prompt")
    if len(prompt) > _LONGEST:
        raise ValueError(f"prompt has {len(prompt)} characters, at most {_LONGEST} are read")
    seed = fields.whole("seed", _MOST_SEED, None)
    size = fields.whole("size", _MOST_SIDE, None)
    fields.skip("exact", "coverage", "unread")

    is_whole = fields.flag("whole")
    layout = "" if is_whole else fields.text("layout", known=(RULES, BOXES))
    if layout == BOXES:
        if seed is None or size is None:
            raise ValueError("a plan with boxes needs a seed and a size")
        placed = _placed(fields, prompt, seed, size, vocabulary)
        return SavedPlan(Plan.of_placed(placed), prompt, seed, size)
    if is_whole:
        return SavedPlan(_whole(fields, vocabulary), prompt, seed, size)
    if vocabulary is None:
        raise ValueError("layout is 'rules', but this model has no vocabulary to plan with")
    return SavedPlan(_ruled(fields, vocabulary), prompt, seed, size)


# Prompts that are drawn whole


def _whole(fields: Fields, vocabulary: Vocabulary | None) -> Plan:
    style = fields.text("style", "", _styles(vocabulary))
    drawings = fields.objects("objects")
    if len(drawings) != 1:
        raise ValueError(
            f"objects: a prompt that is drawn whole is one drawing, got {len(drawings)}"
        )
    text = drawings[0].text("prompt")
    drawings[0].end()
    fields.end()
    return Plan(objects=(PlannedObject(prompt=text),), style=style)


def _styles(vocabulary: Vocabulary | None) -> tuple[str, ...]:
    """The effects, and the styles that were found in pictures for the model."""
    return (*EFFECTS, *(vocabulary.fitted if vocabulary else ()))


# Plans that rules lay out


def _ruled(fields: Fields, vocabulary: Vocabulary) -> Plan:
    records = fields.objects("objects")
    style = fields.text("style", "", _styles(vocabulary))
    relation = fields.text("relation", "", RELATIONS)
    links = tuple(_link(each) for each in fields.objects("links", ()))
    actions = tuple(_action(each) for each in fields.objects("actions", ()))
    _check_no_circle({action.thing: action.subject for action in actions}, "actions")
    place = _background(fields)
    style_en, style_zh = fields.text("style_en", ""), fields.text("style_zh", "")

    boxes = [each.entries("boxes", ()) for each in records]
    items, drawings = [], []
    for each in records:
        item = _scene_object(each, vocabulary)
        items.append(item)
        drawings.append(_drawing(each, item))
    fields.end()
    scene = Scene(
        objects=tuple(items),
        relation=relation,
        links=links,
        actions=actions,
        background=place[0],
        background_colour=place[1],
        style_en=style_en,
        style_zh=style_zh,
    )
    _check_boxes(boxes, scene)
    return Plan(objects=tuple(drawings), scene=scene, style=style)


def _link(fields: Fields) -> Link:
    first, second = fields.whole("first", MOST), fields.whole("second", MOST)
    link = Link(first, fields.text("relation", known=RELATIONS), second)
    fields.end()
    return link


def _action(fields: Fields) -> Action:
    subject, thing = fields.whole("subject", 2), fields.whole("thing", 2)
    action = Action(subject, fields.text("verb", known=VERBS), thing)
    fields.end()
    return action


def _scene_object(fields: Fields, vocabulary: Vocabulary) -> SceneObject:
    """The object of a scene; what is left of the fields says how it is drawn."""
    name = fields.text("name")
    if name not in SHAPES and not vocabulary.knows(name):
        raise ValueError(_unknown(fields.path_of("name"), name))
    said = {
        "count": fields.whole("count", MOST, 1),
        "colour": fields.text("colour", "", COLOURS),
        "size": fields.text("size", "", SIZES),
        "state": fields.text("state", "", STATES),
        "spot": fields.text("spot", ""),
    }
    painted = _paint(fields)
    looks = ("material", "pattern", "build", "condition", "parts")
    with_look = {field: getattr(painted, field) for field in looks}
    return _at(fields.path_of("count"), partial(vocabulary.planned, name, **said, **with_look))


def _check_boxes(boxes: Sequence[Sequence[Any]], scene: Scene) -> None:
    """Raise ValueError for boxes that were edited: rules would place the things all the same."""
    for number, (said, own) in enumerate(zip(boxes, square_boxes(scene), strict=True)):
        if not said:
            continue
        path = f"objects[{number}].boxes"
        numbers = [[finite(value, path) for value in box] for box in said if isinstance(box, list)]
        is_same = len(numbers) == len(own) and all(
            len(box) == 4 and max(abs(a - b) for a, b in zip(box, mine, strict=True)) < _ALIKE
            for box, mine in zip(numbers, own, strict=True)
        )
        if not is_same:
            raise ValueError(
                f"{path} were edited, but the layout is {RULES!r}: rules place the things. "
                f"`dall-e plan FILE --boxes` makes a plan whose boxes can be edited"
            )


# Plans with boxes


def _placed(
    fields: Fields, prompt: str, seed: int, size: int, vocabulary: Vocabulary | None
) -> PlacedPlan:
    records = fields.objects("objects")
    if len(records) > MOST_OBJECTS:
        raise ValueError(f"objects: there are {len(records)}, at most {MOST_OBJECTS} are drawn")
    objects = tuple(_placed_object(each, len(records), prompt, vocabulary) for each in records)
    holders = {
        number: each.held_by for number, each in enumerate(objects) if each.held_by is not None
    }
    _check_no_circle(holders, "held_by")

    layers = renumbered(
        [read_layer(each, len(objects)) for each in fields.objects("layers")],
        holders,
        _per_owner(fields),
    )
    background, background_colour = _background(fields)
    if not background and not any(layer.kind == "thing" for layer in layers):
        raise ValueError("layers: there is no thing and no background, so nothing would be seen")
    placed = PlacedPlan(
        prompt=prompt,
        seed=seed,
        size=size,
        objects=objects,
        layers=layers,
        background=background,
        background_colour=background_colour,
        style=fields.text("style", "", _styles(vocabulary)),
        reader=partial(object_of, vocabulary=vocabulary),
    )
    fields.end()
    return placed


def _per_owner(fields: Fields) -> int | None:
    """By what a file numbers the things that somebody holds; None if it does not say it."""
    path, known = fields.path_of("held_per_owner"), (PER_OWNER, *OF_OLD_FILES)
    said: int | None = fields.whole("held_per_owner", PER_OWNER, None)
    if said is not None and said not in known:
        raise ValueError(f"{path} must be one of {', '.join(map(str, known))}, got {said}")
    return said


def _placed_object(
    fields: Fields, count: int, prompt: str, vocabulary: Vocabulary | None
) -> PlacedObject:
    name, name_zh = fields.text("name"), fields.text("name_zh", "")
    held_by = fields.whole("held_by", max(count - 1, 0), None)
    path = fields.path_of("name")
    drawing = _drawing(fields, None)
    if vocabulary is not None and drawing.prompt != prompt:
        _check_known(path, name, drawing, vocabulary)
    return PlacedObject(name=name, name_zh=name_zh, drawing=drawing, held_by=held_by)


def _check_known(path: str, name: str, drawing: PlannedObject, vocabulary: Vocabulary) -> None:
    """Raise ValueError for a thing that the model does not know; warn of unknown words for it."""
    unread = plan_prompt(drawing.prompt, vocabulary).unread
    if not unread:
        return
    if not vocabulary.knows(name):
        raise ValueError(_unknown(path, name))
    warnings.warn(
        f"{path.removesuffix('name')}prompt: the model does not know {', '.join(unread)}, so what "
        "it draws may look like nothing",
        DallEWarning,
        stacklevel=2,
    )


# Parts of both


def _drawing(fields: Fields, item: SceneObject | None) -> PlannedObject:
    """What is asked for, and what is done with it; `item` has read what is painted on it."""
    path = fields.path_of("prompt")
    prompt = fields.text("prompt")
    if not prompt.strip():
        raise ValueError(f"{path} is blank: say what is drawn")
    looks = item or _paint(fields)
    drawing = PlannedObject(
        prompt=prompt,
        paint=fields.text("paint", "", COLOURS),
        material=looks.material,
        pattern=looks.pattern,
        build=looks.build,
        condition=looks.condition,
        parts=looks.parts,
        mirrored=fields.flag("mirrored"),
        alternates=fields.flag("alternates") if item else False,
        seed=fields.whole("seed", _MOST_SEED, None),
    )
    fields.end()
    return drawing


def _paint(fields: Fields) -> PlannedObject:
    """What is on a thing, in a drawing that asks for nothing."""
    path = fields.path_of("parts")
    parts = []
    for number, entry in enumerate(fields.entries("parts", ())):
        is_pair = isinstance(entry, list | tuple) and len(entry) == 2
        if not is_pair or entry[0] not in PARTS or entry[1] not in COLOURS:
            raise ValueError(
                f"{path}[{number}] must be one of {', '.join(PARTS)} and a colour, got "
                f"{shown(entry)}"
            )
        parts.append((entry[0], entry[1]))
    return PlannedObject(
        prompt="",
        material=fields.text("material", "", tuple(MATERIALS)),
        pattern=fields.text("pattern", "", PATTERNS),
        build=fields.text("build", "", BUILDS),
        condition=fields.text("condition", "", CONDITIONS),
        parts=tuple(parts),
    )


def _background(fields: Fields) -> tuple[str, str]:
    """A place that can be painted, and the colour of a plain one."""
    background = fields.text("background", "")
    if background and background not in BACKGROUNDS:
        _at(fields.path_of("background"), partial(Setting.of, background))
    path = fields.path_of("background_colour")
    colour = fields.text("background_colour", "", COLOURS)
    if background == "plain" and not colour:
        raise ValueError(f"{path} is missing: a plain background has a colour")
    return background, colour


def _check_no_circle(holders: Mapping[int, int], path: str) -> None:
    """Raise ValueError for things that hold each other, or themselves."""
    for start in holders:
        seen, holder = {start}, holders.get(start)
        while holder is not None:
            if holder in seen:
                raise ValueError(f"{path}: objects[{start}] is held by itself, in a circle")
            seen.add(holder)
            holder = holders.get(holder)


def _at(path: str, make: Callable[[], Made]) -> Made:
    """What `make` returns; a ValueError of its names the field."""
    try:
        return make()
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _unknown(path: str, name: str) -> str:
    return f"{path}: the model does not know {shown(name)}; choose a thing that it knows"
