"""LoRA of published models: pictures learnt by heart, in `peft`'s format, added to the weights.

Shapes: B pictures, N tokens, H W rows, columns.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
from torch import nn

from dall_e import DALL_E
from dall_e.checkpoints import store, t5
from dall_e.checkpoints.families import janus
from dall_e.checkpoints.families.base import ModelFiles, PublishedNetworks, published_model
from dall_e.checkpoints.lora_files import load_lora, save_lora
from dall_e.checkpoints.run_files import load_stage
from dall_e.cli import run
from dall_e.config import AdapterTraining, with_values
from dall_e.config.published import BlockStyle, LeftToRightConfig, PromptConfig, VQGANConfig
from dall_e.inference.prompt_encoding import make_reader
from dall_e.models.left_to_right import LeftToRight
from dall_e.models.prompt_networks import PromptStates, build_prompts
from dall_e.models.vqgan import VQGAN
from dall_e.nn.lora import LowRank, LowRankSum, add_lora
from dall_e.text.published_tokenizers import JanusTokenizer
from dall_e.training.adapter_stage import (
    PLAYER,
    AdapterStage,
    learned_layers,
    run_adapter_training,
    small_matrices,
)

pytestmark = pytest.mark.filterwarnings("ignore:the weights of .* are under the licence")

# Sixteen tokens of 16 pixels a side, with hardly any channels.
VQ = VQGANConfig(
    image_size=64, width=32, multipliers=(1, 1, 1, 1, 1), encoder_blocks=1, decoder_blocks=1,
    attention_levels=(), latent_width=4, num_codes=30, code_width=4, lookup="cosine",
)  # fmt: skip
SIZES: dict[str, Any] = {"num_codes": 30, "num_tokens": 16, "code_rows": 30, "num_logits": 30}
SIZES |= {"width": 64, "num_heads": 2, "num_layers": 2, "mlp_width": 96}
NUM_PICTURES = 8


def fake_features(text: str) -> t5.Features:
    """Features by the words, at the right end, as T5Features gives them."""
    length = min(12, 2 * len(text.split()))
    rng = torch.Generator().manual_seed(sum(map(ord, text)))
    features_1LF, visible_1L = torch.zeros(1, 12, 10), torch.zeros(1, 12, dtype=torch.bool)
    features_1LF[:, -length:] = torch.randn(1, length, 10, generator=rng)
    visible_1L[:, -length:] = True
    return t5.Features(features_1LF, visible_1L, "")


class FakeT5(t5.T5Features):
    def __init__(self) -> None:
        super().__init__(None, None, 12)

    def __call__(self, text: str) -> t5.Features:
        return fake_features(text)


def made(network: nn.Module, std: float = 0.15) -> Any:
    torch.manual_seed(0)
    for name, parameter in network.named_parameters():
        nn.init.normal_(parameter, mean=float("norm" in name and name.endswith("weight")), std=std)
    return network.eval()


def janus_words() -> JanusTokenizer:
    marks = [JanusTokenizer.START, JanusTokenizer.PAD, JanusTokenizer.IMAGE]
    letters = sorted(set(pre_tokenizers.ByteLevel.alphabet()))
    vocabulary = {letter: number for number, letter in enumerate(letters)}
    bpe = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.add_special_tokens(
        [AddedToken(mark, special=True) for mark in (*marks, "<|User|>", "<|Assistant|>")]
    )
    return JanusTokenizer(bpe)


def toy(family: str, folder: Path) -> Path:
    """A model of a family's layout with random weights, in our own format."""
    style = BlockStyle(norm_eps=1e-5, qk_norm=False)
    if family == "llamagen":
        text = PromptConfig(kind="features", max_tokens=12, feature_width=10, width=64)
        raster = LeftToRightConfig(**SIZES, prefix_tokens=12, places="grid", style=style)
        words: Any = FakeT5()
    else:
        longest = janus.LONGEST_PROMPT
        text = PromptConfig(kind="table", vocab_size=270, max_tokens=longest, width=64)
        more: dict[str, Any] = {"code_width": 4, "head_width": 48, "places": "line"}
        raster = LeftToRightConfig(**SIZES, **more, prefix_tokens=longest, style=style)
        words = janus_words()

    # A head of two layers needs larger weights to say anything.
    generator = made(LeftToRight(raster), 0.15 if family == "llamagen" else 0.3)
    networks = PublishedNetworks(made(VQGAN(VQ)), made(build_prompts(text)), generator)
    files = ModelFiles(family=family, variant="", paths={})
    sampling = {"guidance_scale": 1.5, "top_k": 1}
    model = published_model(files, "toy", networks, words, licence="none", sampling=sampling)
    weights = networks.state_dict()
    store.save_model(
        folder, model.config.to_dict(), weights, int8=False, text_tokenizer_json=words.to_json()
    )
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for number in range(NUM_PICTURES):
        coarse_HWC = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(coarse_HWC).resize((64, 64), 0).save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text(caption(number))
    return folder


@pytest.fixture(autouse=True)
def t5_is_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(t5.T5Features, "load", lambda *_args, **_keywords: FakeT5())


@pytest.mark.parametrize(("family", "learning_rate"), [("llamagen", 2e-2), ("janus", 1e-2)])
def test_eight_pictures_are_learnt_by_heart(
    family: str, learning_rate: float, pictures: Path, tmp_path: Path
) -> None:
    base, run_folder = toy(family, tmp_path / "base"), tmp_path / "run"
    quick = {"images": 1440, "learning_rate": learning_rate, "warmup_images": 80, "ema_decay": 0.9}
    names = {"data": str(pictures), "init": str(base), "out": str(run_folder)}
    config = with_values(AdapterTraining(), {**quick, **names})
    run_adapter_training(config)

    lines = (run_folder / "metrics.jsonl").read_text().splitlines()
    nats = [json.loads(line)["nats"] for line in lines if "nats" in line]
    assert nats[0] > 1.5 and nats[-1] < 0.5
    assert len(list((run_folder / "samples").iterdir())) == 1
    # A checkpoint holds the small matrices alone.
    learned = learned_layers(load_stage(run_folder).weights(PLAYER))
    assert all(len(low_rank.a_RI) == 16 for low_rank in learned.values())
    assert (run_folder / "checkpoint.pt").stat().st_size < 1.5e6

    # On top of the model, its pictures are drawn.
    save_lora(tmp_path / "lora", learned, base_model="toy")
    drawing = DALL_E.from_pretrained(base).load_lora(tmp_path / "lora")
    tokenizer = drawing.networks.tokenizer
    right = 0
    for number in range(NUM_PICTURES):
        image = Image.open(pictures / f"{number}.png").convert("RGB")
        x_1CHW = torch.from_numpy(np.asarray(image).transpose(2, 0, 1).copy())[None] / 127.5 - 1
        with torch.no_grad():
            codes_1N = tokenizer.encode(x_1CHW).codes_BHW.flatten(1)
            true_HWC = tokenizer.detokenize(codes_1N)[0, :3].permute(1, 2, 0).numpy()
        drawn_HWC = (
            np.asarray(drawing(caption(number), seed=1, guidance_scale=1.0), dtype=np.float32) / 255
        )
        right += bool(np.abs(drawn_HWC - true_HWC).mean() < 0.02)
    assert right >= 6

    # Added to the weights, it computes what the run computed, within 1e-5 of the largest logit.
    pair = make_reader(drawing.networks.text, drawing.text_tokenizer).read(caption(0), "")
    codes_1N = torch.arange(15)[None] % 30
    with torch.no_grad():
        merged = drawing.networks.generator(pair.text, codes_1N)
    network = made(LeftToRight(drawing.config.generator))
    network.load_state_dict(DALL_E.from_pretrained(base).networks.generator.state_dict())
    apart = with_matrices(network, learned)
    unmerged = apart(pair.text, codes_1N).detach()
    torch.testing.assert_close(merged, unmerged, atol=1e-5 * float(unmerged.abs().max()), rtol=0)


def caption(number: int) -> str:
    return " ".join(["abcdefgh"[number] * 4] * (number % 3 + 1))


def with_matrices(network: LeftToRight, learned: dict[str, LowRank]) -> LeftToRight:
    """The network with small matrices beside its weights, as in training."""
    layers = add_lora(network, rank=16, alpha=16)
    for name, beside in small_matrices(network, layers).items():
        low_rank = learned[f"generator.{name.replace('/', '.')}"]
        assert isinstance(beside, LowRankSum)
        beside.lora_A.data, beside.lora_B.data = low_rank.a_RI, low_rank.b_OR
        beside.scale.fill_(low_rank.scale)
    return network


def test_a_lora_of_a_published_model_is_read_by_peft(tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    raster = LeftToRightConfig(**SIZES, prefix_tokens=4, places="line", style=BlockStyle())
    network, rng = made(LeftToRight(raster)), torch.Generator().manual_seed(0)
    shapes = {
        name: (layer.out_features, layer.in_features)
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear) and name.startswith("blocks.")
    }
    learned = {
        f"generator.{name}": LowRank(
            torch.randn(16, inputs, generator=rng) / 8, torch.randn(outputs, 16, generator=rng), 1.0
        )
        for name, (outputs, inputs) in shapes.items()
    }
    save_lora(tmp_path / "lora", learned, base_model="toy")

    prompt = PromptStates(torch.randn(1, 4, 64, generator=rng), torch.ones(1, 4, dtype=torch.bool))
    codes_1N = torch.arange(15)[None] % 30
    with torch.no_grad():
        ours = with_matrices(made(LeftToRight(raster)), learned)(prompt, codes_1N)
        holder = nn.ModuleDict({"generator": network})
        peft.PeftModel.from_pretrained(holder, str(tmp_path / "lora"))
        theirs = network(prompt, codes_1N)
        torch.testing.assert_close(theirs, ours, atol=1e-4, rtol=1e-5)
        assert not torch.allclose(theirs, made(LeftToRight(raster))(prompt, codes_1N), atol=0.1)


def test_finetune_writes_the_lora_and_a_model_with_it(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, out = toy("janus", tmp_path / "base"), tmp_path / "mine"
    command = ["finetune", str(pictures), "--model", str(base), "--out", str(out), "--rank", "4"]
    assert run([*command, "--images", "8", "--subject", "sks robot"]) == 0
    assert "dall-e train adapter" in capsys.readouterr().err
    assert len(next(iter(load_lora(out / "lora").layers.values())).a_RI) == 4
    image = DALL_E.from_pretrained(out)("a sks robot", seed=0)
    assert isinstance(image, Image.Image) and image.size == (64, 64)

    # The model is there already.
    assert run([*command, "--images", "8"]) == 1
    assert "--force" in capsys.readouterr().err


def test_what_cannot_learn_is_refused(pictures: Path, tmp_path: Path) -> None:
    names = {"data": str(pictures), "out": str(tmp_path / "run")}
    with pytest.raises(ValueError, match="init is empty"):
        AdapterStage(with_values(AdapterTraining(), names))
    with pytest.raises(ValueError, match="dall-e train generator --init"):
        AdapterStage(with_values(AdapterTraining(), {**names, "init": "dall-e-emoji"}))
    with pytest.raises(ValueError, match="lora_rank must be at least 1"):
        with_values(AdapterTraining(), {"lora_rank": 0})
