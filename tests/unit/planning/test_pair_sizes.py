"""Two things side by side are as large as their kinds, do not overlap, and stay in the picture."""

import pytest

from dall_e.images.compositing import Place
from dall_e.planning.pair_sizes import pair_sized
from dall_e.scenes.graph import Scene, SceneObject
from dall_e.scenes.slots import canonical_places


def placed(names: tuple[str, ...], aspects: tuple[float, ...], **said: str) -> list[Place]:
    """Places of things of the table, after slots and after their sizes."""
    size = said.pop("size", "")
    items = tuple(
        SceneObject(name=name, image=None, size=size if index else "")
        for index, name in enumerate(names)
    )
    scene = Scene(objects=items, **said)
    return pair_sized(scene, canonical_places(scene, aspects, None, 12), aspects)


@pytest.mark.parametrize("relation", ["", "left", "right", "next to"])
@pytest.mark.parametrize("aspects", [(1.0, 1.0), (0.3, 1.2), (4.0, 0.2)])
def test_the_larger_kind_is_larger_and_both_fit(
    relation: str, aspects: tuple[float, float]
) -> None:
    mouse, elephant = sorted(
        placed(("mouse", "elephant"), aspects, relation=relation), key=lambda place: place.index
    )
    assert max(mouse.width, mouse.height) < max(elephant.width, elephant.height)
    for place, aspect in zip((mouse, elephant), aspects, strict=True):
        assert place.width / place.height == pytest.approx(aspect)
        assert abs(place.x - 0.5) + place.width / 2 <= 0.5 + 1e-9
        assert place.top >= -1e-9 and place.bottom <= 1 + 1e-9
    apart = abs(mouse.x - elephant.x) - (mouse.width + elephant.width) / 2
    assert apart >= 0.04
    assert (mouse.x > elephant.x) == (relation == "right")
    assert mouse.bottom == pytest.approx(elephant.bottom)


def scene_of(*things: tuple[str, str], relation: str = "") -> Scene:
    items = tuple(SceneObject(name=name, image=None, size=size) for name, size in things)
    return Scene(objects=items, relation=relation)


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [
        (("mouse", "small"), ("elephant", "big"), 0.25),
        (("cat", "small"), ("cat", ""), 0.5),
        (("cat", ""), ("cat", "big"), 1 / 1.4),
        (("cat", "small"), ("cat", "small"), 1.0),
    ],
)
def test_words_for_sizes_are_seen(
    first: tuple[str, str], second: tuple[str, str], ratio: float
) -> None:
    scene = scene_of(first, second)
    slots = canonical_places(scene, (1.0, 1.0), None, 12)
    less, more = sorted(pair_sized(scene, slots, (1.0, 1.0)), key=lambda place: place.index)
    assert less.height / more.height == pytest.approx(ratio)
    assert more.width > 0.4


def test_one_small_thing_is_to_be_seen() -> None:
    scene = scene_of(("dog", "small"))
    (place,) = pair_sized(scene, canonical_places(scene, (2.0,), None, 12), (2.0,))
    assert place.width == pytest.approx(0.62)
    assert place.width / place.height == pytest.approx(2.0, rel=0.1)
    assert place.x == pytest.approx(0.5)


def test_other_relations_keep_their_slots() -> None:
    for relation in ("above", "on"):
        scene = scene_of(("cat", ""), ("dog", ""), relation=relation)
        slots = canonical_places(scene, (1.0, 1.0), None, 12)
        assert pair_sized(scene, slots, (1.0, 1.0)) == slots


def test_things_that_do_not_stand_are_side_by_side_in_the_middle() -> None:
    apple, ball = placed(("apple", "ball"), (1.0, 1.0))
    assert apple.y == ball.y == 0.5
