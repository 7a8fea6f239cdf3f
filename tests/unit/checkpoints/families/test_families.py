"""Folders of LlamaGen, minDALL-E and Janus draw through the pipeline, each by its own rules for
prompts."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
from torch import Tensor, nn

from dall_e import DALL_E
from dall_e.checkpoints import t5
from dall_e.checkpoints.families import (
    janus,
    janus_names,
    llamagen,
    llamagen_vq,
    mindalle,
    taming_transformers,
)
from dall_e.checkpoints.keymap import KeyTable
from dall_e.config.published import BlockStyle, LeftToRightConfig, PromptConfig, VQGANConfig
from dall_e.inference.prompt_encoding import FeatureReader
from dall_e.models.left_to_right import LeftToRight
from dall_e.models.prompt_networks import PromptFeatures, build_prompts
from dall_e.models.vqgan import VQGAN
from dall_e.text.published_tokenizers import JanusTokenizer

Writer = Callable[[nn.Module, KeyTable], dict[str, Tensor]]
pytestmark = pytest.mark.filterwarnings("ignore:the weights of .* are under the licence")

SIZES: dict[str, Any] = {"num_codes": 30, "num_tokens": 256, "code_rows": 30, "num_logits": 30}
SIZES |= {"width": 64, "num_heads": 1, "num_layers": 1, "mlp_width": 32}
# Sixteen times sixteen tokens of 16 pixels a side, with hardly any channels.
VQ = VQGANConfig(
    width=32, multipliers=(1, 1, 1, 1, 1), encoder_blocks=1, decoder_blocks=1,
    attention_levels=(), latent_width=4,
    num_codes=30, code_width=4,
)  # fmt: skip


def made(network: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for name, parameter in network.named_parameters():
        nn.init.normal_(parameter, mean=float("norm" in name and name.endswith("weight")), std=0.15)
    return network.eval()


def same(first: Any, second: Any) -> bool:
    return np.array_equal(np.asarray(first), np.asarray(second))


def fake_features(text: str) -> t5.Features:
    """Two features per word, at the right end, as T5Features gives them."""
    length = min(12, 2 * len(text.split()))
    rng = torch.Generator().manual_seed(sum(map(ord, text)))
    features_1LF, visible_1L = torch.zeros(1, 12, 10), torch.zeros(1, 12, dtype=torch.bool)
    features_1LF[:, -length:] = torch.randn(1, length, 10, generator=rng)
    visible_1L[:, -length:] = True
    return t5.Features(features_1LF, visible_1L, "")


def test_llamagen(tmp_path: Path, write_foreign: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    text = PromptConfig(kind="features", max_tokens=12, feature_width=10, width=64)
    style = BlockStyle(norm_eps=1e-5, qk_norm=False)
    raster = LeftToRightConfig(**SIZES, prefix_tokens=12, places="grid", style=style)
    vqgan = dataclasses.replace(VQ, lookup="cosine")
    held = write_foreign(made(build_prompts(text)), llamagen.prompt_table(text))
    held |= write_foreign(made(LeftToRight(raster)), llamagen.transformer_table(raster))
    torch.save({"model": held}, tmp_path / "t2i_XL_stage1_256.pt")
    torch.save(
        {"model": write_foreign(made(VQGAN(vqgan)), llamagen_vq.tokenizer_table(vqgan))},
        tmp_path / "vq_ds16_t2i.pt",
    )
    monkeypatch.setattr(t5.T5Features, "load", lambda *_args, **_keywords: fake_features)
    model = DALL_E.from_pretrained(tmp_path, variant="256")
    first = model("a white cat", seed=3)
    assert (
        first.size == (256, 256)
        and first.info["guidance_scale"] == "7.5"
        and first.info["top_k"] == "1000"
    )
    assert same(model(["dog", "a white cat"], seed=[1, 3])[1], first)
    assert not same(model("a white cat", seed=3, negative_prompt="a dog"), first)


@torch.no_grad()
def test_llamagen_s_null_is_seen_where_the_prompt_is() -> None:
    network = made(
        build_prompts(PromptConfig(kind="features", max_tokens=12, feature_width=10, width=64))
    )
    assert isinstance(network, PromptFeatures)
    pair = FeatureReader(network, fake_features).read("a cat", "")
    assert torch.equal(pair.text.visible_BL, pair.null.visible_BL)
    assert pair.text.visible_BL[0].tolist() == [False] * 8 + [True] * 4
    # Features that are 0 become states that are 0: the projections have no biases.
    assert (
        float(pair.text.states_BLD[0, :8].abs().max()) == 0
        and float(pair.null.states_BLD[0, 0].abs().max()) > 0
    )


def test_mindalle(tmp_path: Path, write_foreign: Writer) -> None:
    text = PromptConfig(kind="table", vocab_size=8, max_tokens=6, width=64, places=True)
    style = BlockStyle(
        norm="layer", norm_eps=1e-5, qk_norm=False, attention_bias=True, mlp="gelu", mlp_bias=True
    )
    raster = LeftToRightConfig(**SIZES, text_logits=8, prefix_tokens=6, style=style)
    held = write_foreign(made(build_prompts(text)), mindalle.prompt_table(text))
    held |= write_foreign(made(LeftToRight(raster)), mindalle.transformer_table(raster))
    torch.save({"state_dict": held}, tmp_path / "stage2_last.ckpt")
    vqgan = write_foreign(made(VQGAN(VQ)), taming_transformers.tokenizer_table(VQ))
    torch.save({"state_dict": vqgan}, tmp_path / "stage1_last.ckpt")
    (tmp_path / "tokenizer").mkdir()
    vocabulary = {
        piece: number
        for number, piece in enumerate(["[UNK]", "a", "b", "a</w>", "b</w>", "ab</w>"])
    }
    (tmp_path / "tokenizer" / "bpe-16k-vocab.json").write_text(json.dumps(vocabulary))
    (tmp_path / "tokenizer" / "bpe-16k-merges.txt").write_text("#version: 0.2\na b</w>\n")
    with pytest.warns(UserWarning, match="CC-BY-NC-SA-4.0"):
        model = DALL_E.from_pretrained(tmp_path)
    first = model("ab b", seed=1)
    assert first.size == (256, 256) and first.info["guidance_scale"] == "1.0"
    assert not same(model("b", seed=1), first)
    with pytest.raises(ValueError, match="was not trained for guidance, it must be 1"):
        model("ab", guidance_scale=2.0)
    with pytest.raises(ValueError, match="no use for a negative prompt"):
        model("ab", negative_prompt="b")
    with pytest.warns(UserWarning, match="left out: 'b b'"):
        model("ab ab ab ab ab ab b b", seed=1)


def janus_tokenizer() -> Tokenizer:
    marks = [
        JanusTokenizer.START,
        JanusTokenizer.PAD,
        JanusTokenizer.IMAGE,
        "<|User|>",
        "<|Assistant|>",
    ]
    letters = sorted(set(pre_tokenizers.ByteLevel.alphabet()))
    bpe = Tokenizer(
        models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[])
    )
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.add_special_tokens([AddedToken(mark, special=True) for mark in marks])
    return bpe


@pytest.mark.parametrize(
    "names", [janus_names.ORIGINAL, janus_names.CONVERTED], ids=["original", "transformers"]
)
def test_janus(
    tmp_path: Path, write_foreign: Writer, monkeypatch: pytest.MonkeyPatch, names: janus_names.Names
) -> None:
    text = PromptConfig(kind="table", vocab_size=270, max_tokens=janus.LONGEST_PROMPT, width=64)
    extra = {
        "code_width": 4,
        "head_width": 24,
        "prefix_tokens": janus.LONGEST_PROMPT,
        "places": "line",
    }
    raster = LeftToRightConfig(
        **{**SIZES, "num_tokens": 16}, **extra, style=BlockStyle(qk_norm=False)
    )
    vqgan = dataclasses.replace(VQ, lookup="cosine", image_size=64)
    held: dict[str, Tensor] = {}
    with monkeypatch.context() as patch:
        patch.setattr(janus, "names_of", lambda tensors: names)
        held |= write_foreign(made(build_prompts(text)), janus.prompt_table({}))
        held |= write_foreign(made(LeftToRight(raster)), janus.transformer_table(raster, {}))
        held |= write_foreign(made(VQGAN(vqgan)), janus.tokenizer_table(vqgan, {}))
    names_held = list(held)
    shards = {"a.bin": names_held[::2], "b.bin": names_held[1::2]}
    for shard, inside in shards.items():
        torch.save({name: held[name] for name in inside}, tmp_path / shard)
    places = {name: shard for shard, inside in shards.items() for name in inside}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": places}))
    head = {
        "model_type": "janus",
        "text_config": {"num_attention_heads": 1},
        "vq_config": {"num_patches": 4},
    }
    (tmp_path / "config.json").write_text(json.dumps(head))
    janus_tokenizer().save(str(tmp_path / "tokenizer.json"))
    with pytest.warns(UserWarning, match="with use restrictions"):
        model = DALL_E.from_pretrained(tmp_path)
    first = model("a cat", seed=5)
    assert (
        first.size == (64, 64)
        and first.info["guidance_scale"] == "5.0"
        and first.info["num_inference_steps"] == "16"
    )
    # Prompts of other lengths are drawn in batches of their own.
    several = model(["a very white cat", "a cat", "a dog"], seed=[1, 5, 2])
    assert same(several[1], first)
    # A negative prompt of another length fills the shorter one up on the left.
    assert not same(model("a cat", seed=5, negative_prompt="something else"), first)


def test_features_from_t5(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cleaned, cut with the end mark kept, moved to the right end."""

    class Words:
        def __call__(self, text: str, *, truncation: bool) -> dict[str, list[int]]:
            assert not truncation
            return {"input_ids": [*range(10, 10 + len(text.split())), 1]}

        def decode(self, ids: list[int]) -> str:
            return f"{len(ids)} pieces"

    class Encoder:
        def __call__(self, *, input_ids: Tensor, attention_mask: Tensor) -> Any:
            assert bool(attention_mask.all())
            states = input_ids[..., None].expand(-1, -1, 3).to(torch.bfloat16)
            return type("Output", (), {"last_hidden_state": states})

    make = t5.T5Features(Words(), Encoder(), 5)
    found = make("A &amp; B ")
    assert found.visible_1L[0].tolist() == [False, True, True, True, True] and found.dropped == ""
    assert (
        found.features_1LF[0, :, 0].tolist() == [0, 10, 11, 12, 1]
        and found.features_1LF.dtype == torch.float32
    )
    cut = make("one two three four five six")
    assert cut.features_1LF[0, :, 0].tolist() == [10, 11, 12, 13, 1] and cut.dropped == "2 pieces"


def test_t5_without_transformers_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ImportError, match=r"pip install 'open-dalle\[hub\]'"):
        t5.T5Features.load("somewhere", 120)
