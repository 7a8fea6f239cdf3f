"""Janus in transformers with our weights: its language model, its heads and its pixel decoder."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from benchmarks.clock import Clock, Steps, Times
from benchmarks.random_models import any_codes, random_networks
from benchmarks.rivals import load, renamed
from benchmarks.shapes import Shape

if TYPE_CHECKING:
    import torch

INSTALL = "pip install 'open-dalle[bench]'"
_START_ID, _END_ID, _PAD_ID, _IMAGE_ID = 0, 1, 2, 3

_UNDRAWN = (
    "lm_head.",
    "model.vision_model.",
    "model.aligner.",
    "model.vqmodel.encoder.",
    "model.vqmodel.quant_",
)
"""Weights that do not draw: vision tower, head over words, encoder of images."""


class Janus:
    """Draws as `JanusForConditionalGeneration.generate(generation_mode="image")` does."""

    def __init__(self, shape: Shape, device: torch.device) -> None:
        import torch

        from dall_e.runtime import computes_bf16

        package = load("transformers", INSTALL)
        in_bf16 = computes_bf16(device)
        precision = "bf16" if in_bf16 else "fp32"
        self.name = f"transformers {version('transformers')}, {precision}"
        self._shape, self._device = shape, device
        self._model = _build(package, shape, torch.bfloat16 if in_bf16 else torch.float32, device)

        # Every call of its language model is a step.
        self._clock = Clock(device)
        self._steps = Steps(self._clock)
        language = self._model.model.language_model
        language.forward = self._steps.counted(language.forward)

    def draw(self, tokens: int) -> Times:
        """Run its own loop, left after the language model's last step, and its own decoder."""
        import torch

        ids = torch.tensor([self._shape.ids], device=self._device)

        def loop() -> None:
            self._model.generate(
                inputs=ids,
                attention_mask=torch.ones_like(ids),
                generation_mode="image",
                guidance_scale=self._shape.config.sampling.guidance_scale,
                do_sample=True,
            )

        codes_1N = any_codes(self._shape, self._device)
        with torch.no_grad():
            first, rest = self._steps.run(loop, tokens)
            pixels = self._clock.timed(
                lambda: self._model.decode_image_tokens(codes_1N).float().cpu()
            )
        return Times(first=first, rest=rest, drawn=tokens, pixels=pixels)


def _build(package: Any, shape: Shape, dtype: torch.dtype, device: torch.device) -> Any:
    """Build the network of our sizes; what does not draw is there, small or unfilled."""
    import torch

    from dall_e.checkpoints.families import janus

    settings = _settings(package, shape)
    with torch.device("meta"):
        model = package.JanusForConditionalGeneration(settings).to(dtype)
    model = model.to_empty(device="cpu")

    # Our weights under its names.
    networks, config = random_networks(shape, dtype), shape.config
    seen: Any = {"model.language_model.embed_tokens.weight": None}
    weights = renamed(networks.text, janus.prompt_table(seen))
    weights |= renamed(networks.generator, janus.transformer_table(config.generator, seen))
    weights |= renamed(networks.tokenizer.to(dtype), janus.tokenizer_table(config.tokenizer, seen))
    lacking = model.load_state_dict(weights, strict=False, assign=True)
    assert not lacking.unexpected_keys, lacking.unexpected_keys[:5]
    assert all(name.startswith(_UNDRAWN) for name in lacking.missing_keys), lacking.missing_keys

    # Its rotary frequencies are no weights: they were lost with the memory that the network was
    # built without.
    language = model.model.language_model
    language.rotary_emb = type(language.rotary_emb)(settings.text_config)
    model.generation_config.update(
        bos_token_id=_START_ID, pad_token_id=_PAD_ID, eos_token_id=_END_ID
    )
    model.generation_config.generation_kwargs = {"boi_token_id": _IMAGE_ID}
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
        bos_token_id=_START_ID,
        eos_token_id=_END_ID,
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
