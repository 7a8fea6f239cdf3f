"""Things that stand to each other one after the other, laid out as one."""

import pytest

from dall_e.images.compositing import Place
from dall_e.images.strokes import Ground
from dall_e.scenes.chains import linked_places
from dall_e.scenes.graph import Link, Scene, SceneObject

GROUND = Ground(far=0.7, near=0.9, sky=0.5)


def scene(*names: str, links: tuple[Link, ...], count: int = 1) -> Scene:
    items = [SceneObject(name=name, image=None) for name in names]
    items[0] = SceneObject(name=names[0], image=None, count=count)
    return Scene(objects=tuple(items), links=links)


def by_index(places: list[Place]) -> dict[int, Place]:
    return {place.index: place for place in places}


def test_a_tower_stands_on_its_lowest() -> None:
    links = (Link(0, "on", 1), Link(1, "on", 2))
    mouse, cat, dog = (
        by_index(linked_places(scene("mouse", "cat", "dog", links=links), [1.0] * 3, None))[index]
        for index in range(3)
    )
    assert mouse.y < cat.y < dog.y
    assert mouse.bottom == pytest.approx(cat.top, abs=0.05)
    assert mouse.width < cat.width < dog.width


@pytest.mark.parametrize("ground", [None, GROUND])
def test_between_two_all_stand_on_one_row_within_the_picture(ground: Ground | None) -> None:
    links = (Link(1, "left", 0), Link(2, "right", 0))
    places = by_index(linked_places(scene("cat", "dog", "cow", links=links), [1.2] * 3, ground))
    assert places[1].x < places[0].x < places[2].x
    feet = {round(place.bottom, 6) for place in places.values()}
    assert len(feet) == 1
    assert all(place.x - place.width / 2 >= 0 for place in places.values())
    assert all(place.x + place.width / 2 <= 1 for place in places.values())
    if ground:
        assert GROUND.far <= feet.pop() <= GROUND.near


def test_two_on_one_stand_side_by_side() -> None:
    links = (Link(0, "on", 2), Link(1, "on", 2))
    places = by_index(linked_places(scene("cat", "dog", "bed", links=links), [1.0, 1.0, 2.0], None))
    assert places[0].x + places[0].width / 2 <= places[1].x - places[1].width / 2 + 1e-6


def test_what_is_behind_comes_first_and_several_keep_their_number() -> None:
    links = (Link(0, "behind", 1), Link(2, "in front", 1))
    placed = linked_places(scene("bird", "tree", "cat", links=links, count=3), [1.0] * 3, None)
    assert [place.index for place in placed] == [0, 0, 0, 1, 2]


def test_under_a_tree_is_at_its_foot() -> None:
    links = (Link(0, "under", 1), Link(2, "next to", 1))
    names = ("dog", "tree", "chair")
    places = by_index(linked_places(scene(*names, links=links), [1.0] * 3, None))
    assert places[1].top < places[0].top and places[0].width < places[1].width
    assert abs(places[0].x - places[1].x) < 0.01


@pytest.mark.parametrize(
    "links",
    [
        (Link(0, "on", 0),),
        (Link(0, "on", 3),),
        (Link(0, "eats", 1),),
        (Link(0, "on", 1), Link(0, "on", 2)),
        (Link(0, "on", 1), Link(1, "on", 0)),
        (Link(0, "on", 1), Link(1, "on", 2), Link(2, "on", 1)),
    ],
)
def test_links_that_cannot_be_are_refused(links: tuple[Link, ...]) -> None:
    with pytest.raises(ValueError, match="of 3 objects"):
        scene("cat", "dog", "cow", links=links)
