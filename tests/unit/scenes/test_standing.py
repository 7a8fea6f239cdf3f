"""Things in drawn places: on the ground, as large as their kind is, nothing over the edge."""

import pytest

from dall_e.images.place_parts import room_of
from dall_e.images.places import UNITS, Setting, places, scenery
from dall_e.scenes.graph import IN_A_ROW, MOST, Scene, SceneObject
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


def hidden(one: Stood, other: Stood) -> float:
    """The fraction of one box that another covers."""
    first, second = one.place, other.place
    right = min(first.x + first.width / 2, second.x + second.width / 2)
    width = right - max(first.x - first.width / 2, second.x - second.width / 2)
    height = min(first.bottom, second.bottom) - max(first.top, second.top)
    return max(width, 0) * max(height, 0) / (first.width * first.height)


@pytest.mark.parametrize("place", ["table", "meadow", "living-room", "city-street", "snow-field"])
@pytest.mark.parametrize("count", [7, 9, MOST])
def test_of_many_equal_things_each_is_seen_and_as_large_as_the_others(
    place: str, count: int
) -> None:
    placed = stands(place, "box", count=count)
    assert len(placed) == count
    assert len({round(one.place.height, 9) for one in placed}) == 1
    for at, one in enumerate(placed):
        assert sum(hidden(one, later) for later in placed[at + 1 :]) < 0.4


def in_a_row(place: str, name: str, count: int) -> list[Stood]:
    objects = (SceneObject(name=name, image=None, count=count, spot=IN_A_ROW),)
    facts = scenery(Setting.of(place)).facts
    return stood(Scene(objects=objects, background=place), [0.8], facts)


@pytest.mark.parametrize("place", GROUNDS[::9])
@pytest.mark.parametrize("name", ["tree", "dog", "airplane", "swan", "bus"])
@pytest.mark.parametrize("count", [2, 5, MOST])
def test_a_row_has_one_line_one_size_and_nothing_over_another(
    place: str, name: str, count: int
) -> None:
    placed = [one.place for one in in_a_row(place, name, count)]
    assert len(placed) == count
    assert len({(one.y, one.width, one.height) for one in placed}) == 1
    step = placed[1].x - placed[0].x
    apart = [later.x - one.x for one, later in zip(placed, placed[1:], strict=False)]
    assert apart == pytest.approx([step] * (count - 1))
    assert placed[0].width <= step + 1e-9
    assert placed[0].x - placed[0].width / 2 >= 0 and placed[-1].x + placed[-1].width / 2 <= 1


def test_a_row_is_where_it_belongs() -> None:
    facts = places()["road"]
    assert facts.far is not None and facts.near is not None
    tree, bus, dog = (in_a_row("road", name, 5)[0] for name in ("tree", "bus", "dog"))
    assert tree.place.bottom == pytest.approx(facts.far / UNITS)
    assert bus.place.bottom == dog.place.bottom > tree.place.bottom
    assert (tree.contact, bus.contact) == ("shadow", "shadow")
    left, top, right, bottom = room_of("pond", "water")[0]
    swans = in_a_row("pond", "swan", 5)
    assert {one.contact for one in swans} == {"ripple"}
    assert left <= swans[0].place.x - swans[0].place.width / 2
    assert swans[-1].place.x + swans[-1].place.width / 2 <= right
    assert top < swans[0].place.bottom < bottom


def test_sides_are_as_said() -> None:
    for relation in ("left", "right"):
        cat, dog = sorted(
            stands("park", "cat", "dog", relation=relation), key=lambda one: one.place.index
        )
        assert (cat.place.x < dog.place.x) == (relation == "left")
