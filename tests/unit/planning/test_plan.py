"""Prompts of several things are planned, drawn part by part and put together; all others are drawn
as a whole."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dall_e import DALL_E
from dall_e.errors import DallEWarning
from dall_e.planning.drawing_jobs import plan_all
from dall_e.planning.plan import Plan, plan_prompt
from dall_e.planning.planned_object import PlannedObject
from dall_e.planning.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    return DALL_E.from_pretrained(tiny_folder)


@pytest.mark.parametrize(
    ("prompt", "parts", "described"),
    [
        ("two kittens", ("a cat",), "2 x a cat"),
        (
            "a big red car and a puppy",
            ("automobile", "a dog"),
            "1 x automobile big, painted red + 1 x a dog",
        ),
        (
            "two firefighters and a pink ghost",
            ("firefighter", "ghost"),
            "2 x firefighter + 1 x ghost painted pink",
        ),
        ("鬼和南瓜灯", ("鬼", "南瓜灯"), "1 x 鬼 + 1 x 南瓜灯"),
        ("a kitty", ("a cat",), "1 x a cat"),
        ("a picture of a pig", ("a pig",), "1 x a pig"),
        ("a sleeping cat", ("a cat sleeping",), "1 x a cat sleeping"),
        ("生气的脸", ("生气",), "1 x 生气"),
        ("a book", ("closed book",), "1 x closed book"),
        ("一本书", ("合上的书本",), "1 x 合上的书本"),
        ("a blue house", ("a house",), "1 x a house painted blue"),
        ("a small cat in the snow", ("a cat",), "1 x a cat small @ snow"),
        (
            "A white cat sleeping on a windowsill",
            ("a white cat sleeping",),
            "1 x a white cat sleeping @ windowsill",
        ),
        ("two green dogs playing", ("a dog playing",), "2 x a dog playing painted green"),
        ("一只棕色的狗在草地上玩耍", ("一只棕色的狗在玩耍",), "1 x 一只棕色的狗在玩耍 @ grass"),
        ("一座蓝色的房子", ("一座房子",), "1 x 一座房子 painted blue"),
        (
            "an owl on a box on the grass",
            ("an owl", "package"),
            "1 x an owl + 1 x package [on] @ grass",
        ),
        ("two dogs, flat style", ("a dog, flat style",), "2 x a dog, flat style"),
        ("三个红苹果", ("一个红色的苹果",), "3 x 一个红色的苹果"),
        (
            "an owl asleep in the snow",
            ("an owl",),
            "1 x an owl @ snow-field, the rest was not understood",
        ),
        (
            "my small dog wears a red crown",
            ("a dog face", "a crown"),
            "1 x a dog face small + 1 x a crown painted red [a dog face wearing a crown]",
        ),
        (
            "the cat in the hat",
            ("a cat face", "woman's hat"),
            "1 x a cat face + 1 x woman's hat [a cat face wearing woman's hat]",
        ),
        (
            "一只戴红色帽子的猫",
            ("女帽", "一张猫脸"),
            "1 x 女帽 painted red + 1 x 一张猫脸 [一张猫脸 wearing 女帽]",
        ),
        (
            "宇航员骑马",
            ("宇航员", "一匹马"),
            "1 x 宇航员 + 1 x 一匹马 [宇航员 riding 一匹马]",
        ),
        ("狗的左边有一只猫", ("一只猫", "一只狗"), "1 x 一只猫 + 1 x 一只狗 [left]"),
    ],
)
def test_plans(prompt: str, parts: tuple[str, ...], described: str, vocabulary: Vocabulary) -> None:
    plan = plan_prompt(prompt, vocabulary)
    assert not plan.is_whole and plan.prompts == parts and plan.describe() == described


@pytest.mark.parametrize(
    "prompt",
    [
        "a cat",
        "一只猫",
        "quantum entanglement",
        "a man in tuxedo",
        "women holding hands",
        "a blue book",
        "red apple",
        "狗",
        "the cat",
    ],
)
def test_a_name_and_what_is_not_understood_are_drawn_whole(
    prompt: str, vocabulary: Vocabulary
) -> None:
    plan = plan_prompt(prompt, vocabulary)
    assert plan.is_whole and plan.prompts == (prompt,) and plan.describe() == ""
    assert plan == Plan.whole(prompt, plan.parse)
    with pytest.raises(ValueError, match="nothing to put together"):
        plan.render([], 8, 0)


def test_jobs_share_out_the_drawings(vocabulary: Vocabulary) -> None:
    jobs = plan_all(
        ["quantum entanglement", "a strawberry and a pig", "two pigs"], [1, 2, 3], vocabulary
    )
    assert [list(job.rows) for job in jobs] == [[0], [1, 2], [3]]
    assert [job.prompts for job in jobs] == [
        ("quantum entanglement",),
        ("a strawberry", "a pig"),
        ("a pig",),
    ]
    assert all(job.plan.is_whole for job in plan_all(["two cats"], [1], None))


def test_what_a_prompt_leaves_open_is_chosen_by_the_seed(vocabulary: Vocabulary) -> None:
    def plans_of(prompt: str) -> list[Plan]:
        return [plan_prompt(prompt, vocabulary, seed) for seed in range(40)]

    plans = [job.plan for job in plan_all(["a house"] * 40, list(range(40)), vocabulary)]
    assert plans_of("a house") == plans
    described = {plan.describe() for plan in plans}
    # Drawn whole, turned, painted, and both.
    assert {"", "1 x a house mirrored"} < described
    assert any(" painted " in plan and "mirrored" not in plan for plan in described)
    assert any(" painted " in plan and plan.endswith("mirrored") for plan in described)
    assert all("painted red" in plan.describe() for plan in plans_of("a red house"))
    hats = {plan.prompts[0] for plan in plans_of("a hat") if not plan.is_whole}
    assert hats == {"woman's hat", "top hat", "billed cap"}
    assert {plan.prompts for plan in plans_of("一本书") if not plan.is_whole} > {
        ("合上的书本",),
        ("一本蓝色的书",),
    }


def test_a_mirrored_part_is_turned(vocabulary: Vocabulary) -> None:
    plans = (plan_prompt("a lion", vocabulary, seed) for seed in range(40))
    plan = next(plan for plan in plans if not plan.is_whole)
    assert plan.objects[0].mirrored
    drawing = np.zeros((4, 32, 32), dtype=np.uint8)
    drawing[:, 8:20, 2:10] = np.array([180, 90, 20, 255], dtype=np.uint8)[:, None, None]
    assert np.array_equal(plan.render([drawing], 32, 0), drawing[:, :, ::-1])


def test_a_planned_picture_is_made_of_its_parts(model: DALL_E) -> None:
    whole, composed = (
        model("two pigs", seed=4, num_inference_steps=3, compose=on) for on in (False, True)
    )
    assert composed.info["plan"].startswith("2 x a pig") and composed.info["compose"] == "True"
    assert "plan" not in whole.info
    assert not np.array_equal(np.asarray(whole), np.asarray(composed))
    pixels = np.asarray(composed)
    # Both halves hold the same drawing, the second one turned round.
    left, right = (
        half[:, np.flatnonzero((half < 255).any((0, 2)))]
        for half in (pixels[:, :16], pixels[:, 16:])
    )
    assert np.array_equal(left, right[:, ::-1]) and not np.array_equal(left, right)
    with pytest.warns(DallEWarning, match="did not read: 'quantum', 'entanglement'"):
        batch = model(
            ["quantum entanglement", "two pigs"],
            seed=[9, 4],
            num_inference_steps=3,
            compose=True,
            height=64,
        )
    assert batch[1].size == (64, 64) and "plan" not in batch[0].info


def test_models_without_a_vocabulary_draw_whole(tiny_folder: Path, tmp_path: Path) -> None:
    model = DALL_E.from_pretrained(tiny_folder)
    model.vocabulary = None
    model.save_pretrained(tmp_path)
    assert not (tmp_path / "vocabulary.txt").exists()

    # What the model's own settings ask for has no effect, what the call asks for is refused.
    wordless = DALL_E.from_pretrained(tmp_path)
    wordless.config = dataclasses.replace(
        wordless.config, sampling=dataclasses.replace(wordless.config.sampling, compose=True)
    )
    image = wordless("two pigs", seed=4, num_inference_steps=3)
    assert "plan" not in image.info and image.info["compose"] == "False"
    with pytest.raises(ValueError, match=r"compose is on: the model .* has no vocabulary\.txt"):
        wordless("two pigs", compose=True)


def test_models_that_draw_opaque_pictures_cannot_compose(mini_folder: Path) -> None:
    with pytest.warns(UserWarning, match="licence"):
        published = DALL_E.from_pretrained(mini_folder)
    with pytest.raises(ValueError, match="compose is on: .* draws opaque pictures"):
        published("two cats", compose=True)


def test_a_colour_is_painted_over_where_it_was_drawn(model: DALL_E) -> None:
    """The largest part of the drawing changes, its outline does not."""
    plain = np.asarray(model("a house", seed=1, num_inference_steps=3, transparent=True))
    blue = model("a blue house", seed=1, num_inference_steps=3, transparent=True, compose=True)
    assert blue.info["plan"].startswith("1 x a house painted blue") and blue.mode == "RGBA"
    painted_pixels = np.asarray(blue)[:, :: -1 if blue.info["plan"].endswith("mirrored") else 1]
    assert np.array_equal(plain[..., 3], painted_pixels[..., 3])
    assert not np.array_equal(plain[..., :3], painted_pixels[..., :3])


def test_who_sleeps_is_put_where_the_prompt_says(vocabulary: Vocabulary) -> None:
    """The drawing of the sleeper stands on the sill as it is, on a painted place that the seed
    chooses."""
    plan = plan_prompt("a white cat sleeping on a windowsill", vocabulary)
    sleeper = np.zeros((4, 32, 32), dtype=np.uint8)
    sleeper[:, 12:24, 4:28] = np.array([40, 40, 40, 255], dtype=np.uint8)[:, None, None]
    images = [plan.render([sleeper], 96, seed) for seed in (0, 1, 0)]
    assert np.array_equal(images[0], images[2]) and not np.array_equal(images[0], images[1])
    for image in images:
        assert (image[3] == 255).all()
        dark = (image[:3] == 40).all(0)
        rows, columns = np.flatnonzero(dark.any(1)), np.flatnonzero(dark.any(0))
        assert (
            56 <= columns[-1] - columns[0] <= 64 and 50 < rows[-1] < 90
        )  # two thirds of the side, at the sill


def test_curves_are_used_as_they_are_mirrored_and_not_in_another_form() -> None:
    curves = '<path fill="#dd2e44" d="M40,40 L200,40 L200,344 L40,344 Z"/>'
    image_CHW = np.zeros((4, 96, 96), dtype=np.uint8)
    image_CHW[:, 10:86, 10:50] = 255
    forms: tuple[dict[str, Any], ...] = ({}, {"mirrored": True}, {"build": "tall"},
                                         {"condition": "wet"})  # fmt: skip
    objects = tuple(PlannedObject(prompt="a thing", **form) for form in forms)
    plan = dataclasses.replace(Plan.whole("things"), objects=objects)
    plain, mirrored, tall, wet = plan.vectors([image_CHW] * 4, [curves] * 4)
    assert plain.paths == curves
    assert mirrored.paths == '<path fill="#dd2e44" d="M344,40 L184,40 L184,344 L344,344 Z"/>'
    assert "#dd2e44" not in tall.paths and "#dd2e44" not in wet.paths
