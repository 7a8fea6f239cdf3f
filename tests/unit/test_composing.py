"""Prompts of several things are planned, drawn part by part and put together; all others are drawn as a whole."""

from pathlib import Path

import numpy as np
import pytest

from dall_e import DALL_E
from dall_e.composing import jobs_of, plan_of


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


@pytest.mark.parametrize(
    ("prompt", "parts", "described"),
    [
        ("two kittens", ("a cat",), "2 x a cat"),
        ("a big red automobile and a puppy", ("a red car", "a dog"), "1 x a red car + 1 x a dog"),
        ("an owl on a box on the grass", ("an owl", "a box"), "1 x an owl + 1 x a box [on] @ grass"),
        ("two dogs, 3D style", ("a dog, 3d style",), "2 x a dog, 3d style"),
        ("三个红苹果", ("一个红色的苹果",), "3 x 一个红色的苹果"),
        ("狗的左边有一只猫", ("一只猫", "一只狗"), "1 x 一只猫 + 1 x 一只狗 [left]"),
    ],
)
def test_plans(prompt: str, parts: tuple[str, ...], described: str) -> None:
    plan = plan_of(prompt)
    assert plan is not None and plan.parts == parts and plan.describe() == described


@pytest.mark.parametrize("prompt", ["a cat", "a red car on a road", "一只猫", "salt and pepper", "a city at night"])
def test_one_thing_and_what_is_not_understood_have_no_plan(prompt: str) -> None:
    assert plan_of(prompt) is None


def test_jobs_share_out_the_drawings() -> None:
    jobs = jobs_of(["a cat", "a cat and a dog", "two cats"], [1, 2, 3], compose=True)
    assert [list(job.rows) for job in jobs] == [[0], [1, 2], [3]]
    assert [job.parts for job in jobs] == [("a cat",), ("a cat", "a dog"), ("a cat",)]
    assert all(job.plan is None for job in jobs_of(["two cats"], [1], compose=False))


def test_a_planned_picture_is_made_of_its_parts(model: DALL_E) -> None:
    whole, composed = (model("two cats", seed=4, num_inference_steps=3, compose=on) for on in (False, True))
    assert composed.info["plan"] == "2 x a cat" and composed.info["compose"] == "True" and "plan" not in whole.info
    assert not np.array_equal(np.asarray(whole), np.asarray(composed))
    pixels = np.asarray(composed)
    # Both halves hold the same drawing.
    assert np.array_equal(pixels[:, :16], pixels[:, 16:])
    batch = model(["a dog", "two cats"], seed=[9, 4], num_inference_steps=3, compose=True, height=64)
    assert batch[1].size == (64, 64) and "plan" not in batch[0].info


def test_models_that_draw_opaque_pictures_cannot_compose(mini_folder: Path) -> None:
    with pytest.warns(UserWarning, match="licence"):
        published = DALL_E.from_pretrained(mini_folder)
    with pytest.raises(ValueError, match="compose is on: .* draws opaque pictures"):
        published("two cats", compose=True)
