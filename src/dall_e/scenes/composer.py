"""Composed scenes: things cut out of real pictures, placed, counted and coloured on painted
backgrounds.

    composer = SceneComposer(load_pictures("data/v2", 96), size=96)
    scene = composer.scene(7)                            # the structured record,
    `scene_graph.Scene` picture = composer.draw(scene)                       # uint8 [4, 96, 96],
    premultiplied RGBA caption = composer.caption(scene, random.Random(7))  # English or Chinese,
    right by construction

All three are pure functions of their arguments. A `canonical` composer leaves nothing to chance that
captions do not say: sizes, places and directions are always the same, which is far less for a small
generator to learn.

About a tenth of all combinations of thing and colour, thing and number, and thing, thing and
relation is held out: scenes of split "train" have none of them, those of split "heldout" have one
or more.

Shapes: S the side of the picture, H W rows and columns of a part of it, C 4 channels (premultiplied
RGBA).
"""

from __future__ import annotations

import hashlib
import random

import numpy as np
import numpy.typing as npt

from dall_e.data.datasets import ImageSet
from dall_e.images.backgrounds import Ground, background, grid_step, shade
from dall_e.images.colour import recoloured
from dall_e.images.compositing import letter_z, paste, paste_outline, paste_shadow, paste_shape
from dall_e.scenes.captions import scene_caption
from dall_e.scenes.cutouts import CutOut, drawn_actors, find_cut_outs, pixels, resized
from dall_e.scenes.graph import SHAPES, CutoutImage, DrawnAnimal, Scene, SceneObject, Shape
from dall_e.scenes.layout import LYING, Place, Settled, layout
from dall_e.scenes.sampler import SceneProposals
from dall_e.scenes.slots import canonical_places
from dall_e.text.language import Language

Canvas = npt.NDArray[np.uint8]

HELD_OUT_ONE_IN = 10
# The two best-known prompts of the project name these, so a model must have seen them.
NEVER_HELD_OUT = frozenset((("cat", "white"), ("dog", "brown")))

TRIES = 200
# Of each background, a settled composer paints no more than these.
CANONICAL_BACKGROUNDS = 8
# What animals play with.
BALLS = ("soccer ball", "basketball")


class SceneComposer:
    """Scenes of one set of pictures, at one size.

    Raises ValueError if the set has no picture that can be cut out, or if `size` is below 16
    pixels.
    """

    def __init__(self, images: ImageSet, size: int, *, canonical: bool = False):
        if size < 16:
            raise ValueError(f"a composed scene has at least 16 pixels a side, got {size}")
        self.size = size
        self.canonical = canonical
        self.images = images
        self.cut_outs = find_cut_outs(images)
        side = images.images_NCHW.shape[-1]
        actors, self._drawings = drawn_actors(side, poses=1 if canonical else None)
        drawn = (cut_out for group in actors.values() for cut_out in group)
        self._index = {
            (cut_out.image, cut_out.thing): cut_out for cut_out in (*self.cut_outs, *drawn)
        }
        self._balls = [cut_out for cut_out in self.cut_outs if cut_out.thing in BALLS]
        self._proposals = SceneProposals(self.cut_outs, actors, canonical=canonical)
        self._letter_z = letter_z()

    # What is in a scene

    def scene(self, seed: int | str, split: str = "train") -> Scene:
        """The record of scene number `seed` of a split, "train" or "heldout"."""
        if split not in ("train", "heldout"):
            raise ValueError(f"split {split!r} is neither 'train' nor 'heldout'")
        for attempt in range(TRIES):
            name = f"{split}/{seed}/{attempt}"
            scene = self._proposals.propose(random.Random(name), name)
            if scene is not None and held_out(scene) == (split == "heldout"):
                return scene
        raise ValueError(
            f"{TRIES} tries gave no scene of split {split!r}: the {len(self.cut_outs)} cut-outs are too few"
        )

    # Its words and its picture

    def caption(self, scene: Scene, rng: random.Random, language: Language | None = None) -> str:
        """One of the many captions of a scene; see `scene_captions.scene_caption`."""
        return scene_caption(scene, rng, language)

    def draw(self, scene: Scene) -> Canvas:
        """The picture of a scene, uint8 [4, S, S], premultiplied RGBA."""
        rng = random.Random(f"draw/{scene.seed}")
        canvas_SSC = np.zeros((self.size, self.size, 4), dtype=np.uint8)
        ground: Ground | None = None
        if self.canonical:
            rng, painter = (
                Settled(),
                random.Random(f"background/{rng.randrange(CANONICAL_BACKGROUNDS)}"),
            )
        else:
            painter = rng
        if scene.background:
            canvas_SSC[..., :3], ground = background(
                scene.background, self.size, painter, scene.background_colour
            )
            canvas_SSC[..., 3] = 255
        aspects = [self._aspect(item) for item in scene.objects]
        cells = round(1 / grid_step(self.size))
        if self.canonical and _as_it_is(scene):
            places = [self._own_place(scene.objects[0])]
        elif self.canonical:
            places = canonical_places(scene, aspects, ground, cells)
        else:
            places = layout(scene, aspects, ground, rng, cells)
        shadows = ground is not None and rng.random() < 0.7
        mirrored = [rng.random() < 0.5 for _ in scene.objects]
        for place in places:
            item = scene.objects[place.index]
            if item.name in SHAPES:
                paste_shape(canvas_SSC, item.name, shade(item.colour), place)
                continue
            if place.shadow and shadows:
                paste_shadow(canvas_SSC, place)
            self._draw_thing(canvas_SSC, item, place, mirrored[place.index])
            lies = isinstance(item.image, DrawnAnimal)
            if item.state == "sleeping" and not (lies and rng.random() < 0.5):
                self._draw_sleep(canvas_SSC, place, mirrored[place.index])
            elif item.state == "playing":
                self._draw_ball(canvas_SSC, scene, place, ground, rng)
        return np.ascontiguousarray(canvas_SSC.transpose(2, 0, 1))

    def _aspect(self, item: SceneObject) -> float:
        """Width over height as it is to be drawn."""
        if isinstance(item.image, Shape):
            return 1.0
        cut_out = self._cut_out(item)
        stands = isinstance(item.image, CutoutImage)
        return cut_out.aspect / LYING if item.state == "sleeping" and stands else cut_out.aspect

    def _cut_out(self, item: SceneObject) -> CutOut:
        assert isinstance(item.image, CutoutImage | DrawnAnimal)
        return self._index[item.image, item.name]

    def _own_place(self, item: SceneObject) -> Place:
        """Where a thing is in its own picture: only in another colour, it shares most codes with
        that."""
        left, top, right, bottom = self._cut_out(item).box
        side = self.images.images_NCHW.shape[-1]
        width, height = (right - left) / side, (bottom - top) / side
        return Place(
            index=0,
            x=left / side + width / 2,
            y=top / side + height / 2,
            width=width,
            height=height,
        )

    def _draw_thing(
        self, canvas_SSC: Canvas, item: SceneObject, place: Place, mirrored: bool
    ) -> None:
        cut_out = self._cut_out(item)
        sprite_HWC = self._crop(cut_out, mirrored)
        sprite_HWC = resized(
            sprite_HWC, round(place.width * self.size), round(place.height * self.size), place.angle
        )
        if item.colour and item.colour != cut_out.own_colour and cut_out.main is not None:
            sprite_HWC = recoloured(sprite_HWC, cut_out.main, item.colour)
        if item.colour == "white":
            paste_outline(canvas_SSC, sprite_HWC, place)
        paste(canvas_SSC, sprite_HWC, place)

    def _crop(self, cut_out: CutOut, mirrored: bool) -> Canvas:
        left, top, right, bottom = cut_out.box
        number = cut_out.image.index
        drawn = isinstance(cut_out.image, DrawnAnimal)
        whole_HWC = self._drawings[number] if drawn else pixels(self.images, number)
        crop_HWC = whole_HWC[top:bottom, left:right]
        return crop_HWC[:, ::-1] if mirrored and cut_out.mirrors else crop_HWC

    def _draw_sleep(self, canvas_SSC: Canvas, place: Place, mirrored: bool) -> None:
        """Two letters Z that rise from the sleeper."""
        side = 1 if mirrored else -1
        cell = grid_step(self.size)
        column = round((place.x + side * place.width * 0.3) / cell)
        row = max(round(place.top / cell) - 1, 2)
        for number, scale in enumerate((0.13, 0.165)):
            z = Place(
                index=place.index,
                x=(column + 1.5 * side * number) * cell,
                y=max(row - 1.5 * number, 1) * cell,
                width=scale,
                height=scale,
            )
            paste(
                canvas_SSC,
                resized(self._letter_z, round(scale * self.size), round(scale * self.size)),
                z,
            )

    def _draw_ball(
        self,
        canvas_SSC: Canvas,
        scene: Scene,
        place: Place,
        ground: Ground | None,
        rng: random.Random,
    ) -> None:
        """A ball beside the player, of the same style where there is one."""
        source = self._cut_out(scene.objects[0]).source
        balls = [cut_out for cut_out in self._balls if cut_out.source == source] or self._balls
        if not balls:
            return
        cell = grid_step(self.size)
        side = 2 * cell
        x = place.x + rng.choice((-1, 1)) * (place.width / 2 + side * 0.4)
        left = min(max(round((x - side / 2) / cell), 0), round(1 / cell) - 2)
        top = min(round((place.bottom + 0.03 - side) / cell), round(1 / cell) - 2)
        ball = Place(index=0, x=(left + 1) * cell, y=(top + 1) * cell, width=side, height=side)
        if ground is not None:
            paste_shadow(canvas_SSC, ball)
        crop_HWC = self._crop(rng.choice(balls), mirrored=False)
        paste(canvas_SSC, resized(crop_HWC, round(side * self.size), round(side * self.size)), ball)


def _as_it_is(scene: Scene) -> bool:
    """Whether a scene is one thing that can be where it is in its own picture."""
    item = scene.objects[0]
    alone = len(scene.objects) == 1 and item.count == 1 and not item.size and not item.state
    return alone and scene.background in ("", "plain", "gradient")


def held_out(scene: Scene) -> bool:
    """Whether a scene has a combination that no training scene has."""
    return any(_is_held_out(combination) for combination in combinations(scene))


def combinations(scene: Scene) -> list[tuple[str, ...]]:
    """What is combined in a scene: (thing, colour), (thing, number above 1), (thing, thing,
    relation)."""
    found: list[tuple[str, ...]] = []
    for item in scene.objects:
        found += [(item.name, item.colour)] if item.colour else []
        found += [(item.name, str(item.count))] if item.count > 1 else []
    if scene.relation:
        first, second = (item.name for item in scene.objects)
        # "A left of B" and "B right of A" are one combination.
        swapped = {"right": "left", "below": "above", "behind": "in front"}.get(scene.relation)
        if swapped:
            found.append((second, first, swapped))
        elif scene.relation == "next to":
            found.append((*sorted((first, second)), "next to"))
        else:
            found.append((first, second, scene.relation))
    return found


def _is_held_out(combination: tuple[str, ...]) -> bool:
    if combination in NEVER_HELD_OUT:
        return False
    digest = hashlib.blake2b("/".join(("held out", *combination)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % HELD_OUT_ONE_IN == 0
