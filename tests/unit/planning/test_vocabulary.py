"""What a model knows comes from the captions it was trained on, and lies in its folder."""

from pathlib import Path
from typing import Any

import pytest

from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.vocabulary_rows import KnownName
from dall_e.scenes.vocabulary import things


def record(name: str, zh: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"en": name, "zh": zh, "kind": kind, "source": "house", "name": name, **more}


RECORDS = [
    record("ghost", "鬼", "face"),
    record("cat", "猫", "animal"),
    record("black cat", "黑猫", "animal"),
    record("automobile", "汽车", "vehicle"),
    record("sun behind cloud", "云后的太阳", "weather"),
    record("thumbs up: dark skin tone", "拇指向上: 较深肤色", "hand", tone="dark"),
    record("letter A", "字母A", "letter"),
    record("wordless", "", "object"),
    record("#hashtag", "话题", "object"),
    record("two lines", "两\n行", "object"),
    record("bar", "一|二", "object"),
    record("zombie", "僵尸", "person", source="other", weight=0.5),
    {"text": "my holiday"},
]


def test_names_come_from_captions() -> None:
    known = Vocabulary.from_captions(RECORDS, composed=True)
    assert list(known.table_things) == ["cat", "car"]
    assert list(known.single_things) == ["black cat", "automobile", "sun behind cloud", "ghost"]
    assert known.comes_in("cat", "black") and not known.comes_in("cat", "white")
    assert known.comes_in("black cat", "black")
    assert known.acts("cat", "sleeping") and not known.acts("car", "sleeping")
    assert not Vocabulary.from_captions(RECORDS).acts("cat", "sleeping")
    assert not Vocabulary.from_captions([{"text": "my holiday"}]).has_things


def test_fault_training_03_a_makers_captions_are_known_as_they_are(tmp_path: Path) -> None:
    own = [{"text": text} for text in ("A car.", "a  Red | blue\ncar", "# one", "一只猫。", " ")]
    known = Vocabulary.from_captions([*RECORDS, *own])
    (tmp_path / "vocabulary.txt").write_text(known.to_text(), encoding="utf-8")
    loaded = Vocabulary.load(tmp_path / "vocabulary.txt")
    assert loaded.captions == known.captions and len(known.captions) == 5
    assert Vocabulary.load(tmp_path / "vocabulary.txt") is loaded, "its words are found once"
    for record in own[:4]:
        assert loaded.is_caption(record["text"]), record
    assert loaded.is_caption("a CAR") and not loaded.is_caption("car")
    assert list(loaded.table_things) == ["cat", "car"] and loaded.has_things


def test_sets_of_one_style_are_known_together_and_words_written_by_hand_count() -> None:
    words = {"en_keywords": ["bar stool", "a, b"], "zh_keywords": ["板凳"]}
    house = {"style_en": "house style"}
    known = Vocabulary.from_captions(
        [
            {**record("ghost", "鬼", "face"), **house, "en_keywords": ["spooky"]},
            {
                **record("stool", "凳子", "object", source="own"),
                **house,
                **words,
                "zh_source": "hand",
            },
            {**record("zombie", "僵尸", "person"), "style_en": "other style"},
        ]
    )
    assert list(known.single_things) == ["stool", "ghost"]
    assert known.words_en["bar stool"] == known.words_zh["板凳"] == "stool"
    assert "spooky" not in known.words_en
    assert "stool | 凳子 | object | - | bar stool | 板凳\n" in known.to_text()
    assert Vocabulary.from_text(known.to_text()).words_zh == known.words_zh


def test_a_file_holds_it(tmp_path: Path) -> None:
    known = Vocabulary.from_captions(RECORDS, composed=True)
    (tmp_path / "vocabulary.txt").write_text(known.to_text(), encoding="utf-8")
    loaded = Vocabulary.load(tmp_path / "vocabulary.txt")
    assert loaded.to_text() == known.to_text() and loaded.words_en == known.words_en
    assert "cat | 猫 | animal | black playing sleeping" not in known.to_text()
    assert "cat | 猫 | animal | black sleeping playing" in known.to_text()


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("cat | 猫", "row 'cat | 猫' has 2 cells"),
        ("cat | | animal", "it needs an English name, a Chinese name and a kind"),
        ("cat | 猫 | animal | mauve", "row 'cat' names mauve: known are red"),
    ],
)
def test_a_row_that_is_none_is_named(row: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "vocabulary.txt").write_text(row, encoding="utf-8")
    with pytest.raises(ValueError, match=problem) as caught:
        Vocabulary.load(tmp_path / "vocabulary.txt")
    assert str(tmp_path) in str(caught.value)


def test_the_built_in_model_knows_everything_that_scenes_are_made_of(
    vocabulary: Vocabulary,
) -> None:
    assert vocabulary.table_things == things()
    assert len(vocabulary.single_things) > 1000
    assert not vocabulary.single_things.keys() & things().keys()
    assert vocabulary.thing("cat") is things()["cat"] and vocabulary.thing("ghost").zh == "鬼"
    assert "air" in vocabulary.thing("shooting star").traits
    assert not vocabulary.thing("ghost").traits
    assert vocabulary.knows("cat") and not vocabulary.knows("entanglement")
    with pytest.raises(KeyError):
        vocabulary.thing("entanglement")


def test_every_word_for_a_thing_is_known() -> None:
    known = Vocabulary(
        [KnownName("cat", "猫", "animal"), KnownName("woman with veil", "戴头纱的女人", "person")]
    )
    assert {"cat", "cats", "kitty", "kittens"} <= known.words_en.keys()
    assert known.words_en["women with veil"] == "woman with veil"
    assert known.words_zh["小猫"] == "cat"
    assert known.how_many("cats", "cat") == 3 and known.how_many("cat", "cat") == 1
    assert known.is_plural("cats", "cat") and not known.is_plural("cat", "cat")


def test_planned_things_bring_what_is_known_of_them(vocabulary: Vocabulary) -> None:
    cat, ghost = vocabulary.planned("cat", count=2), vocabulary.planned("ghost", colour="pink")
    assert cat.image is None and cat.count == 2 and cat.thing is things()["cat"]
    assert ghost.thing.zh == "鬼" and ghost.colour == "pink"


@pytest.mark.parametrize(
    "row",
    [
        "stool | 凳子 | object | - | wooden stool, bar stool | 板凳, 圆凳",
        "stool | 凳子 | object | - | - | 板凳",
        "stool | 凳子 | object | red | bar stool",
        "stool | 凳子 | object",
    ],
)
def test_other_words_are_kept_by_the_file(row: str) -> None:
    known = Vocabulary.from_text(row)
    assert row in known.to_text().splitlines()
    expected = [word.strip() for cell in row.split(" | ")[4:] for word in cell.split(",")]
    for word in filter("-".__ne__, expected):
        names = known.words_en if word.isascii() else known.words_zh
        assert names[word] == "stool"
    if "bar stool" in expected:
        assert known.words_en["bar stools"] == "stool" and known.how_many("bar stools", "stool") > 1
    assert "" not in known.words_en and "-" not in {*known.words_en, *known.words_zh}


def test_a_name_of_its_own_wins_over_another_things_word() -> None:
    known = Vocabulary.from_text(
        "spell book | 魔法书 | object | - | grimoire, magic book | 咒语书\n"
        "grimoire | 魔导书 | object\n"
    )
    # Names are looked at row by row, with their other words.
    assert known.words_en["magic book"] == known.words_zh["咒语书"] == "spell book"
    assert known.words_zh["魔导书"] == "grimoire"


def test_more_cells_than_a_row_has_are_refused() -> None:
    with pytest.raises(ValueError, match="has 7 cells"):
        Vocabulary.from_text("a | 甲 | object | - | b | 乙 | c")
