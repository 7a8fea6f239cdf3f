"""Run folders become a model folder that draws."""

import dataclasses
import io
import json
import tarfile
from pathlib import Path

import pytest
import torch

from dall_e import DALL_E
from dall_e.checkpoints.store import read_model_config
from dall_e.cli import run
from dall_e.config import (
    DUAL_ENCODERS,
    PRESETS,
    DualEncoderTraining,
    GeneratorTraining,
    TokenizerTraining,
    TrainingConfig,
    UpsamplerConfig,
    UpsamplerTraining,
    with_values,
)
from dall_e.models.dual_encoder import DualEncoder
from dall_e.models.generator import Generator
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.models.text_encoder import TextEncoder
from dall_e.models.upsampler import Upsampler
from dall_e.text.tokenizer import TextTokenizer
from dall_e.training.run_folder import RunFolder

MODEL = PRESETS["tiny"]


def make_run(
    folder: Path, config: TrainingConfig, networks: dict, player: str, module: torch.nn.Module
) -> None:
    folder.mkdir()
    weights = module.state_dict()
    RunFolder(folder).save_checkpoint(
        {
            "config": dataclasses.asdict(config),
            "networks": networks,
            "players": {player: {"weights": {}, "ema": weights}},
        }
    )


@pytest.fixture
def runs(tmp_path: Path) -> tuple[list[str], torch.nn.ModuleDict]:
    torch.manual_seed(0)
    sizes = dataclasses.replace(MODEL.tokenizer, image_size=16)
    networks = torch.nn.ModuleDict(
        {
            "text": TextEncoder(MODEL.text),
            "generator": Generator(MODEL.generator),
            "tower": torch.nn.Linear(2, 2),
        }
    )
    settings = {"tokenizer": dataclasses.asdict(sizes)}
    make_run(tmp_path / "t", TokenizerTraining(), settings, "tokenizer", ImageTokenizer(sizes))
    make_run(tmp_path / "g", GeneratorTraining(), MODEL.to_dict(), "generator", networks)
    TextTokenizer.train(["a cat"], 300).save(tmp_path / "g" / "text_tokenizer.json")
    return [
        "--tokenizer",
        f"{tmp_path}/t",
        "--generator",
        f"{tmp_path}/g",
        "--out",
        f"{tmp_path}/model",
    ], networks


def test_export_draws(runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags, networks = runs
    assert (
        run(
            ["export", *flags, "--name", "mine", "--version", "3", "--guidance", "2.5", "--float32"]
        )
        == 0
    )
    assert capsys.readouterr().out == f"{tmp_path}/model\n"
    config = read_model_config(tmp_path / "model")
    assert (config["name"], config["version"], config["sampling"]["guidance_scale"]) == (
        "mine",
        "3",
        2.5,
    )
    model = DALL_E.from_pretrained(tmp_path / "model")
    assert torch.equal(model.networks.generator.head.weight, networks["generator"].head.weight)
    assert model("a cat", num_inference_steps=1).size == (32, 32)


def test_runs_of_an_older_version_are_exported(
    runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags, networks = runs
    for name in ("t", "g"):
        state = torch.load(tmp_path / name / "checkpoint.pt", weights_only=True)
        flat = {"out": "runs/old", "preset": "tiny", "images": 9, "scene_share": 0.4}
        torch.save({**state, "config": flat}, tmp_path / name / "checkpoint.pt")
    assert run(["export", *flags, "--float32"]) == 0
    model = DALL_E.from_pretrained(tmp_path / "model")
    assert torch.equal(model.networks.generator.head.weight, networks["generator"].head.weight)


def test_eight_bits_are_a_quarter(runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = []
    for flag in ("--float32", "--int8"):
        assert run(["export", *runs[0], flag, "--force"]) == 0
        sizes.append((tmp_path / "model" / "model.safetensors").stat().st_size)
    assert 3.5 < sizes[0] / sizes[1] < 4


def test_wrong_folders_are_named(runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags, _ = runs
    assert run(["export", *flags, "--generator", f"{tmp_path}/none"]) == 1
    assert "none" in capsys.readouterr().err
    assert run(["export", *flags, "--generator", f"{tmp_path}/t"]) == 1
    assert "not a run" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


def test_dual_encoder_and_upsampler_come_along(
    runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = {"dual_encoder": dataclasses.asdict(DUAL_ENCODERS["tiny"])}
    make_run(
        tmp_path / "c",
        DualEncoderTraining(),
        sizes,
        "dual_encoder",
        DualEncoder(DUAL_ENCODERS["tiny"]),
    )
    small = UpsamplerConfig(widths=(8, 16))
    upsampler = {"upsampler": dataclasses.asdict(small)}
    make_run(tmp_path / "u", UpsamplerTraining(), upsampler, "upsampler", Upsampler(small))
    flags = [*runs[0], "--dual-encoder", f"{tmp_path}/c", "--upsampler", f"{tmp_path}/u"]
    TextTokenizer.train(["other words"] * 3, 300).save(tmp_path / "c" / "text_tokenizer.json")
    assert run(["export", *flags]) == 1
    assert "was trained with another text tokenizer than the generator" in capsys.readouterr().err
    TextTokenizer.load(tmp_path / "g" / "text_tokenizer.json").save(
        tmp_path / "c" / "text_tokenizer.json"
    )
    assert run(["export", *flags]) == 0
    model = DALL_E.from_pretrained(tmp_path / "model")
    image = model("a cat", num_inference_steps=1, best_of=2, height=64)
    assert (
        image.size == (64, 64) and image.info["best_of"] == "2" and image.info["upsample"] == "True"
    )


def test_what_the_captions_name_is_the_vocabulary(runs, tmp_path: Path) -> None:
    flags, networks = runs
    data = tmp_path / "data"
    data.mkdir()
    record = {"en": "ghost", "zh": "鬼", "kind": "face", "source": "mine"}
    with tarfile.open(data / "train-000000.tar", "w") as tar:
        for name, content in (("0.png", b""), ("0.json", json.dumps(record).encode())):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    make_run(
        tmp_path / "named",
        with_values(GeneratorTraining(), {"data": str(data)}),
        MODEL.to_dict(),
        "generator",
        networks,
    )
    TextTokenizer.train(["a cat"], 300).save(tmp_path / "named" / "text_tokenizer.json")
    flags = [*flags, "--generator", f"{tmp_path}/named"]
    assert run(["export", *flags, "--compose"]) == 0
    model = DALL_E.from_pretrained(tmp_path / "model")
    assert model.vocabulary and list(model.vocabulary.single_things) == ["ghost"]
    assert "plan" in model("two ghosts", num_inference_steps=1).info

    # A model folder hands on its own.
    assert (
        run(["export", *flags, "--generator", f"{tmp_path}/model", "--out", f"{tmp_path}/2"]) == 0
    )
    texts = [(tmp_path / name / "vocabulary.txt").read_bytes() for name in ("model", "2")]
    assert texts[0] == texts[1]


def test_a_model_whose_data_is_gone_knows_no_names(
    runs, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["export", *runs[0]]) == 0
    assert "the model gets no vocabulary.txt, so it draws whole" in capsys.readouterr().err
    assert not (tmp_path / "model" / "vocabulary.txt").exists()
    assert run(["export", *runs[0], "--compose", "--force"]) == 1
    assert "--compose needs things that the model knows by name" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "vocabulary.txt"])
def test_fault_use_06_a_model_folder_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / name).write_text("mine")
    assert run(["export", "--out", str(tmp_path)]) == 1
    assert f"{name}: is there already; " in capsys.readouterr().err
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
