"""Words for places: every word of both languages finds its place, and no thing becomes one."""

import json

import pytest

from dall_e.images.painting import painted_svg
from dall_e.images.places import places
from dall_e.planning.parser import parse
from dall_e.planning.place_contents import with_contents, without_indoor_sun
from dall_e.planning.places import find_place, place_words
from dall_e.planning.plan import plan_prompt
from dall_e.planning.plan_reading import read_plan
from dall_e.planning.plan_record import plan_record
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import Scene, SceneObject


def setting(text: str, chinese: bool = False) -> str:
    found = find_place(text, chinese=chinese, is_noun=lambda _: False)
    return found.setting if found else ""


def test_every_place_has_words_of_both_languages() -> None:
    drawn = {other for facts in places().values() for _, other in facts.drawn}
    assert set(place_words()) >= places().keys() - drawn
    assert {place.split("+")[0] for place in place_words()} <= places().keys()
    for place, (names, phrases, names_zh, phrases_zh) in place_words().items():
        assert (names or phrases) and (names_zh or phrases_zh), place


@pytest.mark.parametrize("place", sorted(place_words()))
def test_words_find_their_place(place: str) -> None:
    names, phrases, names_zh, phrases_zh = place_words()[place]
    for name in names:
        assert setting(f"a {name}").startswith(place), name
        assert setting(f"a cat in the {name}").startswith(place), name
        found = find_place(name, chinese=False, is_noun=lambda _: False)
        assert found and found.is_lone, name
    for phrase in phrases:
        assert setting(f"a cat {phrase}").startswith(place), phrase
    for name in names_zh:
        assert setting(name, True).startswith(place), name
        assert setting(f"一只猫在{name}里", True).startswith(place), name
    for phrase in phrases_zh:
        assert setting(f"{phrase}有一只猫", True).startswith(place), phrase


@pytest.mark.parametrize(
    ("prompt", "background", "names"),
    [
        ("a kitchen", "kitchen", []),
        ("a beach at sunset", "beach+sunset", []),
        ("a street at night in the rain", "city-street+night+rain", []),
        ("snow in the forest", "forest+snow", []),
        ("sunset over mountains", "mountains+sunset", []),
        ("a foggy forest", "forest+fog", []),
        ("a garden full of flowers", "flower-garden", []),
        ("a kitchen with a cat", "kitchen", ["cat"]),
        ("a kitchen without a cat", "kitchen", []),
        ("no kitchen, a cat", "", ["cat"]),
        ("not a forest with a cat", "", ["cat"]),
        ("a street without cars", "city-street", []),
        ("a rainy day", "park+rain", []),
        ("a cold winter night", "snow-field+night+snow", []),
        ("hot summer afternoon", "hills+sun", []),
        ("a quiet night in the village", "village+night", []),
        ("暴风雨中的船", "sea+storm", ["sailboat"]),
        ("夏天的午后", "hills+sun", []),
        ("a dog on the beach at sunset", "beach+sunset", ["dog"]),
        ("a cat in the rain", "park+rain", ["cat"]),
        ("厨房", "kitchen", []),
        ("雨中的街道", "city-street+rain", []),
        ("海边日落", "beach+sunset", []),
        ("夜晚的城市", "city-street+night", []),
        ("一只猫在厨房里", "kitchen", ["cat"]),
        ("晚上的街道上有一辆汽车", "city-street+night", ["car"]),
        ("the great wall in autumn", "great-wall+autumn", []),
        ("长城的秋天", "great-wall+autumn", []),
        ("a rainy day in the city", "city-street+rain", []),
        ("a rainbow over a waterfall", "waterfall+rainbow", []),
        ("a forest under the northern lights", "forest+aurora", []),
        ("a village in the mountains", "village", []),
        # These are things, not places.
        ("a cat under a table", "", ["cat"]),
        ("a castle", "", ["castle"]),
        ("桌子下的猫", "", ["cat"]),
        ("the moon", "", ["moon"]),
    ],
)
def test_prompts_with_places(
    prompt: str, background: str, names: list[str], vocabulary: Vocabulary
) -> None:
    scene = parse(prompt, vocabulary).scene
    assert scene is not None
    assert (scene.background, [item.name for item in scene.objects]) == (background, names)


def test_the_first_word_of_a_thing_is_no_place() -> None:
    things = {"garden chair", "chair"}
    assert find_place("a cat on a garden chair", chinese=False, is_noun=things.__contains__) is None
    assert find_place("three beaches", chinese=False, is_noun=things.__contains__) is None


def test_a_place_alone_is_drawn(vocabulary: Vocabulary) -> None:
    plan = plan_prompt("a beach at sunset", vocabulary, 3)
    assert (plan.prompts, plan.describe(), plan.unread) == ((), "@ beach+sunset", ())
    svg = plan.illustrate([], 3)
    assert svg == plan.illustrate([], 3) and "<image" not in svg
    image = painted_svg(svg, 48)
    assert image[..., 3].min() == 255
    # The network's finish has the same place.
    assert plan.render([], 48, 3).shape == (4, 48, 48)


def test_a_model_draws_a_place_without_a_network(tiny_folder: str) -> None:
    from dall_e import DALL_E

    model = DALL_E.from_pretrained(tiny_folder)
    drawn = {"seed": 1, "height": 64, "width": 64, "compose": True}
    image = model("a kitchen", **drawn)
    assert image.size == (64, 64) and image.info["plan"] == "@ kitchen"
    assert image.tobytes() == model("厨房", **drawn).tobytes()


@pytest.mark.parametrize("prompt", ["a sailboat at sunset", "a boat at night", "a hat in the rain"])
def test_time_and_weather_begin_with_a_whole_word(vocabulary: Vocabulary, prompt: str) -> None:
    """The end of "boat" is no preposition."""
    read = parse(prompt, vocabulary)
    assert read.scene is not None and len(read.scene.objects) == 1 and not read.unread


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a tiny island in the ocean", "island"),
        ("a lake in the mountains", "lake"),
        ("a busy night market", "night-market"),
    ],
)
def test_what_lies_around_a_place_is_read_with_it(text: str, expected: str) -> None:
    found = find_place(text, chinese=False, is_noun=lambda _: False)
    assert found is not None
    assert (found.setting, found.is_lone) == (expected, True)


def test_chinese_night_market_is_a_market_at_night() -> None:
    found = find_place("热闹的夜市", chinese=True, is_noun=lambda _: False)
    assert found is not None
    assert (found.setting, found.is_lone) == ("night-market", True)


@pytest.mark.parametrize(
    ("prompt", "chinese", "place"),
    [
        ("a playground with a slide", False, "playground"),
        ("a park full of cherry blossoms", False, "cherry-blossoms"),
        ("a forest with a river", False, "forest-river"),
        ("樱花盛开的公园", True, "cherry-blossoms"),
        ("有滑梯的游乐场", True, "playground"),
        ("a thunderstorm with lightning", False, "hills+storm"),
        ("a rainbow after the rain", False, "meadow+rainbow"),
        ("a highway through a canyon", False, "canyon-road"),
        ("结冰的湖面", True, "frozen-lake"),
    ],
)
def test_what_a_place_shows_is_no_thing(prompt: str, chinese: bool, place: str) -> None:
    found = find_place(prompt, chinese=chinese, is_noun=lambda _: False)
    assert found is not None
    assert (found.setting, found.is_lone) == (place, True)


def test_other_things_of_a_place_are_left() -> None:
    found = find_place("a playground with a dog", chinese=False, is_noun=lambda _: False)
    assert found is not None
    assert "dog" in found.rest("a playground with a dog")


@pytest.mark.parametrize(
    ("prompt", "background", "objects"),
    [
        ("a living room with a fireplace", "fireplace-room", 0),
        ("a farm with a windmill", "farm-windmill", 0),
        ("a tropical island with a shipwreck", "island-wreck", 0),
        ("playground with a slide and two swings", "playground", 0),
        ("kids' bedroom with toys on the floor", "kids-room", 0),
        ("snowy village at night", "village+night+snow", 0),
        ("a rainy night in the city", "city-street+night+rain", 0),
        ("雪夜的村庄", "village+night+snow", 0),
        ("客厅沙发上有一只狗", "living-room", 1),
        ("月球上有一面旗", "moon-flag", 0),
        ("沙漠里有绿洲和骆驼", "oasis", 1),
        ("a beach with sailboats on the water", "beach", 1),
        ("a beach with a hot air balloon in the sky", "beach", 1),
        ("a hill with a house and sheep", "hills", 2),
        ("the moon with a rocket and an astronaut", "moon", 2),
        ("an island with a palm tree and a treasure chest", "island", 1),
        ("a misty bridge", "river-bridge+fog", 0),
    ],
)
def test_prompts_of_places_with_things(
    prompt: str, background: str, objects: int, vocabulary: Vocabulary
) -> None:
    scene = parse(prompt, vocabulary).scene
    assert scene is not None
    assert (scene.background, len(scene.objects)) == (background, objects)


def test_a_plan_with_spots_is_read_back(vocabulary: Vocabulary) -> None:
    plan = plan_prompt("a bedroom with a teddy bear on the bed", vocabulary, 3)
    assert plan.scene is not None and plan.scene.objects[0].spot == "on:bed"
    record = json.loads(json.dumps(plan_record(plan, prompt="a bear", seed=3, size=64)))
    assert read_plan(record, vocabulary).plan.scene == plan.scene
    record["objects"][0]["spot"] = "somewhere"
    with pytest.raises(ValueError, match="spot"):
        read_plan(record, vocabulary)


def test_a_red_sofa_is_said_and_green_trees_are_there() -> None:
    red = find_place("a living room with a red sofa", chinese=False, is_noun=lambda _: False)
    assert red is not None and "red sofa" in red.rest("a living room with a red sofa")
    green = find_place("a park with green trees", chinese=False, is_noun=lambda _: False)
    assert green is not None and green.is_lone


def test_what_another_drawing_of_a_place_shows_is_no_thing() -> None:
    duck, pond = (SceneObject(name=name, image=None) for name in ("duck", "pond"))
    scene = Scene(objects=(duck, pond), relation="on", background="park+night")
    changed = with_contents(scene)
    assert (changed.background, changed.relation) == ("pond+night", "")
    assert [(item.name, item.spot) for item in changed.objects] == [("duck", "on:water")]
    # What something is said of stays, and so does the only thing.
    alone = Scene(objects=(pond,), background="park")
    red = Scene(
        objects=(duck, SceneObject(name="pond", image=None, colour="red")), background="park"
    )
    assert with_contents(alone) == alone and with_contents(red) == red


@pytest.mark.parametrize(
    ("name", "place", "where"),
    [
        ("sailboat", "mountains", "lake"),
        ("sailboat", "forest+fog", "lake+fog"),
        ("horse", "mountains", "mountains"),
        ("sailboat", "desert", "desert"),
    ],
)
def test_a_boat_between_mountains_is_on_a_lake(name: str, place: str, where: str) -> None:
    scene = Scene(objects=(SceneObject(name=name, image=None),), background=place)
    assert with_contents(scene).background == where


def test_a_sun_is_in_no_room_unless_more_is_said_of_it() -> None:
    cat, sun, red = (
        SceneObject(name=name, image=None, colour=colour)
        for name, colour in (("cat", ""), ("sun", ""), ("sun", "red"))
    )
    inside = without_indoor_sun(Scene(objects=(cat, sun), background="classroom"))
    assert inside.objects == (cat,)
    for scene in (
        Scene(objects=(cat, sun), background="meadow"),
        Scene(objects=(cat, red), background="classroom"),
        Scene(objects=(cat, sun)),
    ):
        assert without_indoor_sun(scene) == scene
