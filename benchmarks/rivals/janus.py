"""Janus in transformers with our weights: its language model, its heads and its pixel decoder."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from benchmarks.clock import Clock, Steps, Times
from benchmarks.rivals import load, renamed
from benchmarks.shapes import Shape, random_networks

if TYPE_CHECKING:
    import torch

INSTALL = "pip install 'open-dalle[bench]'"
_PAD_ID, _PICTURE_ID = 2, 3


class Janus:
    """Draws as `JanusForConditionalGeneration.generate(generation_mode="image")` does."""

    def __init__(self, shape: Shape, device: torch.device) -> None:
        import torch

        from dall_e.runtime import computes_bf16

        package = load("transformers", INSTALL)
        dtype = torch.bfloat16 if computes_bf16(device) else torch.float32
        self.name = f"transformers {version('transformers')}, {'bf16' if dtype == torch.bfloat16 else 'fp32'}"
        self._shape, self._device = shape, device
        self._clock = Clock(device)
        self._steps = Steps(self._clock)
        self._model = _build(package, shape, dtype, device)
        language = self._model.model.language_model
        language.forward = self._steps.counted(language.forward)

    def draw(self, tokens: int) -> Times:
        """Its own loop, left after the language model's last step, and its own decoder."""
        import torch

        config = self._shape.config
        ids = torch.tensor([self._shape.ids], device=self._device)

        def loop() -> None:
            self._model.generate(
                inputs=ids,
                attention_mask=torch.ones_like(ids),
                generation_mode="image",
                guidance_scale=config.sampling.guidance_scale,
                do_sample=True,
            )

        codes = (
            torch.arange(config.generator.num_tokens, device=self._device)[None]
            * 31
            % config.generator.num_codes
        )
        with torch.no_grad():
            first, rest = self._steps.run(loop, tokens)
            pixels = self._clock.timed(lambda: self._model.decode_image_tokens(codes).float().cpu())
        return Times(first=first, rest=rest, drawn=tokens, pixels=pixels)


def _build(package: Any, shape: Shape, dtype: torch.dtype, device: torch.device) -> Any:
    """The network of our sizes. What does not draw (vision tower, head over words) is there, small
    or unfilled."""
    import torch

    from dall_e.checkpoints.families import janus

    settings = _settings(package, shape)
    networks = random_networks(shape, dtype)
    with torch.device("meta"):
        model = package.JanusForConditionalGeneration(settings).to(dtype)
    model = model.to_empty(device="cpu")
    seen: Any = {"model.language_model.embed_tokens.weight": None}
    config = shape.config
    weights = renamed(networks.text, janus.prompt_table(seen))
    weights |= renamed(networks.generator, janus.transformer_table(config.generator, seen))
    weights |= renamed(networks.tokenizer.to(dtype), janus.tokenizer_table(config.tokenizer, seen))
    lacking = model.load_state_dict(weights, strict=False, assign=True)
    assert not lacking.unexpected_keys, lacking.unexpected_keys[:5]
    undrawn = (
        "lm_head.",
        "model.vision_model.",
        "model.aligner.",
        "model.vqmodel.encoder.",
        "model.vqmodel.quant_",
    )
    assert all(name.startswith(undrawn) for name in lacking.missing_keys), lacking.missing_keys
    # Its frequencies are no weights: they were lost with the memory that the network was built
    # without.
    model.model.language_model.rotary_emb = type(model.model.language_model.rotary_emb)(
        settings.text_config
    )
    model.generation_config.update(bos_token_id=0, pad_token_id=_PAD_ID, eos_token_id=1)
    model.generation_config.generation_kwargs = {"boi_token_id": _PICTURE_ID}
    return model.eval().requires_grad_(False).to(device)


def _settings(package: Any, shape: Shape) -> Any:
    text, generator, tokenizer = shape.config.text, shape.config.generator, shape.config.tokenizer
    language = package.LlamaConfig(
        vocab_size=text.vocab_size,
        hidden_size=generator.width,
        intermediate_size=generator.mlp_width,
        num_hidden_layers=generator.num_layers,
        num_attention_heads=generator.num_heads,
        num_key_value_heads=generator.num_heads,
        max_position_embeddings=16384,
        rms_norm_eps=generator.style.norm_eps,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=_PAD_ID,
        tie_word_embeddings=False,
    )
    vision = package.models.janus.JanusVisionConfig(
        hidden_size=64,
        num_hidden_layers=1,
        num_attention_heads=1,
        image_size=tokenizer.image_size,
        patch_size=tokenizer.patch_size,
        projection_dim=generator.width,
        num_image_tokens=generator.num_tokens,
    )
    vqgan = package.models.janus.JanusVQVAEConfig(
        embed_dim=tokenizer.code_width,
        num_embeddings=tokenizer.num_codes,
        latent_channels=tokenizer.latent_width,
        base_channels=tokenizer.width,
        channel_multiplier=list(tokenizer.multipliers),
        num_res_blocks=tokenizer.decoder_blocks - 1,
        num_patches=generator.grid_size,
        projection_dim=generator.width,
        image_token_embed_dim=generator.width,
    )
    return package.JanusConfig(
        text_config=language, vision_config=vision, vq_config=vqgan, tie_word_embeddings=False
    )
