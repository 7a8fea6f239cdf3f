"""A bird that a text puts into a cage is in an empty cage, which hangs where it is said to."""

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.vocabulary_rows import KnownName
from dall_e.scenes.graph import Scene


@pytest.fixture(scope="module")
def known() -> Vocabulary:
    """A model that knows cages with a bird in it and without, birds and a branch."""
    rows = [
        KnownName("birdcage", "鸟笼", "object"),
        KnownName("empty birdcage", "空鸟笼", "object"),
        KnownName("bird", "小鸟", "animal"),
        KnownName("parrot", "鹦鹉", "animal"),
        KnownName("branch", "树枝", "plant"),
    ]
    return Vocabulary(rows)


def _told(scene: Scene) -> list[str]:
    names = [item.name for item in scene.objects]
    return [f"{names[doer]} {verb} {names[thing]}" for doer, verb, thing in scene.actions]


@pytest.mark.parametrize(
    "prompt",
    [
        "鸟笼里有一只黄色的小鸟,挂在树枝上",
        "树枝上挂着一个鸟笼，里面有一只黄色的小鸟",
        "a yellow bird in a birdcage hanging from a branch",
        "a birdcage hanging from a branch with a yellow bird inside",
    ],
)
def test_the_cage_hangs_with_the_bird_in_it(prompt: str, known: Vocabulary) -> None:
    read = parse(prompt, known)
    assert read.scene is not None and read.unread == ()
    told = ["empty birdcage containing bird", "empty birdcage hanging from branch"]
    assert sorted(_told(read.scene)) == told and not read.scene.all_links
    assert "yellow" in [item.colour for item in read.scene.objects]


def test_another_bird_needs_an_empty_cage(known: Vocabulary) -> None:
    scene = parse("a parrot in a birdcage", known).scene
    assert scene is not None and _told(scene) == ["empty birdcage containing parrot"]


def test_a_plain_bird_is_on_the_picture_of_its_cage(known: Vocabulary) -> None:
    for prompt in ("a bird in a birdcage", "一只小鸟在鸟笼里"):
        scene = parse(prompt, known).scene
        assert scene is not None and not scene.actions
        assert "empty birdcage" not in [item.name for item in scene.objects]


def test_a_bird_beside_a_cage_stays_there(known: Vocabulary) -> None:
    scene = parse("a parrot next to a birdcage", known).scene
    assert scene is not None and not scene.actions and scene.relation == "next to"
