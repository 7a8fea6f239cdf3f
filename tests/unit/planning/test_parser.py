"""Prompts are read as they are written: captions back to their records, and what is not understood
is left alone."""

import random

import numpy as np
import pytest
import torch

from dall_e.data.datasets import ImageSet
from dall_e.planning.parser import read_scene
from dall_e.scenes.captions import Language
from dall_e.scenes.composer import SceneComposer
from dall_e.scenes.graph import (
    COLOURS,
    STATES,
    Scene,
    named_things,
    plural_of,
    thing_called,
    things,
)
from dall_e.scenes.phrases import OPPOSITE


def composer() -> SceneComposer:
    """Every thing once, as a block of a colour of its own."""
    images, records = [], []
    for number, thing in enumerate(things().values()):
        block = np.zeros((4, 32, 32), dtype=np.uint8)
        block[:3, 4:28, 2:30] = np.array(
            [(number * 37) % 200, (number * 71) % 200, (number * 13) % 200]
        )[:, None, None]
        block[3, 4:28, 2:30] = 255
        images.append(block)
        name = thing.image_names[0][0].split("/")[-1]
        records.append({"en": name, "kind": "object", "source": "noto", "name": name, "style_en": "flat style",
                        "style_zh": "扁平风格", "style_said": 0.2})  # fmt: skip
    return SceneComposer(
        ImageSet(images_NCHW=torch.from_numpy(np.stack(images)), records=records, skipped=[]),
        32,
        canonical=True,
    )


def content(scene: Scene) -> tuple[object, str]:
    """What a caption says: things with number, colour and size, and the relation read from one
    side."""
    items = [
        (item.name, item.count if not scene.relation else 1, item.colour, item.size, item.state)
        for item in scene.objects
    ]
    relation = scene.relation
    if relation in ("right", "below", "behind"):
        items, relation = items[::-1], OPPOSITE[relation]
    return (sorted(items) if relation in ("", "next to") else items), relation


@pytest.mark.parametrize(("language", "least"), [("en", 0.99), ("zh", 0.93)])
def test_captions_are_read_back(language: Language, least: float) -> None:
    """But for a word for two things, as 牛 for cows and bulls, and 上面, which is both on and
    above."""
    made = composer()
    right, wrong = 0, []
    for seed in range(700):
        scene = made.scene(seed)
        if any(item.name not in things() for item in scene.objects):
            continue
        caption = made.caption(scene, random.Random(seed), language)
        read = read_scene(caption)
        if read is not None and content(read) == content(scene):
            right += 1
        else:
            wrong.append((caption, read and content(read), content(scene)))
    assert right / (right + len(wrong)) >= least, wrong[:5]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("two cats", "cat*2"), ("cats", "cat*3"), ("the red cars", "red car*3"),
        ("noodles", "steaming bowl"), ("headphones", "headphone"),
        ("two bowls of noodles", "steaming bowl*2"), ("sheep", "sheep"), ("two houses", "house*2"),
        ("houses", "houses"), ("eyes", "eyes"), ("french fries", "french fries"), ("a pair of scissors", "scissors"),
        ("A cat and a dog.", "cat + dog"),
        ("draw me 3 red balloons", "red balloon*3"),
        ("a picture of a cat, a dog and a UFO", "cat + dog + flying saucer"),
        ("a big red apple to the left of two pears", "apple red big + pear*2 [left]"),
        ("a dog is right of the moon", "moon + dog [left]"),
        ("two gray mice in the snow", "grey mouse*2 @snow"),
        ("a star above a house on a blue background", "star + house [above] @plain blue"),
        ("an owl on a box, 3D style", "owl + box [on] '3d style'"),
        ("a watch under the stars", "watch @night"),
        ("a motorbike and two SUVs", "motorcycle + sport utility vehicle*2"),
        ("a lamp on a box", "light bulb + box [on]"),
        ("three bags", "handbag*3"),
        ("一辆单车和一双袜子", "bicycle + socks"),
        ("三只小猫", "cat*3"),
        ("请画两个红苹果", "red apple*2"),
        ("红苹果", "red apple"),
        ("猫和狗", "cat + dog"),
        ("一只白色的兔子在汽车左边", "white rabbit + car [left]"),
        ("草地上有一只狗、一只猫和一个球。", "dog + cat + ball @grass"),
        ("桌子下面的一只猫", None),
        ("一只猫在桌子上", "cat @table"),
        ("三只大的红苹果", "apple red big*3"),
        ("salt and pepper", "salt + pepper"),
        ("a wizard next to a castle", "mage + castle [next to]"),
        ("two lions and a fox", "lion face*2 + fox face"),
        ("three women with veil", "woman with veil*3"),
        ("两个僵尸", "zombie*2"),
        ("a man in tuxedo", "man in tuxedo"),
        ("a black and white cat", None),
        ("a man and a woman", "man + woman"),
        ("sun behind cloud", "sun behind cloud"),
        ("a sun behind a cloud", "cloud + sun [in front]"),
        ("A white cat sleeping on a windowsill", "white cat sleeping @windowsill"),
        ("a sleeping dog", "dog sleeping"),
        ("two dogs are playing with a ball in the snow", "dog playing*2 @snow"),
        ("a cat asleep on a box", "cat sleeping + box [on]"),
        ("一只白色的猫在窗台上睡觉", "white cat sleeping @windowsill"),
        ("窗台上有一只白猫正在睡觉", "white cat sleeping @windowsill"),
        ("一只猫睡在沙滩上", "cat sleeping @beach"),
        ("草地上玩耍的狗", "dog playing @grass"),
        ("一只在玩球的小狗", "dog playing"),
        ("一只在草地上睡觉的猫", "cat sleeping @grass"),
        ("a cat and a dog sleeping", None),
        ("a dog playing with a cat", None),
        ("seven cats", None),
        ("two cat", None),
        ("a cat with a hat", None),
        ("quantum entanglement", None),
        ("", None),
        ("，、", None),
    ],
)  # fmt: skip
def test_prompts_as_people_write_them(prompt: str, expected: str | None) -> None:
    scene = read_scene(prompt)
    if expected is None:
        assert scene is None
        return
    assert scene is not None
    wanted, *style = expected.split(" '")
    assert scene.style_en == (style[0].rstrip("'") if style else "")
    head, *place = wanted.split(" @")
    assert f"{scene.background} {scene.background_colour}".strip() == (place[0] if place else "")
    head, *relation = head.split(" [")
    assert scene.relation == (relation[0].rstrip("]") if relation else "")
    for item, words in zip(scene.objects, head.split(" + "), strict=True):
        name, *count = words.split("*")
        said = name.split()
        assert item.count == (int(count[0]) if count else 1)
        assert item.colour == next((word for word in said if word in COLOURS), "")
        assert item.size == ("big" if "big" in said else "")
        assert item.state == next((word for word in said if word in STATES), "")
        assert item.name == " ".join(
            word for word in said if word not in (item.colour, item.state, "big")
        )


@pytest.mark.parametrize(
    ("name", "plural"),
    [("woman with veil", "women with veil"), ("man fairy", "men fairies"), ("person running", "people running"),
     ("french fries", "french fries"), ("polar bear", "polar bears"), ("pile of poo", "piles of poo"),
     ("wolf", "wolves"), ("dumpling", "dumplings"), ("king", "kings"),
     ("office building", "office buildings"), ("face exhaling", "face exhaling")],
)  # fmt: skip
def test_plurals_of_names(name: str, plural: str) -> None:
    assert plural_of(name) == plural


def test_names_that_are_known_are_none_of_the_things_that_scenes_are_made_of() -> None:
    assert len(named_things()) > 1000 and not named_things().keys() & things().keys()
    assert thing_called("cat") is things()["cat"] and thing_called("ghost").zh == "鬼"
    assert "air" in thing_called("shooting star").traits and not thing_called("ghost").traits
    with pytest.raises(KeyError):
        thing_called("entanglement")
