"""Phrases for things, in both languages: articles, numbers, pairs and sizes."""

import random

from dall_e.scenes.graph import CutoutImage, SceneObject
from dall_e.scenes.phrases import noun_phrase_en, noun_phrase_zh


def thing(name: str, **more: object) -> SceneObject:
    return SceneObject(name=name, image=CutoutImage(0), **more)  # type: ignore[arg-type]


def test_substances_have_no_article() -> None:
    said = {noun_phrase_en(thing("bread"), random.Random(seed)) for seed in range(40)}
    assert said == {"bread", "a loaf of bread"}


def test_pairs_are_counted_and_what_is_in_them_is_coloured() -> None:
    def said(count: int) -> set[str]:
        socks = thing("socks", colour="red", count=count)
        return {noun_phrase_en(socks, random.Random(seed)) for seed in range(40)}

    assert said(1) == {"a pair of red socks", "red socks"}
    assert said(2) == {"two pairs of red socks", "2 pairs of red socks"}


def test_there_is_one_sun() -> None:
    assert noun_phrase_en(thing("sun"), random.Random(0)) == "the sun"
    assert noun_phrase_en(thing("sun", colour="yellow"), random.Random(0)) == "a yellow sun"


def test_sizes_in_chinese_read_well() -> None:
    def said(name: str, size: str) -> set[str]:
        return {noun_phrase_zh(thing(name, size=size), random.Random(seed)) for seed in range(60)}

    assert "一只大猫" in said("cat", "big") and not any(
        "小猫" in text for text in said("cat", "big")
    )
    assert said("violin", "big") == {"一把大的小提琴"}
