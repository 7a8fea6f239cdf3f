"""From one picture to another: the ends are exact, and every step is a picture."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from dall_e import DALL_E
from dall_e.config import SamplingConfig
from dall_e.editing.interpolation import checked_end, largest_gaps

STEPS = SamplingConfig(num_inference_steps=6)


def same(first: Any, second: Any) -> bool:
    return np.array_equal(np.asarray(first), np.asarray(second))


def test_prompts_turn_into_each_other(model: DALL_E) -> None:
    images = model.interpolate("a cat", "a dog", 5, seed=3, sampling=STEPS, finish="soft")
    whole = {"seed": 3, "sampling": STEPS, "compose": False, "finish": "soft"}
    assert len(images) == 5
    assert same(images[0], model("a cat", **whole)) and same(images[-1], model("a dog", **whole))
    assert images[0].info["prompt"] == "a cat" and images[-1].info["prompt"] == "a dog"
    assert len({image.tobytes() for image in images}) >= 3


def test_seeds_turn_into_each_other(model: DALL_E) -> None:
    images = model.interpolate(3, 4, 4, prompt="a cat", sampling=STEPS, finish="soft")
    for image, seed in ((images[0], 3), (images[-1], 4)):
        drawn = model("a cat", seed=seed, sampling=STEPS, compose=False, finish="soft")
        assert same(image, drawn)


def test_pictures_turn_into_each_other_and_say_their_words(model: DALL_E, tmp_path: Path) -> None:
    first = model("a cat", seed=1, sampling=STEPS)
    path = tmp_path / "dog.png"
    model("a dog", seed=2, sampling=STEPS).save(path)
    images = model.interpolate(first, str(path), 2, seed=5, sampling=STEPS)
    assert [image.info["prompt"] for image in images] == ["a cat", "a dog"]
    assert all(image.info["noise"] == "given" for image in images)


@pytest.mark.parametrize(
    ("ends", "keywords", "message"),
    [
        (("a cat", "a dog"), {"steps": 1}, "steps must be a whole number from 2 to 1000, got 1"),
        (("a cat", "a dog"), {"steps": 0}, "got 0"),
        ((3, 4), {}, "seed 3 needs words: write prompt="),
        ((Image.new("RGB", (9, 9)), "a dog"), {}, "does not say what it shows"),
        ((2.5, "a dog"), {}, "not float"),
        (("a cat", "  "), {}, "the prompt is blank"),
        (("a cat", "a dog"), {"temperature": 0}, "at temperature 0"),
    ],
)
def test_what_is_no_end_is_refused(
    model: DALL_E, ends: tuple[Any, Any], keywords: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        model.interpolate(*ends, **{"seed": 1, **keywords})


def test_a_file_that_is_missing_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="nowhere.png"):
        checked_end("nowhere.png", None, 1)
    assert checked_end("a cat. a dog.", None, 1) == ("a cat. a dog.", 1, None)


def test_gaps_with_more_change_are_halved_first() -> None:
    codes_of = {
        0.0: torch.tensor([1, 1, 1]),
        0.25: torch.tensor([1, 1, 1]),
        0.5: torch.tensor([2, 2, 1]),
        1.0: torch.tensor([2, 2, 2]),
    }
    assert largest_gaps(codes_of, 1) == [0.375]
    assert largest_gaps({0.0: codes_of[0.0], 1.0: codes_of[0.0]}, 5) == [0.5]
