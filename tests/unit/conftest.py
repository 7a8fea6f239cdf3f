"""Small random models of other projects, in the files that those projects publish."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dall_e import atomic_files
from dall_e.checkpoints.keymap import KeyTable

VOCABULARY = [
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "\u0120",
    *"abcdehiklnoprtuw",
    "\u0120a",
    "ca",
    "cat",
    "\u0120cat",
]
MERGES = "#version: 0.2\n\u0120 a\nc a\nca t\n\u0120 cat\n"


def made(network: nn.Module, std: float = 0.15) -> nn.Module:
    """A network with weights that all matter."""
    torch.manual_seed(0)
    for name, parameter in network.named_parameters():
        nn.init.normal_(parameter, mean=float("norm" in name and name.endswith("weight")), std=std)
    return network.eval()


def foreign(network: nn.Module, table: KeyTable) -> dict[str, Tensor]:
    """Our weights under the other project's names."""
    weights = network.state_dict()
    out: dict[str, Tensor] = {}
    for name, source in table.rows.items():
        parts = weights[name].chunk(len(source.names))
        out |= {theirs: part.clone() for theirs, part in zip(source.names, parts, strict=True)}
    return out


@pytest.fixture(scope="session")
def mini_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DALL-E mini as min-dalle publishes it: 16 x 16 tokens, a pixel each."""
    from dall_e.checkpoints.families import min_dalle, min_dalle_vqgan
    from dall_e.config.published import BlockStyle, LeftToRightConfig, PromptConfig, VQGANConfig
    from dall_e.models.left_to_right import LeftToRight
    from dall_e.models.prompt_networks import build_prompts
    from dall_e.models.vqgan import VQGAN

    style: dict[str, Any] = {
        "norm": "layer",
        "norm_eps": 1e-5,
        "norm_after": True,
        "norm_inside_mlp": True,
    }
    style |= {"qk_norm": False, "mlp": "gelu_gated"}
    text = PromptConfig(
        kind="encoder",
        vocab_size=len(VOCABULARY),
        max_tokens=12,
        width=64,
        places=True,
        num_layers=1,
        mlp_width=32,
        pad_id=1,
        style=BlockStyle(**style),
    )
    raster = LeftToRightConfig(
        num_codes=30,
        num_tokens=256,
        code_rows=31,
        num_logits=31,
        prefix_tokens=12,
        width=64,
        num_heads=1,
        num_layers=1,
        mlp_width=32,
        start_code=30,
        embedding_norm=True,
        style=BlockStyle(**style, cross_attention=True),
    )
    vqgan = VQGANConfig(
        image_size=16,
        width=32,
        multipliers=(1,),
        encoder_blocks=0,
        decoder_blocks=1,
        attention_levels=(),
        latent_width=8,
        num_codes=30,
        code_width=8,
        unit_range=True,
    )
    folder = tmp_path_factory.mktemp("models") / "mini"
    folder.mkdir()
    files = {
        "encoder_mini.pt": foreign(made(build_prompts(text)), min_dalle.prompt_table(text)),
        "decoder_mini.pt": foreign(made(LeftToRight(raster)), min_dalle.transformer_table(raster)),
        "detoker.pt": foreign(made(VQGAN(vqgan)), min_dalle_vqgan.tokenizer_table(vqgan)),
    }
    for name, held in files.items():
        torch.save(held, folder / name)
    vocabulary = {piece: number for number, piece in enumerate(VOCABULARY)}
    (folder / "vocab_mini.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges_mini.txt").write_text(MERGES, encoding="utf-8")
    return folder


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets the disk be full for files of a name: what is written there fails, as on a real disk."""
    if not Path("/dev/full").exists():
        pytest.skip("needs a device that is always full")
    create = atomic_files._create_beside
    full: set[str] = set()

    def create_or_link(path: Path) -> Path:
        temporary = create(path)
        if path.name in full:
            temporary.unlink()
            temporary.symlink_to("/dev/full")
        return temporary

    monkeypatch.setattr(atomic_files, "_create_beside", create_or_link)
    return full.add


@pytest.fixture(scope="session")
def write_foreign() -> Callable[[nn.Module, KeyTable], dict[str, Tensor]]:
    """Our weights under another project's names."""
    return foreign


@pytest.fixture(scope="session")
def write_judge() -> Callable[..., Path]:
    """Writes the run folder of a judge with the weights of a tiny dual encoder, and returns it.

    The keywords change how it says that it was trained.
    """
    import dataclasses

    from dall_e.config import DUAL_ENCODERS, DualEncoderTraining, with_values
    from dall_e.text.tokenizer import TextTokenizer
    from dall_e.training.run_folder import open_run_folder

    def write(folder: Path, dual_encoder: nn.Module, **changes: Any) -> Path:
        values = {"seed": 7, "fold": 1, "other_fraction": 0.0, **changes}
        config = with_values(DualEncoderTraining(), values)
        weights = dual_encoder.state_dict()
        with open_run_folder(str(folder)) as run_folder:
            run_folder.save_checkpoint(
                {
                    "config": dataclasses.asdict(config),
                    "networks": {"dual_encoder": dataclasses.asdict(DUAL_ENCODERS["tiny"])},
                    "players": {"dual_encoder": {"weights": weights, "ema": weights}},
                }
            )
        TextTokenizer.train(["a white cat", "红苹果"] * 3, 400).save(folder / "text_tokenizer.json")
        return folder

    return write
