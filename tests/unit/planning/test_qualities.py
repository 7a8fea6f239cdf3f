"""How things are built, how old they are, and what has happened to them."""

import json

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.plan import plan_prompt
from dall_e.planning.plan_reading import read_plan
from dall_e.planning.plan_record import plan_lines, plan_record
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.wording.copies import HUES

KNOWN = Vocabulary.from_text(
    """
    cat | 猫 | animal
    running cat | 奔跑的猫 | animal
    mouse | 老鼠 | animal
    chick | 小鸡 | animal
    chicken | 鸡 | animal
    elephant | 大象 | animal
    vase | 花瓶 | object
    tree | 树 | plant
    carrot | 胡萝卜 | food
    cup of tea | 一杯茶 | food | - | tea | 茶
    nurse | 护士 | person
    man | 男人 | person
    cloud | 云 | sky
    closed book | 合上的书 | object
    open book | 打开的书 | object
    """
)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a tall man", "man tall"),
        ("高个子男人", "man tall"),
        ("a fat cat", "cat fat"),
        ("胖猫", "cat fat"),
        ("胖胖的猫", "cat fat"),
        ("a thin cat", "cat thin"),
        ("a long carrot", "carrot long"),
        ("a baby elephant", "elephant baby"),
        ("a baby chicken", "chick"),
        ("an old nurse", "nurse hair=white"),
        ("a broken vase", "vase broken"),
        ("破碎的花瓶", "vase broken"),
        ("a hot carrot", "carrot hot"),
        ("a hot cup of tea", "cup of tea"),
        ("a wet cat", "cat wet"),
        ("湿漉漉的猫", "cat wet"),
        ("a snowy tree", "tree snowy"),
        ("an open book", "open book"),
        ("a closed book", "closed book"),
        ("a cat chasing a mouse", "mouse + running cat"),
        ("猫追老鼠", "mouse + running cat"),
    ],
)
def test_forms(prompt: str, expected: str) -> None:
    read = parse(prompt, KNOWN)
    assert read.scene is not None
    told = [
        " ".join(
            filter(
                None,
                (item.name, item.build, item.condition, *("=".join(part) for part in item.parts)),
            )
        )
        for item in read.scene.objects
    ]
    assert (" + ".join(told), read.unread) == (expected, ())


@pytest.mark.parametrize("prompt", ["five colourful vases", "五个彩色的花瓶"])
def test_several_that_are_colourful_have_colours_in_turn(prompt: str) -> None:
    read = parse(prompt, KNOWN)
    assert read.scene is not None and read.unread == ()
    drawn = [(item.count, item.colour) for item in read.scene.objects]
    assert drawn == [(1, colour) for colour in HUES[:5]]


@pytest.mark.parametrize(
    ("prompt", "unread"),
    [
        ("a colourful vase", ("colourful",)),
        ("a smiling man", ()),
        ("a broken cat", ("broken",)),
        ("a hot vase", ("hot",)),
        ("a wet cloud", ("wet",)),
        ("an old vase", ("old",)),
        ("an empty vase full of", ("full", "of")),
    ],
)
def test_what_cannot_be_is_said_to_be_not_read(prompt: str, unread: tuple[str, ...]) -> None:
    assert parse(prompt, KNOWN).unread == unread


def test_a_plan_keeps_forms() -> None:
    plan = plan_prompt("a thin cat and a broken vase", KNOWN, seed=1)
    assert [(each.build, each.condition) for each in plan.objects] == [("thin", ""), ("", "broken")]
    record = json.loads(json.dumps(plan_record(plan, "x", seed=1, size=384)))
    assert any(line.endswith(", thin") for line in plan_lines(record))
    again = read_plan(record, KNOWN).plan
    assert again.objects == plan.objects and again.scene == plan.scene
