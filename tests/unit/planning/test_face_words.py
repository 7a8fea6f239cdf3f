"""Faces are found by what they express."""

import pytest

from dall_e.planning.face_words import as_face
from dall_e.planning.vocabulary import Vocabulary
from dall_e.text.language import is_chinese

VOCABULARY = Vocabulary.from_text(
    """
    cat | 猫 | animal
    cat face | 猫脸 | animal
    face with tears of joy | 笑哭了 | face
    face with steam from nose | 傲慢 | face
    angry face | 生气 | face
    crying face | 哭 | face
    """
)


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("face with steam coming out of the nose", "face with steam from nose"),
        ("an angry face", "an angry face"),
        ("a grumpy little face", "angry face"),
        ("a yellow face laughing so hard it cries", "face with tears of joy"),
        ("笑到流眼泪的脸", "笑哭了"),
        ("一个笑哭的表情", "笑哭了"),
        ("气呼呼的表情包", "傲慢"),
    ],
)
def test_an_expression_names_a_face(prompt: str, name: str) -> None:
    assert as_face(prompt, VOCABULARY, "zh" if is_chinese(prompt) else "en") == name


@pytest.mark.parametrize(
    "prompt",
    [
        "a cat face",
        "a crying cat with a face",
        "a clock with an angry face",
        "a face with a hat and a crying cat",
        "a sleeping face",
        "生气的猫",
        "猫脸",
        "睡觉的脸",
    ],
)
def test_what_is_no_expression_of_a_face_stays(prompt: str) -> None:
    assert as_face(prompt, VOCABULARY, "zh" if is_chinese(prompt) else "en") == prompt
