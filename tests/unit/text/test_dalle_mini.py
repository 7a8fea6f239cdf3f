"""Prompts as DALL-E mini's captions: the results of its own code for the same texts."""

import sys

import pytest

from dall_e.text.dalle_mini import normalised

# (text, what borisdayma/dalle-mini 0.1.5 makes of it without its leading space)
KNOWN = (
    ("A white cat, sleeping on a window-sill!", "a white cat, sleeping on a window sill"),
    ("the cat's pyjamas (blue) & red... 3.5 km, 1,000,000 stars 24/12/2021",
     "the cat's pyjamas, blue, & red, 3.5 km, 1000000 stars 24/12/2021"),
    ("<b>bold</b> http://x.y/z end", "bold end"),
    ("soooooo #bigcat_dog", "so bigcat dog"),
    ("...", ""),
    ("a/b + c = d; e", "a, b, c, d, e"),
    ("it's John's don't won't 'quoted' `x`", "it's john's don't won't \" quoted \" x \""),
    ("&amp;amp; fish", "& fish"),
    ("NASA's 1.2.3-alpha", "nasa's 1.2, 3 alpha"),
    ("  spaces\t\nnewline  ", "spaces newline"),
    (",,a,,", "a"),
    (" hello -- world - x", "hello, world, x"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), KNOWN)
def test_as_the_original(text: str, expected: str) -> None:
    assert normalised(text) == expected


def test_accents_go_and_other_scripts_are_lost_without_unidecode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "unidecode", None)
    assert normalised("Caf\u00e9 \u732b") == "cafe"
