"""Of every object of a relation as many are placed as the scene says, and can be counted."""

import itertools
from collections import Counter

import pytest

from dall_e.images.strokes import Ground
from dall_e.scenes.graph import MOST, MOST_COMPOSED, Scene, SceneObject
from dall_e.scenes.relations import TOUCHING
from dall_e.scenes.slots import canonical_places

GROUND = Ground(sky=0.4, far=0.7, near=0.9)
COUNTS = [(1, 1), (2, 1), (1, 2), (3, 1), (2, 2), (2, 3), (5, 1), (MOST, MOST), (1, MOST)]


def places_of(relation: str, counts: tuple[int, int], ground: Ground | None, aspects=(1.3, 0.8)):
    things = [
        SceneObject(name=name, image=None, count=count)
        for name, count in zip(("cat", "house"), counts, strict=True)
    ]
    scene = Scene(objects=tuple(things), relation=relation, background="grass" if ground else "")
    return canonical_places(scene, aspects, ground, 12)


@pytest.mark.parametrize("ground", [None, GROUND], ids=["floating", "on ground"])
@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("relation", sorted(TOUCHING | {"left", "above", "next to"}))
def test_fault_use_22_so_many_are_placed(
    relation: str, counts: tuple[int, int], ground: Ground | None
) -> None:
    places = places_of(relation, counts, ground)
    assert Counter(place.index for place in places) == dict(enumerate(counts))
    least = 0.03 if max(counts) <= MOST_COMPOSED else 0.015
    for place in places:
        assert place.width > least and place.height > least
        assert -0.05 < place.x - place.width / 2 and place.x + place.width / 2 < 1.05
        assert -0.05 < place.top and place.bottom < 1.05

    # Equal things never hide each other.
    for one, other in itertools.combinations(places, 2):
        if one.index == other.index:
            apart_x = abs(one.x - other.x) >= (one.width + other.width) / 2 - 1e-6
            apart_y = abs(one.y - other.y) >= (one.height + other.height) / 2 - 1e-6
            assert apart_x or apart_y


@pytest.mark.parametrize("counts", [(1, 3), (3, 1), (2, 2), (1, 6)])
@pytest.mark.parametrize("relation", ["in front", "behind", "inside"])
def test_fault_use_22_of_each_enough_is_seen(relation: str, counts: tuple[int, int]) -> None:
    """No thing is hidden by more than two thirds by those that are drawn later."""
    places = places_of(relation, counts, None)
    for number, place in enumerate(places):
        later = [other for other in places[number + 1 :] if other.index != place.index]
        tops = [
            other.top for other in later if abs(other.x - place.x) < (other.width + place.width) / 2
        ]
        seen = min([place.bottom, *tops]) - place.top
        assert seen > place.height / 3


def test_one_stands_on_each_of_as_many() -> None:
    places = places_of("on", (3, 3), None)
    for lower, upper in zip(places[::2], places[1::2], strict=True):
        assert (lower.index, upper.index) == (1, 0)
        assert abs(lower.x - upper.x) < 0.1 and upper.bottom <= lower.top + 0.1
