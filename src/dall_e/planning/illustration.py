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
from dall_e.images.compositing import Place
from dall_e.images.places import UNITS, PlaceFacts, Setting, scenery
from dall_e.images.svg import Group, VectorDrawing
from dall_e.planning.anchors import Anchors, anchors_of
from dall_e.planning.attachments import Attached, Part, composite
from dall_e.planning.layers import Box, Layer, fitted, placing_matrix
from dall_e.planning.pair_sizes import pair_sized
from dall_e.planning.renderer import CELLS, is_light, places_of
from dall_e.scenes.cutouts import solid_box
from dall_e.scenes.graph import MOST, Link, Scene
from dall_e.scenes.slots import canonical_places
from dall_e.scenes.standing import APART, Stood, ground_of, stood

SIDE = 384
"""Side of the square in which an illustration lies."""
_LONE = 0.94
"""Side of the only thing of a picture, as a fraction of the picture's."""
_SETTINGS = {
    "grass": "meadow", "night": "hills+night", "snow": "snow-field", "room": "living-room",
}  # fmt: skip
"""Backgrounds on which models are trained, as settings where they have other names."""
_EDGE = "#8f9199"
"""Colour of the edge around things that would be lost on white."""

PixelBox = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""


def lone_layers(drawing: VectorDrawing) -> list[Layer]:
    """Return the layer of a drawing of one thing that stays where it was drawn."""
    left, top, right, bottom = (value / drawing.side for value in seen_box(drawing))
    return [Layer(object=0, box=(left, top, right - left, bottom - top))]


def scene_layers(
    scene: Scene, drawings: Sequence[VectorDrawing], alternates: Sequence[bool] = (False,) * 3
) -> list[Layer]:
    """Return everything of a scene in its place, those at the back first.

    drawings: one for each object of the scene. alternates: as in `renderer.assemble`.
    """
    sprites = [_Sprite(drawing) for drawing in drawings]
    facts = place_facts(scene.background)
    layers: list[Layer] = []
    done: Counter[int] = Counter()
    for one, parts in _placed(scene, sprites, facts):
        place = one.place
        copy = done[place.index]
        is_mirrored = alternates[place.index] and copy % 2 == 1
        done[place.index] += 1

        left = place.x - place.width / 2
        whole = (left, place.top, place.width, place.height)
        if one.contact == "shadow":
            layers.append(Layer(object=place.index, copy=copy, kind="shadow", box=whole))
        taken: Counter[int] = Counter()
        for part in parts:
            x = place.width - part.x - part.width if is_mirrored else part.x
            layers.append(
                Layer(
                    object=part.index,
                    copy=copy if part.index == place.index else _number(copy, taken, part.index),
                    box=(left + x, place.top + part.y, part.width, part.height),
                    mirrored=is_mirrored != part.mirrored,
                )
            )
        if one.contact == "ripple":
            layers.append(Layer(object=place.index, copy=copy, kind="ripple", box=whole))
    return layers


def _number(copy: int, taken: Counter[int], index: int) -> int:
    """The number of a thing that somebody has: three strawberries in each of two cups are six."""
    number = copy * MOST + taken[index]
    taken[index] += 1
    return number


def layer_groups(
    layers: Sequence[Layer], drawings: Sequence[VectorDrawing], names: Sequence[str]
) -> list[Group]:
    """Return a group for each layer, behind it an edge if it would be lost on white.

    drawings, names: one for each object. Layers that fit into their room are put there first.
    """
    boxes = [seen_box(drawing) for drawing in drawings]
    aspects = [(right - left) / (bottom - top) for left, top, right, bottom in boxes]
    groups: list[Group] = []
    for layer in fitted(layers, aspects):
        if layer.kind != "thing":
            groups.append(_shadow(layer) if layer.kind == "shadow" else _ripple(layer))
            continue
        drawing = drawings[layer.object]
        matrix = placing_matrix(boxes[layer.object], layer, SIDE, is_mirrored=layer.mirrored)
        group = Group(name=names[layer.object], paths=drawing.paths, matrix=matrix)
        groups += _edged(drawing, group)
    return groups


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
    layers = scene_layers(scene, drawings, alternates)
    names = [item.name for item in scene.objects]
    return [*behind, *layer_groups(layers, drawings, names), *before]


def place_facts(background: str) -> PlaceFacts | None:
    """What is known of a background; None if it is nothing, or one without ground and air."""
    if background in ("", "plain", "gradient"):
        return None
    return scenery(Setting.of(_SETTINGS.get(background, background))).facts


def background_groups(background: str, colour: str, seed: int) -> tuple[list[Group], list[Group]]:
    """Return what is behind the things of a picture, and what is before them.

    background, colour: those of a scene. seed: chooses shades, and from which side it is seen.
    """
    if background in ("", "plain", "gradient"):
        return _flat_background(background, colour, seed) if background else [], []
    setting = Setting.of(_SETTINGS.get(background, background))
    drawn = scenery(setting)

    # Every second seed sees it from the other side.
    scale = SIDE / UNITS
    is_mirrored = random.Random(f"place/{seed}").random() < 0.5
    matrix = (-scale, 0, 0, scale, SIDE, 0) if is_mirrored else (scale, 0, 0, scale, 0, 0)
    words = str(setting).replace("+", ", ")
    behind = Group(name=words, paths=drawn.back, matrix=matrix, role="background")
    before = Group(name=setting.weather, paths=drawn.front, matrix=matrix, role="shadow")
    return [behind], [before] if drawn.front else []


def _flat_background(name: str, colour: str, seed: int) -> list[Group]:
    """One colour, or two that change into each other."""
    painter = random.Random(f"assembly/{seed}")
    canvas_SS3, _ = background(name, SIDE, painter, colour)
    first, last = ("#{:02x}{:02x}{:02x}".format(*canvas_SS3[row, 0]) for row in (0, -1))
    paths = (
        '<defs><linearGradient id="background" x2="0" y2="1">'
        f'<stop stop-color="{first}"/><stop offset="1" stop-color="{last}"/></linearGradient>'
        f'</defs><rect width="{SIDE}" height="{SIDE}" fill="url(#background)"/>'
    )
    return [Group(name=name, paths=paths, role="background")]


class _Sprite:
    """A drawing, and what is seen of it."""

    def __init__(self, drawing: VectorDrawing) -> None:
        self.drawing = drawing
        self.box = seen_box(drawing)
        left, top, right, bottom = self.box
        self.flat_HWC = drawing.flat_SSC[top:bottom, left:right]
        self.aspect = (right - left) / (bottom - top)

    def anchors(self) -> Anchors:
        """Where things go on it."""
        left, top, right, bottom = self.box
        labels_HW = self.drawing.areas.labels_HW[top:bottom, left:right]
        return anchors_of(labels_HW, self.drawing.areas.palette_K3)


def _placed(
    scene: Scene, sprites: Sequence[_Sprite], facts: PlaceFacts | None
) -> Iterator[tuple[Stood, list[Part]]]:
    """The place of everybody and everything, and the boxes in it from the place's corner.

    Who does something is one composite with the things of theirs.
    """
    owned = {action.thing for action in scene.actions}
    if not owned:
        for one in _laid_out(scene, sprites, facts):
            place = one.place
            whole = Part(index=place.index, x=0, y=0, width=place.width, height=place.height)
            yield one, [whole]
        return

    # A scene of those who act and of everything that belongs to nobody
    kept = [index for index in range(len(sprites)) if index not in owned]
    composites = [_composite(scene, sprites, index) for index in kept]
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
        everything = stood(reduced, aspects, facts, spreads)
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
    links = tuple(
        Link(kept.index(first), relation, kept.index(second))
        for first, relation, second in scene.links
        if first in kept and second in kept
    )
    relation = scene.relation if len(kept) == len(scene.objects) else ""
    return replace(scene, objects=items, actions=(), relation=relation, links=links)


def _laid_out(scene: Scene, sprites: Sequence[_Sprite], facts: PlaceFacts | None) -> list[Stood]:
    """The place of every single thing of a scene in which nobody does anything."""
    ground = ground_of(facts) if facts else None
    if not sprites:
        return []
    if facts and ground and scene.relation in APART and not scene.links:
        return stood(scene, [sprite.aspect for sprite in sprites], facts)
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


def _composite(
    scene: Scene, sprites: Sequence[_Sprite], subject: int
) -> tuple[list[Part], float, float]:
    """The boxes of somebody and their things from the corner of them all, and its size."""
    things = [
        Attached(
            index=action.thing,
            verb=action.verb,
            name=scene.objects[action.thing].name,
            aspect=sprites[action.thing].aspect,
            seat=sprites[action.thing].anchors().seat,
            count=scene.objects[action.thing].count,
            owner=scene.objects[subject].name,
        )
        for action in scene.actions
        if action.subject == subject
    ]
    own = sprites[subject]
    parts = composite(subject, own.aspect, own.anchors(), things)
    left, top = min(part.x for part in parts), min(part.y for part in parts)
    width = max(part.x + part.width for part in parts) - left
    height = max(part.y + part.height for part in parts) - top
    return [replace(part, x=part.x - left, y=part.y - top) for part in parts], width, height


def seen_box(drawing: VectorDrawing) -> PixelBox:
    """Return what is seen of a drawing: all of one that is opaque at its corners, or empty."""
    side = drawing.side
    alpha_SS = drawing.flat_SSC[..., 3]
    if alpha_SS[[0, 0, -1, -1], [0, -1, 0, -1]].all():
        return (0, 0, side, side)
    return solid_box(alpha_SS) or (0, 0, side, side)


def _edged(drawing: VectorDrawing, group: Group) -> list[Group]:
    """A group, behind it a thin edge if the drawing is so light that it would be lost on white."""
    if not is_light(drawing.flat_SSC):
        return [group]
    scale = max(abs(group.matrix[0]), abs(group.matrix[3]), 1e-6)
    edge = (
        f'<g stroke="{_EDGE}" stroke-width="{3 / scale:.2f}" stroke-linejoin="round">\n'
        f"{group.paths}\n</g>"
    )
    name = f"edge of {group.name}"
    return [Group(name=name, paths=edge, matrix=group.matrix, role="edge"), group]


def _shadow(layer: Layer) -> Group:
    """A flat ellipse where a thing touches the ground, darker in its middle."""
    x, y = layer.foot[0] * SIDE, (layer.foot[1] - 0.01) * SIDE
    width = layer.box[2] * SIDE
    rings = [
        f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{width * 0.45 * part:.1f}" '
        f'ry="{width * 0.1 * part:.1f}" fill="#000" fill-opacity="0.09"/>'
        for part in (1.0, 0.8, 0.6)
    ]
    return Group(name="shadow", paths="\n".join(rings), role="shadow")


def _ripple(layer: Layer) -> Group:
    """Waves around a thing that lies in water, over its lower edge."""
    x, y, width = layer.foot[0] * SIDE, layer.foot[1] * SIDE, layer.box[2] * SIDE
    rings = [
        f'<ellipse cx="{x + shift * width:.1f}" cy="{y - 0.008 * SIDE + down:.1f}" '
        f'rx="{width * across:.1f}" ry="{max(width * across * 0.09, 2):.1f}" fill="{colour}"/>'
        for shift, down, across, colour in (
            (0.0, 1.0, 0.5, "#5DADEC"),
            (-0.12, 0.0, 0.26, "#BBDDF5"),
            (0.2, 3.0, 0.18, "#BBDDF5"),
        )
    ]
    return Group(name="ripple", paths="\n".join(rings), role="shadow")
