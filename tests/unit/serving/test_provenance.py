"""Answers with Content Credentials: of drawings, edits, variations and streams."""

import base64
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from dall_e import DALL_E
from dall_e.config import ServingConfig

from ..images.test_credentials import SOURCE, read
from .conftest import PROMPT, RunningServer, running
from .test_moderation import EDITS, FORM, GENERATIONS, VARIATIONS, png
from .test_own_routes import form

pytestmark = pytest.mark.filterwarnings("ignore::dall_e.errors.DallEWarning")

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def signing(tiny_model: DALL_E, signing_files: Any) -> Iterator[RunningServer]:
    settings = ServingConfig(
        c2pa_certificates=str(signing_files.certificates), c2pa_key=str(signing_files.key)
    )
    with running(tiny_model, settings) as server:
        yield server


@pytest.fixture
def source_of(signing_files: Any) -> Callable[[str, str], str]:
    """What a signed answer says that it is."""

    def look(text: str, media_type: str) -> str:
        state, told = read(base64.b64decode(text), media_type, signing_files.root)
        assert state == "Trusted" and told.keys() == {"c2pa.actions.v2"}
        return str(told["c2pa.actions.v2"]["actions"][0]["digitalSourceType"]).removeprefix(SOURCE)

    return look


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_each_kind_of_file_is_signed(
    signing: RunningServer, ask: Ask, source_of: Any, kind: str
) -> None:
    """The texts and the picture are those of the library."""
    body = {"prompt": PROMPT, "seed": 3, "output_format": kind}
    (drawn,) = ask(signing, GENERATIONS, body).json["data"]
    assert source_of(drawn["b64_json"], f"image/{kind}") == "trainedAlgorithmicMedia"
    image = Image.open(io.BytesIO(base64.b64decode(drawn["b64_json"])))
    if kind == "png":
        assert image.info["prompt"] == PROMPT and image.info["seed"] == "3"
        model = next(iter(signing.state.models.values()))
        assert image.tobytes() == model(PROMPT, seed=3).tobytes()


@pytest.mark.parametrize("path", [EDITS, VARIATIONS])
def test_changes_say_that_they_are_some(
    signing: RunningServer, ask: Ask, source_of: Any, path: str
) -> None:
    answer = ask(signing, path, form({"prompt": "a cat"}, png()), **FORM)
    (drawn,) = answer.json["data"]
    assert source_of(drawn["b64_json"], "image/png") == "compositeWithTrainedAlgorithmicMedia"


def test_streams_and_explanations_are_signed(
    signing: RunningServer, ask: Ask, source_of: Any
) -> None:
    body = {"prompt": PROMPT, "seed": 3, "stream": True, "partial_images": 1}
    lines = ask(signing, GENERATIONS, body).body.decode().splitlines()
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert [event["type"].partition(".")[2] for event in events] == ["partial_image", "completed"]
    explained = ask(signing, "/v1/explanations", {"prompt": PROMPT, "seed": 3}).json
    for each in (*events, explained):
        assert source_of(each["b64_json"], "image/png") == "trainedAlgorithmicMedia"


def test_settings_that_cannot_sign() -> None:
    with pytest.raises(ValueError, match="c2pa_certificates and c2pa_key sign together"):
        ServingConfig(c2pa_key="key.pem")
    with pytest.raises(ValueError, match="c2pa_prompt says what is signed"):
        ServingConfig(c2pa_prompt=True)
