"""ruDALL-E: what its code computed, drawing by tokens, its text tokenizer, and whole folders."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from dall_e import DALL_E
from dall_e.checkpoints.families import base, rudalle, taming_transformers
from dall_e.checkpoints.tensor_files import read_tensors
from dall_e.cli import run
from dall_e.config import SamplingConfig
from dall_e.config.published import VQGANConfig
from dall_e.models.vqgan import VQGAN
from dall_e.nn.cpu import kernels
from dall_e.sampling.decode import decode_tokens
from dall_e.text.published_tokenizers import RussianTokenizer, prompt_tokenizer_from_json

DATA = Path(__file__).parent / "data"
VERSIONS = ("rudalle_v3", "rudalle_v2")
# What YouTokenToMe makes of these with the same model.
KNOWN = (
    ("кот на окне", [27, 33, 34, 10]),
    ("Белый КОТ!", [40, 18, 19, 27, 1]),
    ("xyz кот", [4, 1, 27]),
    ("кxyот", [25, 1, 26]),
    ("  рыжая   собака ", [55, 20, 51, 49]),
    ("окнококот", [42, 7, 5, 7, 26]),
    ("трава\tу окна", [39, 6, 4, 21, 32, 28]),
    ("ё", [4, 1]),
    ("котxёкот", [27, 1, 7, 26]),
)


def words(*, starts_twice: bool = False) -> RussianTokenizer:
    return RussianTokenizer.from_file(
        (DATA / "rudalle_v3" / "bpe.model").read_text(), 50, starts_twice=starts_twice
    )


@pytest.mark.parametrize("folder", VERSIONS)
def test_the_original_code_computes_the_same(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["zoo", "verify", str(DATA / folder)]) == 0, capsys.readouterr().out


def test_the_version_is_read_off_the_last_layers_mask(tmp_path: Path) -> None:
    """The third version's file has its masks; where a file has none, the caller has to say."""
    for folder, said, mask in (
        ("rudalle_v3", "v2", "lines"),
        ("rudalle_v2", "v2", "wrapped_lines"),
    ):
        given = {"num_attention_heads": 2}
        _, raster = rudalle.load_networks(
            DATA / folder / "pytorch_model.bin", given, torch.float32, version=said
        )
        assert raster.config.attention_mask == mask


@pytest.mark.parametrize("switch", ["on", "off"])
@pytest.mark.parametrize("folder", VERSIONS)
def test_token_by_token_is_as_all_at_once(
    folder: str, switch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines and squares hide the same from one token as from a whole image.

    With the kernels, and without.
    """
    if switch == "on" and kernels.status().kernels is None:
        pytest.skip(kernels.status().reason)
    monkeypatch.setenv(kernels.SWITCH, switch)
    config = json.loads((DATA / folder / "meta.json").read_text())["config"]
    prompts, raster = rudalle.load_networks(
        DATA / folder / "pytorch_model.bin", config, torch.float32, version=config["version"]
    )
    given = read_tensors(DATA / folder / "expected.safetensors")
    settings = SamplingConfig(
        num_inference_steps=144,
        guidance_scale=1.0,
        temperature=0.0,
        final_temperature=0.0,
        order="raster",
        schedule="uniform",
    )
    with torch.inference_mode():
        text = prompts(given["in.text"])
        tokens_BN = decode_tokens(raster.eval(), text, text, seeds=[0, 0], settings=settings)
        logits_BNC = raster(text, tokens_BN[:, :-1])
    assert torch.equal(logits_BNC.argmax(-1), tokens_BN) and len(tokens_BN.unique()) > 5


@pytest.mark.parametrize(("text", "pieces"), KNOWN)
def test_words_as_the_original(text: str, pieces: list[int]) -> None:
    assert words().encode(text, 12).ids == [2, *pieces, 3, *range(50 + len(pieces) + 2, 62)]


def test_words_that_do_not_fit_or_are_not_known_are_said() -> None:
    encoded = words(starts_twice=True).encode("белый кот сидит ю", 7)
    assert encoded.ids == [2, 2, 40, 18, 19, 27, 3] and encoded.dropped == "сидит ю"
    assert words().encode("рыжая", 3).ids == [2, 55, 3]
    assert words().encode("кот юю", 9).lost == "ю"
    assert words().without_words(encoded, 4).ids == [2, 3, 52, 53]
    again = prompt_tokenizer_from_json(words(starts_twice=True).to_json())
    assert again.encode("белый кот сидит ю", 7) == encoded


@pytest.mark.parametrize("text", ["", "1 1\n9601 4\n", "1 0\n65 4\n1 0 2 3\n", "x y"])
def test_another_file_is_no_text_tokenizer(text: str) -> None:
    with pytest.raises(ValueError, match="no model of YouTokenToMe|not a model of YouTokenToMe"):
        RussianTokenizer.from_file(text, 50)


@pytest.mark.filterwarnings("ignore:the weights of")
def test_a_folder_draws_and_converts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, utilities = tmp_path / "model", tmp_path / "utilities"
    folder.mkdir()
    utilities.mkdir()
    shutil.copyfile(DATA / "rudalle_v3" / "pytorch_model.bin", folder / "pytorch_model_v3.bin")
    shutil.copyfile(DATA / "rudalle_v3" / "bpe.model", folder / "bpe.model")
    torch.manual_seed(0)
    config = VQGANConfig(
        image_size=24,
        width=32,
        multipliers=(1, 1),
        encoder_blocks=1,
        decoder_blocks=2,
        attention_levels=(1,),
        latent_width=8,
        num_codes=40,
        code_width=6,
        lookup="logits",
    )
    vqgan = VQGAN(config)
    torch.save(
        {"state_dict": in_tamings_names(vqgan)}, utilities / "vqgan.gumbelf8-sber.model.ckpt"
    )
    asked: list[str] = []
    monkeypatch.setattr(
        base, "download", lambda name, files, local: asked.append(name) or utilities
    )
    monkeypatch.setattr(rudalle, "HEAD_WIDTH", 16)
    model = DALL_E.from_pretrained(folder, variant="v3")
    assert asked == ["sberbank-ai/rudalle-utils"] and model.config.sampling.top_k == 2048
    drawn = model("рыжий кот", seed=1)
    assert drawn.size == (24, 24)
    model.save_pretrained(tmp_path / "ours", int8=False)
    again = DALL_E.from_pretrained(tmp_path / "ours")("рыжий кот", seed=1)
    assert again.tobytes() == drawn.tobytes()


def in_tamings_names(vqgan: VQGAN) -> dict[str, torch.Tensor]:
    """The weights under the names of a published file."""
    weights = vqgan.state_dict()
    found = {}
    for ours, source in taming_transformers.tokenizer_table(vqgan.config).rows.items():
        for name, part in zip(source.names, weights[ours].chunk(len(source.names)), strict=True):
            found[name] = part.clone()
    return found
