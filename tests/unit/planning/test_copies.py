"""Several of a thing in different colours: each copy has a colour of its own."""

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.vocabulary_rows import KnownName
from dall_e.planning.wording.copies import COATS, HUES, in_turn
from dall_e.scenes.graph import IN_A_ROW, MOST, Scene, SceneObject


@pytest.fixture(scope="module")
def known() -> Vocabulary:
    """A model that knows a few things that come in colours, and a cat."""
    rows = [
        KnownName("balloon", "气球", "object"),
        KnownName("pencil", "铅笔", "object"),
        KnownName("cup", "杯子", "object"),
        KnownName("cat", "猫", "animal"),
        KnownName("building blocks", "积木", "object"),
        KnownName("girl", "女孩", "person"),
    ]
    return Vocabulary(rows)


def _colours(prompt: str, known: Vocabulary) -> tuple[str, ...]:
    scene = parse(prompt, known).scene
    assert scene is not None and all(item.count == 1 for item in scene.objects)
    return tuple(item.colour for item in scene.objects)


@pytest.mark.parametrize(
    "prompt",
    [
        "five balloons all different colours",
        "five balloons, each a different color",
        "five balloons in differnt colors",
        "five multicoloured balloons",
        "five rainbow coloured balloons",
        "five balloons in all the colours of the rainbow",
        "五个颜色不同的气球",
        "颜色各不相同的五个气球",
        "五个气球，五颜六色",
    ],
)
def test_each_copy_has_a_colour_of_its_own(prompt: str, known: Vocabulary) -> None:
    read = parse(prompt, known)
    assert read.unread == () and _colours(prompt, known) == HUES[:5]


@pytest.mark.parametrize(
    ("prompt", "colours"),
    [
        ("three cups: red, green and blue", ("red", "green", "blue")),
        ("three cups in red, green and gray", ("red", "green", "grey")),
        ("red, blue and yellow balloons", ("red", "blue", "yellow")),
        ("a red, a blue and a green balloon", ("red", "blue", "green")),
        ("three cups: one red, one green and one pink", ("red", "green", "pink")),
        ("four balloons, red and blue", ("red", "blue", "red", "blue")),
        ("two cats, black and white", ("black", "white")),
        ("红黄蓝三个气球", ("red", "yellow", "blue")),
        ("红色、黄色和蓝色的三个气球", ("red", "yellow", "blue")),
        ("三个杯子，一个红色，一个黄色，一个蓝色", ("red", "yellow", "blue")),
        ("三个红黄蓝的气球", ("red", "yellow", "blue")),
    ],
)
def test_named_colours_are_given_in_their_order(
    prompt: str, colours: tuple[str, ...], known: Vocabulary
) -> None:
    assert _colours(prompt, known) == colours


def test_a_row_of_counted_things_stands_in_a_row(known: Vocabulary) -> None:
    scene = parse("a row of 4 pencils, red blue yellow green", known).scene
    assert scene is not None
    assert [item.colour for item in scene.objects] == ["red", "blue", "yellow", "green"]
    assert {item.spot for item in scene.objects} == {IN_A_ROW}


@pytest.mark.parametrize(
    ("prompt", "count"),
    [("a colourful balloon", 1), ("three black and white cats", 3), ("a pile of five cups", 5)],
)
def test_what_is_one_object_stays_one(prompt: str, count: int, known: Vocabulary) -> None:
    scene = parse(prompt, known).scene
    assert scene is not None and [item.count for item in scene.objects] == [count]


@pytest.mark.parametrize("prompt", ["一堆五颜六色的积木", "红色的积木", "一堆积木"])
def test_a_thing_whose_name_is_a_style_is_a_thing(prompt: str, known: Vocabulary) -> None:
    read = parse(prompt, known)
    assert read.style == "" and read.scene is not None
    assert [item.name for item in read.scene.objects] == ["building blocks"]


def test_animals_have_the_colours_of_coats(known: Vocabulary) -> None:
    assert _colours("three cats in different colours", known) == COATS[:3]


def test_colours_start_anew_behind_the_last() -> None:
    balloons = SceneObject(name="circle", image=None, count=MOST)
    colours = [item.colour for item in in_turn((balloons,), HUES)]
    assert len(colours) == MOST and colours[len(HUES) :] == list(HUES[: MOST - len(HUES)])


def test_a_scene_has_many_objects_only_of_one_name() -> None:
    circle, square = (SceneObject(name=name, image=None) for name in ("circle", "square"))
    assert len(Scene(objects=(circle,) * MOST).objects) == MOST
    with pytest.raises(ValueError, match="1 to 6"):
        Scene(objects=(*(circle,) * 6, square))
