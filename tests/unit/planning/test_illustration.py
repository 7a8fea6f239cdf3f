"""A scene as named groups of SVG, which show where everything is."""

import re
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pytest

from dall_e.images.painting import painted_svg
from dall_e.images.svg import Group, VectorDrawing, svg_document
from dall_e.planning.illustration import SIDE, lone_group, scene_groups
from dall_e.scenes.graph import Action, Scene, SceneObject

UInt8 = npt.NDArray[np.uint8]
RED, BLUE, WHITE = (220, 40, 40), (40, 60, 220), (252, 252, 252)


def block(colour: tuple[int, int, int], width: int = 60, height: int = 60) -> VectorDrawing:
    """A rectangle in the middle of a drawing of 96; its left third is dark."""
    image = np.zeros((96, 96, 4), dtype=np.uint8)
    left, top = 48 - width // 2, 48 - height // 2
    image[top : top + height, left : left + width] = (*colour, 255)
    if colour != WHITE:
        image[top : top + height, left : left + width // 3] = (20, 20, 20, 255)
    return VectorDrawing(image)


def thing(name: str, **said: object) -> SceneObject:
    return SceneObject(name=name, image=None, **said)  # type: ignore[arg-type]


def painted(groups: list[Group]) -> UInt8:
    return painted_svg(svg_document(groups, SIDE), 192)


def where(image: UInt8, colour: tuple[int, int, int]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a colour, as fractions."""
    rows, columns = np.nonzero(
        (np.abs(image[..., :3].astype(int) - colour).max(2) < 30) & (image[..., 3] > 200)
    )
    assert len(rows), "the colour is not there"
    return tuple(
        value / len(image) for value in (columns.min(), rows.min(), columns.max(), rows.max())
    )


def test_a_lone_drawing_stays_where_it_was_drawn() -> None:
    groups = lone_group(block(RED), "apple")
    assert [group.name for group in groups] == ["apple"]
    # The right two thirds of columns 18 to 78 of 96
    assert where(painted(groups), RED) == pytest.approx((0.4, 0.19, 0.81, 0.81), abs=0.03)


def test_each_thing_of_a_scene_is_a_group_with_its_name() -> None:
    scene = Scene(objects=(thing("cat", count=2), thing("ball")), background="grass")
    groups = scene_groups(scene, [block(RED), block(BLUE)], seed=1)
    names = [group.name for group in groups]
    assert names[0] == "meadow" and names.count("cat") == 2 and names.count("ball") == 1
    root = ElementTree.fromstring(svg_document(groups, SIDE, "two cats and a ball"))
    assert [child.attrib["data-name"] for child in root[1:]] == names
    image = painted(groups)
    assert (image[..., 3] == 255).all()  # a place is opaque
    where(image, RED), where(image, BLUE)


@pytest.mark.parametrize(("relation", "axis"), [("left", 0), ("above", 1)])
def test_relations_are_seen(relation: str, axis: int) -> None:
    scene = Scene(objects=(thing("cat"), thing("ball")), relation=relation)
    image = painted(scene_groups(scene, [block(RED), block(BLUE)], seed=1))
    first, second = where(image, RED), where(image, BLUE)
    assert first[axis + 2] < second[axis] + 0.05
    assert not image[0, 0, 3] and not image[-1, -1, 3]


def test_every_second_one_looks_the_other_way() -> None:
    scene = Scene(objects=(thing("cat", count=2),))

    def ways(alternates: bool) -> list[bool]:
        groups = scene_groups(scene, [block(RED)], 1, (alternates,))
        return [group.matrix[0] < 0 for group in groups if group.name == "cat"]

    assert ways(False) == [False, False] and sorted(ways(True)) == [False, True]


@pytest.mark.parametrize(("verb", "is_before"), [("holding", True), ("riding", False)])
def test_who_does_something_is_together_with_it(verb: str, is_before: bool) -> None:
    scene = Scene(
        objects=(thing("cat"), thing("ball")),
        actions=(Action(0, verb, 1),),
    )
    groups = scene_groups(scene, [block(RED, 40, 80), block(BLUE)], seed=1)
    names = [group.name for group in groups]
    assert names == (["cat", "ball"] if is_before else ["ball", "cat"])
    shown = [painted([group])[..., 3] > 0 for group in groups]
    assert (shown[0] & shown[1]).sum() > 100  # they overlap
    # All of it is in the picture.
    alpha = painted(groups)[..., 3]
    assert not alpha[0].any() and not alpha[:, 0].any()
    rows, columns = np.nonzero(alpha)
    assert max(np.ptp(rows), np.ptp(columns)) > 0.85 * len(alpha)


def test_a_mirrored_composite_mirrors() -> None:
    """Of two riders the second looks the other way, and so does what it holds."""
    scene = Scene(
        objects=(thing("cat", count=2), thing("ball")),
        actions=(Action(0, "holding", 1),),
    )
    groups = scene_groups(scene, [block(RED, 40, 80), block(BLUE)], 1, (True, False))
    assert [group.name for group in groups] == ["cat", "ball"] * 2
    offsets = []
    for cat, ball in (groups[:2], groups[2:]):
        (left, _, right, _), (near, _, far, _) = (
            where(painted([group]), (20, 20, 20)) for group in (cat, ball)
        )
        offsets.append((near + far) - (left + right))
    assert [group.matrix[0] < 0 for group in groups] == [False, False, True, True]
    # The dark third is left of the middle in one, and right of it in the other.
    assert offsets[0] == pytest.approx(-offsets[1], abs=0.02) and abs(offsets[0]) > 0.1


def test_what_is_white_has_an_edge() -> None:
    white = lone_group(block(WHITE), "ghost")
    assert [group.name for group in white] == ["edge of ghost", "ghost"]
    image = painted(white)
    assert ((image[..., 3] > 200) & (image[..., 0] < 200)).sum() > 100


def test_drawings_that_show_nothing_are_nothing() -> None:
    nothing = VectorDrawing(np.zeros((96, 96, 4), dtype=np.uint8))
    assert not painted(lone_group(nothing, "air")).any()
    scene = Scene(objects=(thing("cat"), thing("ball")), actions=(Action(0, "holding", 1),))
    groups = scene_groups(scene, [nothing, block(BLUE)], seed=1)
    where(painted(groups), BLUE)


def test_shadows_lie_under_what_stands_on_the_ground() -> None:
    scene = Scene(objects=(thing("cat"),), background="grass")
    names = [group.name for group in scene_groups(scene, [block(RED)], seed=1)]
    assert names == ["meadow", "shadow", "cat"]
    assert re.search("ellipse", scene_groups(scene, [block(RED)], seed=1)[1].paths)
