"""A tiny model with random weights, made once, for every test that draws."""

import os
from pathlib import Path

import pytest

# Tensors in tests are tiny: threads would only wait for each other, and for the other processes of
# a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of preset tiny: 32 pixels, 64 tokens, untrained.

    It has the words of the built-in model.
    """
    import dataclasses

    import torch

    from dall_e.checkpoints.known_models import BUILT_IN, find_model
    from dall_e.config import PRESETS
    from dall_e.inference.loading import Networks
    from dall_e.pipeline import DALL_E
    from dall_e.planning.vocabulary import Vocabulary
    from dall_e.text.tokenizer import TextTokenizer

    torch.manual_seed(0)
    config = dataclasses.replace(PRESETS["tiny"], name="tiny-random", version="7")
    captions = ["a white cat", "two red apples", "一只白色的猫", "红苹果"] * 3
    model = DALL_E(
        config,
        Networks.build(config),
        TextTokenizer.train(captions, config.text.vocab_size),
        vocabulary=Vocabulary.load(find_model(BUILT_IN) / "vocabulary.txt"),
    )
    folder = tmp_path_factory.mktemp("models") / "tiny"
    model.save_pretrained(folder)
    return folder
