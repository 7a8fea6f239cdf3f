"""LoRA folders: written, read, read by `peft`, and refused."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from dall_e.checkpoints.lora_files import SETTINGS_FILE, WEIGHTS_FILE, load_lora, save_lora
from dall_e.errors import UnusableFileError
from dall_e.nn.lora import LowRank


def layers() -> dict[str, LowRank]:
    rng = torch.Generator().manual_seed(0)
    return {
        name: LowRank(torch.randn(2, 4, generator=rng), torch.randn(6, 2, generator=rng), 1.5)
        for name in ("generator.one", "text.two")
    }


def changed(folder: Path, **settings: object) -> Path:
    save_lora(folder, layers(), base_model="dall-e-emoji")
    path = folder / SETTINGS_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))
    return folder


def test_what_is_written_is_read(tmp_path: Path) -> None:
    save_lora(tmp_path, layers(), base_model="dall-e-emoji")
    read = load_lora(tmp_path)
    assert read.base_model == "dall-e-emoji" and read.layers.keys() == layers().keys()
    for name, low_rank in layers().items():
        torch.testing.assert_close(read.layers[name].delta(), low_rank.delta())


def test_layers_of_different_ranks_are_not_written(tmp_path: Path) -> None:
    mixed = {**layers(), "text.three": LowRank(torch.zeros(3, 4), torch.zeros(6, 3), 1.5)}
    with pytest.raises(ValueError, match=r"one rank .* got \[2, 3\]"):
        save_lora(tmp_path, mixed, base_model="")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"peft_type": "IA3"}, "peft_type is 'IA3'"),
        ({"use_dora": True}, "use_dora is set"),
        ({"rank_pattern": {"one": 4}}, "rank_pattern is set"),
        ({"r": 0}, "r is 0"),
        ({"r": "many"}, "r is 'many'"),
    ],
)
def test_other_kinds_are_refused(tmp_path: Path, settings: dict[str, object], reason: str) -> None:
    with pytest.raises(UnusableFileError, match=reason):
        load_lora(changed(tmp_path, **settings))


def test_scale_by_the_root_of_the_rank_is_read(tmp_path: Path) -> None:
    read = load_lora(changed(tmp_path, use_rslora=True, lora_alpha=4.0, r=4))
    assert read.layers["text.two"].scale == 2.0


def test_matrices_without_their_other_half_are_refused(tmp_path: Path) -> None:
    changed(tmp_path)
    save_file({"base_model.model.x.lora_A.weight": torch.zeros(2, 4)}, tmp_path / WEIGHTS_FILE)
    with pytest.raises(UnusableFileError, match="pairs lora_A, lora_B"):
        load_lora(tmp_path)


def test_a_file_that_is_cut_short_is_named(tmp_path: Path) -> None:
    path = changed(tmp_path) / WEIGHTS_FILE
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UnusableFileError, match=WEIGHTS_FILE):
        load_lora(tmp_path)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=f"it has no {WEIGHTS_FILE}"):
        load_lora(tmp_path)


def test_peft_reads_it_and_adds_the_same(tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.generator = torch.nn.ModuleDict({"one": torch.nn.Linear(4, 6, bias=False)})
            self.text = torch.nn.ModuleDict({"two": torch.nn.Linear(4, 6, bias=False)})

    network = Net()
    before = network.generator["one"].weight.detach().clone()
    save_lora(tmp_path, layers(), base_model="")
    adapted = peft.PeftModel.from_pretrained(network, str(tmp_path)).merge_and_unload()
    torch.testing.assert_close(
        adapted.generator["one"].weight.detach() - before, layers()["generator.one"].delta()
    )
