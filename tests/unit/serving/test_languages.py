"""Errors in Chinese, for clients that prefer it."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dall_e.serving import languages
from dall_e.serving.languages import SENTENCES_ZH, in_chinese, language_of, told_to_people
from dall_e.text.language import is_chinese
from dall_e.text.tables import read_table

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
        general = SENTENCES_ZH[code]
        chinese_message = in_chinese(english["message"]) or general
        assert told["message"] == f"{chinese_message} {english['message']}"
        assert is_chinese(told["message"]) and not is_chinese(english["message"])


def test_a_stream_tells_them_too(secretive: Any, ask: Ask) -> None:  # noqa: F811
    body = {"prompt": "a white cat", "seed": 1, "stream": True}
    answer = ask(secretive, GENERATIONS, body, Accept_Language="zh")
    error = json.loads(answer.body.decode().splitlines()[0].removeprefix("data: "))["error"]
    assert error["message"].startswith(SENTENCES_ZH["content_policy_violation"])


# Messages

SOURCES = Path(languages.__file__).parents[1]
_OF_LIBRARY = (
    "editing/inpainting.py",
    "editing/locating.py",
    "editing/variations.py",
    "explain/reading.py",
    "images/opening.py",
    "inference/recognition.py",
    "planning/placed_plan.py",
    "planning/plan_words.py",
)
"""What of the library speaks to people on the page, beside what speaks to programmers."""
_TO_PROGRAMMERS = ("a picture is a PIL image or a file",)
_OF_OTHERS = ("String should", "Input should", "Field required", "Not Found", "Method Not Allowed")
"""How messages of pydantic and Starlette begin."""
_VALUES = ("7", "", "of all", "of one owner", ", which has 7", "nothing but a place", " (it 7)")


def parts_of(node: ast.expr | None) -> list[str] | None:
    """The literal parts of a text with values; None for what is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if not isinstance(node, ast.JoinedStr):
        return None
    parts = [""]
    for piece in node.values:
        if isinstance(piece, ast.Constant):
            parts[-1] += str(piece.value)
        else:
            parts.append("")
    return parts


def examples_of(parts: list[str]) -> Iterator[str]:
    """Messages with values in them."""
    for place in range(max(1, len(parts) - 1)):
        for value in _VALUES:
            values = ["7"] * (len(parts) - 1)
            values[place : place + 1] = [value] if values else []
            yield "".join(a + b for a, b in zip(parts, [*values, ""], strict=True))


def messages_of(path: Path, *calls: str) -> Iterator[tuple[str, list[str]]]:
    """Where a message is given to one of some calls, and its parts."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in calls:
            place = 1 if node.func.id == "Refusal" else 0
            if parts := parts_of(node.args[place]):
                yield f"{path.name}:{node.lineno}", without_field(parts)


def without_field(parts: list[str]) -> list[str]:
    """A message that begins with the name of a field, without that."""
    if len(parts) > 1 and not parts[0] and parts[1].startswith(": "):
        return [parts[1][2:], *parts[2:]]
    return parts


def all_messages() -> list[tuple[str, list[str]]]:
    own = [*(SOURCES / "serving").glob("*.py"), *(SOURCES / "page").glob("*.py")]
    found = [each for path in own for each in messages_of(path, "Refusal", "unreadable")]
    for name in _OF_LIBRARY:
        found += messages_of(SOURCES / name, "ValueError")
    return [each for each in found if not each[1][0].startswith(_TO_PROGRAMMERS)]


def test_every_message_is_said_in_chinese() -> None:
    """A message that is changed in the sources has to be changed in the table, too."""
    # A message that another one is put into has Chinese of its own.
    missing = [
        (where, "{}".join(parts))
        for where, parts in all_messages()
        if any(parts) and not any(map(in_chinese, examples_of(parts)))
    ]
    assert missing == []


def test_no_message_of_the_table_is_gone_from_the_sources() -> None:
    folders = ("editing", "explain", "images", "inference", "page", "planning", "serving")
    said = {
        example
        for folder in folders
        for path in (SOURCES / folder).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.expr) and (parts := parts_of(node))
        for example in examples_of(without_field(parts))
    }
    for english, chinese in read_table("serving/messages_zh.txt"):
        example = re.sub(r"\{\d(?::things)?\}", "7", english)
        assert example in said or english.startswith(_OF_OTHERS), english
        assert is_chinese(in_chinese(example)), english
        values = re.findall(r"\{(\d)(?::things)?\}", english)
        assert set(re.findall(r"\{(\d)\}", chinese)) <= set(values), english


@pytest.mark.parametrize(
    ("message", "chinese"),
    [
        ("image: it has 9 x 8 pixels, pictures of at most 7 are read", "图片：图片有 9 × 8 像素"),
        ("the plan has no 'dragon'; it has cat, ball", "图里没有“<dragon>”；有的是：<cat, ball>。"),
        ("'a'b' is not found in the picture: say with a mask or a box where it is", "“a'b”"),
        ("n: Input should be greater than or equal to 1", "张数：最小是 1。"),
        ("something new", ""),
        ("x" * 5000, ""),
        (": " * 900, ""),
    ],
)
def test_messages_with_values(message: str, chinese: str) -> None:
    found = in_chinese(message, lambda names: f"<{names}>")
    assert chinese in found and bool(found) == bool(chinese)


def test_people_read_one_language() -> None:
    message = "there is nothing here"
    assert told_to_people(message, "not_found", "en") == message
    assert told_to_people(message, "not_found", "zh") == "这里什么也没有。"
    unknown = told_to_people("a surprise", "invalid_value", "zh")
    assert unknown == f"{SENTENCES_ZH['invalid_value']}（a surprise）"
    assert told_to_people("a surprise", None, "zh") == "a surprise"
