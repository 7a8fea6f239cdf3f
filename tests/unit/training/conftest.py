"""A few small runs that several stages start from."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dall_e.config import PRESETS, GeneratorTraining
from dall_e.models.vqgan import ImageTokenizer
from dall_e.training.generator_stage import GeneratorStage
from dall_e.training.loop import fit
from dall_e.training.run_folder import open_run_folder


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures "data", an untrained image tokenizer "tokenizer", and a generator "generator" of a few steps."""
    root = tmp_path_factory.mktemp("runs")
    (root / "data").mkdir()
    rng = np.random.default_rng(0)
    for number in range(24):
        Image.new("RGBA", (32, 32), tuple(rng.integers(0, 256, 4))).save(root / "data" / f"{number:02d}.png")
        (root / "data" / f"{number:02d}.txt").write_text(f"thing number {number // 2}")
    torch.manual_seed(0)
    weights = ImageTokenizer(PRESETS["tiny"].tokenizer).state_dict()
    with open_run_folder(str(root / "tokenizer")) as folder:
        player = {"weights": weights, "ema": weights}
        folder.save_checkpoint({"config": {}, "networks": {}, "players": {"tokenizer": player}})
    config = GeneratorTraining(
        out=str(root / "generator"), data=str(root / "data"), tokenizer=str(root / "tokenizer"), preset="tiny",
        images=64, batch_size=8, warmup_images=8, views=2, precision="fp32", device="cpu", learning_rate=3e-3,
    )  # fmt: skip
    fit(config, GeneratorStage(config))
    return root
