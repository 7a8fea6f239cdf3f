from __future__ import annotations

import pytest

from dall_e.inference.remarks import unread_in_words
from dall_e.planning.nearest import Nearest, nearest_name
from dall_e.planning.parser import parse
from dall_e.planning.plan import plan_prompt
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.tables import read_table

ROWS = """
dog | 狗 | animal
cat | 猫 | animal
snake | 蛇 | animal
printer | 打印机 | object
piano | 钢琴 | object
wig | 假发 | object
sun | 太阳 | sky
car | 汽车 | vehicle
egg | 鸡蛋 | food
ping pong | 乒乓球 | activity
computer chip | 芯片 | object | - | chip
"""


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_text(ROWS)


def drawn(prompt: str, vocabulary: Vocabulary) -> list[tuple[str, str]]:
    return [(near.word, near.said) for near in parse(prompt, vocabulary).nearest]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a scanner", [("scanner", "printer")]),
        ("three scanners and a cat", [("scanners", "printers")]),
        ("a corgi", [("corgi", "dog")]),
        ("a solar panel", [("solar panel", "sun")]),
        ("a corgi piano", [("corgi piano", "piano")]),
        ("three red wig pianos", [("wig pianos", "pianos")]),
        ("a folding printer", [("folding printer", "printer")]),
        ("a table tennis table and a cat", [("table tennis table", "ping pong")]),
        ("一个鸡蛋清", [("鸡蛋清", "鸡蛋")]),
        ("红色的头发", [("头发", "假发")]),
        ("一辆商务车", [("商务车", "汽车")]),
    ],
)
def test_the_nearest_thing_is_drawn(
    prompt: str, expected: list[tuple[str, str]], vocabulary: Vocabulary
) -> None:
    assert drawn(prompt, vocabulary) == expected
    assert parse(prompt, vocabulary).scene is not None


@pytest.mark.parametrize(
    "prompt",
    [
        "quantum", "justice", "yesterday", "democracy", "human", "a cat", "the cat barks",
        "I want to corgi", "Harry Corgi", "the cat pianos",
        "somebody folding pianos", "量子", "民主", "一只猫下车", "aunt",
        "没有猫", "没有一只小花猫", "没有商务车", "不要任何猫", "无猫", "零只猫", "0只花猫",
        "不是商务车", "zero corgi", "no corgi",
    ],
)  # fmt: skip
def test_nothing_is_near(prompt: str, vocabulary: Vocabulary) -> None:
    assert drawn(prompt, vocabulary) == []


def test_what_has_a_name_from_elsewhere_is_no_kind(vocabulary: Vocabulary) -> None:
    understood = parse("a wig chip", vocabulary)
    assert understood.nearest == () and understood.unread == ("wig",)


def test_a_kind_takes_nobody_out(vocabulary: Vocabulary) -> None:
    scene = parse("a cat folding cars", vocabulary).scene
    assert scene is not None
    assert [item.name for item in scene.objects] == ["cat", "car"]


def test_several_stay_several_and_keep_what_is_said_of_them(vocabulary: Vocabulary) -> None:
    scene = parse("three red corgis", vocabulary).scene
    assert scene is not None
    (dog,) = scene.objects
    assert (dog.name, dog.count, dog.colour) == ("dog", 3, "red")


def test_a_model_without_the_nearest_gets_none() -> None:
    only_cats = Vocabulary.from_text("cat | 猫 | animal")
    assert nearest_name("scanner", only_cats, "en") is None
    assert nearest_name("头发", only_cats, "zh") is None


def test_what_was_drawn_is_said(vocabulary: Vocabulary) -> None:
    plan = plan_prompt("a scanner", vocabulary)
    assert plan.nearest == (Nearest("scanner", "printer", "printer"),)
    assert "drew a printer for 'scanner'" in unread_in_words("a scanner", plan)
    assert plan.unread == ()


def test_every_name_of_the_tables_is_one_word_or_phrase() -> None:
    for table in ("everyday_en", "everyday_zh", "nearest_by_hand", "nearest_en", "heads_zh"):
        rows = list(read_table(f"planning/{table}.txt"))
        assert all(len(row) > 1 and all(row) for row in rows), table
        first = [row[0] for row in rows]
        assert len(first) == len(set(first)), table


def test_everyday_words_name_what_is_known() -> None:
    known = Vocabulary.from_text("pig | 猪 | animal\nwooden crate | 木箱 | object")
    assert known.words_en["swine"] == "pig" and known.words_en["crates"] == "wooden crate"
    assert known.words_zh["公猪" if "公猪" in known.words_zh else "猪"] == "pig"
    scene = parse("two crates", known).scene
    assert scene is not None and scene.objects[0].count == 2


def test_a_word_means_the_thing_of_that_very_name() -> None:
    known = Vocabulary.from_text("classical building | 古典建筑 | place\ntemple | 庙 | place")
    assert known.words_en["temple"] == "temple"
