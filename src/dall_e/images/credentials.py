"""Content Credentials: a signed statement in an image file that a model has made it.

The standard is C2PA 2 (https://spec.c2pa.org); the extra `c2pa` writes it. The statement is part of
the file, beside the texts that it carries anyway: where it was made, by what, and a hash of all
else. Whoever changes the file breaks the seal; whoever removes the statement leaves no trace.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dall_e.bounded_files import read_bytes
from dall_e.errors import UnusableFileError
from dall_e.version import __version__

MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
}
"""What is signed, by the end of a file's name."""
MISSING = "Content Credentials need a package: pip install 'open-dalle[c2pa]'"

_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_MADE, _CHANGED = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
"""IPTC's words for what a model has made, and for what it has changed a part of."""
_DRAWING = "open-dalle.drawing"
"""Our own assertion: what was asked for."""
_TOLD = ("prompt", "seed", "model")
_ALGORITHMS = (b"es256", b"es384", b"es512", b"ed25519", b"ps256", b"ps384", b"ps512")
_MOST_BYTES = 2**20
_SMALLEST = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel, to try a key on."""


class Credentials:
    """Signs image files in somebody's name; from any thread."""

    def __init__(self, certificates: bytes, key: bytes, *, with_prompt: bool = False) -> None:
        """certificates: PEM, the signer's first, then that of its issuer; key: PEM, PKCS #8.

        with_prompt: also say prompt, seed and model. Raises ValueError for a key that does not
        belong to the certificate, or a certificate that may not sign, such as one that is signed by
        itself or has run out.
        """
        self._certificates, self._key, self._with_prompt = certificates, key, with_prompt
        self._algorithm = self._usable_algorithm()

    @classmethod
    def from_files(
        cls, certificates: str | Path, key: str | Path, *, with_prompt: bool = False
    ) -> Credentials:
        """Read both files. Raises UnusableFileError for what cannot sign, OSError, ImportError."""
        chain, secret = (
            read_bytes(Path(file).expanduser(), _MOST_BYTES) for file in (certificates, key)
        )
        try:
            return cls(chain, secret, with_prompt=with_prompt)
        except ValueError as error:
            raise UnusableFileError(
                certificates,
                f"with the key in {key} it cannot sign Content Credentials: {error}",
                "the file has the certificate of the signer and then that of its issuer, for the "
                "use emailProtection or c2pa-kp-claimSigning, and the key is PKCS #8 in PEM",
            ) from error

    def signed(
        self,
        content: bytes,
        media_type: str,
        texts: Mapping[str, str] | None = None,
        *,
        is_change: bool = False,
    ) -> bytes:
        """Return an image file with a signed statement in it.

        media_type: one of MEDIA_TYPES. texts: those that the file carries. is_change: a model has
        changed a part of somebody's image, rather than made all of it.
        """
        return self._sign(self._algorithm, content, media_type, self._statement(texts, is_change))

    def _usable_algorithm(self) -> bytes:
        """The one algorithm that the key is for: its signature is there, and verified."""
        reason = ""
        for algorithm in _ALGORITHMS:
            try:
                self._sign(algorithm, _SMALLEST, "image/png", self._statement({}, False))
            except ValueError as error:
                # Of a key of another kind every library has its own words, which help nobody.
                if "private key" not in str(error):
                    reason = str(error)
                continue
            return algorithm
        raise ValueError(reason or "it is no key for ECDSA, Ed25519 or RSA-PSS")

    def _sign(
        self, algorithm: bytes, content: bytes, media_type: str, statement: dict[str, Any]
    ) -> bytes:
        """Sign a file, and verify it. Raises ValueError for what c2pa refuses."""
        try:
            import c2pa
        except ImportError as error:
            raise ImportError(f"{MISSING} ({error})") from error

        settings = {
            "builder": {"thumbnail": {"enabled": False}},
            "verify": {"verify_after_sign": True, "verify_trust": False},
        }
        out = io.BytesIO()
        try:
            with (
                c2pa.Context.from_dict(settings) as context,
                c2pa.Signer.from_info(
                    c2pa.C2paSignerInfo(algorithm, self._certificates, self._key, None)
                ) as signer,
                c2pa.Builder(statement, context) as builder,
            ):
                builder.sign(signer, media_type, io.BytesIO(content), out)
        except c2pa.C2paError as error:
            raise ValueError(str(error).split(": ", 1)[-1]) from error
        return out.getvalue()

    def _statement(self, texts: Mapping[str, str] | None, is_change: bool) -> dict[str, Any]:
        """What is said of a file, as c2pa reads it."""
        product = {"name": "dall_e", "version": __version__}
        action = {
            "action": "c2pa.created",
            "digitalSourceType": _SOURCE + (_CHANGED if is_change else _MADE),
            "softwareAgent": product,
        }
        assertions: list[dict[str, Any]] = [
            {"label": "c2pa.actions.v2", "data": {"actions": [action]}}
        ]
        told = {name: text for name, text in (texts or {}).items() if name in _TOLD}
        if self._with_prompt and told:
            assertions.append({"label": _DRAWING, "data": told})
        return {"claim_generator_info": [product], "assertions": assertions}
