"""What a prompt leaves open differs by seed, what it says does not."""

import random
from collections import Counter

from dall_e.data.catalogue import SOURCES
from dall_e.data.scene_graph import COAT_COLOURS, Scene, SceneObject, things
from dall_e.data.scene_reading import read_scene
from dall_e.data.scene_variety import SECOND_STYLE, inbetween_names, mix_by, settled_look, varied


def read(prompt: str) -> Scene:
    scene = read_scene(prompt)
    assert scene is not None
    return scene


def looks(prompt: str, seeds: int = 200) -> Counter[tuple[str, str, bool]]:
    """How often the first thing of a prompt has which picture, colour and direction."""
    found = (varied(read(prompt), seed) for seed in range(seeds))
    return Counter((look.name, scene.objects[0].colour, look.mirrored) for scene, (look, *_) in found)


def test_the_same_seed_gives_the_same_look() -> None:
    scene = read("a car and a cat")
    assert varied(scene, 5) == varied(scene, 5)
    assert len({varied(scene, seed) for seed in range(20)}) > 10


def test_a_car_has_any_colour_and_a_cat_that_of_a_cat() -> None:
    cars = Counter(colour for (_, colour, _), count in looks("a car").items() for _ in range(count))
    assert set(cars) == {"", "red", "orange", "yellow", "green", "blue", "purple", "pink"}
    assert 0.3 < cars[""] / cars.total() < 0.5
    assert {colour for _, colour, _ in looks("a cat")} == {"", *COAT_COLOURS}
    assert {colour for _, colour, _ in looks("a strawberry")} == {""}


def test_nothing_black_stands_before_a_dark_sky() -> None:
    for place in ("in space", "at night"):
        cats = looks(f"a cat {place}")
        assert len(cats) > 4 and not any("black" in name or colour == "black" for name, colour, _ in cats)
    assert {colour for _, colour, _ in looks("a black cat in space")} == {"black"}


def test_what_is_said_stays() -> None:
    assert {colour for _, colour, _ in looks("a red car")} == {"red"}
    scene = read("three small green birds on the grass")
    for seed in range(20):
        changed, _ = varied(scene, seed)
        assert changed == scene


def test_half_look_the_other_way_where_that_means_the_same() -> None:
    turned = sum(count for (*_, mirrored), count in looks("a lion").items() if mirrored)
    assert 70 < turned < 130
    for prompt in ("a clock", "a world map", "a musical keyboard", "a left-facing fist", "a watch"):
        scene = read_scene(prompt)
        assert scene is None or not any(look.mirrored for seed in range(40) for look in varied(scene, seed)[1]), prompt


def test_a_hat_is_one_of_those_that_the_model_knows() -> None:
    assert {name for name, _, _ in looks("a hat")} == {"woman's hat", "top hat", "billed cap"}
    assert settled_look(SceneObject(name="hat", picture=-1)).name == "woman's hat"
    # A delivery truck is not among the pictures in the house style.
    assert settled_look(SceneObject(name="truck", picture=-1)).name == "articulated lorry"


def test_who_sleeps_has_its_own_picture() -> None:
    assert {(name, colour) for name, colour, _ in looks("a white cat sleeping")} == {("cat", "white")}


def test_what_is_known_in_two_styles_is_drawn_in_between() -> None:
    def between(prompt: str, inbetween: bool = True) -> set[tuple[bool, ...]]:
        found = [varied(read(prompt), seed, inbetween=inbetween)[1] for seed in range(40)]
        return {tuple(bool(look.mix) for look in looks) for looks in found}

    assert {"strawberry", "deciduous tree"} <= inbetween_names().keys()
    assert set(inbetween_names().values()) <= {(0, 1), (0,), (1,)}
    assert between("a strawberry") == between("一颗草莓") == {(True,)} and between("a strawberry", False) == {(False,)}
    # There are no flags in the second style, and who sleeps is drawn by hand.
    assert between("a strawberry and a flag of Japan") == {(True, False)}
    for prompt in ("a white cat sleeping", "a strawberry, 3D style", "一颗草莓，3D风格", "a strawberry, flat style"):
        assert between(prompt) == {(False,)}, prompt


def test_mixes_have_details_of_one_and_are_else_half_way() -> None:
    mixes = [mix_by(random.Random(seed)) for seed in range(200)]
    assert {mix.details for mix in mixes} == {0, 1} and {mix.shapes for mix in mixes} == {None}
    colours = [mix.colours for mix in mixes]
    assert len(set(colours)) == 200 and -0.3 <= min(colours) < -0.2 and 0.2 < max(colours) <= 0.3
    assert mixes[0].describe().startswith("details ") and mixes[0].parts != mixes[1].parts
    assert mix_by(random.Random(3)) == mix_by(random.Random(3))
    assert {mix_by(random.Random(seed), (1,)).details for seed in range(20)} == {1}


def test_what_may_be_in_between_changes_nothing_else() -> None:
    scene = read("a car and a cat")
    for seed in range(20):
        plain, looks = varied(scene, seed)
        assert varied(scene, seed, inbetween=True)[0] == plain
        assert [look.mirrored for look in varied(scene, seed, inbetween=True)[1]] == [look.mirrored for look in looks]


def test_the_second_style_is_called_as_in_training() -> None:
    (source,) = (source for source in SOURCES if source.name == "fluent-emoji-flat")
    assert SECOND_STYLE == {"en": source.style_en, "zh": source.style_zh} and source.style_said == 1


def test_what_comes_in_many_colours_can_be_painted() -> None:
    many = [thing for thing in things().values() if "many" in thing.traits]
    assert len(many) > 50 and all("paint" in thing.traits for thing in many)
