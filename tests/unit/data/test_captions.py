"""Captions: both languages, repeatable, and nothing in them that the record does not say."""

import random

from dall_e.data.captions import plain_caption, training_caption

CAT = {
    "en": "cat face", "zh": "猫脸", "kind": "animal", "en_keywords": ["cat", "kitty", "love"], "zh_keywords": ["宠物"],
    "style_en": "flat style", "style_zh": "扁平风格", "colour": "orange",
}  # fmt: skip


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
    assert any(text.startswith("an orange cat") for text in made) and any("橙色的猫脸" in text for text in made)
    assert not any("orange" in text for text in captions({**CAT, "en": "black cat", "colour": "grey"}))
    assert not any("orange" in text or "橙" in text for text in captions({**CAT, "colour": ""}))


def test_a_misleading_chinese_name_is_never_used() -> None:
    llama = {"en": "llama", "zh": "美洲鸵", "kind": "animal"}
    assert plain_caption(llama, "zh") == "羊驼" and not any("美洲鸵" in text for text in captions(llama))


def test_weak_keywords_are_never_used() -> None:
    assert not any("love" in text for text in captions(CAT))


def test_without_trusted_chinese_all_is_english() -> None:
    assert not any(map(is_chinese, captions({**CAT, "zh": "", "zh_keywords": []})))


def test_articles_fit_the_name() -> None:
    def starts(en: str, kind: str) -> set[str]:
        record = {"en": en, "zh": "", "kind": kind}
        return {text for text in captions(record, 60)}

    assert starts("umbrella", "object") == {"umbrella", "an umbrella"}
    assert starts("unicorn", "animal") == {"unicorn", "a unicorn"}
    assert starts("rain", "weather") == {"rain"}
    assert starts("grapes", "food") == {"grapes"}
    assert starts("flag of France", "flag") == {"flag of France"}


def test_chinese_measure_words_fit() -> None:
    def made(zh: str, kind: str) -> set[str]:
        return set(captions({"en": "x", "zh": zh, "kind": kind}))

    assert "一匹马" in made("马", "animal") and "一只兔子" in made("兔子", "animal")
    assert "一辆自行车" in made("自行车", "vehicle") and "一朵玫瑰" in made("玫瑰", "plant")


def test_a_user_s_own_caption_is_left_alone() -> None:
    assert set(captions({"text": "my dog Rex"}, 20)) == {"my dog Rex"} == {plain_caption({"text": "my dog Rex"}, "zh")}
    assert plain_caption(CAT, "zh") == "猫脸" and plain_caption({**CAT, "zh": ""}, "zh") == "cat face"
