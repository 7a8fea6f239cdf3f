"""Things that a style draws otherwise."""

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary
from dall_e.planning.vocabulary_rows import KnownName

NAMES = (("boy", "男孩", "person"), ("anime boy", "动漫男孩", "person"), ("tree", "树", "plant"))
VOCABULARY = Vocabulary(KnownName(*row) for row in NAMES)


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("a boy in anime style", "anime boy"),
        ("动漫风格的男孩", "anime boy"),
        ("a boy in watercolour", "boy"),
        # There is no tree with branches here.
        ("a silhouette of a tree", "tree"),
    ],
)
def test_a_style_has_its_own_drawing(prompt: str, name: str) -> None:
    scene = parse(prompt, VOCABULARY).scene
    assert scene is not None
    assert [item.name for item in scene.objects] == [name]
