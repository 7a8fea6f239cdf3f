"""Image tokenizers on their own: from their files, there and back, and converted."""

import dataclasses
from pathlib import Path

import pytest
import torch
from PIL import Image

from dall_e import DALL_E, ImageCodec
from dall_e.checkpoints.families import llamagen_vq, min_dalle, openai_dvae, taming_transformers
from dall_e.cli import run
from dall_e.config.published import DVAEConfig, VQGANConfig
from dall_e.models.dvae import DVAE
from dall_e.models.vqgan import VQGAN

VQ = VQGANConfig(
    width=32,
    multipliers=(1, 2),
    encoder_blocks=1,
    decoder_blocks=2,
    attention_levels=(1,),
    latent_width=8,
    num_codes=40,
    code_width=8,
)


@pytest.fixture(params=["taming_vqgan", "gumbel", "llamagen_vq", "openai_dvae"])
def file(request: pytest.FixtureRequest, tmp_path: Path, write_foreign) -> Path:
    torch.manual_seed(0)
    if request.param == "openai_dvae":
        dvae = DVAE(DVAEConfig(width=16, start_width=12, blocks_per_level=1, num_codes=40))
        for part in ("encoder", "decoder"):
            table = getattr(openai_dvae, f"{part}_table")(dvae.config)
            torch.save(write_foreign(getattr(dvae, part), table), tmp_path / f"{part}.pkl")
        return tmp_path / "encoder.pkl"
    lookup = {"taming_vqgan": "distance", "gumbel": "logits", "llamagen_vq": "cosine"}[
        request.param
    ]
    network = VQGAN(dataclasses.replace(VQ, lookup=lookup))
    adapter = llamagen_vq if request.param == "llamagen_vq" else taming_transformers
    held = write_foreign(network, adapter.tokenizer_table(network.config))
    torch.save({adapter.KEPT_UNDER[-1]: held}, tmp_path / "a.ckpt")
    return tmp_path / "a.ckpt"


def picture(width: int = 37, height: int = 32) -> Image.Image:
    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((20, 200, 60), (0, 0, 16, 16))
    return image


def test_there_and_back(file: Path) -> None:
    codec = ImageCodec.from_pretrained(file)
    side = 37 // codec.config.patch_size
    codes_HW = codec.encode(picture())
    assert codes_HW.shape == (side, side) and 0 <= int(codes_HW.min()) and int(codes_HW.max()) < 40
    assert codec.encode(picture(), size=24).shape == (24 // codec.config.patch_size,) * 2
    patch = codec.config.patch_size
    assert codec.decode(codes_HW[:2, :3]).size == (3 * patch, 2 * patch)


def test_converted_it_is_the_same(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path.parent / f"{tmp_path.name}-converted"
    assert run(["convert", str(file.parent), str(target)]) == 0
    first, again = ImageCodec.from_pretrained(file), ImageCodec.from_pretrained(target)
    assert again.config == first.config and again.family == first.family
    assert torch.equal(first.encode(picture()), again.encode(picture()))
    codes_HW = first.encode(picture())
    assert first.decode(codes_HW).tobytes() == again.decode(codes_HW).tobytes()
    with pytest.raises(ValueError, match="an image tokenizer alone; load it with ImageCodec"):
        DALL_E.from_pretrained(target)


def test_a_folder_stands_for_its_file(file: Path) -> None:
    assert ImageCodec.from_pretrained(file.parent).config == ImageCodec.from_pretrained(file).config


def test_the_detoker_only_paints(mini_folder: Path) -> None:
    codec = ImageCodec.from_pretrained(mini_folder / "detoker.pt")
    assert codec.family == "min_dalle" and codec.decode(torch.zeros(4, 5)).size == (5, 4)
    with pytest.raises(ValueError, match="without its encoder"):
        codec.encode(picture())
    assert min_dalle.START_CODE == 16384


def test_what_is_wrong_is_named(file: Path, tmp_path: Path, tiny_folder: Path) -> None:
    codec = ImageCodec.from_pretrained(file)
    with pytest.raises(ValueError, match="from 0 to 39, got 0 to 40"):
        codec.decode(torch.tensor([[0, 40]]))
    with pytest.raises(ValueError, match=r"got shape \[3\]"):
        codec.decode(torch.zeros(3))
    with pytest.raises(ValueError, match="pixels a side, got 0"):
        codec.encode(picture(), size=1)
    with pytest.raises(FileNotFoundError, match="none.pt is missing"):
        ImageCodec.from_pretrained(tmp_path / "none.pt")
    torch.save({"a": torch.ones(2)}, tmp_path / "other.pt")
    with pytest.raises(
        ValueError,
        match="it is no image tokenizer that is known: its weights are others, such as a;",
    ):
        ImageCodec.from_pretrained(tmp_path / "other.pt")
    with pytest.raises(ValueError, match="holds a whole model"):
        ImageCodec.from_pretrained(tiny_folder)


@pytest.mark.parametrize("name", ["float64", "bfloat16"])
def test_fault_use_01_the_caller_s_settings_change_no_code(file: Path, name: str) -> None:
    image = picture()
    codes_HW = ImageCodec.from_pretrained(file).encode(image)
    pixels = ImageCodec.from_pretrained(file).decode(codes_HW).tobytes()
    torch.set_default_dtype(getattr(torch, name))
    torch.set_default_device("meta")
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            codec = ImageCodec.from_pretrained(file)
            assert torch.equal(codec.encode(image), codes_HW)
            assert codec.decode(codes_HW).tobytes() == pixels
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
