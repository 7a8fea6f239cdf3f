"""Edits of a plan with boxes change what they name, and not one pixel of anything else."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from dall_e.images.painting import painted_svg
from dall_e.images.svg import VectorDrawing
from dall_e.planning.layers import Layer, bounds
from dall_e.planning.placed_plan import PlacedObject, PlacedPlan
from dall_e.planning.plan import Plan, plan_prompt
from dall_e.planning.plan_words import object_of
from dall_e.planning.planned_object import PlannedObject
from dall_e.planning.vocabulary import Vocabulary

UInt8 = npt.NDArray[np.uint8]
COLOURS = {"cat": (220, 40, 40), "ball": (40, 60, 220), "tree": (30, 160, 60)}
SIDE = 96


def block(colour: tuple[int, int, int], width: int = 60, height: int = 60) -> UInt8:
    """A rectangle in the middle of a drawing [4, 96, 96]; its left third is dark."""
    image = np.zeros((96, 96, 4), dtype=np.uint8)
    left, top = 48 - width // 2, 48 - height // 2
    image[top : top + height, left : left + width] = (*colour, 255)
    image[top : top + height, left : left + width // 3] = (20, 20, 20, 255)
    return image.transpose(2, 0, 1)


def drawings(plan: Plan) -> list[VectorDrawing]:
    found = [
        next(colour for name, colour in COLOURS.items() if name in planned.prompt)
        for planned in plan.objects
    ]
    return plan.vectors([block(colour) for colour in found])


def placed_of(prompt: str, vocabulary: Vocabulary) -> PlacedPlan:
    plan = plan_prompt(prompt, vocabulary)
    placed = plan.settle(drawings(plan), prompt=prompt, seed=1, size=SIDE)
    return replace(placed, reader=lambda words: object_of(words, vocabulary))


def painted(placed: PlacedPlan) -> UInt8:
    vectors = drawings(Plan.of_placed(placed))
    return painted_svg(placed.document(vectors, title="", size=SIDE), SIDE)


def differs_outside(before: UInt8, after: UInt8, *boxes: tuple[float, ...]) -> int:
    """Pixels that differ outside of boxes, and of the shadows around them."""
    changed = (before != after).any(2)
    for left, top, width, height in boxes:
        edge = 0.1
        rows = slice(max(int((top - edge) * SIDE), 0), int((top + height + edge) * SIDE) + 1)
        columns = slice(max(int((left - edge) * SIDE), 0), int((left + width + edge) * SIDE) + 1)
        changed[rows, columns] = False
    return int(changed.sum())


def box_of(placed: PlacedPlan, name: str) -> tuple[float, ...]:
    things = [
        layer
        for layer in placed.layers
        if layer.kind == "thing" and placed.objects[layer.object].name == name
    ]
    return bounds(things)


@pytest.fixture
def two(vocabulary: Vocabulary) -> PlacedPlan:
    return placed_of("a cat and a ball in the snow", vocabulary)


def test_a_settled_plan_paints_what_the_rules_paint(vocabulary: Vocabulary) -> None:
    for prompt in ("a cat and a ball", "two cats in the snow", "a cat holding a ball", "a big cat"):
        plan = plan_prompt(prompt, vocabulary, 3)
        vectors = drawings(plan)
        images = [block(COLOURS["cat" if "cat" in each else "ball"]) for each in plan.prompts]
        placed = plan.settle(vectors, prompt=prompt, seed=3, size=384)
        document = placed.document(vectors, title=prompt, size=384)
        assert document == plan.illustrate(images, 3, title=prompt)


@pytest.mark.parametrize("edit", ["move", "resize", "recolour", "replace", "remove", "turn"])
def test_an_edit_changes_nothing_else(two: PlacedPlan, edit: str) -> None:
    edits = {
        "move": lambda: two.move("ball", 0.02, -0.3),
        "resize": lambda: two.resize("ball", 0.6),
        "recolour": lambda: two.recolour("ball", "green"),
        "replace": lambda: two.replace("ball", "a tree"),
        "remove": lambda: two.remove("ball"),
        "turn": lambda: two.turn("ball", 8),
    }
    changed = edits[edit]()
    before, after = painted(two), painted(changed)
    after_box = box_of(changed if edit not in ("remove", "replace") else two, "ball")
    assert (before != after).any()
    assert differs_outside(before, after, box_of(two, "ball"), after_box) == 0
    # The plan itself is as it was.
    assert (painted(two) == before).all()


def test_what_stands_keeps_its_foot_and_what_floats_its_middle(vocabulary: Vocabulary) -> None:
    standing = placed_of("a cat and a ball in the snow", vocabulary)
    left, top, width, height = box_of(standing, "ball")
    small = box_of(standing.resize("ball", 0.5), "ball")
    assert small[1] + small[3] == pytest.approx(top + height)
    assert small[0] + small[2] / 2 == pytest.approx(left + width / 2)

    floating = placed_of("a cat and a ball", vocabulary)
    left, top, width, height = box_of(floating, "ball")
    small = box_of(floating.resize("ball", 0.5), "ball")
    assert small[1] + small[3] / 2 == pytest.approx(top + height / 2)


def test_what_somebody_holds_goes_along(vocabulary: Vocabulary) -> None:
    plan = placed_of("a cat holding a ball", vocabulary)
    moved = plan.move("cat", 0.1, 0.05)
    for name in ("cat", "ball"):
        was, now = box_of(plan, name), box_of(moved, name)
        assert (now[0] - was[0], now[1] - was[1]) == pytest.approx((0.1, 0.05))
    assert plan.remove("ball").names == ("cat",) and len(plan.remove("ball").objects) == 1
    with pytest.raises(ValueError, match="nothing is left"):
        plan.remove("cat")


def test_one_of_several_goes_by_its_number(vocabulary: Vocabulary) -> None:
    plan = placed_of("three cats", vocabulary)
    assert plan.names == ("cat#1", "cat#2", "cat#3")
    blue = plan.recolour("cat#2", "blue")
    assert [each.drawing.paint for each in blue.objects] == ["", "blue"]
    assert len(blue.layers) == 3 and len(plan.remove("cat#1").layers) == 2
    assert [each.drawing.paint for each in plan.recolour("猫", "蓝").objects] == ["blue"]
    for name in ("cat#4", "cat#0", "dog"):
        with pytest.raises(ValueError, match=f"no '{name}'; it has cat#1, cat#2, cat#3"):
            plan.move(name, 0.1, 0)


def test_what_is_added_lies_in_its_room(two: PlacedPlan) -> None:
    """With a shadow where it stands as low as the others, and without one in the air."""
    low = two.add("a tree", 0.5, 0.8, 0.2)
    high = two.add("a tree", 0.5, 0.2, 0.2)
    assert [layer.kind for layer in low.layers[-2:]] == ["shadow", "thing"]
    assert len(high.layers) == len(two.layers) + 1
    green = np.abs(painted(high)[..., :3].astype(int) - COLOURS["tree"]).max(2) < 30
    rows, columns = np.nonzero(green)
    assert 0.38 * SIDE < columns.min() and columns.max() < 0.62 * SIDE
    assert 0.08 * SIDE < rows.min() and rows.max() < 0.32 * SIDE


def test_a_thing_put_instead_keeps_its_proportions() -> None:
    room = Layer(object=0, box=(0.2, 0.2, 0.4, 0.4), fits=True)
    shadow = Layer(object=0, kind="shadow", box=(0.2, 0.2, 0.4, 0.4))
    drawing = PlannedObject(prompt="a tree")
    plan = PlacedPlan(
        prompt="a tree",
        seed=1,
        size=SIDE,
        objects=(PlacedObject(name="tree", drawing=drawing),),
        layers=(shadow, room),
    )
    tall = [VectorDrawing(block(COLOURS["tree"], 30, 60).transpose(1, 2, 0).copy())]
    fitted = plan.fitted(tall)
    assert fitted.layers[1].box == pytest.approx((0.3, 0.2, 0.2, 0.4), abs=0.02)
    assert fitted.layers[0].box == fitted.layers[1].box  # the shadow is as narrow
    assert plan.framed((0.0, 0.5, 0.5, 0.5)).layers[1].box == pytest.approx((0.0, 0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda plan: plan.move("ball", float("nan"), 0), "dx must be a finite number, got nan"),
        (lambda plan: plan.move("ball", 2, 0), "'ball' would be outside of the picture"),
        (lambda plan: plan.resize("ball", 0), "factor must be above 0, got 0"),
        (lambda plan: plan.resize("ball", -1), "factor must be above 0"),
        (lambda plan: plan.resize("ball", 0.001), "0.005 is least"),
        (lambda plan: plan.recolour("ball", "mauve"), "'mauve' is not known; these are: red"),
        (lambda plan: plan.replace("ball", "a zzqx"), "the model does not know"),
        (lambda plan: plan.replace("ball", "two cats"), "more than one thing"),
        (lambda plan: plan.add(" "), "a thing needs a name"),
        (lambda plan: plan.add("a cat", 0.5, 0.5, -1), "size must be at least"),
        (lambda plan: plan.add("a cat", 3, 3), "outside of the picture"),
    ],
)
def test_what_cannot_be_done_is_said(two: PlacedPlan, edit, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        edit(two)
