"""How many of a thing are drawn: dozens, pairs, many, and numbers inside of groups."""

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.variation import sample_appearance
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import IN_A_ROW

KNOWN = Vocabulary.from_text(
    """
    egg | 鸡蛋 | food
    egg carton | 一盒鸡蛋 | food | - | carton of eggs, dozen eggs
    man | 男人 | person
    man baking | 烤蛋糕的男人 | person
    rose | 玫瑰 | plant
    tulip | 郁金香 | plant
    apple | 苹果 | food
    cat | 猫 | animal
    shoe | 鞋 | object
    socks | 袜子 | object
    bird | 鸟 | animal
    flock of birds | 鸟群 | animal | - | birds flying
    balloon | 气球 | object
    star | 星星 | sky
    duck | 鸭子 | animal
    mother duck | 鸭子妈妈和宝宝 | animal | - | duck family | 鸭子一家
    child | 孩子 | person
    children playing | 玩耍的孩子们 | person | - | group of children
    sheep | 羊 | animal
    elephant | 大象 | animal
    dog | 狗 | animal
    bear | 熊 | animal
    bee | 蜜蜂 | animal
    bees around a hive | 蜂巢和蜜蜂 | animal | - | swarm of bees
    pea pod | 豌豆荚 | food | - | peas
    family of three | 一家三口 | person | - | family
    family of four | 一家四口 | person
    cherries | 樱桃 | food | - | cherry
    cookie | 饼干 | food
    tray of cookies | 一盘饼干 | food | - | cookies on a plate
    plate | 盘子 | object
    sofa | 沙发 | object
    sofa-sitting cat | 坐沙发的猫 | animal | - | cat on a sofa
    tree | 树 | plant
    palm tree | 椰子树 | plant
    house | 房子 | place
    people holding hands | 手拉手的人 | person | - | kids holding hands
    """
)


def drawn(prompt: str) -> str:
    """The things of a prompt with their numbers, in words."""
    scene = parse(prompt, KNOWN).scene
    assert scene is not None
    return " + ".join(f"{item.count} {item.name}" for item in scene.objects)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a dozen eggs", "12 egg"),
        ("a dozen of eggs", "12 egg"),
        ("half a dozen eggs", "6 egg"),
        ("half dozen apples", "6 apple"),
        ("a dozen red roses", "12 rose"),
        ("a carton of eggs", "1 egg carton"),
        ("一打鸡蛋", "12 egg"),
        ("半打鸡蛋", "6 egg"),
        ("桌上有一打鸡蛋", "12 egg"),
        ("一打玫瑰", "12 rose"),
        ("打鸡蛋的男人", "1 man baking"),
        ("a couple of cats", "2 cat"),
        ("a pair of shoes", "2 shoe"),
        ("three pairs of shoes", "6 shoe"),
        ("三双鞋", "6 shoe"),
        ("seven pairs of shoes", "12 shoe"),
        ("three pairs of socks", "3 socks"),
        ("several birds", "3 bird"),
        ("a few balloons", "3 balloon"),
        ("many stars", "6 star"),
        ("很多星星", "6 star"),
        ("许多红色的气球", "6 balloon"),
        ("很多鸟", "6 bird"),
        ("好多只猫", "6 cat"),
        ("几只猫", "3 cat"),
    ],
)
def test_words_for_numbers(prompt: str, expected: str) -> None:
    assert drawn(prompt) == expected
    assert parse(prompt, KNOWN).unread == ()


def test_more_than_are_drawn_is_told() -> None:
    assert (drawn("two dozen eggs"), drawn("两打鸡蛋")) == ("12 egg", "12 egg")
    assert parse("two dozen eggs", KNOWN).unread == ("two",)
    assert parse("两打鸡蛋", KNOWN).unread == ("两打",)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a family of eight ducks", "8 duck"),
        ("a family of a dozen ducks", "12 duck"),
        ("a family of ducks", "1 mother duck"),
        ("a family of three bears", "3 bear"),
        ("a family of bears", "5 bear"),
        ("a family of four in the park", "1 family of four"),
        ("a family", "1 family of three"),
        ("a group of five children", "5 child"),
        ("two groups of three children", "6 child"),
        ("a group of children", "1 children playing"),
        ("a flock of nine sheep", "9 sheep"),
        ("a flock of sheep", "5 sheep"),
        ("a herd of six elephants", "6 elephant"),
        ("a swarm of seven bees", "7 bee"),
        ("a swarm of bees", "1 bees around a hive"),
        ("一群七只羊", "7 sheep"),
        ("一队四只狗", "4 dog"),
        ("a team of 4 dogs", "4 dog"),
        ("an army of 6 dogs", "6 dog"),
        ("a bunch of five balloons", "5 balloon"),
        ("a pile of six apples", "6 apple"),
        ("a pile of apples", "3 apple"),
        ("a bunch of six cherries", "3 cherries"),
        ("a pod of peas", "1 pea pod"),
    ],
)
def test_a_number_in_a_group_counts_the_thing(prompt: str, expected: str) -> None:
    assert drawn(prompt) == expected
    assert parse(prompt, KNOWN).unread == ()


@pytest.mark.parametrize(
    ("prompt", "expected", "place"),
    [
        ("a row of trees on a street", "5 tree", "city-street"),
        ("a row of houses by the sea", "5 house", "beach"),
        ("a row of tulips in a field", "5 tulip", "meadow"),
        ("a row of seven trees on a street", "7 tree", "city-street"),
        ("a long row of trees", "5 tree", ""),
        ("a line of elephants in the desert", "5 elephant", "desert"),
        ("海边一排椰子树", "5 palm tree", "beach"),
        ("路边一排树", "5 tree", "road"),
        ("路边一排六棵树", "6 tree", "road"),
    ],
)
def test_a_row_is_read_wherever_it_is(prompt: str, expected: str, place: str) -> None:
    read = parse(prompt, KNOWN)
    assert drawn(prompt) == expected and read.unread == () and read.scene is not None
    assert read.scene.background == place
    assert [item.spot for item in read.scene.objects] == [IN_A_ROW]


def test_rows_are_no_row() -> None:
    scene = parse("rows of tulips in a field", KNOWN).scene
    assert scene is not None
    assert [(item.count, item.spot) for item in scene.objects] == [(5, "")]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("birds flying", "1 flock of birds"),
        ("three birds flying", "3 bird"),
        ("seven birds flying over a sofa", "7 bird + 1 sofa"),
        ("cookies on a plate", "1 tray of cookies"),
        ("a dozen cookies on a plate", "12 cookie + 1 plate"),
        ("a cat on a sofa", "1 sofa-sitting cat"),
        ("eight cats on a sofa", "8 cat + 1 sofa"),
        ("two kids holding hands", "1 people holding hands"),
        ("four kids holding hands", "2 people holding hands"),
    ],
)
def test_no_number_counts_pictures_of_several(prompt: str, expected: str) -> None:
    assert drawn(prompt) == expected


def test_a_bouquet_has_as_many_flowers_as_are_said_of_one_colour() -> None:
    assert drawn("a bouquet of five roses") == "1 rose + 4 rose"
    scene = parse("a bunch of eight tulips", KNOWN).scene
    assert scene is not None
    shown = [sample_appearance(scene, seed, KNOWN)[0].objects for seed in range(30)]
    assert all(first.colour == others.colour for first, others in shown)
    assert len({first.colour for first, _ in shown}) > 2
