"""What a server answers instead of an image, in the shape that OpenAI's clients read."""

from __future__ import annotations

import logging
from typing import Any

from starlette.exceptions import HTTPException

from dall_e.errors import UnusableFileError
from dall_e.serving.languages import told, told_to_people
from dall_e.text.language import Language

_LOG = logging.getLogger("dall_e.serving")


class Refusal(HTTPException):
    """An answer with an error in it; `status` is that of HTTP."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Say in words what is wrong and what would mend it.

        code: a word for programs. param: the field that is wrong. retry_after: seconds.
        """
        super().__init__(status, message)
        self.status, self.message = status, message
        self.code, self.param = code, param
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        if status == 401:
            self.headers["WWW-Authenticate"] = "Bearer"

    def body(self) -> dict[str, Any]:
        """The answer as JSON has it, in the language of the request."""
        kind = "invalid_request_error" if 400 <= self.status < 500 else "server_error"
        if self.status == 429:
            kind = "rate_limit_error"
        if self.status == 401:
            kind = "authentication_error"
        message = told(self.message, self.code)
        error = {"message": message, "type": kind, "param": self.param, "code": self.code}
        return {"error": error}

    def body_for_page(self, language: Language) -> dict[str, Any]:
        """The same for a page to draw on, which shows what stands under `detail`."""
        return {**self.body(), "detail": told_to_people(self.message, self.code, language)}


def unreadable(message: str, param: str | None = None) -> Refusal:
    """Return the refusal of a request that its sender can mend."""
    return Refusal(400, message, code="invalid_value", param=param)


def too_slow(seconds: float) -> Refusal:
    """Return the refusal of a request that took too long."""
    return Refusal(
        504,
        f"the picture was not done within {seconds:g} s: ask for fewer or smaller pictures, "
        "or come again when less is asked for",
        code="deadline_exceeded",
    )


def stopping(seconds: int = 10) -> Refusal:
    """Return the refusal of a server that is about to stop."""
    return Refusal(
        503,
        "the server is stopping: ask again in a moment",
        code="stopping",
        retry_after=seconds,
    )


class ClientGoneError(Exception):
    """Whoever asked does not wait any more."""


def as_refusal(error: BaseException) -> Refusal:
    """Return what a client is told of an error; of a fault of ours no more than that it is one."""
    if isinstance(error, Refusal):
        return error
    # No client names a file, so that one that cannot be used is the server's own.
    if isinstance(error, ValueError) and not isinstance(error, UnusableFileError):
        return unreadable(str(error))
    _LOG.error("a request failed", exc_info=error)
    return Refusal(500, "the server failed; its log says why", code="internal_error")
