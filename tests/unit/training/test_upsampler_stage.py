"""The upsampler's stage on drawn discs: batches, and golden losses."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from dall_e.checkpoints.run_files import load_stage
from dall_e.config import PRESETS, UPSAMPLERS, TokenizerTraining, UpsamplerTraining, with_values
from dall_e.data.datasets import ImageSet
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.training.loop import fit
from dall_e.training.run_folder import open_run_folder
from dall_e.training.upsampler_stage import UpsamplerStage, run_upsampler_training


def discs(num: int, size: int = 32) -> ImageSet:
    """Hard-edged discs, uint8 premultiplied RGBA."""
    rows, columns = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    pictures = torch.zeros(num, 4, size, size, dtype=torch.uint8)
    for index in range(num):
        row, column = size // 4 + index * 7 % (size // 2), size // 4 + index * 5 % (size // 2)
        inside = (rows - row) ** 2 + (columns - column) ** 2 <= (size // 4) ** 2
        for channel, value in enumerate(
            (index * 37 % 256, index * 91 % 256, index * 151 % 256, 255)
        ):
            pictures[index, channel][inside] = value
    return ImageSet(images_NCHW=pictures, records=[{} for _ in range(num)], skipped=[])


def settings(out: Path, **changes: Any) -> UpsamplerTraining:
    small = {
        "out": str(out),
        "small_size": 16,
        "images": 32,
        "batch_size": 8,
        "warmup_images": 8,
        "log_every": 1,
        "precision": "fp32",
        "device": "cpu",
    }
    return with_values(UpsamplerTraining(), {**small, **changes})


@pytest.fixture
def tokenizer_run(tmp_path: Path) -> str:
    """The run folder of an untrained tokenizer."""
    torch.manual_seed(0)
    weights = ImageTokenizer(PRESETS["tiny"].tokenizer).state_dict()
    with open_run_folder(str(tmp_path / "tokenizer")) as folder:
        networks = {"tokenizer": dataclasses.asdict(PRESETS["tiny"].tokenizer)}
        player = {"weights": weights, "ema": weights}
        config = dataclasses.asdict(TokenizerTraining())
        folder.save_checkpoint(
            {"config": config, "networks": networks, "players": {"tokenizer": player}}
        )
    return str(tmp_path / "tokenizer")


def test_a_batch_is_a_function_of_its_place(tmp_path: Path) -> None:
    stage, again = (UpsamplerStage(settings(tmp_path), discs(24), discs(8)) for _ in range(2))
    stage.batch(0)
    first, second = stage.batch(8), again.batch(8)
    assert all(torch.equal(tensor, vars(second)[name]) for name, tensor in vars(first).items())
    assert first.small_BCHW.shape == (8, 4, 16, 16) and first.large_BCHW.shape == (8, 4, 32, 32)
    # Pixels of two by two become one.
    assert abs(float(first.small_BCHW.mean() - first.large_BCHW.mean())) < 1e-3


def test_half_of_the_small_pictures_go_through_the_tokenizer(
    tmp_path: Path, tokenizer_run: str
) -> None:
    plain = UpsamplerStage(settings(tmp_path), discs(24), discs(8)).batch(0)
    through = UpsamplerStage(
        settings(tmp_path, tokenizer=tokenizer_run), discs(24), discs(8)
    ).batch(0)
    assert torch.equal(plain.large_BCHW, through.large_BCHW)
    assert torch.equal(plain.small_BCHW[4:], through.small_BCHW[4:])
    assert all(not torch.equal(plain.small_BCHW[row], through.small_BCHW[row]) for row in range(4))


# Taken from this code when its sheet was looked at; a change here is a change of what training
# computes.
GOLDEN = [0.1153, 0.1311, 0.1155, 0.1520]


def test_golden_losses_of_four_steps(tmp_path: Path) -> None:
    fit(settings(tmp_path), UpsamplerStage(settings(tmp_path), discs(24), discs(8)))
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["upsampler_loss"] for line in lines if line["kind"] == "train"] == pytest.approx(
        GOLDEN, rel=5e-3
    )


def test_beats_bilinear(tmp_path: Path) -> None:
    config = settings(tmp_path, images=400, ema_decay=0.5, final_learning_rate=1.0)
    measures: dict[str, float] = {}
    fit(
        config,
        UpsamplerStage(config, discs(24), discs(8)),
        on_sample=lambda path, found: measures.update(found),
    )
    assert measures["psnr"] > measures["psnr_bilinear"] + 0.3
    assert list((tmp_path / "samples").glob("*.png"))


def test_run_from_a_data_set(
    tmp_path: Path, tokenizer_run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path / "run", data="examples/tiny_pictures", images=8)
    run_upsampler_training(config, dry_run=True)
    assert "16 pixels to 32, clean" in capsys.readouterr().out and not (tmp_path / "run").exists()
    run_upsampler_training(config)
    trained = load_stage(tmp_path / "run")
    assert trained.network("upsampler")["widths"] == (32, 64, 128)
    assert "exit.weight" in trained.weights("upsampler")
    with pytest.raises(
        ValueError, match="not a run that trained the tokenizer: it trained upsampler"
    ):
        run_upsampler_training(with_values(config, {"tokenizer": config.run_folder}))


@pytest.mark.parametrize("fraction", [0.0, 0.25, 1.0])
def test_as_many_go_through_the_tokenizer_as_asked(
    tmp_path: Path, tokenizer_run: str, fraction: float
) -> None:
    plain = UpsamplerStage(settings(tmp_path), discs(24), discs(8)).batch(0)
    config = settings(tmp_path, tokenizer=tokenizer_run, tokenized_fraction=fraction)
    batch = UpsamplerStage(config, discs(24), discs(8)).batch(0)
    changed = [
        not torch.equal(*pair) for pair in zip(plain.small_BCHW, batch.small_BCHW, strict=True)
    ]
    through = round(8 * fraction)
    assert changed == [True] * through + [False] * (8 - through)
    assert batch.small_BCHW.min() >= 0 and batch.small_BCHW.max() <= 1


def test_codes_of_some_of_those_are_moved(tmp_path: Path, tokenizer_run: str) -> None:
    def batch(**values: float) -> torch.Tensor:
        config = settings(tmp_path, tokenizer=tokenizer_run, tokenized_fraction=0.5, **values)
        return UpsamplerStage(config, discs(24), discs(8)).batch(8).small_BCHW

    plain = batch(perturbed_fraction=0.0)
    moved, again = (batch(perturbed_fraction=0.25, perturbed_tokens=1.0) for _ in range(2))
    assert torch.equal(moved, again)
    changed = [not torch.equal(*pair) for pair in zip(plain, moved, strict=True)]
    assert changed == [True] * 2 + [False] * 6
    # No more are moved than go through the tokenizer.
    most = batch(perturbed_fraction=1.0, perturbed_tokens=1.0)
    assert torch.equal(most[4:], plain[4:]) and not torch.equal(most[3], plain[3])


def test_what_is_measured_has_no_moved_codes(tmp_path: Path, tokenizer_run: str) -> None:
    def measured(fraction: float) -> dict[str, float]:
        config = settings(tmp_path, tokenizer=tokenizer_run, perturbed_fraction=fraction)
        return UpsamplerStage(config, discs(24), discs(8)).sample(tmp_path / "sheet.png")

    assert measured(0.0) == measured(0.5)


def test_mirrored_pictures_are_half_of_a_batch_and_only_those(tmp_path: Path) -> None:
    straight, mirrored = (
        torch.cat(
            [
                UpsamplerStage(settings(tmp_path, mirrored=on), discs(24), discs(8))
                .batch(8 * n)
                .large_BCHW
                for n in range(4)
            ]
        )
        for on in (False, True)
    )
    turned = 0
    for before, after in zip(straight, mirrored, strict=True):
        is_turned = torch.equal(before.flip(-1), after)
        assert is_turned or torch.equal(before, after)
        turned += is_turned and not torch.equal(before, after)
    assert 4 < turned < 28


def test_the_preset_chooses_the_sizes(tmp_path: Path) -> None:
    stage = UpsamplerStage(settings(tmp_path, preset="tiny"), discs(24), discs(8))
    assert stage.upsampler.config == UPSAMPLERS["tiny"]
    assert stage.networks["upsampler"]["widths"] == (8, 16)
    with pytest.raises(ValueError, match="preset 'huge' is not one of tiny, small, large"):
        settings(tmp_path, preset="huge")
    with pytest.raises(ValueError, match="small_size 12 is not a multiple of 8"):
        settings(tmp_path, preset="large", small_size=12)


@pytest.mark.parametrize("name", ["tokenized_fraction", "perturbed_fraction", "perturbed_tokens"])
@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_fractions_are_fractions(tmp_path: Path, name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        settings(tmp_path, **{name: value})
