"""A part of a picture is given, and the rest is drawn; what cannot be given is said."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from dall_e import DALL_E
from dall_e.inference.image_prompts import PARTS, known_part, tokens_in
from dall_e.inference.image_tokens import image_tokens

DRAWN: dict[str, Any] = {"seed": 3, "num_inference_steps": 2, "finish": "soft"}

Load = Callable[..., DALL_E]


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


def noisy(size: tuple[int, int] = (64, 64)) -> Image.Image:
    pixels = np.random.default_rng(5).integers(0, 255, (*size[::-1], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_tokens_lie_in_a_part_by_their_middle() -> None:
    expected = {
        "top": [1, 1, 1, 1, 0, 0, 0, 0],
        "left": [1, 1, 0, 0] * 2,
        "right": [0, 0, 1, 1] * 2,
        "bottom": [0, 0, 0, 0, 1, 1, 1, 1],
    }
    for part, rows in expected.items():
        mask_44 = tokens_in(PARTS[part], 4).view(4, 4)
        assert mask_44[[0, 3]].flatten().tolist() == [bool(value) for value in rows], part
    assert tokens_in((0, 0, 0.37, 0.3), 4).nonzero().flatten().tolist() == [0]


@pytest.mark.parametrize("part", [*PARTS, (0, 0, 0.5, 0.5), (8, 40, 60, 64)])
def test_what_is_given_stays_and_the_rest_is_drawn(model: DALL_E, part: Any) -> None:
    image, seen = noisy(), []
    drawn = model(
        "a cat",
        image_prompt=(image, part),
        callback_on_step_end=lambda step: seen.append(step.codes_BN.clone()),
        **DRAWN,
    )
    known, settings = known_part(model.engine, (image, part), model.config.sampling)
    given_1N = image_tokens(model.config, model.networks, image)
    assert torch.equal(seen[-1][known.mask_BN], given_1N[known.mask_BN])
    assert not torch.equal(seen[-1], given_1N) and not settings.compose
    assert drawn.info["known_tokens"] == "given" and drawn.info["compose"] == "False"


def test_each_picture_goes_on_in_its_own_way(model: DALL_E) -> None:
    several = model(
        ["a cat", "a dog"], image_prompt=noisy(), num_images_per_prompt=2, best_of=1, **DRAWN
    )
    alone = model("a cat", image_prompt=(noisy(), "top"), **DRAWN)
    arrays = [np.asarray(image) for image in several]
    assert len(arrays) == 4 and np.array_equal(arrays[0], np.asarray(alone))
    assert not any(np.array_equal(arrays[0], other) for other in arrays[1:])


def test_a_box_is_of_the_picture_not_of_the_square_around_it(model: DALL_E) -> None:
    wide, side = noisy((128, 64)), model.config.tokenizer.grid_size
    known, _ = known_part(model.engine, (wide, (32, 0, 64, 64)), model.config.sampling)
    columns = known.mask_BN.view(side, side).any(0).nonzero().flatten()
    assert columns.tolist() == list(range(side // 4, side // 2))
    assert known.mask_BN.view(side, side).any(1).all(), "from border to border"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((noisy(), "middle"), "a part is top, bottom, left, right, or left,top.*'middle'"),
        ((noisy(), (0, 0, 1, 1)), "has 64 of the picture's 8 x 8 tokens: give a smaller part"),
        ((noisy(), (0, 0, 1, 3)), "has 0 of the picture's 8 x 8 tokens: give a larger part"),
        ((noisy(), (0, 0, 70, 3)), "box 0,0,70,3 is not in the picture of 64 x 64"),
        ((noisy(), (0, 1)), "a box is four numbers"),
        (noisy((4, 4)), "at least 16"),
        (7, "a picture is a PIL image or a file, got int"),
    ],
)
def test_what_cannot_be_given_is_said(model: DALL_E, given: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        model("a cat", image_prompt=given, **DRAWN)


@pytest.mark.parametrize("others", [{"compose": True}, {"tile": "x"}])
def test_what_means_nothing_beside_it_is_said(model: DALL_E, others: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"drawn in one piece: leave out {next(iter(others))}"):
        model("a cat", image_prompt=noisy(), **others, **DRAWN)


def test_models_that_draw_left_to_right_take_top_rows_alone(load: Load) -> None:
    raster = load("janus")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given, plain = (
            raster("a cat", seed=1, image_prompt=part) for part in ((noisy(), "top"), None)
        )
    assert not np.array_equal(np.asarray(given), np.asarray(plain))
    for part in ("left", "bottom", (0, 0, 0.4, 0.5)):
        with pytest.raises(ValueError, match="row by row.*top rows of a picture can be given"):
            raster("a cat", image_prompt=(noisy(), part))
