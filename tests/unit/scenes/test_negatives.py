"""What is changed in a record, so that its caption is wrong by one thing."""

import random

import pytest

from dall_e.scenes.graph import CutoutImage, Scene, SceneObject
from dall_e.scenes.negatives import nearly_right


def thing(name: str = "cat", **more: object) -> SceneObject:
    return SceneObject(name=name, image=CutoutImage(0), **more)  # type: ignore[arg-type]


def changed(scene: Scene) -> list[Scene]:
    found = [nearly_right(scene, random.Random(seed)) for seed in range(40)]
    assert all(other is None or other != scene for other in found)
    return [other for other in found if other is not None]


def test_one_thing_changes_colour_or_count() -> None:
    for other in changed(Scene(objects=(thing(colour="white", count=2),))):
        (item,) = other.objects
        assert (item.colour == "white") != (item.count == 2)
        # A cat that is not white is still of a colour that cats have.
        assert item.colour in ("white", "black", "brown", "grey", "orange") and 1 <= item.count <= 6


def test_two_colours_are_swapped() -> None:
    found = changed(Scene(objects=(thing("car", colour="red"), thing("house", colour="blue"))))
    pairs = {tuple(item.colour for item in other.objects) for other in found}
    assert ("blue", "red") in pairs and ("red", "blue") in pairs  # the latter with another count
    # Never the colour of the other thing alone: then both would be of it.
    assert ("red", "red") not in pairs and ("blue", "blue") not in pairs


@pytest.mark.parametrize(
    ("relation", "opposite"), [("left", "right"), ("below", "above"), ("behind", "in front")]
)
def test_places_are_reversed(relation: str, opposite: str) -> None:
    scene = Scene(objects=(thing(), thing("car")), relation=relation)
    assert {other.relation for other in changed(scene)} == {opposite}


def test_nothing_to_change() -> None:
    assert changed(Scene(objects=(thing(), thing("box")), relation="inside")) == []
    assert changed(Scene(objects=(thing(), thing("car")), relation="next to")) == []
    assert changed(Scene(objects=(thing(state="sleeping"),), background="grass")) == []
