"""The tokenizer's stage on a few drawn shapes: batches, golden losses, resume."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from dall_e.checkpoints.run_files import load_stage
from dall_e.checkpoints.store import save_model
from dall_e.config import PRESETS, TokenizerTraining, with_values
from dall_e.data.datasets import ImageSet
from dall_e.errors import DallEWarning
from dall_e.images.files import encode_png
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.models.quantizer import Quantized
from dall_e.training.loop import fit
from dall_e.training.run_folder import open_run_folder
from dall_e.training.stage import StepOutput
from dall_e.training.tokenizer_stage import TokenizerStage, run_tokenizer_training


def drawn(num: int, size: int = 32) -> ImageSet:
    """Discs of many colours and places on nothing, uint8 premultiplied RGBA."""
    rows, columns = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    pictures = torch.zeros(num, 4, size, size, dtype=torch.uint8)
    for index in range(num):
        row, column = size // 4 + index * 7 % (size // 2), size // 4 + index * 5 % (size // 2)
        inside = (rows - row) ** 2 + (columns - column) ** 2 <= (size // 5) ** 2
        for channel, value in enumerate(
            (index * 37 % 256, index * 91 % 256, index * 151 % 256, 255)
        ):
            pictures[index, channel][inside] = value
    return ImageSet(images_NCHW=pictures, records=[{} for _ in range(num)], skipped=[])


def settings(out: Path, **changes: Any) -> TokenizerTraining:
    small = {
        "out": str(out),
        "preset": "tiny",
        "images": 32,
        "batch_size": 8,
        "warmup_images": 8,
        "adversarial_start": 0.0,
        "coarse_fraction": 0.5,
        "log_every": 1,
        "precision": "fp32",
        "device": "cpu",
    }
    return with_values(TokenizerTraining(), {**small, **changes})


def make(config: TokenizerTraining) -> TokenizerStage:
    return TokenizerStage(config, drawn(24), drawn(8))


def tokenizer_loss(stage: TokenizerStage, progress: float = 0.0) -> StepOutput:
    """What the tokenizer learns from at the first batch."""
    return next(stage.losses(stage.batch(0), progress))[1]


def losses(config: TokenizerTraining) -> list[float]:
    """The tokenizer's loss in each step of a run."""
    fit(config, make(config))
    lines = [
        json.loads(line)
        for line in (Path(config.run_folder) / "metrics.jsonl").read_text().splitlines()
    ]
    return [line["tokenizer_loss"] for line in lines if line["kind"] == "train"]


# Taken from this code when its sheets were looked at; a change here is a change of what training
# computes.
GOLDEN = [0.6841, 2.3049, 2.1246, 2.1266]
GOLDEN_PLAIN = [0.6841, 0.6787, 0.5877, 0.5580]


def test_golden_losses_of_four_steps(tmp_path: Path) -> None:
    assert losses(settings(tmp_path)) == pytest.approx(GOLDEN, rel=5e-3)


def test_golden_losses_of_four_steps_without_a_discriminator(tmp_path: Path) -> None:
    assert losses(settings(tmp_path, adversarial_weight=0.0)) == pytest.approx(
        GOLDEN_PLAIN, rel=5e-3
    )


def test_resumed_equals_straight(tmp_path: Path) -> None:
    straight = settings(tmp_path / "straight")
    fit(straight, make(straight))
    stopped = settings(tmp_path / "stopped")
    stage = make(stopped)
    batch = stage.batch
    stage.batch = lambda seen: (
        signal.raise_signal(signal.SIGINT) if seen == 8 else None,
        batch(seen),
    )[1]  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, stage)
    assert fit(stopped, make(stopped)) == 32
    states = [
        torch.load(Path(c.run_folder) / "checkpoint.pt", weights_only=True)
        for c in (straight, stopped)
    ]
    for name in ("tokenizer", "discriminator"):
        for key, tensor in states[0]["players"][name]["weights"].items():
            assert torch.equal(tensor, states[1]["players"][name]["weights"][key]), key
    assert torch.equal(states[0]["stage"]["adaptive"], states[1]["stage"]["adaptive"])


def test_a_batch_is_a_function_of_its_place(tmp_path: Path) -> None:
    stage, again = make(settings(tmp_path)), make(settings(tmp_path))
    stage.batch(0)
    assert torch.equal(stage.batch(8).images_BCHW, again.batch(8).images_BCHW)
    assert not torch.equal(stage.batch(8).background_BC, stage.batch(16).background_BC)


def test_augmented_pictures_are_valid(tmp_path: Path) -> None:
    stage = make(settings(tmp_path, coarse_fraction=0.0))
    images_BCHW = stage.batch(0).images_BCHW
    assert images_BCHW.shape == (8, 4, 32, 32) and images_BCHW.dtype == torch.float32
    assert images_BCHW.min() >= 0 and images_BCHW.max() <= 1
    assert (images_BCHW[:, :3] <= images_BCHW[:, 3:] + 1e-6).all()
    assert len({tuple(image.flatten().tolist()) for image in images_BCHW}) == 8
    assert make(settings(tmp_path, coarse_fraction=1.0)).batch(0).images_BCHW.shape == (
        8,
        4,
        20,
        20,
    )


def test_only_the_first_pictures_are_perturbed(tmp_path: Path) -> None:
    stage = make(settings(tmp_path, perturbed_tokens=1.0))
    codes_BHW = torch.arange(4 * 64).view(4, 8, 8)
    latents_BDHW = stage.tokenizer.quantizer.embed(codes_BHW).requires_grad_(True)
    quantized = Quantized(latents_BDHW, codes_BHW)
    moved = stage._perturbed(quantized, 2, torch.Generator().manual_seed(1))
    changed = (moved != latents_BDHW).any(1).float().mean((1, 2))
    assert (changed[:2] > 0).all() and (changed[2:] == 0).all()
    (gradient,) = torch.autograd.grad(moved.sum(), latents_BDHW)
    assert torch.equal(gradient, torch.ones_like(gradient))


def test_a_frozen_encoder_keeps_its_codes(tmp_path: Path) -> None:
    first = settings(tmp_path / "first", images=8, adversarial_weight=0.0)
    fit(first, make(first))
    second = settings(
        tmp_path / "second",
        images=8,
        adversarial_weight=0.0,
        init=first.run_folder,
        freeze_encoder=True,
        learning_rate=0.01,
    )
    fit(second, make(second))
    before, after = (load_stage(c.run_folder).weights("tokenizer") for c in (first, second))
    assert all(
        torch.equal(before[name], after[name]) for name in before if name.startswith("encoder")
    )
    assert not all(
        torch.equal(before[name], after[name]) for name in before if name.startswith("decoder")
    )


def test_start_from_a_model_folder(tmp_path: Path) -> None:
    torch.manual_seed(5)
    other = ImageTokenizer(PRESETS["tiny"].tokenizer)
    tensors = {f"tokenizer.{name}": tensor for name, tensor in other.state_dict().items()}
    tensors["generator.codes.weight"] = torch.zeros(1)
    save_model(tmp_path / "model", {}, tensors, int8=False, text_tokenizer_json="{}")
    stage = make(settings(tmp_path, init=str(tmp_path / "model")))
    for name, tensor in stage.tokenizer.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name
    assert all(parameter.requires_grad for parameter in stage.tokenizer.parameters())


def test_weights_of_another_preset_are_refused(tmp_path: Path) -> None:
    first = settings(tmp_path, images=8)
    fit(first, make(first))
    config = settings(tmp_path / "other", init=str(tmp_path), preset="xs64")
    with pytest.raises(ValueError, match="do not fit preset xs64"):
        TokenizerStage(config, drawn(1, 64), drawn(1, 64))


def test_a_run_of_another_stage_is_refused(tmp_path: Path) -> None:
    with open_run_folder(str(tmp_path)) as folder:
        state = {
            "config": {},
            "networks": {},
            "stage": {},
            "images_seen": 0,
            "seconds": 0.0,
            "random": {},
        }
        folder.save_checkpoint({**state, "players": {"generator": {"weights": {}, "ema": None}}})
    with pytest.raises(
        ValueError, match="not a run that trained the tokenizer: it trained generator"
    ):
        make(settings(tmp_path / "other", init=str(tmp_path)))


def test_a_dual_encoder_compares_too(tmp_path: Path, dual_encoder_folder: Path) -> None:
    stage = make(
        settings(
            tmp_path,
            dual_encoder=str(dual_encoder_folder),
            perceptual_weight=2.0,
            adversarial_weight=0.0,
        )
    )
    plain = make(settings(tmp_path, adversarial_weight=0.0))
    with_it, parts = tokenizer_loss(stage)
    without, _ = tokenizer_loss(plain)
    assert parts["perceptual"] > 0
    assert with_it.item() == pytest.approx(
        without.item() + 2 * parts["perceptual"].item(), rel=1e-5
    )
    with_it.backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is not None for parameter in stage.tokenizer.decoder.parameters())


def test_numbers_that_overflow_skip_the_step(tmp_path: Path) -> None:
    stage = make(settings(tmp_path))
    with torch.no_grad():
        for parameter in stage.tokenizer.encoder.parameters():
            parameter.fill_(float("nan"))
    loss, _ = tokenizer_loss(stage)
    assert not bool(loss.isfinite())


def test_pictures_of_another_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"preset tiny takes pictures of shape \(4, 32, 32\)"):
        TokenizerStage(settings(tmp_path), drawn(4, 64), drawn(4))


def test_sheet_and_measures(tmp_path: Path) -> None:
    stage = make(settings(tmp_path))
    measures = stage.sample(tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 0
    assert measures.keys() == {"psnr", "psnr_perturbed"} and measures["psnr"] > 0
    assert stage.sample(tmp_path / "sheet.png") == measures
    tokenizer_loss(stage)
    window = stage.window()
    assert 0 < window["codes_used"] <= 1 and 1 <= window["code_perplexity"] <= 1000
    assert stage.window()["codes_used"] == 0


def test_the_discriminator_joins_late(tmp_path: Path) -> None:
    stage = make(settings(tmp_path, adversarial_start=0.5))
    batch = stage.batch(0)
    assert [name for name, _ in stage.losses(batch, 0.49)] == ["tokenizer"]
    assert [name for name, _ in stage.losses(batch, 0.5)] == ["tokenizer", "discriminator"]
    _, before = tokenizer_loss(stage, 0.4)
    _, after = tokenizer_loss(stage, 0.6)
    assert "adversarial" not in before and {"adversarial", "features", "adaptive"} <= after.keys()
    assert "the discriminator joins after 16 pictures" in stage.summary()


def test_run_from_a_folder_of_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for index, image in enumerate(drawn(10).images_NCHW.numpy()):
        (data / f"{index}.png").write_bytes(encode_png(image))
    (data / "broken.png").write_bytes(b"not a picture")
    config = settings(tmp_path / "run", data=str(data), images=8)
    with pytest.warns(DallEWarning, match=r"1 x picture that cannot be read \(broken\.png\)"):
        run_tokenizer_training(config, dry_run=True)
    assert "tokenizer: " in capsys.readouterr().out and not (tmp_path / "run").exists()
    with pytest.warns(DallEWarning, match="cannot be read"):
        run_tokenizer_training(config)
    assert "10 pictures to train on" in capsys.readouterr().err
    assert (tmp_path / "run" / "samples" / "000000008.png").exists()


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
