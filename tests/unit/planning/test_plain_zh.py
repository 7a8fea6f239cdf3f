"""Everyday Chinese: names that no short name inside them stands for, and turns of phrase."""

from __future__ import annotations

import pytest

from dall_e.planning.parser import parse
from dall_e.planning.vocabulary import Vocabulary

ROWS = """
man fairy | 仙人 | person
cactus | 仙人掌 | plant
flower | 花 | plant
plate of mantou | 馒头 | food
trumpet | 小号 | object
mouse | 老鼠 | animal
mouse trap | 捕鼠器 | object
triangle | 三角 | symbol
triangular ruler | 三角尺 | object
donkey | 驴 | animal
dango | 团子 | food
fly | 苍蝇 | animal
tennis racket | 网球拍 | object
"""


@pytest.fixture(scope="module")
def known() -> Vocabulary:
    """A model that knows short names, and better ones for longer words."""
    return Vocabulary.from_text(ROWS)


def names(prompt: str, known: Vocabulary) -> list[str]:
    """What a prompt shows, by name."""
    scene = parse(prompt, known).scene
    return [item.name for item in scene.objects] if scene else []


@pytest.mark.parametrize(
    ("prompt", "name"),
    [("仙人球", "cactus"), ("一盆仙人球", "cactus"), ("老鼠夹", "mouse trap"), ("三角板", "triangular ruler")],
)  # fmt: skip
def test_a_longer_word_is_no_short_name_inside_it(
    prompt: str, name: str, known: Vocabulary
) -> None:
    assert names(prompt, known) == [name]
    assert not parse(prompt, known).nearest, "it is the same thing"


@pytest.mark.parametrize(
    ("prompt", "word", "name"),
    [
        ("唢呐", "唢呐", "trumpet"),
        ("一把唢呐", "唢呐", "trumpet"),
        ("花卷", "花卷", "plate of mantou"),
        ("驴打滚", "驴打滚", "dango"),
        ("苍蝇拍", "苍蝇拍", "tennis racket"),
    ],
)
def test_what_is_near_is_drawn_and_told(
    prompt: str, word: str, name: str, known: Vocabulary
) -> None:
    read = parse(prompt, known)
    assert names(prompt, known) == [name]
    assert [(near.word, near.name) for near in read.nearest] == [(word, name)]
    assert not read.unread
