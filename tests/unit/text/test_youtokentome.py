"""Models of YouTokenToMe: their files, and words by hand; tests/parity knows the original words."""

import pytest

from dall_e.text.youtokentome import YouTokenToMe

LETTERS = {"\u2581": 4, "a": 5, "b": 6}
MODEL = YouTokenToMe(letters=LETTERS, pairs=[[5, 6, 7], [4, 7, 8]], marks=[1, 0, 2, 3])


@pytest.mark.parametrize(
    ("word", "ids"),
    [("ab", [8]), ("ba", [4, 6, 5]), ("axyb", [4, 5, 1, 6]), ("abab", [8, 7]), ("", [4])],
)
def test_words_by_hand(word: str, ids: list[int]) -> None:
    assert MODEL.pieces(word) == ids


def test_from_its_file() -> None:
    assert YouTokenToMe.from_text("3 2\n9601 4\n97 5\n98 6\n5 6 7\n4 7 8\n1 0 2 3\n") == MODEL


@pytest.mark.parametrize("text", ["", "x", "1 1\n9601 4\n1 0 2 3\n", "1 -2\n9601 4\n1 0 2 3\n"])
def test_another_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a model of YouTokenToMe"):
        YouTokenToMe.from_text(text)


def test_what_is_malformed_is_refused() -> None:
    with pytest.raises(ValueError, match="no mark for spaces"):
        YouTokenToMe(letters={"a": 5}, pairs=[], marks=[1, 0, 2, 3])
    for pairs, marks in (([[5, 6]], [1, 0, 2, 3]), ([], [1, 0, 2])):
        with pytest.raises(ValueError, match="pairs or marks"):
            YouTokenToMe(letters=LETTERS, pairs=pairs, marks=marks)
