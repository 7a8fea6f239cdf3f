"""Composed scenes: things cut out of real images, placed, counted and coloured on painted grounds.

    composer = SceneComposer(load_images("data/emoji", 96), size=96)
    scene = composer.scene(7)                            # the structured record, a `Scene`
    image = composer.draw(scene)                         # uint8 [4, 96, 96], premultiplied RGBA
    caption = composer.caption(scene, random.Random(7))  # in English or Chinese, always right

All three are pure functions of their arguments. A `canonical` composer leaves nothing to chance
that captions do not say: sizes, places and directions are always the same, which is far less for a
small generator to learn.

About a tenth of all combinations of thing and colour, thing and number, and thing, thing and
relation is held out: scenes of split "train" have none of them, those of split "heldout" have one
or more.

Shapes: S the side of the image, H W rows and columns of a part of it, C 4 channels (premultiplied
RGBA).
"""

from __future__ import annotations

import hashlib
import random

import numpy as np

from dall_e.data.datasets import ImageSet
from dall_e.images.backgrounds import background
from dall_e.images.colour import recoloured
from dall_e.images.compositing import (
    Canvas,
    Place,
    letter_z,
    paste,
    paste_outline,
    paste_shadow,
    paste_shape,
    resized,
)
from dall_e.images.strokes import Ground, grid_step, shade
from dall_e.scenes.captions import scene_caption
from dall_e.scenes.chance import Chance, choice, happens
from dall_e.scenes.cutouts import CutOut, drawn_actors, find_cut_outs, pixels
from dall_e.scenes.graph import SHAPES, CutoutImage, DrawnAnimal, Scene, SceneObject, Shape
from dall_e.scenes.layout import layout
from dall_e.scenes.sampler import SceneProposals
from dall_e.scenes.sizes import LYING
from dall_e.scenes.slots import canonical_places
from dall_e.text.language import Language

HELD_OUT_ONE_IN = 10
NEVER_HELD_OUT = frozenset((("cat", "white"), ("dog", "brown")))
"""The two best-known prompts of the project name these, so a model must have seen them."""

TRIES = 200
CANONICAL_BACKGROUNDS = 8
"""A canonical composer paints each background in no more ways than these."""
BALLS = ("soccer ball", "basketball")
"""What animals play with."""

SHADOW_PROBABILITY = 0.7
DRAWN_SLEEPER_WITHOUT_ZS = 0.5
"""Probability that no letters Z rise from an animal that is drawn asleep."""
Z_SIDES = (0.13, 0.165)
"""Sides of the two letters Z, as fractions of the picture's."""


class SceneComposer:
    """Scenes of one set of images, at one size.

    Raises ValueError if the set has no image that can be cut out, or if `size` is below 16 pixels.
    """

    def __init__(
        self,
        images: ImageSet,
        size: int,
        *,
        canonical: bool = False,
        pair_fraction: float = 0.0,
    ) -> None:
        """pair_fraction: of scenes that are two common things side by side and no more, 0 to 1."""
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
        self._proposals = SceneProposals(
            self.cut_outs, actors, canonical=canonical, pair_fraction=pair_fraction
        )
        self._letter_z = letter_z()

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
            f"{TRIES} tries gave no scene of split {split!r}: "
            f"the {len(self.cut_outs)} cut-outs are too few"
        )

    def caption(self, scene: Scene, rng: random.Random, language: Language | None = None) -> str:
        """One of the many captions of a scene; see `captions.scene_caption`."""
        return scene_caption(scene, rng, language)

    def draw(self, scene: Scene) -> Canvas:
        """The image of a scene, uint8 [4, S, S], premultiplied RGBA."""
        seeded = random.Random(f"draw/{scene.seed}")
        rng = None if self.canonical else seeded
        canvas_SSC, ground = self._painted(scene, seeded)

        places = self._places(scene, ground, rng)
        has_shadows = ground is not None and happens(rng, SHADOW_PROBABILITY)
        mirrored = [happens(rng, 0.5) for _ in scene.objects]

        for place in places:
            item = scene.objects[place.index]
            if item.name in SHAPES:
                paste_shape(canvas_SSC, item.name, shade(item.colour), place)
                continue
            if place.shadow and has_shadows:
                paste_shadow(canvas_SSC, place)
            self._draw_thing(canvas_SSC, item, place, mirrored[place.index])

            is_drawn = isinstance(item.image, DrawnAnimal)
            if item.state == "sleeping":
                if not (is_drawn and happens(rng, DRAWN_SLEEPER_WITHOUT_ZS)):
                    self._draw_sleep(canvas_SSC, place, mirrored[place.index])
            elif item.state == "playing":
                self._draw_ball(canvas_SSC, scene, place, ground, rng)
        return np.ascontiguousarray(canvas_SSC.transpose(2, 0, 1))

    def _painted(self, scene: Scene, rng: random.Random) -> tuple[Canvas, Ground | None]:
        """The canvas with the scene's background, and where its ground is."""
        canvas_SSC = np.zeros((self.size, self.size, 4), dtype=np.uint8)
        if self.canonical:
            rng = random.Random(f"background/{rng.randrange(CANONICAL_BACKGROUNDS)}")
        if not scene.background:
            return canvas_SSC, None

        canvas_SSC[..., :3], ground = background(
            scene.background, self.size, rng, scene.background_colour
        )
        canvas_SSC[..., 3] = 255
        return canvas_SSC, ground

    def _places(self, scene: Scene, ground: Ground | None, rng: Chance) -> list[Place]:
        """Boxes for everything in a scene, those at the back first."""
        aspects = [self._aspect(item) for item in scene.objects]
        cells = round(1 / grid_step(self.size))
        if not self.canonical:
            return layout(scene, aspects, ground, rng, cells)
        if _is_as_drawn(scene):
            return [self._original_place(scene.objects[0])]
        return canonical_places(scene, aspects, ground, cells)

    def _aspect(self, item: SceneObject) -> float:
        """Width over height as it is to be drawn."""
        if isinstance(item.image, Shape):
            return 1.0
        aspect = self._cut_out(item).aspect
        must_lie = item.state == "sleeping" and isinstance(item.image, CutoutImage)
        return aspect / LYING if must_lie else aspect

    def _cut_out(self, item: SceneObject) -> CutOut:
        """What shows a thing that is no shape."""
        assert isinstance(item.image, CutoutImage | DrawnAnimal)
        return self._index[item.image, item.name]

    def _original_place(self, item: SceneObject) -> Place:
        """Where a thing is in its own image: only recoloured, it shares most codes with that."""
        side = self.images.images_NCHW.shape[-1]
        left, top, right, bottom = self._cut_out(item).box
        width, height = (right - left) / side, (bottom - top) / side
        x, y = left / side + width / 2, top / side + height / 2
        return Place(index=0, x=x, y=y, width=width, height=height)

    def _draw_thing(
        self, canvas_SSC: Canvas, item: SceneObject, place: Place, mirrored: bool
    ) -> None:
        """A cut-out at its place, in the colour that the scene says."""
        cut_out = self._cut_out(item)
        width, height = round(place.width * self.size), round(place.height * self.size)
        sprite_HWC = resized(self._crop(cut_out, mirrored), width, height, place.angle)

        if item.colour and item.colour != cut_out.own_colour and cut_out.main is not None:
            sprite_HWC = recoloured(sprite_HWC, cut_out.main, item.colour)
        if item.colour == "white":
            paste_outline(canvas_SSC, sprite_HWC, place)
        paste(canvas_SSC, sprite_HWC, place)

    def _crop(self, cut_out: CutOut, mirrored: bool) -> Canvas:
        """The pixels of a cut-out, mirrored if that is asked for and means the same."""
        left, top, right, bottom = cut_out.box
        number = cut_out.image.index
        is_drawn = isinstance(cut_out.image, DrawnAnimal)
        whole_HWC = self._drawings[number] if is_drawn else pixels(self.images, number)
        crop_HWC = whole_HWC[top:bottom, left:right]
        return crop_HWC[:, ::-1] if mirrored and cut_out.mirrors else crop_HWC

    def _draw_sleep(self, canvas_SSC: Canvas, place: Place, mirrored: bool) -> None:
        """Two letters Z that rise from the sleeper."""
        direction = 1 if mirrored else -1
        cell = grid_step(self.size)
        column = round((place.x + direction * place.width * 0.3) / cell)
        row = max(round(place.top / cell) - 1, 2)

        for number, side in enumerate(Z_SIDES):
            x = (column + 1.5 * direction * number) * cell
            y = max(row - 1.5 * number, 1) * cell
            letter = resized(self._letter_z, round(side * self.size), round(side * self.size))
            paste(canvas_SSC, letter, Place(index=place.index, x=x, y=y, width=side, height=side))

    def _draw_ball(
        self, canvas_SSC: Canvas, scene: Scene, place: Place, ground: Ground | None, rng: Chance
    ) -> None:
        """A ball beside the player, of the same style where there is one."""
        source = self._cut_out(scene.objects[0]).source
        balls = [cut_out for cut_out in self._balls if cut_out.source == source] or self._balls
        if not balls:
            return

        # It lies on whole cells, two a side.
        cell = grid_step(self.size)
        side = 2 * cell
        x = place.x + choice(rng, (-1, 1)) * (place.width / 2 + side * 0.4)
        left = min(max(round((x - side / 2) / cell), 0), round(1 / cell) - 2)
        top = min(round((place.bottom + 0.03 - side) / cell), round(1 / cell) - 2)
        ball = Place(index=0, x=(left + 1) * cell, y=(top + 1) * cell, width=side, height=side)

        if ground is not None:
            paste_shadow(canvas_SSC, ball)
        crop_HWC = self._crop(choice(rng, balls), mirrored=False)
        paste(canvas_SSC, resized(crop_HWC, round(side * self.size), round(side * self.size)), ball)


def _is_as_drawn(scene: Scene) -> bool:
    """Whether a scene is one thing that can be where it is in its own image."""
    item = scene.objects[0]
    alone = len(scene.objects) == 1 and item.count == 1 and not item.size and not item.state
    return alone and scene.background in ("", "plain", "gradient")


def held_out(scene: Scene) -> bool:
    """Whether a scene has a combination that no training scene has."""
    return any(_is_held_out(combination) for combination in combinations(scene))


def combinations(scene: Scene) -> list[tuple[str, ...]]:
    """What is combined in a scene, each as a tuple of words.

    Combinations are (thing, colour), (thing, number above 1) and (thing, thing, relation).
    """
    found: list[tuple[str, ...]] = []
    for item in scene.objects:
        if item.colour:
            found.append((item.name, item.colour))
        if item.count > 1:
            found.append((item.name, str(item.count)))

    # "A left of B" and "B right of A" are one combination.
    if scene.relation:
        names = tuple(item.name for item in scene.objects)
        inverse = {"right": "left", "below": "above", "behind": "in front"}.get(scene.relation)
        if inverse:
            found.append((*names[::-1], inverse))
        elif scene.relation == "next to":
            found.append((*sorted(names), "next to"))
        else:
            found.append((*names, scene.relation))
    return found


def _is_held_out(combination: tuple[str, ...]) -> bool:
    """Whether a combination falls on the tenth that is held out, by its hash."""
    if combination in NEVER_HELD_OUT:
        return False
    digest = hashlib.blake2b("/".join(("held out", *combination)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % HELD_OUT_ONE_IN == 0
