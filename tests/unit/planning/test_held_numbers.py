"""What each of several holds is its own, in the files of every version."""

import json
from typing import Any

import pytest

from dall_e.planning.held_numbers import PER_OWNER
from dall_e.planning.placed_plan import PlacedPlan
from dall_e.planning.plan_reading import read_plan
from dall_e.planning.vocabulary import Vocabulary

WIDTH = 0.2
OLD_FILES = [(6, "0.15"), (12, "0.16")]


def old_record(base: int, owners: int, held: int, gone: int | None = None) -> dict[str, Any]:
    """A plan with boxes as versions 0.15 and 0.16 wrote it: cats side by side, each with balls.

    gone: the cat that somebody had removed.
    """
    drawing = {
        "paint": "", "material": "", "pattern": "", "build": "", "condition": "", "parts": [],
        "mirrored": False, "seed": None,
    }  # fmt: skip
    layer = {
        "kind": "thing", "mirrored": False, "angle": 0.0, "fits": False, "clip": [], "colour": "",
        "thickness": 0.0,
    }  # fmt: skip
    layers = []
    for cat in range(owners):
        if cat != gone:
            box = [cat * WIDTH, 0.2, 0.15, 0.6]
            layers.append({"object": 0, "copy": cat, "box": box, **layer})
            for ball in range(held):
                box = [cat * WIDTH + 0.01 * ball, 0.5, 0.02, 0.02]
                layers.append({"object": 1, "copy": cat * base + ball, "box": box, **layer})
    return {
        "format": "dall-e plan", "version": 1, "layout": "boxes",
        "prompt": f"{owners} cats holding balls", "seed": 1, "size": 64, "style": "",
        "background": "", "background_colour": "",
        "objects": [
            {"name": "cat", "name_zh": "猫", "held_by": None, "prompt": "a cat", **drawing},
            {"name": "ball", "name_zh": "球", "held_by": 0, "prompt": "a ball", **drawing},
        ],
        "layers": layers,
    }  # fmt: skip


def read(record: dict[str, Any], vocabulary: Vocabulary) -> PlacedPlan:
    placed = read_plan(json.loads(json.dumps(record)), vocabulary).plan.placed
    assert placed is not None
    return placed


def columns(plan: PlacedPlan, name: str) -> list[int]:
    """Under which cat everything of a name is."""
    wanted = [number for number, each in enumerate(plan.objects) if each.name == name]
    return sorted(int(layer.box[0] // WIDTH) for layer in plan.layers if layer.object in wanted)


@pytest.mark.parametrize(("base", "version"), OLD_FILES, ids=str)
@pytest.mark.parametrize(("owners", "held"), [(1, 3), (2, 1), (2, 6), (3, 1), (4, 5), (5, 2)])
def test_files_of_old_versions_say_who_holds_what(
    base: int, version: str, owners: int, held: int, vocabulary: Vocabulary
) -> None:
    plan = read(old_record(base, owners, held), vocabulary)
    for cat in range(owners if owners > 1 else 0):
        left = plan.remove(f"cat#{cat + 1}")
        others = [each for each in range(owners) if each != cat]
        assert columns(left, "cat") == others
        assert columns(left, "ball") == sorted(others * held), version
    down = plan.move("cat#2" if owners > 1 else "cat", 0, 0.1)
    moved = [layer for layer in down.layers if layer not in plan.layers]
    assert len(moved) == 1 + held


@pytest.mark.parametrize(("base", "version"), OLD_FILES, ids=str)
@pytest.mark.parametrize("gone", [0, 1, 2])
def test_also_where_somebody_was_removed(
    base: int, version: str, gone: int, vocabulary: Vocabulary
) -> None:
    plan = read(old_record(base, 3, 2, gone), vocabulary)
    kept = [cat for cat in range(3) if cat != gone]
    left = plan.remove("cat#2")
    assert columns(left, "cat") == kept[:1] and columns(left, "ball") == kept[:1] * 2, version


def test_a_dozen_in_each_hand_of_version_0_16(vocabulary: Vocabulary) -> None:
    plan = read(old_record(12, 2, 12), vocabulary)
    assert columns(plan.remove("cat#2"), "ball") == [0] * 12


def test_new_files_say_what_they_count_by(vocabulary: Vocabulary) -> None:
    plan = read(old_record(6, 2, 1), vocabulary)
    record = json.loads(plan.to_json())
    assert record["held_per_owner"] == PER_OWNER
    assert [layer["copy"] for layer in record["layers"] if layer["object"]] == [0, PER_OWNER]
    again = read(record, vocabulary)
    assert again == plan
    # As nobody would guess it: the second cat's ball alone is left, and the first one's number.
    alone = read(old_record(12, 3, 1) | {"held_per_owner": 6}, vocabulary)
    assert columns(alone.remove("cat#3"), "ball") == [0, 2]


@pytest.mark.parametrize("said", [0, 5, 7, 65, -1, "6", True])
def test_what_no_version_counts_by_is_an_error(said: Any, vocabulary: Vocabulary) -> None:
    with pytest.raises(ValueError, match="held_per_owner must be"):
        read({**old_record(6, 2, 1), "held_per_owner": said}, vocabulary)


def test_what_is_painted_alone_still_belongs_to_its_owner(vocabulary: Vocabulary) -> None:
    plan = read(old_record(12, 2, 1), vocabulary).recolour("ball#2", "blue")
    left = plan.remove("cat#2")
    assert columns(left, "ball") == [0]
    assert [each.drawing.paint for each in left.objects] == ["", ""]
    assert columns(plan.remove("cat#1"), "ball") == [1]
