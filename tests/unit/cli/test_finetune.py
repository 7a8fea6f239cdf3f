"""`dall-e finetune`: from a folder to a model that draws it, and a LoRA that does so on top.

Shapes: H W rows, columns.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dall_e import DALL_E
from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.checkpoints.store import save_model
from dall_e.checkpoints.styles_file import read_styles
from dall_e.cli import run
from dall_e.cli.finetune import _preset_of
from dall_e.config import PRESETS
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.text.tokenizer import TextTokenizer
from dall_e.training.generator_networks import GeneratorNetworks

from ..training.test_processes import in_processes

TINY = PRESETS["tiny"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for number in range(6):
        pixels_HWC = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels_HWC).save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text(f"my robot number {number}", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of untrained tiny networks that knows one name."""
    torch.manual_seed(0)
    networks, tokenizer = GeneratorNetworks(TINY), ImageTokenizer(TINY.tokenizer)
    weights = {f"tokenizer.{name}": tensor for name, tensor in tokenizer.state_dict().items()}
    weights |= {
        name: tensor
        for name, tensor in networks.state_dict().items()
        if not name.startswith("tower.")
    }
    captions = ["a cat", *[f"my robot number {number}" for number in range(10)]]
    words = TextTokenizer.train(captions, TINY.text.vocab_size)
    folder = tmp_path_factory.mktemp("models") / "base"
    save_model(
        folder,
        {**TINY.to_dict(), "name": "base", "sampling": {"num_inference_steps": 4}},
        weights,
        int8=False,
        text_tokenizer_json=words.to_json(),
        vocabulary="cat | 猫 | animal | - | - | -\n",
    )
    return folder


def finetune(pictures: Path, base: Path, out: Path, *more: str) -> int:
    model = ["--model", str(base), "--images", "32", "--keep", "0.25"]
    return run(["finetune", str(pictures), "--out", str(out), *model, *more])


def test_the_model_has_own_captions_and_the_lora_gives_the_same(
    pictures: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    assert finetune(pictures, base, out, "--rank", "2") == 0
    told = capsys.readouterr().err
    for command in ("dall-e data check", "dall-e train generator", "dall-e export"):
        assert command in told

    # The model, and the small file on top of the one that it was made from.
    model, adapted = DALL_E.from_pretrained(out), DALL_E.from_pretrained(base)
    assert model.vocabulary is not None and model.vocabulary.is_caption("My robot number 3")
    before = adapted.networks.state_dict()["generator.query_blocks.0.mlp.down.weight"].clone()
    adapted.load_lora(out / "lora")
    merged = model.networks.state_dict()["generator.query_blocks.0.mlp.down.weight"]
    on_top = adapted.networks.state_dict()["generator.query_blocks.0.mlp.down.weight"]
    assert not torch.equal(on_top, before)
    # The model folder has eight bits a weight.
    torch.testing.assert_close(merged, on_top, atol=float(on_top.abs().max()) / 100, rtol=0)

    # It still knows what it drew while it learned.
    assert model.vocabulary.knows("cat")
    image = model("my robot number 3", seed=0)
    assert isinstance(image, Image.Image) and image.size == (32, 32)

    # The model that is there is not overwritten by chance.
    assert finetune(pictures, base, out) == 1
    assert "--force" in capsys.readouterr().err

    # But for one of which the config, which is written last, is missing: the command was killed.
    written = (out / "config.json").read_bytes()
    (out / "config.json").unlink()
    (out / "lora" / "adapter_config.json").unlink()
    assert finetune(pictures, base, out, "--rank", "2") == 0
    assert (out / "config.json").read_bytes() == written
    assert (out / "lora" / "adapter_config.json").exists()
    (out / "config.json").unlink()
    assert finetune(pictures, base, out, "--run", str(tmp_path / "another")) == 1, "not of this run"


def test_all_weights_learn_unless_it_is_asked_for(
    pictures: Path, base: Path, tmp_path: Path
) -> None:
    out = tmp_path / "full"
    named = ["--style", "crayon", "--subject", "sks robot", "--full"]
    assert finetune(pictures, base, out, "--run", str(tmp_path / "run"), *named) == 0
    assert (tmp_path / "run" / "checkpoint.pt").exists() and not (out / "lora").exists()
    model = DALL_E.from_pretrained(out)
    changed = model.networks.state_dict()
    initial = DALL_E.from_pretrained(base).networks.state_dict()
    assert not torch.allclose(changed["text.tokens.weight"], initial["text.tokens.weight"])

    # It can be asked for the style of the pictures, and for what they show.
    assert model.vocabulary is not None and model.vocabulary.knows("sks robot")
    assert ("crayon style", "crayon风格") in model.vocabulary.styles


def test_a_launcher_may_start_several_processes(pictures: Path, base: Path, tmp_path: Path) -> None:
    def tuned() -> None:
        assert finetune(pictures, base, tmp_path / "two", "--rank", "2") == 0

    said = in_processes(tuned)
    assert said[0].count("dall-e: dall-e ") == 3 and not said[1], "one process speaks"
    assert finetune(pictures, base, tmp_path / "one", "--rank", "2") == 0
    both = [DALL_E.from_pretrained(tmp_path / name).networks for name in ("one", "two")]
    for name, weight in both[0].state_dict().items():
        torch.testing.assert_close(both[1].state_dict()[name], weight, atol=0.02, rtol=0)
    assert (tmp_path / "two" / "lora").is_dir()

    # What the main process cannot do ends all.
    def refused() -> None:
        (tmp_path / "empty").mkdir(exist_ok=True)
        assert finetune(tmp_path / "empty", base, tmp_path / "none") == 1

    assert not in_processes(refused)[1]


def test_a_folder_without_pictures_stops_before_training(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert finetune(tmp_path / "empty", base, tmp_path / "out") == 1
    assert "no" in capsys.readouterr().err and not (tmp_path / "out").exists()
    assert finetune(tmp_path / "nowhere", base, tmp_path / "out") == 1


def test_dry_run_writes_nothing(
    pictures: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert finetune(pictures, base, tmp_path / "out", "--dry-run") == 0
    assert "prior_fraction" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_the_built_in_model_has_a_known_size() -> None:
    assert _preset_of(BUILT_IN) == "xs"


@pytest.fixture(scope="module")
def penned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four pictures of one style, which their captions name."""
    from ..images.restyling.conftest import SHAPES, in_pen, pixels

    folder = tmp_path_factory.mktemp("penned")
    for name, paths in zip(("apple", "castle", "car", "zorblat"), SHAPES, strict=True):
        straight = Image.fromarray(pixels(in_pen(paths)), "RGBA")
        straight.save(folder / f"{name}.png")
        (folder / f"{name}.txt").write_text(f"a {name}, pen style", encoding="utf-8")
    return folder


def test_few_images_of_one_style_train_nothing(
    penned: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Few drawings to try with are enough here.
    monkeypatch.setattr("dall_e.inference.style_finding.MOST_TRIED", 4)
    out = tmp_path / "mine"
    assert run(["finetune", str(penned), "--out", str(out), "--dry-run"]) == 0
    assert "would find the style pen in 4 pictures" in capsys.readouterr().out
    assert not out.exists()
    assert run(["finetune", str(penned), "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert told.out.strip() == str(out) and "train generator" not in told.err
    assert "found pen style in 4 pictures" in told.err and "lines of" in told.err
    assert [style.name for style in read_styles(out / "styles.json")] == ["pen style"]
    assert not (tmp_path / "mine-run").exists()


def test_only_a_style_is_refused_where_there_is_none(
    pictures: Path, penned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "mine")]
    assert run(["finetune", str(pictures), *out, "--only-style"]) == 1
    assert "name no style that they share" in capsys.readouterr().err
    assert run(["finetune", str(penned), *out, "--only-style", "--full"]) == 1
    assert "--only-style trains nothing: leave out --full" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()
