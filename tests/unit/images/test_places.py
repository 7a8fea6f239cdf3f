"""Drawn places: every one can be drawn in any light and weather, and says where things stand."""

from importlib import resources
from xml.etree import ElementTree

import numpy as np
import pytest

from dall_e.images.painting import painted_svg
from dall_e.images.places import (
    TIMES,
    UNITS,
    WEATHERS,
    Setting,
    place_document,
    places,
    scenery,
)

FOLDER = resources.files("dall_e.images").joinpath("places")
OUTDOORS = [name for name, facts in places().items() if facts.kind == "outdoor"]
FORBIDDEN = ("<text", "<image", "<style", "<filter", "<script", "href")


def painted(setting: str, side: int = 24) -> np.ndarray:  # type: ignore[type-arg]
    return painted_svg(place_document(scenery(Setting.of(setting))), side).astype(int)


def test_every_drawing_has_a_row_and_every_row_a_drawing() -> None:
    files = {path.name.removesuffix(".svg") for path in FOLDER.iterdir() if ".svg" in path.name}
    assert files == places().keys() and len(files) >= 45


@pytest.mark.parametrize("name", sorted(places()))
def test_a_place_has_layers_and_ground(name: str) -> None:
    text = FOLDER.joinpath(f"{name}.svg").read_text("utf-8")
    root = ElementTree.fromstring(text)
    assert root.attrib["viewBox"] == f"0 0 {UNITS} {UNITS}"
    assert [child.attrib.get("id") for child in root[1:]] == ["sky", "far", "middle", "ground"]
    assert not [word for word in FORBIDDEN if word in text]

    facts = places()[name]
    assert facts.kind in ("outdoor", "indoor", "apart")
    if facts.far is None or facts.near is None:
        assert name in ("sky", "space", "orbit") and facts.far is facts.near
    else:
        assert facts.air < facts.far < facts.near < UNITS
    for said, other in facts.drawn:
        assert said in (*TIMES, *WEATHERS) and other in places()
    # It fills the picture and shows more than one thing.
    image = painted(name)
    assert image[..., 3].min() == 255 and len(np.unique(image.reshape(-1, 4), axis=0)) > 4


@pytest.mark.parametrize("name", OUTDOORS)
def test_light_and_weather_combine_outdoors(name: str) -> None:
    day = painted(name)
    assert painted(f"{name}+night")[..., :3].mean() < day[..., :3].mean() - 25
    for setting in (f"{name}+sunset", f"{name}+rain", f"{name}+fog", f"{name}+night+rain"):
        image = painted(setting)
        assert image.shape == day.shape and np.abs(image - day).mean() > 4


def test_settings_do_what_they_say() -> None:
    # Snow is white on the ground, lamps shine at night, rooms are darker.
    assert painted("farm+snow")[-2:, :, :3].mean() > painted("farm")[-2:, :, :3].mean() + 30
    assert "#FFCC4D" in scenery(Setting.of("city-street+night")).back
    assert painted("kitchen+night").mean() < painted("kitchen").mean()
    # What is drawn in just one light stays so, and weather stays outside.
    assert scenery(Setting.of("mars+rain")) == scenery(Setting.of("mars"))
    assert not scenery(Setting.of("kitchen+rain")).front
    # A drawing of its own where there is one; not where more is said than it shows.
    assert scenery(Setting.of("sea+sunset")).facts.name == "sunset-over-sea"
    assert scenery(Setting.of("city-street+rain")).facts.name == "rainy-street"
    assert scenery(Setting.of("city-street+night+rain")).facts.name == "city-street"


def test_settings_are_texts() -> None:
    for text in ("park", "park+night", "park+snow", "park+sunset+rain"):
        assert str(Setting.of(text)) == text
    for text in ("", "nowhere", "park+", "park+noon", "park+night+sunset", "park+rain+snow"):
        with pytest.raises(ValueError, match="none of|more than one"):
            Setting.of(text)


def test_a_place_is_crisp_at_any_size() -> None:
    # As much of a large picture is in-between colours as edges are long: a line, not an area.
    large = painted("kitchen", 288)
    colours, counts = np.unique(large.reshape(-1, 4), axis=0, return_counts=True)
    assert counts[counts > 288].sum() > 0.9 * counts.sum() and len(colours) > 10


def test_leaves_turn_in_autumn_and_what_shines_by_night_makes_it_night() -> None:
    assert "#5C913B" in scenery(Setting.of("park")).back
    assert "#5C913B" not in scenery(Setting.of("park+autumn")).back
    for weather in ("full-moon", "aurora", "meteors", "fireworks"):
        lit = scenery(Setting.of(f"lake+{weather}")).back
        assert "#1F3A68" in lit and lit != scenery(Setting.of("lake+night")).back
