"""Captions: both languages, repeatable, and nothing in them that the record does not say."""

import random

from dall_e.data.captions import PROBABILITIES, plain_caption, training_caption
from dall_e.text.tables import read_table

CAT = {
    "en": "cat face",
    "zh": "猫脸",
    "kind": "animal",
    "en_keywords": ["cat", "kitty", "love"],
    "zh_keywords": ["宠物"],
    "style_en": "flat style",
    "style_zh": "扁平风格",
    "colour": "orange",
}


def captions(record: dict[str, object], count: int = 400) -> list[str]:
    return [training_caption(record, random.Random(seed)) for seed in range(count)]


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def test_the_same_random_state_gives_the_same_caption() -> None:
    assert captions(CAT) == captions(CAT)


def test_half_are_chinese_and_about_half_name_the_style() -> None:
    made = captions(CAT)
    assert 0.4 < sum(map(is_chinese, made)) / len(made) < 0.6
    assert 0.3 < sum("style" in text or "风格" in text for text in made) / len(made) < 0.6
    assert {"cat face", "a cat face", "cat", "猫脸", "小猫"} <= set(made)


def test_colour_is_said_now_and_then_and_never_twice() -> None:
    made = captions(CAT)
    assert any(text.startswith("an orange cat") for text in made) and any(
        "橙色的猫脸" in text for text in made
    )
    assert not any(
        "orange" in text for text in captions({**CAT, "en": "black cat", "colour": "grey"})
    )
    assert not any("orange" in text or "橙" in text for text in captions({**CAT, "colour": ""}))


def test_a_misleading_chinese_name_is_never_used() -> None:
    llama = {"en": "llama", "zh": "美洲鸵", "kind": "animal"}
    assert plain_caption(llama, "zh") == "羊驼" and not any(
        "美洲鸵" in text for text in captions(llama)
    )


def test_weak_keywords_are_never_used() -> None:
    assert not any("love" in text for text in captions(CAT))


def test_without_trusted_chinese_all_is_english() -> None:
    assert not any(map(is_chinese, captions({**CAT, "zh": "", "zh_keywords": []})))


def test_articles_fit_the_name() -> None:
    def starts(en: str, kind: str) -> set[str]:
        record = {"en": en, "zh": "", "kind": kind}
        return {text for text in captions(record, 60)}

    assert starts("igloo", "place") == {"igloo", "an igloo"}
    assert starts("unicorn", "animal") == {"unicorn", "a unicorn"}
    assert starts("rain", "weather") == {"rain"}
    assert starts("olives", "food") == {"olives"}
    assert starts("flag of France", "flag") == {"flag of France"}


def test_chinese_measure_words_fit() -> None:
    def made(zh: str, kind: str) -> set[str]:
        return set(captions({"en": "x", "zh": zh, "kind": kind}))

    assert "一匹马" in made("马", "animal") and "一只兔子" in made("兔子", "animal")
    assert "一辆自行车" in made("自行车", "vehicle") and "一朵玫瑰" in made("玫瑰", "plant")


def fraction(record: dict[str, object], *words: str, count: int = 2000) -> float:
    """Fraction of a record's captions that have one of the words."""
    return sum(any(word in text for word in words) for text in captions(record, count)) / count


def test_what_a_thing_is_called_is_drawn_with_the_stated_probabilities() -> None:
    car = {
        "en": "automobile",
        "zh": "",
        "kind": "vehicle",
        "en_synonyms": ["motorcar"],
        "en_hypernyms": ["vehicle"],
        "en_keywords": ["red", "drive"],
    }
    named = 1 - PROBABILITIES.keywords_only
    assert abs(fraction(car, "motorcar") - named * PROBABILITIES.synonym) < 0.02
    assert abs(fraction(car, "vehicle") - named * PROBABILITIES.hypernym) < 0.015
    automobile = named * (
        1 - PROBABILITIES.everyday - PROBABILITIES.synonym - PROBABILITIES.hypernym
    )
    assert abs(fraction(car, "automobile") - automobile) < 0.04
    keywords = PROBABILITIES.keywords_only + named * PROBABILITIES.with_keywords
    assert abs(fraction(car, "red", "drive") - keywords) < 0.03
    assert 0 < PROBABILITIES.hypernym < PROBABILITIES.synonym < PROBABILITIES.everyday < 0.5


def test_style_colour_language_and_mixing_are_drawn_with_the_stated_probabilities() -> None:
    made = captions(CAT, 2000)
    mixed = [
        text
        for text in made
        if is_chinese(text) and any(word in text for word in ("cat", "kit", "style"))
    ]
    assert abs(len(mixed) / 2000 - PROBABILITIES.mixed) < 0.02
    assert any("cat" in text and "风格" in text for text in mixed) and any(
        "一只" in text for text in mixed
    )
    assert abs(fraction(CAT, "style", "风格") - PROBABILITIES.style) < 0.05
    named = 1 - PROBABILITIES.keywords_only
    assert abs(fraction({**CAT, "zh": ""}, "orange") - named * PROBABILITIES.colour) < 0.04
    emoji = {**CAT, "zh": "", "hex": "1F431"}
    assert abs(fraction(emoji, "emoji") - PROBABILITIES.style * PROBABILITIES.medium) < 0.025


def test_a_word_is_dropped_now_and_then_but_none_that_carries_the_meaning() -> None:
    fish = {"en": "fish cake with swirl", "zh": "", "kind": "food"}
    made = captions(fish, 2000)
    dropped = {text for text in made if "fish cake with swirl" not in text}
    assert dropped == {"fish cake swirl", "a fish cake swirl"}  # never "fish with swirl"
    assert abs(sum(text in dropped for text in made) / 2000 - PROBABILITIES.word_drop) < 0.02
    for name, kind in (
        ("face without mouth", "face"),
        ("fox with nine tails", "animal"),
        ("flag of North Korea", "flag"),
        ("zeppelin", "vehicle"),
    ):
        assert all(name in text for text in captions({"en": name, "zh": "", "kind": kind}, 500))
    hair = {"en": "x", "zh": "戴帽子的人", "kind": "person"}
    assert "戴帽子人" in set(captions(hair, 1000)) and "不是猫的狗" in set(
        captions({**hair, "zh": "不是猫的狗"})
    )


def test_everyday_words_are_learnt_in_both_languages() -> None:
    def words(en: str, zh: str, kind: str) -> str:
        return " | ".join(captions({"en": en, "zh": zh, "kind": kind}, 600))

    cat, dog = words("cat face", "猫脸", "animal"), words("dog", "狗", "animal")
    assert "kitty" in cat and "kitten" in cat and "小猫" in cat
    assert "puppy" in dog and "小狗" in dog
    car = words("automobile", "汽车", "vehicle")
    assert "a car" in car and "automobile" in car and "小汽车" in car
    assert "bike" in words("bicycle", "自行车", "vehicle") and "单车" in words(
        "bicycle", "自行车", "vehicle"
    )
    assert "plane" in words("airplane", "飞机", "vehicle") and "TV" in words(
        "television", "电视机", "object"
    )


def test_no_caption_is_blank_or_ragged() -> None:
    records = [
        {"en": row[0], "zh": "", "kind": "object"} for row in read_table("text/synonyms_en.txt")
    ]
    records += [
        {"en": "x", "zh": row[0], "kind": "object", "colour": "red"}
        for row in read_table("text/synonyms_zh.txt")
    ]
    for record in records:
        for text in captions(record, 6):
            assert text and text == text.strip() and "  " not in text and "!" not in text


def test_a_user_s_own_caption_is_left_alone() -> None:
    assert (
        set(captions({"text": "my dog Rex"}, 20))
        == {"my dog Rex"}
        == {plain_caption({"text": "my dog Rex"}, "zh")}
    )
    assert (
        plain_caption(CAT, "zh") == "猫脸" and plain_caption({**CAT, "zh": ""}, "zh") == "cat face"
    )


def test_other_words_can_be_left_out() -> None:
    record = {
        "en": "automobile",
        "zh": "",
        "kind": "vehicle",
        "en_synonyms": ["motorcar"],
        "en_hypernyms": ["vehicle"],
    }
    said = {training_caption(record, random.Random(seed), other_words=0.0) for seed in range(300)}
    assert said <= {"automobile", "an automobile"}
    with_them = {training_caption(record, random.Random(seed)) for seed in range(300)}
    assert {"a car", "a motorcar", "a vehicle"} <= with_them
    # One share means what it always meant, draw by draw.
    assert all(
        training_caption(record, random.Random(seed), other_words=1.0)
        == training_caption(record, random.Random(seed))
        for seed in range(50)
    )
