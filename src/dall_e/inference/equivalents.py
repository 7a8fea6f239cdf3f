"""What code for diffusers, transformers and torch writes, and what is written here instead.

What has a meaning here works (`DALL_E`). Of the rest, what changes no picture is ignored with a
warning, and what would is refused; both say what to write.
"""

from __future__ import annotations

import reprlib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dall_e.errors import DallEWarning


@dataclass(frozen=True)
class Habit:
    """A keyword of another library."""

    instead: str
    """What to write here, or why there is nothing to write."""
    neutral: tuple[Any, ...] = (None,)
    """Values that ask for what is done anyway."""
    is_harmless: bool = False
    """Whether it changes no picture, so that it may be ignored with a warning."""


_ARRAY = "numpy.asarray(image) is the array of a picture, and numpy.asarray(image) / 255 in [0, 1]"
_NO_EMBEDDINGS = "give the prompt as text"
_TEXT_ALONE = "a picture is drawn from text alone: there is nothing like it here"

CALL_HABITS: dict[str, Habit] = {
    "output_type": Habit(f"pictures are PIL images; {_ARRAY}", ("pil", None)),
    "return_dict": Habit(
        "a call gives the picture itself, or a list; .images of either is the list", (True, None)
    ),
    **dict.fromkeys(
        ("guidance", "cfg", "cfg_scale", "cfg_weight", "guidance_weight", "true_cfg_scale"),
        Habit("write guidance_scale="),
    ),
    **dict.fromkeys(
        ("steps", "num_steps", "sampling_steps", "inference_steps"),
        Habit("write num_inference_steps="),
    ),
    **dict.fromkeys(
        ("n", "num_images", "batch_size", "num_return_sequences", "n_samples"),
        Habit("write num_images_per_prompt="),
    ),
    **dict.fromkeys(
        ("size", "resolution", "image_size"), Habit("write height=, the side in pixels")
    ),
    **dict.fromkeys(("negative", "neg_prompt"), Habit("write negative_prompt=")),
    **dict.fromkeys(("rng", "generators"), Habit("write generator= or seed=")),
    **dict.fromkeys(("manual_seed", "seeds", "random_state"), Habit("write seed=")),
    **dict.fromkeys(
        ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds"), Habit(_NO_EMBEDDINGS)
    ),
    **dict.fromkeys(("prompt_2", "negative_prompt_2"), Habit("there is one prompt: write prompt=")),
    **dict.fromkeys(("image", "mask_image", "strength", "control_image"), Habit(_TEXT_ALONE)),
    **dict.fromkeys(
        ("callback", "callback_steps", "callback_on_step_end_tensor_inputs"),
        Habit("write callback_on_step_end=, which is called with a DecodeStep"),
    ),
    **dict.fromkeys(
        ("latents", "sigmas", "timesteps"),
        Habit("this is no diffusion model: seed= chooses the noise"),
    ),
    "eta": Habit("this is no diffusion model: temperature= is how much chance there is", (None, 0)),
    "clip_skip": Habit("the text encoder is read as it was trained", (None, 0)),
    "cross_attention_kwargs": Habit("attention has no settings here", (None, {})),
    "do_sample": Habit("temperature=0 takes the likeliest codes", (True, None)),
    "max_new_tokens": Habit("a picture has a fixed number of tokens"),
    "verbose": Habit("write progress=True for a bar", (False, None), is_harmless=True),
    "max_sequence_length": Habit("a prompt is read as far as the model goes", is_harmless=True),
}
"""Keywords of a call."""

LOAD_HABITS: dict[str, Habit] = {
    "use_safetensors": Habit("nothing in a file is run, whatever its type", is_harmless=True),
    "low_cpu_mem_usage": Habit("weights are always read one by one", is_harmless=True),
    "safety_checker": Habit("there is none", is_harmless=True),
    "requires_safety_checker": Habit("there is none", (False, None), is_harmless=True),
    "feature_extractor": Habit("there is none", is_harmless=True),
    "attn_implementation": Habit("attention is computed in one way", is_harmless=True),
    "trust_remote_code": Habit("no code of a model is ever run", (False, None)),
    "add_watermarker": Habit("pictures have no watermark", (False, None)),
    "load_in_8bit": Habit('write quantization="int8"', (False, None)),
    "load_in_4bit": Habit('write quantization="int4"', (False, None)),
    "quantization_config": Habit('write quantization="int8" or "int4"'),
    "use_auth_token": Habit("write token="),
    "force_download": Habit("delete the folder of the model in the hub's cache", (False, None)),
    "proxies": Habit("set the environment variable HTTPS_PROXY"),
    "subfolder": Habit("give the folder itself"),
    "custom_pipeline": Habit("there is one way of drawing; sampling= has its settings"),
    "scheduler": Habit("this is no diffusion model; sampling= says how codes are drawn"),
    "offload_folder": Habit("a model is loaded whole; quantization= makes it smaller"),
    "max_memory": Habit("a model is loaded whole; quantization= makes it smaller"),
}
"""Keywords of `from_pretrained`."""

_WITHOUT_EFFECT: dict[str, str] = {
    **dict.fromkeys(
        (
            "enable_attention_slicing",
            "disable_attention_slicing",
            "enable_vae_slicing",
            "disable_vae_slicing",
            "enable_vae_tiling",
            "disable_vae_tiling",
            "enable_xformers_memory_efficient_attention",
            "disable_xformers_memory_efficient_attention",
        ),
        "pictures are drawn in batches that fit into memory",
    ),
    **dict.fromkeys(
        ("enable_model_cpu_offload", "enable_sequential_cpu_offload", "maybe_free_model_hooks"),
        'a model is small or stays where it is; from_pretrained(..., quantization="int8") takes a '
        "quarter of the memory",
    ),
    "set_progress_bar_config": "a call shows a bar with progress=True and none without it",
    "fuse_qkv_projections": "the weights lie as they are fastest",
    "enable_freeu": "there is no U-Net that draws",
}
"""Methods that do nothing here, with the reason."""

_INSTEAD: dict[str, str] = {
    **dict.fromkeys(("unet", "transformer"), "write model.networks.generator"),
    "vae": "write model.networks.tokenizer",
    "text_encoder": "write model.networks.text",
    "tokenizer": "write model.text_tokenizer",
    "components": "write model.networks.parts()",
    "scheduler": "write sampling= at a call; model.config.sampling has the defaults",
    "safety_checker": "there is none",
    **dict.fromkeys(
        ("parameters", "named_parameters", "modules", "named_modules", "children"),
        "a DALL_E holds several networks: model.networks.parts() has each by name",
    ),
    "state_dict": "write model.networks.state_dict()",
    "load_state_dict": "write DALL_E.from_pretrained(folder)",
    **dict.fromkeys(("forward", "generate", "sample", "invoke"), "write model(prompt)"),
    **dict.fromkeys(
        ("load_lora_weights", "load_textual_inversion", "load_ip_adapter", "set_adapters"),
        "adapters are not read; `dall-e train generator --init` trains a model further",
    ),
    "compile": "nothing is gained: write model(prompt)",
    "push_to_hub": "write model.save_pretrained(folder), and upload the folder",
    "save": "write model.save_pretrained(folder)",
    "zero_grad": "a DALL_E only draws: `dall-e train` trains",
}
"""Attributes of other libraries' models, with what to write."""


def check_keywords(given: Mapping[str, Any], habits: Mapping[str, Habit], function: str) -> None:
    """Let pass what changes nothing. Raises TypeError for any other keyword, as Python does."""
    for name, value in given.items():
        habit = habits.get(name)
        if habit is None:
            raise TypeError(f"{function} got an unexpected keyword argument {name!r}")
        if any(type(value) is type(known) and value == known for known in habit.neutral):
            continue
        if not habit.is_harmless:
            shown = reprlib.repr(value)
            raise TypeError(f"{function} has no {name}={shown}: {habit.instead}")
        warnings.warn(f"{name} is ignored: {habit.instead}", DallEWarning, stacklevel=3)


def attribute_of_others(name: str) -> Callable[..., None]:
    """A method of another library's models that has no effect here, and says so when called.

    Raises AttributeError for any other name, with what to write if that is known.
    """
    if name in _INSTEAD:
        raise AttributeError(f"'DALL_E' has no {name!r}: {_INSTEAD[name]}")
    if name not in _WITHOUT_EFFECT:
        raise AttributeError(f"'DALL_E' object has no attribute {name!r}")

    def ignored(*_: Any, **__: Any) -> None:
        why = _WITHOUT_EFFECT[name]
        warnings.warn(f"{name}() has no effect: {why}", DallEWarning, stacklevel=2)

    return ignored


COMPILER_ASKS = "_torchdynamo_orig_callable"
"""The attribute that `torch.compile(model)` looks for first."""


def draw_uncompiled(model_class: Any) -> None:
    """Let `torch.compile(model)` return a function that draws as the model itself does.

    A drawing is a loop over kernels that are compiled already. Traced, it would take minutes, and
    come out another picture.
    """
    import torch

    warnings.warn(
        "torch.compile(model) changes nothing: a DALL_E draws by kernels that are compiled "
        "already; write model(prompt)",
        DallEWarning,
        stacklevel=4,
    )
    # Disabled means: run as it is, with all that it calls.
    if not hasattr(model_class.__call__, "_torchdynamo_disable"):
        model_class.__call__ = torch.compiler.disable(model_class.__call__)


def device_of_map(device_map: Any) -> str | None:
    """The device of a `device_map`: a name, or a table with one device for everything.

    Raises ValueError for one that spreads a model over several.
    """
    if device_map is None:
        return None
    if isinstance(device_map, Mapping):
        places = {str(place) for place in device_map.values()}
        if len(places) != 1:
            raise ValueError(
                f"device_map names {len(places)} devices, and a model is on one: write device="
            )
        device_map = places.pop()
    if device_map in ("balanced", "balanced_low_0", "sequential"):
        return "auto"
    return f"cuda:{device_map}" if str(device_map).isdecimal() else str(device_map)


def either(name: str, value: Any, other_name: str, other_value: Any) -> Any:
    """The value that was given. Raises ValueError if both were and they contradict each other."""
    if value is not None and other_value is not None and str(value) != str(other_value):
        raise ValueError(
            f"{name}={value!r} and {other_name}={other_value!r} contradict each other: "
            f"write {name}= alone"
        )
    return other_value if value is None else value
