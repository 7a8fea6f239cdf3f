"""Slots of canonical scenes: on whole cells, equal, apart, and where the scene's words say."""

import itertools

import pytest

from dall_e.images.compositing import Place
from dall_e.images.strokes import Ground
from dall_e.scenes.graph import IN_A_ROW, MOST, CutoutImage, Scene, SceneObject
from dall_e.scenes.slots import canonical_layout, has_slots

GROUND = Ground(far=0.7, near=0.95, sky=0.5)
SHALLOW = Ground(far=0.8, near=0.85)


def thing(name: str, count: int = 1, size: str = "") -> SceneObject:
    return SceneObject(name=name, image=CutoutImage(0), count=count, size=size)


def overlap(one: Place, other: Place) -> bool:
    across = abs(one.x - other.x) < (one.width + other.width) / 2 - 1e-9
    return across and abs(one.y - other.y) < (one.height + other.height) / 2 - 1e-9


def scenes() -> list[Scene]:
    one = [
        Scene(objects=(thing("car", count, size),))
        for count in range(1, MOST + 1)
        for size in ("", "big", "small")
    ]
    pairs = itertools.product(
        ("", "left", "right", "next to", "above", "below"), range(1, 4), range(1, 4)
    )
    two = [
        Scene(objects=(thing("car", a), thing("airplane", b)), relation=relation)
        for relation, a, b in pairs
    ]
    return [*one, *two, Scene(objects=(thing("car"), thing("dog"), thing("airplane")))]


@pytest.mark.parametrize("ground", [None, GROUND, SHALLOW])
@pytest.mark.parametrize("cells", [8, 12, 16])
def test_everything_is_there_within_the_picture_and_apart(
    ground: Ground | None, cells: int
) -> None:
    for scene in scenes():
        aspects = [1.4, 0.7, 1.0][: len(scene.objects)]
        places = canonical_layout(scene, aspects, ground, cells)
        counted = [
            sum(place.index == index for place in places) for index in range(len(scene.objects))
        ]
        assert counted == [item.count for item in scene.objects]
        for place in places:
            assert place.width / place.height == pytest.approx(aspects[place.index])
            assert place.x - place.width / 2 > -1e-9 and place.x + place.width / 2 < 1 + 1e-9
            assert place.top > -1e-9 and place.bottom < 1 + 1e-9
        assert not any(overlap(one, other) for one, other in itertools.combinations(places, 2)), (
            scene
        )


def test_a_thing_has_the_same_codes_in_a_pair_as_among_two_three_and_four_of_its_kind() -> None:
    """Its box is as large, and lies in the same way on the cells."""
    lying = set()
    for scene in (
        *(Scene(objects=(thing("car", count),)) for count in (2, 3, 4)),
        *(
            Scene(objects=(thing("car"), thing("dog")), relation=relation)
            for relation in ("", "left", "right", "above", "below")
        ),
        Scene(objects=(thing("car"), thing("dog"), thing("bus"))),
    ):
        for place in canonical_layout(scene, [1.2, 1.0, 1.0][: len(scene.objects)], None, 12):
            if place.index == 0:
                left, top = (place.x - place.width / 2) * 12, place.top * 12
                lying.add((round(place.width, 6), round(left % 1, 6), round(top % 1, 6)))
    assert len(lying) == 1


@pytest.mark.parametrize(
    ("relation", "across", "down"),
    [("left", -1, 0), ("right", 1, 0), ("above", 0, -1), ("below", 0, 1)],
)
def test_the_first_is_where_the_relation_says(relation: str, across: int, down: int) -> None:
    pair = (thing("car"), thing("dog"))
    for ground in (None, GROUND) if across else (None,):
        places = canonical_layout(Scene(objects=pair, relation=relation), [1.0, 1.0], ground, 12)
        first, second = sorted(places, key=lambda place: place.index)
        assert (first.x - second.x, first.y - second.y) == pytest.approx((across * 0.5, down * 0.5))


def test_what_flies_is_in_the_sky_and_the_rest_on_the_ground() -> None:
    scene = Scene(objects=(thing("airplane", 2), thing("car")))
    places = canonical_layout(scene, [1.0, 1.0], GROUND, 12)
    assert all(
        place.bottom <= GROUND.sky and not place.shadow for place in places if place.index == 0
    )
    standing = next(place for place in places if place.index == 1)
    assert standing.shadow and GROUND.far < standing.bottom <= 1


def test_what_acts_or_touches_has_no_slot() -> None:
    acting = Scene(objects=(SceneObject(name="cat", image=CutoutImage(0), state="sleeping"),))
    touching = Scene(objects=(thing("cat"), thing("box")), relation="on")
    for scene in (acting, touching):
        assert not has_slots(scene)
        with pytest.raises(ValueError, match="have no slots"):
            canonical_layout(scene, [1.0, 1.0], None, 12)


@pytest.mark.parametrize("count", range(2, MOST + 1))
def test_things_in_a_row_stand_side_by_side(count: int) -> None:
    ducks = SceneObject(name="duck", image=CutoutImage(0), count=count, spot=IN_A_ROW)
    places = canonical_layout(Scene(objects=(ducks,)), [1.4], None, 12)
    assert len(places) == count and len({place.y for place in places}) == 1
    assert all(0 <= place.x - place.width / 2 < place.x + place.width / 2 <= 1 for place in places)
    for one, other in itertools.pairwise(places):
        assert one.x + one.width / 2 <= other.x - other.width / 2
