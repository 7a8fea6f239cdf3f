"""Janus describes pictures as transformers' own Janus does: logits, and greedy words."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from dall_e.checkpoints.families import janus, janus_vision
from dall_e.inference.answering import Describer, TextSamplingConfig
from dall_e.models.prompt_networks import PromptStates

START, END, IMAGE, IMAGE_END, SLOT = 0, 1, 3, 4, 5


class Marks:
    """Stands for the text tokenizer: only where an answer ends matters here."""

    end_id = END


@pytest.mark.parametrize("tied", [True, False])
@torch.no_grad()
def test_logits_and_greedy_words(tmp_path: Path, tied: bool) -> None:
    package = pytest.importorskip(
        "transformers", reason="transformers is not installed: pip install transformers"
    )
    torch.manual_seed(int(tied))

    # A small random model of theirs.
    text = {
        "hidden_size": 48,
        "intermediate_size": 72,
        "num_hidden_layers": 2,
        "vocab_size": 90,
        "num_attention_heads": 3,
        "num_key_value_heads": 3,
        "pad_token_id": 2,
        "bos_token_id": START,
    }
    vision = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 12,
        "mlp_ratio": 2.0,
        "patch_size": 4,
        "projection_dim": 48,
        "num_image_tokens": 9,
    }
    vq = {
        "embed_dim": 8,
        "num_embeddings": 30,
        "latent_channels": 32,
        "base_channels": 32,
        "num_patches": 3,
        "channel_multiplier": [1, 2],
        "num_res_blocks": 1,
        "projection_dim": 48,
        "image_token_embed_dim": 48,
    }
    config = package.JanusConfig(
        text_config={**text, "tie_word_embeddings": tied},
        vision_config=vision,
        vq_config=vq,
        image_token_id=SLOT,
        tie_word_embeddings=tied,
    )
    theirs = package.JanusForConditionalGeneration(config).eval()
    for name, parameter in theirs.named_parameters():
        nn.init.normal_(parameter, mean=float("norm" in name and name.endswith("weight")), std=0.2)
    theirs.generation_config.update(
        pad_token_id=2, bos_token_id=START, eos_token_id=END, do_sample=False
    )
    theirs.save_pretrained(tmp_path)

    # Its logits and its greedy words.
    x_1CHW = torch.rand(1, 3, 12, 12)
    before, behind = [START, 10, 11, IMAGE], [IMAGE_END, 12, 13, 14]
    inputs = {
        "input_ids": torch.tensor([[*before, *[SLOT] * 9, *behind]]),
        "pixel_values": x_1CHW * 2 - 1,
    }
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    expected = theirs(**inputs).logits
    generated_1L = theirs.generate(**inputs, max_new_tokens=12)
    generated = generated_1L[0, inputs["input_ids"].shape[1] :].tolist()

    # Ours, from its files.
    path = tmp_path / "model.safetensors"
    given = json.loads((tmp_path / "config.json").read_text())
    prompts, raster, _ = janus.load_networks(path, given, torch.float32, num_tokens=9)
    config = janus_vision.read_vision_config(path, given)
    assert config is not None
    tower = janus_vision.load_vision(path, config, torch.float32)
    describer = Describer(prompts, raster, tower, Marks())
    states_1LD = describer.embed(x_1CHW, before, behind)
    visible_1L = torch.ones(1, states_1LD.shape[1], dtype=torch.bool)
    read_1LD = raster.states(
        PromptStates(states_1LD, visible_1L), torch.zeros(1, 0, dtype=torch.int64)
    )
    assert float(expected.std()) > 0.1
    torch.testing.assert_close(tower.word_logits(read_1LD), expected, atol=1e-4, rtol=0)
    assert describer.generate(states_1LD, TextSamplingConfig(12, 0.0, None)) == generated
