"""Of a picture of ours exactly those things change that the words say."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from dall_e import DALL_E
from dall_e.editing.layers import Layers
from dall_e.images.painting import svg_image

SIDE = 80
XS = {"cat": (34, 2, 18), "dog": (50,), "tree": (66,)}
"""The cats are not drawn from left to right."""
RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 255, 0)


def document() -> str:
    groups = "".join(
        f'<g data-name="{name}"><rect x="{x}" y="20" width="12" height="40" fill="#dd2222"/></g>'
        for name, columns in XS.items()
        for x in columns
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><g data-name="beach">'
        f'<rect width="80" height="80" fill="#ffeeaa"/></g>{groups}</svg>'
    )


@pytest.fixture
def ours() -> Image.Image:
    image = svg_image(document(), SIDE)
    image.info["svg"] = document().encode()
    return image


def state(image: Image.Image) -> str:
    """What is seen at each place from left to right: red, blue, green, or nothing."""
    seen = ""
    for x in (2, 18, 34, 50, 66):
        part_hwC = np.asarray(image.convert("RGB"))[24:56, x + 3 : x + 9].astype(int)
        assert (np.ptp(part_hwC, axis=(0, 1)) == 0).all()
        red, green, blue = part_hwC[0, 0]
        is_ground = (red, green, blue) == (255, 238, 170)
        seen += "-" if is_ground else "rgb"[int(np.argmax((red, green, blue)))]
    return seen


@pytest.mark.parametrize(
    ("prompt", "after"),
    [
        ("remove the dog and the tree", "rrr--"),
        ("去掉狗和树", "rrr--"),
        ("remove the cats, the dog and the tree", "-----"),
        ("make the dog and the tree blue", "rrrbb"),
        ("make the cats blue and the dog green", "bbbgr"),
        ("make the cats blue and remove the tree", "bbbr-"),
        ("把狗变成蓝色，把树变成绿色", "rrrbg"),
        ("remove one cat", "rr-rr"),
        ("去掉一只猫", "rr-rr"),
        ("remove two cats", "r--rr"),
        ("remove the left cat", "-rrrr"),
        ("去掉左边的猫", "-rrrr"),
        ("make the cat on the right blue", "rrbrr"),
        ("remove the second cat", "r-rrr"),
        ("把第二只猫涂成蓝色", "rbrrr"),
        ("remove cat#2 and cat#3", "r--rr"),
        ("remove the first cat and the second cat", "--rrr"),
        ("paint the left cat blue and the right cat green", "brgrr"),
        ("remove the cat", "---rr"),
        ("remove everything except the dog", "---r-"),
        ("remove all but the left cat and the tree", "r---r"),
        ("除了狗都去掉", "---r-"),
    ],
)
def test_just_those_change(model: DALL_E, ours: Image.Image, prompt: str, after: str) -> None:
    assert state(ours) == "rrrrr"
    assert state(model.edit(ours, prompt, seed=1)) == after


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("remove four cats", "the picture has 3 of 'cats', not 4"),
        ("remove the dog and the castle", "'the castle' is not found"),
        ("remove everything except the castle", "'the castle' is not in the picture"),
        ("remove all but the cats, the dog and the tree", "has nothing else than"),
        ("remove the dog and make the dog blue", "nothing is seen of 'dog'"),
        ("remove the smallest cat", "which 'smallest cat' are meant"),
    ],
)
def test_nothing_is_done_by_half(model: DALL_E, ours: Image.Image, prompt: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        model.edit(ours, prompt, seed=1)


def test_a_box_takes_one_edit_and_says_where_the_left_one_is(
    model: DALL_E, ours: Image.Image
) -> None:
    box = (16, 10, 48, 70)
    assert state(model.edit(ours, "remove the left cat", box)) == "r-rrr"
    with pytest.raises(ValueError, match="with a mask or a box, give one edit at a time"):
        model.edit(ours, "remove the cat and the dog", box)
    with pytest.raises(ValueError, match="without a mask or a box"):
        model.edit(ours, "remove everything except the dog", box)


@pytest.mark.parametrize("prompt", ["remove", "delete", "erase", "去掉"])
def test_a_bare_verb_removes_what_is_in_the_box(
    model: DALL_E, ours: Image.Image, prompt: str
) -> None:
    assert state(model.edit(ours, prompt, (48, 10, 64, 70))) == "rrr-r"


def test_a_box_that_cuts_a_thing_does_not_paint_a_part_of_it(
    model: DALL_E, ours: Image.Image
) -> None:
    for words in ("make it blue", "blue"):
        with pytest.raises(ValueError, match="nothing lies mostly in the box, which cuts dog"):
            model.edit(ours, words, (48, 10, 54, 70))
    assert state(model.edit(ours, "blue", (48, 10, 60, 70))) == "rrrbr"


def test_of_two_above_each_other_none_is_left(model: DALL_E) -> None:
    svg = document().replace('x="18" y="20" width="12" height="40"',
                             'x="2" y="64" width="12" height="12"')  # fmt: skip
    image = svg_image(svg, SIDE)
    image.info["svg"] = svg.encode()
    with pytest.raises(ValueError, match="none is clearly 'left cat'"):
        model.edit(image, "remove the left cat")
    assert len(Layers(svg, image).copies("cat")) == 3


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("remove the left cat", "only known in a picture of ours"),
        ("remove everything but the cat", "what else is in this picture is not known"),
    ],
)
def test_in_other_pictures_it_is_refused(
    model: DALL_E, landscape: Any, prompt: str, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        model.edit(landscape(), prompt)
