"""Light that comes into a room and tidiness are no things of a picture."""

import pytest

from dall_e.text.language import Language
from dall_e.text.room_light import without_room_light


@pytest.mark.parametrize(
    ("said", "language", "left"),
    [
        ("清晨的教室,阳光照进来,桌椅很整齐", "zh", "清晨的教室"),
        ("厨房里阳光从窗户洒进来", "zh", "厨房里"),
        ("卧室，阳光透过窗户，床铺整洁", "zh", "卧室"),
        ("阳光下的草地", "zh", "阳光下的草地"),
        ("sunlight streaming into a living room", "en", "a living room"),
        ("a bedroom with sunlight coming through the window", "en", "a bedroom"),
        ("a kitchen, sunshine pouring in, everything clean", "en", "a kitchen"),
        ("the sun over a meadow", "en", "the sun over a meadow"),
        ("a dog, a clean car", "en", "a dog, a clean car"),
    ],
)
def test_light_and_tidiness_are_left_out(said: str, language: Language, left: str) -> None:
    assert without_room_light(said, language) == left
