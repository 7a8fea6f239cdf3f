"""A model folder comes back as it went in, and a damaged one says what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from dall_e.checkpoints import store, weights_file

TEXT = '{"words": "猫"}'


def tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "generator.weight": torch.randn(6, 4, generator=generator),
        "generator.bias": torch.randn(6, generator=generator),
        "generator.norm.scale": torch.randn(4, generator=generator),
        "tokenizer.steps": torch.arange(3),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store.save_model(
        tmp_path / "model", {"name": "test"}, tensors(), int8=True, text_tokenizer_json=TEXT
    )
    return tmp_path / "model"


def test_eight_bits_come_back(folder: Path) -> None:
    loaded = store.load_model(folder)
    assert loaded.config == store.read_model_config(folder) == {"name": "test"}
    assert loaded.text_tokenizer_json == TEXT
    assert loaded.tensors.keys() == tensors().keys()
    for name, tensor in tensors().items():
        assert loaded.tensors[name].dtype == tensor.dtype
        torch.testing.assert_close(loaded.tensors[name], tensor, atol=0.02, rtol=0.01)
    assert (
        store.load_model(folder, torch.bfloat16).tensors["generator.weight"].dtype == torch.bfloat16
    )


def test_channels_are_rounded_alike_however_many_at_a_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / "model.safetensors").read_bytes()
    monkeypatch.setattr(weights_file, "_ROUNDED_AT_A_TIME", 9)
    store.save_model(folder, {"name": "test"}, tensors(), int8=True, text_tokenizer_json=TEXT)
    assert (folder / "model.safetensors").read_bytes() == before


def test_float32_comes_back_exactly(tmp_path: Path) -> None:
    store.save_model(tmp_path, {}, tensors(), int8=False, text_tokenizer_json=TEXT)
    loaded = store.load_model(tmp_path).tensors
    assert all(torch.equal(loaded[name], tensor) for name, tensor in tensors().items())


def test_saving_is_deterministic_and_leaves_other_files(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "MODEL_CARD.md").write_text("card")
    store.save_model(folder, {"name": "test"}, tensors(), int8=True, text_tokenizer_json=TEXT)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert after == {**before, "MODEL_CARD.md": b"card"}


def test_a_vocabulary_comes_along_and_goes_with_its_model(folder: Path) -> None:
    assert store.load_model(folder).vocabulary is None

    def save(vocabulary: str | None) -> None:
        store.save_model(
            folder, {}, tensors(), int8=True, text_tokenizer_json=TEXT, vocabulary=vocabulary
        )

    save("cat | 猫 | animal\n")
    assert store.load_model(folder).vocabulary == "cat | 猫 | animal\n"
    (folder / "vocabulary.txt").write_text("dog | 狗 | animal\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"vocabulary\.txt: it was cut short or altered"):
        store.load_model(folder)
    save(None)
    assert not (folder / "vocabulary.txt").exists()


def test_a_vocabulary_may_be_put_beside_an_older_model(folder: Path) -> None:
    (folder / "vocabulary.txt").write_text("dog | 狗 | animal\n", encoding="utf-8")
    assert store.load_model(folder).vocabulary == "dog | 狗 | animal\n"


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "text_tokenizer.json"])
def test_a_failed_save_leaves_the_old_model(
    folder: Path, name: str, full_disk: Callable[[str], None]
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    full_disk(name)
    with pytest.raises(OSError, match="No space"):
        store.save_model(folder, {"name": "new"}, tensors(), int8=False, text_tokenizer_json="{}")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "text_tokenizer.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        store.load_model(folder)


def test_a_truncated_file_is_noticed(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ValueError, match="cut short"):
        store.load_model(folder)


def test_an_altered_file_is_noticed(folder: Path) -> None:
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="altered"):
        store.load_model(folder)


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"format": 9}', '{"format": 1, "model": {}, "files": {}}']
)
def test_a_broken_configuration_is_named(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    with pytest.raises(ValueError, match=r"config\.json"):
        store.load_model(folder)


def test_a_weights_file_of_another_kind_is_named(folder: Path) -> None:
    junk = b"not a weights file"
    head = json.loads((folder / "config.json").read_text())
    head["files"]["model.safetensors"] = {
        "bytes": len(junk),
        "sha256": store.hashlib.sha256(junk).hexdigest(),
    }
    (folder / "config.json").write_text(json.dumps(head))
    (folder / "model.safetensors").write_bytes(junk)
    with pytest.raises(ValueError, match="no safetensors file"):
        store.load_model(folder)


def test_strict_loading() -> None:
    with torch.device("meta"):
        module = torch.nn.Linear(4, 6)
    given = {name: tensor for name, tensor in tensors().items() if "norm" not in name}
    store.load_strict(module, given, "generator.")
    assert torch.equal(module.weight, given["generator.weight"])


def test_strict_loading_names_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"1 left over \(generator.norm.scale\)"):
        store.load_strict(torch.nn.Linear(4, 6), tensors(), "generator.")
    with pytest.raises(ValueError, match=r"2 missing \(text.bias, text.weight\)"):
        store.load_strict(torch.nn.Linear(4, 6), tensors(), "text.")
    wrong = {"generator.weight": torch.zeros(6, 5), "generator.bias": torch.zeros(6)}
    with pytest.raises(
        ValueError, match=r"generator.weight has shape \[6, 5\], the settings ask for \[6, 4\]"
    ):
        store.load_strict(torch.nn.Linear(4, 6), wrong, "generator.")
