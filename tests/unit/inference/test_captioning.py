"""What a model says of images: methods, languages, images of all kinds, and those that are none."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from dall_e import DALL_E
from dall_e.config import CAPTIONERS, ModelConfig
from dall_e.inference.captioning import MOST_CAPTIONS, CaptionSettings, readable_images, seen
from dall_e.inference.loading import Networks
from dall_e.models.captioner import Captioner


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> DALL_E:
    """The tiny model with a captioner of random weights, which says much that means nothing."""
    drawer = DALL_E.from_pretrained(tiny_folder)
    assert isinstance(drawer.config, ModelConfig) and isinstance(drawer.networks, Networks)
    torch.manual_seed(0)
    captioner = Captioner(CAPTIONERS["tiny"]).requires_grad_(False).eval()
    for name, weight in captioner.named_parameters():
        if "norm" not in name and "image." not in name:
            torch.nn.init.normal_(weight, std=0.3)
    return DALL_E(
        dataclasses.replace(drawer.config, captioner=CAPTIONERS["tiny"]),
        drawer.networks._replace(captioner=captioner),
        drawer.text_tokenizer,
    )


def picture(seed: int = 0, mode: str = "RGB") -> Image.Image:
    """Four fields of random colours."""
    fields = np.random.default_rng(seed).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    return Image.fromarray(fields, "RGB").resize((40, 40), Image.Resampling.NEAREST).convert(mode)


def test_a_caption_is_a_text_and_a_list_gives_a_list(model: DALL_E, tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    alone = model.caption(picture())
    assert isinstance(alone, str)
    assert model.caption(tmp_path / "a.png") == model.caption(str(tmp_path / "a.png")) == alone
    several = model.caption([picture(1), picture(), tmp_path / "a.png"])
    assert several[1] == several[2] == alone and len(several) == 3
    assert model.caption([]) == []


def test_the_language_and_the_picture_matter(model: DALL_E) -> None:
    texts = {
        model.caption(picture(seed), language) for seed in range(4) for language in ("en", "zh")
    }
    assert len(texts) > 4


def test_beams_are_in_order_and_no_worse_than_greedy(model: DALL_E) -> None:
    captions = model.captions(picture(), num=4, num_beams=6)
    log_probabilities = [caption.log_probability for caption in captions]
    assert log_probabilities == sorted(log_probabilities, reverse=True)
    assert max(log_probabilities) < 0 and len({caption.text for caption in captions}) > 1
    (greedy,) = model.captions(picture(), num=1, method="greedy")
    assert log_probabilities[0] >= greedy.log_probability - 1e-4
    assert model.caption(picture()) == greedy.text
    assert model.caption(picture(), method="beam", num_beams=6) == captions[0].text


def test_draws_follow_the_seed(model: DALL_E) -> None:
    first = model.captions(picture(), method="sampled", seed=5)
    assert first == model.captions(picture(), method="sampled", seed=5)
    assert first[1:] == model.captions(picture(), method="sampled", seed=6)[:2]
    assert len({caption.text for caption in first}) > 1
    cold = model.caption(picture(), method="sampled", temperature=1e-3, seed=5)
    assert cold == model.caption(picture())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"language": "fr"}, "language must be one of en, zh, got 'fr'"),
        ({"method": "best"}, "method must be one of greedy, beam, sampled, got 'best'"),
        ({"num": 0, "method": "beam"}, f"num must be a whole number from 1 to {MOST_CAPTIONS}"),
        ({"num": 2}, "method greedy makes one caption, and 2 are asked for"),
        ({"num_beams": 3}, "num_beams is for method beam, not for greedy"),
        ({"method": "beam", "num": 3, "num_beams": 2}, "3 captions need as many beams, got 2"),
        ({"method": "beam", "num_beams": 1.5}, "num_beams must be a whole number from 1 to"),
        ({"temperature": 0.5}, "temperature is for method sampled, not for greedy"),
        ({"method": "beam", "seed": 1}, "seed is for method sampled, not for beam"),
        ({"method": "sampled", "temperature": 0}, "temperature must be a number above 0, got 0"),
        ({"method": "sampled", "top_p": 1.5}, "top_p must be above 0 and at most 1, got 1.5"),
    ],
)
def test_settings_without_a_use_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CaptionSettings(**settings)


def test_a_seed_out_of_range_is_named(model: DALL_E) -> None:
    with pytest.raises(ValueError, match="a seed must be a whole number between 0"):
        model.caption(picture(), method="sampled", seed=-5)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA", "1", "I;16", "LA"])
def test_pictures_of_all_modes_are_seen(model: DALL_E, mode: str) -> None:
    grey = picture().convert("L")
    if mode == "I;16":
        # Numbers of sixteen bits count from black to the brightest one.
        grey.putpixel((0, 0), 255)
        deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
        assert model.caption(deep) == model.caption(grey)
    else:
        assert isinstance(model.caption(picture(mode=mode)), str)


def test_of_an_animated_picture_the_first_frame_is_seen(model: DALL_E, tmp_path: Path) -> None:
    frames = [picture(seed).quantize(16) for seed in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=50)
    assert model.caption(tmp_path / "a.gif") == model.caption(frames[0].convert("RGB"))


@pytest.mark.parametrize(
    "blank",
    [
        Image.new("RGB", (30, 30), (255, 255, 255)),
        Image.new("RGB", (30, 30), (9, 80, 70)),
        Image.new("RGBA", (30, 30)),
        Image.new("L", (1, 1)),
    ],
)
def test_of_a_blank_picture_there_is_nothing_to_say(model: DALL_E, blank: Image.Image) -> None:
    with pytest.raises(ValueError, match="the picture is blank, so there is nothing to say of it"):
        model.caption(blank)


def test_white_on_nothing_is_seen(model: DALL_E) -> None:
    """On white it would be lost, and all such pictures would be one."""
    bar, cross = (Image.new("RGBA", (32, 32)) for _ in range(2))
    bar.paste((255, 255, 255, 255), (4, 4, 10, 28))
    cross.paste((255, 255, 255, 255), (2, 14, 30, 18))
    cross.paste((255, 255, 255, 255), (14, 2, 18, 30))
    assert model.captions(bar, num=1) != model.captions(cross, num=1)


def test_files_that_cannot_be_read_are_told_apart(tmp_path: Path) -> None:
    picture().save(tmp_path / "good.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    Image.new("RGB", (8, 8)).save(tmp_path / "blank.png")
    files = [tmp_path / f"{name}.png" for name in ("good", "broken", "blank", "none")]
    images, problems = readable_images(files)
    assert [file for file, _ in images] == files[:1]
    for problem, file in zip(problems, files[1:], strict=True):
        assert problem.startswith(f"{file}: ")
    assert "not a readable picture" in problems[0] and "is blank" in problems[1]


def test_a_huge_file_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "huge.png")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda *_: pytest.fail("decoded"))
    with pytest.raises(ValueError, match=r"huge.png: .*pixels.* (?:limit of|at most) \d+"):
        seen(tmp_path / "huge.png", 64)


@pytest.mark.filterwarnings("ignore:the weights of .* are under the licence")
def test_a_model_without_a_captioner_says_so(tiny_folder: Path, mini_folder: Path) -> None:
    for folder in (tiny_folder, mini_folder):
        with pytest.raises(ValueError, match="only draws: it has no captioner; `dall-e train capt"):
            DALL_E.from_pretrained(folder).caption(picture())


def test_saved_and_loaded_it_says_the_same(model: DALL_E, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path / "saved", int8=False)
    again = DALL_E.from_pretrained(tmp_path / "saved")
    assert again.captions(picture()) == model.captions(picture())
    halved = DALL_E.from_pretrained(tmp_path / "saved", dtype="bfloat16")
    assert isinstance(halved.caption(picture()), str)
