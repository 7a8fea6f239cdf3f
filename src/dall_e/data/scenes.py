"""Composed scenes: things cut out of real pictures, placed, counted and coloured on painted backgrounds.

    composer = SceneComposer(load_pictures("data/v2", 96), size=96)
    scene = composer.scene(7)                            # the structured record, `scene_graph.Scene`
    picture = composer.draw(scene)                       # uint8 [4, 96, 96], premultiplied RGBA
    caption = composer.caption(scene, random.Random(7))  # English or Chinese, right by construction

All three are pure functions of their arguments. About a tenth of all combinations of thing and colour, thing and
number, and thing, thing and relation is held out: scenes of split "train" have none of them, those of split "heldout"
have one or more.

Shapes: S the side of the picture, H W rows and columns of a part of it, C 4 channels (premultiplied RGBA).
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dall_e.data.backgrounds import Ground, background, shade
from dall_e.data.cutouts import CutOut, by_thing, drawn_sleepers, find_cut_outs, pixels, resized
from dall_e.data.datasets import PictureSet
from dall_e.data.pasting import letter_z, paste, paste_outline, paste_shadow, paste_shape
from dall_e.data.recolouring import recoloured
from dall_e.data.scene_captions import Language, scene_caption
from dall_e.data.scene_graph import COLOURS, MOST, SHAPES, Scene, SceneObject, Thing, things
from dall_e.data.scene_layouts import LYING, Place, layout

Canvas = npt.NDArray[np.uint8]

HELD_OUT_ONE_IN = 10
# The two best-known prompts of the project name these, so a model must have seen them.
NEVER_HELD_OUT = frozenset((("cat", "white"), ("dog", "brown")))

# How often each sort of scene is proposed.
SORTS = {"one": 0.24, "many": 0.17, "two": 0.32, "three": 0.05, "framed": 0.04, "animal": 0.18}
ONE_STYLE = 0.8
OFTEN = 3.0
FREE_BACKGROUNDS = ("plain", "plain", "gradient")
OUTDOORS = ("grass", "beach", "night", "snow", "desert", "road")
INDOORS = ("room", "windowsill", "table")
# Where animals sleep and play.
BEDS = (
    "windowsill",
    "windowsill",
    "windowsill",
    "grass",
    "room",
    "beach",
    "table",
    "snow",
    "night",
    "road",
    "desert",
    "",
)
PLAYGROUNDS = ("grass", "grass", "grass", "beach", "snow", "room", "road", "")
BALLS = ("tennis ball", "soccer ball", "yarn", "basketball")
# What can be over something that is under it.
COVERS = frozenset(
    (
        "tree",
        "palm tree",
        "pine tree",
        "umbrella",
        "cloud",
        "rainbow",
        "star",
        "moon",
        "sun",
        "chair",
        "balloon",
        "airplane",
    )
)
# Share of the sleepers that lie, where there is a drawing; the others are cut out standing and laid low.
DRAWN_SLEEPERS = 0.85
LARGE_KINDS = frozenset(("vehicle", "place"))
TRIES = 200


class SceneComposer:
    """Scenes of one set of pictures, at one size.

    Raises ValueError if the set has no picture that can be cut out, or if `size` is below 16 pixels.
    """

    def __init__(self, pictures: PictureSet, size: int):
        if size < 16:
            raise ValueError(f"a composed scene has at least 16 pixels a side, got {size}")
        self.size = size
        self.pictures = pictures
        self.cut_outs = find_cut_outs(pictures)
        side = pictures.pictures_NCHW.shape[-1]
        lying, self._drawings = drawn_sleepers(side, first=len(pictures))
        self._lying = by_thing(lying)
        self._index = {(cut_out.picture, cut_out.thing): cut_out for cut_out in (*self.cut_outs, *lying)}
        self._all = by_thing(self.cut_outs)
        sources: dict[str, list[CutOut]] = {}
        for cut_out in self.cut_outs:
            sources.setdefault(cut_out.source, []).append(cut_out)
        self._by_source = {source: by_thing(members) for source, members in sources.items()}
        self._source_weights = [len(members) for members in self._by_source.values()]
        self._letter_z = letter_z()

    # What is in a scene

    def scene(self, seed: int | str, split: str = "train") -> Scene:
        """The record of scene number `seed` of a split, "train" or "heldout"."""
        if split not in ("train", "heldout"):
            raise ValueError(f"split {split!r} is neither 'train' nor 'heldout'")
        for attempt in range(TRIES):
            name = f"{split}/{seed}/{attempt}"
            scene = self._proposed(random.Random(name), name)
            if scene is not None and held_out(scene) == (split == "heldout"):
                return scene
        raise ValueError(
            f"{TRIES} tries gave no scene of split {split!r}: the {len(self._all)} things found are too few"
        )

    def _proposed(self, rng: random.Random, seed: str) -> Scene | None:
        """A scene, or None where what was drawn does not go together."""
        sort = rng.choices(list(SORTS), list(SORTS.values()))[0]
        groups = self._all
        if rng.random() < ONE_STYLE:
            groups = self._by_source[rng.choices(list(self._by_source), self._source_weights)[0]]
        if sort == "animal":
            return self._animal(groups, rng, seed)
        if sort == "one":
            return self._one(groups, rng, seed)
        if sort == "many":
            return self._many(groups, rng, seed)
        return self._several(groups, {"two": 2, "three": 3, "framed": 1}[sort], rng, seed)

    def _one(self, groups: dict[str, list[CutOut]], rng: random.Random, seed: str) -> Scene | None:
        item = self._object(groups, rng, colour_share=0.65, size_share=0.2)
        place = self._background([item], rng, transparent=0.5) if item else None
        return self._finished([item], seed, rng, background=place) if item else None

    def _many(self, groups: dict[str, list[CutOut]], rng: random.Random, seed: str) -> Scene | None:
        item = self._object(groups, rng, colour_share=0.4, size_share=0.1, count=rng.randint(2, MOST))
        place = self._background([item], rng, transparent=0.6) if item else None
        return self._finished([item], seed, rng, background=place) if item else None

    def _several(self, groups: dict[str, list[CutOut]], number: int, rng: random.Random, seed: str) -> Scene | None:
        """Two things with or without a relation, three things, or one in a shape (`number` 1)."""
        colour_share = 0.55 if number < 3 else 0.35
        drawn = [self._object(groups, rng, colour_share, size_share=0.1 if number == 2 else 0.0) for _ in range(number)]
        items = [item for item in drawn if item]
        names = {item.name for item in items}
        if len(names) < number:
            return None
        if number == 1:
            shape = SceneObject(name=rng.choice(SHAPES), picture=-1, colour=rng.choice(COLOURS))
            if shape.colour in (items[0].colour, self._own_colour(items[0])):
                return None
            return self._finished([items[0], shape], seed, rng, relation="inside")
        relation = self._relation(items, rng) if number == 2 else ""
        if not relation and number == 2 and rng.random() < 0.3:
            items = [self._counted(item, rng.randint(1, 3)) for item in items]
        if relation not in ("", "left", "right", "next to"):
            items = [_plain_sized(item) for item in items]
        place = self._background(items, rng, transparent=0.62, relation=relation)
        return self._finished(items, seed, rng, relation=relation, background=place)

    def _animal(self, groups: dict[str, list[CutOut]], rng: random.Random, seed: str) -> Scene | None:
        """An animal that sleeps, plays, or just is somewhere."""
        item = self._object(groups, rng, colour_share=0.7, size_share=0.0, trait="stands")
        if item is None:
            return None
        state = rng.choice(("sleeping", "sleeping", "playing", "playing", ""))
        place = rng.choice(
            BEDS if state == "sleeping" else PLAYGROUNDS if state == "playing" else (*OUTDOORS, *INDOORS)
        )
        if not _fits(place, [item]):
            return None
        picture = item.picture
        if state == "sleeping" and item.name in self._lying and rng.random() < DRAWN_SLEEPERS:
            picture = rng.choice(self._lying[item.name]).picture
        acting = SceneObject(name=item.name, picture=picture, colour=item.colour, state=state)
        return self._finished([acting], seed, rng, background=place)

    def _object(
        self, groups: dict[str, list[CutOut]], rng: random.Random, colour_share: float, size_share: float,
        count: int = 1, trait: str = "",
    ) -> SceneObject | None:  # fmt: skip
        names = [name for name in groups if not trait or trait in things()[name].traits]
        if not names:
            return None
        # Among the animals that sleep and play, pets are the ones that people ask for.
        often = 2 * OFTEN if trait else OFTEN
        weights = [often if "often" in things()[name].traits else 1.0 for name in names]
        cut_out = rng.choice(groups[rng.choices(names, weights)[0]])
        colour = rng.choice(cut_out.colours) if cut_out.colours and rng.random() < colour_share else ""
        size = rng.choice(("big", "small")) if rng.random() < size_share else ""
        return SceneObject(name=cut_out.thing, picture=cut_out.picture, count=count, colour=colour, size=size)

    def _counted(self, item: SceneObject, count: int) -> SceneObject:
        return SceneObject(name=item.name, picture=item.picture, colour=item.colour, count=count)

    def _own_colour(self, item: SceneObject) -> str:
        return self._index[item.picture, item.name].own_colour if item.picture >= 0 else item.colour

    def _relation(self, items: Sequence[SceneObject], rng: random.Random) -> str:
        """How the first may stand to the second; nothing for a third of the scenes."""
        if rng.random() < 0.3:
            return ""
        first, second = (things()[item.name] for item in items)
        options = ["left", "right", "left", "right", "above", "below", "next to"]
        options += ["in front", "behind"] if "air" not in first.traits | second.traits else []
        stands = not {"air", "head", "water"} & first.traits and first.kind not in LARGE_KINDS
        if stands and "support" in second.traits:
            options += ["on"] * 4
        if stands and second.name in COVERS:
            options += ["under"] * 4
        if stands and "holds" in second.traits:
            options += ["inside"] * 8
        return rng.choice(options)

    def _background(
        self, items: Sequence[SceneObject], rng: random.Random, transparent: float, relation: str = ""
    ) -> str | None:
        """A background that goes with the things, "" for none; None where the one drawn does not go with them."""
        if rng.random() < transparent:
            return ""
        places = FREE_BACKGROUNDS if rng.random() < 0.4 else OUTDOORS if rng.random() < 0.65 else INDOORS
        place = rng.choice(places)
        if relation in ("above", "below", "under") and place not in FREE_BACKGROUNDS:
            place = "grass" if relation == "under" else "plain"
        return place if _fits(place, items) else None

    def _finished(
        self, items: Sequence[SceneObject], seed: str, rng: random.Random, background: str | None = "",
        relation: str = "",
    ) -> Scene | None:  # fmt: skip
        """The record, unless something could not be seen against the background."""
        if background is None:
            return None
        seen = {item.colour for item in items} | {self._own_colour(item) for item in items}
        colour = rng.choice(COLOURS) if background == "plain" else ""
        if colour and colour in seen or seen & _HIDDEN_BY.get(background, frozenset()):
            return None
        cut_outs = [self._index[item.picture, item.name] for item in items if item.picture >= 0]
        same = len({cut_out.style_en for cut_out in cut_outs}) == 1
        return Scene(
            objects=tuple(items), relation=relation, background=background, background_colour=colour, seed=seed,
            style_en=cut_outs[0].style_en if same else "", style_zh=cut_outs[0].style_zh if same else "",
        )  # fmt: skip

    # Its words and its picture

    def caption(self, scene: Scene, rng: random.Random, language: Language | None = None) -> str:
        """One of the many captions of a scene; see `scene_captions.scene_caption`."""
        return scene_caption(scene, rng, language)

    def draw(self, scene: Scene) -> Canvas:
        """The picture of a scene, uint8 [4, S, S], premultiplied RGBA."""
        rng = random.Random(f"draw/{scene.seed}")
        canvas_SSC = np.zeros((self.size, self.size, 4), dtype=np.uint8)
        ground: Ground | None = None
        if scene.background:
            canvas_SSC[..., :3], ground = background(scene.background, self.size, rng, scene.background_colour)
            canvas_SSC[..., 3] = 255
        places = layout(scene, [self._aspect(item) for item in scene.objects], ground, rng)
        shadows = ground is not None and rng.random() < 0.7
        mirrored = [rng.random() < 0.5 for _ in scene.objects]
        shades = [(rng.uniform(-0.03, 0.03), rng.uniform(0.88, 1.1), rng.uniform(-5, 5)) for _ in scene.objects]
        for place in places:
            item = scene.objects[place.index]
            if item.name in SHAPES:
                paste_shape(canvas_SSC, item.name, shade(item.colour, rng), place)
                continue
            if place.shadow and shadows:
                paste_shadow(canvas_SSC, place)
            self._draw_thing(canvas_SSC, item, place, mirrored[place.index], shades[place.index])
            lies = item.picture >= len(self.pictures)
            if item.state == "sleeping" and not (lies and rng.random() < 0.5):
                self._draw_sleep(canvas_SSC, place, mirrored[place.index])
            elif item.state == "playing":
                self._draw_ball(canvas_SSC, scene, place, ground, rng)
        return np.ascontiguousarray(canvas_SSC.transpose(2, 0, 1))

    def _aspect(self, item: SceneObject) -> float:
        """Width over height as it is to be drawn."""
        if item.picture < 0:
            return 1.0
        aspect = self._index[item.picture, item.name].aspect
        return aspect / LYING if item.state == "sleeping" and item.picture < len(self.pictures) else aspect

    def _draw_thing(
        self, canvas_SSC: Canvas, item: SceneObject, place: Place, mirrored: bool, shade_: tuple[float, float, float]
    ) -> None:
        cut_out = self._index[item.picture, item.name]
        sprite_HWC = self._crop(cut_out, mirrored)
        sprite_HWC = resized(sprite_HWC, round(place.width * self.size), round(place.height * self.size), place.angle)
        if item.colour and item.colour != cut_out.own_colour and cut_out.main is not None:
            sprite_HWC = recoloured(sprite_HWC, cut_out.main, item.colour, shade_)
        if item.colour == "white":
            paste_outline(canvas_SSC, sprite_HWC, place)
        paste(canvas_SSC, sprite_HWC, place)

    def _crop(self, cut_out: CutOut, mirrored: bool) -> Canvas:
        left, top, right, bottom = cut_out.box
        drawn = cut_out.picture - len(self.pictures)
        whole_HWC = self._drawings[drawn] if drawn >= 0 else pixels(self.pictures, cut_out.picture)
        crop_HWC = whole_HWC[top:bottom, left:right]
        return crop_HWC[:, ::-1] if mirrored and cut_out.mirrors else crop_HWC

    def _draw_sleep(self, canvas_SSC: Canvas, place: Place, mirrored: bool) -> None:
        """Three letters Z that rise from the sleeper."""
        side = 1 if mirrored else -1
        x, y = place.x + side * place.width * 0.3, place.top
        for number, scale in enumerate((0.1, 0.13, 0.165)):
            z = Place(
                index=place.index,
                x=x + side * 0.09 * number,
                y=max(y - 0.04 - 0.1 * number, 0.09),
                width=scale,
                height=scale,
            )
            paste(canvas_SSC, resized(self._letter_z, round(scale * self.size), round(scale * self.size)), z)

    def _draw_ball(
        self, canvas_SSC: Canvas, scene: Scene, place: Place, ground: Ground | None, rng: random.Random
    ) -> None:
        """A ball beside the player, of the same style where there is one."""
        source = self._index[scene.objects[0].picture, scene.objects[0].name].source
        for groups in (self._by_source[source], self._all):
            balls = [cut_out for name in BALLS for cut_out in groups.get(name, ())]
            if balls:
                break
        else:
            return
        side = rng.uniform(0.15, 0.19)
        x = place.x + rng.choice((-1, 1)) * (place.width / 2 + side * 0.4)
        feet = min(place.bottom + 0.03, 0.98)
        ball = Place(
            index=0, x=min(max(x, side / 2 + 0.01), 0.99 - side / 2), y=feet - side / 2, width=side, height=side
        )
        if ground is not None:
            paste_shadow(canvas_SSC, ball)
        crop_HWC = self._crop(rng.choice(balls), mirrored=False)
        paste(canvas_SSC, resized(crop_HWC, round(side * self.size), round(side * self.size)), ball)


# What is not seen against what
_HIDDEN_BY = {
    "night": frozenset(("black",)), "grass": frozenset(("green",)), "snow": frozenset(("white",)),
    "": frozenset[str](),
}  # fmt: skip


def held_out(scene: Scene) -> bool:
    """Whether a scene has a combination that no training scene has."""
    return any(_is_held_out(combination) for combination in combinations(scene))


def combinations(scene: Scene) -> list[tuple[str, ...]]:
    """What is combined in a scene: (thing, colour), (thing, number above 1), (thing, thing, relation)."""
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


def _fits(place: str, items: Sequence[SceneObject]) -> bool:
    """Whether things can be in a place: nothing of the sky on a table, no lone head on the ground, no bus indoors."""
    if place == "" or place in FREE_BACKGROUNDS:
        return True
    of_items: list[Thing] = [things()[item.name] for item in items]
    if any({"head", "water"} & thing.traits for thing in of_items):
        return place == "beach" and not any("head" in thing.traits or thing.kind == "animal" for thing in of_items)
    if place in INDOORS:
        return not any(thing.kind in LARGE_KINDS or thing.kind == "sky" for thing in of_items)
    return True


def _plain_sized(item: SceneObject) -> SceneObject:
    """Without a size word: where one thing is on or behind another, the two sizes are not free."""
    return SceneObject(name=item.name, picture=item.picture, colour=item.colour, state=item.state)
