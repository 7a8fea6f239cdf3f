"""Plans as JSON come back as they were, and what is wrong in them is named."""

import copy
import json
from typing import Any

import numpy as np
import pytest

from dall_e.errors import DallEWarning
from dall_e.planning.plan import Plan, plan_prompt
from dall_e.planning.plan_reading import read_plan
from dall_e.planning.plan_record import plan_record
from dall_e.planning.record_fields import parsed
from dall_e.planning.vocabulary import Vocabulary

PROMPTS = (
    "three small blue cars and a big dog on the beach",
    "a watercolour of a cat holding a ball",
    "a wooden chair to the left of a striped umbrella",
    "一只猫在树的左边",
    "a girl with red hair",
    "a kitchen",
    "a cat",
)


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("seed", [None, 5])
def test_a_plan_of_rules_comes_back(vocabulary: Vocabulary, prompt: str, seed: int | None) -> None:
    plan = plan_prompt(prompt, vocabulary, seed)
    text = json.dumps(plan_record(plan, prompt, seed=seed, size=64))
    saved = read_plan(json.loads(text), vocabulary)
    assert (saved.prompt, saved.seed, saved.size) == (prompt, seed, 64)
    for field in ("objects", "scene", "style", "is_whole"):
        assert getattr(saved.plan, field) == getattr(plan, field)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_plan_with_boxes_comes_back(vocabulary: Vocabulary, prompt: str) -> None:
    plan = plan_prompt(prompt, vocabulary, 5)
    image = np.zeros((4, 96, 96), dtype=np.uint8)
    image[:, 20:70, 13:80] = 255
    vectors = plan.vectors([image] * len(plan.objects))
    placed = plan.settle(vectors, prompt=prompt, seed=5, size=100)
    text = json.dumps(placed.record())
    assert read_plan(json.loads(text), vocabulary).plan == Plan.of_placed(placed)


@pytest.fixture
def boxes(vocabulary: Vocabulary) -> dict[str, Any]:
    plan = plan_prompt("a cat and a ball", vocabulary, 5)
    image = np.full((4, 96, 96), 255, dtype=np.uint8)
    vectors = plan.vectors([image, image])
    placed = plan.settle(vectors, prompt="a cat and a ball", seed=5, size=100)
    record: dict[str, Any] = json.loads(json.dumps(placed.record()))
    return record


def changed(record: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    record = copy.deepcopy(record)
    where: Any = record
    for name in path[:-1]:
        where = where[name]
    where[path[-1]] = value
    return record


WRONG: list[tuple[tuple[str | int, ...], Any, str]] = [
    (("format",), "a cake", "it is no plan"),
    (("version",), 7, "version 7 of plans is not read, only 1"),
    (("colour",), "red", "unknown fields: 'colour'"),
    (("objects", 1, "wheels"), 4, r"unknown fields: 'objects\[1\].wheels'"),
    (("seed",), -1, "seed must be a whole number from 0"),
    (("seed",), 1.5, "seed must be a whole number"),
    (("seed",), True, "seed must be a whole number"),
    (("size",), None, "needs a seed and a size"),
    (("layout",), "golden", "layout is 'golden', known are rules, boxes"),
    (("style",), "cubism", "style is 'cubism', known are"),
    (("background",), "the moon of Mars", "background: "),
    (("background",), "plain", "background_colour is missing"),
    (("background_colour",), "mauve", "background_colour is 'mauve'"),
    (("objects",), {}, "objects must be a list"),
    (("objects", 0), "cat", r"objects\[0\] must be an object with fields"),
    (("objects", 0, "prompt"), " ", r"objects\[0\].prompt is blank"),
    (("objects", 0, "prompt"), 3, r"objects\[0\].prompt must be a text, got 3"),
    (("objects", 0, "paint"), "mauve", r"objects\[0\].paint is 'mauve'"),
    (("objects", 0, "parts"), [["nose", "red"]], r"objects\[0\].parts\[0\] must be one of hair"),
    (("objects", 0, "held_by"), 0, "held_by: objects.0. is held by itself"),
    (("objects", 0, "held_by"), 9, r"objects\[0\].held_by must be a whole number from 0 to 1"),
    (("layers", 0, "box", 2), -0.5, r"layers\[0\].box must be wider and higher than 0, got -0.5"),
    (("layers", 0, "box", 3), 0, r"layers\[0\].box must be wider and higher than 0"),
    (("layers", 0, "box", 0), float("nan"), r"layers\[0\].box must be a finite number, got nan"),
    (("layers", 0, "box", 0), "left", r"layers\[0\].box must be a finite number"),
    (("layers", 0, "box", 0), 2000, r"layers\[0\].box is in fractions"),
    (("layers", 0, "box"), [1, 2], r"layers\[0\].box must be left, top, width and height, got 2"),
    (("layers", 0, "object"), 2, r"layers\[0\].object must be a whole number from 0 to 1, got 2"),
    (("layers", 0, "kind"), "halo", r"layers\[0\].kind is 'halo', known are thing"),
    (("layers", 0, "mirrored"), 1, r"layers\[0\].mirrored must be true or false"),
    (("layers", 0, "angle"), float("inf"), r"layers\[0\].angle must be a finite number"),
    (("layers",), [], "nothing would be seen"),
    (("layers",), [{}] * 600, "layers has 600 entries, at most 512 are read"),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG)
def test_what_is_wrong_is_named(
    boxes: dict[str, Any],
    vocabulary: Vocabulary,
    path: tuple[str | int, ...],
    value: Any,
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        read_plan(changed(boxes, path, value), vocabulary)


def test_things_that_hold_each_other_are_a_circle(
    boxes: dict[str, Any], vocabulary: Vocabulary
) -> None:
    record = changed(changed(boxes, ("objects", 0, "held_by"), 1), ("objects", 1, "held_by"), 0)
    with pytest.raises(ValueError, match="in a circle"):
        read_plan(record, vocabulary)


def test_things_that_are_not_known_are_said(boxes: dict[str, Any], vocabulary: Vocabulary) -> None:
    prompt = changed(boxes, ("objects", 1, "prompt"), "a zzqx")
    with pytest.warns(DallEWarning, match=r"objects\[1\].prompt: the model does not know zzqx"):
        read_plan(prompt, vocabulary)
    both = changed(prompt, ("objects", 1, "name"), "zzqx")
    with pytest.raises(ValueError, match=r"objects\[1\].name: the model does not know 'zzqx'"):
        read_plan(both, vocabulary)


def test_boxes_that_rules_would_overrule_are_refused(vocabulary: Vocabulary) -> None:
    plan = plan_prompt("a cat and a ball", vocabulary, 5)
    record = plan_record(plan, "a cat and a ball", seed=5, size=64)
    record = json.loads(json.dumps(record))
    read_plan(record, vocabulary)
    edited = changed(record, ("objects", 0, "boxes", 0, 0), 0.9)
    with pytest.raises(ValueError, match=r"objects\[0\].boxes were edited, but the layout is"):
        read_plan(edited, vocabulary)
    acting = [
        {"subject": 0, "verb": "holding", "thing": 1},
        {"subject": 1, "verb": "holding", "thing": 0},
    ]
    with pytest.raises(ValueError, match="actions: .* in a circle"):
        read_plan(changed(record, ("actions",), acting), vocabulary)
    with pytest.raises(ValueError, match=r"objects\[0\].name: the model does not know 'zzqx'"):
        read_plan(changed(record, ("objects", 0, "name"), "zzqx"), vocabulary)
    with pytest.raises(ValueError, match=r"objects\[0\].count must be a whole number from 0 to 12"):
        read_plan(changed(record, ("objects", 0, "count"), 40), vocabulary)


@pytest.mark.parametrize("record", [None, [], "a cat", 3, {}])
def test_what_is_no_plan_is_none(record: Any, vocabulary: Vocabulary) -> None:
    with pytest.raises(ValueError, match=r"must be an object with fields|it is no plan"):
        read_plan(record, vocabulary)


def test_json_has_no_nan_and_no_bottom() -> None:
    with pytest.raises(ValueError, match="NaN is no number of JSON"):
        parsed('{"seed": NaN}')
    with pytest.raises(ValueError, match="nested too deeply"):
        parsed("[" * 200_000)
