"""Who may come in, with how much, and what is said of it: around all routes of a server.

A request is looked at before its body is read: where it comes from, by which key, how often. Its
body is counted while it arrives. Every answer gets headers that keep browsers from misusing it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import time
from typing import Any
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dall_e.serving.failures import Refusal, as_refusal
from dall_e.serving.languages import LANGUAGE, language_of
from dall_e.serving.sessions import COOKIE
from dall_e.serving.state import ServerState

LINK_PATH = "/v1/images/files/"
"""Where pictures behind links are; a signed name is the key to each."""
DOCUMENTATION = "/docs"
"""The page of the API, and below it what it loads."""
SIGN_IN = "/sign-in"
"""Where people give their key to the page, which no header does for them."""
OPEN_PATHS = ("/", SIGN_IN, "/healthz", "/readyz", DOCUMENTATION, "/openapi.json")
"""What tells nothing of anybody."""
EXPLANATION_PATH = "/explanations/"
"""Where pages that explain a picture are; a signed name is the key to each."""
_PAGE_FACTOR = 10
"""How many more requests a page may send than a program: each key that is typed may be one. What
draws counts as a request of a program besides."""
_ANONYMOUS = "anonymous"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_DISCARD_SECONDS = 5.0
_MOST_BYTES_OF_KEY = 4096
"""Of the form in which somebody gives a key."""
_PREFIX_OF_HOUSE = 64
"""Bits of an IPv6 address that are one customer's; the rest they choose themselves."""
_MOST_DIGITS = 18
"""Of the length of a request."""
_LOG = logging.getLogger("dall_e.serving")

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_CLOSED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# Swagger's page has a script and a style of its own, and data URLs for its pictures.
_OF_DOCUMENTATION = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class Guard:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp, state: ServerState) -> None:
        """`state` has the settings, the keys and the counters."""
        self._app, self._state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        accepted = language_of(Headers(scope=scope).get("accept-language", ""))
        LANGUAGE.set(self._state.page_language(scope["path"]) or accepted)
        exchange = _Exchange(scope, receive, send, self._state)
        try:
            scope.setdefault("state", {})["owner"] = self._admit(scope)
            self._check_length(scope)
        # A file of keys that cannot be read is the server's fault, and lets nobody in.
        except Exception as error:
            refusal = as_refusal(error)
            if refusal.status == 429:
                self._state.metrics.refused.labels("rate").inc()
            # A client that is still sending would not see the answer.
            await exchange.discard()
            await self._refused(scope, refusal)(scope, receive, exchange.send)
        else:
            await self._answer(scope, exchange)
        finally:
            exchange.note()

    async def _answer(self, scope: Scope, exchange: _Exchange) -> None:
        """Let the application answer; of a fault in it the client is told in one sentence."""
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception as error:
            refusal = as_refusal(error)
            if exchange.has_begun:
                return
            answer = JSONResponse(refusal.body(), refusal.status, refusal.headers)
            await answer(scope, exchange.receive, exchange.send)

    def _refused(self, scope: Scope, refusal: Refusal) -> Response:
        """The answer to a request that may not come in; people are asked for their key."""
        language = self._state.page_language(scope["path"])
        is_visit = scope["method"] == "GET" and f"{scope['path'].rstrip('/')}/" in self._state.pages
        if refusal.status == 401 and is_visit:
            return RedirectResponse(f"{SIGN_IN}?language={language}", 303)
        body = refusal.body() if language is None else refusal.body_for_page(language)
        return JSONResponse(body, refusal.status, refusal.headers)

    # Who comes in

    def _admit(self, scope: Scope) -> str:
        """Whose request it is. Raises Refusal for one that may not come in."""
        headers = Headers(scope=scope)
        self._check_host(headers.get("host", ""))
        self._check_origin(headers)
        client = scope.get("client")
        owner = _house_of(client[0]) if client else _ANONYMOUS
        path = scope["path"]
        is_page = self._state.page_language(path) is not None
        is_needed = not _is_open(path) and scope["method"] != "OPTIONS"
        if self._state.keys is not None and is_needed:
            # Only the page takes cookies: browsers send them along unasked.
            by_cookie = self._owner_by_cookie(scope) if is_page else None
            if is_page and by_cookie is None and "authorization" not in headers:
                raise Refusal(
                    401, "you are signed out: load the page again", code="invalid_api_key"
                )
            owner = by_cookie or self._owner_by_key(headers)
        if scope["method"] == "POST":
            self._state.rates.check(owner, _PAGE_FACTOR if is_page else 1)
        return owner

    def _owner_by_cookie(self, scope: Scope) -> str | None:
        """Who has signed in to the page, if anybody."""
        assert self._state.keys is not None
        cookie = HTTPConnection(scope).cookies.get(COOKIE, "")
        return self._state.sessions.owner_of(cookie, self._state.keys)

    def _owner_by_key(self, headers: Headers) -> str:
        assert self._state.keys is not None
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise Refusal(
                401,
                "a key is needed: send it as `Authorization: Bearer KEY`",
                code="invalid_api_key",
            )
        owner = self._state.keys.owner_of(key.strip())
        if owner is None:
            raise Refusal(401, "this key is not known", code="invalid_api_key")
        return owner

    def _check_host(self, host: str) -> None:
        """Refuse names of others' web sites, which their pages could make lead here.

        A key is sent by programs on purpose, so that with keys any name is as good.
        """
        if self._state.keys is not None:
            return
        name = _parsed(f"//{host}").hostname or ""
        public = urlsplit(self._state.settings.public_url).hostname
        if name in _LOOPBACK or name == public or _is_address(name):
            return
        raise Refusal(
            421,
            f"this server is not called {name[:80]!r}: use its address, or let it know its name "
            "by --public-url",
            code="unknown_host",
        )

    def _check_origin(self, headers: Headers) -> None:
        """Refuse pages of other web sites, unless the settings let them in."""
        origin = headers.get("origin")
        allowed = self._state.settings.allow_origins
        if origin is None or origin in allowed or "*" in allowed:
            return
        own = _parsed(origin).netloc
        if own and own == headers.get("host"):
            return
        raise Refusal(
            403,
            f"pages of {origin[:80]} may not use this server; --allow-origins lets them",
            code="origin_not_allowed",
        )

    def _check_length(self, scope: Scope) -> None:
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isascii() or not length.isdigit() or len(length) > _MOST_DIGITS:
            raise Refusal(400, "the length of the request is no number", code="invalid_length")
        _check_bytes(int(length), scope, self._state)


class _Exchange:
    """One request and its answer, as they go by."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, state: ServerState) -> None:
        self._scope, self._receive, self._send, self._state = scope, receive, send, state
        self._started = time.monotonic()
        self._num_bytes = 0
        self._has_arrived = False
        self._status = 0

    @property
    def has_begun(self) -> bool:
        """Whether a part of the answer was sent."""
        return self._status != 0

    async def receive(self) -> Message:
        """The next part of the request. Raises Refusal for one that is too long, or too slow."""
        if self._has_arrived:
            return await self._receive()
        seconds = self._state.settings.body_seconds
        left = self._started + seconds - time.monotonic()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.01, left))
        except asyncio.TimeoutError as error:
            raise Refusal(
                408, f"the request did not arrive within {seconds:g} s", code="too_slow"
            ) from error
        self._num_bytes += len(message.get("body", b""))
        _check_bytes(self._num_bytes, self._scope, self._state)
        self._has_arrived = not message.get("more_body", False)
        return message

    async def discard(self) -> None:
        """Read the rest of the request, unless it is much too long or slow, and forget it."""
        left = self._state.settings.max_body_megabytes * 2**20
        end = time.monotonic() + _DISCARD_SECONDS
        with contextlib.suppress(asyncio.TimeoutError):
            while left > 0 and not self._has_arrived:
                seconds = max(0.01, end - time.monotonic())
                message = await asyncio.wait_for(self._receive(), seconds)
                left -= len(message.get("body", b""))
                self._has_arrived = not message.get("more_body", False)

    async def send(self, message: Message) -> None:
        """Pass on a part of the answer; a client that takes none of it is left alone."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers().items():
                headers.setdefault(name, value)
        await asyncio.wait_for(self._send(message), self._state.settings.body_seconds)

    def _headers(self) -> dict[str, str]:
        path = self._scope["path"]
        is_documentation = path.startswith(DOCUMENTATION)
        policy = _OF_DOCUMENTATION if is_documentation else _CLOSED
        # Pictures behind links may be shown by any page that was given the link.
        resources = "cross-origin" if path.startswith(LINK_PATH) else "same-origin"
        return {
            **_HEADERS,
            "Content-Security-Policy": policy,
            "Cross-Origin-Resource-Policy": resources,
        }

    def note(self) -> None:
        """Count the request, and write one line to the log: no prompt, key or link."""
        route: Any = self._scope.get("route")
        path = getattr(route, "path", "other")
        seconds = time.monotonic() - self._started
        self._state.metrics.requests.labels(path, str(self._status)).inc()
        self._state.metrics.seconds_request.observe(seconds)
        owner = self._scope.get("state", {}).get("owner", "-")
        _LOG.info("%s %s %d %.2fs %s", self._scope["method"], path, self._status, seconds, owner)


def _parsed(address: str) -> SplitResult:
    """The parts of an address; none for what is no address, such as one with half a bracket."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _is_open(path: str) -> bool:
    """Whether a path needs no key."""
    signed = (LINK_PATH, EXPLANATION_PATH)
    return path in OPEN_PATHS or path.startswith((*signed, f"{DOCUMENTATION}/"))


def _check_bytes(number: int, scope: Scope, state: ServerState) -> None:
    # Whoever has no key yet has nothing long to say.
    is_key = scope["path"] == SIGN_IN
    most = _MOST_BYTES_OF_KEY if is_key else state.settings.max_body_megabytes * 2**20
    if number > most:
        raise Refusal(
            413,
            f"the request has {number} bytes or more, at most {most} are read",
            code="request_too_large",
        )


def _house_of(address: str) -> str:
    """Whose an address is: of a long one, the part that is given to one customer."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4 or found.is_loopback:
        return address
    return str(ipaddress.ip_network((found, _PREFIX_OF_HOUSE), strict=False))


def _is_address(name: str) -> bool:
    """Whether a host is a number, which no web site can make lead elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
