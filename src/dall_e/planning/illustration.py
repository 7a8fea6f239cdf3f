"""A picture as an illustration: every thing a group of SVG paths in its place.

It is what `planning/renderer.py` puts together of pixels, put together of vectors: crisp at any
size, and a program that edits SVG finds each thing under its name.

Shapes: S the side of the picture, H W rows and columns, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dall_e.images.backgrounds import background
from dall_e.images.colour import hex_of
from dall_e.images.compositing import Place
from dall_e.images.place_parts import is_mirrored
from dall_e.images.places import UNITS, PlaceFacts, Setting, scenery
from dall_e.images.svg import Group, VectorDrawing
from dall_e.planning.composites import composite_of, joined
from dall_e.planning.held_numbers import held_number
from dall_e.planning.layer_groups import SIDE, layer_groups
from dall_e.planning.layers import Box, Layer
from dall_e.planning.pair_sizes import pair_sized
from dall_e.planning.parts import Part
from dall_e.planning.renderer import CELLS, places_of
from dall_e.planning.sprites import Sprite, seen_box
from dall_e.scenes.graph import SETTINGS, Scene, links_among
from dall_e.scenes.singles import Stood
from dall_e.scenes.slots import canonical_places
from dall_e.scenes.standing import APART, ground_of, stood

_LONE = 0.94
"""Side of the only thing of a picture, as a fraction of the picture's."""


def lone_layers(drawing: VectorDrawing) -> list[Layer]:
    """Return the layer of a drawing of one thing that stays where it was drawn."""
    left, top, right, bottom = (value / drawing.side for value in seen_box(drawing))
    return [Layer(object=0, box=(left, top, right - left, bottom - top))]


def scene_layers(
    scene: Scene,
    drawings: Sequence[VectorDrawing],
    alternates: Sequence[bool] = (False,) * 3,
    seed: int | None = None,
) -> list[Layer]:
    """Return everything of a scene in its place, those at the back first.

    drawings: one for each object of the scene. alternates: as in `renderer.assemble`. seed: that of
    the background, which chooses from which side it is seen.
    """
    sprites = [Sprite(drawing) for drawing in drawings]
    facts = place_facts(scene.background)
    layers: list[Layer] = []
    done: Counter[int] = Counter()
    turned = seed is not None and is_mirrored(seed)
    for one, parts in _placed(scene, sprites, facts, turned):
        place = one.place
        copy = done[place.index]
        is_turned = alternates[place.index] and copy % 2 == 1
        done[place.index] += 1

        left = place.x - place.width / 2
        whole = (left, place.top, place.width, place.height)
        if one.contact == "shadow":
            layers.append(Layer(object=place.index, copy=copy, kind="shadow", box=whole))
        taken: Counter[int] = Counter()
        for part in parts:
            x = place.width - part.x - part.width if is_turned else part.x
            layers.append(
                Layer(
                    object=part.index,
                    copy=copy if part.index == place.index else _number(copy, taken, part),
                    kind=part.kind,
                    box=(left + x, place.top + part.y, part.width, part.height),
                    mirrored=is_turned != part.mirrored,
                    angle=-part.angle if is_turned else part.angle,
                    clip=part.clip,
                    colour=part.colour,
                    thickness=part.thickness,
                )
            )
        if one.contact == "ripple":
            layers.append(Layer(object=place.index, copy=copy, kind="ripple", box=whole))
    return layers


def _number(copy: int, taken: Counter[int], part: Part) -> int:
    """The number of a thing that somebody has: three strawberries in each of two cups are six.

    A cord belongs to the thing before it.
    """
    if part.kind != "thing":
        return held_number(copy, max(taken[part.index] - 1, 0))
    taken[part.index] += 1
    return held_number(copy, taken[part.index] - 1)


def lone_group(drawing: VectorDrawing, name: str) -> list[Group]:
    """Return a drawing of one thing where it was drawn."""
    return layer_groups(lone_layers(drawing), [drawing], [name])


def scene_groups(
    scene: Scene,
    drawings: Sequence[VectorDrawing],
    seed: int,
    alternates: Sequence[bool] = (False,) * 3,
) -> list[Group]:
    """Return everything of a scene as groups, with its background; the arguments are the same."""
    behind, before = background_groups(scene.background, scene.background_colour, seed)
    layers = scene_layers(scene, drawings, alternates, seed)
    names = [item.name for item in scene.objects]
    return [*behind, *layer_groups(layers, drawings, names), *before]


def place_facts(background: str) -> PlaceFacts | None:
    """What is known of a background; None if it is nothing, or one without ground and air."""
    if background in ("", "plain", "gradient"):
        return None
    return scenery(Setting.of(SETTINGS.get(background, background))).facts


def background_groups(background: str, colour: str, seed: int) -> tuple[list[Group], list[Group]]:
    """Return what is behind the things of a picture, and what is before them.

    background, colour: those of a scene. seed: chooses shades, and from which side it is seen.
    """
    if background in ("", "plain", "gradient"):
        return _flat_background(background, colour, seed) if background else [], []
    setting = Setting.of(SETTINGS.get(background, background))
    drawn = scenery(setting)

    # Every second seed sees it from the other side.
    scale = SIDE / UNITS
    is_turned = is_mirrored(seed)
    matrix = (-scale, 0, 0, scale, SIDE, 0) if is_turned else (scale, 0, 0, scale, 0, 0)
    words = str(setting).replace("+", ", ")
    behind = Group(name=words, paths=drawn.back, matrix=matrix, role="background")
    before = Group(name=setting.weather, paths=drawn.front, matrix=matrix, role="shadow")
    return [behind], [before] if drawn.front else []


def _flat_background(name: str, colour: str, seed: int) -> list[Group]:
    """One colour, or two that change into each other."""
    painter = random.Random(f"assembly/{seed}")
    canvas_SS3, _ = background(name, SIDE, painter, colour)
    first, last = (hex_of(canvas_SS3[row, 0]) for row in (0, -1))
    paths = (
        '<defs><linearGradient id="background" x2="0" y2="1">'
        f'<stop stop-color="{first}"/><stop offset="1" stop-color="{last}"/></linearGradient>'
        f'</defs><rect width="{SIDE}" height="{SIDE}" fill="url(#background)"/>'
    )
    return [Group(name=name, paths=paths, role="background")]


def _placed(
    scene: Scene, sprites: Sequence[Sprite], facts: PlaceFacts | None, mirrored: bool
) -> Iterator[tuple[Stood, list[Part]]]:
    """The place of everybody and everything, and the boxes in it from the place's corner.

    Who does something is one composite with the things of theirs.
    """
    scene = joined(scene, sprites)
    owned = {action.thing for action in scene.actions}
    if not owned:
        for one in _laid_out(scene, sprites, facts, mirrored):
            place = one.place
            whole = Part(index=place.index, x=0, y=0, width=place.width, height=place.height)
            yield one, [whole]
        return

    # A scene of those who act and of everything that belongs to nobody
    kept = [index for index in range(len(sprites)) if index not in owned]
    composites = [composite_of(scene, sprites, index) for index in kept]
    reduced = _without_owned(scene, kept)
    items, relation = reduced.objects, reduced.relation
    aspects = [width / height for _, width, height in composites]
    is_lone = len(items) == 1 and items[0].count == 1 and not (facts or items[0].size)
    if is_lone:
        everything = [Stood(place=_whole(aspects[0]))]
    elif facts and ground_of(facts) and relation in APART and not reduced.links:
        spreads = [
            max(width, height) / _longer_side(parts, index)
            for index, (parts, width, height) in zip(kept, composites, strict=True)
        ]
        everything = stood(reduced, aspects, facts, spreads, mirrored=mirrored)
    else:
        ground = ground_of(facts) if facts else None
        places = canonical_places(reduced, aspects, ground, CELLS)
        places = places if facts else pair_sized(reduced, places, aspects)
        everything = _touching(places, facts)
    for one in everything:
        place = one.place
        parts, width, height = composites[place.index]
        across, down = place.width / width, place.height / height
        fitted = [
            replace(
                part,
                x=part.x * across,
                y=part.y * down,
                width=part.width * across,
                height=part.height * down,
            )
            for part in parts
        ]
        yield replace(one, place=replace(place, index=kept[place.index])), fitted


def _without_owned(scene: Scene, kept: Sequence[int]) -> Scene:
    """A scene without the things that belong to somebody; of two, a link is their relation."""
    items = tuple(scene.objects[index] for index in kept)
    links = links_among(scene.links, kept)
    relation = scene.relation if len(kept) == len(scene.objects) else ""
    return replace(scene, objects=items, actions=(), relation=relation, links=links)


def _laid_out(
    scene: Scene, sprites: Sequence[Sprite], facts: PlaceFacts | None, mirrored: bool
) -> list[Stood]:
    """The place of every single thing of a scene in which nobody does anything."""
    ground = ground_of(facts) if facts else None
    if not sprites:
        return []
    if facts and ground and scene.relation in APART and not scene.links:
        aspects = [sprite.aspect for sprite in sprites]
        return stood(scene, aspects, facts, mirrored=mirrored)
    places = places_of(scene, [sprite.flat_HWC for sprite in sprites], ground)
    if facts is None:
        places = pair_sized(scene, places, [sprite.aspect for sprite in sprites])
    return _touching(places, facts)


def square_places(scene: Scene) -> list[Place]:
    """Return where everything of a scene goes if its drawings are as wide as they are high.

    What somebody holds, wears or rides goes with them, and has no place of its own.
    """
    owned = {action.thing for action in scene.actions}
    kept = [index for index in range(len(scene.objects)) if index not in owned]
    reduced = _without_owned(scene, kept)
    items, relation = reduced.objects, reduced.relation
    facts = place_facts(scene.background)
    ground = ground_of(facts) if facts else None
    if not items:
        return []
    if facts and ground and relation in APART and not reduced.links:
        places = [one.place for one in stood(reduced, [1.0] * len(items), facts)]
    else:
        places = canonical_places(reduced, [1.0] * len(items), ground, CELLS)
        places = places if facts else pair_sized(reduced, places, [1.0] * len(items))
    return [replace(place, index=kept[place.index]) for place in places]


def square_boxes(scene: Scene) -> list[list[Box]]:
    """Return the boxes of each object, for square drawings, to four digits."""
    # Whoever sleeps or plays is drawn so already, with all that belongs to it.
    items = tuple(replace(item, state="") for item in scene.objects)
    boxes: list[list[Box]] = [[] for _ in items]
    for place in square_places(replace(scene, objects=items)):
        left, top = place.x - place.width / 2, place.y - place.height / 2
        numbers = (left, top, place.width, place.height)
        left, top, width, height = (round(number, 4) for number in numbers)
        boxes[place.index].append((left, top, width, height))
    return boxes


def _touching(places: Sequence[Place], facts: PlaceFacts | None) -> list[Stood]:
    """Places that a canonical layout chose, with what is seen at their feet."""
    contact = "ripple" if facts and facts.is_water else "shadow"
    return [Stood(place=place, contact=contact if place.shadow else "") for place in places]


def _whole(aspect: float) -> Place:
    """The place of the only thing of a picture, of an aspect (width over height)."""
    height = _LONE / max(aspect, 1.0)
    return Place(index=0, x=0.5, y=0.5, width=height * aspect, height=height)


def _longer_side(parts: Sequence[Part], index: int) -> float:
    """The longer side of one of the parts."""
    return next(max(part.width, part.height) for part in parts if part.index == index)
