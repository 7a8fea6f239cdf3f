"""What a prompt leaves open differs by seed, what it says does not."""

from collections import Counter

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.variation import canonical_appearance, sample_appearance
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import IN_A_ROW, Scene
from dall_e.scenes.vocabulary import things


class Sampler:
    """Appearances of the things of prompts, for the built-in model."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def read(self, prompt: str) -> Scene:
        scene = parse(prompt, self.vocabulary).scene
        assert scene is not None
        return scene

    def __call__(self, prompt: str) -> Counter[tuple[str, str, bool]]:
        """How often the first thing of a prompt has which picture, colour and direction."""
        scene = self.read(prompt)
        sampled = (sample_appearance(scene, seed, self.vocabulary) for seed in range(200))
        return Counter(
            (appearance.name, changed.objects[0].colour, appearance.mirrored)
            for changed, (appearance, *_) in sampled
        )


@pytest.fixture(scope="module")
def appearances(vocabulary: Vocabulary) -> Sampler:
    return Sampler(vocabulary)


def test_the_same_seed_gives_the_same_look(appearances: Sampler) -> None:
    scene, words = appearances.read("a car and a cat"), appearances.vocabulary
    assert sample_appearance(scene, 5, words) == sample_appearance(scene, 5, words)
    assert len({sample_appearance(scene, seed, words) for seed in range(20)}) > 10


def test_a_car_has_any_colour_and_a_cat_its_own(appearances: Sampler) -> None:
    cars = Counter(
        colour for (_, colour, _), count in appearances("a car").items() for _ in range(count)
    )
    assert set(cars) == {"", "red", "orange", "yellow", "green", "blue", "purple", "pink"}
    assert 0.3 < cars[""] / cars.total() < 0.5
    for own in ("a cat", "a dog", "a horse", "a strawberry"):
        assert {colour for _, colour, _ in appearances(own)} == {""}, own


def test_nothing_black_stands_before_a_dark_sky(appearances: Sampler) -> None:
    for place in ("in space", "at night"):
        cats = appearances(f"a cat {place}")
        assert len(cats) > 1 and not any("black" in name for name, *_ in cats)
    assert {colour for _, colour, _ in appearances("a black cat in space")} == {"black"}


def test_what_is_said_stays(appearances: Sampler) -> None:
    assert {colour for _, colour, _ in appearances("a red car")} == {"red"}
    scene = appearances.read("three small green birds on the grass")
    for seed in range(20):
        changed, _ = sample_appearance(scene, seed, appearances.vocabulary)
        assert changed == scene


def test_half_look_the_other_way_where_that_means_the_same(appearances: Sampler) -> None:
    turned = sum(count for (*_, mirrored), count in appearances("a lion").items() if mirrored)
    assert 70 < turned < 130
    for prompt in ("a clock", "a world map", "a musical keyboard", "a left-facing fist", "a watch"):
        assert not any(mirrored for *_, mirrored in appearances(prompt)), prompt


def test_a_hat_is_one_of_those_that_the_model_knows(appearances: Sampler) -> None:
    assert {name for name, _, _ in appearances("a hat")} == {"woman's hat", "top hat", "billed cap"}
    words = appearances.vocabulary
    assert canonical_appearance(words.planned("hat"), words).name == "woman's hat"
    # A delivery truck is not among the pictures in the house style.
    assert canonical_appearance(words.planned("truck"), words).name == "articulated lorry"


def test_who_sleeps_has_its_own_picture(appearances: Sampler) -> None:
    assert {(name, colour) for name, colour, _ in appearances("a white cat sleeping")} == {
        ("cat", "white")
    }


def test_what_comes_in_many_colours_can_be_painted() -> None:
    many = [thing for thing in things().values() if "many" in thing.traits]
    assert len(many) > 50 and all("paint" in thing.traits for thing in many)


def test_a_row_of_single_things_goes_one_way(appearances: Sampler) -> None:
    words = appearances.vocabulary
    lions = [
        words.planned("lion", colour=colour, spot=IN_A_ROW) for colour in ("red", "blue", "green")
    ]
    for seed in range(20):
        _, shown = sample_appearance(Scene(objects=tuple(lions)), seed, words)
        assert len({(look.name, look.mirrored, look.alternates) for look in shown}) == 1
