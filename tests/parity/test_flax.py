"""DALL-E mini's own Flax files: what its code computed, whole folders, and broken files."""

import json
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from dall_e import DALL_E
from dall_e.checkpoints.families import base
from dall_e.checkpoints.flax_files import open_flax
from dall_e.checkpoints.hub import HubAccess
from dall_e.checkpoints.tensor_files import read_tensors
from dall_e.cli import run
from dall_e.inference.image_codec import ImageCodec

DATA = Path(__file__).parent / "data"
NAME = "vqgan_imagenet_f16_16384"


def packed(value: Any) -> bytes:
    """MessagePack of maps, short texts, small numbers and arrays, as Flax writes them."""
    if isinstance(value, dict):
        items = b"".join(packed(key) + packed(item) for key, item in value.items())
        return struct.pack(">BI", 0xDF, len(value)) + items
    if isinstance(value, list):
        return bytes([0x90 + len(value)]) + b"".join(map(packed, value))
    if isinstance(value, str):
        return struct.pack(">BB", 0xD9, len(value)) + value.encode()
    if isinstance(value, torch.Tensor):
        numbers = value.contiguous().view(torch.uint8).numpy().tobytes()
        kind = str(value.dtype).removeprefix("torch.")
        shape_and_kind = b"\x93" + packed(list(value.shape)) + packed(kind)
        inner = shape_and_kind + struct.pack(">BI", 0xC6, len(numbers)) + numbers
        return struct.pack(">BIB", 0xC9, len(inner), 1) + inner
    return bytes([value])


def whole_folder(place: Path) -> Path:
    """Both networks and a text tokenizer, as the hub has them, the VQGAN beside the transformer."""
    for source, target in (("dalle_mini", place), ("flax_vqgan", place / NAME)):
        target.mkdir(exist_ok=True, parents=True)
        shutil.copyfile(DATA / source / "flax_model.msgpack", target / "flax_model.msgpack")
        config = json.loads((DATA / source / "meta.json").read_text())["config"]
        (target / "config.json").write_text(json.dumps(config))
    letters = ["<s>", "<pad>", "</s>", "<unk>", "\u0120", *"abcdefghijklmnopqrstuvwxyz"]
    vocabulary = {letter: number for number, letter in enumerate(letters)}
    bpe = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.save(str(place / "tokenizer.json"))
    return place


@pytest.mark.parametrize("family", ["dalle_mini", "flax_vqgan"])
def test_the_original_code_computes_the_same(
    family: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["zoo", "verify", str(DATA / family)]) == 0, capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:the weights of")
def test_a_folder_draws_and_converts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = whole_folder(tmp_path / "mini")
    model = DALL_E.from_pretrained(folder)
    assert model.config.sampling.guidance_scale == 10.0 and model.config.generator.start_code == 68
    drawn = model("a cat", seed=3)
    assert drawn.size == (16, 16)
    assert run(["convert", str(folder), str(tmp_path / "ours")]) == 0, capsys.readouterr().err
    again = DALL_E.from_pretrained(tmp_path / "ours")("a cat", seed=3)
    assert drawn.tobytes() == again.tobytes()


@pytest.mark.filterwarnings("ignore:the weights of")
def test_the_vqgan_comes_from_its_own_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = whole_folder(tmp_path / "mini")
    elsewhere = (folder / NAME).rename(tmp_path / "cache")
    asked: list[tuple[str, HubAccess]] = []
    monkeypatch.setattr(
        base, "download", lambda name, files, hub: asked.append((name, hub)) or elsewhere
    )
    DALL_E.from_pretrained(folder, local_files_only=True)
    assert asked == [(f"dalle-mini/{NAME}", HubAccess(local_files_only=True))]


def test_the_vqgan_alone_is_an_image_tokenizer(tmp_path: Path) -> None:
    folder = whole_folder(tmp_path / "mini") / NAME
    expected = read_tensors(DATA / "flax_vqgan" / "expected.safetensors")
    codes_HW, image_CHW = expected["out.codes"][0], expected["out.reconstruction"][0]
    ImageCodec.from_pretrained(folder).save_pretrained(tmp_path / "ours")
    for place in (folder, folder / "flax_model.msgpack", tmp_path / "ours"):
        image = ImageCodec.from_pretrained(place).decode(codes_HW)
        drawn_HWC = torch.from_numpy(np.array(image.convert("RGB")))
        wanted_HWC = (image_CHW.clamp(0, 1) * 255).permute(1, 2, 0)
        assert (drawn_HWC - wanted_HWC).abs().max() <= 0.51


def test_another_network_of_the_same_code_is_refused(tmp_path: Path) -> None:
    folder = whole_folder(tmp_path / "mini")
    settings = json.loads((folder / "config.json").read_text())
    for name, value, said in (
        ("use_head_scale", True, "use_head_scale is True; the published models have False"),
        ("decoder_layers", 4, "decoder.*|missing"),
    ):
        (folder / "config.json").write_text(json.dumps({**settings, name: value}))
        with pytest.raises(ValueError, match=said):
            DALL_E.from_pretrained(folder)


def test_names_shapes_and_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.msgpack"
    kernel = torch.arange(6.0).view(2, 3)
    half = torch.ones(4, dtype=torch.float16)
    path.write_bytes(packed({"a": {"kernel": kernel, "step": 3}, "b": half}))
    found = open_flax(path)
    assert found.keys() == {"a/kernel", "b"}
    assert torch.equal(found["a/kernel"].read(), kernel) and torch.equal(found["b"].read(), half)


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.msgpack"
    whole = packed({"a": torch.ones(3)})
    wrong = torch.ones(3, dtype=torch.complex64)
    longer = whole.replace(b"\x91\x03", b"\x91\x04")
    for content, said in (
        (whole[:-1], "cut short"),
        (whole + b"\x00", "1 bytes are left over"),
        (b"\xc1", "byte 0xc1 starts no value"),
        (b"\x91" * 100, "nested too deeply"),
        (b"\x03", "holds no weights by name"),
        (b"", "cut short"),
        (packed({"a": wrong}), "an array of 'complex64'"),
        (packed({"big": {"__msgpack_chunked_array__": 1}}), "big/ is kept in pieces"),
        (longer, r"shape \[4\] and 12 bytes"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=said):
            open_flax(path)
