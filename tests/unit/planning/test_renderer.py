"""Sprites on a canvas: as many as the scene says, where it says, on what it says."""

import numpy as np
import numpy.typing as npt

from dall_e.planning.renderer import alone, assemble, eye_level, painted, sprite_of
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.graph import Scene, SceneObject

RED, BLUE = (200, 20, 20), (20, 20, 200)


def block(colour: tuple[int, int, int], width: int = 20) -> npt.NDArray[np.uint8]:
    sprite = np.full((20, width, 4), 255, dtype=np.uint8)
    sprite[..., :3] = colour
    return sprite


def thing(name: str, count: int = 1) -> SceneObject:
    return SceneObject(name=name, image=None, count=count)


def middle(canvas: npt.NDArray[np.uint8], colour: tuple[int, int, int]) -> tuple[float, float]:
    rows, columns = np.nonzero(
        (np.abs(canvas[..., :3].astype(int) - colour).max(2) < 10) & (canvas[..., 3] > 250)
    )
    return float(columns.mean()) / canvas.shape[1], float(rows.mean()) / canvas.shape[0]


def test_two_things_side_by_side_and_above_each_other() -> None:
    pair = (thing("car"), thing("bus"))
    beside = assemble(Scene(objects=pair, relation="left"), [block(RED), block(BLUE)], 96, 0)
    assert (
        middle(beside, RED)[0] < 0.3 and middle(beside, BLUE)[0] > 0.7 and not beside[0, :, 3].any()
    )
    stacked = assemble(Scene(objects=pair, relation="above"), [block(RED), block(BLUE)], 64, 0)
    assert middle(stacked, RED)[1] < 0.3 and middle(stacked, BLUE)[1] > 0.7
    on = assemble(
        Scene(objects=(thing("cat"), thing("box")), relation="on"), [block(RED), block(BLUE)], 96, 0
    )
    assert middle(on, RED)[1] < middle(on, BLUE)[1]


def face(level: int) -> npt.NDArray[np.uint8]:
    """A red head of 40 x 40 pixels with two dark eyes, a dark nose in the middle and a dark
    mouth."""
    head = block(RED, 20).repeat(2, axis=0).repeat(2, axis=1)
    for rows, columns in (
        ((level - 2, level + 2), (10, 14)),
        ((level - 2, level + 2), (26, 30)),
        ((4, 7), (18, 22)),
    ):
        head[slice(*rows), slice(*columns), :3] = 30
    head[34:36, 10:30, :3] = 30
    return head


def test_eyes_are_found_where_it_is_dark_on_both_sides() -> None:
    assert abs(eye_level(face(15)) - 15 / 40) < 0.05 and abs(eye_level(face(23)) - 23 / 40) < 0.05
    assert eye_level(block(RED)) == 0.45


def test_glasses_are_worn_before_the_eyes(vocabulary: Vocabulary) -> None:
    def worn(name: str, level: int, count: int = 1) -> npt.NDArray[np.uint8]:
        head = vocabulary.planned(name, count=count)
        scene = Scene(objects=(thing("sunglasses"), head), relation="on")
        return assemble(scene, [block(BLUE, 60), face(level)], 120, 0)

    for level in (15, 23):
        across, down = middle(worn("cat face", level), BLUE)
        # The head takes two thirds of the side, less a rim, in the middle.
        assert (
            abs(across - 0.5) < 0.02
            and abs(down - (0.5 + (level / 40 - 0.5) * 2 / 3 * 0.92)) < 0.03
        )
    two = worn("woman", 15, count=2)
    assert (
        abs(middle(two[:, :60], BLUE)[0] - 0.5) < 0.05
        and abs(middle(two[:, 60:], BLUE)[0] - 0.5) < 0.05
    )
    # A whole elephant has them on top.
    whole = worn("elephant", 23)
    assert middle(whole, BLUE)[1] < middle(whole, RED)[1] - 0.2


def test_as_many_as_are_asked_for() -> None:
    for count in range(2, 7):
        canvas = assemble(Scene(objects=(thing("car", count),)), [block(RED)], 120, 0)
        solid = canvas[..., 3] > 250
        # Equal blocks in rows: the runs of solid columns times those of solid rows, less what the
        # last row lacks.
        runs = sum(
            int(np.diff(np.concatenate(([0], row, [0])).astype(int)).clip(0).sum()) for row in solid
        )
        height = int((np.diff(solid.astype(int), axis=0) == 1).sum(0).max() and solid.any(1).sum())
        rows = {2: 1, 3: 2, 4: 2, 5: 2, 6: 2}[count]
        assert runs == round(count * height / rows)


def test_places_are_painted_and_the_seed_chooses_how() -> None:
    scene = Scene(objects=(thing("car", 2),), background="grass")
    painted = {assemble(scene, [block(RED)], 48, seed).tobytes() for seed in range(12)}
    assert len(painted) > 2 and (assemble(scene, [block(RED)], 48, 0)[..., 3] == 255).all()
    white = assemble(
        Scene(objects=(thing("cat", 2),), background="snow"), [block((250, 250, 250))], 96, 1
    )
    assert (np.abs(white[..., :3].astype(int) - (143, 145, 153)).max(2) < 60).any()


def test_a_sprite_is_what_is_seen_of_a_picture() -> None:
    image = np.zeros((32, 32, 4), dtype=np.uint8)
    image[8:24, 4:20] = 255
    assert sprite_of(image).shape == (16, 16, 4)
    assert sprite_of(np.full((8, 8, 4), 255, dtype=np.uint8)).shape == (8, 8, 4)
    assert sprite_of(np.zeros((8, 8, 4), dtype=np.uint8)).shape == (8, 8, 4)


def test_paint_goes_over_what_has_another_colour() -> None:
    red = block((214, 30, 40))
    assert painted(red, "") is red and painted(red, "red") is red
    blue = painted(red, "blue")
    assert not np.array_equal(blue[..., :3], red[..., :3]) and np.array_equal(
        blue[..., 3], red[..., 3]
    )
    nothing = np.zeros((8, 8, 4), dtype=np.uint8)
    assert painted(nothing, "blue") is nothing


def test_white_things_have_an_edge_on_white() -> None:
    image = np.zeros((32, 32, 4), dtype=np.uint8)
    image[8:24, 8:24] = (250, 250, 250, 255)
    seen = alone(image, 32)
    assert np.array_equal(seen[8:24, 8:24], image[8:24, 8:24]) and not seen[:6].any()
    assert seen[7, 16, 3] > 150 and seen[7, 16, 0] < 120
    image[8:24, 8:24] = (200, 30, 30, 255)
    assert np.array_equal(alone(image, 32), image)
    assert alone(image, 64).shape == (64, 64, 4)


def test_every_second_one_can_look_the_other_way() -> None:
    sprite = block(RED)
    sprite[:, : sprite.shape[1] // 2, :3] = (0, 0, 200)
    same, turning = (
        assemble(Scene(objects=(thing("car", 2),)), [sprite], 96, 0, (on,)) for on in (False, True)
    )
    assert np.array_equal(same[:, :48], same[:, 48:]) and np.array_equal(
        turning[:, :48], same[:, :48]
    )
    assert np.array_equal(turning[:, 48:], turning[:, :48][:, ::-1])
