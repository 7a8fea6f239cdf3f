"""Models that read pictures say what is in them: from both layouts of Janus, loaded when asked, and
converted."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor, nn

from dall_e import DALL_E
from dall_e.checkpoints.families import janus, janus_names, janus_vision
from dall_e.checkpoints.keymap import KeyTable
from dall_e.cli import run
from dall_e.config.published import (
    BlockStyle,
    LeftToRightConfig,
    PromptConfig,
    VisionConfig,
    VQGANConfig,
)
from dall_e.errors import DallEWarning
from dall_e.inference.answering import (
    CAPTION_QUESTIONS,
    Conversation,
    Describer,
    TextSamplingConfig,
    make_describer,
    preprocess,
)
from dall_e.models.left_to_right import LeftToRight
from dall_e.models.prompt_networks import PromptStates, build_prompts
from dall_e.models.vision_encoder import Vision
from dall_e.models.vqgan import VQGAN
from dall_e.text.published_tokenizers import JanusTokenizer

Writer = Callable[[nn.Module, KeyTable], dict[str, Tensor]]
pytestmark = pytest.mark.filterwarnings(
    "ignore:the weights of .* are under the licence", "ignore:the answer was cut"
)

VISION = VisionConfig(
    image_size=12,
    patch_size=4,
    width=64,
    num_heads=1,
    num_layers=2,
    mlp_width=48,
    out_width=64,
    vocab_size=270,
)


def made(network: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for name, parameter in network.named_parameters():
        nn.init.normal_(parameter, mean=float("norm" in name and name.endswith("weight")), std=0.25)
    return network.eval()


def tokenizer(*lacking: str) -> Tokenizer:
    marks = [
        JanusTokenizer.START,
        JanusTokenizer.PAD,
        JanusTokenizer.IMAGE,
        "<|User|>",
        "<|Assistant|>",
    ]
    marks += [mark for mark in (Conversation.IMAGE_END, Conversation.END) if mark not in lacking]
    letters = sorted(set(pre_tokenizers.ByteLevel.alphabet()))
    bpe = Tokenizer(
        models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[])
    )
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.add_special_tokens([AddedToken(mark, special=True) for mark in marks])
    return bpe


def write_janus(
    folder: Path, write: Writer, names: janus_names.Names, *, with_vision: bool = True
) -> Path:
    """A tiny Janus in one of its layouts: 2 x 2 tokens of 16 pixels a side."""
    text = PromptConfig(kind="table", vocab_size=270, max_tokens=janus.LONGEST_PROMPT, width=64)
    raster = LeftToRightConfig(
        num_codes=30,
        num_tokens=4,
        code_rows=30,
        num_logits=30,
        width=64,
        num_heads=1,
        num_layers=1,
        mlp_width=32,
        code_width=4,
        head_width=24,
        prefix_tokens=janus.LONGEST_PROMPT,
        places="line",
        style=BlockStyle(qk_norm=False),
    )
    vqgan = VQGANConfig(
        width=32,
        multipliers=(1, 1, 1, 1, 1),
        encoder_blocks=1,
        decoder_blocks=1,
        attention_levels=(),
        latent_width=4,
        num_codes=30,
        code_width=4,
        lookup="cosine",
        image_size=32,
    )
    marker = (
        {"model.language_model.embed_tokens.weight": None} if names is janus_names.CONVERTED else {}
    )
    tables = (
        janus.prompt_table(marker),
        janus.transformer_table(raster, marker),
        janus.tokenizer_table(vqgan, marker),
    )
    held: dict[str, Tensor] = {}
    for network, table in zip(
        (build_prompts(text), LeftToRight(raster), VQGAN(vqgan)), tables, strict=True
    ):
        held |= write(made(network), table)
    if with_vision:
        table = janus_vision.vision_table(VISION, marker | {f"{names.words}.weight": None})
        held |= write(made(Vision(VISION)), table)
        if not names.vision.flat_places:
            held[names.vision.places] = held[names.vision.places][None]
            held["vision_model.vision_tower.attn_pool.latent"] = torch.ones(1, 1, 64)
    folder.mkdir()
    torch.save(held, folder / "pytorch_model.bin")
    head = {
        "model_type": "janus",
        "text_config": {"num_attention_heads": 1},
        "vq_config": {"num_patches": 2},
    }
    (folder / "config.json").write_text(json.dumps(head))
    tokenizer().save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, write_foreign: Writer) -> Path:
    return write_janus(
        tmp_path_factory.mktemp("janus") / "original", write_foreign, janus_names.ORIGINAL
    )


@pytest.fixture(scope="module")
def model(folder: Path) -> DALL_E:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return DALL_E.from_pretrained(folder)


def picture(seed: int = 0, size: tuple[int, int] = (20, 20)) -> Image.Image:
    """Four fields of random colours."""
    fields = np.random.default_rng(seed).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    return Image.fromarray(fields, "RGB").resize(size, Image.Resampling.NEAREST)


def describer(model: DALL_E) -> Describer:
    return make_describer(model.config.name, model.networks, model.text_tokenizer)


def ids(model: DALL_E, image: Image.Image, question: str = "What?", count: int = 12) -> list[int]:
    made_for = describer(model)
    states_1LD = made_for.embed(
        preprocess(image, 12), *Conversation(model.text_tokenizer).around(question)
    )
    return made_for.generate(states_1LD, TextSamplingConfig(count, 0.0, None))


def test_nothing_is_loaded_before_it_is_asked_for(folder: Path) -> None:
    model = DALL_E.from_pretrained(folder, dtype="bfloat16")
    model("a cat", seed=0)
    assert model.networks.vision.network is None and "vision" not in model.networks.parts()
    assert isinstance(model.describe(picture(), max_new_tokens=3), str)
    assert model.networks.vision.network.places.weight.dtype == torch.bfloat16
    with pytest.warns(DallEWarning, match="stay as bfloat16 rounded them"):
        model.to(torch.float32)
    assert model.networks.vision.network.places.weight.dtype == torch.float32


@torch.no_grad()
def test_word_after_word_is_all_at_once(model: DALL_E) -> None:
    """Greedy words with the cache are those without it: each the likeliest after all that were read
    before."""
    made_for, question = describer(model), Conversation(model.text_tokenizer).around("What?")
    states_1LD = made_for.embed(preprocess(picture(), 12), *question)
    with_cache = made_for.generate(states_1LD, TextSamplingConfig(12, 0.0, None))
    without: list[int] = []
    vision, raster, words = made_for._vision, made_for._raster, made_for._prompts.tokens
    nothing = torch.zeros(1, 0, dtype=torch.int64)
    while len(without) < len(with_cache):
        known = torch.cat((states_1LD, words(torch.tensor([without], dtype=torch.int64))), dim=1)
        read_1LD = raster.states(
            PromptStates(known, torch.ones(known.shape[:2], dtype=torch.bool)), nothing
        )
        without.append(int(vision.word_logits(read_1LD[:, -1]).argmax()))
    assert with_cache == without and len(set(with_cache)) > 1


def test_picture_and_question_matter(model: DALL_E) -> None:
    def logits(seed: int, question: str) -> Tensor:
        made_for = describer(model)
        states_1LD = made_for.embed(
            preprocess(picture(seed), 12), *Conversation(model.text_tokenizer).around(question)
        )
        cache = model.networks.generator.prefill(
            PromptStates(states_1LD, torch.ones(states_1LD.shape[:2]) == 1)
        )
        return made_for._vision.word_logits(cache.state_BD)

    first = logits(0, "What?")
    assert torch.equal(logits(0, "What?"), first)
    assert not torch.allclose(logits(1, "What?"), first, atol=1e-3)
    assert not torch.allclose(logits(0, "Why?"), first, atol=1e-3)


def test_both_layouts_are_the_same_model(
    model: DALL_E, tmp_path: Path, write_foreign: Writer
) -> None:
    other = DALL_E.from_pretrained(
        write_janus(tmp_path / "converted", write_foreign, janus_names.CONVERTED)
    )
    assert other.config.vision == model.config.vision == VISION
    assert ids(other, picture()) == ids(model, picture())


def test_converted_it_still_describes(model: DALL_E, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path / "ours", int8=False)
    again = DALL_E.from_pretrained(tmp_path / "ours")
    assert again.networks.vision.network is None and again.config == model.config
    assert ids(again, picture()) == ids(model, picture())


def test_draws_follow_the_seed(model: DALL_E) -> None:
    first = model.describe(picture(), max_new_tokens=20, temperature=1.0, seed=1)
    assert model.describe(picture(), max_new_tokens=20, temperature=1.0, seed=1) == first
    assert model.describe(picture(), max_new_tokens=20, temperature=1.0, seed=2) != first
    with pytest.warns(UserWarning, match="seed is ignored: at temperature 0"):
        model.describe(picture(), max_new_tokens=1, seed=1)


def test_a_caption_is_an_answer(model: DALL_E) -> None:
    """Both languages have a question of their own; probabilities are those of the words."""
    english, chinese = (
        model.captions(picture(), language, num=1, method="greedy") for language in ("en", "zh")
    )
    assert model.caption(picture()) == english[0].text
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for language, (caption,) in (("en", english), ("zh", chinese)):
            question = CAPTION_QUESTIONS[language]
            assert model.describe(picture(), question, max_new_tokens=64) == caption.text
    assert english[0].log_probability < 0
    drawn = model.captions(picture(), num=2, method="sampled", seed=3)
    assert drawn[0].text == model.caption(picture(), method="sampled", seed=3)
    assert drawn[0] != drawn[1]
    with pytest.raises(ValueError, match="without beams: take method greedy or sampled"):
        model.captions(picture())
    with pytest.raises(ValueError, match="draws among all words: leave out top_p"):
        model.caption(picture(), method="sampled", top_p=0.5)
    with pytest.raises(ValueError, match="the picture is blank"):
        model.caption(Image.new("RGB", (8, 8)))


@torch.no_grad()
def test_how_likely_an_answer_is(model: DALL_E) -> None:
    """The sum over its words, by one pass over all of them."""
    made_for, question = describer(model), Conversation(model.text_tokenizer).around("What?")
    states_1LD = made_for.embed(preprocess(picture(), 12), *question)
    sampling = TextSamplingConfig(5, 0.0, None)
    _, log_probability = made_for.likely_answer(picture(), "What?", sampling)
    words = made_for.generate(states_1LD, sampling)
    embedded = made_for._prompts.tokens(torch.tensor([words[:-1]]))
    known = torch.cat((states_1LD, embedded), dim=1)
    visible = torch.ones(known.shape[:2], dtype=torch.bool)
    states = made_for._raster.states(PromptStates(known, visible), torch.zeros(1, 0).long())
    logits = made_for._vision.word_logits(states[0, -len(words) :]).log_softmax(-1)
    expected = sum(float(row[word]) for row, word in zip(logits, words, strict=True))
    assert log_probability == pytest.approx(expected, abs=1e-3)


def test_the_frame_of_a_question() -> None:
    conversation = Conversation(JanusTokenizer(tokenizer()))
    before, behind = conversation.around(" ab ")
    named = [conversation._bpe.id_to_token(each) for each in (*before, *behind)]
    space, line = "\u0120", "\u010a"
    assert named == [
        JanusTokenizer.START, "<|User|>", ":", space, JanusTokenizer.IMAGE, Conversation.IMAGE_END,
        line, "a", "b", line, line, "<|Assistant|>", ":",
    ]  # fmt: skip
    assert conversation.text([*behind[2:4], conversation.end_id]) == "ab"
    with pytest.raises(ValueError, match=r"has no <end_of_image>: it is not one for answers"):
        Conversation(JanusTokenizer(tokenizer(Conversation.IMAGE_END)))


def test_what_is_seen_is_square_and_filled_with_grey(tmp_path: Path) -> None:
    wide = Image.new("RGB", (24, 12), (255, 0, 0))
    x_1CHW = preprocess(wide, 12)
    assert x_1CHW.shape == (1, 3, 12, 12)
    torch.testing.assert_close(x_1CHW[0, :, 0, 5], torch.full((3,), 127 / 255), atol=0.01, rtol=0)
    torch.testing.assert_close(x_1CHW[0, :, 6, 5], torch.tensor([1.0, 0, 0]), atol=0.01, rtol=0)
    wide.save(tmp_path / "wide.png")
    assert torch.equal(preprocess(tmp_path / "wide.png", 12), x_1CHW)
    with pytest.raises(FileNotFoundError):
        preprocess(str(tmp_path / "none.png"), 12)


def test_what_it_cannot_do_is_said(model: DALL_E, mini_folder: Path, tiny_folder: Path) -> None:
    for drawer in (mini_folder, tiny_folder):
        with pytest.raises(
            ValueError,
            match="only draws: it cannot describe pictures; models that can are those of J",
        ):
            DALL_E.from_pretrained(drawer).describe(picture())
    with pytest.raises(
        ValueError, match=r"may have 5000: together more than the 1028 that are read"
    ):
        model.describe(picture(), max_new_tokens=5000)
    with pytest.raises(
        ValueError, match="max_new_tokens must be a whole number of at least 1, got 0"
    ):
        model.describe(picture(), max_new_tokens=0)
    with pytest.raises(ValueError, match="temperature must be a number of at least 0, got -1"):
        model.describe(picture(), temperature=-1)
    with pytest.raises(ValueError, match="the prompt is blank"):
        model.describe(picture(), " ")
    with pytest.warns(UserWarning, match="cut off after max_new_tokens 1"):
        model.describe(picture(), max_new_tokens=1)


def test_a_file_without_a_tower_only_draws(tmp_path: Path, write_foreign: Writer) -> None:
    model = DALL_E.from_pretrained(
        write_janus(tmp_path / "bare", write_foreign, janus_names.ORIGINAL, with_vision=False)
    )
    assert model.config.vision is None and model("a cat", seed=0).size == (32, 32)
    with pytest.raises(ValueError, match="bare only draws"):
        model.describe(picture())


def test_a_damaged_tower_is_named_when_it_is_asked_for(folder: Path, tmp_path: Path) -> None:
    held = torch.load(folder / "pytorch_model.bin", weights_only=True)
    name = "vision_model.vision_tower.blocks.1.mlp.fc2.bias"
    torch.save({**held, name: torch.zeros(7)}, tmp_path / "a.bin")
    config = janus_vision.read_vision_config(tmp_path / "a.bin", {})
    assert config == VISION
    with pytest.raises(ValueError, match=rf"{name} has shape \[7\], the settings ask for \[64\]"):
        janus_vision.load_vision(tmp_path / "a.bin", config, torch.float32)
    del held[name]
    torch.save(held, tmp_path / "b.bin")
    with pytest.raises(ValueError, match=rf"1 missing \({name}\)"):
        janus_vision.load_vision(tmp_path / "b.bin", config, torch.float32)


def test_from_the_command_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture().save(tmp_path / "a.png")
    asked = ["describe", str(tmp_path / "a.png"), "--model", str(folder), "--device", "cpu"]
    assert run([*asked, "--max-new-tokens", "4"]) == 0
    first = capsys.readouterr().out
    assert run([*asked, "--max-new-tokens", "4", "--prompt", "What colour is it?"]) == 0
    assert capsys.readouterr().out != first
    assert run(["describe", str(tmp_path / "none.png"), "--model", str(folder)]) == 1
    assert "there is no picture" in capsys.readouterr().err


def test_fault_use_13_the_caller_s_settings_change_no_answer(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = DALL_E.from_pretrained(folder).describe(picture(), max_new_tokens=6)
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        try:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                answer = DALL_E.from_pretrained(folder).describe(picture(), max_new_tokens=6)
        finally:
            torch.set_default_dtype(torch.float32)
            torch.set_default_device(None)
    assert answer == expected
