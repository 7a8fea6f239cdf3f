"""Names with and without blanks, hyphens and apostrophes, and singulars of plurals."""

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.wording.written_names import with_known_writing

KNOWN = """\
sunglasses | 太阳镜 | object
ice cream | 冰淇淋 | food
jack-o-lantern | 南瓜灯 | object
merry-go-round | 旋转木马 | place
bird's nest | 鸟巢 | object
light bulb | 灯泡 | object
herring | 鲱鱼 | animal
mango | 芒果 | food
bluebell | 蓝铃花 | plant
bell | 铃 | object
dragonfly | 蜻蜓 | animal
dragon | 龙 | animal
butterfly | 蝴蝶 | animal
sandwich | 三明治 | food
castle | 城堡 | place
new years eve | 除夕 | activity
family having new year's eve dinner | 年夜饭 | person
chopsticks | 筷子 | object
french fries | 薯条 | food
shorts | 短裤 | object
man | 男人 | person
cactus | 仙人掌 | plant
camera lens | 镜头 | object
"""


@pytest.fixture(scope="module")
def known() -> Vocabulary:
    return Vocabulary.from_text(KNOWN)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("a pair of sun glasses", "a pair of sunglasses"),
        ("two ice-creams", "two ice creams"),
        ("icecream", "ice cream"),
        ("a jack o lantern and a lightbulb", "a jack-o-lantern and a light bulb"),
        ("a merry go round", "a merry-go-round"),
        ("birds nest", "bird's nest"),
        ("butter flies over a castle", "butterflies over a castle"),
        ("a dragon fly", "a dragonfly"),
    ],
)
def test_a_name_in_another_writing_is_known(said: str, written: str, known: Vocabulary) -> None:
    assert with_known_writing(said, known) == written


@pytest.mark.parametrize(
    "said",
    [
        "her ring", "man go", "a blue bell", "the dragon flies over a castle", "sand, wich",
        "a family having new year's eve dinner", "an ice cream", "a castle and a bell",
        "the castle's bell", "a herring's head",
    ],
)  # fmt: skip
def test_other_words_are_left_alone(said: str, known: Vocabulary) -> None:
    assert with_known_writing(said, known) == said


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("sun glasses", "sunglasses"),
        ("an ice-cream", "ice cream"),
        ("a chopstick", "chopsticks"),
        ("a french fry", "french fries"),
    ],
)
def test_it_is_drawn_as_itself(prompt: str, name: str, known: Vocabulary) -> None:
    understood = parse(prompt, known)
    assert understood.scene is not None
    assert [(item.name, item.count) for item in understood.scene.objects] == [(name, 1)]
    assert understood.unread == () and understood.nearest == ()


def test_what_somebody_does_is_no_thing(known: Vocabulary) -> None:
    both = Vocabulary.from_text(f"{KNOWN}fly | 苍蝇 | animal\n")
    scene = parse("the dragon flies over a castle", both).scene
    assert scene is not None
    assert [item.name for item in scene.objects] == ["dragon", "castle"]


@pytest.mark.parametrize("word", ["short", "cactu", "camera len"])
def test_no_word_is_made_up(word: str, known: Vocabulary) -> None:
    assert word not in known.words_en
