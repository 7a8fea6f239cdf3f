"""`dall-e zoo verify`: our networks against what the published projects' own code computed.

Shapes: B batch rows, L prompt tokens, N image tokens, C codes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from torch import Tensor

TOLERANCE = 1e-4
"""Largest absolute difference that is still the same computation in float32."""


def verify(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Holds meta.json, expected.safetensors and the weights.", show_default=False
        ),
    ],
    *,
    dump: Annotated[
        Path | None,
        typer.Option("--dump", show_default=False, help="Write our outputs, under the same names."),
    ] = None,
) -> None:
    """Load published weights with our adapter, run our network, and compare with the outputs in
    FOLDER.

    Prints the largest absolute difference of each output. Exit code 1 unless all are within 1e-4,
    and codes and greedy tokens are equal.
    """
    import torch

    from dall_e.checkpoints.tensor_files import read_tensors, write_tensors

    case = read_case(folder)
    expected = read_tensors(folder / "expected.safetensors")
    given = {
        name.removeprefix("in."): tensor
        for name, tensor in expected.items()
        if name.startswith("in.")
    }
    wanted = {name: tensor for name, tensor in expected.items() if name.startswith("out.")}
    if not wanted:
        raise ValueError(f"{folder / 'expected.safetensors'} has no outputs to compare with")
    with torch.inference_mode():
        ours = FAMILIES[case.family](
            case, given, tuple(name.removeprefix("out.") for name in wanted)
        )
    if dump is not None:
        write_tensors(dump, {f"out.{name}": tensor for name, tensor in ours.items()})
    alike = [
        _compare(name, tensor, ours.get(name.removeprefix("out.")))
        for name, tensor in wanted.items()
    ]
    if not all(alike):
        raise typer.Exit(1)


class Case(NamedTuple):
    """What meta.json says."""

    family: str
    weights: list[Path]
    config: dict[str, Any]


def read_case(folder: Path) -> Case:
    """Raises FileNotFoundError without a meta.json, ValueError for one of another layout or an
    unknown family."""
    path = folder / "meta.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the folder needs meta.json, expected.safetensors and weights"
        )
    try:
        meta = json.loads(path.read_bytes())
        case = Case(
            meta["family"], [folder / name for name in meta["weights"]], dict(meta["config"])
        )
        if not case.weights:
            raise ValueError("it names no weights")
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} has another layout: {type(error).__name__} {error}") from error
    if case.family not in FAMILIES:
        raise ValueError(f"{path}: family {case.family!r} is not one of {', '.join(FAMILIES)}")
    return case


Inputs = Mapping[str, "Tensor"]
Outputs = dict[str, "Tensor"]


def _min_dalle(case: Case, given: Inputs, wanted: tuple[str, ...]) -> Outputs:
    import torch

    from dall_e.checkpoints.networks import load_min_dalle

    start = int(given["start_token"][0]) if "start_token" in given else case.config.get("bos")
    encoder, decoder = _file(case, "encoder"), _file(case, "decoder")
    return _mini_outputs(
        *load_min_dalle(encoder, decoder, case.config, torch.float32, start), given
    )


def _dalle_mini(case: Case, given: Inputs, wanted: tuple[str, ...]) -> Outputs:
    import torch

    from dall_e.checkpoints.networks import load_dalle_mini

    return _mini_outputs(
        *load_dalle_mini(_only_file(case), case.config, torch.float32, None), given
    )


def _mini_outputs(prompts: Any, raster: Any, given: Inputs) -> Outputs:
    states = prompts(_input(given, "text"))
    codes_BN = _input(given, "image_tokens").expand(states.states_BLD.shape[0], -1)
    return {"encoder_state": states.states_BLD, "step_logits": raster(states, codes_BN[:, :-1])}


def _llamagen(case: Case, given: Inputs, wanted: tuple[str, ...]) -> Outputs:
    import torch

    from dall_e.checkpoints.networks import load_llamagen
    from dall_e.models.prompt_networks import PromptFeatures, PromptStates

    prompts, raster = load_llamagen(_only_file(case), case.config, torch.float32)
    if not isinstance(prompts, PromptFeatures):
        raise ValueError(
            f"{_only_file(case)} is class-conditional: there is no caption to verify with"
        )
    length = raster.config.prefix_tokens
    features, visible = _input(given, "caption_features"), _input(given, "caption_mask") != 0
    text = PromptStates(*(part[:, :length] for part in prompts(features, visible)))
    null = PromptStates(*(part[:, :length] for part in prompts.unconditional(visible)))
    return _guided_outputs(raster, text, null, wanted)


def _janus(case: Case, given: Inputs, wanted: tuple[str, ...]) -> Outputs:
    import torch

    from dall_e.checkpoints.networks import load_janus

    prompts, raster, tokenizer = load_janus(
        _only_file(case), case.config, torch.float32, int(case.config.get("num_image_tokens", 576))
    )
    text, null = prompts(_input(given, "text")), prompts(_input(given, "text_null"))
    outputs = _guided_outputs(raster, text, null, wanted)
    side = raster.config.grid_size
    for name in wanted:
        tokens = outputs.get(name.replace("pixels_", "greedy_tokens_"))
        if name.startswith("pixels_") and tokens is not None:
            outputs[name] = tokenizer.decode(tokens.long().unflatten(1, (side, side)))
    return outputs


def _guided_outputs(raster: Any, text: Any, null: Any, wanted: tuple[str, ...]) -> Outputs:
    """Logits and greedy tokens, each for the guidance at the end of its name."""
    outputs: Outputs = {}
    for name in wanted:
        match = re.fullmatch(r"(step_logits|greedy_tokens)_cfg(\d+(?:[._]\d+)?)", name)
        if not match:
            continue
        scale = float(match[2].replace("_", "."))
        tokens_BN = _greedy(raster, text, null, scale)
        if match[1] == "greedy_tokens":
            outputs[name] = tokens_BN.int()
        else:
            outputs[name] = _guided(raster, text, null, tokens_BN[:, :-1], scale)
    return outputs


def _guided(raster: Any, text: Any, null: Any, codes_BN: Tensor, scale: float) -> Tensor:
    logits: Tensor = raster(text, codes_BN)
    return logits if scale == 1 else logits.lerp(raster(null, codes_BN), 1 - scale)


def _greedy(raster: Any, text: Any, null: Any, scale: float) -> Tensor:
    """The likeliest token each time, by the loop that draws."""
    from dall_e.config import SamplingConfig
    from dall_e.sampling.decode import decode_tokens

    settings = SamplingConfig(
        num_inference_steps=raster.config.num_tokens, guidance_scale=scale, temperature=0.0,
        final_temperature=0.0, order="raster", schedule="uniform",
    )  # fmt: skip
    return decode_tokens(
        raster, text, null, seeds=[0] * text.states_BLD.shape[0], settings=settings
    )


def _mindalle(case: Case, given: Inputs, wanted: tuple[str, ...]) -> Outputs:
    import torch

    from dall_e.checkpoints.networks import load_mindalle

    prompts, raster = load_mindalle(_only_file(case), case.config, torch.float32)
    ids_BL, codes_BN = _input(given, "text"), _input(given, "image_tokens")
    states_BSD = raster.states(prompts(ids_BL), codes_BN[:, :-1])
    assert raster.text_head is not None
    last = ids_BL.shape[1] - 1
    return {
        "text_logits": raster.text_head(states_BSD[:, :last]),
        "image_logits": raster.head(states_BSD[:, last:]),
    }


def _rudalle(case: Case, given: Inputs, wanted: tuple[str, ...]) -> Outputs:
    import torch

    from dall_e.checkpoints.networks import load_rudalle

    prompts, raster = load_rudalle(
        _only_file(case), case.config, torch.float32, case.config.get("version")
    )
    return {
        "image_logits": raster(
            prompts(_input(given, "text")), _input(given, "image_tokens")[:, :-1]
        )
    }


def _vqgan(case: Case, given: Inputs, wanted: tuple[str, ...]) -> Outputs:
    import torch

    from dall_e.checkpoints import networks

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


def _dvae(case: Case, given: Inputs, wanted: tuple[str, ...]) -> Outputs:
    import torch

    from dall_e.checkpoints.networks import load_dvae

    network = load_dvae(_file(case, "encoder"), _file(case, "decoder"), case.config, torch.float32)
    logits_BVHW = network.code_logits(_input(given, "image"))
    codes_BHW = logits_BVHW.argmax(1)
    return {
        "code_logits": logits_BVHW,
        "codes": codes_BHW,
        "decoder_stats": network.decoder(codes_BHW),
        "reconstruction": network.decode(codes_BHW),
    }


FAMILIES: dict[str, Callable[[Case, Inputs, tuple[str, ...]], Outputs]] = {
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
"""Families that can be verified, by the name in meta.json."""


def _only_file(case: Case) -> Path:
    """The weight file; what else meta.json lists beside it holds settings, which it has itself."""
    return next(
        (path for path in case.weights if path.suffix not in (".yaml", ".yml", ".json")),
        case.weights[0],
    )


def _file(case: Case, part: str) -> Path:
    found = [path for path in case.weights if path.name.startswith(part)]
    if len(found) != 1:
        raise ValueError(
            f"meta.json must name one file of weights that starts with {part!r}, it has {len(found)}"
        )
    return found[0]


def _input(given: Inputs, name: str) -> Tensor:
    if name not in given:
        raise ValueError(f"expected.safetensors has no in.{name}")
    return given[name]


def _compare(name: str, expected: Tensor, ours: Tensor | None) -> bool:
    """Prints one line, and says whether the two are the same."""
    if ours is None:
        print(f"{name}: not computed here  DIFFERENT")
        return False
    if ours.shape != expected.shape:
        print(f"{name}: shape {list(ours.shape)}, expected {list(expected.shape)}  DIFFERENT")
        return False
    difference = float((ours.double() - expected.double()).abs().max()) if expected.numel() else 0.0
    alike = difference <= (TOLERANCE if expected.is_floating_point() else 0.0)
    print(f"{name}: {difference:.3g}  {'ok' if alike else 'DIFFERENT'}")
    return alike
