"""A box in a picture of ours takes out the things that lie within it, and no part of any other."""

import numpy as np
import pytest

from dall_e.editing.instructions import read_instruction
from dall_e.editing.layers import Layers
from dall_e.editing.locating import masked
from dall_e.images.painting import svg_image
from dall_e.images.selections import UInt8

SIDE = 40
DOCUMENT = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">
<g data-name="beach"><rect width="40" height="40" fill="#ffeeaa"/></g>
<g data-name="shadow"><rect x="4" y="14" width="10" height="4" fill="#888888"/></g>
<g data-name="a box"><rect x="4" y="4" width="10" height="12" fill="#ff0000"/></g>
<g data-name="a box"><rect x="24" y="4" width="10" height="12" fill="#0000ff"/></g>
</svg>"""


@pytest.fixture
def layers() -> Layers:
    return Layers(DOCUMENT, svg_image(DOCUMENT, SIDE))


def box(left: int, top: int, right: int, bottom: int) -> UInt8:
    selected_HW = np.zeros((SIDE, SIDE), np.uint8)
    selected_HW[top:bottom, left:right] = 255
    return selected_HW


def test_what_lies_within_goes_with_its_shadow_and_others_of_its_name_stay(layers: Layers) -> None:
    located = masked(box(2, 2, 18, 20), read_instruction("a dog"), layers)
    assert located.behind_HWC is not None and located.thing_HW is not None
    assert (located.behind_HWC[4:18, 4:14] == [255, 238, 170, 255]).all()
    assert (located.behind_HWC[6, 28] == [0, 0, 255, 255]).all()
    assert located.thing_HW[10, 8] == 255 and located.thing_HW[10, 28] == 0


def test_for_a_drawing_what_a_box_cuts_stays_whole(layers: Layers) -> None:
    located = masked(box(0, 0, 12, 20), read_instruction("a dog"), layers)
    assert located.behind_HWC is None
    assert located.thing_HW is not None and not located.thing_HW.any()


@pytest.mark.parametrize("prompt", ["", "remove the box", "remove the hat", "make it green"])
def test_what_lies_mostly_in_a_box_is_taken_out_or_painted_whole(
    layers: Layers, prompt: str
) -> None:
    located = masked(box(0, 0, 11, 20), read_instruction(prompt), layers)
    assert located.thing_HW is not None and located.behind_HWC is not None
    # Also what is to the right of the box, which may change, too.
    assert located.thing_HW[6, 13] == 255 and located.selected_HW[6, 13] == 255
    assert located.thing_HW[6, 28] == 0 and located.selected_HW[6, 28] == 0
    assert (located.behind_HWC[4:18, 4:14] == [255, 238, 170, 255]).all()


@pytest.mark.parametrize("right", [5, 7, 8])
def test_what_a_box_cuts_stays_whole_and_is_named(layers: Layers, right: int) -> None:
    with pytest.raises(ValueError, match="nothing lies mostly in the box, which cuts a box: name"):
        masked(box(0, 0, right, 20), read_instruction("remove it"), layers)
    # Where the words name it, too, a corner of it says which one is meant.
    if right > 5:
        located = masked(box(0, 0, right, 20), read_instruction("remove the box"), layers)
        assert located.thing_HW is not None
        assert located.thing_HW[6, 13] == 255 and located.thing_HW[6, 28] == 0


def test_beside_a_thing_that_is_touched_a_part_of_the_place_goes() -> None:
    side = 160
    document = DOCUMENT.replace(
        'fill="#ffeeaa"/>',
        'fill="#ffeeaa"/><rect x="15" y="20" width="8" height="8" fill="#228822"/>',
    )
    layers = Layers(document, svg_image(document, side))
    selected_HW = np.zeros((side, side), np.uint8)
    selected_HW[64:128, 40:104] = 255
    assert layers.within(selected_HW, least=0)
    located = masked(selected_HW, read_instruction("remove it"), layers)
    assert located.thing_HW is not None and located.behind_HWC is None
    assert located.thing_HW[96, 76] == 255 and not located.thing_HW[:72, :56].any()
    # Of bare ground all is as it was: pixels decide.
    selected_HW[:] = 0
    selected_HW[120:150, 20:60] = 255
    located = masked(selected_HW, read_instruction("remove it"), layers)
    assert located.thing_HW is None and np.array_equal(located.selected_HW, selected_HW)


@pytest.mark.parametrize(
    ("prompt", "goes"), [("remove the ball", "ball"), ("replace the ball with a dog", "ball"),
                         ("remove the tree", "all"), ("a dog", "all")],
)  # fmt: skip
def test_of_several_things_the_one_that_is_named_goes(prompt: str, goes: str) -> None:
    document = DOCUMENT.replace('a box"><rect x="24', 'a ball"><rect x="24')
    layers = Layers(document, svg_image(document, SIDE))
    located = masked(box(0, 0, SIDE, SIDE), read_instruction(prompt), layers)
    assert located.thing_HW is not None and located.thing_HW[6, 28] == 255
    assert (located.thing_HW[6, 8] == 255) == (goes == "all")
    # A box beside what is named is about what lies in the box.
    located = masked(box(2, 2, 18, 20), read_instruction(prompt), layers)
    assert located.thing_HW is not None and located.thing_HW[6, 8] == 255


def test_what_is_added_takes_nothing_out(layers: Layers) -> None:
    located = masked(box(2, 2, 18, 20), read_instruction("add a dog"), layers)
    assert located.thing_HW is not None and not located.thing_HW.any()


def test_a_painted_mask_and_other_pictures_are_as_they_are(layers: Layers) -> None:
    round_HW = box(2, 2, 18, 20)
    round_HW[2:6, 2:6] = 0
    for selected_HW, known in ((round_HW, layers), (box(2, 2, 18, 20), None)):
        located = masked(selected_HW, read_instruction("a dog"), known)
        assert located.thing_HW is None and located.behind_HWC is None
