"""Which nouns of a prompt are things of their own, how many of each, and what is theirs."""

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.vocabulary_rows import KnownName
from dall_e.scenes.graph import IN_A_ROW, Action


@pytest.fixture(scope="module")
def known() -> Vocabulary:
    """A model that knows two animals standing, and what they may wear, hold and read."""
    rows = [
        KnownName("cat", "猫", "animal"),
        KnownName("dog", "狗", "animal"),
        KnownName("girl", "女孩", "person"),
        KnownName("house", "房子", "place"),
        KnownName("apple", "苹果", "food"),
        KnownName("bear face", "熊脸", "animal"),
        KnownName("fox face", "狐狸脸", "animal"),
        KnownName("standing fox", "站着的狐狸", "animal"),
        KnownName("sleeping fox", "睡觉的狐狸", "animal"),
        KnownName("standing cat", "站着的猫", "animal"),
        KnownName("standing dog", "站着的狗", "animal"),
        KnownName("balloon", "气球", "object"),
        KnownName("hat", "帽子", "object"),
        KnownName("book", "书", "object"),
        KnownName("open book", "打开的书本", "object"),
        KnownName("glasses", "眼镜", "object"),
        KnownName("clear glasses", "透明眼镜", "object"),
        KnownName("eye", "眼睛", "object"),
        KnownName("leg", "腿", "object"),
        KnownName("nose", "鼻子", "object"),
        KnownName("minibus", "面包车", "vehicle", frozenset(), ("van",), ()),
        KnownName("person walking", "走路的人", "person"),
        KnownName("high voltage", "高压", "weather"),
        KnownName("cloud with lightning", "打雷", "weather"),
    ]
    return Vocabulary(rows)


def shown(prompt: str, vocabulary: Vocabulary) -> list[str]:
    """The things of a prompt, as "2 cat", with their size and colour."""
    scene = parse(prompt, vocabulary).scene
    assert scene is not None, prompt
    return [
        " ".join(filter(None, (str(item.count), item.size, item.colour, item.name)))
        for item in scene.objects
    ]


@pytest.mark.parametrize(
    ("prompt", "things"),
    [
        # How many
        ("a couple of dogs", ["2 dog"]),
        ("several cats", ["3 cat"]),
        ("a few cats", ["3 cat"]),
        ("hundreds of cats", ["5 cat"]),
        ("plenty of cats", ["5 cat"]),
        ("十二个苹果", ["12 apple"]),
        ("二只猫", ["2 cat"]),
        ("两三只猫", ["3 cat"]),
        # Lists
        ("两只猫三条狗", ["2 cat", "3 dog"]),
        ("一只猫一条狗一个苹果", ["1 cat", "1 dog", "1 apple"]),
        ("cat / dog", ["1 cat", "1 dog"]),
        ("cat/dog/house", ["1 cat", "1 dog", "1 house"]),
        ("cat + dog", ["1 cat", "1 dog"]),
        ("猫/狗", ["1 cat", "1 dog"]),
        # The same again, or another
        ("a cat of a cat of a cat", ["1 cat"]),
        ("a black cat chasing a white cat", ["1 white cat", "1 black cat"]),
        ("a baby cat next to a cat", ["1 small cat", "1 cat"]),
        # What is nobody's name
        ("a cat in the style of van gogh", ["1 cat"]),
        ("a person reading a book", ["1 person walking", "1 open book"]),
        # Eyes are seen through glasses that are worn
        ("a girl wearing glasses", ["1 girl", "1 clear glasses"]),
        ("a cat and glasses", ["1 cat", "1 glasses"]),
        # Whole animals instead of faces, where the model knows them
        ("a fox", ["1 standing fox"]),
        ("two foxes and a cat", ["2 standing fox", "1 cat"]),
        ("狐狸", ["1 standing fox"]),
        ("a sleeping fox", ["1 sleeping fox"]),
        ("a fox face", ["1 fox face"]),
        ("a bear", ["1 bear face"]),
        ("闪电", ["1 high voltage"]),
    ],
)
def test_things(prompt: str, things: list[str], known: Vocabulary) -> None:
    assert shown(prompt, known) == things


def test_lightning_with_something_in_it_is_weather(known: Vocabulary) -> None:
    scene = parse("闪电中的猫", known).scene
    assert scene is not None and scene.background.endswith("storm")


@pytest.mark.parametrize(
    ("prompt", "wearers"),
    [
        ("a cat and a dog wearing hats", 2),
        ("a cat and a dog both wearing a hat", 2),
        ("猫和狗都戴着帽子", 2),
        ("a cat wearing a hat and a dog wearing a hat", 2),
        ("a cat wearing a red hat and a dog wearing a blue hat", 2),
        ("a girl with a hat, a cat with a hat and a dog with a hat", 3),
        ("a cat and a dog wearing a hat", 1),
    ],
)
def test_each_wears_one_of_their_own(prompt: str, wearers: int, known: Vocabulary) -> None:
    scene = parse(prompt, known).scene
    assert scene is not None
    worn = [action for action in scene.actions if action.verb == "wearing"]
    assert len({action.subject for action in worn}) == len(worn) == wearers


def test_what_nobody_wears_is_not_drawn_twice(known: Vocabulary) -> None:
    read = parse("a cat with a hat, a hat, a dog, a girl and a house", known)
    assert read.scene is not None
    assert [item.name for item in read.scene.objects].count("hat") == 1
    assert [item.name for item in read.scene.objects][-1] == "house" and read.unread == ("hat",)


def test_several_things_in_a_hand(known: Vocabulary) -> None:
    assert shown("a dog holding three balloons", known)[1] == "3 balloon"
    scene = parse("a dog with a balloon and a hat", known).scene
    assert scene is not None
    assert scene.actions == (Action(0, "holding", 1), Action(0, "wearing", 2))


@pytest.mark.parametrize(
    ("prompt", "unread"),
    [
        ("a girl with blue eyes", ("with", "blue", "eyes")),
        ("蓝眼睛的女孩", ("蓝眼睛",)),
        ("a dog with five legs", ("with", "five", "legs")),
        ("a cat standing on two legs", ("on", "two", "legs")),
    ],
)
def test_nobody_holds_a_part_of_their_body(
    prompt: str, unread: tuple[str, ...], known: Vocabulary
) -> None:
    read = parse(prompt, known)
    assert read.scene is not None and len(read.scene.objects) == 1
    assert read.unread == unread


def test_a_body_part_alone_is_a_thing(known: Vocabulary) -> None:
    assert shown("an eye and a nose", known) == ["1 eye", "1 nose"]
    assert shown("a cat on a nose", known) == ["1 cat", "1 nose"]


def test_a_lone_baby_is_as_large_as_any_other(known: Vocabulary) -> None:
    assert shown("a baby dog", known) == ["1 dog"]
    assert parse("a baby dog", known).unread == ()
    assert shown("a baby dog on the beach", known) == ["1 small dog"]
    assert shown("a small dog", known) == ["1 small dog"]


@pytest.mark.parametrize("prompt", ["no cats", "not a cat", "zero cats"])
def test_what_is_not_wanted_is_told(prompt: str, known: Vocabulary) -> None:
    assert parse(prompt, known).unknown == (prompt.split()[0],)


@pytest.mark.parametrize("prompt", ["a cat not wearing a hat", "没戴帽子的猫", "不戴帽子的猫"])
def test_what_somebody_does_not_wear_is_not_drawn(prompt: str) -> None:
    known = Vocabulary.from_text(
        """
        cat | 猫 | animal
        hat | 帽子 | object
        hat-wearing cat | 戴帽子的猫 | animal
        """
    )
    assert shown(prompt, known) == ["1 cat"] and parse(prompt, known).unread == ()


@pytest.mark.parametrize("prompt", ["three cats in a row", "三只猫排成一排"])
def test_several_equal_things_stand_in_a_row(prompt: str, known: Vocabulary) -> None:
    understood = parse(prompt, known)
    assert understood.scene and not understood.unread
    (cats,) = understood.scene.objects
    assert cats.count == 3 and cats.spot == IN_A_ROW
