"""Captions of scenes: grammar by hand, in both languages, and nothing that is not drawn."""

import random
import re

import pytest

from dall_e.scenes.captions import scene_caption
from dall_e.scenes.graph import CutoutImage, Scene, SceneObject, Shape
from dall_e.scenes.vocabulary import things


def captions(scene: Scene, language: str, count: int = 300) -> set[str]:
    made = {scene_caption(scene, random.Random(seed), language) for seed in range(count)}  # type: ignore[arg-type]
    return {text.rstrip(".。")[0].lower() + text.rstrip(".。")[1:] for text in made}


def thing(name: str, **more: object) -> SceneObject:
    return SceneObject(name=name, image=CutoutImage(0), **more)  # type: ignore[arg-type]


CAT = Scene(objects=(thing("cat", colour="white", state="sleeping"),), background="windowsill")
DOG = Scene(objects=(thing("dog", colour="brown", state="playing"),), background="grass")


def test_the_best_known_prompts_are_among_the_captions() -> None:
    assert {
        "a white cat sleeping on a windowsill",
        "a white cat is sleeping on the windowsill",
    } <= captions(CAT, "en")
    assert {"一只白色的猫在窗台上睡觉", "一只白色的猫睡在窗台上"} <= captions(CAT, "zh")
    assert {"a brown dog playing on the grass", "a brown puppy playing on grass"} <= captions(
        DOG, "en", 1500
    )
    assert {"一只棕色的狗在草地上玩耍", "草地上有一只棕色的小狗在玩"} <= captions(DOG, "zh", 1500)


def test_counts_take_plurals_and_measure_words() -> None:
    apples = Scene(objects=(thing("apple", count=3, colour="red"),))
    assert {"three red apples", "3 red apples"} <= captions(apples, "en")
    assert {"三个红苹果", "三个红色的苹果"} <= captions(apples, "zh")
    assert "两匹马" in captions(Scene(objects=(thing("horse", count=2),)), "zh")
    assert "five mice" in captions(Scene(objects=(thing("mouse", count=5),)), "en")
    assert "two pairs of socks" in captions(Scene(objects=(thing("socks", count=2),)), "en")


def test_relations_and_their_inverses() -> None:
    scene = Scene(objects=(thing("dog"), thing("car", colour="red")), relation="left")
    assert {"a dog to the left of a red car", "a red car to the right of a dog"} <= captions(
        scene, "en", 800
    )
    assert {"红色的汽车左边有一只狗", "一只狗在一辆红色的汽车的左边"} <= captions(scene, "zh", 800)
    circle = SceneObject(name="circle", image=Shape(), colour="blue")
    inside = Scene(objects=(thing("dog"), circle), relation="inside")
    assert "a dog inside a blue circle" in captions(inside, "en")
    assert "一只狗在一个蓝色的圆圈里" in captions(inside, "zh")


def test_backgrounds_are_said_and_now_and_then_left_out() -> None:
    scene = Scene(
        objects=(thing("chair", colour="blue"),), background="plain", background_colour="yellow"
    )
    assert {"a blue chair on a yellow background", "a blue chair"} <= captions(scene, "en")
    assert {"黄色背景上的一把蓝色的椅子", "一把蓝色的椅子"} <= captions(scene, "zh")
    orange = Scene(objects=(thing("chair"),), background="plain", background_colour="orange")
    assert "a chair on an orange background" in captions(orange, "en")
    assert not any(" a orange" in text for text in captions(orange, "en"))


def test_two_and_three_things_are_joined() -> None:
    scene = Scene(objects=(thing("cat", colour="black"), thing("umbrella", colour="red")))
    assert {"a black cat and a red umbrella", "a red umbrella and a black cat"} <= captions(
        scene, "en"
    )
    assert {"一只黑色的猫和一把红色的伞", "一把红色的伞和一只黑猫"} <= captions(scene, "zh")
    three = Scene(objects=(thing("cat"), thing("dog"), thing("egg")))
    assert "a cat, a dog and an egg" in captions(three, "en")
    assert "一只猫、一只狗和一个鸡蛋" in captions(three, "zh", 800)


def test_styles_are_said_only_where_all_share_one() -> None:
    styled = Scene(
        objects=(thing("cat"),),
        style_en="Noto emoji style",
        style_zh="Noto表情风格",
        style_said=0.5,
    )
    assert "a cat in Noto emoji style" in captions(
        styled, "en"
    ) and "一只猫，Noto表情风格" in captions(styled, "zh")
    plain = captions(Scene(objects=(thing("cat"),)), "en") | captions(
        Scene(objects=(thing("cat"),)), "zh"
    )
    assert not any("style" in text or "风格" in text for text in plain)


def test_half_of_the_captions_are_chinese() -> None:
    made = [scene_caption(CAT, random.Random(seed)) for seed in range(400)]
    assert 0.42 < sum("睡" in text for text in made) / 400 < 0.58
    assert made == [scene_caption(CAT, random.Random(seed)) for seed in range(400)]


def test_every_thing_has_its_words() -> None:
    assert len(things()) > 200
    for thing_ in things().values():
        assert re.fullmatch(r"[a-z -]+", thing_.name), thing_
        assert re.fullmatch("[\u4e00-\u9fffT]+", thing_.zh), thing_
        assert re.fullmatch("[\u4e00-\u9fff]", thing_.measure), thing_
        assert thing_.kind in ("animal", "plant", "food", "vehicle", "object", "place", "sky"), (
            thing_
        )
        known = {
            "coat",
            "paint",
            "many",
            "stands",
            "head",
            "air",
            "water",
            "support",
            "holds",
            "covers",
            "often",
            "common",
        }
        assert thing_.traits <= known, thing_
        assert thing_.image_names, thing_
        for word, measure in thing_.other_zh:
            assert re.fullmatch("[\u4e00-\u9fffT]+", word) and re.fullmatch(
                "[\u4e00-\u9fff]", measure
            ), thing_


def test_impossible_records_are_named() -> None:
    with pytest.raises(ValueError, match="1 to 12 of a thing, got 13"):
        thing("cat", count=13)
    with pytest.raises(ValueError, match="'mauve' is none of"):
        thing("cat", colour="mauve")
    with pytest.raises(ValueError, match="1 to 6 objects .*, got 0"):
        Scene(objects=())
    with pytest.raises(ValueError, match="'left' of 1 objects"):
        Scene(objects=(thing("cat"),), relation="left")
    with pytest.raises(ValueError, match="'nowhere' is none of"):
        Scene(objects=(thing("cat"),), background="nowhere")
