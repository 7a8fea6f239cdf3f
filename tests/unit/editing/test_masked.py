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


@pytest.mark.parametrize(("prompt", "taken"), [("a dog", True), ("", False), ("nothing", False)])
def test_what_a_box_cuts_stays_whole(layers: Layers, prompt: str, taken: bool) -> None:
    located = masked(box(0, 0, 9, 20), read_instruction(prompt), layers)
    assert located.behind_HWC is None
    # Nothing is known to be taken out for a drawing; of a removal, pixels have to decide.
    assert (located.thing_HW is not None) == taken
    assert located.thing_HW is None or not located.thing_HW.any()


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
