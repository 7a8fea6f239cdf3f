"""Composed scenes: repeatable, right by construction, and held-out combinations never leak into
training."""

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import torch

from dall_e.data.datasets import ImageSet
from dall_e.images.compositing import Place, paste
from dall_e.scenes.composer import CANONICAL_BACKGROUNDS, SceneComposer, combinations, held_out
from dall_e.scenes.graph import RELATIONS, CutoutImage, Scene, SceneObject, Shape

NAMES = ("cat", "dog", "automobile", "wrapped gift", "bucket", "umbrella", "chair", "soccer ball")
HUES = (
    (200, 120, 40),
    (170, 110, 60),
    (210, 30, 30),
    (30, 60, 200),
    (30, 150, 60),
    (150, 40, 160),
    (90, 60, 30),
)


def image(colour: tuple[int, int, int], side: int = 48) -> npt.NDArray[np.uint8]:
    """A block of one colour with a darker stripe, wider than high, on transparency."""
    result = np.zeros((4, side, side), dtype=np.uint8)
    rows, columns = slice(side // 4, 3 * side // 4), slice(side // 8, 7 * side // 8)
    result[:3, rows, columns] = np.array(colour, dtype=np.uint8)[:, None, None]
    result[:3, rows, side // 3 : side // 2] = np.array(colour, dtype=np.uint8)[:, None, None] * 0.85
    result[3, rows, columns] = 255
    return result


def image_set(names: tuple[str, ...] = NAMES) -> ImageSet:
    records = [
        {
            "en": name,
            "kind": "object",
            "source": "noto",
            "name": name,
            "style_en": "Noto style",
            "style_zh": "Noto风格",
        }
        for name in names
    ]
    drawn = [image(HUES[number % len(HUES)]) for number in range(len(names))]
    return ImageSet(images_NCHW=torch.from_numpy(np.stack(drawn)), records=records, skipped=[])


@pytest.fixture(scope="module")
def composer() -> SceneComposer:
    return SceneComposer(image_set(), 64)


def thing(name: str, **more: object) -> SceneObject:
    image_name = {"car": "automobile", "gift": "wrapped gift"}.get(name, name)
    image = Shape() if name == "circle" else CutoutImage(NAMES.index(image_name))
    return SceneObject(name=name, image=image, **more)  # type: ignore[arg-type]


def count_parts(alpha: npt.NDArray[np.bool_]) -> int:
    """Connected parts of a mask, by flooding."""
    left = alpha.copy()
    parts = 0
    while left.any():
        parts += 1
        part = np.zeros_like(left)
        part[tuple(np.argwhere(left)[0])] = True
        while True:
            grown = part.copy()
            for axis in (0, 1):
                for step in (-1, 1):
                    grown |= np.roll(part, step, axis)
            grown &= left
            if (grown == part).all():
                break
            part = grown
        left &= ~part
    return parts


def middle(mask: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Mean column and row of a mask, as fractions of the side."""
    rows, columns = np.nonzero(mask)
    return float(columns.mean()) / mask.shape[1], float(rows.mean()) / mask.shape[0]


def test_a_seed_gives_one_scene_one_picture_one_caption(composer: SceneComposer) -> None:
    again = SceneComposer(image_set(), 64)
    for seed in range(12):
        scene = composer.scene(seed)
        assert scene == again.scene(seed)
        first = composer.draw(scene)
        assert first.dtype == np.uint8 and first.shape == (4, 64, 64)
        assert np.array_equal(first, composer.draw(scene)) and np.array_equal(
            first, again.draw(scene)
        )
        assert composer.caption(scene, random.Random(3)) == again.caption(scene, random.Random(3))
    assert len({composer.scene(seed) for seed in range(30)}) == 30


def test_pictures_are_premultiplied_and_never_empty(composer: SceneComposer) -> None:
    for seed in range(60):
        scene = composer.scene(seed)
        drawn = composer.draw(scene)
        assert (drawn[:3] <= drawn[3:]).all(), scene
        assert (drawn[3] > 128).mean() > 0.01, scene
        assert (drawn[3] == 255).all() == bool(scene.background), scene


def test_what_sticks_out_is_cut_off() -> None:
    sprite_HWC = np.full((4, 4, 4), 255, dtype=np.uint8)
    for x, y, left in ((0.5, 0.5, 16), (0.0, 0.5, 8), (1.0, 1.0, 4), (-2.0, 0.5, 0), (0.5, 3.0, 0)):
        canvas_SSC = np.zeros((8, 8, 4), dtype=np.uint8)
        paste(canvas_SSC, sprite_HWC, Place(index=0, x=x, y=y, width=0.5, height=0.5))
        assert (canvas_SSC == 255).all(2).sum() == left


def test_small_pictures_hold_scenes_too(composer: SceneComposer) -> None:
    images = composer.images
    small_NCHW = images.images_NCHW[:, :, ::2, ::2].contiguous()
    small = SceneComposer(ImageSet(images_NCHW=small_NCHW, records=images.records, skipped=[]), 32)
    for seed in range(80):
        assert small.draw(small.scene(seed)).shape == (4, 32, 32)


def test_canonical_scenes_differ_only_in_what_captions_say_and_in_the_background() -> None:
    canonical = SceneComposer(image_set(), 64, canonical=True)
    cat, dog = thing("cat", colour="white", state="sleeping"), thing("dog")
    for objects, relation in (
        ((cat,), ""),
        ((dog, thing("car")), "right"),
        ((thing("gift", count=5),), ""),
    ):
        drawn = {
            canonical.draw(Scene(objects=objects, relation=relation, seed=str(seed))).tobytes()
            for seed in range(20)
        }
        assert len(drawn) == 1
        on_sills = {
            canonical.draw(
                Scene(objects=objects, relation=relation, background="windowsill", seed=str(seed))
            ).tobytes()
            for seed in range(60)
        }
        assert len(on_sills) == CANONICAL_BACKGROUNDS


def test_unless_words_say_otherwise_a_canonical_thing_is_one_picture_of_the_house_style() -> None:
    """The house has no chair, and its best-known ship is its second one."""
    names = (
        "cat",
        "dog",
        "automobile",
        "wrapped gift",
        "passenger ship",
        "ship",
        "cat",
        "automobile",
        "chair",
    )
    images = image_set(names)
    for number, record in enumerate(images.records):
        house = number < 6
        record |= {
            "source": "house" if house else "other",
            "weight": 9 if house else 1,
            "style_said": 0.9,
        }
    canonical = SceneComposer(images, 64, canonical=True)
    seen: dict[str, set[int]] = {}
    for seed in range(400):
        scene = canonical.scene(seed)
        for item in scene.objects:
            if isinstance(item.image, CutoutImage) and not item.colour:
                seen.setdefault(item.name, set()).add(item.image.index)
    assert seen["ship"] == {5} and seen["gift"] == {3} and seen["chair"] == {8}
    shown = {item.image for seed in range(400) for item in canonical.scene(seed).objects}
    assert shown >= {CutoutImage(6), CutoutImage(7)}


def test_a_lone_thing_of_a_canonical_scene_stays_where_its_picture_has_it() -> None:
    images = image_set()
    canonical = SceneComposer(images, images.images_NCHW.shape[-1], canonical=True)
    for number, name in enumerate(("cat", "dog", "car", "gift")):
        drawn = canonical.draw(Scene(objects=(thing(name),), seed="1"))
        assert np.array_equal(drawn, images.images_NCHW[number].numpy())
    painted = canonical.draw(Scene(objects=(thing("car", colour="green"),), seed="1"))
    assert np.array_equal(painted[3], images.images_NCHW[2, 3].numpy())
    assert not np.array_equal(painted, images.images_NCHW[2].numpy())


def test_training_scenes_hold_nothing_that_is_held_out(composer: SceneComposer) -> None:
    assert not any(held_out(composer.scene(seed)) for seed in range(300))
    kept = [composer.scene(seed, split="heldout") for seed in range(40)]
    assert all(held_out(scene) for scene in kept)
    with pytest.raises(ValueError, match="'validation' is neither"):
        composer.scene(0, split="validation")


def test_about_a_tenth_of_the_combinations_is_held_out() -> None:
    def fraction(make: Callable[[str], Scene]) -> float:
        return float(np.mean([held_out(make(f"thing {number}")) for number in range(2000)]))

    assert (
        0.07
        < fraction(
            lambda name: Scene(
                objects=(SceneObject(name=name, image=CutoutImage(0), colour="red"),)
            )
        )
        < 0.13
    )
    assert (
        0.07
        < fraction(
            lambda name: Scene(objects=(SceneObject(name=name, image=CutoutImage(0), count=3),))
        )
        < 0.13
    )
    assert (
        fraction(lambda name: Scene(objects=(SceneObject(name=name, image=CutoutImage(0)),))) == 0
    )


def test_the_best_known_prompts_are_never_held_out() -> None:
    for name, colour in (("cat", "white"), ("dog", "brown")):
        assert not held_out(Scene(objects=(thing(name, colour=colour),)))


def test_a_relation_and_its_inverse_are_one_combination() -> None:
    cat, dog = thing("cat"), thing("dog")
    for relation, inverse in (
        ("left", "right"),
        ("above", "below"),
        ("in front", "behind"),
        ("next to", "next to"),
    ):
        first = Scene(objects=(cat, dog), relation=relation)
        assert combinations(first) == combinations(Scene(objects=(dog, cat), relation=inverse))
    assert combinations(Scene(objects=(cat, dog), relation="on")) != combinations(
        Scene(objects=(dog, cat), relation="on")
    )


@pytest.mark.parametrize("count", range(1, 7))
def test_as_many_things_as_it_says(composer: SceneComposer, count: int) -> None:
    for size in ("", "small"):
        for seed in range(8):
            scene = Scene(objects=(thing("gift", count=count, size=size),), seed=str(seed))
            assert count_parts(composer.draw(scene)[3] > 100) == count, scene


def test_big_is_bigger_than_small(composer: SceneComposer) -> None:
    def area(size: str, seed: int) -> float:
        return float(
            (
                composer.draw(Scene(objects=(thing("car", size=size),), seed=str(seed)))[3] > 100
            ).mean()
        )

    sizes = {size: [area(size, seed) for seed in range(10)] for size in ("big", "", "small")}
    assert min(sizes["big"]) > max(sizes[""]) > min(sizes[""]) > max(sizes["small"])


def reds_and_blues(
    drawn: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    red, _, blue, alpha = drawn.astype(int)
    return (alpha > 200) & (red > blue + 60), (alpha > 200) & (blue > red + 60)


@pytest.mark.parametrize(
    ("relation", "axis", "sign"),
    [("left", 0, -1), ("right", 0, 1), ("above", 1, -1), ("below", 1, 1), ("on", 1, -1)],
)
def test_positions_mean_what_they_say(
    composer: SceneComposer, relation: str, axis: int, sign: int
) -> None:
    for seed in range(10):
        scene = Scene(objects=(thing("car"), thing("gift")), relation=relation, seed=str(seed))
        first, second = (middle(mask) for mask in reds_and_blues(composer.draw(scene)))
        assert sign * (first[axis] - second[axis]) > 0.25, (scene, first, second)
        assert abs(first[1 - axis] - second[1 - axis]) < 0.2, (scene, first, second)


def test_in_front_hides_a_part_of_what_is_behind(composer: SceneComposer) -> None:
    for seed in range(10):
        scene = Scene(objects=(thing("car"), thing("gift")), relation="in front", seed=str(seed))
        turned = replace(scene, objects=scene.objects[::-1], relation="behind")
        for drawn in (composer.draw(scene), composer.draw(turned)):
            front, back = reds_and_blues(drawn)
            assert middle(front)[1] > middle(back)[1]
            assert back.sum() > 0.3 * front.sum()
            # What is in front is whole: it fills its box.
            rows, columns = np.nonzero(front)
            box = front[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            assert box.mean() > 0.95


def test_inside_a_shape_lies_within_it(composer: SceneComposer) -> None:
    scene = Scene(
        objects=(thing("car"), thing("circle", colour="blue")), relation="inside", seed="4"
    )
    first, second = reds_and_blues(composer.draw(scene))
    rows, columns = np.nonzero(first)
    outer_rows, outer_columns = np.nonzero(second)
    assert outer_rows.min() < rows.min() and rows.max() < outer_rows.max()
    assert outer_columns.min() < columns.min() and columns.max() < outer_columns.max()


def test_things_stand_on_the_grid_of_tokens(composer: SceneComposer) -> None:
    def corner(name: str, seed: int) -> tuple[int, int]:
        drawn = composer.draw(Scene(objects=(thing(name),), seed=str(seed)))
        rows, columns = np.nonzero(drawn[3] > 100)
        return int(columns.min()), 64 - (int(rows.max()) + 1)

    # One in three is turned a little, and a turned box has its corners elsewhere.
    corners = [corner("car", seed) for seed in range(40)]
    on_grid = [left % 8 in (0, 1, 7) and above % 8 in (0, 1, 7) for left, above in corners]
    assert np.mean(on_grid) > 0.6
    assert len(set(corners)) > 1


def test_two_things_have_each_its_own_colour(composer: SceneComposer) -> None:
    for seed in range(5):
        objects = (thing("car", colour="blue"), thing("gift", colour="red"))
        reds, blues = reds_and_blues(
            composer.draw(Scene(objects=objects, relation="left", seed=str(seed)))
        )
        assert middle(blues)[0] < 0.5 < middle(reds)[0]


def test_all_sorts_of_scenes_come_up(composer: SceneComposer) -> None:
    scenes = [composer.scene(seed) for seed in range(1000)]
    assert {scene.relation for scene in scenes} == {"", *RELATIONS}
    assert {item.state for scene in scenes for item in scene.objects} == {"", "sleeping", "playing"}
    assert {len(scene.objects) for scene in scenes} == {1, 2, 3}
    on_sills = [scene.objects[0] for scene in scenes if scene.background == "windowsill"]
    assert any(item.name == "cat" and item.state == "sleeping" for item in on_sills)
    # Animals that are drawn for what they do are of no style.
    assert {scene.style_en for scene in scenes if not scene.objects[0].state} == {"Noto style"}


def test_pairs_of_common_things_are_composed_by_themselves() -> None:
    pairs = SceneComposer(image_set(), 64, canonical=True, pair_fraction=1.0)
    scenes = [pairs.scene(seed) for seed in range(100)]
    for scene in scenes:
        assert [item.count for item in scene.objects] == [1, 1]
        assert not scene.relation and not scene.background
        assert all("common" in item.thing.traits for item in scene.objects)
    assert len({tuple(item.name for item in scene.objects) for scene in scenes}) > 3
    some = SceneComposer(image_set(), 64, canonical=True, pair_fraction=0.5)
    assert {len(some.scene(seed).objects) for seed in range(100)} >= {1, 2}


def test_sets_without_anything_to_cut_out_are_named() -> None:
    with pytest.raises(ValueError, match="none of 1 pictures"):
        SceneComposer(image_set(("quantum entanglement",)), 64)
    opaque = image_set(("cat",))
    opaque.images_NCHW[:] = 255
    with pytest.raises(ValueError, match="transparent background"):
        SceneComposer(opaque, 64)
    with pytest.raises(ValueError, match="got 8"):
        SceneComposer(image_set(), 8)
