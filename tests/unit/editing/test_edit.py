"""Edits change what is asked for and nothing else; what cannot be done is said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from dall_e import DALL_E
from dall_e.config import SamplingConfig
from dall_e.editing import locating
from dall_e.editing.layers import layers_of
from dall_e.errors import DallEWarning
from dall_e.images.blending import allowed
from dall_e.images.holes import free_ground
from dall_e.images.opening import open_image
from dall_e.images.selections import selection_of
from dall_e.sampling.decode import DecodeInterrupted

BOX = (60, 50, 140, 150)
FEW = SamplingConfig(num_inference_steps=2)
Landscape = Callable[..., Image.Image]
DRAWN: dict[str, Any] = {"seed": 3, "num_inference_steps": 2}


def changed(before: Image.Image, after: Image.Image) -> npt.NDArray[np.bool_]:
    assert (before.size, before.mode) == (after.size, after.mode)
    return np.asarray((np.asarray(before) != np.asarray(after)).any(2))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("method", ["paste", "tokens"])
@pytest.mark.parametrize("prompt", ["a cat", "remove it", "blue"])
def test_nothing_changes_outside_of_the_mask_and_its_border(
    model: DALL_E, mode: str, method: str, prompt: str, landscape: Landscape
) -> None:
    image = landscape(mode)
    result = model.edit(image, prompt, BOX, method=method, **DRAWN)
    changed_HW = changed(image, result)
    assert changed_HW.any()
    assert not changed_HW[allowed(selection_of(BOX, image)) == 0].any()
    assert result.info["edit"] == prompt and result.info["edit_seed"] == "3"


def test_an_edit_is_a_function_of_its_seed(model: DALL_E, landscape: Landscape) -> None:
    first, same, other = (
        np.asarray(model.edit(landscape(), "a cat", BOX, seed=seed, num_inference_steps=2))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, same) and not np.array_equal(first, other)


@pytest.mark.parametrize("method", ["paste", "tokens"])
def test_an_edit_can_be_watched_and_stopped(
    model: DALL_E, method: str, landscape: Landscape
) -> None:
    """What is shown on the way differs from the result, and that from the picture, in the mask."""
    image, shown = landscape(), []
    asked: dict[str, Any] = {"seed": 3, "num_inference_steps": 6, "method": method}

    def look(preview: Image.Image) -> None:
        shown.append(preview)

    result = model.edit(image, "a cat", BOX, on_image=look, previews=2, **asked)
    assert result.tobytes() == model.edit(image, "a cat", BOX, **asked).tobytes()
    assert len(shown) == 2
    for preview in shown:
        assert not changed(image, preview)[allowed(selection_of(BOX, image)) == 0].any()
    assert shown[0].tobytes() != result.tobytes()
    with pytest.raises(DecodeInterrupted):
        model.edit(image, "a cat", BOX, on_image=lambda preview: True, **asked)


def test_what_is_removed_shows_the_ground(model: DALL_E, landscape: Landscape) -> None:
    result = np.asarray(model.edit(landscape(), "nothing", BOX)).astype(int)
    assert np.abs(result[80, 100] - (150, 200, 250)).max() < 12
    assert np.abs(result[120, 100] - (60, 160, 60)).max() < 12


def test_what_is_recoloured_keeps_its_shape(model: DALL_E, landscape: Landscape) -> None:
    image = landscape()
    result = model.edit(image, "make it blue", BOX)
    red, _, blue = result.getpixel((100, 100))  # type: ignore[misc]
    assert blue > 150 > red
    assert result.getpixel((65, 60)) == image.getpixel((65, 60))


def test_words_find_a_thing_in_a_picture_of_ours(model: DALL_E) -> None:
    image = model("a cat and a house", compose=True, finish="crisp", height=96, **DRAWN)
    removed = model.edit(image, "remove the house")
    changed_HW = changed(image, removed)
    assert 0 < changed_HW.mean() < 0.6

    # A file says how it was drawn, and is drawn again.
    stored = Image.Image.copy(image)
    stored.info.pop("svg")
    assert np.array_equal(np.asarray(model.edit(stored, "remove the house")), np.asarray(removed))
    stored.info["svg"] = "a text of another program"
    assert np.array_equal(np.asarray(model.edit(stored, "remove the house")), np.asarray(removed))
    with pytest.raises(ValueError, match="'castle' is not found in the picture, which has.*house"):
        model.edit(image, "remove the castle")


def test_a_picture_that_lost_something_is_not_drawn_again(
    model: DALL_E, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No pixels of a JPEG are those that were drawn."""
    image = model("a cat and a house", compose=True, finish="crisp", height=96, **DRAWN)
    engine = model.engine
    drawn: list[Any] = []
    generate = engine.generate

    def generating(request: Any) -> Any:
        drawn.append(request)
        return generate(request)

    monkeypatch.setattr(engine, "generate", generating)
    image.save(tmp_path / "cat.jpg")
    image.save(tmp_path / "cat.png")
    for name, times in (("cat.jpg", 0), ("cat.png", 1)):
        drawn.clear()
        opened = open_image(tmp_path / name)
        assert opened.info["weights_sha256"] == engine.weights_sha256
        assert (layers_of(engine, opened, None) is not None) == bool(times)
        assert len(drawn) == times


def test_what_is_looked_at_is_found_once(
    model: DALL_E, landscape: Landscape, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether there is one thing, which there is not, and where there is room for another."""
    image = landscape()
    ImageDraw.Draw(image).ellipse((20, 60, 70, 110), fill="red")
    looks: list[Any] = []

    def finding(canvas_HWC: Any) -> Any:
        looks.append(canvas_HWC)
        return free_ground(canvas_HWC)

    monkeypatch.setattr(locating, "free_ground", finding)
    model.edit(image, "a cat", **DRAWN)
    assert len(looks) == 1


def test_a_name_is_said_once_of_what_a_picture_has(model: DALL_E) -> None:
    image = model("seven cats", compose=True, finish="crisp", height=96, **DRAWN)
    with pytest.raises(
        ValueError, match="'castle' is not found in the picture, which has cat: say"
    ):
        model.edit(image, "remove the castle")


def test_words_find_a_thing_in_the_file_of_an_edited_plan(model: DALL_E, tmp_path: Path) -> None:
    plan = model.plan("a cat and a house", 3, height=96, sampling=FEW)
    model.draw_plan(plan.replace("house", "a tree"), sampling=FEW).save(tmp_path / "a.png")
    changed_HW = changed(
        Image.open(tmp_path / "a.png").convert("RGB"),
        model.edit(tmp_path / "a.png", "remove the tree"),
    )
    assert 0 < changed_HW.mean() < 0.6
    with pytest.raises(ValueError, match="'house' is not found in the picture"):
        model.edit(tmp_path / "a.png", "remove the house")


def test_what_is_added_without_a_mask_gets_a_free_place(model: DALL_E) -> None:
    image = Image.new("RGB", (120, 100), "white")
    ImageDraw.Draw(image).rectangle((0, 20, 50, 80), fill="red")
    changed_HW = changed(image, model.edit(image, "add a bird", **DRAWN))
    assert changed_HW.any() and changed_HW[:, :48].mean() < 0.02


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"prompt": "remove it"}, "the words do not say what is to change"),
        ({"prompt": 7, "mask": BOX}, "prompt must be a text, got int"),
        ({"prompt": "a cat", "mask": BOX, "method": "magic"}, "method must be one of auto, paste"),
        ({"prompt": "a cat", "mask": BOX, "stepz": 3}, "no setting is called stepz"),
        ({"prompt": "a cat", "mask": (0, 0, 0, 0)}, "the box 0,0,0,0"),
        ({"prompt": "remove it", "mask": (0, 0, 200, 180)}, "all of the picture is selected"),
        ({"prompt": "blue", "mask": "alpha"}, "no transparent part"),
    ],
)
def test_what_cannot_be_done_is_said(model: DALL_E, arguments: dict[str, Any], told: str) -> None:
    arguments = dict(arguments)
    prompt, mask = arguments.pop("prompt"), arguments.pop("mask", None)
    with pytest.raises(ValueError, match=told):
        model.edit(Image.new("RGB", (200, 180), "white"), prompt, mask, **arguments)


def test_a_model_that_draws_left_to_right_says_why_it_cannot(
    mini_folder: Path, landscape: Landscape
) -> None:
    with pytest.warns(DallEWarning, match="licence"):
        mini = DALL_E.from_pretrained(mini_folder)
    with pytest.raises(ValueError, match="cannot edit: it draws left to right"):
        mini.edit(landscape(), "a cat", BOX)
