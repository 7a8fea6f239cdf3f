"""What is laid over a surface: cut at its outline, one gleam a part, glass seen through."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from dall_e.images.areas import Areas
from dall_e.images.painting import painted_svg
from dall_e.images.surfaces import FINISHES, Surface, dressed
from dall_e.images.svg import Group, svg_document
from dall_e.images.textures import MATERIALS, PATTERNS, TEXTURES
from dall_e.images.tracing import traced_paths

BODY, WINDOW = (200, 160, 60), (60, 120, 220)
SURFACE = Surface(labels=frozenset({1}), ink="#705010", contrast="#f8f8f8")


@pytest.fixture
def thing(areas_of: Callable[..., Areas]) -> Areas:
    """A body with a window."""
    return areas_of(192, (BODY, 96, 96, 80, 60), (WINDOW, 96, 96, 20, 20))


def painted(areas: Areas, surface: Surface | None) -> npt.NDArray[np.uint8]:
    paths = dressed(traced_paths(areas), areas, surface)
    return painted_svg(svg_document([Group(name="thing", paths=paths)], 192), 192)


def changed(areas: Areas, surface: Surface) -> npt.NDArray[np.bool_]:
    """Where a surface changes the picture by more than what rounding does."""
    gap = painted(areas, surface).astype(int) - painted(areas, None)
    return np.asarray(np.abs(gap).max(2) > 8)


def test_every_material_has_a_finish_and_every_pattern_a_tile() -> None:
    assert set(FINISHES) == set(MATERIALS)
    assert set(PATTERNS) <= set(TEXTURES) <= set(PATTERNS) | set(MATERIALS)


def test_nothing_said_changes_nothing(thing: Areas) -> None:
    assert dressed("<path/>", thing, None) == "<path/>"
    nowhere = replace(SURFACE, labels=frozenset({7}), material="gold")
    assert dressed("<path/>", thing, nowhere) == "<path/>"


@pytest.mark.parametrize(
    "surface",
    [replace(SURFACE, material=name) for name in MATERIALS]
    + [replace(SURFACE, pattern=name) for name in PATTERNS],
    ids=lambda surface: surface.material or surface.pattern,
)
def test_a_surface_is_seen_on_its_labels_and_nowhere_else(thing: Areas, surface: Surface) -> None:
    paths = dressed(traced_paths(thing), thing, surface)
    ElementTree.fromstring(f"<svg>{paths}</svg>")
    names = re.findall(r'id="([^"]+)"', paths)
    assert set(re.findall(r"url\(#([^)]+)\)", paths)) == set(names)
    assert len(set(names)) == len(names) and "{" not in paths

    changed_SS = changed(thing, surface)
    assert changed_SS[thing.labels_HW == 1].mean() > 0.02
    inner_SS = np.zeros_like(changed_SS)
    inner_SS[82:110, 82:110] = True
    assert not changed_SS[inner_SS].any() and not changed_SS[:30].any()


def test_a_gleam_is_one_area_on_the_side_that_light_comes_from(thing: Areas) -> None:
    surface = replace(SURFACE, material="porcelain")
    lighter = painted(thing, surface).astype(int) - painted(thing, None)
    row, column = np.nonzero(lighter[..., 2] > 40)
    assert len(row) and row.mean() < 96 and column.mean() < 96
    paths = dressed(traced_paths(thing), thing, surface)
    gleam = re.search(r'<g fill="#fff" fill-opacity="0.95">(.*?)</g>', paths)
    assert gleam and gleam[1].count("<path") == 1


def test_glass_lets_through_what_is_behind_it(thing: Areas) -> None:
    alpha_SS = painted(thing, replace(SURFACE, material="glass"))[..., 3]
    assert 100 < alpha_SS[96, 150] < 160  # the body
    assert alpha_SS[96, 96] == 255  # what is in it
    assert painted(thing, replace(SURFACE, material="wood"))[96, 150, 3] == 255


def test_a_striped_thing_keeps_its_edge(areas_of: Callable[..., Areas]) -> None:
    disc = areas_of(192, (BODY, 96, 96, 80, 80))
    striped = painted(disc, replace(SURFACE, pattern="striped"))
    edge = striped[96, 16:19, :3].astype(int) - BODY
    assert np.abs(edge).max() < 60
    assert changed(disc, replace(SURFACE, pattern="striped"))[60:130, 60:130].mean() > 0.3


def test_equal_drawings_have_equal_names_and_others_do_not(thing: Areas) -> None:
    paths = traced_paths(thing)
    wood, gold = (replace(SURFACE, material=name) for name in ("wood", "gold"))
    assert dressed(paths, thing, wood) == dressed(paths, thing, wood)
    names = [set(re.findall('id="([^"]+)"', dressed(paths, thing, one))) for one in (wood, gold)]
    assert not names[0] & names[1]
