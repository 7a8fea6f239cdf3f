"""The words of a prompt that ask for a style."""

from __future__ import annotations

import time

import pytest

from dall_e.images.effects.catalogue import EFFECTS
from dall_e.planning.drawing_jobs import plan_all
from dall_e.planning.parser import parse
from dall_e.planning.plan import plan_prompt
from dall_e.planning.style_words import effect_named, style_table, without_style
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.vocabulary_rows import KnownName


def test_every_effect_has_words_in_both_languages_and_no_word_means_two() -> None:
    table = style_table()
    assert list(table) == list(EFFECTS)
    for column in (1, 2):
        words = [word.rstrip("*+") for row in table.values() for word in row[column]]
        twice = {word for word in words if words.count(word) > 1} - {"水彩"}
        assert not twice


@pytest.mark.parametrize(
    ("prompt", "rest", "style"),
    [
        ("pixel art of a cat", "a cat", "pixel art"),
        ("a watercolor painting of a rose", "a rose", "watercolour"),
        ("a sticker of a panda", "a panda", "sticker"),
        ("cute sticker of a cat with a white border", "a cat", "sticker"),
        ("A silhouette of a horse", "a horse", "silhouette"),
        ("black and white photo of a dog", "a dog", "black and white"),
        ("a black and white sketch of a dog", "a dog", "sketch"),
        ("a simple logo for a fox", "a fox", "logo"),
        ("a dog icon", "a dog", "icon"),
        ("a pencil drawing of a cat", "a cat", "sketch"),
        ("three cats in ink", "three cats", "ink painting"),
        ("a pixel art castle at night", "a castle at night", "pixel art"),
        ("two watercolor cats", "two cats", "watercolour"),
        ("seven watercolor cats", "seven cats", "watercolour"),
        ("12 watercolor cats", "12 cats", "watercolour"),
        ("a few watercolor cats", "a few cats", "watercolour"),
        ("several watercolor cats", "several cats", "watercolour"),
        ("a cat, oil painting, in the snow", "a cat, in the snow", "oil painting"),
        ("coloring page: a cat", "a cat", "line art"),
        ("Black and White, a cat", "a cat", "black and white"),
        ("水墨画的竹子", "竹子", "ink painting"),
        ("像素猫", "猫", "pixel art"),
        ("两只像素风格的猫", "两只猫", "pixel art"),
        ("十二只像素风格的猫", "十二只猫", "pixel art"),
        ("几只像素风格的猫", "几只猫", "pixel art"),
        ("猫的剪影", "猫", "silhouette"),
        ("猫贴纸", "猫", "sticker"),
        ("一张猫的黑白照片", "猫", "black and white"),
        ("画一幅油画，船", "船", "oil painting"),
        ("简笔画小狗", "小狗", "line art"),
        ("一个苹果的图标", "一个苹果", "icon"),
        ("狐狸标志", "狐狸", "logo"),
        ("素描城堡", "城堡", "sketch"),
        ("水彩风格的玫瑰", "玫瑰", "watercolour"),
    ],
)
def test_a_style_is_found_and_its_words_are_taken_out(
    prompt: str, rest: str, style: str, vocabulary: Vocabulary
) -> None:
    assert without_style(prompt, vocabulary) == (rest, style)
    read = parse(prompt, vocabulary)
    assert (read.style, read.refused_style) == (style, "")
    assert read.text.lower() == rest.lower()


@pytest.mark.parametrize(
    "prompt",
    [
        "a cat", "a line of ducks", "a pencil", "a bottle of ink", "a cat and a sticker", "an icon",
        "a cat with a poster", "a black and white cat", "black and white cat and a red ball",
        "black and white", "x" * 500, "铅笔", "铅笔和橡皮", "贴纸和剪刀", "交通标志", "水墨画",
        "一只黑白猫", "扁平风格的猫", "猫和贴纸", "",
    ],
)  # fmt: skip
def test_other_prompts_are_left_alone(prompt: str, vocabulary: Vocabulary) -> None:
    known = Vocabulary([*vocabulary_rows(), KnownName("traffic sign", "交通标志", "object")])
    for words in (vocabulary, known):
        assert without_style(prompt, words) == (prompt, "") or prompt == "交通标志"
    assert without_style("交通标志", known) == ("交通标志", "")


def vocabulary_rows() -> list[KnownName]:
    return [
        KnownName("cat", "猫", "animal"),
        KnownName("Twemoji style", "Twemoji表情风格", "style"),
        KnownName("flat style", "扁平风格", "style"),
    ]


def test_a_learned_style_of_the_same_words_is_the_models_own() -> None:
    rows = [KnownName("cat", "猫", "animal"), KnownName("line art", "线稿", "style")]
    vocabulary = Vocabulary(rows)
    for prompt in ("a cat, line art", "line art of a cat", "猫的线稿"):
        assert without_style(prompt, vocabulary).style == ""
    assert without_style("a cat, pixel art", vocabulary).style == "pixel art"


def test_a_long_prompt_takes_no_time(vocabulary: Vocabulary) -> None:
    long = ["pixel " * 66, "a cat, " * 57, "in a " * 80, "的猫，" * 130, "一张" * 200]
    start = time.process_time()
    for prompt in long:
        without_style(prompt, vocabulary)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("pixel art", "pixel art"),
        ("Watercolor painting", "watercolour"),
        ("水墨", "ink painting"),
        ("像素风格", "pixel art"),
        ("oil", "oil painting"),
        ("fresco", ""),
        ("style", ""),
    ],
)
def test_effects_have_names(name: str, effect: str) -> None:
    assert effect_named(name) == effect


def test_a_plan_has_the_style_of_the_words_or_the_one_that_is_given(
    vocabulary: Vocabulary,
) -> None:
    assert plan_prompt("pixel art of a cat", vocabulary, 0).style == "pixel art"
    texts, seeds = ["a cat", "a sticker of a cat"], [0, 0]
    plain, styled = plan_all(texts, seeds, vocabulary)
    assert (plain.plan.style, styled.plan.style) == ("", "sticker")
    assert styled.prompts == plain.prompts and styled.text == texts[1]
    for job in plan_all(texts, seeds, vocabulary, style="logo"):
        assert job.plan.style == "logo" and job.without_style.plan.style == ""
    for job in plan_all(texts, seeds, None, style="logo"):
        assert job.plan.style == "logo" and job.prompts == (job.text,)


def test_a_learned_style_is_asked_of_the_model(vocabulary: Vocabulary) -> None:
    english, chinese, both = plan_all(
        ["a cat", "一只猫", "pixel art of a cat"], [0, 0, 0], vocabulary, style="flat style"
    )
    assert english.prompts == ("a cat, flat style",) and english.plan.style == ""
    assert chinese.prompts[0].endswith("，扁平风格")
    assert both.prompts[0].endswith(", flat style") and both.plan.style == "pixel art"
