"""Ideas become what stands for them, and roundabout words what they mean."""

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.ideas import idea_of, in_other_words
from dall_e.text.tables import read_table


@pytest.mark.parametrize(
    ("said", "drawn"),
    [
        ("never give up", "man hiking on a mountaintop"),
        ("the feeling of freedom", "a bird flying over the sea"),
        ("good luck!", "four leaf clover"),
        ("a card for mum", "woman holding a baby"),
        ("feeling lonely", "a man sitting on a bench under a full moon"),
        ("world cup poster", "a trophy and a soccer ball"),
        ("good luck charm bracelet", ""),
        ("a lonely cat", ""),
    ],
)
def test_ideas_in_english(said: str, drawn: str) -> None:
    assert idea_of(said, "en") == drawn


@pytest.mark.parametrize(
    ("said", "drawn"),
    [
        ("一个人的孤独", "a man sitting on a bench under a full moon"),
        ("自由的感觉", "a bird flying over the sea"),
        ("七夕快乐", "a bouquet and a red heart"),
        ("给妈妈的母亲节贺卡", "woman holding a baby"),
        ("一只孤独的猫", ""),
    ],
)
def test_ideas_in_chinese(said: str, drawn: str) -> None:
    assert idea_of(said, "zh") == drawn


def test_an_idea_is_in_one_row_only() -> None:
    for column in (0, 1):
        words = [
            word.strip()
            for row in read_table("text/ideas.txt")
            for word in row[column].split(",")
            if word.strip()
        ]
        assert len(words) == len(set(words)), sorted(w for w in words if words.count(w) > 1)


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("not a dog, a wolf", "a wolf"),
        ("a toaster shooting out stars instead of bread", "stars above a toaster"),
        ("a kitchen with nobody in it", "a kitchen"),
        ("a cat on a windowsill, rain outside", "a cat on a windowsill in the rain"),
        ("a sofa, snow outside", "a sofa by the window in the snow"),
        ("a park with falling leaves", "a park in autumn"),
        ("two teacups in love", "two lovestruck teacups and a red heart"),
        ("robot giving a flower to a girl", "robot holding a flower and a girl"),
        ("a snowman on vacation", "a snowman on the beach"),
        ("a dog and a cat", "a dog and a cat"),
        ("no people", "no people"),
    ],
)
def test_other_words_in_english(said: str, plain: str) -> None:
    assert in_other_words(said, "en") == plain


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("不是狗，是狼", "狼"),
        ("教室里空无一人", "教室"),
        ("满天星星的草原", "星空下的草原"),
        ("五只鸭子排队坐公交车", "公交站的五只鸭子"),
        ("度假的雪人", "在海边的雪人"),
        ("一只猫", "一只猫"),
    ],
)
def test_other_words_in_chinese(said: str, plain: str) -> None:
    assert in_other_words(said, "zh") == plain


def test_an_idea_is_read_as_what_stands_for_it(vocabulary: Vocabulary) -> None:
    understood = parse("Earth Day", vocabulary)
    assert understood.text.lower() == "earth day" and understood.scene is not None
    assert understood.scene.objects[0].condition == "smiling"
