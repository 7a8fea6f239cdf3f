"""People who do something, and what they wear: which pictures show it, and what is painted."""

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.people_phrases import phrases_in
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.vocabulary_rows import KnownName

_PEOPLE = {
    "man": "男人", "woman": "女人", "boy": "男孩", "girl": "女孩", "student": "学生",
    "woman playing the guitar": "弹吉他的女人", "boy sleeping at a desk": "趴在桌上睡觉的男孩",
    "girl in a hoodie": "穿连帽衫的女孩", "girl in a hoodie reading": "看书的穿连帽衫的女孩",
    "man walking a dog": "遛狗的男人", "girl doing yoga": "做瑜伽的女孩",
    "man feeding a horse": "喂马的男人", "person walking": "行人",
    "woman making dumplings": "包饺子的女人", "woman reading": "看书的女人",
}  # fmt: skip
KNOWN = Vocabulary(
    [
        *(KnownName(name, zh, "person") for name, zh in _PEOPLE.items()),
        KnownName("guitar", "吉他", "object"),
        KnownName("dog", "狗", "animal"),
    ]
)


def shown(prompt: str) -> list[tuple[str, dict[str, str]]]:
    scene = parse(prompt, KNOWN).scene
    assert scene is not None
    return [(item.name, dict(item.parts)) for item in scene.objects]


@pytest.mark.parametrize(
    ("prompt", "name", "parts"),
    [
        ("a woman playing her guitar", "woman playing the guitar", {}),
        ("一个女人在弹吉他", "woman playing the guitar", {}),
        ("a man walking his dog", "man walking a dog", {}),
        ("a student sleeping at a desk", "boy sleeping at a desk", {}),
        ("a girl in a red hoodie", "girl in a hoodie", {"top": "red"}),
        ("穿红色卫衣的女孩", "girl in a hoodie", {"top": "red"}),
        ("a girl in a blue hoodie reading", "girl in a hoodie reading", {"top": "blue"}),
        ("a girl in a red hoodie and black jeans", "girl in a hoodie",
         {"bottom": "black", "top": "red"}),
        ("a person giving a horse grass", "man feeding a horse", {}),
        ("绿衣服的人给马喂草", "man feeding a horse", {"garment": "green"}),
        ("包饺子的女人", "woman making dumplings", {}),
        ("a girl in a red kimono doing yoga", "girl doing yoga", {"garment": "red"}),
    ],
)  # fmt: skip
def test_who_does_or_wears_something_has_its_picture(
    prompt: str, name: str, parts: dict[str, str]
) -> None:
    assert shown(prompt) == [(name, parts)]


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("一个女人给男孩讲故事", ["woman reading", "boy"]),
        ("女人正在给男孩读睡前故事", ["woman reading", "boy"]),
        ("女人陪男孩弹吉他", ["woman playing the guitar", "boy"]),
        ("男孩和女人在弹吉他", ["boy", "woman playing the guitar"]),
        ("a woman reading a bedtime story", ["woman reading"]),
    ],
)
def test_who_something_is_done_for_does_not_do_it(prompt: str, names: list[str]) -> None:
    assert [name for name, _ in shown(prompt)] == names


@pytest.mark.parametrize("prompt", ["a dog playing the guitar", "a man playing the guitar"])
def test_what_no_picture_shows_is_read_as_ever(prompt: str) -> None:
    assert not any("playing" in name for name, _ in shown(prompt))


def test_of_two_each_has_what_is_said_of_them() -> None:
    names = [name for name, _ in shown("a man walking a dog and a woman playing the guitar")]
    assert names == ["man walking a dog", "woman playing the guitar"]


def test_the_longest_phrase_counts() -> None:
    (phrase,) = phrases_in("a boy sleeping at a desk", "en")
    assert phrase.shows.image == "{} sleeping at a desk"


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        # Nobody is said to do it
        ("playing the guitar", ["woman playing the guitar"]),
        ("包饺子", ["woman making dumplings"]),
        ("周末包饺子", ["woman making dumplings"]),
        ("go playing the guitar in the park", ["woman playing the guitar"]),
        ("a dog playing the guitar", ["dog", "guitar"]),
        # An act is done with a thing that its pictures do not show.
        ("a girl doing yoga with a dog", ["girl doing yoga", "dog"]),
        ("a woman playing the guitar of a dog", ["woman playing the guitar", "dog"]),
        ("a woman making very big dumplings", ["woman making dumplings"]),
    ],
)
def test_acts_of_nobody_and_with_things(prompt: str, names: list[str]) -> None:
    assert [name for name, _ in shown(prompt)] == names
