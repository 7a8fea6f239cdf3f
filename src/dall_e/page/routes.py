"""The page's own routes beside Gradio's: the way to a language, the key, explanations."""

from __future__ import annotations

import secrets
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader

from dall_e.page.words import WORDS, Words, preferred
from dall_e.serving.failures import Refusal
from dall_e.serving.guard import EXPLANATION_PATH, SIGN_IN
from dall_e.serving.sessions import COOKIE, SECONDS
from dall_e.serving.state import state_of
from dall_e.serving.uploads import read_form, texts_of_form
from dall_e.text.language import Language

router = APIRouter(include_in_schema=False)
_TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
HTML = "text/html; charset=utf-8"

# The page of an explanation has a script and styles of its own. In a sandbox it is nobody's, and
# can reach nothing of the server.
_OF_EXPLANATIONS = (
    "sandbox allow-scripts allow-popups; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'"
)


@router.get("/")
async def find_language(request: Request) -> Response:
    """Lead to the page in the language of the browser."""
    return RedirectResponse(f"/{_language(request)}/", 307)


@router.get(SIGN_IN)
async def ask_for_key(request: Request) -> Response:
    """Ask for a key, where the server needs one."""
    if state_of(request).keys is None:
        return RedirectResponse("/", 303)
    return _form(request, is_wrong=False)


@router.post(SIGN_IN)
async def sign_in(request: Request) -> Response:
    """Give somebody with a key a cookie."""
    state = state_of(request)
    form = await read_form(request)
    key = texts_of_form(form).get("key", "").strip()
    if state.keys is None or state.keys.owner_of(key) is None:
        return _form(request, is_wrong=True)
    answer = RedirectResponse(f"/{_language(request)}/", 303)
    answer.set_cookie(
        COOKIE,
        state.sessions.cookie_of(key),
        max_age=SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


@router.get(f"{EXPLANATION_PATH}{{name}}")
async def show_explanation(name: str, request: Request) -> Response:
    """Give the page that explains a picture, until its link runs out."""
    page = state_of(request).links.find(name)
    if page.media_type != HTML:
        raise Refusal(404, "there is no such explanation", code="not_found")
    headers = {"Content-Security-Policy": _OF_EXPLANATIONS, "X-Frame-Options": "SAMEORIGIN"}
    return Response(page.content, media_type=HTML, headers=headers)


def _form(request: Request, *, is_wrong: bool) -> Response:
    nonce = secrets.token_urlsafe(16)
    words: Words = WORDS[_language(request)]
    content = _TEMPLATES.get_template("sign_in.html").render(
        words=words, nonce=nonce, is_wrong=is_wrong
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    status = 401 if is_wrong else 200
    # Without a referrer, browsers do not say of which site a form is, and the guard lets none in.
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
    return HTMLResponse(content, status, headers)


def _language(request: Request) -> Language:
    """That of the page that somebody comes from, else that of the browser."""
    asked = request.query_params.get("language", "")
    found: Language | None = next((each for each in WORDS if each == asked), None)
    return found or preferred(request.headers.get("accept-language", ""))
