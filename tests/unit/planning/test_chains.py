"""How several things of a prompt stand to each other."""

import json

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.plan import plan_prompt
from dall_e.planning.plan_reading import read_plan
from dall_e.planning.plan_record import plan_lines, plan_record
from dall_e.planning.vocabulary import Vocabulary

KNOWN = Vocabulary.from_text(
    """
    cat | 猫 | animal
    dog | 狗 | animal
    cow | 奶牛 | animal | - | - | 牛
    bird | 鸟 | animal
    tree | 树 | plant
    house | 房子 | object
    chair | 椅子 | object
    desk | 书桌 | object
    bed | 床 | object
    book | 书 | object
    desk lamp | 台灯 | object | - | lamp
    hat | 帽子 | object
    cup | 杯子 | object
    tablecloth | 桌布 | object
    jug | 水壶 | object
    glass of milk | 牛奶 | food | - | milk
    lemonade | 柠檬水 | food
    """
)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat between two dogs", "cat dog dog; 1 left 0; 2 right 0"),
        ("一只猫在两只狗中间", "cat dog dog; 1 left 0; 2 right 0"),
        ("a cat between a dog and a cow", "cat dog cow; 1 left 0; 2 right 0"),
        ("一只猫在狗和牛之间", "cat dog cow; 1 left 0; 2 right 0"),
        ("a book under a lamp on a desk", "book desk lamp desk; 0 under 1; 1 on 2"),
        ("a cat on a chair next to a tree", "cat chair tree; 0 on 1; 1 next to 2"),
        ("a cat on a chair near a tree", "cat chair tree; 0 on 1; 1 next to 2"),
        ("椅子上的猫旁边的狗", "chair cat dog; 1 on 0; 2 next to 1"),
        ("a cup next to a book on a tablecloth", "cup book tablecloth; 0 on 2; 1 on 2"),
        ("a cat and a dog on a bed", "cat dog bed; 1 on 2; 0 on 2"),
        ("a cat with a hat on a chair", "cat hat chair; 0 on 2"),
        ("three birds in a tree next to a house", "bird*3 tree house; 0 inside 1; 1 next to 2"),
        # Of two, one relation says it.
        ("a cat on a chair", "cat chair"),
    ],
)
def test_links(prompt: str, expected: str) -> None:
    read = parse(prompt, KNOWN)
    assert read.scene is not None and read.unread == ()
    names = [f"{item.name}*{item.count}".removesuffix("*1") for item in read.scene.objects]
    links = [f"{first} {relation} {second}" for first, relation, second in read.scene.links]
    assert "; ".join([" ".join(names), *links]) == expected


def test_more_than_are_drawn_are_said_to_be_not_read() -> None:
    read = parse("a cat between five dogs", KNOWN)
    assert read.unread == ("between",)


def test_a_plan_with_links_is_read_as_it_was_written() -> None:
    plan = plan_prompt("a book under a lamp on a desk", KNOWN, seed=3)
    record = json.loads(json.dumps(plan_record(plan, "a book", seed=3, size=384)))
    assert "book is under desk lamp" in plan_lines(record)
    again = read_plan(record, KNOWN).plan
    assert again.scene is not None and plan.scene is not None
    assert again.scene.links == plan.scene.links
    assert "[desk lamp on desk]" in plan.describe()


def test_what_is_drunk_from_a_jug_is_in_the_jug() -> None:
    for prompt, names in (
        ("a jug of milk", ["jug"]),
        ("two pitchers of lemonade", ["jug"]),
        ("a cup and a jug of milk", ["cup", "jug"]),
    ):
        read = parse(prompt, KNOWN)
        assert read.scene is not None and read.unread == ()
        assert [item.name for item in read.scene.objects] == names


def test_what_is_put_on_a_thing_lies_on_it() -> None:
    scene = parse("一本书放在椅子上", KNOWN).scene
    assert scene is not None and (scene.relation, scene.actions) == ("on", ())
    assert [item.name for item in scene.objects] == ["book", "chair"]
