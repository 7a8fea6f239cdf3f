"""A style or a subject that all pictures of a folder have in common."""

import random

import pytest

from dall_e.config import GeneratorTraining, with_values
from dall_e.data.captions import training_caption
from dall_e.data.shared_names import style_names, with_shared_names
from dall_e.planning.vocabulary import Vocabulary


def test_a_style_stands_behind_every_caption_and_is_known() -> None:
    records = [
        {"text": "a cat.", "captions": ["a cat.", "一只猫"]},
        {"text": "a dog, Crayon Style"},
        {"en": "owl", "zh": "猫头鹰", "kind": "animal"},
    ]
    cat, dog, owl = with_shared_names(records, style="crayon", subject="")
    assert cat["captions"] == ["a cat, crayon style", "一只猫，crayon风格"]
    assert dog["text"] == "a dog, Crayon Style"
    assert records[0]["text"] == "a cat."

    # Of a data set, too; and a model that learned them can be asked for the style.
    said = [training_caption(owl, random.Random(seed)) for seed in range(40)]
    assert sum("crayon" in caption for caption in said) > 30
    known = Vocabulary.from_captions([cat, dog, owl])
    assert known.styles == (("crayon style", "crayon风格"),) and known.has_style("crayon style")
    assert known.is_caption("A cat, crayon style")


def test_a_style_is_named_once() -> None:
    assert style_names("crayon") == style_names("crayon style") == ("crayon style", "crayon风格")
    assert style_names("蜡笔风格") == ("蜡笔 style", "蜡笔风格")


def test_a_subject_stands_for_captions_and_is_planned_as_other_things() -> None:
    records = [{"text": "img 0031", "name": "a"}, {"text": "my toy on the floor", "name": "b"}]
    named = with_shared_names(records, style="", subject="sks robot")
    said = {training_caption(record, random.Random(seed)) for record in named for seed in range(9)}
    assert said and all("sks robot" in caption for caption in said)
    known = Vocabulary.from_captions(named)
    assert known.knows("sks robot") and known.thing("sks robot").kind == "object"
    assert with_shared_names(records, style="", subject="") == records


@pytest.mark.parametrize(
    ("name", "problem"),
    [("a|b", "must not have"), ("x" * 41, "40 characters, got 41"), (" robot", "blank")],
)
def test_a_name_that_cannot_be_kept_is_refused(name: str, problem: str) -> None:
    for setting in ("style", "subject"):
        with pytest.raises(ValueError, match=problem):
            with_values(GeneratorTraining(), {setting: name})
