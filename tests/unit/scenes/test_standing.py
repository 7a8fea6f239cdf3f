"""Things in drawn places: on the ground, as large as their kind is, nothing over the edge."""

import pytest

from dall_e.images.places import UNITS, Setting, places, scenery
from dall_e.scenes.graph import Scene, SceneObject
from dall_e.scenes.sizes import real_size
from dall_e.scenes.standing import Stood, stood
from dall_e.scenes.vocabulary import things

GROUNDS = [name for name, facts in places().items() if facts.far is not None]


def stands(place: str, *names: str, count: int = 1, relation: str = "") -> list[Stood]:
    objects = tuple(SceneObject(name=name, image=None, count=count) for name in names)
    scene = Scene(objects=objects, background=place, relation=relation)
    return stood(scene, [1.0] * len(names), scenery(Setting.of(place)).facts)


def test_sizes_are_those_of_the_world() -> None:
    metres = [
        real_size(things()[name]).metres for name in ("ant", "mouse", "cat", "horse", "house")
    ]
    assert metres == sorted(metres) and len(set(metres)) == len(metres)
    assert real_size(things()["fish"]).where == "water"
    assert real_size(things()["airplane"]).where == "air"


def test_small_things_are_small_beside_large_ones() -> None:
    mouse, horse = sorted(stands("meadow", "mouse", "horse"), key=lambda one: one.place.index)
    assert 0.15 < mouse.place.height < 0.5 * horse.place.height
    # Alone, each is large enough to be seen, and the horse is larger still.
    (alone,), (other,) = stands("meadow", "mouse"), stands("meadow", "horse")
    assert 0.28 < alone.place.height < other.place.height < 0.75


def test_a_house_stands_behind() -> None:
    first, last = stands("garden", "dog", "house")
    assert (first.place.index, last.place.index) == (1, 0)
    assert first.place.bottom < last.place.bottom


@pytest.mark.parametrize("place", GROUNDS)
@pytest.mark.parametrize("count", [1, 3, 6])
def test_everything_is_inside_and_on_the_ground(place: str, count: int) -> None:
    facts = places()[place]
    assert facts.far is not None and facts.near is not None
    for one in stands(place, "dog", "box", count=count):
        box = one.place
        assert box.top >= 0 and box.bottom <= 1
        assert box.x - box.width / 2 >= -1e-9 and box.x + box.width / 2 <= 1 + 1e-9
        if one.contact == "shadow":
            assert facts.far / UNITS - 1e-9 <= box.bottom <= facts.near / UNITS + 1e-9


def test_what_flies_is_in_the_air_and_what_swims_in_the_water() -> None:
    ball, plane = sorted(stands("park", "airplane", "dog"), key=lambda one: one.place.bottom)
    assert (ball.place.index, ball.contact, plane.contact) == (0, "", "shadow")
    assert ball.place.bottom < 0.5
    duck, dog = stands("lake", "swan", "dog")
    assert (duck.contact, dog.contact) == ("ripple", "shadow")
    assert duck.place.bottom < dog.place.bottom
    (fish,) = stands("underwater", "fish")
    assert fish.contact == "" and fish.place.bottom < 28 / UNITS
    (ship,) = stands("sea", "ship")
    assert ship.contact == "ripple"


def test_sides_are_as_said() -> None:
    for relation in ("left", "right"):
        cat, dog = sorted(
            stands("park", "cat", "dog", relation=relation), key=lambda one: one.place.index
        )
        assert (cat.place.x < dog.place.x) == (relation == "left")
