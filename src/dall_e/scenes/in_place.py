"""A scene in a place that shows some of its things itself.

What the place shows already is not drawn a second time, and what is said to be on it goes there: of
"a bedroom with a cat on the bed" the cat is left, on the bed of the bedroom. A floor, a wall and a
sky are no things.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from dall_e.images.place_parts import PlacePart, parts_of
from dall_e.images.places import Setting, scenery
from dall_e.scenes.graph import SETTINGS, SHAPES, Link, Scene, SceneObject

_FLOOR = re.compile(r"(?:^| )(?:floor|carpet|ground|tile)$")
_WALL = re.compile(r"(?:^| )(?:wall|brick wall|stone wall|bricks?|ceiling)$")
_SKY = re.compile(r"(?:^| )sky$")
_WATER = re.compile(r"(?:^| )(?:water|sea|ocean|water wave)$")
_ON_TABLES = re.compile(
    r"(?:^| )(?:(?:desk|table) lamp|vase|cups?|mug|glass|plate|bowl|bottle|books?|laptop|candle|"
    r"pot|saucepan|pan|teapot|kettle|jar|globe|microscope|phone|telephone|cake|microwave|toaster|"
    r"hot beverage|teacup|beaker|test tube|flask|typewriter|radio)\b"
)
_ON_FLOORS = re.compile(r"potted plant|flower pot|pet |dog bowl")
_MOST_ON_TABLE = 4
_ALIVE = ("animal", "person", "face", "activity")
_SEATED = (("sofa-sitting", "couch"), ("sofa-sharing", "couch"), ("bathing", "bathtub"))
"""Pictures of somebody in a piece of furniture, which cover that of the place."""
_BESIDE = ("next to", "left", "right")


def in_place(scene: Scene) -> Scene:
    """Return a scene without what its place shows, and with spots for what is on that."""
    place = SETTINGS.get(scene.background, scene.background)
    if not scene.objects or place in ("", "plain", "gradient"):
        return scene
    facts = scenery(Setting.of(place)).facts
    links = list(scene.all_links)
    seats = {
        action.thing: (action.subject, "on")
        for action in scene.actions
        if action.verb == "sitting on"
    }
    links += [Link(subject, relation, thing) for thing, (subject, relation) in seats.items()]
    spots: dict[int, str] = {}
    dropped: set[int] = set()
    items, parts = list(scene.objects), parts_of(facts.name)
    for index, item in enumerate(scene.objects):
        on_it = [link for link in links if link.second == index]
        is_said = any(link.first == index for link in links)
        own = next((name for said, name in _SEATED if item.name.startswith(f"{said} ")), "")
        if item.count == 1 and any(part.names[0] == own for part in parts):
            spots[index] = f"as:{own}"
        surface = _surface(item, indoors=facts.kind == "indoor", is_used=bool(on_it))
        part = _part(item, parts, is_used=bool(on_it))
        if surface:
            spots |= {link.first: surface for link in on_it}
            dropped.add(index)
        elif part and not is_said:
            spots |= dict(_onto(part, on_it))
            # How many desks there are that books are on, their place says.
            bare = replace(item, count=1) if on_it else item
            if bare.is_plain and len(scene.objects) > 1:
                dropped.add(index)
            elif item.count == 1 and part.is_called(item.name):
                spots[index] = f"as:{part.names[0]}"
            else:
                items[index] = _fewer(item, part, parts)
    owned = {action.thing for action in scene.actions} - seats.keys()
    spots = {index: spot for index, spot in spots.items() if index not in owned}
    scene = replace(scene, objects=tuple(items))
    if facts.kind == "indoor" and not links:
        spots |= _onto_tables(scene, parts, dropped | spots.keys() | owned)
    return _with_spots(scene, spots, dropped - owned, links) if spots or dropped else scene


def _surface(item: SceneObject, *, indoors: bool, is_used: bool) -> str:
    """The spot of what is on a floor, a wall, a water or in the sky; "" if a thing is no such."""
    if not indoors and is_used and _WATER.search(item.name):
        return "on:water"
    if indoors and _FLOOR.search(item.name):
        return "on:floor"
    if indoors and _WALL.search(item.name):
        return "on:wall"
    return "in:air" if not indoors and is_used and _SKY.search(item.name) else ""


def _part(item: SceneObject, parts: tuple[PlacePart, ...], *, is_used: bool) -> PlacePart | None:
    """The part of a place that a thing is; or, if something is on it, by another name."""
    names = (part for part in parts if part.is_called(item.name))
    others = (part for part in parts if is_used and part.is_called(item.name, used=True))
    return next(names, None) or next(others, None)


def _onto(part: PlacePart, on_it: list[Link]) -> Iterator[tuple[int, str]]:
    for link in on_it:
        if part.seat is not None or link.relation not in ("on", "inside"):
            yield link.first, f"{link.relation}:{part.names[0]}"


def _fewer(item: SceneObject, part: PlacePart, parts: Sequence[PlacePart]) -> SceneObject:
    """Several things without those of them that the place shows."""
    shown = sum(each.names == part.names for each in parts)
    is_more = item.count > shown and replace(item, count=1).is_plain
    return replace(item, count=item.count - shown) if is_more else item


def _onto_tables(
    scene: Scene, parts: Sequence[PlacePart], others: Collection[int]
) -> dict[int, str]:
    """What in a room is on a table, if there is one, where nothing else is said."""
    acting = {index for action in scene.actions for index in (action.subject, action.thing)}
    table = next((part for part in parts if {"table", "desk"} & {*part.names, *part.also}), None)
    spots: dict[int, str] = {}
    for index, item in enumerate(scene.objects):
        is_free = index not in others and index not in acting and not item.spot
        if table and table.seat and is_free and item.count <= _MOST_ON_TABLE and _is_laid(item):
            spots[index] = f"on:{table.names[0]}"
    return spots


def _is_laid(item: SceneObject) -> bool:
    """Whether a thing is one that lies or stands on tables."""
    if item.name in SHAPES or item.thing.kind in _ALIVE or _ON_FLOORS.search(item.name):
        return False
    return item.thing.kind == "food" or _ON_TABLES.search(item.name) is not None


def _with_spots(scene: Scene, spots: dict[int, str], dropped: set[int], links: list[Link]) -> Scene:
    """A scene without some of its things, and the others at their spots."""
    # Beside what is on a part is on it too.
    for link in links:
        if link.second in spots and link.relation in _BESIDE and link.second not in dropped:
            spots.setdefault(link.first, spots[link.second])
    objects = tuple(
        replace(item, spot=spots.get(index, item.spot)) for index, item in enumerate(scene.objects)
    )
    spotted = {index for index in spots if index not in dropped}
    kept_links = tuple(link for link in scene.links if link.first not in spotted)
    is_free = not dropped and not spotted
    changed = replace(
        scene,
        objects=objects,
        links=kept_links,
        relation=scene.relation if is_free else "",
        actions=tuple(action for action in scene.actions if action.thing not in dropped),
    )
    return changed.without(dropped)
