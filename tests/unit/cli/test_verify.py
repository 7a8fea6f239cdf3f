"""`dall-e zoo verify` on folders that are not as they should be; tests/parity has those that
are."""

import json
from pathlib import Path

import pytest
import torch

from dall_e.checkpoints.families import min_dalle_vqgan, openai_dvae
from dall_e.checkpoints.tensor_files import write_tensors
from dall_e.cli import run
from dall_e.config.published import DVAEConfig, VQGANConfig
from dall_e.models.dvae import DVAE
from dall_e.models.vqgan import VQGAN

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, write_foreign) -> Path:
    """A dVAE of our own making, with its own outputs."""
    config = DVAEConfig(width=16, start_width=12, blocks_per_level=1, num_codes=20)
    torch.manual_seed(0)
    network = DVAE(config).eval()
    for part in ("encoder", "decoder"):
        table = getattr(openai_dvae, f"{part}_table")(config)
        torch.save(write_foreign(getattr(network, part), table), tmp_path / f"{part}.pkl")
    meta = {
        "family": "openai_dvae",
        "weights": ["encoder.pkl", "decoder.pkl"],
        "config": {"n_hid": 16, "n_init": 12},
    }
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    image = torch.rand(1, 3, 16, 24)
    with torch.no_grad():
        logits = network.code_logits(image)
    codes = logits.argmax(1)
    write_tensors(
        tmp_path / "expected.safetensors",
        {"in.image": image, "out.code_logits": logits, "out.codes": codes},
    )
    return tmp_path


def change(folder: Path, **tensors: torch.Tensor) -> None:
    from dall_e.checkpoints.tensor_files import read_tensors

    held = read_tensors(folder / "expected.safetensors")
    held |= {f"out.{name}": tensor for name, tensor in tensors.items()}
    write_tensors(folder / "expected.safetensors", held)


def test_what_is_right_is_ok(folder: Path, capsys: Capture) -> None:
    assert run(["zoo", "verify", str(folder)]) == 0
    assert capsys.readouterr().out == "out.codes: 0  ok\nout.code_logits: 0  ok\n"


@pytest.mark.parametrize(
    ("name", "tensor", "line"),
    [
        ("codes", torch.zeros(1, 2, 3, dtype=torch.int64) - 1, r"out\.codes: \d+  DIFFERENT"),
        (
            "codes",
            torch.zeros(1, 2, dtype=torch.int64),
            r"out\.codes: shape \[1, 2, 3\], expected \[1, 2\]  DIFFERENT",
        ),
        ("code_logits", torch.zeros(1, 20, 2, 3), r"out\.code_logits: [\d.e-]+  DIFFERENT"),
        ("code_logits", torch.full((1, 20, 2, 3), torch.nan), r"out\.code_logits: nan  DIFFERENT"),
        ("novelty", torch.zeros(1), r"out\.novelty: not computed here  DIFFERENT"),
    ],
)
def test_what_is_not_is_shown(
    folder: Path, name: str, tensor: torch.Tensor, line: str, capsys: Capture
) -> None:
    import re

    change(folder, **{name: tensor})
    assert run(["zoo", "verify", str(folder)]) == 1
    assert re.search(f"^{line}$", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        (
            {"family": "vae", "weights": ["a"], "config": {}},
            "family 'vae' is not one of min_dalle, ",
        ),
        ({"family": "openai_dvae", "weights": []}, "another layout: it has no entry 'config'"),
        (
            {"family": "openai_dvae", "weights": ["x"], "config": {}},
            "one file of weights that starts with 'encoder'",
        ),
        ({"family": "llamagen", "weights": [], "config": {}}, "it names no weights"),
        (
            {"family": "openai_dvae", "weights": ["encoder.x", "decoder.x"], "config": {}},
            "encoder.x is missing",
        ),
    ],
)
def test_a_wrong_description_is_named(
    folder: Path, meta: dict, message: str, capsys: Capture
) -> None:
    (folder / "meta.json").write_text(json.dumps(meta))
    assert run(["zoo", "verify", str(folder)]) == 1
    assert message in capsys.readouterr().err


def test_a_decoder_alone(tmp_path: Path, write_foreign, capsys: Capture) -> None:
    config = VQGANConfig(
        image_size=32,
        width=32,
        multipliers=(1, 2),
        encoder_blocks=0,
        decoder_blocks=2,
        attention_levels=(1,),
        latent_width=24,
        num_codes=40,
        code_width=8,
        norm_eps=1e-5,
        unit_range=True,
    )
    torch.manual_seed(0)
    network = VQGAN(config).eval()
    table = min_dalle_vqgan.tokenizer_table(config)
    torch.save(write_foreign(network, table), tmp_path / "detoker.pt")
    meta = {"family": "min_dalle_vqgan", "weights": ["detoker.pt"], "config": {}}
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    codes = torch.randint(40, (1, 4, 4))
    with torch.no_grad():
        image = network.decode(codes)
    write_tensors(
        tmp_path / "expected.safetensors", {"in.codes": codes, "out.reconstruction": image}
    )
    assert run(["zoo", "verify", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "out.reconstruction: 0  ok\n"


def test_a_folder_without_description(tmp_path: Path, capsys: Capture) -> None:
    assert run(["zoo", "verify", str(tmp_path)]) == 1
    assert "meta.json is missing" in capsys.readouterr().err
