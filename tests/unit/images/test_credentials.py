"""Content Credentials, read by c2pa's own reader under the root of our own."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dall_e.errors import UnusableFileError
from dall_e.images.credentials import MEDIA_TYPES, Credentials
from dall_e.images.files import read_metadata, save_image

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TEXTS = {"prompt": '两只猫 and a "ball"', "seed": "7", "model": "tiny", "settings": "{}"}


def read(content: bytes, media_type: str, root: Path) -> tuple[str, dict[str, Any]]:
    """(what a reader that trusts `root` says of a file, the data of each assertion)."""
    import c2pa

    trust = {"verify": {"verify_trust": True}, "trust": {"user_anchors": root.read_text()}}
    with (
        c2pa.Context.from_dict(trust) as context,
        c2pa.Reader(media_type, io.BytesIO(content), context=context) as reader,
    ):
        found = json.loads(reader.json())
        manifest = found["manifests"][found["active_manifest"]]
        told = {each["label"]: each["data"] for each in manifest["assertions"]}
        return reader.get_validation_state(), told


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.parametrize("with_prompt", [False, True])
def test_a_file_says_that_a_model_made_it(
    suffix: str, with_prompt: bool, signing_files: Any, tmp_path: Path
) -> None:
    """And carries the same texts and pixels as without."""
    certificates, key, root = signing_files
    signing = Credentials.from_files(certificates, key, with_prompt=with_prompt)
    image = Image.effect_noise((40, 24), 60).convert("RGB")
    plain, signed = tmp_path / f"plain{suffix}", tmp_path / f"signed{suffix}"
    save_image(image, plain, TEXTS)
    save_image(image, signed, TEXTS, credentials=signing)
    assert read_metadata(signed) == TEXTS
    assert Image.open(signed).tobytes() == Image.open(plain).tobytes()

    state, told = read(signed.read_bytes(), MEDIA_TYPES[suffix], root)
    (action,) = told.pop("c2pa.actions.v2")["actions"]
    assert state == "Trusted" and action["action"] == "c2pa.created"
    assert action["digitalSourceType"] == f"{SOURCE}trainedAlgorithmicMedia"
    assert action["softwareAgent"]["name"] == "dall_e"
    drawing = {name: TEXTS[name] for name in ("prompt", "seed", "model")}
    assert told == ({"open-dalle.drawing": drawing} if with_prompt else {})


def test_a_change_says_that_it_is_one(signing_files: Any) -> None:
    certificates, key, root = signing_files
    signing = Credentials.from_files(certificates, key, with_prompt=True)
    document = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8"/></svg>'
    signed = signing.signed(document, "image/svg+xml", {}, is_change=True)
    state, told = read(signed, "image/svg+xml", root)
    (action,) = told["c2pa.actions.v2"]["actions"]
    assert state == "Trusted" and told.keys() == {"c2pa.actions.v2"}
    assert action["digitalSourceType"] == f"{SOURCE}compositeWithTrainedAlgorithmicMedia"


def test_a_changed_pixel_breaks_the_seal(signing_files: Any) -> None:
    certificates, key, root = signing_files
    buffer = io.BytesIO()
    Image.effect_noise((40, 24), 60).convert("RGB").save(buffer, "PNG")
    signed = bytearray(
        Credentials.from_files(certificates, key).signed(buffer.getvalue(), "image/png")
    )
    assert read(bytes(signed), "image/png", root)[0] == "Trusted"
    signed[signed.rindex(b"IDAT") + 20] ^= 1
    assert read(bytes(signed), "image/png", root)[0] == "Invalid"


def test_what_cannot_sign_is_said_at_once(signing_files: Any, tmp_path: Path) -> None:
    certificates, key, root = signing_files
    other = tmp_path / "other.pem"
    other.write_text("no key")
    with pytest.raises(UnusableFileError, match="chain.pem.*key in .*other.pem it cannot sign"):
        Credentials.from_files(certificates, other)
    # A root is no signer, and its key is another one.
    with pytest.raises(UnusableFileError, match="self-signed|does not match"):
        Credentials.from_files(root, key)
    with pytest.raises(UnusableFileError, match="emailProtection"):
        Credentials.from_files(other, key)
    with pytest.raises(OSError, match="none.pem"):
        Credentials.from_files(tmp_path / "none.pem", key)


def test_without_the_package_the_command_for_it_is_named(
    signing_files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(ImportError, match=r"pip install 'open-dalle\[c2pa\]'"):
        Credentials.from_files(signing_files.certificates, signing_files.key)
