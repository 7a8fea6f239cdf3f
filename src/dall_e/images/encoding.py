"""An image as a file of some type, with its metadata, and signed where somebody signs."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from dall_e.images.credentials import MEDIA_TYPES, Credentials
from dall_e.images.metadata import JPEG_OPTIONS, options_with

JPEG_EXTENSIONS = (".jpg", ".jpeg")


def encoded_image(
    image: Image.Image,
    suffix: str,
    metadata: dict[str, str] | None = None,
    *,
    credentials: Credentials | None = None,
    name: str = "",
) -> bytes:
    """Return an image as a file of the type that a name with `suffix` has, with its metadata.

    credentials: sign it. An SVG is the document in the image's `info`. Raises ValueError for an
    unknown file type, of which `name` is said.
    """
    extension = suffix.lower()
    if extension == ".svg" and "svg" in image.info:
        content: bytes = image.info["svg"]
        return _signed(content, extension, metadata, credentials)
    Image.preinit()
    # Only a rare file type is worth the time to load all that Pillow knows.
    known = Image.EXTENSION if extension in Image.EXTENSION else Image.registered_extensions()
    if extension not in known:
        raise ValueError(
            f"cannot tell the file type of {name or suffix!r}: end the name in .png, .jpg or .webp"
        )

    # Given here and nowhere else: the image may carry older texts of its own.
    image = image.copy()
    image.info = {}
    options = options_with(metadata or {}, known[extension])
    if extension in JPEG_EXTENSIONS:
        options |= JPEG_OPTIONS
    if image.mode == "RGBA" and extension in JPEG_EXTENSIONS:
        warnings.warn("JPEG has no transparency: the picture is put on white", stacklevel=3)
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image).convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, format=known[extension], **options)
    return _signed(buffer.getvalue(), extension, metadata, credentials)


def _signed(
    content: bytes,
    extension: str,
    metadata: dict[str, str] | None,
    credentials: Credentials | None,
) -> bytes:
    """A file with its credentials, if it has any. Raises ValueError for a type that cannot."""
    if credentials is None:
        return content
    if extension not in MEDIA_TYPES:
        raise ValueError(f"{extension} files are not signed here: take {', '.join(MEDIA_TYPES)}")
    return credentials.signed(content, MEDIA_TYPES[extension], metadata)
