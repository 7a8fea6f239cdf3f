"""Every endpoint by OpenAI's own client, sync and async, streams included."""

import asyncio
import base64
import io
from typing import Any

import pytest
from openai import APIError, AsyncOpenAI, BadRequestError
from PIL import Image

from dall_e import DALL_E

pytestmark = [
    pytest.mark.filterwarnings("ignore::dall_e.errors.DallEWarning"),
    # OpenAI's client calls its own variations deprecated.
    pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning"),
]

PROMPT = "a white cat"
SEED = {"seed": 7}


def opened(text: str | None) -> Image.Image:
    assert text
    image = Image.open(io.BytesIO(base64.b64decode(text)))
    image.load()
    return image


@pytest.fixture(scope="module")
def png(tiny_model: DALL_E) -> bytes:
    buffer = io.BytesIO()
    tiny_model(PROMPT, seed=1, transparent=True).save(buffer, "PNG")
    return buffer.getvalue()


def test_generate_draws_what_the_library_draws(server: Any, tiny_model: DALL_E) -> None:
    """Also with every other field that OpenAI has."""
    answer = server.client.images.generate(
        prompt=PROMPT,
        background="opaque",
        model="gpt-image-1",
        moderation="low",
        n=2,
        output_format="png",
        quality="high",
        response_format="b64_json",
        size="48x48",
        style="vivid",
        user="somebody",
        extra_body={**SEED, "steps": 4, "guidance_scale": 3, "negative_prompt": "apples"},
    )
    keywords: Any = {"height": 48, "num_inference_steps": 4, "guidance_scale": 3}
    expected = tiny_model([PROMPT] * 2, seed=7, negative_prompt="apples", **keywords)
    assert [opened(each.b64_json).tobytes() for each in answer.data] == [
        image.tobytes() for image in expected
    ]
    assert opened(answer.data[1].b64_json).info["seed"] == "8" == str(answer.data[1].seed)
    assert answer.size == "48x48" and answer.background == "opaque"
    assert answer.usage.total_tokens == answer.usage.input_tokens + 2 * 64


def test_formats_and_transparency(server: Any) -> None:
    for kind, compression in (("webp", 100), ("webp", 50), ("jpeg", 80)):
        answer = server.client.images.generate(
            prompt=PROMPT, output_format=kind, output_compression=compression, extra_body=SEED
        )
        image = opened(answer.data[0].b64_json)
        assert image.format == kind.upper() and answer.output_format == kind
    clear = server.client.images.generate(prompt=PROMPT, background="transparent", extra_body=SEED)
    assert opened(clear.data[0].b64_json).mode == "RGBA" and clear.background == "transparent"
    with pytest.raises(BadRequestError, match="JPEG has no transparent"):
        server.client.images.generate(prompt=PROMPT, background="transparent", output_format="jpeg")


def test_sizes_that_are_not_square_go_on(server: Any) -> None:
    answer = server.client.images.generate(prompt=PROMPT, size="96x64", extra_body=SEED)
    assert opened(answer.data[0].b64_json).size == (96, 64)
    for size, why in (("96", "WIDTHxHEIGHT"), ("640x64", "3 times"), ("9000x9000", "1536")):
        with pytest.raises(BadRequestError, match=why):
            server.client.images.generate(prompt=PROMPT, size=size)


def test_links_lead_to_the_picture(server: Any) -> None:
    """And not to another one, if they are changed."""
    import urllib.error
    import urllib.request

    answer = server.client.images.generate(prompt=PROMPT, response_format="url", extra_body=SEED)
    url = answer.data[0].url
    assert url.startswith(f"{server.url}/v1/images/files/")
    with urllib.request.urlopen(url) as found:
        assert Image.open(io.BytesIO(found.read())).info["seed"] == "7"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(url[:-2])


def test_a_stream_has_previews_and_then_the_same_picture(server: Any, tiny_model: DALL_E) -> None:
    events = list(
        server.client.images.generate(prompt=PROMPT, stream=True, partial_images=3, extra_body=SEED)
    )
    *partial, last = events
    assert [event.type for event in partial] == ["image_generation.partial_image"] * 3
    assert [event.partial_image_index for event in partial] == [0, 1, 2]
    assert last.type == "image_generation.completed" and last.usage.output_tokens == 64
    expected = tiny_model(PROMPT, seed=7)
    assert opened(last.b64_json).tobytes() == expected.tobytes()
    previews = [opened(event.b64_json).tobytes() for event in partial]
    assert len({*previews, expected.tobytes()}) == 4


def test_an_error_in_a_stream_is_an_event(
    server: Any, tiny_model: DALL_E, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("nothing that this model knows")

    monkeypatch.setattr(tiny_model.engine, "finish", fail)
    stream = server.client.images.generate(prompt=PROMPT, stream=True)
    with pytest.raises(APIError, match="nothing that this model knows"):
        list(stream)


def test_edit_changes_what_is_transparent_in_the_mask(server: Any, png: bytes) -> None:
    """One file is sent as image, a list as image[]; both are read."""
    mask = Image.new("RGBA", (32, 32), "white")
    mask.paste((0, 0, 0, 0), (16, 16, 32, 32))
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    before = Image.open(io.BytesIO(png)).convert("RGBA")
    for image in (("cat.png", png), [("cat.png", png)]):
        answer = server.client.images.edit(
            image=image,
            prompt="a red apple",
            mask=("mask.png", buffer.getvalue()),
            input_fidelity="high",
            size="64x64",
            n=2,
            extra_body=SEED,
        )
        assert opened(answer.data[0].b64_json).size == (64, 64)
    answer = server.client.images.edit(
        image=("cat.png", png), prompt="a red apple", mask=("mask.png", buffer.getvalue())
    )
    after = opened(answer.data[0].b64_json).convert("RGBA")
    assert after.crop((0, 0, 12, 12)).tobytes() == before.crop((0, 0, 12, 12)).tobytes()
    assert after.tobytes() != before.tobytes()


def test_an_edit_can_be_streamed(server: Any, png: bytes) -> None:
    asked: Any = {"image": ("cat.png", png), "mask": ("mask.png", white_mask()), "stream": True}
    (event,) = server.client.images.edit(prompt="remove", **asked)
    assert event.type == "image_edit.completed" and opened(event.b64_json).size == (32, 32)
    *partial, last = server.client.images.edit(prompt="a red apple", partial_images=2, **asked)
    assert [each.type for each in partial] == ["image_edit.partial_image"] * 2
    before, after = opened(base64.b64encode(png).decode()), opened(last.b64_json)
    for each in partial:
        shown = opened(each.b64_json)
        assert shown.crop((0, 0, 2, 32)).tobytes() == before.crop((0, 0, 2, 32)).tobytes()
        assert shown.tobytes() != after.tobytes()


def white_mask() -> bytes:
    mask = Image.new("L", (32, 32), 0)
    mask.paste(255, (4, 4, 28, 28))
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    return buffer.getvalue()


def test_edit_says_what_it_cannot_do(server: Any, png: bytes) -> None:
    with pytest.raises(BadRequestError, match="one picture is changed at a time, got 2"):
        server.client.images.edit(image=[("a.png", png), ("b.png", png)], prompt="add a bird")
    with pytest.raises(BadRequestError, match="the mask has"):
        small = io.BytesIO()
        Image.new("L", (16, 16), 255).save(small, "PNG")
        server.client.images.edit(
            image=("a.png", png), prompt="a bird", mask=("m.png", small.getvalue())
        )


def test_variations_of_our_own_pictures_and_of_others(server: Any, png: bytes) -> None:
    answer = server.client.images.create_variation(
        image=("cat.png", png), n=2, size="256x256", response_format="b64_json"
    )
    assert [opened(each.b64_json).size for each in answer.data] == [(256, 256)] * 2
    other = io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(other, "PNG")
    with pytest.raises(BadRequestError, match="does not say what it shows"):
        server.client.images.create_variation(image=("red.png", other.getvalue()))
    told = server.client.images.create_variation(
        image=("red.png", other.getvalue()), extra_body={"prompt": "a red apple", **SEED}
    )
    assert told.data[0].seed == 7


def test_models_are_listed_and_other_names_mean_the_first(server: Any) -> None:
    assert [model.id for model in server.client.models.list()] == ["tiny"]
    assert server.client.models.retrieve("dall-e-3").id == "tiny"
    raw = server.client.images.with_raw_response.generate(prompt=PROMPT, model="dall-e-2")
    assert raw.headers["x-model"] == "tiny"


def test_the_same_by_the_asynchronous_client(server: Any, png: bytes) -> None:
    """Many at a time, each with the picture of its own seed."""

    async def ask() -> tuple[list[int], list[str]]:
        async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="k", max_retries=0) as client:
            answers = await asyncio.gather(
                *(
                    client.images.generate(prompt=PROMPT, extra_body={"seed": seed})
                    for seed in range(6)
                )
            )
            stream = await client.images.generate(prompt=PROMPT, stream=True, partial_images=1)
            kinds = [event.type async for event in stream]
            edited = await client.images.edit(
                image=("cat.png", png), prompt="remove", mask=("mask.png", white_mask())
            )
            varied = await client.images.create_variation(image=("cat.png", png))
            models = [model.id async for model in client.models.list()]
            assert models == ["tiny"] and edited.data and varied.data
            return [int(opened(each.data[0].b64_json).info["seed"]) for each in answers], kinds

    seeds, kinds = asyncio.run(ask())
    assert seeds == list(range(6))
    assert kinds == ["image_generation.partial_image", "image_generation.completed"]
