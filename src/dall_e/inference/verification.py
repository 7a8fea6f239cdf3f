"""Parity cases: our networks against what a published project's own code computed.

A case is a folder with weights in the project's own format, `expected.safetensors` with inputs
(`in.NAME`) and the project's outputs (`out.NAME`), and `meta.json`, which names the family, the
weight files and the settings.

Shapes: B batch rows, L prompt tokens, N image tokens, S tokens of prompt and image, D width, V
codes, C H W channels, rows and columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from dall_e.checkpoints import networks
from dall_e.checkpoints.tensor_files import read_tensors
from dall_e.config import SamplingConfig
from dall_e.models.left_to_right import Raster
from dall_e.models.prompt_networks import PromptFeatures, PromptStates
from dall_e.sampling.decode import decode_tokens

TOLERANCE = 1e-4
"""Largest absolute difference that is still the same computation in float32."""

EXPECTED_FILE, META_FILE = "expected.safetensors", "meta.json"

_SETTINGS_SUFFIXES = (".yaml", ".yml", ".json")

Tensors = Mapping[str, Tensor]
"""Inputs or outputs of a case, by name."""


class Case(NamedTuple):
    """What `meta.json` says."""

    family: str
    """One of `FAMILIES`."""
    weights: list[Path]
    """The project's files."""
    config: dict[str, Any]
    """The project's settings of the networks."""


class Comparison(NamedTuple):
    """One output beside what was expected."""

    name: str
    """Name of the output."""
    finding: str
    """The largest absolute difference, or what makes the two incomparable."""
    is_same: bool
    """Whether they are the same within the tolerance; codes and tokens must be equal."""


def read_case(folder: Path) -> Case:
    """The case of a folder.

    Raises FileNotFoundError without a `meta.json`, ValueError for one of another layout or an
    unknown family.
    """
    path = folder / META_FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the folder needs {META_FILE}, {EXPECTED_FILE} and weights"
        )
    try:
        meta = json.loads(path.read_bytes())
        weights = [folder / name for name in meta["weights"]]
        case = Case(meta["family"], weights, dict(meta["config"]))
        if not case.weights:
            raise ValueError("it names no weights")
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} has another layout: {type(error).__name__} {error}") from error
    if case.family not in FAMILIES:
        raise ValueError(f"{path}: family {case.family!r} is not one of {', '.join(FAMILIES)}")
    return case


def read_expected(folder: Path) -> tuple[Tensors, Tensors]:
    """Inputs and expected outputs of a folder, by their names without `in.` and `out.`."""
    held = read_tensors(folder / EXPECTED_FILE)
    given, expected = (
        {name.removeprefix(prefix): held[name] for name in held if name.startswith(prefix)}
        for prefix in ("in.", "out.")
    )
    if not expected:
        raise ValueError(f"{folder / EXPECTED_FILE} has no outputs to compare with")
    return given, expected


@torch.inference_mode()
def compute_outputs(case: Case, given: Tensors, wanted: Iterable[str]) -> dict[str, Tensor]:
    """What our networks compute from the inputs, with the case's weights, in float32."""
    return FAMILIES[case.family](case, given, tuple(wanted))


def compare(name: str, expected: Tensor, ours: Tensor | None) -> Comparison:
    """One of our outputs beside the expected one."""
    if ours is None:
        return Comparison(name, "not computed here", False)
    if ours.shape != expected.shape:
        finding = f"shape {list(ours.shape)}, expected {list(expected.shape)}"
        return Comparison(name, finding, False)

    difference = float((ours.double() - expected.double()).abs().max()) if expected.numel() else 0.0
    tolerance = TOLERANCE if expected.is_floating_point() else 0.0
    return Comparison(name, f"{difference:.3g}", difference <= tolerance)


# What each family computes


def _min_dalle(case: Case, given: Tensors, wanted: tuple[str, ...]) -> dict[str, Tensor]:
    start = int(given["start_token"][0]) if "start_token" in given else case.config.get("bos")
    encoder, decoder = _file(case, "encoder"), _file(case, "decoder")
    prompts, raster = networks.load_min_dalle(encoder, decoder, case.config, torch.float32, start)
    return _mini_outputs(prompts, raster, given)


def _dalle_mini(case: Case, given: Tensors, wanted: tuple[str, ...]) -> dict[str, Tensor]:
    prompts, raster = networks.load_dalle_mini(_only_file(case), case.config, torch.float32, None)
    return _mini_outputs(prompts, raster, given)


def _mini_outputs(prompts: Any, raster: Raster, given: Tensors) -> dict[str, Tensor]:
    states = prompts(_input(given, "text"))
    codes_BN = _input(given, "image_tokens").expand(states.states_BLD.shape[0], -1)
    return {"encoder_state": states.states_BLD, "step_logits": raster(states, codes_BN[:, :-1])}


def _llamagen(case: Case, given: Tensors, wanted: tuple[str, ...]) -> dict[str, Tensor]:
    path = _only_file(case)
    prompts, raster = networks.load_llamagen(path, case.config, torch.float32)
    if not isinstance(prompts, PromptFeatures):
        raise ValueError(f"{path} is class-conditional: there is no caption to verify with")

    features_BLF = _input(given, "caption_features")
    visible_BL = _input(given, "caption_mask") != 0
    length = raster.config.prefix_tokens
    text = _first_tokens(prompts(features_BLF, visible_BL), length)
    null = _first_tokens(prompts.unconditional(visible_BL), length)
    return _guided_outputs(raster, text, null, wanted)


def _first_tokens(states: PromptStates, length: int) -> PromptStates:
    return PromptStates(*(part[:, :length] for part in states))


def _janus(case: Case, given: Tensors, wanted: tuple[str, ...]) -> dict[str, Tensor]:
    num_tokens = int(case.config.get("num_image_tokens", 576))
    prompts, raster, tokenizer = networks.load_janus(
        _only_file(case), case.config, torch.float32, num_tokens
    )
    text, null = prompts(_input(given, "text")), prompts(_input(given, "text_null"))
    outputs = _guided_outputs(raster, text, null, wanted)

    # Pixels are of the greedy tokens with the same guidance.
    side = raster.config.grid_size
    for name in wanted:
        tokens_BN = outputs.get(name.replace("pixels_", "greedy_tokens_"))
        if name.startswith("pixels_") and tokens_BN is not None:
            outputs[name] = tokenizer.decode(tokens_BN.long().unflatten(1, (side, side)))
    return outputs


def _guided_outputs(
    raster: Raster, text: PromptStates, null: PromptStates, wanted: tuple[str, ...]
) -> dict[str, Tensor]:
    """Logits and greedy tokens, each for the guidance at the end of its name."""
    outputs: dict[str, Tensor] = {}
    for name in wanted:
        match = re.fullmatch(r"(step_logits|greedy_tokens)_cfg(\d+(?:[._]\d+)?)", name)
        if not match:
            continue

        scale = float(match[2].replace("_", "."))
        tokens_BN = _greedy_tokens(raster, text, null, scale)
        if match[1] == "greedy_tokens":
            outputs[name] = tokens_BN.int()
        else:
            outputs[name] = _guided_logits(raster, text, null, tokens_BN[:, :-1], scale)
    return outputs


def _guided_logits(
    raster: Raster, text: PromptStates, null: PromptStates, codes_BN: Tensor, scale: float
) -> Tensor:
    logits_BNV: Tensor = raster(text, codes_BN)
    if scale == 1:
        return logits_BNV
    return logits_BNV.lerp(raster(null, codes_BN), 1 - scale)


def _greedy_tokens(raster: Raster, text: PromptStates, null: PromptStates, scale: float) -> Tensor:
    """The likeliest token each time, by the loop that draws."""
    settings = SamplingConfig(
        num_inference_steps=raster.config.num_tokens,
        guidance_scale=scale,
        temperature=0.0,
        final_temperature=0.0,
        order="raster",
        schedule="uniform",
    )
    seeds = [0] * text.states_BLD.shape[0]
    return decode_tokens(raster, text, null, seeds=seeds, settings=settings)


def _mindalle(case: Case, given: Tensors, wanted: tuple[str, ...]) -> dict[str, Tensor]:
    prompts, raster = networks.load_mindalle(_only_file(case), case.config, torch.float32)
    ids_BL, codes_BN = _input(given, "text"), _input(given, "image_tokens")
    states_BSD = raster.states(prompts(ids_BL), codes_BN[:, :-1])

    assert raster.text_head is not None
    last = ids_BL.shape[1] - 1
    return {
        "text_logits": raster.text_head(states_BSD[:, :last]),
        "image_logits": raster.head(states_BSD[:, last:]),
    }


def _rudalle(case: Case, given: Tensors, wanted: tuple[str, ...]) -> dict[str, Tensor]:
    version = case.config.get("version")
    prompts, raster = networks.load_rudalle(_only_file(case), case.config, torch.float32, version)
    states = prompts(_input(given, "text"))
    return {"image_logits": raster(states, _input(given, "image_tokens")[:, :-1])}


def _vqgan(case: Case, given: Tensors, wanted: tuple[str, ...]) -> dict[str, Tensor]:
    loaders = {
        "taming_vqgan": networks.load_taming,
        "flax_vqgan": networks.load_flax_vqgan,
        "llamagen_vq": networks.load_llamagen_vq,
    }
    network = loaders[case.family](_only_file(case), case.config, torch.float32)
    encoded = network.encode(_input(given, "image"))
    return {
        "codes": encoded.codes_BHW,
        "quantized": encoded.quantized_BDHW,
        "reconstruction": network.decode(encoded.codes_BHW),
    }


def _dvae(case: Case, given: Tensors, wanted: tuple[str, ...]) -> dict[str, Tensor]:
    encoder, decoder = _file(case, "encoder"), _file(case, "decoder")
    network = networks.load_dvae(encoder, decoder, case.config, torch.float32)
    logits_BVHW = network.code_logits(_input(given, "image"))
    codes_BHW = logits_BVHW.argmax(1)
    return {
        "code_logits": logits_BVHW,
        "codes": codes_BHW,
        "decoder_stats": network.decoder(codes_BHW),
        "reconstruction": network.decode(codes_BHW),
    }


FAMILIES: dict[str, Callable[[Case, Tensors, tuple[str, ...]], dict[str, Tensor]]] = {
    "min_dalle": _min_dalle,
    "dalle_mini": _dalle_mini,
    "flax_vqgan": _vqgan,
    "llamagen": _llamagen,
    "llamagen_vq": _vqgan,
    "mindalle": _mindalle,
    "rudalle": _rudalle,
    "taming_vqgan": _vqgan,
    "openai_dvae": _dvae,
    "janus": _janus,
}
"""Families that can be verified, by the name in `meta.json`."""


def _only_file(case: Case) -> Path:
    """The weight file; what else is listed beside it holds settings, which `meta.json` has too."""
    weights = (path for path in case.weights if path.suffix not in _SETTINGS_SUFFIXES)
    return next(weights, case.weights[0])


def _file(case: Case, part: str) -> Path:
    """The one weight file whose name starts with `part`."""
    paths = [path for path in case.weights if path.name.startswith(part)]
    if len(paths) != 1:
        raise ValueError(
            f"{META_FILE} must name one file of weights that starts with {part!r}, "
            f"it has {len(paths)}"
        )
    return paths[0]


def _input(given: Tensors, name: str) -> Tensor:
    if name not in given:
        raise ValueError(f"{EXPECTED_FILE} has no in.{name}")
    return given[name]
