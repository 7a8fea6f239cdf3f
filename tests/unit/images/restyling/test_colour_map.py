"""Colours go where pairs say; where none says it, a colour keeps its hue if the style has that."""

import numpy as np
import pytest

from dall_e.images.colour import as_hex
from dall_e.images.effects.vectors import in_oklab
from dall_e.images.restyling.colour_map import ColourMap, Framed, learned_map

PALE_GREEN, GREEN, GREY, RED = "#acdeb4", "#5c9e31", "#d0cfce", "#d22f27"
NOTHING = Framed(labels_SS=np.full((48, 48), -1))


def labs(*colours: str) -> np.ndarray:
    return np.array([in_oklab(colour) for colour in colours], np.float32)


def told(change: ColourMap, colour: str) -> str:
    return as_hex(change(labs(colour))[0])


def full(label: int) -> Framed:
    return Framed(labels_SS=np.full((48, 48), label))


@pytest.mark.parametrize(
    ("palette", "becomes"), [((GREEN, GREY), GREEN), ((RED, GREY), GREY), ((GREY,), GREY)]
)
def test_what_no_pair_says_keeps_its_hue_if_it_can(palette: tuple[str, ...], becomes: str) -> None:
    change = learned_map([(NOTHING, NOTHING)], labs(PALE_GREEN), labs(*palette), strict=True)
    assert told(change, PALE_GREEN) == becomes
    # And what is far from every colour of ours
    assert told(learned_map([], labs("#1e50a0"), labs(*palette), strict=True), "#c6e5b3") == becomes


def test_pairs_say_otherwise() -> None:
    pairs = [(full(0), full(1))] * 200
    change = learned_map(pairs, labs(PALE_GREEN), labs(GREEN, GREY), strict=True)
    assert told(change, PALE_GREEN) == GREY


SKIN, HAIR, ORANGE, YELLOW = "#ffdc5d", "#ffac33", "#f4aa41", "#fcea2b"


def strict_map(*palette: str) -> ColourMap:
    """A style of few colours, whose pairs say that hair and all that is near to it is orange."""
    pairs = [(full(0), full(0)), (full(1), full(0))] * 200
    return learned_map(pairs, labs(HAIR, "#ffcc4d"), labs(ORANGE, *palette), strict=True)


@pytest.mark.parametrize("own", [(SKIN, HAIR), (HAIR, SKIN)])
def test_what_differs_in_a_thing_differs_in_its_style(own: tuple[str, ...]) -> None:
    change = strict_map(YELLOW, GREY)
    assert told(change, SKIN) == told(change, HAIR) == ORANGE
    becomes = dict(zip(own, map(as_hex, change.of_thing(labs(*own))), strict=True))
    assert becomes == {SKIN: YELLOW, HAIR: ORANGE}
    assert as_hex(change.of_thing(labs(SKIN))[0]) == ORANGE, "alone it is what pairs say"


@pytest.mark.parametrize(
    ("palette", "own"),
    [((GREY,), (SKIN, HAIR)), ((YELLOW,), (HAIR, "#ffa826"))],
    ids=["the style has nothing near", "two shades of one colour"],
)
def test_what_is_alike_stays_one(palette: tuple[str, ...], own: tuple[str, ...]) -> None:
    becomes = strict_map(*palette).of_thing(labs(*own))
    assert [as_hex(lab_3) for lab_3 in becomes] == [ORANGE, ORANGE]
