"""Plans, explanations, captions, SVG, and what programs ask that watch a server."""

import base64
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from dall_e import DALL_E
from dall_e.inference.captioning import Caption, CaptionSettings

pytestmark = pytest.mark.filterwarnings("ignore::dall_e.errors.DallEWarning")

Ask = Callable[..., Any]


def test_a_plan_is_drawn_as_its_prompt_is(server: Any, ask: Ask, tiny_model: DALL_E) -> None:
    """With boxes or without."""
    prompt = "two cats and a red ball"
    expected = tiny_model(prompt, seed=5, finish="crisp", compose=True).tobytes()
    for boxes in (True, False):
        plan = ask(server, "/v1/plans", {"prompt": prompt, "seed": 5, "boxes": boxes}).json
        assert plan["format"] == "dall-e plan" and plan["seed"] == 5
        body = {"plan": plan, "svg": True}
        answer = ask(server, "/v1/images/generations", body).json["data"][0]
        drawn = Image.open(io.BytesIO(base64.b64decode(answer["b64_json"])))
        assert drawn.tobytes() == expected
        assert answer["svg"].startswith("<svg") and answer["seed"] == 5
    wrong = ask(server, "/v1/images/generations", {"plan": {"format": "dall-e plan"}})
    assert wrong.status == 400 and "version" in wrong.json["error"]["message"]


def test_what_was_not_understood_is_said(server: Any, ask: Ask) -> None:
    body = {"prompt": "a white cat and a flurbel", "seed": 1}
    data = ask(server, "/v1/images/generations", body).json["data"]
    assert "flurbel" in data[0]["unread"]


def test_an_explanation_is_a_page(server: Any, ask: Ask) -> None:
    answer = ask(server, "/v1/explanations", {"prompt": "a white cat", "seed": 3, "steps": 2})
    assert answer.status == 200, answer.body
    assert answer.json["html"].lower().startswith("<!doctype html>") and answer.json["seed"] == 3


def test_captions_of_a_model_that_has_them(
    server: Any, ask: Ask, tiny_model: DALL_E, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = io.BytesIO()
    Image.effect_mandelbrot((32, 32), (-2, -1, 1, 1), 9).save(image, "PNG")
    header = {"Content_Type": "multipart/form-data; boundary=cut"}
    body = form({"language": "zh", "n": "2", "seed": "5"}, image.getvalue())
    answer = ask(server, "/v1/captions", body, **header)
    assert answer.status == 400 and "no captioner" in answer.json["error"]["message"]

    def captions_of(images: list[Image.Image], settings: CaptionSettings) -> list[list[Caption]]:
        assert images[0].size == (32, 32)
        assert (settings.language, settings.method, settings.seed) == ("zh", "sampled", 5)
        return [[Caption("一只猫", -1.5)] * settings.num]

    monkeypatch.setattr(tiny_model, "captions_of", captions_of)
    answer = ask(server, "/v1/captions", body, **header)
    assert answer.json["captions"] == [{"text": "一只猫", "log_probability": -1.5}] * 2


def form(fields: dict[str, str], image: bytes, name: str = "image") -> bytes:
    """A form as browsers send it."""
    parts = [
        f'--cut\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields.items()
    ]
    head = f'--cut\r\nContent-Disposition: form-data; name="{name}"; filename="a.png"\r\n'
    parts.append(head.encode() + b"Content-Type: image/png\r\n\r\n" + image + b"\r\n--cut--\r\n")
    return b"".join(parts)


def test_health_readiness_and_counters(server: Any, ask: Ask) -> None:
    assert ask(server, "/healthz").body == b"ok"
    assert ask(server, "/readyz").body == b"ready"
    before = ask(server, "/metrics").body.decode()
    ask(server, "/v1/images/generations", {"prompt": "a cat", "seed": 1})
    after = ask(server, "/metrics").body.decode()
    drawn = [
        float(line.split()[1])
        for text in (before, after)
        for line in text.splitlines()
        if line.startswith("dalle_images_total")
    ]
    assert drawn[1] == drawn[0] + 1
    assert "dalle_waiting 0.0" in after and "cat" not in after


def test_the_api_is_described(server: Any, ask: Ask) -> None:
    """For programs, and for people without a network: the page loads nothing from elsewhere."""
    paths = ask(server, "/openapi.json").json["paths"]
    assert {"/v1/images/generations", "/v1/images/edits", "/sdapi/v1/txt2img"} <= paths.keys()
    form_of_edit = paths["/v1/images/edits"]["post"]["requestBody"]["content"]
    fields = form_of_edit["multipart/form-data"]["schema"]["properties"]
    assert {"image", "mask", "prompt", "partial_images"} <= fields.keys()
    page = ask(server, "/docs")
    assert page.status == 200 and b"//cdn" not in page.body
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())
    assert len(parts) >= 2
    for part in parts:
        assert part.startswith(f"{server.url}/docs/"), "what the guard lets in without a key"
        assert ask(server, part.removeprefix(server.url)).status == 200
