"""The record of a scene refuses what no scene can be, and knows its things."""

from typing import Any

import pytest

from dall_e.scenes.graph import MOST, RELATIONS, CutoutImage, Scene, SceneObject, Shape
from dall_e.scenes.vocabulary import is_head, things

CAT = SceneObject(name="cat", image=CutoutImage(0))


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"count": 0}, f"a scene shows 1 to {MOST} of a thing, got 0"),
        ({"count": MOST + 1}, f"got {MOST + 1}"),
        ({"colour": "mauve"}, "'mauve' is none of red"),
        ({"size": "wide"}, "'wide' is none of big, small"),
        ({"state": "singing"}, "'singing' is none of sleeping, playing"),
    ],
)
def test_objects_are_checked(said: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        SceneObject(name="cat", image=None, **said)


@pytest.mark.parametrize(
    ("objects", "said", "problem"),
    [
        ((), {}, "1 to 6 objects .*, got 0"),
        ((CAT,) * 13, {}, "1 to 6 objects .*, got 13"),
        ((CAT,), {"relation": "left"}, "relation 'left' of 1 objects"),
        ((CAT, CAT), {"relation": "near"}, "relation 'near' of 2 objects"),
        ((CAT,), {"background": "nowhere"}, "'nowhere' is none of airport"),
    ],
)
def test_scenes_are_checked(
    objects: tuple[SceneObject, ...], said: dict[str, str], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        Scene(objects=objects, **said)  # type: ignore[arg-type]


def test_objects_know_their_thing() -> None:
    assert CAT.thing is things()["cat"]
    with pytest.raises(KeyError):
        _ = SceneObject(name="circle", image=Shape()).thing
    assert len({Scene(objects=(CAT, CAT), relation=relation) for relation in RELATIONS}) == 10


def test_heads_are_faces_and_people() -> None:
    assert is_head(things()["cat face"]) and not is_head(things()["cat"])
