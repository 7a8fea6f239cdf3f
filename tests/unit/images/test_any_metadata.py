"""Any text as metadata comes back from a picture file, or a sentence says why not."""

import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from dall_e.images import files

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
"""Surrogates and control characters too."""
KEYS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=30)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
@settings(max_examples=25, deadline=None)
@given(metadata=st.dictionaries(KEYS, ANY_TEXT, max_size=3))
@example(metadata={"prompt": "猫 \x00\n\r\t 🐱\u2028"})
@example(metadata={"prompt": "\udcff"})
@example(metadata={"prompt": "a" * 3000, "seed": ""})
def test_any_text_comes_back_or_is_refused_in_words(name: str, metadata: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        path = Path(folder) / name
        try:
            files.save_image(Image.new("RGB", (2, 2)), path, metadata)
        except ValueError as error:
            assert str(error) and not path.exists()
            return
        back = files.read_metadata(path)
        # What was left out was said.
        assert back == metadata or said, f"{metadata!r} came back as {back!r}"
