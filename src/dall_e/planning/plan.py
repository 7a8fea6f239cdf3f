"""A prompt that names several things, or a colour, is planned, and each thing is drawn by itself.

A small model draws one thing well and two things badly: their shapes and colours mix. And it knows
a house, but hardly a blue one. So the model is asked for the things of a prompt one after the
other, each in the colour that it has by itself. The plan says what is painted over, and where
everything goes. What is not understood of a prompt is left out of its plan. A prompt that names
nothing known, or one thing and nothing else, is drawn whole.

The plan is what explains the image: it is written into its metadata.

Shapes: C H W channels (4, premultiplied RGBA), rows and columns; S the side of the result.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dall_e.data.captions import PROPER
from dall_e.images.curves import mirrored_curves
from dall_e.images.files import ImageArray
from dall_e.images.forms import LIT
from dall_e.images.svg import VectorDrawing
from dall_e.planning.cast import mounted
from dall_e.planning.function_words import says_nothing
from dall_e.planning.illustration import lone_layers, scene_layers
from dall_e.planning.layer_groups import SIDE
from dall_e.planning.nearest import Nearest
from dall_e.planning.parser import Parse, parse
from dall_e.planning.placed_plan import PlacedObject, PlacedPlan
from dall_e.planning.planned_object import PlannedObject
from dall_e.planning.renderer import alone, as_relation, assemble, painted, sprite_of
from dall_e.planning.shaping import shaped
from dall_e.planning.variation import Appearance, canonical_appearance, sample_appearance
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.captions import scene_caption
from dall_e.scenes.graph import COAT_COLOURS, SHAPES, Scene, SceneObject
from dall_e.text.language import Language, is_chinese, without_article


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the image of a prompt is made."""

    objects: tuple[PlannedObject, ...]
    """The drawings, one for each object of the scene."""
    scene: Scene | None = None
    """What is where; None for a prompt that is drawn whole."""
    parse: Parse | None = None
    """What was understood of the prompt; None if nobody tried to."""
    style: str = ""
    """The effect that the picture is given, one of EFFECTS; or nothing."""
    placed: PlacedPlan | None = None
    """Where everything is, if that was decided before; else rules do."""

    @classmethod
    def of_placed(cls, placed: PlacedPlan) -> Plan:
        """Plan to draw just what a plan with the boxes of everything says."""
        drawings = tuple(each.drawing for each in placed.objects)
        return cls(objects=drawings, style=placed.style, placed=placed)

    @classmethod
    def whole(cls, prompt: str, parse: Parse | None = None) -> Plan:
        """Plan to draw a prompt as it is."""
        style = parse.style if parse else ""
        return cls(objects=(PlannedObject(prompt=prompt),), parse=parse, style=style)

    @property
    def is_whole(self) -> bool:
        """Whether the prompt is drawn as it is, and nothing is put together."""
        return self.scene is None and self.placed is None

    @property
    def prompts(self) -> tuple[str, ...]:
        """The prompt of each drawing."""
        return tuple(planned.prompt for planned in self.objects)

    @property
    def unread(self) -> tuple[str, ...]:
        """What of the prompt is not in the image, as it was written."""
        if self.parse is None:
            return ()
        words = self.parse.unknown if self.is_whole else self.parse.unread
        return tuple(word for word in words if not says_nothing(word))

    @property
    def nearest(self) -> tuple[Nearest, ...]:
        """What is drawn instead of things that the model does not know."""
        return self.parse.nearest if self.parse else ()

    def describe(self) -> str:
        """Return the plan in a line, as metadata keep it; "" for a prompt that is drawn whole."""
        if self.placed is not None:
            place = f" @ {self.placed.background}" if self.placed.background else ""
            return f"{' + '.join(self.placed.names)}{place}".strip()
        if self.scene is None:
            return ""
        parts = []
        for item, planned in zip(self.scene.objects, self.objects, strict=True):
            mirrored = " mirrored" if planned.mirrored else ""
            look = _look_in_words(planned, item.size)
            parts.append(f"{item.count} x {planned.prompt}{look}{mirrored}")

        relation = f" [{self.scene.relation}]" if self.scene.relation else ""
        relation += "".join(
            f" [{self.objects[first].prompt} {link} {self.objects[second].prompt}]"
            for first, link, second in self.scene.links
        )
        place = f" @ {self.scene.background}" if self.scene.background else ""
        deeds = "".join(
            f" [{self.objects[subject].prompt} {verb} {self.objects[thing].prompt}]"
            for subject, verb, thing in self.scene.actions
        )
        is_read = self.parse is None or self.parse.is_exact or not self.unread
        rest = "" if is_read else ", the rest was not understood"
        return f"{' + '.join(parts)}{relation}{deeds}{place}{rest}".strip()

    def render(self, images: Sequence[ImageArray], side: int, seed: int) -> ImageArray:
        """Put the drawings [4, H, W] of `objects` together to an image [4, S, S].

        Raises ValueError for a prompt that is drawn whole: its one drawing is the image.
        """
        if self.scene is None:
            raise ValueError("a prompt that is drawn whole has nothing to put together")

        drawings_HWC = self._painted(images)
        if _is_alone(self.scene):
            whole_SSC = alone(drawings_HWC[0], side)
        else:
            scene, order = as_relation(_at_rest(self.scene))
            sprites = [sprite_of(drawings_HWC[index]) for index in order]
            alternates = [self.objects[index].alternates for index in order]
            whole_SSC = assemble(scene, sprites, side, seed, alternates)
        return np.ascontiguousarray(whole_SSC.transpose(2, 0, 1))

    def vectors(
        self, images: Sequence[ImageArray], curves: Sequence[str] = ()
    ) -> list[VectorDrawing]:
        """Return the drawings [4, H, W] of `objects` as areas, turned and painted.

        curves: of each, where they are known, else "".
        """
        known = curves or [""] * len(self.objects)
        return [
            VectorDrawing(_turned(image_CHW, planned), planned.look, _turned_curves(own, planned))
            for image_CHW, own, planned in zip(images, known, self.objects, strict=True)
        ]

    def settle(
        self, drawings: Sequence[VectorDrawing], *, prompt: str, seed: int, size: int
    ) -> PlacedPlan:
        """Return the plan with the place of everything, which its drawings decide.

        drawings: what `vectors` gives. prompt, seed, size: of the picture.
        """
        if self.placed is not None:
            return replace(self.placed.fitted(drawings), style=self.style, size=size)
        scene = self.scene
        if scene is None or _is_alone(scene):
            layers = lone_layers(drawings[0])
        else:
            alternates = [planned.alternates for planned in self.objects]
            layers = scene_layers(_at_rest(scene), drawings, alternates, seed)

        read = scene or (self.parse.scene if self.parse else None)
        items = read.objects if read and len(read.objects) == len(self.objects) else ()
        holders = {action.thing: action.subject for action in scene.actions} if scene else {}
        return PlacedPlan(
            prompt=prompt,
            seed=seed,
            size=size,
            objects=tuple(
                _placed_object(planned, items[index] if items else None, holders.get(index))
                for index, planned in enumerate(self.objects)
            ),
            layers=tuple(layers),
            background=scene.background if scene else "",
            background_colour=scene.background_colour if scene else "",
            style=self.style,
        )

    def illustrate(
        self,
        images: Sequence[ImageArray],
        seed: int,
        *,
        title: str = "",
        size: int = SIDE,
        ground: bool = True,
    ) -> str:
        """Return what `render` paints as an SVG document, one group for each thing.

        A prompt that is drawn whole is one group. A style that is an effect on groups is in it;
        `ground`: with what that has for a ground, such as the wall behind neon. title: what it
        shows; the prompts of the drawings unless given. size: side at which it is shown.
        """
        drawings = self.vectors(images)
        place = [self.scene.background] if self.scene and self.scene.background else []
        title = title or ", ".join([*self.prompts, *place])
        placed = self.settle(drawings, prompt=title, seed=seed, size=size)
        return placed.document(drawings, title=title, size=size, ground=ground)

    def _painted(self, images: Sequence[ImageArray]) -> list[ImageArray]:
        """The drawings [4, H, W] of `objects`, turned and painted, [H, W, 4]."""
        return [
            painted(_turned(image_CHW, planned), planned.look.colour)
            for image_CHW, planned in zip(images, self.objects, strict=True)
        ]


def _look_in_words(planned: PlannedObject, size: str) -> str:
    """How a drawing is changed: " small, painted red, of wood, striped, red hair"."""
    said = [
        *([size] if size else []),
        *([f"painted {planned.paint}"] if planned.paint else []),
        *([f"of {planned.material}"] if planned.material else []),
        *(said for said in (planned.pattern, planned.build, planned.condition) if said),
        *(f"{colour} {part}" for part, colour in planned.parts),
    ]
    return f" {', '.join(said)}" if said else ""


def _placed_object(
    planned: PlannedObject, item: SceneObject | None, held_by: int | None
) -> PlacedObject:
    """A drawing under the names of what it shows."""
    drawing = dataclasses.replace(planned, alternates=False)
    name, name_zh = _bare(planned.prompt), ""
    if item is not None:
        name = item.name
        name_zh = "" if item.name in SHAPES else item.thing.zh
    return PlacedObject(name=name, name_zh=name_zh, drawing=drawing, held_by=held_by)


def _turned_curves(curves: str, planned: PlannedObject) -> str:
    """Curves that look the way that was planned; "" for a drawing in another form than theirs."""
    if planned.build or planned.condition:
        return ""
    return mirrored_curves(curves) if planned.mirrored else curves


def _turned(image_CHW: ImageArray, planned: PlannedObject) -> ImageArray:
    """A drawing [4, H, W] as [H, W, 4], in the form and looking the way that was planned."""
    drawing_HWC = image_CHW.transpose(1, 2, 0)
    if planned.mirrored:
        drawing_HWC = drawing_HWC[:, ::-1]
    drawing_HWC = np.ascontiguousarray(drawing_HWC)
    if planned.condition in LIT:
        drawing_HWC = painted(drawing_HWC, planned.paint)
    return shaped(drawing_HWC, planned)


def plan_prompt(prompt: str, vocabulary: Vocabulary, seed: int | None = None) -> Plan:
    """Plan the image of a prompt, with what the model knows.

    seed: chooses what the prompt leaves open, as the colour of a car; without one it is always the
    same.
    """
    # What a maker wrote under a picture is what the model was trained on.
    if vocabulary.is_caption(prompt):
        return Plan.whole(prompt)

    understood = parse(prompt, vocabulary)
    scene = understood.scene
    if scene is None:
        return Plan.whole(understood.text, understood)

    riding = mounted(scene.objects, scene.relation)
    scene = dataclasses.replace(scene, relation="", actions=riding) if riding else scene
    if seed is None:
        appearances = tuple(canonical_appearance(item, vocabulary) for item in scene.objects)
    else:
        scene, appearances = sample_appearance(scene, seed, vocabulary)

    language: Language = "zh" if is_chinese(understood.text) else "en"
    style = _style_words(scene, language)
    objects = tuple(
        _planned(item, appearance, vocabulary, language, style)
        for item, appearance in zip(scene.objects, appearances, strict=True)
    )
    plan = Plan(objects=objects, scene=scene, parse=understood, style=understood.style)

    # A place with nothing in it
    if not objects:
        return plan

    # The name of a thing, and nothing said of it: the prompt does as it is.
    name = f"{_word_for(appearances[0].name, scene.objects[0], vocabulary, language)}{style}"
    same_words = {_bare(objects[0].prompt), _bare(name)}
    nothing_to_do = objects[0].is_as_drawn and _is_alone(scene)
    if understood.is_exact and nothing_to_do and _bare(understood.text) in same_words:
        # What somebody does has no article, as in training: "a sleeping cat" is asked for so.
        asked = objects[0].prompt
        is_renamed = bool(understood.nearest) or PROPER.search(asked) is not None
        return Plan.whole(asked if is_renamed else understood.text, understood)
    return plan


def _planned(
    item: SceneObject,
    appearance: Appearance,
    vocabulary: Vocabulary,
    language: Language,
    style: str,
) -> PlannedObject:
    """What the model is asked for to draw one of an object."""
    paint = "" if _comes_in_its_colour(item, vocabulary) else item.colour
    single = dataclasses.replace(item, count=1, size="", colour="" if paint else item.colour)
    return PlannedObject(
        prompt=f"{_prompt_for(single, appearance.name, vocabulary, language)}{style}",
        paint=paint,
        material=item.material,
        pattern=item.pattern,
        build=item.build,
        condition=item.condition,
        parts=item.parts,
        mirrored=appearance.mirrored,
        alternates=appearance.alternates,
    )


def _prompt_for(
    item: SceneObject, image_name: str, vocabulary: Vocabulary, language: Language
) -> str:
    """The words that the model knows a thing best by, always the same for the same thing."""
    name = _word_for(image_name, item, vocabulary, language)
    is_own_name = name in (item.thing.name, item.thing.zh)
    if item.name in vocabulary.table_things and (is_own_name or item.state or item.colour):
        return scene_caption(Scene(objects=(item,)), None, language)
    return name


def _word_for(
    image_name: str, item: SceneObject, vocabulary: Vocabulary, language: Language
) -> str:
    """The name of pictures in a language: those of a book are called closed book."""
    if language == "en":
        return image_name
    return vocabulary.single_things.get(image_name, item.thing).zh


def _style_words(scene: Scene, language: Language) -> str:
    """What names the style behind the words for a thing."""
    style = scene.style_zh if language == "zh" else scene.style_en
    comma = "，" if language == "zh" else ", "
    return f"{comma}{style}" if style else ""


def _bare(name: str) -> str:
    """A name without its article."""
    return without_article(name.strip().lower())


def _comes_in_its_colour(item: SceneObject, vocabulary: Vocabulary) -> bool:
    """Whether the model has seen the thing in just this colour.

    So it has blue books, and sleepers with the colours of fur.
    """
    if item.state:
        return item.colour in COAT_COLOURS
    return vocabulary.comes_in(item.name, item.colour)


def _at_rest(scene: Scene) -> Scene:
    """A scene to be laid out: whoever sleeps or plays is drawn so already, with what belongs to
    it."""
    items = tuple(dataclasses.replace(item, state="") for item in scene.objects)
    return dataclasses.replace(scene, objects=items)


def _is_alone(scene: Scene) -> bool:
    """Whether nothing is said of where its one thing is, and how large.

    Then it stays where it was drawn.
    """
    if len(scene.objects) != 1 or scene.background:
        return False
    item = scene.objects[0]
    return item.count == 1 and not item.size
