"""Hostile and odd weight files: refused in time, within memory, with the cause and what to do."""

import json
import pickle
import struct
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from benchmarks import hostile_files

from dall_e import DALL_E, ImageCodec
from dall_e.checkpoints import harmless_pickle
from dall_e.checkpoints.families import llamagen_vq
from dall_e.checkpoints.families.base import read_weights
from dall_e.checkpoints.flax_files import open_flax
from dall_e.checkpoints.harmless_pickle import RefusedPickleError
from dall_e.checkpoints.pickle_files import check_archive
from dall_e.checkpoints.run_files import read_checkpoint
from dall_e.checkpoints.tensor_files import open_weights, weights_in, write_tensors
from dall_e.config.published import VQGANConfig
from dall_e.errors import DallEWarning, UnusableFileError
from dall_e.models.vqgan import VQGAN

WEIGHTS = {"a": torch.arange(6.0).view(2, 3), "b": torch.ones(2)}


def rewritten(path: Path, **changes: Any) -> Path:
    """A copy of a zip file of torch with some records changed, or packed otherwise."""
    target = path.with_name(f"changed-{path.name}")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content, packing = old.read(name), zipfile.ZIP_STORED
            change = changes.get(name.split("/")[-1].replace(".", "_"))
            if callable(change):
                content = change(content)
            elif change is not None:
                packing = change
            new.writestr(name, content, compress_type=packing)
    return target


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.save(WEIGHTS, tmp_path / "a.pt")
    return tmp_path / "a.pt"


# Pickles that do more than they should


def test_fault_reliability_03_no_state_is_set(saved: Path, tmp_path: Path) -> None:
    """The first tensor of the file is told the path of another one."""
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(100))

    def with_state(head: bytes) -> bytes:
        at = head.index(b"R") + 1  # Behind the call that makes the metadata ...
        at = head.index(b"R", at) + 1  # ... and the one that makes the tensor.
        path = str(secret).encode()
        state = b"}X\4\0\0\0pathX" + struct.pack("<I", len(path)) + path + b"sb"
        return head[:at] + state + head[at:]

    with pytest.raises(UnusableFileError, match="sets the state of a StoredTensor"):
        open_weights(rewritten(saved, data_pkl=with_state))
    tensor = open_weights(saved)["a"]
    with pytest.raises(TypeError, match="no state to set"):
        tensor.__setstate__({"path": secret})


@pytest.mark.parametrize("name", [b"ctorch\nSize\n", b"ctorch._utils\n_rebuild_tensor_v2\n"])
def test_fault_reliability_03_no_stand_in_is_changed(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"\x80\x02" + name + b"(N}X\x0c\0\0\0__defaults__)stb.")
    with pytest.raises(UnusableFileError, match="sets the state of a function"):
        open_weights(path)


def nested(levels: int, node: Any) -> bytes:
    tree: Any = ["x"]
    for _ in range(levels):
        tree = node(tree)
    return pickle.dumps(tree, protocol=2)


PICKLES = {
    "a memo of 2^29": b"\x80\x02]r\x00\x00\x00\x20.",
    "bytes of 2^31": b"\x80\x05\x96\x00\x00\x00\x80\x00\x00\x00\x00.",
    "a number of 2^31 bytes": b"\x80\x02\x8b\xff\xff\xff\x7f.",
    "millions of marks": b"\x80\x02" + b"(" * 200_000 + b".",
    "millions of lists": b"\x80\x02" + b"]" * 200_000 + b".",
    "a key of tuples in tuples": b"\x80\x02}"
    + nested(60, lambda tree: (tree, tree))[2:-1]
    + b"Ns.",
}


@pytest.mark.parametrize("what", PICKLES)
def test_fault_reliability_04_pickles_that_fill_the_memory(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert harmless_pickle.MOST_READS == 1_000_000
    monkeypatch.setattr(harmless_pickle, "MOST_READS", 100_000)
    (tmp_path / "a.bin").write_bytes(PICKLES[what])
    with pytest.raises(UnusableFileError, match=r"a\.bin: "):
        open_weights(tmp_path / "a.bin")


@pytest.mark.parametrize(
    "node",
    [lambda tree: [tree, tree], lambda tree: (tree, tree), lambda tree: {"a": tree, "b": tree}],
)
def test_fault_reliability_04_lists_in_each_other_end(tmp_path: Path, node: Any) -> None:
    """599 bytes in the old format that stand for 2^60 places."""
    parts = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    content = b"".join(pickle.dumps(part, protocol=2) for part in parts)
    path = tmp_path / "a.bin"
    path.write_bytes(content + nested(60, node) + pickle.dumps([], protocol=2))
    with pytest.raises(UnusableFileError, match="holds no weights by name"):
        weights_in(open_weights(path), path)


def test_fault_reliability_04_a_network_that_holds_itself(tmp_path: Path) -> None:
    module = b"ctorch.nn.modules.container\nSequential\n)\x81q\1}X\x08\0\0\0_modules"
    again = b"}(X\1\0\0\0ah\1X\1\0\0\0bh\1u"
    parts = (0x1950A86A20F9469CFC6C, 1001, {})
    content = b"".join(pickle.dumps(part, protocol=2) for part in parts)
    path = tmp_path / "a.bin"
    path.write_bytes(content + b"\x80\x02" + module + again + b"sb." + pickle.dumps([], protocol=2))
    with pytest.raises(UnusableFileError, match="64 deep"):
        weights_in(open_weights(path), path)


def test_fault_reliability_04_records_are_not_unpacked(saved: Path) -> None:
    bomb = rewritten(saved, data_pkl=zipfile.ZIP_DEFLATED)
    with pytest.raises(UnusableFileError, match=r"data\.pkl is compressed"):
        open_weights(bomb)
    bomb = rewritten(saved, byteorder=zipfile.ZIP_DEFLATED)
    with pytest.raises(UnusableFileError, match="byteorder is compressed"):
        open_weights(bomb)
    with pytest.raises(UnusableFileError, match="byteorder is compressed"):
        check_archive(bomb)
    with pytest.raises(UnusableFileError, match="is compressed.*; move it away"):
        read_checkpoint(bomb, set())
    long = rewritten(saved, data_pkl=lambda head: head + bytes(17 << 20))
    with pytest.raises(UnusableFileError, match="has 17.* bytes, 16777216 are read"):
        open_weights(long)


def test_fault_reliability_04_a_tensor_that_repeats_a_number(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"a": torch.ones(1).expand(1 << 30)}, path)
    with pytest.raises(UnusableFileError, match="repeats 1 numbers to 1073741824, more than"):
        open_weights(path)["a"].read()
    with pytest.raises(UnusableFileError, match="would take 4294967296 bytes, of such a file"):
        weights_in(open_weights(path), path)
    # As position numbers of some published models are.
    torch.save({"a": torch.arange(3.0).expand(2, 3)}, path)
    assert weights_in(open_weights(path), path)["a"].read().shape == (2, 3)


def test_fault_reliability_04_many_names_for_one_tensor(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    shared = torch.ones(1 << 18)
    torch.save({str(name): shared for name in range(100)}, path)
    with pytest.raises(UnusableFileError, match="would take 104857600 bytes"):
        weights_in(open_weights(path), path)


def test_fault_reliability_04_a_storage_larger_than_its_file(saved: Path) -> None:
    tensor = open_weights(saved)["a"]
    saved.write_bytes(saved.read_bytes()[:200])
    with pytest.raises(UnusableFileError, match="was cut short"):
        tensor.read()


def header(entries: Any, data: int = 24) -> bytes:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + bytes(data)


ENTRY = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (header(b"[" * 100_000), "nested too deeply"),
        (header({"a": {**ENTRY, "data_offsets": [-24, 0]}}), "whole numbers of a possible size"),
        (header({"a": {**ENTRY, "data_offsets": [0.0, 24.0]}}), "whole numbers"),
        (header({"a": {**ENTRY, "shape": [-2, -3]}}), "whole numbers"),
        (header({"a": {**ENTRY, "shape": [2] * 100_000}}), "at most 16 numbers"),
        (header({"a": {**ENTRY, "shape": [0, 1 << 40], "data_offsets": [0, 0]}}), "no numbers"),
        (header({"a": ENTRY, "b": ENTRY}), "tensors a and b share bytes"),
        (header({"a": [1]}), "cut short, or no safetensors"),
        (header([1]), "cut short, or no safetensors"),
        (struct.pack("<Q", 2**63) + bytes(50), "its header is to have"),
        (header(b" " * (9 << 20)), "its header has 9437184 bytes, at most 8388608 are read"),
        (header({"a": {**ENTRY, "dtype": "F8_E4M3"}}), "F8_E4M3, a number format .* float16"),
    ],
)
def test_fault_reliability_10_headers_of_safetensors(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(UnusableFileError, match=said):
        open_weights(tmp_path / "a.safetensors")


def test_fault_reliability_10_archives(saved: Path, tmp_path: Path) -> None:
    content = bytearray(saved.read_bytes())
    content[content.find(b"PK\1\2") + 8] |= 1
    (tmp_path / "b.pt").write_bytes(content)
    with pytest.raises(UnusableFileError, match="is encrypted"):
        open_weights(tmp_path / "b.pt")
    # A way of packing that nobody knows.
    content = bytearray(saved.read_bytes())
    content[content.find(b"PK\1\2") + 10] = 77
    (tmp_path / "b.pt").write_bytes(content)
    with pytest.raises(UnusableFileError, match="is compressed"):
        open_weights(tmp_path / "b.pt")
    end = saved.read_bytes().rfind(b"PK\5\6")
    content = bytearray(saved.read_bytes())
    content[end + 12 : end + 16] = struct.pack("<I", 0x7FFFFFFF)
    (tmp_path / "b.pt").write_bytes(content)
    with pytest.raises(UnusableFileError, match="table of contents has 2147483647 bytes"):
        open_weights(tmp_path / "b.pt")


def test_fault_reliability_04_flax_files(tmp_path: Path) -> None:
    path = tmp_path / "a.msgpack"
    for content, said in (
        (b"\x91" * 100_000, "nested too deeply"),
        (b"\xdd\xff\xff\xff\xff" + bytes(600_000), "more than 500000 values"),
        (b"\x81\x90\x01", "a list stands where a name belongs"),
        (b"\x81\xa1a\xd4\x01\x93", "was cut short"),
        (b"\x81\xa1a\xc7\x0d\x01\x93\x91\x01\xa7float32\x92\x00", "was cut short"),
        (b"\x81\xa1a\xc7\x0e\x01\x93\x91\x01\xa7float32\x92\x00\x04", "an array without numbers"),
    ):
        path.write_bytes(content)
        with pytest.raises(UnusableFileError, match=said):
            open_flax(path)


def test_fault_reliability_04_settings_beyond_all_networks(
    tiny_folder: Path, tmp_path: Path
) -> None:
    config = json.loads((tiny_folder / "config.json").read_text())
    for name in ("model.safetensors", "text_tokenizer.json", "vocabulary.txt"):
        if (tiny_folder / name).exists():
            (tmp_path / name).write_bytes((tiny_folder / name).read_bytes())

    def said_of(**changes: Any) -> str:
        changed = json.loads(json.dumps(config))
        for part, values in changes.items():
            changed["model"][part] |= values
        (tmp_path / "config.json").write_text(json.dumps(changed))
        with pytest.raises(UnusableFileError, match=r"config\.json: ") as caught:
            DALL_E.from_pretrained(tmp_path)
        return str(caught.value)

    assert "content_layers must be at most 1000" in said_of(generator={"content_layers": 2**31})
    assert "num_layers must be at most 1000" in said_of(text={"num_layers": 2**31})
    assert "image_size must be at most 8192" in said_of(tokenizer={"image_size": 2**31})
    assert "fsq_levels has 17 entries" in said_of(tokenizer={"fsq_levels": [2] * 17})
    assert "at most 1048576 are possible" in said_of(tokenizer={"fsq_levels": [999] * 9})
    # Within the limits, but not with these weights.
    assert "far more than" in said_of(generator={"mlp_width": 2**20, "content_layers": 900})
    (tmp_path / "config.json").write_text("[" * 100_000)
    with pytest.raises(UnusableFileError, match="nested too deeply"):
        DALL_E.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**config, "model": 5}))
    with pytest.raises(UnusableFileError, match="its settings are a int"):
        DALL_E.from_pretrained(tmp_path)


# Files that are odd, or something else


def told(path: Path, tree: Any, *kept_under: str) -> tuple[dict[str, Any], list[str]]:
    """The weights of a file with this tree, and what was warned of."""
    torch.save(tree, path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        held = read_weights(path, *kept_under)
    assert all(issubclass(warning.category, DallEWarning) for warning in caught)
    return dict(held), [str(warning.message) for warning in caught]


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "module._orig_mod."])
def test_fault_use_15_prefixes_are_taken_off_and_said(tmp_path: Path, prefix: str) -> None:
    tree = {prefix + name: tensor for name, tensor in WEIGHTS.items()}
    held, said = told(tmp_path / "a.pt", tree)
    assert held.keys() == WEIGHTS.keys() and len(said) == 1
    assert all(f"{part}.'" in said[0] for part in prefix.split(".") if part)
    # A prefix of some names only is part of them.
    held, said = told(tmp_path / "a.pt", {**tree, "c": torch.ones(1)})
    assert held.keys() == {*tree, "c"} and not said


@pytest.mark.parametrize(
    "path", ["state_dict", "model_state_dict", "params", "model", "ema", "model.state_dict"]
)
def test_fault_use_15_wrappers_are_taken_off_and_said(tmp_path: Path, path: str) -> None:
    tree: Any = WEIGHTS
    for name in reversed(path.split(".")):
        tree = {name: tree, "epoch": 3, "optimizer": {"state": {0: {"step": torch.ones(1)}}}}
    held, said = told(tmp_path / "a.pt", tree)
    assert held.keys() == WEIGHTS.keys() and f"those under '{path}'" in said[0]
    # Where the project's own files have them, there is nothing to say.
    first = path.split(".")[0]
    assert bool(told(tmp_path / "a.pt", tree, first)[1]) == ("." in path)


def test_fault_use_15_number_formats_and_lora(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"a": torch.ones(3).to(torch.float8_e4m3fn)}, path)
    with pytest.raises(UnusableFileError, match="in float8_e4m3fn, a number format .*; get the"):
        open_weights(path)
    write_tensors(tmp_path / "x.safetensors", {"unet.lora_A.weight": torch.ones(2, 2)})
    with pytest.raises(UnusableFileError, match="it is a LoRA.*; give the whole model"):
        DALL_E.from_pretrained(tmp_path / "x.safetensors")
    folder = tmp_path / "lora"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    write_tensors(folder / "adapter_model.safetensors", WEIGHTS)
    with pytest.raises(UnusableFileError, match="it is a LoRA"):
        DALL_E.from_pretrained(folder)


def test_fault_use_15_another_precision_under_another_name(
    tiny_folder: Path, tmp_path: Path
) -> None:
    """Beside a config.json of ours, of transformers, and alone."""
    (tmp_path / "model.fp16.safetensors").write_bytes(b"x")
    (tmp_path / "config.json").write_bytes((tiny_folder / "config.json").read_bytes())
    with pytest.raises(FileNotFoundError, match=r"there is model\.fp16\.safetensors, which is"):
        DALL_E.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "janus"}')
    with pytest.raises(UnusableFileError, match=r"model\.fp16\.safetensors, .*; rename it to"):
        DALL_E.from_pretrained(tmp_path)


def test_fault_use_15_git_lfs_pointers(tiny_folder: Path, tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 17093204\n"
    for name in ("a.pt", "a.safetensors", "a.msgpack"):
        (tmp_path / name).write_bytes(pointer)
        with pytest.raises(UnusableFileError, match="Git LFS pointer.*git lfs pull"):
            ImageCodec.from_pretrained(tmp_path / name)
    for name in ("config.json", "model.safetensors", "text_tokenizer.json"):
        for file in tiny_folder.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / name).write_bytes(pointer)
        with pytest.raises(UnusableFileError, match=f"{name}: it is a Git LFS pointer"):
            DALL_E.from_pretrained(tmp_path)


def test_fault_use_15_image_codec_names_the_cause(tmp_path: Path) -> None:
    torch.save(WEIGHTS, tmp_path / "a.pt")
    with pytest.raises(UnusableFileError, match="known: its weights are others, such as a, b; kn"):
        ImageCodec.from_pretrained(tmp_path / "a.pt")
    (tmp_path / "a.pt").write_bytes((tmp_path / "a.pt").read_bytes()[:-300])
    with pytest.raises(UnusableFileError, match=r"a\.pt: it is damaged"):
        ImageCodec.from_pretrained(tmp_path / "a.pt")
    with pytest.raises(UnusableFileError, match=r"known \(a\.pt: it is damaged"):
        ImageCodec.from_pretrained(tmp_path)
    (tmp_path / "b.pt").write_bytes(b"\x80\x02cos\nsystem\n.")
    with pytest.raises(RefusedPickleError, match=r"asks to run os\.system"):
        ImageCodec.from_pretrained(tmp_path)


def test_fault_use_07_averages_of_an_image_tokenizer(tmp_path: Path, write_foreign: Any) -> None:
    config = VQGANConfig(
        width=32, multipliers=(1, 2), encoder_blocks=1, decoder_blocks=2, attention_levels=(1,),
        latent_width=8, num_codes=40, code_width=8, lookup="cosine",
    )  # fmt: skip
    networks = [VQGAN(config), VQGAN(config)]
    table = llamagen_vq.tokenizer_table(config)
    model, ema = (write_foreign(network, table) for network in networks)
    torch.save({"model": model, "ema": ema, "steps": 9}, tmp_path / "vq.pt")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        codec = ImageCodec.from_pretrained(tmp_path / "vq.pt")
    end = networks[1].decoder.end.weight
    assert torch.equal(codec.network.decoder.end.weight, end)
    # But a transformer draws with the weights themselves, as the project's script does.
    held = read_weights(tmp_path / "vq.pt", "model")
    name = table.rows["decoder.end.weight"].names[0]
    assert torch.equal(held[name].read(), networks[0].decoder.end.weight)


# Many at once


def test_fault_reliability_10_two_hundred_spoilt_files(tmp_path: Path) -> None:
    outcome = hostile_files.run(200, 7, tmp_path)
    assert outcome.faults == [] and 100 < outcome.refused < 200
    if sys.platform == "linux":
        assert outcome.memory < hostile_files.MOST_MEMORY


def test_the_good_files_are_read(tmp_path: Path) -> None:
    for kind in hostile_files.kinds_of(tmp_path):
        path = tmp_path / f"good-one{kind.suffix}"
        path.write_bytes(kind.good)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind.read(path)
