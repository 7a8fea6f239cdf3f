"""References made here and now by packages that install today: min-dalle, and transformers' Janus.

Each test makes a small random model with the package, writes a reference folder, and has `dall-e
zoo verify` judge it. (OpenAI's package is called dall_e, as ours is: the two cannot be imported
together. Its reference folder is enough.)
"""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from dall_e.checkpoints.tensor_files import write_tensors
from dall_e.cli import run

LACKING = (
    "pre_self_attn_layer_norm",
    "pre_encoder_attn_layer_norm",
    "glu.ln0",
    "glu.ln1",
    "final_ln",
)


def randomised(network: torch.nn.Module, std: float) -> torch.nn.Module:
    for name, parameter in network.named_parameters():
        torch.nn.init.normal_(parameter, std=std if parameter.dim() > 1 else 0.2)
        if parameter.dim() == 1 and name.endswith("weight"):
            with torch.no_grad():
                parameter.add_(1)
    return network.eval()


def write_case(
    folder: Path, family: str, weights: list[str], config: dict[str, Any], tensors: dict[str, Any]
) -> Path:
    (folder / "meta.json").write_text(
        json.dumps({"family": family, "weights": weights, "config": config})
    )
    write_tensors(folder / "expected.safetensors", tensors)
    return folder


@pytest.mark.parametrize("lacking", [True, False])
@pytest.mark.parametrize(
    ("layers", "width", "heads", "inner", "length"), [(1, 32, 2, 40, 7), (3, 96, 3, 64, 20)]
)
@torch.no_grad()
def test_min_dalle(
    tmp_path: Path, lacking: bool, layers: int, width: int, heads: int, inner: int, length: int
) -> None:
    package = pytest.importorskip(
        "min_dalle.models", reason="min-dalle is not installed: pip install min-dalle"
    )
    torch.manual_seed(layers)
    shared = {
        "layer_count": layers,
        "embed_count": width,
        "attention_head_count": heads,
        "glu_embed_count": inner,
    }
    text = {"text_vocab_count": 50, "text_token_count": length}
    encoder = randomised(package.DalleBartEncoder(**shared, **text, device="cpu"), 0.15)
    decoder = randomised(
        package.DalleBartDecoder(**shared, image_vocab_count=30, device="cpu"), 0.15
    )
    for network, file in ((encoder, "encoder_mini.pt"), (decoder, "decoder_mini.pt")):
        held = dict(network.state_dict())
        for name in [name for name in held if lacking and name.endswith(".weight")]:
            if any(part in name for part in LACKING):
                held[name].fill_(1.0)
                del held[name]
        torch.save(held, tmp_path / file)

    # What the package computes, token by token.
    ids_BL = torch.randint(2, 50, (2, length))
    ids_BL[0, 2:] = 1
    ids_BL[1, -2:] = 1
    codes_1N = torch.randint(30, (1, 9))
    state_BLD = encoder(ids_BL)
    cache = torch.zeros(layers, 4, 256, width)
    fed, logits = torch.tensor([[30]]), []
    for index in range(9):
        mask = ids_BL.not_equal(1)[:, None, None, :]
        out, cache = decoder(mask, state_BLD, cache, fed, torch.tensor([index]))
        logits.append(out[:, -1])
        fed = codes_1N[:, index : index + 1]

    case = write_case(
        tmp_path,
        "min_dalle",
        ["encoder_mini.pt", "decoder_mini.pt"],
        {**shared, **text, "image_vocab_count": 30},
        {
            "in.text": ids_BL,
            "in.image_tokens": codes_1N,
            "in.start_token": torch.tensor([30]),
            "out.encoder_state": state_BLD,
            "out.step_logits": torch.stack(logits, dim=1),
        },
    )
    assert run(["zoo", "verify", str(case)]) == 0


@torch.no_grad()
def test_the_package_paints_what_ours_paints(tmp_path: Path) -> None:
    """Its group norms add 1e-5, taming's 1e-6.

    On weak signals that shows, so the setting is part of the model.
    """
    import dataclasses

    from dall_e.checkpoints.families import min_dalle_vqgan
    from dall_e.models.vqgan import VQGAN

    package = pytest.importorskip(
        "min_dalle.models", reason="min-dalle is not installed: pip install min-dalle"
    )
    torch.manual_seed(0)
    theirs = randomised(package.VQGanDetokenizer(), 0.01)
    torch.save(theirs.state_dict(), tmp_path / "detoker.pt")
    ours = min_dalle_vqgan.load(tmp_path / "detoker.pt", {}, torch.float32)
    codes_1N = torch.randint(16384, (1, 256))
    expected = theirs(False, codes_1N) / 255
    painted = ours.detokenize(codes_1N)[0, :3].movedim(0, -1)
    torch.testing.assert_close(painted, expected, atol=1e-4, rtol=0)

    as_tamings = VQGAN(dataclasses.replace(ours.config, norm_eps=1e-6))
    as_tamings.load_state_dict(ours.state_dict())
    codes_1HW = codes_1N.view(1, 16, 16)
    difference = (as_tamings.decode(codes_1HW) - ours.decode(codes_1HW)).abs().max()
    assert float(difference) > 1e-4


@pytest.mark.parametrize(
    ("layers", "width", "heads", "grid", "num_codes"), [(2, 32, 2, 4, 50), (3, 48, 3, 3, 70)]
)
@torch.no_grad()
def test_janus(
    tmp_path: Path, layers: int, width: int, heads: int, grid: int, num_codes: int
) -> None:
    """Greedy tokens, logits and pixels, with guidance above 1."""
    package = pytest.importorskip(
        "transformers", reason="transformers is not installed: pip install transformers"
    )
    torch.manual_seed(layers)
    text = {
        "hidden_size": width,
        "intermediate_size": 72,
        "num_hidden_layers": layers,
        "vocab_size": 90,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "pad_token_id": 2,
        "bos_token_id": 0,
    }
    vision = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": grid * 4,
        "patch_size": 4,
        "projection_dim": width,
        "num_image_tokens": grid**2,
    }
    vq = {
        "embed_dim": 8,
        "num_embeddings": num_codes,
        "latent_channels": 32,
        "base_channels": 32,
        "num_patches": grid,
        "channel_multiplier": [1, 2],
        "num_res_blocks": 1,
        "projection_dim": width,
        "image_token_embed_dim": width,
    }
    config = package.JanusConfig(
        text_config=text, vision_config=vision, vq_config=vq, image_token_id=5
    )
    model = randomised(package.JanusForConditionalGeneration(config), 0.12)
    model.generation_config.update(pad_token_id=2, bos_token_id=0, eos_token_id=1, do_sample=False)
    model.generation_config.generation_kwargs = {"boi_token_id": 3}
    model.save_pretrained(tmp_path)

    # Its greedy tokens, and the logits of the prompt and of no prompt.
    ids_BL = torch.tensor([[0, 10, 11, 12, 3], [0, 40, 41, 42, 3]])
    tokens_BN = model.generate(
        input_ids=ids_BL,
        attention_mask=torch.ones_like(ids_BL),
        generation_mode="image",
        guidance_scale=4.0,
    )
    null_BL = ids_BL.clone()
    null_BL[:, 1:-1] = 2
    words = model.get_input_embeddings()
    codes_BND = model.prepare_embeddings_for_image_generation(tokens_BN[:, :-1])
    both = []
    for ids in (ids_BL, null_BL):
        inputs_BTD = torch.cat((words(ids), codes_BND), dim=1)
        states_BTD = model.model.language_model(inputs_embeds=inputs_BTD).last_hidden_state
        both.append(model.model.generation_head(states_BTD[:, ids.shape[1] - 1 :]))

    case = write_case(
        tmp_path,
        "janus",
        ["model.safetensors"],
        {**json.loads((tmp_path / "config.json").read_text()), "num_image_tokens": grid**2},
        {
            "in.text": ids_BL,
            "in.text_null": null_BL,
            "out.greedy_tokens_cfg4": tokens_BN,
            "out.step_logits_cfg4": both[1] + 4 * (both[0] - both[1]),
            "out.pixels_cfg4": model.decode_image_tokens(tokens_BN).movedim(-1, 1),
        },
    )
    assert run(["zoo", "verify", str(case)]) == 0


def test_ids_are_those_of_min_dalle() -> None:
    pytest.importorskip("emoji", reason="emoji is not installed: pip install emoji")
    package = pytest.importorskip("min_dalle.text_tokenizer", reason="min-dalle is not installed")
    from dall_e.text.published_tokenizers import MiniTokenizer

    pairs = ["c a", "ca t", "\u0120 cat", "o o", "a t", "\u0120 a", "_ f", "g r", "i n", "in g"]
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "\u0120", *"abcdefghijklmnopqrstuvwxyz_,.!'-"]
    pieces += [pair.replace(" ", "") for pair in pairs]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    theirs, ours = package.TextTokenizer(vocabulary, pairs), MiniTokenizer(vocabulary, pairs)
    texts = ["A cat", "cacat  catoon atat", "caf\u00e9 \U0001f600 grinning", "don't-go, 42!", ""]
    for text in texts:
        expected = theirs.tokenize(text)
        assert ours.encode(text, 64).ids[: len(expected)] == expected, text
