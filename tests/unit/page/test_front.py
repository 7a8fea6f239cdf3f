"""What of Gradio can be reached, under which policy, and by whom."""

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from dall_e import DALL_E
from dall_e.config import ServingConfig
from dall_e.images.places import TIMES, WEATHERS
from dall_e.images.textures import MATERIALS, PATTERNS
from dall_e.page import views
from dall_e.page.mounting import mount_page
from dall_e.page.rewording import REWORDED
from dall_e.page.routes import HTML
from dall_e.page.words import EN, LOOKS_ZH, WORDS, ZH, preferred
from dall_e.planning.places import place_words
from dall_e.scenes.graph import BACKGROUNDS, COLOURS, SHAPES, SIZES
from dall_e.serving.keys import KeyFile
from dall_e.serving.links import StoredImage
from dall_e.text.language import is_chinese

from ..serving.conftest import RunningServer, running

JOIN = "/en/gradio_api/queue/join"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Answer(NamedTuple):
    """What came back, without following where it leads."""

    status: int
    headers: http.client.HTTPMessage
    text: str


def ask(server: RunningServer, path: str, body: str | None = None, **headers: str) -> Answer:
    host = server.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET" if body is None else "POST", path, body, named)
    found = connection.getresponse()
    answer = Answer(found.status, found.headers, found.read().decode("utf-8", "replace"))
    connection.close()
    return answer


@pytest.mark.parametrize(
    ("accepted", "path"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "/zh/"), ("en-GB", "/en/"), ("fr", "/en/"), ("en;q=x,zh", "/zh/")],
)
def test_the_browser_says_the_language(site: RunningServer, accepted: str, path: str) -> None:
    answer = ask(site, "/", Accept_Language=accepted)
    assert (answer.status, answer.headers["Location"]) == (307, path)
    assert f"/{preferred(accepted)}/" == path


@pytest.mark.parametrize(("language", "tag"), [("en", "en-GB"), ("zh", "zh-CN")])
def test_the_page_asks_nobody_else(site: RunningServer, language: str, tag: str) -> None:
    answer = ask(site, f"/{language}/")
    assert answer.status == 200 and f'lang="{tag}"' in answer.text
    policy = answer.headers["Content-Security-Policy"]
    found = re.search(r"'nonce-([\w-]+)'", policy)
    assert found and "http:" not in policy and "https:" not in policy and "*" not in policy
    assert "'unsafe-inline'" not in policy.split("style-src")[0]

    # Every script is one that the server has put there, and none is loaded from elsewhere.
    scripts = re.findall(r"<script[^>]*>", answer.text)
    assert scripts and all(f'nonce="{found[1]}"' in script for script in scripts)
    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"([^\"]*)\"", answer.text)
    assert loaded and not [url for url in loaded if url.startswith(("http:", "https:", "//"))]
    assert "raw.githubusercontent.com" not in answer.text
    words = WORDS[language]  # type: ignore[index]
    assert json.dumps(words.prompt, ensure_ascii=False)[1:-1] in answer.text

    # Once more: the policy is of this answer alone.
    again = ask(site, f"/{language}/").headers["Content-Security-Policy"]
    assert again != policy


def test_scripts_and_styles_come_from_here_and_are_kept(site: RunningServer) -> None:
    page = ask(site, "/en/").text
    (script,) = re.findall(r'src="\./(assets/index-[^"]+\.js)"', page)
    answer = ask(site, f"/en/{script}")
    assert answer.status == 200 and "immutable" in answer.headers["Cache-Control"]
    assert ask(site, "/en/theme.css").headers["Cache-Control"] != answer.headers["Cache-Control"]
    assert "fonts.googleapis.com" not in ask(site, "/en/theme.css").text


def test_gradio_s_own_words_are_chinese_on_the_chinese_page(site: RunningServer) -> None:
    """Each of the words that are replaced is still in a script of this version of Gradio."""
    import gradio

    folder = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
    left = set(REWORDED)
    for path in folder.glob("*.js"):
        content = path.read_bytes()
        found = [english for english in REWORDED if english in content]
        if not found or left.isdisjoint(found):
            continue
        left -= set(found)
        for language in WORDS:
            # As browsers ask, which take compressed answers.
            encodings = "gzip, deflate, br" if language == "zh" else "identity"
            answer = ask(site, f"/{language}/assets/{path.name}", Accept_Encoding=encodings)
            for english in found:
                assert (english.decode() in answer.text) == (language == "en")
                assert (REWORDED[english].decode() in answer.text) == (language == "zh")
            length = len(answer.text.encode())
            assert answer.status == 200 and int(answer.headers["Content-Length"]) == length
    assert not left


@pytest.mark.parametrize(
    "path",
    [
        "file=/etc/passwd",
        "file/etc/passwd",
        "proxy=https://example.org/",
        "info",
        "openapi.json",
        "app_id",
        "runs",
        "stream/x/1/2/playlist.m3u8",
    ],
)
def test_what_the_page_does_not_need_is_not_there(site: RunningServer, path: str) -> None:
    assert ask(site, f"/en/gradio_api/{path}").status == 404


@pytest.mark.parametrize("path", ["upload", "run/predict", "call/draw", "component_server"])
def test_nothing_else_is_done_for_a_request(site: RunningServer, path: str) -> None:
    answer = ask(site, f"/en/gradio_api/{path}", "{}")
    assert (answer.status, json.loads(answer.text)["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        '{"data": [{"path": "https://example.org/x.png", "meta": {"_type": "gradio.FileData"}}]}',
        '{"data": [{"p\\u0061th": "/etc/passwd", "meta": {}}]}',
        '{"event_data": {"a": [[{"path": "x"}]]}}',
        "[" * 100_000,
        "no json",
    ],
)
def test_information_by_files_that_are_named(site: RunningServer, body: str) -> None:
    assert ask(site, JOIN, body, Content_Type="application/json").status == 400


def test_a_page_of_another_site_can_do_nothing(site: RunningServer) -> None:
    assert ask(site, JOIN, "{}", Origin="https://example.org").status == 403
    answer = ask(site, "/en/")
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_an_explanation_is_nobody_s(site: RunningServer) -> None:
    """It has scripts, and so it is in a sandbox."""
    name = site.state.links.add(StoredImage(b"<p>why</p>", HTML))
    answer = ask(site, f"/explanations/{name}")
    assert answer.status == 200 and answer.text == "<p>why</p>"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts") and "allow-same-origin" not in policy
    other = site.state.links.add(StoredImage(b"PNG", "image/png"))
    assert ask(site, f"/explanations/{other}").status == 404
    assert ask(site, f"/explanations/{name}x").status == 404
    # As a picture it is shown without its scripts.
    found = ask(site, f"/v1/images/files/{name}").headers["Content-Security-Policy"]
    assert found.startswith("default-src 'none'")


# With keys


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyFile:
    return KeyFile(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture(scope="module")
def guarded(planning_model: DALL_E, keys: KeyFile) -> Iterator[RunningServer]:
    keys.add("somebody")
    settings = ServingConfig(requests_per_minute=6)
    with running(planning_model, settings, keys, mount_page) as started:
        yield started


def test_whoever_has_no_key_is_asked_for_one(guarded: RunningServer) -> None:
    answer = ask(guarded, "/en/")
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in?language=en")
    for path in ("/zh/", "/zh"):
        answer = ask(guarded, path, Accept_Language="en")
        assert (answer.status, answer.headers["Location"]) == (303, "/sign-in?language=zh")
    assert ask(guarded, "/en/config").status == 401
    assert ask(guarded, JOIN, "{}").status == 401
    form = ask(guarded, "/sign-in", Accept_Language="zh")
    assert form.status == 200 and ZH.key_hint in form.text and EN.key_hint not in form.text


def test_elevation_by_a_cookie(guarded: RunningServer, keys: KeyFile) -> None:
    key = keys.add("alice")
    wrong = ask(guarded, "/sign-in", urlencode({"key": f"{key}x"}), **FORM)
    assert wrong.status == 401 and EN.wrong_key in wrong.text
    assert "Set-Cookie" not in wrong.headers
    right = ask(guarded, "/sign-in", urlencode({"key": key}), **FORM)
    assert (right.status, right.headers["Location"]) == (303, "/en/")
    cookie, *flags = right.headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=lax"} <= set(flags) and key not in cookie

    assert ask(guarded, "/en/", Cookie=cookie).status == 200
    # A browser sends it along unasked: it opens the page, and not the API.
    assert ask(guarded, "/v1/models", Cookie=cookie).status == 401
    assert ask(guarded, "/en/", Cookie=f"{cookie}x").status == 303
    keys.revoke("alice")
    assert ask(guarded, "/en/", Cookie=cookie).status == 303


def test_a_chinese_page_is_chinese_in_any_browser(guarded: RunningServer, keys: KeyFile) -> None:
    """From the form for the key to what is refused; `detail` is what Gradio shows."""
    form = ask(guarded, "/sign-in?language=zh", Accept_Language="en")
    assert ZH.key_hint in form.text and EN.key_hint not in form.text
    wrong = ask(guarded, "/sign-in?language=zh", urlencode({"key": "x"}), **FORM)
    assert wrong.status == 401 and ZH.wrong_key in wrong.text
    key = urlencode({"key": keys.add("bao")})
    right = ask(guarded, "/sign-in?language=zh", key, **FORM)
    assert right.headers["Location"] == "/zh/"
    other = ask(guarded, "/sign-in?language=https://example.org", key, **FORM)
    assert other.headers["Location"] == "/en/"

    join = JOIN.replace("/en/", "/zh/")
    gone = json.loads(ask(guarded, join, "{}", Accept_Language="en").text)
    assert gone["detail"] == "登录已过期，请重新打开这个页面。"
    assert gone["error"]["code"] == "invalid_api_key"
    cookie = right.headers["Set-Cookie"].partition(";")[0]
    answer = ask(guarded, join, '{"path": "x"}', Cookie=cookie, Accept_Language="en")
    assert json.loads(answer.text)["detail"] == "图片请直接发送，服务器不打开文件名和地址。"
    keys.revoke("bao")


def test_keys_are_not_guessed_for_long(guarded: RunningServer) -> None:
    statuses = [ask(guarded, "/sign-in", urlencode({"key": "x"}), **FORM).status for _ in range(8)]
    assert 429 in statuses


def test_without_keys_nobody_is_asked(site: RunningServer) -> None:
    assert ask(site, "/sign-in").headers["Location"] == "/"


# Words


def test_both_languages_say_everything() -> None:
    for name, text in vars(EN).items():
        other: Any = getattr(ZH, name)
        assert text and other and type(text) is type(other)
        if name not in ("language", "save_png"):
            assert text != other, name


def test_looks_and_places_have_chinese_words() -> None:
    looks = {*COLOURS, *SIZES, *SHAPES, *MATERIALS, *PATTERNS}
    assert looks == LOOKS_ZH.keys() and all(map(is_chinese, LOOKS_ZH.values()))
    for place in (*place_words(), *BACKGROUNDS, *(f"beach+{each}" for each in (*TIMES, *WEATHERS))):
        shown = views._place(place, ZH)
        assert is_chinese(shown) and not re.search("[a-z]", shown), place


def test_the_files_of_the_page_are_in_the_package() -> None:
    project = (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    kinds = {path.suffix for path in Path(preferred.__code__.co_filename).parent.iterdir()}
    for kind in kinds - {".py", ""}:
        assert f'"page/*{kind}"' in project
