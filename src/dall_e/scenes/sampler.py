"""What composed scenes show, drawn by chance: which things, how many, how coloured, and where."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dall_e.scenes.cutouts import CutOut, by_thing
from dall_e.scenes.graph import (
    COLOURS,
    MOST_COMPOSED,
    SHAPES,
    CutoutImage,
    DrawnAnimal,
    Scene,
    SceneObject,
    Shape,
)
from dall_e.scenes.vocabulary import Thing, things

Groups = Mapping[str, Sequence[CutOut]]
"""Cut-outs by the name of their thing."""

SORTS = {"one": 0.23, "many": 0.15, "two": 0.22, "three": 0.03, "framed": 0.02, "animal": 0.38}
"""How often each sort of scene is proposed; many an animal is refused."""

CANONICAL_SORTS = {
    "one": 0.36,
    "many": 0.06,
    "two": 0.1,
    "three": 0.01,
    "framed": 0.02,
    "animal": 0.45,
}
"""The same for canonical scenes: several things are put together by rules (`planning/plan.py`), so
that a generator needs few."""

ONE_STYLE = 0.8
"""Fraction of scenes whose things are all of one style."""
HOUSE_FRACTION = 0.88
"""Fraction of canonical scenes in the house style, which captions need not name; all others are of
one other style."""

OFTEN = 3.0
PETS_OFTEN = 12.0
"""Among the animals that sleep and play, pets are the ones that people ask for: with this, they are
about half of them."""

FREE_BACKGROUNDS = ("plain", "plain", "gradient")
OUTDOORS = ("grass", "beach", "night", "snow", "desert", "road")
INDOORS = ("room", "windowsill", "table")
BEDS = {
    "windowsill": 5,
    "grass": 2,
    "room": 1.5,
    "beach": 1,
    "table": 1,
    "snow": 1,
    "night": 1,
    "road": 0.5,
    "desert": 0.5,
    "": 1.5,
}
"""How often animals sleep in each background."""
PLAYGROUNDS = {"grass": 4, "beach": 1, "snow": 1, "room": 1, "road": 0.7, "": 1.5}
"""How often animals play in each background."""

SUPPORTED = {"on": "support", "under": "covers", "inside": "holds"}
"""The trait of the second thing that allows a relation."""
SUPPORTED_FRACTION = {"": 0.76, "on": 0.11, "under": 0.07, "inside": 0.06}
"""How often such a relation is looked for."""

DRAWN = {"sleeping": 0.95, "playing": 0.75}
"""Fraction of the sleepers and players that are drawn ones, where there is a drawing; the others
are cut out as they stand, and laid low to sleep."""
STANDING_SLEEPERS = 0.4
"""Of animals without a drawing, only this fraction may sleep."""

LARGE_KINDS = frozenset(("vehicle", "place"))

_HIDDEN_BY = {"night": "black", "grass": "green", "snow": "white"}
"""The colour that is not seen against a background."""


class SceneProposals:
    """Records of scenes of given cut-outs; `actors` are drawings of animals by their state.

    In `canonical` scenes a thing without a colour or a style word is always the same image of it.
    `pair_fraction` of the scenes are two common things side by side and no more.
    """

    def __init__(
        self,
        cut_outs: Sequence[CutOut],
        actors: Mapping[str, Sequence[CutOut]],
        *,
        canonical: bool = False,
        pair_fraction: float = 0.0,
    ) -> None:
        self._canonical = canonical
        self._pair_fraction = pair_fraction
        drawn = (cut_out for group in actors.values() for cut_out in group)
        self._index = {(cut_out.image, cut_out.thing): cut_out for cut_out in (*cut_outs, *drawn)}
        self._actors = {state: by_thing(group) for state, group in actors.items()}
        self._all = by_thing(cut_outs)

        sources: dict[str, list[CutOut]] = {}
        for cut_out in cut_outs:
            sources.setdefault(cut_out.source, []).append(cut_out)
        self._by_source = {source: by_thing(members) for source, members in sources.items()}
        self._source_weights = {
            source: sum(cut_out.weight for cut_out in members)
            for source, members in sources.items()
        }

        # What the house style lacks is lent by the others.
        self._house = max(self._source_weights, key=lambda source: self._source_weights[source])
        self._house_groups = {**self._all, **self._by_source[self._house]}
        self._common = {
            name: group
            for name, group in self._house_groups.items()
            if "common" in things()[name].traits
        }

    def propose(self, rng: random.Random, seed: str) -> Scene | None:
        """A scene, or None where what was drawn does not go together."""
        if self._pair_fraction and rng.random() < self._pair_fraction:
            return self._pair(rng, seed)
        sorts = CANONICAL_SORTS if self._canonical else SORTS
        sort = rng.choices(list(sorts), list(sorts.values()))[0]
        groups = self._groups(rng)
        if sort == "animal":
            return self._animal(groups, rng, seed)
        if sort == "one":
            return self._one(groups, rng, seed)
        if sort == "many":
            return self._many(groups, rng, seed)
        if sort == "framed":
            return self._framed(groups, rng, seed)
        if sort == "two":
            return self._two(groups, rng, seed)
        return self._three(groups, rng, seed)

    def _groups(self, rng: random.Random) -> Groups:
        """What a scene is made from: the cut-outs of one style, or of all."""
        weights = dict(self._source_weights)
        if self._canonical:
            weights.pop(self._house)
            if rng.random() < HOUSE_FRACTION or not weights:
                return self._house_groups
        elif rng.random() >= ONE_STYLE:
            return self._all
        return self._by_source[rng.choices(list(weights), list(weights.values()))[0]]

    # Sorts of scenes

    def _pair(self, rng: random.Random, seed: str) -> Scene | None:
        """Two common things side by side, in the house style, of which nothing else is said."""
        drawn = [self._object(self._common, rng, colour_fraction=0.0) for _ in range(2)]
        items = [item for item in drawn if item]
        if len({item.name for item in items}) < 2:
            return None
        return self._finished(items, seed, rng)

    def _one(self, groups: Groups, rng: random.Random, seed: str) -> Scene | None:
        """One thing."""
        item = self._object(groups, rng, colour_fraction=0.65, size_fraction=0.2)
        if item is None:
            return None
        place = self._background([item], rng, transparent=0.5)
        return self._finished([item], seed, rng, background=place)

    def _many(self, groups: Groups, rng: random.Random, seed: str) -> Scene | None:
        """Several of one thing."""
        count = rng.randint(2, MOST_COMPOSED)
        item = self._object(groups, rng, colour_fraction=0.4, size_fraction=0.1, count=count)
        if item is None:
            return None
        place = self._background([item], rng, transparent=0.6)
        return self._finished([item], seed, rng, background=place)

    def _two(self, groups: Groups, rng: random.Random, seed: str) -> Scene | None:
        """Two things, side by side or in a relation."""
        relation = rng.choices(list(SUPPORTED_FRACTION), list(SUPPORTED_FRACTION.values()))[0]
        size_fraction = 0.0 if relation else 0.1
        drawn = [
            self._object(
                groups, rng, colour_fraction=0.55, size_fraction=size_fraction, trait=trait
            )
            for trait in ("", SUPPORTED.get(relation, ""))
        ]
        items = [item for item in drawn if item]
        if len({item.name for item in items}) < 2:
            return None
        if relation and not _can_stand(things()[items[0].name]):
            return None
        relation = relation or self._free_relation(items, rng)

        # Where one hides or crowds the other, sizes are not free.
        if relation in ("above", "below", "in front", "behind"):
            items = [replace(item, size="") for item in items]
        elif not relation and rng.random() < 0.3:
            items = [replace(item, count=rng.randint(1, 3), size="") for item in items]
        place = self._background(items, rng, transparent=0.62, relation=relation)
        return self._finished(items, seed, rng, relation=relation, background=place)

    def _three(self, groups: Groups, rng: random.Random, seed: str) -> Scene | None:
        """Three things side by side."""
        drawn = [self._object(groups, rng, colour_fraction=0.4) for _ in range(3)]
        items = [item for item in drawn if item]
        if len({item.name for item in items}) < 3:
            return None
        place = self._background(items, rng, transparent=0.62)
        return self._finished(items, seed, rng, background=place)

    def _framed(self, groups: Groups, rng: random.Random, seed: str) -> Scene | None:
        """A thing in a circle or square of another colour."""
        item = self._object(groups, rng, colour_fraction=0.55)
        shape = SceneObject(name=rng.choice(SHAPES), image=Shape(), colour=rng.choice(COLOURS))
        if item is None or shape.colour in (item.colour, self._own_colour(item)):
            return None
        return self._finished([item, shape], seed, rng, relation="inside")

    def _animal(self, groups: Groups, rng: random.Random, seed: str) -> Scene | None:
        """An animal that sleeps, plays, or just is somewhere."""
        item = self._object(groups, rng, colour_fraction=0.9, trait="stands")
        if item is None:
            return None
        state = rng.choices(("sleeping", "playing", ""), (5, 4, 2))[0]
        anywhere = dict.fromkeys((*OUTDOORS, *INDOORS), 1.0)
        places = {"sleeping": BEDS, "playing": PLAYGROUNDS}.get(state, anywhere)
        place = rng.choices(list(places), list(places.values()))[0]

        drawings = self._actors.get(state, {}).get(item.name)
        if state == "sleeping" and not drawings and rng.random() >= STANDING_SLEEPERS:
            return None
        item = replace(item, state=state)
        if drawings and rng.random() < DRAWN[state]:
            item = replace(item, image=rng.choice(drawings).image)
        return self._finished([item], seed, rng, background=place)

    # Their parts

    def _object(
        self,
        groups: Groups,
        rng: random.Random,
        *,
        colour_fraction: float,
        size_fraction: float = 0.0,
        count: int = 1,
        trait: str = "",
    ) -> SceneObject | None:
        """A thing, with a trait if one is asked for; None if the style has no such thing."""
        names = [name for name in groups if not trait or trait in things()[name].traits]
        if not names:
            return None
        often = PETS_OFTEN if trait == "stands" else OFTEN
        weights = [often if "often" in things()[name].traits else 1.0 for name in names]
        options = groups[rng.choices(names, weights)[0]]
        cut_out = rng.choices(options, [option.weight for option in options])[0]

        # What can be painted has its colour said more often than what has but the one that it is.
        colour_fraction *= 1.3 if len(cut_out.colours) == len(COLOURS) else 0.8
        colours = cut_out.colours

        # Canonical is the best-known image of a thing. The others are seen only in colours that are
        # theirs alone, and those are always said.
        if self._canonical:
            best_known = min(options, key=lambda option: option.rank)
            rare = tuple(colour for colour in colours if colour not in best_known.colours)
            cut_out, colours = (cut_out, rare) if rare else (best_known, best_known.colours)
            colour_fraction = 1.0 if rare else colour_fraction

        colour = rng.choice(colours) if colours and rng.random() < colour_fraction else ""
        size = rng.choice(("big", "small")) if rng.random() < size_fraction else ""
        return SceneObject(
            name=cut_out.thing, image=cut_out.image, count=count, colour=colour, size=size
        )

    def _own_colour(self, item: SceneObject) -> str:
        """The colour of a thing as it was drawn, or nothing."""
        cut_out = self._cut_out(item)
        return cut_out.own_colour if cut_out else item.colour

    def _cut_out(self, item: SceneObject) -> CutOut | None:
        """What shows the thing; None for a shape."""
        if isinstance(item.image, CutoutImage | DrawnAnimal):
            return self._index[item.image, item.name]
        return None

    def _free_relation(self, items: Sequence[SceneObject], rng: random.Random) -> str:
        """A relation in which any two things can be, or none."""
        if rng.random() < 0.3:
            return ""
        flying = any("air" in things()[item.name].traits for item in items)
        options = ["left", "right", "left", "right", "above", "below", "next to"]
        return rng.choice(options if flying else [*options, "in front", "behind"])

    def _background(
        self,
        items: Sequence[SceneObject],
        rng: random.Random,
        *,
        transparent: float,
        relation: str = "",
    ) -> str | None:
        """A background that goes with the things, "" for none.

        None where the one that was drawn does not go with them. `transparent` is the fraction of
        scenes without a background.
        """
        if rng.random() < transparent:
            return ""
        if rng.random() < 0.4:
            place = rng.choice(FREE_BACKGROUNDS)
        else:
            place = rng.choice(OUTDOORS if rng.random() < 0.65 else INDOORS)

        if relation in ("above", "below", "under") and place not in FREE_BACKGROUNDS:
            place = "grass" if relation == "under" else "plain"
        return place if _fits(place, items) else None

    def _finished(
        self,
        items: Sequence[SceneObject],
        seed: str,
        rng: random.Random,
        *,
        background: str | None = "",
        relation: str = "",
    ) -> Scene | None:
        """The record, unless something could not be seen against the background."""
        if background is None:
            return None
        colours = {item.colour for item in items} | {self._own_colour(item) for item in items}
        background_colour = rng.choice(COLOURS) if background == "plain" else ""
        if background_colour and background_colour in colours:
            return None
        if _HIDDEN_BY.get(background) in colours:
            return None

        # The style is said only where all things share one.
        cut_outs = [cut_out for cut_out in map(self._cut_out, items) if cut_out]
        same = len({cut_out.style_en for cut_out in cut_outs}) == 1
        return Scene(
            objects=tuple(items),
            relation=relation,
            background=background,
            background_colour=background_colour,
            style_en=cut_outs[0].style_en if same else "",
            style_zh=cut_outs[0].style_zh if same else "",
            style_said=cut_outs[0].style_said if same else 0.0,
            seed=seed,
        )


def _fits(place: str, items: Sequence[SceneObject]) -> bool:
    """Whether things can be in a place.

    Nothing of the sky is on a table, no lone head on the ground, no bus indoors.
    """
    if place == "" or place in FREE_BACKGROUNDS:
        return True
    kinds = [things()[item.name] for item in items]
    heads = any("head" in thing.traits for thing in kinds)
    if heads or any("water" in thing.traits for thing in kinds):
        return place == "beach" and not heads and not any(thing.kind == "animal" for thing in kinds)
    if place in INDOORS:
        return not any(thing.kind in LARGE_KINDS or thing.kind == "sky" for thing in kinds)
    return True


def _can_stand(thing: Thing) -> bool:
    """Whether it can be put on, under or into something."""
    return thing.kind not in LARGE_KINDS and not {"air", "head", "water"} & thing.traits
