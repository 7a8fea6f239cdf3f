"""Every adapter, without the project's own code: our weights written under its names come back the
same.

What the numbers mean is checked in tests/parity; here it is that each table covers its network in
full, that sizes are read off the tensors, and that settings of another size are refused with both
shapes.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dall_e.checkpoints.families import (
    janus,
    janus_names,
    llamagen,
    llamagen_vq,
    min_dalle,
    min_dalle_vqgan,
    mindalle,
    openai_dvae,
    taming_transformers,
)
from dall_e.checkpoints.keymap import KeyTable
from dall_e.config.published import (
    BlockStyle,
    DVAEConfig,
    LeftToRightConfig,
    PromptConfig,
    VQGANConfig,
)
from dall_e.errors import DallEWarning
from dall_e.models.dvae import DVAE
from dall_e.models.left_to_right import LeftToRight
from dall_e.models.prompt_networks import build_prompts
from dall_e.models.vqgan import VQGAN

F32 = torch.float32
VQ = VQGANConfig(
    image_size=16,
    width=32,
    multipliers=(1, 2),
    encoder_blocks=1,
    decoder_blocks=2,
    attention_levels=(1,),
    latent_width=24,
    num_codes=40,
    code_width=8,
)
SIZES: dict[str, Any] = {"num_codes": 30, "num_tokens": 16, "code_rows": 30, "num_logits": 30}
SIZES |= {"width": 64, "num_heads": 1, "num_layers": 2, "mlp_width": 40}


def made(network: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for parameter in network.parameters():
        nn.init.normal_(parameter)
    return network.eval()


def foreign(network: nn.Module, table: KeyTable) -> dict[str, Tensor]:
    """Our weights under the other project's names."""
    weights = network.state_dict()
    out: dict[str, Tensor] = {}
    for name, source in table.rows.items():
        parts = weights[name].chunk(len(source.names))
        out |= {theirs: part.clone() for theirs, part in zip(source.names, parts, strict=True)}
    return out


def check_same(loaded: nn.Module, original: nn.Module) -> None:
    ours, theirs = loaded.state_dict(), original.state_dict()
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        assert torch.equal(ours[name], tensor), name


def saved(path: Path, tree: Any) -> Path:
    torch.save(tree, path)
    return path


@pytest.mark.parametrize("lookup", ["distance", "logits"])
def test_taming(tmp_path: Path, lookup: Any) -> None:
    config = dataclasses.replace(VQ, lookup=lookup, image_size=256)
    network = made(VQGAN(config))
    held = foreign(network, taming_transformers.tokenizer_table(config)) | {
        "loss.logvar": torch.ones(1)
    }
    loaded = taming_transformers.load(
        saved(tmp_path / "a.ckpt", {"state_dict": held, "epoch": 1}), {}, F32
    )
    assert loaded.config == config
    check_same(loaded, network)
    codes_BHW = torch.randint(40, (1, 4, 4))
    assert loaded.encode(loaded.decode(codes_BHW)).codes_BHW.shape == (1, 4, 4)


def test_llamagen_vq(tmp_path: Path) -> None:
    config = dataclasses.replace(VQ, lookup="cosine", image_size=256)
    network = made(VQGAN(config))
    held = foreign(network, llamagen_vq.tokenizer_table(config)) | {
        "quantize.codebook_used": torch.ones(9)
    }
    loaded = llamagen_vq.load(saved(tmp_path / "a.pt", {"model": held}), {}, F32)
    assert loaded.config == config
    check_same(loaded, network)


def test_settings_of_another_size_are_refused_with_both_shapes(tmp_path: Path) -> None:
    network = made(VQGAN(VQ))
    path = saved(
        tmp_path / "a.ckpt",
        {"state_dict": foreign(network, taming_transformers.tokenizer_table(VQ))},
    )
    given = {
        "ch": 32,
        "ch_mult": [1, 2],
        "num_res_blocks": 1,
        "attn_resolutions": [8],
        "resolution": 16,
    }
    given |= {"out_ch": 3, "z_channels": 24, "n_embed": 40, "embed_dim": 8}
    assert taming_transformers.load(path, given, F32).config == VQ
    with pytest.raises(
        ValueError,
        match=r"quantize.embedding.weight has shape \[40, 8\], the settings ask for \[41, 8\]",
    ):
        taming_transformers.load(path, {**given, "n_embed": 41}, F32)
    with pytest.raises(ValueError, match=r"a\.ckpt: double_z is set"):
        taming_transformers.load(path, {**given, "double_z": True}, F32)


def test_openai_dvae(tmp_path: Path) -> None:
    config = DVAEConfig(width=16, start_width=12, blocks_per_level=2, num_codes=20)
    network = made(DVAE(config))
    tables = openai_dvae.encoder_table(config), openai_dvae.decoder_table(config)
    paths = [
        saved(tmp_path / f"{index}.pt", foreign(part, table))
        for index, (part, table) in enumerate(
            zip((network.encoder, network.decoder), tables, strict=True)
        )
    ]
    loaded = openai_dvae.load_networks(paths[0], paths[1], {}, F32)
    assert loaded.config == config
    check_same(loaded, network)
    codes_BHW = torch.randint(20, (1, 2, 3))
    assert loaded.encode(loaded.decode(codes_BHW)).shape == (1, 2, 3)


def test_min_dalle(tmp_path: Path) -> None:
    text = PromptConfig(
        kind="encoder",
        vocab_size=20,
        max_tokens=6,
        width=64,
        places=True,
        num_layers=2,
        mlp_width=40,
        pad_id=1,
        style=BlockStyle(
            norm="layer",
            norm_eps=1e-5,
            norm_after=True,
            norm_inside_mlp=True,
            qk_norm=False,
            mlp="gelu_gated",
        ),
    )
    sizes = {
        **SIZES,
        "code_rows": 31,
        "num_logits": 31,
        "prefix_tokens": 6,
        "start_code": 30,
        "embedding_norm": True,
    }
    config = LeftToRightConfig(**sizes, style=dataclasses.replace(text.style, cross_attention=True))
    prompts, raster = made(build_prompts(text)), made(LeftToRight(config))
    encoder = saved(tmp_path / "encoder.pt", foreign(prompts, min_dalle.prompt_table(text)))
    decoder = saved(tmp_path / "decoder.pt", foreign(raster, min_dalle.transformer_table(config)))
    loaded = min_dalle.load_networks(encoder, decoder, {}, F32, start_code=30)
    assert (loaded.prompts.config, loaded.transformer.config) == (text, config)
    check_same(loaded.prompts, prompts)
    check_same(loaded.transformer, raster)
    half = min_dalle.load_networks(encoder, decoder, {}, torch.bfloat16)
    assert (
        half.transformer.codes.weight.dtype == torch.bfloat16
        and half.transformer.config.start_code == 30
    )


def test_the_detoker(tmp_path: Path) -> None:
    config = dataclasses.replace(
        VQ, encoder_blocks=0, norm_eps=1e-5, unit_range=True, image_size=32
    )
    network = made(VQGAN(config))
    loaded = min_dalle_vqgan.load(
        saved(tmp_path / "a.pt", foreign(network, min_dalle_vqgan.tokenizer_table(config))), {}, F32
    )
    assert loaded.config == config
    check_same(loaded, network)
    with pytest.raises(ValueError, match="without its encoder"):
        loaded.encode(torch.zeros(1, 3, 16, 16))


def test_mindalle(tmp_path: Path) -> None:
    text = PromptConfig(kind="table", vocab_size=20, max_tokens=6, width=64, places=True)
    style = BlockStyle(
        norm="layer", norm_eps=1e-5, qk_norm=False, attention_bias=True, mlp="gelu", mlp_bias=True
    )
    config = LeftToRightConfig(**SIZES, text_logits=20, prefix_tokens=6, style=style)
    prompts, raster = made(build_prompts(text)), made(LeftToRight(config))
    held = foreign(prompts, mindalle.prompt_table(text)) | foreign(
        raster, mindalle.transformer_table(config)
    )
    path = saved(tmp_path / "a.ckpt", {"state_dict": held | {"blocks.0.attn.mask": torch.ones(1)}})
    loaded = mindalle.load_networks(path, {}, F32)
    assert (loaded.prompts.config, loaded.transformer.config) == (text, config)
    check_same(loaded.prompts, prompts)
    check_same(loaded.transformer, raster)


@pytest.mark.parametrize("kind", ["features", "class"])
def test_llamagen(tmp_path: Path, kind: Any) -> None:
    sizes = {
        "features": {"max_tokens": 12, "feature_width": 10},
        "class": {"max_tokens": 1, "vocab_size": 11},
    }
    text = PromptConfig(kind=kind, width=64, **sizes[kind])
    style = BlockStyle(norm_eps=1e-5, qk_norm=False)
    config = LeftToRightConfig(**SIZES, prefix_tokens=text.max_tokens, places="grid", style=style)
    prompts, raster = made(build_prompts(text)), made(LeftToRight(config))
    held = foreign(prompts, llamagen.prompt_table(text)) | foreign(
        raster, llamagen.transformer_table(config)
    )
    path = saved(tmp_path / "a.pt", {"module": held})
    with pytest.warns(DallEWarning, match="its weights are those under 'module'"):
        loaded = llamagen.load_networks(path, {}, F32, num_tokens=16)
    assert (loaded.prompts.config, loaded.transformer.config) == (text, config)
    check_same(loaded.prompts, prompts)
    # Rows of queries and keys change places: element 2 i of a head becomes element i, 2 i + 1
    # becomes K/2 + i.
    qkv, moved = (
        network.blocks[0].attention.qkv.weight for network in (raster, loaded.transformer)
    )
    assert torch.equal(moved[:32], qkv[0:64:2]) and torch.equal(moved[64 + 32 : 128], qkv[65:128:2])
    assert torch.equal(moved[128:], qkv[128:])


@pytest.mark.parametrize(
    "names", [janus_names.ORIGINAL, janus_names.CONVERTED], ids=["original", "transformers"]
)
def test_janus(tmp_path: Path, names: janus_names.Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(janus, "HEAD_WIDTH", 64)
    text = PromptConfig(kind="table", vocab_size=20, max_tokens=janus.LONGEST_PROMPT, width=64)
    extra = {
        "code_width": 8,
        "head_width": 24,
        "prefix_tokens": janus.LONGEST_PROMPT,
        "places": "line",
    }
    config = LeftToRightConfig(**SIZES, **extra, style=BlockStyle(qk_norm=False))
    vqgan = dataclasses.replace(VQ, lookup="cosine", image_size=8)
    originals = made(build_prompts(text)), made(LeftToRight(config)), made(VQGAN(vqgan))
    monkeypatch.setattr(janus, "names_of", lambda tensors: names)
    tables = (
        janus.prompt_table({}),
        janus.transformer_table(config, {}),
        janus.tokenizer_table(vqgan, {}),
    )
    monkeypatch.undo()
    monkeypatch.setattr(janus, "HEAD_WIDTH", 64)
    held: dict[str, Tensor] = {f"{names.words}.weight": torch.ones(2)}
    for network, table in zip(originals, tables, strict=True):
        held |= foreign(network, table)
    loaded = janus.load_networks(saved(tmp_path / "a.bin", held), {}, F32, num_tokens=16)
    assert [part.config for part in loaded] == [text, config, vqgan]
    for network, original in zip(loaded, originals, strict=True):
        check_same(network, original)


@pytest.mark.parametrize(
    ("load", "message"),
    [
        (mindalle.load_networks, "tok_emb_txt.weight"),
        (llamagen.load_networks, "tok_embeddings.weight"),
        (taming_transformers.load, "no VQGAN decoder"),
        (janus.load_networks, "embed_tokens.weight"),
    ],
)
def test_weights_of_another_project_are_refused(
    tmp_path: Path, load: Callable[..., Any], message: str
) -> None:
    path = saved(tmp_path / "a.pt", {"something": torch.ones(2, 2)})
    with pytest.raises(ValueError, match=rf"a\.pt: .*{message}"):
        load(path, {}, F32)
