"""Places that show some things themselves: nothing twice, and what is on them there."""

from dataclasses import replace

import pytest

from dall_e.images.place_parts import is_mirrored, parts_of, room_of
from dall_e.images.places import Setting, places, scenery
from dall_e.scenes.graph import Link, Scene, SceneObject
from dall_e.scenes.in_place import in_place
from dall_e.scenes.spots import part_at
from dall_e.scenes.standing import Stood, stood


def thing(name: str, **said: object) -> SceneObject:
    return SceneObject(name=name, image=None, **said)  # type: ignore[arg-type]


def put(scene: Scene, *, mirrored: bool = False) -> list[Stood]:
    facts = scenery(Setting.of(scene.background)).facts
    return stood(scene, [1.0] * len(scene.objects), facts, mirrored=mirrored)


def names_and_spots(scene: Scene) -> list[tuple[str, int, str]]:
    return [(item.name, item.count, item.spot) for item in scene.objects]


def test_parts_are_in_places_and_inside_the_picture() -> None:
    for name in places():
        for part in parts_of(name):
            left, top, right, bottom = part.box
            assert -0.1 <= left < right <= 1.1 and -0.1 <= top < bottom <= 1.02, (name, part)
            assert part.seat is None or top - 0.01 <= part.seat <= bottom, (name, part)
    with_parts = {name for name in places() if parts_of(name) or room_of(name, "water")}
    assert len(with_parts) > 40
    # From the other side, left is right.
    here, there = parts_of("bedroom")[0].box, parts_of("bedroom", mirrored=True)[0].box
    assert here[0] == pytest.approx(1 - there[2]) and here[1] == there[1]
    assert {is_mirrored(seed) for seed in range(20)} == {True, False}


def test_what_is_on_a_part_is_on_the_one_of_the_place() -> None:
    scene = Scene(objects=(thing("cat"), thing("bed")), relation="on", background="bedroom")
    changed = in_place(scene)
    assert names_and_spots(changed) == [("cat", 1, "on:bed")] and not changed.relation
    for mirrored in (False, True):
        (cat,) = put(changed, mirrored=mirrored)
        bed = part_at("on:bed", "bedroom", mirrored=mirrored)
        assert bed is not None and bed.seat is not None
        assert bed.box[0] < cat.place.x < bed.box[2]
        assert cat.place.bottom == pytest.approx(bed.seat, abs=0.02)


def test_a_part_in_a_colour_covers_the_one_of_the_place() -> None:
    scene = Scene(objects=(thing("bed", colour="red"), thing("dog")), background="bedroom")
    changed = in_place(scene)
    assert names_and_spots(changed) == [("bed", 1, "as:bed"), ("dog", 1, "")]
    bed = next(one for one in put(changed) if one.place.index == 0)
    left, _, right, bottom = parts_of("bedroom")[0].box
    assert bed.place.width >= right - left and bed.place.bottom == pytest.approx(bottom)


def test_a_place_shows_its_own_things_once() -> None:
    scene = Scene(objects=(thing("bed"), thing("dog")), background="bedroom")
    assert names_and_spots(in_place(scene)) == [("dog", 1, "")]
    two = Scene(objects=(thing("bench", count=2), thing("dog")), background="park")
    assert names_and_spots(in_place(two)) == [("bench", 1, ""), ("dog", 1, "")]
    # The only thing that is asked for is drawn, and so is one that is said to be somewhere.
    alone = Scene(objects=(thing("tree"),), background="park")
    assert [item.name for item in in_place(alone).objects] == ["tree"]
    beside = replace(scene, relation="next to")
    assert [item.name for item in in_place(beside).objects] == ["bed", "dog"]


def test_floors_walls_and_skies_are_no_things() -> None:
    clock, wall = thing("box"), replace(thing("book"), name="stone wall")
    on_wall = in_place(Scene(objects=(clock, wall), relation="on", background="bedroom"))
    assert names_and_spots(on_wall) == [("box", 1, "on:wall")]
    (hung,) = put(on_wall)
    assert hung.place.bottom < 0.55 and not hung.contact
    # Outdoors a wall is one that is built.
    outside = Scene(objects=(clock, wall), relation="on", background="garden")
    assert in_place(outside) == outside
    links = (Link(0, "inside", 2), Link(1, "next to", 0))
    sky = replace(thing("book"), name="sky")
    flying = in_place(
        Scene(objects=(thing("dog"), thing("cat"), sky), links=links, background="park")
    )
    assert [item.spot for item in flying.objects] == ["in:air", "in:air"]
    assert all(one.place.bottom < 0.55 and not one.contact for one in put(flying))


def test_small_things_of_a_room_are_on_its_table() -> None:
    scene = Scene(objects=(thing("apple"), thing("dog")), background="kitchen")
    assert [item.spot for item in in_place(scene).objects] == ["on:counter", ""]
    assert in_place(replace(scene, background="forest")).objects[0].spot == ""


def test_several_things_are_spread_and_the_nearer_ones_are_larger() -> None:
    scene = Scene(objects=(thing("dog", count=3),), background="forest")
    dogs = sorted(put(scene), key=lambda one: one.place.bottom)
    assert len({round(one.place.bottom, 3) for one in dogs}) > 1
    assert dogs[0].place.width < dogs[-1].place.width
    xs = sorted(one.place.x for one in dogs)
    assert min(b - a for a, b in zip(xs, xs[1:], strict=False)) > 0.15


def test_things_stand_beside_the_furniture() -> None:
    (box,) = put(Scene(objects=(thing("box"),), background="living-room"))
    sofa = parts_of("living-room")[0].box
    left, right = box.place.x - box.place.width / 2, box.place.x + box.place.width / 2
    across = max(min(right, sofa[2]) - max(left, sofa[0]), 0.0)
    assert across * (sofa[3] - box.place.top) < 0.4 * (sofa[2] - sofa[0]) * (sofa[3] - sofa[1])


def test_what_swims_is_on_the_water_of_the_place() -> None:
    (room,) = room_of("lake", "water")
    for one in put(Scene(objects=(thing("swan", count=3),), background="lake")):
        assert room[0] - 1e-6 <= one.place.x <= room[2] and room[1] < one.place.bottom <= room[3]


@pytest.mark.parametrize("spot", ["couch", "over:couch", "on:", "on:couch!"])
def test_a_spot_has_a_relation_and_a_part(spot: str) -> None:
    with pytest.raises(ValueError, match="spot"):
        thing("cat", spot=spot)
