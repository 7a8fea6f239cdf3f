"""Of a prompt that says the whole picture, what is drawn anew is the part that is new."""

import pytest

from dall_e import DALL_E
from dall_e.editing.drawing import new_part


@pytest.fixture(scope="module")
def model() -> DALL_E:
    return DALL_E.from_pretrained("dall-e-emoji")


@pytest.mark.parametrize(
    ("shown", "prompt", "part"),
    [
        ("a cat", "a cat wearing a red hat", "a red hat"),
        ("", "a dog wearing sunglasses", "sunglasses"),
        ("a cat", "一只戴着皇冠的猫", "皇冠"),
        ("a man", "a man holding an umbrella", "an umbrella"),
        # Somebody else, and what is one thing by itself
        ("a house", "a cat wearing a red hat", "a cat wearing a red hat"),
        ("a dog", "a glass of milk", "a glass of milk"),
        ("a dog", "a dog in the snow", "a dog"),
    ],
)
def test_the_part_that_is_new(model: DALL_E, shown: str, prompt: str, part: str) -> None:
    assert new_part(prompt, model.vocabulary, shown) == part
