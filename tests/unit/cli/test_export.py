"""Run folders become a model folder that draws."""

import dataclasses
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dall_e import DALL_E
from dall_e.checkpoints.known_models import find_model
from dall_e.checkpoints.memory_file import MEMORY_FILE, read_memory
from dall_e.checkpoints.store import read_model_config
from dall_e.cli import run
from dall_e.config import (
    CAPTIONERS,
    DUAL_ENCODERS,
    PRESETS,
    CaptionerTraining,
    DualEncoderTraining,
    GeneratorTraining,
    TokenizerTraining,
    TrainingConfig,
    UpsamplerConfig,
    UpsamplerTraining,
    with_values,
)
from dall_e.errors import DallEWarning
from dall_e.images.files import encode_png
from dall_e.models.captioner import Captioner
from dall_e.models.dual_encoder import DualEncoder
from dall_e.models.generator import Generator
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.models.text_encoder import TextEncoder
from dall_e.models.upsampler import Upsampler
from dall_e.planning.plan import plan_prompt
from dall_e.planning.vocabulary import Vocabulary
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


@pytest.mark.filterwarnings("ignore:the upsampler in .* has learnt to bring 64 pixels")
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


def test_a_captioner_comes_along_and_is_handed_on(
    runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(1)
    sizes = {"captioner": dataclasses.asdict(CAPTIONERS["tiny"])}
    make_run(tmp_path / "c", CaptionerTraining(), sizes, "captioner", Captioner(CAPTIONERS["tiny"]))
    flags = [*runs[0], "--captioner", f"{tmp_path}/c"]
    TextTokenizer.train(["other words"] * 3, 300).save(tmp_path / "c" / "text_tokenizer.json")
    assert run(["export", *flags]) == 1
    error = capsys.readouterr().err
    assert "the captioner in" in error and "`dall-e train captioner --text-tokenizer`" in error
    words = (tmp_path / "g" / "text_tokenizer.json").read_bytes()
    (tmp_path / "c" / "text_tokenizer.json").write_bytes(words)
    assert run(["export", *flags]) == 0
    assert "captioner: the last weights" in capsys.readouterr().err

    # A model folder hands it on.
    flags = [*runs[0], "--captioner", f"{tmp_path}/model", "--out", f"{tmp_path}/2"]
    assert run(["export", *flags]) == 0
    captions = [
        DALL_E.from_pretrained(tmp_path / name).captions(Image.linear_gradient("L"))
        for name in ("model", "2")
    ]
    assert captions[0] == captions[1]


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


def add_best(folder: Path, module: torch.nn.Module, *, seen: int, held_out: int) -> None:
    """Gives a run of 100 pictures best weights, which are all zero."""
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    state["config"]["loop"]["images"] = state["images_seen"] = 100
    torch.save(state, folder / "checkpoint.pt")
    zero = {name: torch.zeros_like(weight) for name, weight in module.state_dict().items()}
    best = {**state, "players": {"generator": {"weights": zero}}}
    torch.save({**best, "images_seen": seen, "num_held_out": held_out}, folder / "best.pt")


def test_fault_training_01_export_says_which_weights(
    runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags, networks = runs
    add_best(tmp_path / "g", networks, seen=17, held_out=2)

    def taken(*more: str) -> tuple[bool, str]:
        assert run(["export", *flags, "--float32", "--force", *more]) == 0
        (said,) = [
            line for line in capsys.readouterr().err.splitlines() if line.startswith("generator:")
        ]
        head = DALL_E.from_pretrained(tmp_path / "model").networks.generator.head.weight
        return bool((head == 0).all()), said

    assert taken() == (
        False,
        "generator: the last weights (100 pictures): 2 held-out pictures are too few to choose "
        "the best weights on held-out pictures (17 pictures)",
    )
    assert taken("--weights", "best")[0] and not taken("--weights", "last")[0]
    add_best(tmp_path / "g", networks, seen=90, held_out=40)
    assert taken()[0]
    assert run(["export", *flags, "--weights", "newest"]) == 2


def test_fault_training_03_a_model_is_called_as_its_folder(
    runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", *runs[0], "--out", f"{tmp_path}/my style"]) == 0
    config = read_model_config(tmp_path / "my style")
    assert (config["name"], config["version"]) == ("my style", "1")


@pytest.mark.filterwarnings("always:the sampling settings are not those")
def test_fault_training_03_sampling_comes_from_the_initial_model(
    runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags, networks = runs
    config = with_values(GeneratorTraining(), {"init": "dall-e-emoji"})
    make_run(tmp_path / "mine", config, MODEL.to_dict(), "generator", networks)
    TextTokenizer.train(["a cat"], 300).save(tmp_path / "mine" / "text_tokenizer.json")
    flags = [*flags, "--generator", f"{tmp_path}/mine"]
    assert run(["export", *flags]) == 0
    sampling = read_model_config(tmp_path / "model")["sampling"]
    built_in = read_model_config(find_model("dall-e-emoji"))["sampling"]
    # There is nothing to plan with: the data is gone, and with it the names.
    assert sampling == {**built_in, "compose": False}
    assert run(["export", *flags, "--guidance", "3", "--force"]) == 0
    sampling = read_model_config(tmp_path / "model")["sampling"]
    assert (sampling["guidance_scale"], sampling["final_temperature"]) == (
        3,
        built_in["final_temperature"],
    )

    gone = with_values(config, {"init": f"{tmp_path}/gone"})
    make_run(tmp_path / "other", gone, MODEL.to_dict(), "generator", networks)
    TextTokenizer.train(["a cat"], 300).save(tmp_path / "other" / "text_tokenizer.json")
    capsys.readouterr()
    assert run(["export", *flags, "--generator", f"{tmp_path}/other", "--force"]) == 0
    assert "the sampling settings are not those of the model" in capsys.readouterr().err


def test_fault_training_03_own_captions_are_drawn_as_they_are(runs, tmp_path: Path) -> None:
    flags, networks = runs
    data = tmp_path / "data"
    data.mkdir()
    (data / "a car.png").write_bytes(encode_png(np.zeros((4, 8, 8), dtype=np.uint8)))
    config = with_values(GeneratorTraining(), {"data": str(data)})
    make_run(tmp_path / "mine", config, MODEL.to_dict(), "generator", networks)
    TextTokenizer.train(["a cat"], 300).save(tmp_path / "mine" / "text_tokenizer.json")
    assert run(["export", *flags, "--generator", f"{tmp_path}/mine"]) == 0
    model = DALL_E.from_pretrained(tmp_path / "model")
    assert model.vocabulary is not None and model.vocabulary.captions == ("a car",)

    # Beside names that are planned with, a caption stays what it is.
    known = [*find_vocabulary()._known.values()]
    both = Vocabulary(known, model.vocabulary.captions)
    for seed in range(8):
        assert plan_prompt("A car.", both, seed).prompts == ("A car.",)
    assert any(not plan_prompt("a car", find_vocabulary(), seed).is_whole for seed in range(8))


def test_a_model_with_other_parts_keeps_what_it_remembers(runs, tmp_path: Path) -> None:
    """A trained one with a tokenizer of its own has nothing to remember."""
    flags, _ = runs
    parts = ["--generator", "dall-e-emoji", "--dual-encoder", "dall-e-emoji"]
    assert run(["export", *parts, "--out", f"{tmp_path}/same"]) == 0
    same = DALL_E.from_pretrained(tmp_path / "same")
    built_in = read_memory(find_model("dall-e-emoji") / MEMORY_FILE)
    assert same.memory is not None and same.memory.digest == built_in.digest
    assert same.recogniser is not None and len(same.recogniser.things) > 2900
    assert run(["export", *flags]) == 0
    mine = DALL_E.from_pretrained(tmp_path / "model")
    assert mine.memory is None and mine.recogniser is None


def find_vocabulary() -> Vocabulary:
    return Vocabulary.load(find_model("dall-e-emoji") / "vocabulary.txt")


@pytest.mark.filterwarnings("always:the upsampler in .* has learnt to bring")
def test_fault_training_04_parts_come_from_a_model_too(
    runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags, _ = runs
    assert run(["export", *flags, "--upsampler", "dall-e-emoji"]) == 0
    said = capsys.readouterr().err
    assert "has learnt to bring 96 pixels to 192, and this model draws 32" in said
    model = DALL_E.from_pretrained(tmp_path / "model")
    assert model("a cat", num_inference_steps=1).size == (384, 384)

    # From a model folder, too, and to one that has the size that it learnt: nothing to warn of.
    again = ["--tokenizer", f"{tmp_path}/model", "--generator", f"{tmp_path}/model"]
    more = ["--upsampler", f"{tmp_path}/model", "--out", f"{tmp_path}/again"]
    assert run(["export", *again, *more]) == 0
    assert "warning" not in capsys.readouterr().err
    assert run(["export", *again, "--out", f"{tmp_path}/plain"]) == 0
    capsys.readouterr()
    assert run(["export", *flags, "--upsampler", f"{tmp_path}/plain", "--force"]) == 1
    assert (
        f"the model {tmp_path}/plain has no upsampler: it has tokenizer" in capsys.readouterr().err
    )


def test_fault_training_04_the_tokenizer_is_the_one_it_was_trained_with(
    runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags, networks = runs
    config = with_values(GeneratorTraining(), {"tokenizer": f"{tmp_path}/t"})
    make_run(tmp_path / "mine", config, MODEL.to_dict(), "generator", networks)
    TextTokenizer.train(["a cat"], 300).save(tmp_path / "mine" / "text_tokenizer.json")
    assert run(["export", "--generator", f"{tmp_path}/mine", *flags[4:]]) == 0
    assert f"{tmp_path}/model" in capsys.readouterr().out


@pytest.mark.filterwarnings("always:.* was stopped at")
def test_fault_training_06_a_model_that_was_stopped_says_so(
    runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags, _ = runs
    state = torch.load(tmp_path / "t" / "checkpoint.pt", weights_only=True)
    torch.save({**state, "images_seen": 12_000}, tmp_path / "t" / "checkpoint.pt")
    assert run(["export", *flags]) == 0
    assert "t was stopped at 12,000 of 400,000 pictures (3%)" in capsys.readouterr().err
    assert read_model_config(tmp_path / "model")["trained_fraction"] == 0.03

    draw = ["generate", "a cat", "--model", f"{tmp_path}/model", "--steps", "1"]
    assert run([*draw, "--out", f"{tmp_path}/cat.png"]) == 0
    warning = "the training of model 1 was stopped at 3% of its schedule"
    assert warning in capsys.readouterr().err
    # It stays so when the model is handed on.
    with pytest.warns(DallEWarning, match=warning):
        DALL_E.from_pretrained(tmp_path / "model").save_pretrained(tmp_path / "copy")
    assert read_model_config(tmp_path / "copy")["trained_fraction"] == 0.03
    assert "trained_fraction" not in MODEL.to_dict()
