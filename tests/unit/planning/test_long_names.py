"""Names as long as a sentence are found whole, with other articles, too."""

import pytest

from dall_e.planning.acts import with_pictured_acts, without_own_parts
from dall_e.planning.long_names import long_names, with_long_name
from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import is_chinese

VOCABULARY = Vocabulary.from_text(
    """
    duck | 鸭子 | animal
    cat | 猫 | animal
    bride | 新娘 | person
    woman | 女人 | person
    mother duck | 鸭妈妈和宝宝 | animal
    flower | 花 | plant
    mother duck followed by five ducklings | 带着五只小鸭的鸭妈妈 | animal
    bride throwing her bouquet | 抛捧花的新娘 | person | - | bride tossing a bouquet | 新娘扔捧花
    woman doing yoga | 做瑜伽的女人 | person
    cats fighting over a fish | 抢鱼的猫 | animal | - | two cats fighting over a fish | 两只猫抢鱼
    rope that a ship is tied with | 系船的绳子 | object
    """
)


def spelled(prompt: str) -> str:
    return with_long_name(prompt, VOCABULARY, "zh" if is_chinese(prompt) else "en")


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("the bride is throwing a bouquet", "the bride throwing her bouquet"),
        ("a bride tossing the bouquet in a park", "a bride tossing a bouquet in a park"),
        ("新娘在扔捧花", "抛捧花的新娘"),
        ("一位抛捧花的新娘", "抛捧花的新娘"),
    ],
)
def test_little_words_do_not_matter(prompt: str, named: str) -> None:
    assert spelled(prompt) == named


@pytest.mark.parametrize(
    "prompt",
    [
        "a bride throwing a ball",
        "a bride, throwing her bouquet",
        "woman doing yoga",
        "a rope that the ship is tied with",
        "新娘和猫",
    ],
)
def test_other_prompts_stay(prompt: str) -> None:
    assert spelled(prompt) == prompt


def test_rules_leave_a_long_name_whole() -> None:
    text = "a mother duck followed by five ducklings"
    assert long_names(text, VOCABULARY, "en") == [(2, len(text), text.removeprefix("a "))]
    assert with_pictured_acts(text, VOCABULARY, "en") == text
    assert without_own_parts(text, VOCABULARY, "en") == text
    assert long_names("a cat on a rope that a ship is tied with", VOCABULARY, "en") == []


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("mother duck followed by five ducklings", "mother duck followed by five ducklings"),
        ("a duck with three ducklings", "mother duck"),
        ("a woman doing yoga", "woman doing yoga"),
        ("two cats fighting over one fish", "cats fighting over a fish"),
        ("两只猫在抢鱼", "cats fighting over a fish"),
        ("带着五只小鸭的鸭妈妈", "mother duck followed by five ducklings"),
    ],
)
def test_what_is_read(prompt: str, name: str) -> None:
    scene = parse(prompt, VOCABULARY).scene
    assert scene is not None and [(item.count, item.name) for item in scene.objects] == [(1, name)]
