"""`dall-e generate --c2pa`: signed files, which are still drawn again from what they say."""

from pathlib import Path
from typing import Any

import pytest

from ..images.test_credentials import read


@pytest.mark.parametrize("name", ["it.png", "it.jpg", "it.webp"])
def test_a_signed_picture_is_reproduced(draw: Any, signing_files: Any, name: str) -> None:
    from dall_e.images.credentials import MEDIA_TYPES

    flags = [*signing_files.flags, "--c2pa-prompt", "--seed", "3", "--steps", "2"]
    code, (path,), _ = draw("a cat", "--out", name, *flags)
    media_type = MEDIA_TYPES[Path(name).suffix]
    state, told = read(Path(path).read_bytes(), media_type, signing_files.root)
    assert code == 0 and state == "Trusted"
    assert told["open-dalle.drawing"] == {"prompt": "a cat", "seed": "3", "model": "tiny-random"}
    code, _, errors = draw(path, command="reproduce")
    assert code == 0 and errors.endswith(f"identical to {path}\n")


def test_sheets_and_documents_are_signed(draw: Any, signing_files: Any) -> None:
    flags = [*signing_files.flags, "--steps", "2"]
    assert draw("a cat", "a dog", "--grid", "--out", "both.png", *flags)[0] == 0
    assert draw("a cat", "--out", "cat.svg", *flags)[0] == 0
    for name, kind in (("both.png", "image/png"), ("cat.svg", "image/svg+xml")):
        state, told = read(Path(name).read_bytes(), kind, signing_files.root)
        assert state == "Trusted" and told.keys() == {"c2pa.actions.v2"}


def test_what_cannot_sign_is_said_before_drawing(draw: Any, signing_files: Any) -> None:
    certificates, key, root = map(str, signing_files)
    code, printed, errors = draw("a cat", "--c2pa", root, key)
    assert code == 1 and not printed and "it cannot sign Content Credentials" in errors
    code, _, errors = draw("a cat", "--c2pa-prompt")
    assert code == 1 and "--c2pa-prompt says what --c2pa signs" in errors
