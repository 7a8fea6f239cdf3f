"""What stands between the browser and Gradio: fewer routes, no files, and a policy.

Gradio can take files in, hand files out, fetch addresses and pass requests on. The page does none
of this, so that its routes are not reachable at all: pictures come and go through the server's own
checks and links.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dall_e.page.rewording import Reworded, uncompressed
from dall_e.serving.failures import Refusal, unreadable
from dall_e.text.language import Language

_FOLDERS = ("/assets/", "/static/")
"""Scripts and styles that Gradio brings along; the name of each changes with what is in it."""
_GET = ("/", "/config", "/theme.css", "/gradio_api/startup-events", "/gradio_api/queue/data")
_POST = ("/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/reset")
_HEARTBEAT = "/gradio_api/heartbeat/"
"""A connection that never ends, by which Gradio sees who leaves. Ours sees it by itself, and what
Gradio keeps runs out; so no server waits for it when it stops."""
_CACHED = "private, max-age=31536000, immutable"
_TAGS = {"en": "en-GB", "zh": "zh-CN"}

# Gradio builds functions out of its templates, hence 'unsafe-eval', and has styles of its own.
# Scripts need the nonce, so that nothing that is smuggled into the page runs.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' 'nonce-{nonce}'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'self'; form-action 'none'"
)
_OUTWARD = re.compile(
    rb'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>|<link rel="manifest"[^>]*>'
    rb"|<script>(?:(?!</script>).)*?iframeResizer\.contentWindow.*?</script>",
    re.DOTALL,
)
"""What Gradio's page says to other web sites, and what it asks of them."""


_ICON = (
    b'<link rel="icon" href="data:image/svg+xml,'
    b"%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E"
    b"%3Crect width='8' height='8' rx='2' fill='%236246d6'/%3E"
    b"%3Ccircle cx='4' cy='4' r='2' fill='%23fff'/%3E%3C/svg%3E\">"
)


class PageFront:
    """An ASGI application around Gradio's."""

    def __init__(self, app: ASGIApp, language: Language) -> None:
        """`language` of the page, whatever the browser's is."""
        self._app, self._language = app, language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        if path.startswith(_HEARTBEAT):
            await Response(status_code=204)(scope, receive, send)
            return
        try:
            _check_route(scope["method"], path)
            if scope["method"] == "POST":
                receive = await _checked_body(receive)
        except Refusal as refusal:
            body = refusal.body_for_page(self._language)
            answer = JSONResponse(body, refusal.status, refusal.headers)
            await answer(scope, receive, send)
            return
        if path == "/":
            send = _Rewritten(send, self._language)
        elif path.startswith(_FOLDERS):
            send = _cached(send)
            if self._language == "zh" and path.endswith(".js") and scope["method"] == "GET":
                send, scope = Reworded(send), uncompressed(scope)
        await self._app(scope, receive, send)


def _check_route(method: str, path: str) -> None:
    """Raise Refusal 404 for what the page does not ask for."""
    is_known = path.startswith(_FOLDERS) or path in _GET
    if not (method in ("GET", "HEAD") and is_known or method == "POST" and path in _POST):
        raise Refusal(404, "there is nothing here", code="not_found")


async def _checked_body(receive: Receive) -> Receive:
    """Read a body, and give it again. Raises Refusal 400 for what is no JSON, or names a file.

    Gradio would look for a file of that name, or fetch it, if it is an address.
    """
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    try:
        named = _names_a_file(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise unreadable("the body is no JSON, or nested too deeply") from error
    if named:
        raise unreadable("pictures are sent as data; names and addresses of files are not followed")

    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _names_a_file(value: Any) -> bool:
    if isinstance(value, dict):
        return "path" in value or any(map(_names_a_file, value.values()))
    return isinstance(value, list) and any(map(_names_a_file, value))


def _cached(send: Send) -> Send:
    async def forward(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            MutableHeaders(scope=message)["Cache-Control"] = _CACHED
        await send(message)

    return forward


class _Rewritten:
    """Sends Gradio's page in our language, without what leads elsewhere, under a policy."""

    def __init__(self, send: Send, language: Language) -> None:
        self._send, self._language = send, language
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        nonce = secrets.token_urlsafe(16)
        body = self._rewritten(nonce.encode())
        headers = MutableHeaders(scope=self._start)
        headers["Content-Length"] = str(len(body))
        headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})

    def _rewritten(self, nonce: bytes) -> bytes:
        tag = _TAGS[self._language].encode()
        # Gradio takes its own words from what the browser says of itself.
        said = b"<script>Object.defineProperty(navigator,'language',{get:()=>'%s'});</script>" % tag
        body = _OUTWARD.sub(b"", self._body)
        body = body.replace(b'lang="en"', b'lang="%s"' % tag, 1)
        body = body.replace(b"<head>", b"<head>" + _ICON + said, 1)
        return body.replace(b"<script", b'<script nonce="%s"' % nonce)
