"""A tiny model of every kind that draws, as a folder: built in, native, and of each project."""

import dataclasses
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from dall_e import DALL_E
from dall_e.checkpoints import t5
from dall_e.checkpoints.families import dalle_mini, rudalle
from dall_e.checkpoints.families.base import ModelFiles, PublishedNetworks, published_model
from dall_e.config.published import BlockStyle, LeftToRightConfig, PromptConfig, VQGANConfig
from dall_e.models.left_to_right import LeftToRight
from dall_e.models.prompt_networks import build_prompts
from dall_e.models.vqgan import VQGAN
from dall_e.text.published_tokenizers import MiniTokenizer, RussianTokenizer

DATA = Path(__file__).parents[2] / "parity" / "data"
BUILT_IN, NATIVE = "built-in", "native"
PUBLISHED = ("min_dalle", "dalle_mini", "llamagen", "mindalle", "janus", "rudalle")
_LETTERS = ["<s>", "<pad>", "</s>", "<unk>", "\u0120", *"abcdehiklnoprtuw"]

Load = Callable[..., DALL_E]


class FewFeatures:
    """Stands for flan-t5-xl: two features a word, at the right end."""

    def __call__(self, text: str) -> t5.Features:
        length = min(12, 2 * len(text.split()))
        rng = torch.Generator().manual_seed(sum(map(ord, text)))
        features_1LF = torch.zeros(1, 12, 10, dtype=torch.float32, device="cpu")
        visible_1L = torch.zeros(1, 12, dtype=torch.bool, device="cpu")
        features_1LF[:, -length:] = torch.randn(
            1, length, 10, generator=rng, dtype=torch.float32, device="cpu"
        )
        visible_1L[:, -length:] = True
        return t5.Features(features_1LF, visible_1L, "")

    def to_json(self) -> str:
        return t5.AS_JSON


def random_weights(network: nn.Module) -> Any:
    """The network with weights that all matter."""
    torch.manual_seed(0)
    for name, parameter in network.named_parameters():
        nn.init.normal_(parameter, mean=float("norm" in name and name.endswith("weight")), std=0.15)
    return network.requires_grad_(False).eval()


def settings(family: str) -> tuple[PromptConfig, LeftToRightConfig]:
    """Two networks in the manner of a project, for sixteen tokens."""
    sizes: dict[str, Any] = {"num_codes": 30, "num_tokens": 16, "code_rows": 31, "num_logits": 31}
    sizes |= {"width": 64, "num_heads": 2, "num_layers": 2, "mlp_width": 96, "prefix_tokens": 12}
    table = PromptConfig(kind="table", vocab_size=40, max_tokens=12, width=64, places=True)
    plain = BlockStyle(norm_eps=1e-5, qk_norm=False)
    if family == "llamagen":
        text = PromptConfig(kind="features", max_tokens=12, feature_width=10, width=64)
        return text, LeftToRightConfig(**sizes, places="grid", style=plain)
    if family == "janus":
        raster = LeftToRightConfig(**sizes, code_width=4, head_width=24, places="line", style=plain)
        return dataclasses.replace(table, places=False), raster
    if family == "mindalle":
        style = dataclasses.replace(
            plain, norm="layer", attention_bias=True, mlp="gelu", mlp_bias=True
        )
        return table, LeftToRightConfig(**sizes, text_logits=8, style=style)

    assert family == "min_dalle"
    style = dataclasses.replace(
        plain, norm="layer", norm_after=True, norm_inside_mlp=True, mlp="gelu_gated"
    )
    text = dataclasses.replace(
        table, kind="encoder", num_layers=1, mlp_width=32, pad_id=1, style=style
    )
    style = dataclasses.replace(style, cross_attention=True)
    return text, LeftToRightConfig(**sizes, start_code=30, embedding_norm=True, style=style)


def networks_of(family: str) -> tuple[Any, Any]:
    """What reads prompts and what draws tokens; two projects recorded theirs."""
    if family == "dalle_mini":
        given = json.loads((DATA / family / "meta.json").read_text())["config"]
        weights = DATA / family / "flax_model.msgpack"
        return dalle_mini.load_networks(weights, given, torch.float32)
    if family == "rudalle":
        folder = DATA / "rudalle_v3"
        given = json.loads((folder / "meta.json").read_text())["config"]
        return rudalle.load_networks(folder / "pytorch_model.bin", given, torch.float32)
    text, raster = settings(family)
    return random_weights(build_prompts(text)), random_weights(LeftToRight(raster))


def write_published(family: str, folder: Path) -> None:
    """A model of a project in our own format, with an image tokenizer that fits."""
    text, raster = networks_of(family)
    vqgan = VQGANConfig(
        image_size=2 * raster.config.grid_size,
        width=32,
        multipliers=(1, 1),
        encoder_blocks=1,
        decoder_blocks=1,
        attention_levels=(1,),
        latent_width=4,
        num_codes=raster.config.num_codes,
        code_width=4,
        lookup="cosine" if family in ("llamagen", "janus") else "distance",
    )
    words: Any = MiniTokenizer({piece: number for number, piece in enumerate(_LETTERS)}, [])
    if family == "rudalle":
        bpe = (DATA / "rudalle_v3" / "bpe.model").read_text()
        words = RussianTokenizer.from_file(bpe, 50)
    if family == "llamagen":
        words = FewFeatures()
    made = published_model(
        ModelFiles(family=family, variant="", paths={}),
        f"tiny-{family}",
        PublishedNetworks(random_weights(VQGAN(vqgan)), text, raster),
        words,
        licence="MIT",
        sampling={"guidance_scale": 1.0 if family == "mindalle" else 3.0, "top_k": 20},
        guided=family != "mindalle",
    )
    model = DALL_E(made.config, made.networks, made.text_tokenizer)
    model.save_pretrained(folder, int8=False)


@pytest.fixture(autouse=True)
def few_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """LlamaGen's prompts are read without T5, in the tests of this folder only."""
    monkeypatch.setattr(t5.T5Features, "load", lambda *_args, **_keywords: FewFeatures())


@pytest.fixture(scope="session")
def folder_of(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Where a kind of model lies, for `from_pretrained`."""
    from dall_e.checkpoints.known_models import BUILT_IN as BUILT_IN_NAME
    from dall_e.checkpoints.known_models import find_model

    folders = {BUILT_IN: find_model(BUILT_IN_NAME), NATIVE: tiny_folder}

    def find(kind: str) -> Path:
        if kind not in folders:
            folders[kind] = tmp_path_factory.mktemp("published") / kind
            write_published(kind, folders[kind])
        return folders[kind]

    return find


@pytest.fixture(scope="session")
def load(folder_of: Callable[[str], Path]) -> Load:
    """Loads a kind of model in a precision, once."""
    loaded: dict[Any, DALL_E] = {}

    def find(kind: str, **precision: str) -> DALL_E:
        key = kind, tuple(precision.items())
        if key not in loaded:
            loaded[key] = load_anew(folder_of(kind), **precision)
        return loaded[key]

    return find


def load_anew(folder: Path, **precision: str) -> DALL_E:
    """Load a model without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return DALL_E.from_pretrained(folder, **precision)  # type: ignore[arg-type]
