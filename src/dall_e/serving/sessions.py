"""Who has signed in to the page: a signed cookie instead of a key in each request.

The cookie holds the hash of the key, so that a key that is revoked ends the session, too. It is
signed with a secret of this run of the server; a restart ends all sessions.
"""

from __future__ import annotations

import secrets

from itsdangerous import BadSignature, TimestampSigner

from dall_e.serving.keys import KeyFile, hash_of

COOKIE = "dall_e_session"
"""What the cookie is called."""
SECONDS = 12 * 3600
"""For how long somebody stays signed in."""


class Sessions:
    """Gives cookies to people, and knows them by these."""

    def __init__(self) -> None:
        """Nobody has signed in."""
        self._signer = TimestampSigner(secrets.token_bytes(32))

    def cookie_of(self, key: str) -> str:
        """Return the cookie of somebody who has a key, which is not looked at."""
        return self._signer.sign(hash_of(key)).decode("ascii")

    def owner_of(self, cookie: str, keys: KeyFile) -> str | None:
        """Whose cookie it is; None for one that was not given here, or has run out."""
        try:
            digest = self._signer.unsign(cookie, max_age=SECONDS).decode("ascii")
        except (BadSignature, UnicodeError):
            return None
        return keys.owner_of_hash(digest)
