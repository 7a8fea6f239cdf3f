"""The texts that a picture file carries: where each file type has room for them, and reading them.

PNG          text chunks, one for each text
JPEG         a comment, which holds all texts as JSON
WebP, AVIF   the user comment of EXIF, which holds the same JSON
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

from PIL import ExifTags, Image, PngImagePlugin

from dall_e.errors import DallEWarning

LARGEST_COMMENT = 65533
"""Bytes of a JPEG comment: a 16-bit length that counts itself."""

JPEG_OPTIONS = {"quality": 95, "subsampling": 0}
"""How our JPEG files are written, so that the same picture gives the same file."""

_LONGEST_KEY = 79
"""Letters in the name of a PNG's text."""
_EXIF_FORMATS = ("WEBP", "AVIF")
# EXIF's own mark of a comment in ASCII.
_ASCII = b"ASCII\x00\x00\x00"


def texts_of(info: Mapping[Any, Any]) -> dict[str, str]:
    """The entries of a picture's `info` that are texts."""
    return {
        name: text for name, text in info.items() if isinstance(name, str) and isinstance(text, str)
    }


def options_with(texts: Mapping[str, str], file_format: str) -> dict[str, Any]:
    """What Pillow's `save` is to be called with so that a file carries texts.

    file_format: as Pillow calls it, such as PNG. Warns of texts that do not fit, and of a format
    that holds none.
    """
    if not texts:
        return {}
    if file_format == "PNG":
        return {"pnginfo": _png_text(_as_unicode(texts))}
    if file_format == "JPEG":
        comment = json.dumps(_as_unicode(texts), ensure_ascii=False).encode("utf-8", "replace")
        return {"comment": comment} if _fits(comment) else {}
    if file_format in _EXIF_FORMATS:
        return {"exif": _exif(texts)}

    warnings.warn(
        f"{file_format} files hold no metadata here; save as .png to keep prompt and seed",
        DallEWarning,
        stacklevel=3,
    )
    return {}


def texts_in(image: Image.Image) -> dict[str, str]:
    """The texts of an opened picture file, {} if it has none of ours."""
    if image.format == "PNG":
        return texts_of(image.info)
    if image.format in _EXIF_FORMATS:
        return _read_json(_exif_comment(image))
    return _read_json(image.info.get("comment", b""))


def _as_unicode(texts: Mapping[str, str]) -> dict[str, str]:
    """Texts without surrogates, which UTF-8 has no bytes for."""
    stored = {name: text.encode("utf-8", "replace").decode("utf-8") for name, text in texts.items()}
    changed = [repr(name) for name in texts if stored[name] != texts[name]]
    if changed:
        warnings.warn(
            f"in {', '.join(changed)}, what is no Unicode character is stored as a question mark",
            DallEWarning,
            stacklevel=4,
        )
    return stored


def _png_text(texts: Mapping[str, str]) -> PngImagePlugin.PngInfo:
    """Texts as iTXt chunks, which hold any Unicode text under a short Latin name."""
    chunks = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        try:
            is_possible = 0 < len(name.encode("latin-1")) <= _LONGEST_KEY
        except UnicodeEncodeError:
            is_possible = False

        if is_possible:
            chunks.add_itxt(name, text)
        else:
            warnings.warn(
                f"a PNG cannot hold a text named {name!r}: it is left out",
                DallEWarning,
                stacklevel=4,
            )
    return chunks


def _fits(comment: bytes) -> bool:
    if len(comment) <= LARGEST_COMMENT:
        return True
    warnings.warn(
        f"prompt and settings are {len(comment)} bytes, a JPEG comment holds {LARGEST_COMMENT}: "
        "they are left out; save as .png to keep them",
        DallEWarning,
        stacklevel=4,
    )
    return False


def _exif(texts: Mapping[str, str]) -> bytes:
    exif = Image.Exif()
    comment = _ASCII + json.dumps(texts).encode("ascii")
    # Given as a whole: before Pillow 11, a part that get_ifd makes anew is not written.
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.UserComment: comment}
    return exif.tobytes()


def _exif_comment(image: Image.Image) -> bytes:
    try:
        comment = image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment, b"")
    except (
        Exception
    ):  # Pillow has many errors for damaged EXIF, and the picture is there all the same
        return b""
    return comment.removeprefix(_ASCII) if isinstance(comment, bytes) else b""


def _read_json(comment: bytes) -> dict[str, str]:
    """Texts of a comment, {} for one that another program wrote."""
    try:
        texts = json.loads(comment)
    except (ValueError, RecursionError):
        return {}
    return {str(name): str(text) for name, text in texts.items()} if isinstance(texts, dict) else {}
