"""A few small runs that several stages start from."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dall_e.config import PRESETS, DualEncoderConfig, GeneratorTraining, with_values
from dall_e.models.dual_encoder import DualEncoder
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.training.generator_stage import GeneratorStage
from dall_e.training.loop import fit
from dall_e.training.run_folder import open_run_folder


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run "generator" of a few steps, with its pictures "data" and untrained "tokenizer"."""
    root = tmp_path_factory.mktemp("runs")
    (root / "data").mkdir()
    rng = np.random.default_rng(0)
    for number in range(24):
        Image.new("RGBA", (32, 32), tuple(rng.integers(0, 256, 4))).save(
            root / "data" / f"{number:02d}.png"
        )
        (root / "data" / f"{number:02d}.txt").write_text(f"thing number {number // 2}")
    torch.manual_seed(0)
    weights = ImageTokenizer(PRESETS["tiny"].tokenizer).state_dict()
    with open_run_folder(str(root / "tokenizer")) as folder:
        player = {"weights": weights, "ema": weights}
        networks = {"tokenizer": dataclasses.asdict(PRESETS["tiny"].tokenizer)}
        players = {"tokenizer": player}
        folder.save_checkpoint({"config": {}, "networks": networks, "players": players})
    config = with_values(
        GeneratorTraining(),
        {
            "out": str(root / "generator"),
            "data": str(root / "data"),
            "tokenizer": str(root / "tokenizer"),
            "preset": "tiny",
            "images": 64,
            "batch_size": 8,
            "warmup_images": 8,
            "views": 2,
            "precision": "fp32",
            "device": "cpu",
            "learning_rate": 3e-3,
            "track": "none",
        },
    )
    fit(config, GeneratorStage(config))
    return root


@pytest.fixture(scope="session")
def dual_encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of an untrained dual encoder."""
    root = tmp_path_factory.mktemp("dual_encoder")
    torch.manual_seed(3)
    sizes = DualEncoderConfig(
        image_size=32,
        image_widths=(8, 16),
        vocab_size=512,
        text_width=16,
        text_layers=1,
        text_heads=2,
        width=16,
    )
    players = {"dual_encoder": {"weights": DualEncoder(sizes).state_dict(), "ema": None}}
    with open_run_folder(str(root)) as folder:
        folder.save_checkpoint(
            {
                "config": {"seed": 3},
                "networks": {"dual_encoder": dataclasses.asdict(sizes)},
                "players": players,
            }
        )
    return root
