"""Damaged picture files: each is a picture, or a refusal that says what is wrong."""

import io
import random

import pytest
from PIL import Image

from dall_e.serving.failures import Refusal
from dall_e.serving.uploads import decoded, from_base64

MOST_PIXELS = 100_000


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_damaged_files_crash_nothing(kind: str) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((48, 32), 60).convert("RGB").save(buffer, kind)
    rng = random.Random(0)
    outcomes = set()
    for _ in range(150):
        content = bytearray(buffer.getvalue())
        for _ in range(rng.randint(1, 8)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        if rng.random() < 0.3:
            del content[rng.randrange(len(content)) :]
        try:
            image = decoded(bytes(content), MOST_PIXELS, "image")
            assert image.width * image.height <= MOST_PIXELS
            outcomes.add("picture")
        except Refusal as refusal:
            assert refusal.status == 400 and refusal.message.startswith("image: ")
            outcomes.add("refusal")
    assert "refusal" in outcomes
    assert decoded(buffer.getvalue(), MOST_PIXELS, "image").size == (48, 32)


def test_what_is_no_base64_is_said() -> None:
    for text in ("", "é", "http://example.org/a.png", "data:image/png;base64,%%", "AAAA"):
        with pytest.raises(Refusal, match=r"^400: mask: "):
            from_base64(text, MOST_PIXELS, "mask")
