"""Filters of prompts and images: what is refused, how it is said, and that nothing slips by."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from dall_e import DALL_E
from dall_e.config import ServingConfig
from dall_e.errors import UnusableFileError
from dall_e.serving.filters import WordFilter, filters_of
from dall_e.serving.metrics import Metrics
from dall_e.serving.moderation import Moderation, _texts_in

from .conftest import PROMPT, RunningServer, running
from .test_own_routes import form

pytestmark = pytest.mark.filterwarnings("ignore::dall_e.errors.DallEWarning")

Ask = Callable[..., Any]
FORM = {"Content_Type": "multipart/form-data; boundary=cut"}
GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"
VARIATIONS = "/v1/images/variations"


class NoImages:
    """Draws every prompt, and gives nothing away."""

    def refuse_prompt(self, prompt: str) -> str | None:
        return None

    def refuse_image(self, image: Image.Image) -> str | None:
        assert image.width > 1
        return "this picture is not given away"


class Broken:
    def refuse_prompt(self, prompt: str) -> str | None:
        raise ValueError("a secret of the filter")

    def refuse_image(self, image: Image.Image) -> str | None:
        raise ValueError("a secret of the filter")


@pytest.fixture
def words(tmp_path: Path) -> str:
    path = tmp_path / "words.txt"
    path.write_text("# ours\nboat\nred ball*  # of any kind\n炸弹\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def guarded(start: Callable[..., RunningServer], words: str) -> RunningServer:
    return start(refused_words=words, max_side=64)


def png(**texts: str) -> bytes:
    """A picture that says something of itself."""
    info, buffer = PngImagePlugin.PngInfo(), io.BytesIO()
    for name, text in texts.items():
        info.add_itxt(name, text)
    Image.effect_noise((32, 32), 60).convert("RGB").save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def check_refused(answer: Any, reason: str) -> None:
    """In OpenAI's shape, in words."""
    error = answer.json["error"]
    assert answer.status == 400 and error["type"] == "invalid_request_error", error
    assert error["code"] == "content_policy_violation" and reason in error["message"]


def refusals(server: RunningServer) -> dict[str, float]:
    refused = server.state.metrics.refused
    kinds = ("prompt_filter", "image_filter")
    return {kind: refused.labels(kind)._value.get() for kind in kinds}


# Words


@pytest.mark.parametrize(
    ("prompt", "word"),
    [
        ("a boat", "boat"),
        ("A BOAT!", "boat"),
        ("a ｂｏａｔ and a bóa\u200bt", "boat"),  # wide, accented, with an invisible sign
        ("two red  balloons", "red balloons"),
        ("画一个炸弹吧", "炸弹"),
    ],
)
def test_a_word_is_found_as_it_may_be_written(words: str, prompt: str, word: str) -> None:
    assert repr(word) in str(WordFilter.from_file(words).refuse_prompt(prompt))


@pytest.mark.parametrize("prompt", ["", "a boathouse", "a red apple and a ball", "ours", "炸鸡"])
def test_other_words_are_none_of_its_business(words: str, prompt: str) -> None:
    assert WordFilter.from_file(words).refuse_prompt(prompt) is None


def test_the_list_that_comes_along() -> None:
    default = WordFilter.from_file("default")
    for prompt in ("pornography", "a naked woman", "色情", "a beheaded man"):
        assert default.refuse_prompt(prompt)
    for prompt in ("a naked mole rat", "a cat in Essex", "a grape", "a skeleton", "rapeseed", "裸"):
        assert default.refuse_prompt(prompt) is None


def test_filters_that_cannot_be_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "odd_filter.py").write_text("class Odd:\n    refuse_prompt = str\n")
    (tmp_path / "empty.txt").write_text("# nothing\n*\n\n")
    with pytest.raises(UnusableFileError, match="holds no words"):
        WordFilter.from_file(str(tmp_path / "empty.txt"))
    with pytest.raises(OSError, match="no such|No such"):
        filters_of(ServingConfig(refused_words=str(tmp_path / "none.txt")))
    with pytest.raises(ValueError, match="there is no content_filter 'odd_filter:Even'"):
        filters_of(ServingConfig(content_filter="odd_filter:Even"))
    with pytest.raises(ValueError, match="which is no filter: it has no refuse_image"):
        filters_of(ServingConfig(content_filter="odd_filter:Odd"))
    with pytest.raises(ValueError, match="content_filter is like my_filters:MyFilter, got 'odd'"):
        ServingConfig(content_filter="odd")


# Requests


def test_without_filters_nothing_is_refused(server: RunningServer, ask: Ask) -> None:
    assert filters_of(ServingConfig()) == []
    assert ask(server, GENERATIONS, {"prompt": "nude gore", "seed": 1}).status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (GENERATIONS, {"prompt": "a boat"}),
        (GENERATIONS, {"prompt": "a boat", "stream": True}),
        (GENERATIONS, {"prompt": "a cat", "negative_prompt": "a boat", "guidance_scale": 0}),
        (GENERATIONS, {"plan": {"prompt": "a cat", "things": [{"prompt": "a boat"}]}}),
        ("/v1/plans", {"prompt": "a boat"}),
        ("/v1/explanations", {"prompt": "a boat"}),
        ("/sdapi/v1/txt2img", {"prompt": "a boat"}),
    ],
)
def test_prompts_are_refused_in_words(
    guarded: RunningServer, ask: Ask, path: str, body: Any
) -> None:
    check_refused(ask(guarded, path, body), "this server draws nothing with 'boat' in it")
    assert refusals(guarded) == {"prompt_filter": 1, "image_filter": 0}
    assert guarded.state.batcher.num_waiting == 0


def test_what_is_allowed_is_drawn_as_without_filters(
    guarded: RunningServer, server: RunningServer, ask: Ask
) -> None:
    """What is to be steered away from may be named."""
    body = {"prompt": PROMPT, "seed": 3, "size": "32x32", "negative_prompt": "a boat"}
    drawn, same = (ask(each, GENERATIONS, body).json["data"] for each in (guarded, server))
    assert drawn[0]["b64_json"] == same[0]["b64_json"]
    assert refusals(guarded) == {"prompt_filter": 0, "image_filter": 0}


@pytest.mark.parametrize("path", [EDITS, VARIATIONS])
def test_what_changes_a_picture_is_refused_too(guarded: RunningServer, ask: Ask, path: str) -> None:
    """By its words, and by what the picture says of itself, however that is written."""
    check_refused(ask(guarded, path, form({"prompt": "a boat"}, png()), **FORM), "'boat'")
    for texts in ({"prompt": "a boat"}, {"plan_json": json.dumps({"prompt": "炸弹"})}):
        check_refused(ask(guarded, path, form({"prompt": "a cat"}, png(**texts)), **FORM), "with")
    assert refusals(guarded) == {"prompt_filter": 3, "image_filter": 0}


@pytest.fixture
def secretive(tiny_model: DALL_E) -> Any:
    with running(tiny_model, ServingConfig(), filters=[NoImages()]) as server:
        yield server


def test_images_are_refused_in_words(secretive: RunningServer, ask: Ask) -> None:
    """There is no black picture in the answer, nor any other."""
    answer = ask(secretive, GENERATIONS, {"prompt": PROMPT, "seed": 1, "svg": True})
    check_refused(answer, "this picture is not given away")
    assert answer.json.keys() == {"error"} and answer.json["error"]["param"] is None
    for path in (EDITS, VARIATIONS):
        answer = ask(secretive, path, form({"prompt": "a cat"}, png()), **FORM)
        check_refused(answer, "not given away")
    answer = ask(secretive, "/v1/explanations", {"prompt": PROMPT, "seed": 1})
    check_refused(answer, "not given away")
    sent = {"prompt": PROMPT, "init_images": [base64.b64encode(png()).decode()]}
    check_refused(ask(secretive, "/sdapi/v1/img2img", sent), "not given away")
    assert refusals(secretive) == {"prompt_filter": 0, "image_filter": 5}
    assert b'dalle_refused_total{reason="image_filter"} 5.0' in ask(secretive, "/metrics").body


def test_plans_are_read_however_deep_they_are_nested(secretive: RunningServer, ask: Ask) -> None:
    """What is said deep inside is looked at, and what cannot be read is the client's mistake."""
    deep = b'{"plan": ' + b'{"a": ' * 900 + b'"a cat"' + b"}" * 901
    assert ask(secretive, GENERATIONS, deep).status == 400
    nested: Any = "deep"
    for _ in range(5000):
        nested = {"a": [nested]}
    assert list(_texts_in(nested)) == ["deep"]


def test_a_stream_shows_nothing_of_an_image_that_is_refused(
    secretive: RunningServer, ask: Ask
) -> None:
    body = {"prompt": PROMPT, "seed": 1, "stream": True, "partial_images": 3}
    answer = ask(secretive, GENERATIONS, body)
    lines = [line for line in answer.body.decode().splitlines() if line]
    assert answer.status == 200 and len(lines) == 2 and lines[1] == "data: [DONE]"
    error = json.loads(lines[0].removeprefix("data: "))["error"]
    assert error["code"] == "content_policy_violation" and "not given away" in error["message"]


def test_a_filter_that_fails_lets_nothing_pass(tiny_model: DALL_E, ask: Ask) -> None:
    """And tells nobody of what is inside."""
    with running(tiny_model, ServingConfig(), filters=[Broken()]) as server:
        answer = ask(server, GENERATIONS, {"prompt": PROMPT})
    assert answer.status == 500 and "secret" not in answer.body.decode()
    assert not Moderation([Broken()], Metrics()).allows_image(Image.new("RGB", (8, 8)))
