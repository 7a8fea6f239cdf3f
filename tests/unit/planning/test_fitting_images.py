"""Two animals on one seat are one picture, and things lie or stand as they do where they are."""

import pytest

from dall_e.planning.fitting_images import with_shared_seats
from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import is_chinese

VOCABULARY = Vocabulary.from_text(
    """
    cat | 猫 | animal
    dog | 狗 | animal
    book | 书 | object
    book lying flat | 平放的书 | object
    boot | 靴子 | object
    leather boots | 皮靴 | object
    table lamp | 台灯 | object
    jar | 罐子 | object
    open glass jar | 打开的玻璃罐 | object
    street light | 路灯 | object
    sofa-sharing cat-dog pair | 共坐沙发的猫狗 | animal
    sofa-sharing cat-cat pair | 共坐沙发的一对猫 | animal
    """
)
PAIR, CATS = "sofa-sharing cat-dog pair", "sofa-sharing cat-cat pair"


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("a cat and a dog on a sofa", PAIR),
        ("a dog and a cat sitting together on the couch", PAIR),
        ("two cats are sitting on a sofa in a living room", f"{CATS} in a living room"),
        ("一只猫和一只狗在沙发上", "共坐沙发的猫狗"),
        ("沙发上的小狗和小猫", "共坐沙发的猫狗"),
        ("两只猫坐在沙发上", "共坐沙发的一对猫"),
        ("a black cat and a dog on a sofa", "a black cat and a dog on a sofa"),
        ("a cat and a dog on a bed", "a cat and a dog on a bed"),
        ("2只猫坐在沙发上", "共坐沙发的一对猫"),
        ("12只猫坐在沙发上", "12只猫坐在沙发上"),
        ("十二只猫坐在沙发上", "十二只猫坐在沙发上"),
        ("一只黑猫和一只狗在沙发上", "一只黑猫和一只狗在沙发上"),
        ("猫和狗", "猫和狗"),
    ],
)
def test_two_on_one_seat_are_the_picture_of_both(prompt: str, read: str) -> None:
    assert with_shared_seats(prompt, VOCABULARY, "zh" if is_chinese(prompt) else "en") == read


@pytest.mark.parametrize(
    ("prompt", "name", "count"),
    [
        ("a book", "book", 1),
        ("a book on a table", "book lying flat", 1),
        ("a boot", "boot", 1),
        ("a pair of boots", "leather boots", 1),
        ("a table lamp in a park on a rainy day", "street light", 1),
        ("two table lamps on a table", "table lamp", 2),
        ("a jar", "jar", 1),
    ],
)
def test_a_better_picture_is_taken_where_it_fits(prompt: str, name: str, count: int) -> None:
    scene = parse(prompt, VOCABULARY).scene
    assert scene is not None
    assert [(item.name, item.count) for item in scene.objects] == [(name, count)]


def test_what_something_is_in_is_open() -> None:
    scene = parse("a cat in a jar", VOCABULARY).scene
    assert scene is not None
    assert [item.name for item in scene.objects] == ["cat", "open glass jar"]
    beside = parse("a cat next to a jar", VOCABULARY).scene
    assert beside is not None
    assert [item.name for item in beside.objects] == ["cat", "jar"]
