"""Bodies in the shapes that other programs send, from their sources."""

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from dall_e import DALL_E

from .test_own_routes import form

pytestmark = pytest.mark.filterwarnings("ignore::dall_e.errors.DallEWarning")

Ask = Callable[..., Any]

LIBRECHAT = {
    "model": "gpt-image-1",
    "prompt": "a white cat",
    "n": 1,
    "background": "auto",
    "output_format": "png",
    "quality": "auto",
    "size": "auto",
}
"""`OpenAIImageTools.js`: without response_format, and reads data[0].b64_json."""
LIBRECHAT_DALLE3 = {
    "model": "dall-e-3",
    "quality": "standard",
    "style": "natural",
    "size": "48x48",
    "prompt": "a white cat",
    "n": 1,
}
OPEN_WEBUI = {
    "model": "dall-e-2",
    "prompt": "a white cat",
    "n": 1,
    "size": "48x48",
    "response_format": "b64_json",
}
INVOKE_AI = {
    "model": "gpt-image-1",
    "prompt": "a white cat",
    "n": 1,
    "size": "64x64",
    "output_format": "png",
    "quality": "high",
    "background": "opaque",
}
"""Each with or without /v1, as people set the address."""


@pytest.mark.parametrize("prefix", ["", "/v1"])
@pytest.mark.parametrize("body", [LIBRECHAT, LIBRECHAT_DALLE3, OPEN_WEBUI, INVOKE_AI])
def test_generations(server: Any, ask: Ask, prefix: str, body: dict[str, Any]) -> None:
    answer = ask(server, f"{prefix}/images/generations", body)
    assert answer.status == 200, answer.body
    image = Image.open(io.BytesIO(base64.b64decode(answer.json["data"][0]["b64_json"])))
    asked = body["size"]
    assert f"{image.width}x{image.height}" == (asked if asked != "auto" else "32x32")


@pytest.mark.parametrize("name", ["image", "image[]", "images", "images[]"])
def test_edits_in_forms(server: Any, ask: Ask, name: str, tiny_model: DALL_E) -> None:
    """LibreChat sends image[], Open WebUI either; without a mask, the words say where."""
    buffer = io.BytesIO()
    tiny_model("a white cat", seed=1).save(buffer, "PNG")
    fields = {"model": "gpt-image-1", "prompt": "make it blue", "quality": "auto", "size": "auto"}
    answer = ask(
        server,
        "/images/edits",
        form({**fields, "prompt": "add a red apple"}, buffer.getvalue(), name),
        Content_Type="multipart/form-data; boundary=cut",
    )
    assert answer.status == 200, answer.body
    assert answer.json["data"][0]["b64_json"]


def test_automatic1111_text_to_image(server: Any, ask: Ask, tiny_model: DALL_E) -> None:
    """As Open WebUI, SillyTavern and LibreChat's StableDiffusion.js send it."""
    options = ask(server, "/sdapi/v1/options").json
    assert options["sd_model_checkpoint"] == "tiny"
    assert ask(server, "/sdapi/v1/options", {"sd_model_checkpoint": "other"}).status == 200
    body = {
        "prompt": "a white cat",
        "negative_prompt": "apples",
        "batch_size": 2,
        "n_iter": 1,
        "width": 48,
        "height": 48,
        "steps": 4,
        "cfg_scale": 3,
        "seed": 9,
        "sampler_name": "Euler a",
    }
    answer = ask(server, "/sdapi/v1/txt2img", body).json
    images = [Image.open(io.BytesIO(base64.b64decode(text))) for text in answer["images"]]
    keywords: Any = {"height": 48, "num_inference_steps": 4, "guidance_scale": 3}
    expected = tiny_model(["a white cat"] * 2, seed=9, negative_prompt="apples", **keywords)
    assert [image.tobytes() for image in images] == [image.tobytes() for image in expected]
    assert json.loads(answer["info"])["all_seeds"] == [9, 10]
    assert answer["parameters"]["steps"] == 4
    assert ask(server, "/sdapi/v1/sd-models").json[0]["model_name"] == "tiny"
    assert ask(server, "/sdapi/v1/samplers").json and ask(server, "/sdapi/v1/progress").json


def test_automatic1111_image_to_image(server: Any, ask: Ask, tiny_model: DALL_E) -> None:
    """There white may change; inverted, black may."""
    buffer = io.BytesIO()
    picture = tiny_model("a white cat", seed=1)
    picture.save(buffer, "PNG")
    text = base64.b64encode(buffer.getvalue()).decode()
    mask = Image.new("L", (32, 32), 0)
    mask.paste(255, (16, 0, 32, 32))
    masked = io.BytesIO()
    mask.save(masked, "PNG")
    body = {
        "init_images": [f"data:image/png;base64,{text}"],
        "prompt": "a red apple",
        "mask": base64.b64encode(masked.getvalue()).decode(),
        "denoising_strength": 0.75,
        "seed": 2,
    }
    kept = {0: (0, 0, 13, 32), 1: (19, 0, 32, 32)}
    for inverted, box in kept.items():
        answer = ask(server, "/sdapi/v1/img2img", {**body, "inpainting_mask_invert": inverted})
        assert answer.status == 200, answer.body
        changed = Image.open(io.BytesIO(base64.b64decode(answer.json["images"][0])))
        assert changed.crop(box).tobytes() == picture.crop(box).tobytes()
    varied = {key: value for key, value in body.items() if key != "mask"}
    assert ask(server, "/sdapi/v1/img2img", varied).json["images"]
    outside = ask(server, "/sdapi/v1/img2img", {**body, "init_images": ["http://example.org/a"]})
    assert outside.status == 400 and "not followed" in outside.json["error"]["message"]
