"""The prompts with which plans ask for a picture: those that recall it from a memory."""

from __future__ import annotations

from collections.abc import Iterator

from dall_e.planning.variation import image_names
from dall_e.planning.vocabulary import Vocabulary
from dall_e.scenes.captions import scene_caption
from dall_e.scenes.graph import COLOURS, Scene, SceneObject
from dall_e.scenes.vocabulary import Thing
from dall_e.text.language import Language


def recall_prompts(vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    """The prompts of each picture by its English name, in English and Chinese.

    A picture of a cat is asked for as "cat", "a cat", 猫 and 一只猫; one of a black cat also as
    "a black cat", for it is what the model knows a cat by that shall be black.
    """
    prompts: dict[str, dict[str, None]] = {}
    for name, thing in vocabulary.single_things.items():
        prompts.setdefault(name, {}).update(dict.fromkeys((name, thing.zh)))
    for thing in vocabulary.table_things.values():
        for name, caption in _captions(thing, vocabulary):
            prompts.setdefault(name, {})[caption] = None
    return {name: tuple(texts) for name, texts in prompts.items()}


def _captions(thing: Thing, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    """Names of pictures of a thing that scenes are composed of, and captions that ask for them."""
    first, *_ = image_names(thing, vocabulary)
    languages: tuple[Language, ...] = ("en", "zh")
    for language in languages:
        plain = SceneObject(name=thing.name, image=None)
        yield first, scene_caption(Scene(objects=(plain,)), None, language)
        yield first, thing.zh if language == "zh" else thing.name

        # The colours of which there are pictures, by their names or by what the table says.
        for name, own_colour in thing.image_names:
            for colour in {own_colour, *name.split()}.intersection(COLOURS):
                if "/" not in name and vocabulary.comes_in(thing.name, colour):
                    coloured = SceneObject(name=thing.name, image=None, colour=colour)
                    yield name, scene_caption(Scene(objects=(coloured,)), None, language)
