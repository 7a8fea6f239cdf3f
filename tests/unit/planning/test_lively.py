"""Things that do what only people do get a face, arms and legs, or wings."""

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary


def conditions(prompt: str, vocabulary: Vocabulary) -> list[tuple[str, str]]:
    scene = parse(prompt, vocabulary).scene
    assert scene is not None
    return [(item.name, item.condition) for item in scene.objects]


@pytest.mark.parametrize(
    ("prompt", "name", "condition"),
    [
        ("a brain reading a book", "brain", "handy"),
        ("a cactus hugging a balloon", "cactus", "handy"),
        ("a brain carrying a cup of coffee", "brain", "handy"),
        ("a carrot running", "carrot", "lively"),
        ("a crying cloud", "cloud", "crying"),
        ("a cloud crying", "cloud", "crying"),
        ("a sad cloud", "cloud", "crying"),
        ("an angry carrot", "carrot", "angry"),
        ("a sleeping cloud", "cloud", "sleepy"),
        ("a flying teapot", "teapot", "winged"),
        ("胖胖的云朵在睡觉", "cloud", "sleepy"),
        ("会飞的茶壶", "teapot", "winged"),
        ("抱着气球的仙人掌", "cactus", "handy"),
    ],
)
def test_things_act(prompt: str, name: str, condition: str, vocabulary: Vocabulary) -> None:
    assert (name, condition) in conditions(prompt, vocabulary)


@pytest.mark.parametrize(
    "prompt", ["a dog holding a balloon", "a flying airplane", "a sad man", "an angry dog"]
)
def test_who_has_a_face_stays_as_they_are(prompt: str, vocabulary: Vocabulary) -> None:
    assert all(not condition for _, condition in conditions(prompt, vocabulary))
