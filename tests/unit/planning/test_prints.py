"""What is printed on a thing: said by a verb, and drawn on its front."""

import pytest

from dall_e.planning.anchors import Anchors
from dall_e.planning.attachments import composite
from dall_e.planning.parser import parse
from dall_e.planning.parts import Attached
from dall_e.planning.prints import with_prints
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import Action


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("a t-shirt with a cat on it", "a t-shirt printed with a cat"),
        ("a black shirt with a skull print", "a black shirt printed with a skull"),
        ("a flag with a picture of a lion", "a flag printed with a lion"),
        ("a guitar with fire on it", "a guitar printed with a fire"),
        ("a backpack with a star on the front", "a backpack printed with a star"),
        # What stands on something, patterns, and what nobody knows stay as they are.
        ("a book with a cat on it", "a book with a cat on it"),
        ("a table with a cake on it", "a table with a cake on it"),
        ("a dress with a floral print", "a dress with a floral print"),
        ("a shirt with a qwertyuiop on it", "a shirt with a qwertyuiop on it"),
    ],
)
def test_english(said: str, read: str, vocabulary: Vocabulary) -> None:
    assert with_prints(said, vocabulary, "en") == read


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("带猫图案的杯子", "印着猫的杯子"),
        ("龙图案的盾牌", "印着龙的盾牌"),
        ("碎花图案的裙子", "碎花图案的裙子"),
        ("红色的杯子", "红色的杯子"),
    ],
)
def test_chinese(said: str, read: str, vocabulary: Vocabulary) -> None:
    assert with_prints(said, vocabulary, "zh") == read


@pytest.mark.parametrize("prompt", ["a backpack with a cat on it", "印着猫的背包"])
def test_a_print_belongs_to_its_thing(prompt: str, vocabulary: Vocabulary) -> None:
    scene = parse(prompt, vocabulary).scene
    assert scene is not None and len(scene.objects) == 2
    ((subject, verb, thing),) = scene.actions
    assert verb == "printed with"
    assert "backpack" in scene.objects[subject].name and "cat" in scene.objects[thing].name
    assert isinstance(scene.actions[0], Action)


@pytest.mark.parametrize("owner", ["coffee mug", "guitar", "backpack", "shield", "flag"])
def test_a_print_lies_within_its_thing_and_before_it(owner: str) -> None:
    anchors = Anchors(
        eyes=(0.5, 0.2), eye_distance=0.0, mouth=(0.5, 0.3), head=(0.2, 0.0, 0.8, 0.4),
        hand=(0.9, 0.6), seat=(0.5, 0.0), facing=0, has_eyes=False,
    )  # fmt: skip
    thing = Attached(
        index=1, verb="printed with", name="cat", aspect=1.0, seat=(0.5, 0.5), owner=owner
    )
    own, mark = composite(0, 1.0, anchors, [thing])
    assert (own.index, mark.index) == (0, 1)
    assert own.x < mark.x and mark.x + mark.width < own.x + own.width
    assert own.y < mark.y and mark.y + mark.height < own.y + own.height
    assert mark.width > 0.2
