"""Errors in Chinese, for clients that prefer it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dall_e.serving import languages
from dall_e.serving.languages import SENTENCES_ZH, language_of
from dall_e.text.language import is_chinese

from .test_moderation import secretive  # noqa: F401

pytestmark = pytest.mark.filterwarnings("ignore::dall_e.errors.DallEWarning")

Ask = Callable[..., Any]
GENERATIONS = "/v1/images/generations"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("de, ZH-TW;q=0.5, en ; q=0.1", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=x, en;q=0.1", "en"),
        ("zh;quality", "en"),
        ("*", "en"),
        (";;,=,q=1", "en"),
    ],
)
def test_the_language_that_is_preferred(accepted: str, language: str) -> None:
    assert language_of(accepted) == language


def test_every_code_has_its_sentence() -> None:
    """Those of the sources, and none besides."""
    folder = Path(languages.__file__).parent
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    codes = set(re.findall(r'code="(\w+)"|_CODE = "(\w+)"|40[45]: "(\w+)"', text))
    assert {code for found in codes for code in found if code} == SENTENCES_ZH.keys()
    assert all(map(is_chinese, SENTENCES_ZH.values()))


def test_errors_are_told_in_chinese(server: Any, ask: Ask) -> None:
    """Of routes, of the framework, and of the guard; the rest of the shape is OpenAI's."""
    chinese = {"Accept_Language": "zh-CN,en;q=0.5"}
    for path, body, code in (
        (GENERATIONS, {"prompt": "a cat", "size": "9x9"}, "invalid_value"),
        (GENERATIONS, b"{", "invalid_value"),
        ("/v1/nothing", None, "not_found"),
        (GENERATIONS, b" " * 2**21, "request_too_large"),
    ):
        english = ask(server, path, body).json["error"]
        told = ask(server, path, body, **chinese).json["error"]
        assert told["code"] == english["code"] == code
        assert told["message"] == f"{SENTENCES_ZH[code]} {english['message']}"
        assert not is_chinese(english["message"])


def test_a_stream_tells_them_too(secretive: Any, ask: Ask) -> None:  # noqa: F811
    body = {"prompt": "a white cat", "seed": 1, "stream": True}
    answer = ask(secretive, GENERATIONS, body, Accept_Language="zh")
    error = json.loads(answer.body.decode().splitlines()[0].removeprefix("data: "))["error"]
    assert error["message"].startswith(SENTENCES_ZH["content_policy_violation"])
