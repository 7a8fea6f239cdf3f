"""A picture that tells how it was drawn is drawn again; one that tells anything else is not."""

from pathlib import Path

import numpy as np

from dall_e import DALL_E
from dall_e.config import SamplingConfig
from dall_e.editing.own_drawings import own_drawing

STEPS = SamplingConfig(num_inference_steps=4)


def test_an_own_drawing_is_known_in_memory_and_in_a_file(model: DALL_E, tmp_path: Path) -> None:
    image = model("two cats and a dog", seed=4, height=40)
    found = own_drawing(model, image, "two cats and a dog")
    assert found is not None and found["seed"] == 4 and found["height"] == 40
    image.save(tmp_path / "a.png")
    assert own_drawing(model, tmp_path / "a.png", "two cats and a dog") == found


def test_what_was_changed_or_is_told_otherwise_is_not(model: DALL_E) -> None:
    image = model("two cats and a dog", seed=4, height=40)
    assert own_drawing(model, image, "a dog") is None
    changed = image.copy()
    changed.paste((255, 0, 0), (0, 0, 20, 20))
    assert own_drawing(model, changed, "two cats and a dog") is None
    image.info["seed"] = "5"
    assert own_drawing(model, image, "two cats and a dog") is None
    image.info.clear()
    assert own_drawing(model, image, "two cats and a dog") is None


def test_other_words_for_an_own_drawing_keep_its_seed(model: DALL_E) -> None:
    image = model("two cats and a dog", seed=4, height=40)
    edited = model.edit_prompt(image, "two cats and a dog", "two cats and a bird")
    drawn = model("two cats and a bird", seed=4, height=40)
    assert np.array_equal(np.asarray(edited), np.asarray(drawn))


def test_other_words_for_any_picture_keep_its_noise(model: DALL_E) -> None:
    image = model("a cat", seed=4, sampling=STEPS)
    image.info.clear()
    inversion = model.invert(image, "a cat", seed=6, sampling=STEPS)
    edited = model.edit_prompt(image, "a cat", "a dog", seed=6, sampling=STEPS)
    assert np.array_equal(np.asarray(edited), np.asarray(model("a dog", noise=inversion)))
    assert edited.info["noise"] == "given" and edited.info["prompt"] == "a dog"
