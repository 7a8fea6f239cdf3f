"""Compound nouns, containers, what is said of things, and who does what with which thing."""

import pytest

from dall_e.planning.parser import Parse, parse
from dall_e.planning.plan import plan_prompt
from dall_e.planning.renderer import as_relation
from dall_e.planning.spelling import Spelling
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.vocabulary_rows import KnownName
from dall_e.scenes.graph import Action

_ANIMALS = ("cat", "dog", "bird", "panda")
_ZH = {"cat": "猫", "dog": "狗", "bird": "鸟", "panda": "熊猫"}


@pytest.fixture(scope="module")
def posed() -> Vocabulary:
    """A model that knows animals in states and poses, and some compounds."""
    rows = [KnownName(name, _ZH[name], "animal") for name in _ANIMALS]
    for state in ("sleeping", "eating", "holding", "sitting", "standing", "flying"):
        rows += [KnownName(f"{state} {name}", f"{state}{name}", "animal") for name in _ANIMALS]
    rows += [
        KnownName("fish", "鱼", "animal"),
        KnownName("bone", "骨头", "food"),
        KnownName("chair", "椅子", "object"),
        KnownName("bicycle", "自行车", "vehicle"),
        KnownName("light bulb", "灯泡", "object"),
        KnownName("desk", "书桌", "object"),
        KnownName("desk lamp", "台灯", "object"),
        KnownName("lamp", "灯", "object"),
        KnownName("bow tie", "领结", "object"),
        KnownName("chick", "小鸡", "animal"),
        KnownName("chicken", "鸡", "animal"),
        KnownName("man", "男人", "person"),
        KnownName("old man", "老人", "person"),
        KnownName("man with beard", "大胡子男人", "person"),
        KnownName("bowl of soup", "一碗汤", "food", frozenset(), ("soup",), ("汤",)),
        KnownName("perfume bottle", "香水", "object", frozenset(), ("perfume",)),
        KnownName("basket", "篮子", "object"),
        KnownName("carrot", "胡萝卜", "food"),
        KnownName("cookie", "饼干", "food"),
        KnownName("boot", "靴子", "object"),
        KnownName("gloves", "手套", "object"),
        KnownName("top hat", "礼帽", "object"),
        KnownName("bouquet", "花束", "plant"),
        KnownName("rose", "玫瑰", "plant"),
    ]
    return Vocabulary(rows)


def told(read: Parse) -> str:
    """What a scene shows and who does what, in a line."""
    if read.scene is None:
        return ""
    items = []
    for item in read.scene.objects:
        words = (item.size, item.colour, item.material, item.pattern, item.name)
        count = f"*{item.count}" if item.count > 1 else ""
        parts = "".join(f" {part}:{colour}" for part, colour in item.parts)
        items.append(" ".join(filter(None, words)) + parts + count)
    deeds = [f"{subject} {verb} {thing}" for subject, verb, thing in read.scene.actions]
    return "; ".join([" + ".join(items), *deeds])


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        # The head of a compound stands last; longer names win.
        ("a desk lamp", "desk lamp"),
        ("a red desk lamp for me", "red desk lamp"),
        ("a chair lamp for me", "lamp"),
        # A picture of the whole, else a container with its content, else the content
        ("a bowl of soup", "bowl of soup"),
        ("一碗汤", "bowl of soup"),
        ("two bottles of perfume", "perfume bottle*2"),
        ("a basket of carrots", "basket + carrot; 0 full of 1"),
        ("一篮胡萝卜", "basket + carrot; 0 full of 1"),
        ("a plate of cookies", "cookie*3"),
        ("a slice of carrot", "carrot"),
        ("a pair of boots", "boot*2"),
        ("一双靴子", "boot*2"),
        ("a pair of gloves", "gloves"),
        ("a bunch of roses", "rose + rose*2; 0 bunched with 1"),
        ("一束玫瑰", "rose + rose*2; 0 bunched with 1"),
        ("a flock of birds", "bird*5"),
        ("a slice of a slice of a carrot", "carrot"),
        # What is said of a thing
        ("a wooden chair", "wood chair"),
        ("木头的椅子", "wood chair"),
        ("木椅子", "wood chair"),
        ("a striped bow tie", "striped bow tie"),
        ("a polka dot bow tie", "dotted bow tie"),
        ("条纹领结", "striped bow tie"),
        ("金色的靴子", "gold boot"),
        ("an enormous carrot", "big carrot"),
        ("a baby chicken", "chick"),
        ("a baby panda", "panda"),
        ("a baby panda beside a chair", "small panda + chair"),
        ("an old man", "old man"),
        ("a man with a long white beard", "man with beard beard:white"),
        ("白胡子的男人", "man with beard beard:white"),
        ("a red-haired man", "man hair:red"),
        # States have pictures, before and behind the noun.
        ("a sleeping panda", "sleeping panda"),
        ("a panda that is asleep", "sleeping panda"),
        ("a bird flying over me", "flying bird"),
        # Who does what
        ("a cat eating a fish", "eating cat"),
        ("a cat eating a carrot", "holding cat + carrot; 0 eating 1"),
        ("a dog with a fish in its mouth", "sitting dog + fish; 0 biting 1"),
        ("a dog holding three bones", "holding dog + bone*3; 0 holding 1"),
        ("a carrot with a top hat", "carrot + top hat; 0 wearing 1"),
        ("a desk with a top hat", "top hat + desk"),
        ("two dogs in bow ties", "standing dog*2 + bow tie; 0 wearing 1"),
        ("拿着骨头的狗", "bone + holding dog; 1 holding 0"),
        ("戴着领结和手套的狗", "bow tie + gloves + standing dog; 2 wearing 0; 2 wearing 1"),
        ("骑自行车的熊猫", "bicycle + sitting panda; 1 riding 0"),
        ("坐在椅子上的猫", "chair + sitting cat; 1 sitting on 0"),
        ("a man with two dogs", "man + dog*2"),
        ("a desk with a lamp", "lamp + desk"),
    ],
)  # fmt: skip
def test_reading(prompt: str, expected: str, posed: Vocabulary) -> None:
    assert told(parse(prompt, posed)) == expected


@pytest.mark.parametrize(
    ("prompt", "expected", "unread"),
    [
        ("a baby panda", "panda", ()),
        ("an old chair", "chair", ("old",)),
        ("a red blue chair", "blue chair", ("red",)),
        ("0 cats", "", ("0", "cats")),
        ("-3 cats", "cat*3", ("−",)),
        ("3.5 cats", "cat*3", ("3.5",)),
        ("1,000 cats", "cat*12", ("1,000",)),
        ("a dozen cats", "cat*12", ()),
        ("一千只猫", "cat*12", ("一千只",)),
        ("一打骨头", "bone*12", ()),
        ("没有猫", "", ("没有猫",)),
        ("only wooden", "", ("only", "wooden")),
        ("running", "", ("running",)),
        ("a cat 和一只狗", "cat + dog", ("a",)),
        ("the carrot of the chair of the cat", "carrot + chair + cat", ("of", "of")),
    ],
)
def test_what_is_not_drawn_is_told(
    prompt: str, expected: str, unread: tuple[str, ...], posed: Vocabulary
) -> None:
    read = parse(prompt, posed)
    assert told(read) == expected
    assert set(read.unread) == set(unread)


@pytest.mark.parametrize(
    ("prompt", "expected", "mended"),
    [
        ("a wodden chair", "wood chair", (("wodden", "wooden"),)),
        ("a bicylce", "bicycle", (("bicylce", "bicycle"),)),
        ("twocats", "cat*2", (("twocats", "two cats"),)),
        # Of another language, most words are unknown.
        ("ein chairr und kott", "", ()),
        ("a chain", "", ()),
    ],
)
def test_wrong_letters_are_read_and_told(
    prompt: str, expected: str, mended: tuple[tuple[str, str], ...], posed: Vocabulary
) -> None:
    read = parse(prompt, posed)
    assert (told(read), read.mended) == (expected, mended)


def test_only_one_word_may_be_meant() -> None:
    spelling = Spelling(["tiger", "tigers", "candle", "candie"])
    assert spelling.meant("tigre") == "tiger" and spelling.meant("tigrs") == "tigers"
    assert spelling.meant("candfe") == "" and spelling.meant("tgr") == ""
    assert spelling.meant("bandle") == "" and spelling.meant("tiger") == ""


def test_a_word_with_something_near_is_not_misspelt() -> None:
    spelling = Spelling(["corgy", "corgys"])
    assert spelling.meant("corgi") == spelling.meant("corgis") == ""
    assert spelling.meant("corgg") == "corgy"


@pytest.mark.parametrize("prompt", ["ÀRATÀ", "Çatç", "un canéfox"])
def test_no_name_is_read_inside_of_a_word(prompt: str, vocabulary: Vocabulary) -> None:
    read = parse(prompt, vocabulary)
    assert read.scene is None and read.unread == tuple(prompt.split())


def test_names_with_accents_are_read(vocabulary: Vocabulary) -> None:
    scene = parse("I see two piñatas, then a dog", vocabulary).scene
    assert scene is not None
    assert [(item.name, item.count) for item in scene.objects] == [("piñata", 2), ("dog", 1)]


def test_inside_of_a_word_of_another_script_nothing_is_certain(vocabulary: Vocabulary) -> None:
    read = parse("αratα", vocabulary)
    assert read.scene is None or read.coverage == 0


def test_everyday_words_are_not_misspelt(vocabulary: Vocabulary) -> None:
    for word in ("later", "matter", "stand", "coarse", "bandana"):
        assert parse(f"a dog {word}", vocabulary).mended == ()


def test_pixels_show_who_does_what_as_a_relation(posed: Vocabulary) -> None:
    """Without anchors what is worn is on its owner, and who rides is on the other."""

    def as_drawn(prompt: str) -> tuple[list[str], str, tuple[int, ...]]:
        scene = parse(prompt, posed).scene
        assert scene is not None and scene.actions
        drawn, order = as_relation(scene)
        assert drawn.actions == ()
        return [item.name for item in drawn.objects], drawn.relation, order

    assert as_drawn("a dog in a bow tie") == (["bow tie", "standing dog"], "on", (1, 0))
    assert as_drawn("骑自行车的狗") == (["sitting dog", "bicycle"], "on", (1, 0))
    assert as_drawn("a basket of carrots") == (["carrot", "basket"], "inside", (1, 0))
    assert as_drawn("a dog with a bow tie and gloves")[1:] == ("", (0, 1, 2))


def test_who_is_on_a_bicycle_rides_it(posed: Vocabulary) -> None:
    plan = plan_prompt("a cat on a bicycle", posed)
    assert plan.scene is not None and not plan.scene.relation
    assert plan.scene.actions == (Action(0, "riding", 1),)
    plan = plan_prompt("a cat on a chair", posed)
    assert plan.scene is not None and plan.scene.relation == "on" and not plan.scene.actions


def test_words_spelled_right_are_not_mended(vocabulary: Vocabulary) -> None:
    known = Spelling(["price", "quilt", "tomato"])
    assert [known.meant(word) for word in ("prize", "quiet", "tomatoo")] == ["", "", "tomato"]


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("a cat looking at a lemon", "lemon, cat left"),
        ("小猫看着柠檬", "lemon, cat left"),
        ("a house in blue", "house blue"),
        ("a blue coin with a cat", "coin blue, cat coin printed with cat"),
        ("seamless pattern of lemons", "lemon*6"),
        ("lemon pattern", "lemon*6"),
        ("柠檬图案", "lemon*6"),
        ("a lemon pattern box", "box, lemon box printed with lemon"),
        ("lemon bread", "lemon, bread"),
    ],
)
def test_looks_and_patterns(prompt: str, said: str, vocabulary: Vocabulary) -> None:
    scene = parse(prompt, vocabulary).scene
    assert scene is not None
    things = [
        f"{item.thing.name}{f'*{item.count}' if item.count > 1 else ''} {item.colour}".strip()
        for item in scene.objects
    ]
    names = [item.thing.name for item in scene.objects]
    done = [f"{names[each.subject]} {each.verb} {names[each.thing]}" for each in scene.actions]
    assert " ".join(filter(None, (", ".join(things), scene.relation, *done))) == said


def test_a_fruit_basket_is_a_basket_of_fruit() -> None:
    rows = [KnownName("basket of fruit", "一篮水果", "food"), KnownName("basket", "篮子", "object")]
    known = Vocabulary(rows)
    assert told(parse("a fruit basket", known)) == "basket of fruit"
    assert told(parse("a yarn basket", known)) == "basket"
