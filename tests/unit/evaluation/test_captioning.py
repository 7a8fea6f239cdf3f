"""Which captions count as right."""

import pytest

from dall_e.data.captions import names_of
from dall_e.evaluation.captioning import concept_of, known_rows, names_it
from dall_e.text.language import Language

CAT_FACE = {"en": "cat face", "zh": "猫脸", "kind": "animal", "hex": "1F431"}
RUNNER = {
    "en": "person running, medium-dark skin tone",
    "zh": "跑步的人，中等-深肤色",
    "kind": "person",
    "hex": "1F3C3-1F3FE",
    "en_synonyms": ["runner"],
}


@pytest.mark.parametrize(
    ("caption", "record", "language", "expected"),
    [
        ("a cat face", CAT_FACE, "en", True),
        ("a cat", CAT_FACE, "en", True),  # said instead of a face (data/captions.py)
        ("a red cat to the left of a tree", CAT_FACE, "en", True),
        ("a caterpillar", CAT_FACE, "en", False),
        ("an animal", CAT_FACE, "en", False),
        ("", CAT_FACE, "en", False),
        ("一张猫脸", CAT_FACE, "zh", True),
        ("狗脸", CAT_FACE, "zh", False),
        ("a person running", RUNNER, "en", True),
        ("person running, light skin tone", RUNNER, "en", True),
        ("a runner", RUNNER, "en", True),
        ("a man running", RUNNER, "en", False),
        ("跑步的人，较浅肤色", RUNNER, "zh", True),
        ("走路的人", RUNNER, "zh", False),
    ],
)
def test_right_captions_name_the_thing(
    caption: str, record: dict[str, object], language: Language, expected: bool
) -> None:
    assert names_it(caption, names_of(record, language), language) is expected


def test_a_concept_is_one_whoever_drew_it() -> None:
    assert concept_of(RUNNER) == concept_of({**RUNNER, "hex": "1F3C3"}) == "1F3C3"
    assert concept_of({"en": "apron", "hex": ""}) == "apron"
    assert known_rows([RUNNER, CAT_FACE], [{"hex": "1F3C3", "en": "person running"}]) == [0]


def test_without_a_name_nothing_is_right() -> None:
    assert names_of({"en": "apron", "zh": "", "kind": "object"}, "zh") == []
    assert not names_it("围裙", [], "zh") and not names_it("an apron", [""], "en")
