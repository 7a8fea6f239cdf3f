"""Pictures that clients send: looked at before they are decoded, and nothing but pictures."""

from __future__ import annotations

import base64
import binascii
import threading
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from dall_e.images.files import PILImage
from dall_e.images.opening import open_image_bytes
from dall_e.serving.failures import Refusal, unreadable

FORMATS = ("PNG", "JPEG", "WEBP")
"""What is read; other formats have decoders that few people look at."""
IMAGE_FIELDS = ("image", "image[]", "images", "images[]")
"""Names of the pictures in a form, as the clients have them."""
_MOST_FILES = 20
_MOST_FIELDS = 100
_UNPACKING = threading.Semaphore(4)


async def read_form(request: Request) -> FormData:
    """Read a form. Raises Refusal 400 for one that is damaged, 415 for another kind of body."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise Refusal(
            415,
            f"pictures are sent as multipart/form-data, got {kind[:80] or 'no content type'!r}",
            code="unsupported_media_type",
        )
    try:
        return await request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS)
    except HTTPException as error:
        raise unreadable(f"the form cannot be read: {error.detail}") from error
    except (ValueError, KeyError) as error:
        raise unreadable("the form cannot be read: it is malformed") from error


def texts_of_form(form: FormData) -> dict[str, str]:
    """Return the fields of a form that are no files."""
    return {name: value for name, value in form.items() if isinstance(value, str)}


async def only_image(form: FormData, most_pixels: int) -> PILImage:
    """Return the one picture of a form. Raises Refusal 400 for none, and for several."""
    found = [
        value
        for name, value in form.multi_items()
        if name in IMAGE_FIELDS and isinstance(value, UploadFile)
    ]
    if len(found) != 1:
        raise unreadable(
            f"one picture is changed at a time, got {len(found)}: send one file as `image`", "image"
        )
    return await run_in_threadpool(decoded, await found[0].read(), most_pixels, "image")


async def optional_image(form: FormData, name: str, most_pixels: int) -> PILImage | None:
    """Return a picture of a form that need not be there."""
    value: Any = form.get(name)
    if not isinstance(value, UploadFile):
        return None
    return await run_in_threadpool(decoded, await value.read(), most_pixels, name)


def decoded(content: bytes, most_pixels: int, name: str) -> PILImage:
    """Return the picture in a file. Raises Refusal 400 that names the field of the request."""
    try:
        # Of many that come at a time, few are unpacked at a time.
        with _UNPACKING:
            return open_image_bytes(content, most_pixels=most_pixels, formats=FORMATS)
    except ValueError as error:
        raise unreadable(f"{name}: {error}", name) from error


def from_base64(text: str, most_pixels: int, name: str) -> PILImage:
    """Return the picture in a text, base64 or a data URL. Raises Refusal 400.

    Any other URL is refused: the server asks nobody for pictures.
    """
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise unreadable(
            f"{name}: a picture is sent as base64; links to pictures are not followed", name
        ) from error
    return decoded(content, most_pixels, name)
