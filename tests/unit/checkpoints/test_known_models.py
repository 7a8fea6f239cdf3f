"""Names become folders, aliases warn, misspellings get a suggestion, and sizes are those of the
networks."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from dall_e import list_models
from dall_e.checkpoints import known_models
from dall_e.checkpoints.families import janus
from dall_e.checkpoints.model_entry import KnownModel, Size
from dall_e.config.published import (
    BlockStyle,
    LeftToRightConfig,
    PromptConfig,
    VisionConfig,
    VQGANConfig,
)
from dall_e.models.left_to_right import LeftToRight
from dall_e.models.prompt_networks import build_prompts
from dall_e.models.vision_encoder import Vision
from dall_e.models.vqgan import VQGAN
from dall_e.nn.transformer import Linear


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(known_models, "_built_in_folder", lambda: tmp_path)
    return tmp_path


def test_the_built_in_name(weights: Path, recwarn: pytest.WarningsRecorder) -> None:
    assert known_models.find_model("dall-e-emoji") == weights
    assert not recwarn.list


def test_the_alias_warns_in_one_sentence(weights: Path) -> None:
    with pytest.warns(
        UserWarning, match="OpenAI never published.*'openai/dall-e' loads 'dall-e-emoji'"
    ) as caught:
        assert known_models.find_model("openai/dall-e") == weights
    (warning,) = caught
    assert "`dall-e models` lists" in str(warning.message) and str(warning.message).count(". ") == 0


def test_a_folder(tmp_path: Path) -> None:
    assert known_models.find_model(str(tmp_path)) == tmp_path == known_models.find_model(tmp_path)


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("dall-e-emojy", "'dall-e-emoji'"),
        ("DALL-E-emoji", "'dall-e-emoji'"),
        ("openai/dalle", "'openai/dall-e'"),
    ],
)
def test_the_nearest_name_is_suggested(name: str, guess: str) -> None:
    with pytest.raises(ValueError, match=f"unknown model .* Did you mean {guess}"):
        known_models.find_model(name)


def test_a_far_name_gets_the_list() -> None:
    with pytest.raises(
        ValueError, match=r"neither a known name nor a folder. Known: dall-e-emoji, openai/dall-e"
    ):
        known_models.find_model("zzz")


def test_paths_that_are_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none", f"{tmp_path}/none", "./none"):
        with pytest.raises(FileNotFoundError, match="there is no model folder"):
            known_models.find_model(path)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is a file"):
        known_models.find_model(tmp_path / "file")


def test_nothing_is_claimed_that_does_not_load() -> None:
    names = [model.name for model in list_models()]
    assert names[0] == "dall-e-emoji" and len(set(names)) == len(names)
    assert [model.name for model in list_models() if model.built_in] == ["dall-e-emoji"]


def test_an_archive_is_pointed_to() -> None:
    with pytest.raises(
        ValueError,
        match=r"kakaobrain/minDALL-E is not on the hub: unpack https://\S+ and give the fold",
    ):
        known_models.find_model("kakaobrain/minDALL-E")


def test_a_name_may_end_in_its_variant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(
        known_models, "download", lambda name, patterns, local: asked.append(patterns) or tmp_path
    )
    found = known_models.locate("kuprel/min-dalle/mega")
    assert found[:4] == (tmp_path, "kuprel/min-dalle/mega", "mega", "kuprel/min-dalle")
    assert found == known_models.locate("kuprel/min-dalle", "mega")
    mini = known_models.locate("kuprel/min-dalle")
    assert mini[:4] == (tmp_path, "kuprel/min-dalle", "mini", "kuprel/min-dalle")
    assert found.size and mini.size and found.size.drawing > 4 * mini.size.drawing
    assert asked[0][0] == "encoder.pt" and asked[2][0] == "encoder_mini.pt"


def test_a_folder_of_ours_has_the_variant_that_it_says(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"format": 1, "model": {"variant": "mega"}}')
    assert known_models.locate(tmp_path, "mega").variant == "mega"
    with pytest.raises(ValueError, match="has no variant 'mini': it holds mega"):
        known_models.locate(tmp_path, "mini")
    (tmp_path / "config.json").write_text('{"format": 1, "model": {}}')
    with pytest.raises(
        ValueError, match="has no variant 'mini': it holds a model without variants"
    ):
        known_models.locate(tmp_path, "mini")


@pytest.mark.parametrize(
    ("weights", "marks", "expected"),
    [
        (
            "models--deepseek-ai--Janus-1.3B/snapshots/abc/model.safetensors",
            True,
            janus.FIRST_ROLES,
        ),
        ("janus-1.3b/model.safetensors", True, janus.FIRST_ROLES),
        ("Janus-Pro-1B/pytorch_model.bin", True, janus.PRO_ROLES),
        ("mine/model.safetensors", False, janus.FIRST_ROLES),
        ("a/Janus-1.3B/b/c/d/model.safetensors", True, janus.PRO_ROLES),
    ],
)
def test_the_first_janus_calls_its_sides_otherwise(
    weights: str, marks: bool, expected: tuple[str, str]
) -> None:
    assert janus.roles(Path(weights), marks) == expected


BART: dict[str, Any] = {
    "norm": "layer",
    "norm_after": True,
    "norm_inside_mlp": True,
    "qk_norm": False,
}
BART |= {"mlp": "gelu_gated"}
LLAMA = BlockStyle(qk_norm=False)
GPT = BlockStyle(norm="layer", qk_norm=False, attention_bias=True, mlp="gelu", mlp_bias=True)


def bart(words: int, codes: int, **shared: Any) -> tuple[PromptConfig, LeftToRightConfig]:
    text = PromptConfig(
        kind="encoder",
        vocab_size=words,
        places=True,
        pad_id=1,
        style=BlockStyle(**BART),
        max_tokens=64,
        **shared,
    )
    style = BlockStyle(**BART, cross_attention=True)
    rows = {"code_rows": codes, "num_logits": codes}
    return text, LeftToRightConfig(
        start_code=16384, embedding_norm=True, style=style, prefix_tokens=64, **rows, **shared
    )


def llama(width: int, **sizes: int) -> tuple[PromptConfig, LeftToRightConfig]:
    text = PromptConfig(kind="table", vocab_size=102400, width=width)
    code = {"code_width": 8, "head_width": width, "num_tokens": 576, "prefix_tokens": 64}
    return text, LeftToRightConfig(places="line", style=LLAMA, width=width, **code, **sizes)


def llamagen(num_tokens: int) -> tuple[PromptConfig, LeftToRightConfig]:
    text = PromptConfig(kind="features", max_tokens=120, feature_width=2048, width=1280)
    sizes = {"width": 1280, "num_heads": 20, "num_layers": 36, "mlp_width": 3584}
    return text, LeftToRightConfig(
        num_tokens=num_tokens, prefix_tokens=120, places="grid", style=LLAMA, **sizes
    )


def rudalle(mask: Any) -> tuple[PromptConfig, LeftToRightConfig]:
    marks = int(mask == "wrapped_lines")
    text = PromptConfig(vocab_size=16384 + 128, max_tokens=128 + marks, width=2048, places=True)
    style = dataclasses.replace(GPT, mlp="gelu_tanh", norm_after=True, norm_after_mlp=True)
    sizes = {"width": 2048, "num_heads": 16, "num_layers": 24, "mlp_width": 8192, "num_codes": 8192}
    more = {"code_rows": 8192, "num_logits": 8192, "num_tokens": 1024, "prefix_tokens": 128 + marks}
    return text, LeftToRightConfig(
        **sizes,
        **more,
        head_norm=True,
        head_bias=True,
        attention_mask=mask,
        prompt_marks=marks,
        style=style,
    )


GUMBEL_F8 = VQGANConfig(
    multipliers=(1, 1, 2, 4), attention_levels=(3,), num_codes=8192, code_width=256, lookup="logits"
)
MINI = bart(50264, 16385, width=1024, num_heads=16, num_layers=12, mlp_width=2730)
MEGA = bart(50272, 16416, width=2048, num_heads=32, num_layers=24, mlp_width=4096)
MINDALLE = (
    PromptConfig(vocab_size=16384, width=1536, places=True),
    LeftToRightConfig(
        text_logits=16384, width=1536, num_heads=24, num_layers=42, mlp_width=6144, style=GPT
    ),
)
JANUS_1B = llama(2048, num_heads=16, num_layers=24, mlp_width=5632)
JANUS_7B = llama(4096, num_heads=32, num_layers=30, mlp_width=11008)
VQ16 = VQGANConfig(code_width=8, lookup="cosine")
PUBLISHED = {
    "kuprel/min-dalle": [(*sizes, VQGANConfig(encoder_blocks=0)) for sizes in (MINI, MEGA)],
    "dalle-mini/dalle-mini": [(*MINI, VQGANConfig())],
    "dalle-mini/dalle-mega": [(*MEGA, VQGANConfig())],
    "peizesun/llamagen_t2i": [(*llamagen(256), VQ16), (*llamagen(1024), VQ16)],
    "deepseek-ai/Janus-Pro-1B": [(*JANUS_1B, VQ16)],
    "deepseek-ai/Janus-Pro-7B": [(*JANUS_7B, VQ16)],
    "deepseek-community/Janus-Pro-1B": [(*JANUS_1B, VQ16)],
    "deepseek-community/Janus-Pro-7B": [(*JANUS_7B, VQ16)],
    "deepseek-ai/Janus-1.3B": [(*JANUS_1B, VQ16)],
    "ai-forever/rudalle-Malevich": [
        (*rudalle("lines"), GUMBEL_F8),
        (*rudalle("wrapped_lines"), GUMBEL_F8),
    ],
    "ai-forever/rudalle-Emojich": [(*rudalle("wrapped_lines"), GUMBEL_F8)],
    "shonenkov-AI/rudalle-xl-surrealist": [(*rudalle("lines"), GUMBEL_F8)],
    "kakaobrain/minDALL-E": [(*MINDALLE, VQGANConfig())],
}
"""The settings of the published sizes."""


@pytest.mark.parametrize(
    "known", [model for model in list_models() if not model.built_in], ids=lambda model: model.name
)
def test_sizes_are_those_of_the_networks(known: KnownModel) -> None:
    def count(*networks: torch.nn.Module) -> int:
        return sum(
            tensor.numel() for network in networks for tensor in network.state_dict().values()
        )

    settings = PUBLISHED[known.name]
    assert len(settings) == len(known.sizes) == max(1, len(known.variants))
    for (text, raster, tokenizer), size in zip(settings, known.sizes, strict=True):
        with torch.device("meta"):
            drawing = build_prompts(text), LeftToRight(raster)
            assert count(*drawing) == size.drawing
            packed = sum(
                layer.weight.numel()
                for part in drawing
                for layer in part.modules()
                if isinstance(layer, Linear)
            )
            assert size.drawing - packed == size.embeddings
            assert count(VQGAN(tokenizer)) == size.tokenizer
            if size.describing:
                assert count(Vision(VisionConfig(out_width=raster.width))) == size.describing
        assert (raster.num_layers, raster.width) == (size.layers, size.width)
        assert size.positions == raster.prefix_tokens + raster.num_tokens


def test_memory_by_hand() -> None:
    """Two layers that are three wide remember a key and a value at five places, with and without
    the prompt."""
    size = Size(drawing=13, embeddings=3, tokenizer=7, layers=2, width=3, positions=5, reader=100)
    remembered = 2 * 2 * 3 * 5 * 2
    for precision, matrices, other in (
        ("float32", 4, 4), ("bfloat16", 2, 2), ("int8", 1, 2), ("int4", 4 / 8 + 2 * 2 / 32, 2),
    ):  # fmt: skip
        weights = 10 * matrices + 3 * other
        assert size.gigabytes(precision) == pytest.approx(
            (weights + remembered * 4 + 7 * 4 + 200) / 1e9
        )
    (memory,) = [known.memory for known in list_models() if known.name == "kuprel/min-dalle"]
    mini, mega = memory.split("; ")
    assert mini.startswith("mini: 2.0 GB in float32") and mega.startswith("mega: 10.")


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("https://huggingface.co/kuprel/min-dalle", "kuprel/min-dalle"),
        ("https://huggingface.co/kuprel/min-dalle/tree/main", "kuprel/min-dalle"),
        ("huggingface.co/kuprel/min-dalle/", "kuprel/min-dalle"),
        ("https://hf.co/some-one/some-thing?library=x", "some-one/some-thing"),
        ("hf://some-one/some-thing", "some-one/some-thing"),
    ],
)
def test_fault_use_15_a_pasted_address_of_the_hub(
    address: str, asked: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names: list[str] = []
    monkeypatch.setattr(
        known_models, "download", lambda name, patterns, local: names.append(name) or tmp_path
    )
    found = known_models.locate(address)
    assert names == [asked] and found.name == found.again == asked


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://huggingface.co/a/b/tree/dev", "not the main version of a/b"),
        ("https://huggingface.co/a/b/blob/main/x.bin", "is one file of a model .* give 'a/b'"),
        ("https://huggingface.co/datasets/a/b", "no model on the hub"),
        ("https://huggingface.co/a", "no model on the hub"),
        ("https://example.org/model.zip", "is a web address: download"),
    ],
)
def test_fault_use_15_other_addresses_are_named(address: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        known_models.locate(address)
