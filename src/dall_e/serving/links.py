"""Images behind links: kept in memory for a while, and found by a signed name that runs out."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import NamedTuple

from itsdangerous import BadSignature, TimestampSigner

from dall_e.serving.failures import Refusal


class StoredImage(NamedTuple):
    """An image file in memory."""

    content: bytes
    media_type: str


class LinkedImages:
    """Image files by signed names. Nothing is written to a disk, and a restart forgets them all."""

    def __init__(self, seconds: int, most_bytes: int) -> None:
        """A name works for `seconds`; beyond `most_bytes` the oldest images go first."""
        self._seconds, self._most_bytes = seconds, most_bytes
        self._signer = TimestampSigner(secrets.token_bytes(32))
        self._images: OrderedDict[str, StoredImage] = OrderedDict()
        self._num_bytes = 0
        self._lock = threading.Lock()

    def add(self, image: StoredImage) -> str:
        """Keep an image, and return the name that it is found by."""
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._images[name] = image
            self._num_bytes += len(image.content)
            while self._num_bytes > self._most_bytes and len(self._images) > 1:
                _, oldest = self._images.popitem(last=False)
                self._num_bytes -= len(oldest.content)
        return self._signer.sign(name).decode("ascii")

    def find(self, signed_name: str) -> StoredImage:
        """Return the image of a name.

        Raises Refusal 404 for a name that was not signed here, has run out, or whose image is gone.
        """
        try:
            name = self._signer.unsign(signed_name, max_age=self._seconds).decode("ascii")
            return self._images[name]
        except (BadSignature, KeyError, UnicodeError) as error:
            raise Refusal(
                404,
                f"there is no such picture; links work for {self._seconds} s",
                code="not_found",
            ) from error
