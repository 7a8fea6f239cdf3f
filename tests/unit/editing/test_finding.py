"""Things that words name, found in pictures that say nothing of themselves."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from dall_e import DALL_E


@pytest.fixture(scope="module")
def builtin() -> DALL_E:
    return DALL_E.from_pretrained("dall-e-emoji")


def test_a_recogniser_finds_what_the_words_name(builtin: DALL_E) -> None:
    drawn = builtin("a dog on the beach", seed=2, height=384)
    unsaid = Image.fromarray(np.asarray(drawn.convert("RGB")))
    edited = builtin.edit(unsaid, "replace the dog with a cat", seed=0)

    # The dog stands in the middle of the lower half.
    left, top, right, bottom = json.loads(edited.info["edit_box"])
    assert 70 < left < 120 and 130 < top < 190 and 270 < right < 320 and 340 < bottom <= 384


def test_what_is_not_in_the_picture_is_not_found(builtin: DALL_E) -> None:
    drawn = builtin("a dog on the beach", seed=2, height=384)
    unsaid = Image.fromarray(np.asarray(drawn.convert("RGB")))
    with pytest.raises(ValueError, match="'castle' is not found in the picture"):
        builtin.edit(unsaid, "remove the castle")
