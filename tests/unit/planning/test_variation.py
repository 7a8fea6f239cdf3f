"""What a prompt leaves open differs by seed, what it says does not."""

from collections import Counter

from dall_e.planning.parser import read_scene
from dall_e.planning.variation import canonical_appearance, sample_appearance
from dall_e.scenes.graph import COAT_COLOURS, Scene, SceneObject, things


def read(prompt: str) -> Scene:
    scene = read_scene(prompt)
    assert scene is not None
    return scene


def appearances(prompt: str, seeds: int = 200) -> Counter[tuple[str, str, bool]]:
    """How often the first thing of a prompt has which picture, colour and direction."""
    found = (sample_appearance(read(prompt), seed) for seed in range(seeds))
    return Counter(
        (appearance.name, scene.objects[0].colour, appearance.mirrored)
        for scene, (appearance, *_) in found
    )


def test_the_same_seed_gives_the_same_look() -> None:
    scene = read("a car and a cat")
    assert sample_appearance(scene, 5) == sample_appearance(scene, 5)
    assert len({sample_appearance(scene, seed) for seed in range(20)}) > 10


def test_a_car_has_any_colour_and_a_cat_that_of_a_cat() -> None:
    cars = Counter(
        colour for (_, colour, _), count in appearances("a car").items() for _ in range(count)
    )
    assert set(cars) == {"", "red", "orange", "yellow", "green", "blue", "purple", "pink"}
    assert 0.3 < cars[""] / cars.total() < 0.5
    assert {colour for _, colour, _ in appearances("a cat")} == {"", *COAT_COLOURS}
    assert {colour for _, colour, _ in appearances("a strawberry")} == {""}


def test_nothing_black_stands_before_a_dark_sky() -> None:
    for place in ("in space", "at night"):
        cats = appearances(f"a cat {place}")
        assert len(cats) > 4 and not any(
            "black" in name or colour == "black" for name, colour, _ in cats
        )
    assert {colour for _, colour, _ in appearances("a black cat in space")} == {"black"}


def test_what_is_said_stays() -> None:
    assert {colour for _, colour, _ in appearances("a red car")} == {"red"}
    scene = read("three small green birds on the grass")
    for seed in range(20):
        changed, _ = sample_appearance(scene, seed)
        assert changed == scene


def test_half_look_the_other_way_where_that_means_the_same() -> None:
    turned = sum(count for (*_, mirrored), count in appearances("a lion").items() if mirrored)
    assert 70 < turned < 130
    for prompt in ("a clock", "a world map", "a musical keyboard", "a left-facing fist", "a watch"):
        scene = read_scene(prompt)
        assert scene is None or not any(
            appearance.mirrored
            for seed in range(40)
            for appearance in sample_appearance(scene, seed)[1]
        ), prompt


def test_a_hat_is_one_of_those_that_the_model_knows() -> None:
    assert {name for name, _, _ in appearances("a hat")} == {"woman's hat", "top hat", "billed cap"}
    assert canonical_appearance(SceneObject(name="hat", image=-1)).name == "woman's hat"
    # A delivery truck is not among the pictures in the house style.
    assert canonical_appearance(SceneObject(name="truck", image=-1)).name == "articulated lorry"


def test_who_sleeps_has_its_own_picture() -> None:
    assert {(name, colour) for name, colour, _ in appearances("a white cat sleeping")} == {
        ("cat", "white")
    }


def test_what_comes_in_many_colours_can_be_painted() -> None:
    many = [thing for thing in things().values() if "many" in thing.traits]
    assert len(many) > 50 and all("paint" in thing.traits for thing in many)
