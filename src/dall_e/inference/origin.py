"""Where an image comes from: what was asked for, model, versions, and what computed it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import torch

from dall_e.checkpoints.families.base import PublishedNetworks
from dall_e.config import ModelConfig
from dall_e.config.published import PublishedConfig
from dall_e.inference.loading import Networks
from dall_e.inference.request import GenerationRequest
from dall_e.nn.cpu.kernels import kernels
from dall_e.nn.precision import weight_of
from dall_e.planning.drawing_jobs import DrawingJob
from dall_e.planning.placed_plan import PlacedPlan
from dall_e.planning.plan import Plan
from dall_e.planning.plan_record import FROM_PLAN_KEY, PLAN_KEY, plan_record
from dall_e.sampling.memory import TokenMemory
from dall_e.version import __version__


def origin_of(
    config: ModelConfig | PublishedConfig,
    networks: Networks | PublishedNetworks,
    *,
    weights_sha256: str,
    quantization: str | None,
    rounded: tuple[str, ...],
    lora: str = "",
    memory: TokenMemory | None = None,
) -> dict[str, str]:
    """What a drawing depends on besides its settings, as texts by name.

    `rounded` are the narrower number formats in which the weights have been before, `lora` what is
    on top of them, `memory` what stands beside them.
    """
    variant = config.variant if isinstance(config, PublishedConfig) else ""
    device = weight_of(networks.generator).device.type
    return {
        **({"variant": variant} if variant else {}),
        "model": config.name,
        "model_version": config.version,
        "weights_sha256": weights_sha256,
        "dall_e_version": __version__,
        "torch_version": torch.__version__,
        "device": device,
        "dtype": _described_dtypes(networks),
        **({"rounded": " ".join(rounded)} if rounded else {}),
        **({"quantization": quantization} if quantization else {}),
        **({"lora": lora} if lora else {}),
        **({"memory": f"{len(memory)} pictures {memory.digest[:16]}"} if memory else {}),
        # This project's own code, compiled, where there is any; else torch's operations.
        "kernels": "compiled" if device == "cpu" and kernels() else "torch",
    }


def story_of(
    request: GenerationRequest,
    candidate: DrawingJob,
    score: float | None,
    negative: str,
    origin: dict[str, str],
    placed: PlacedPlan | None,
) -> dict[str, str]:
    """All that is needed to draw an image again, and how it was chosen, as texts by name.

    origin: what `origin_of` says. picture: the plan with the boxes of everything, if there is one.
    It is the metadata of the image.
    """
    plan = candidate.plan
    story = {
        "prompt": candidate.text,
        "negative_prompt": negative,
        "seed": str(candidate.seed),
        **{name: str(value) for name, value in asdict(request.sampling).items()},
        **origin,
    }
    if not plan.is_whole:
        story["plan"] = plan.describe()
    if plan.unread:
        story["unread"] = ", ".join(plan.unread)
    if plan.nearest:
        story["nearest"] = "; ".join(near.in_words() for near in plan.nearest)
    story |= {
        "transparent": str(request.transparent),
        "size": f"{request.size}x{request.size}",
        "upsample": str(request.upsample),
        "finish": request.finish,
    }
    if request.noise_BNC is not None:
        story["noise"] = "given"
    if request.known is not None:
        story["known_tokens"] = "given"
    if request.tile:
        story["tile"] = request.tile
    if request.style or plan.style:
        story["style"] = request.style or plan.style
    story |= _plan_entries(plan, candidate, request, placed)
    if score is not None:
        story |= {"best_of": str(request.best_of), "score": f"{score:.4f}"}
    return story


def _plan_entries(
    plan: Plan, candidate: DrawingJob, request: GenerationRequest, placed: PlacedPlan | None
) -> dict[str, str]:
    """The plan as JSON, from which the same is drawn, and whether that was done."""
    record: dict[str, Any] = {}
    if placed is not None:
        record = placed.record()
    elif not plan.is_whole:
        record = plan_record(plan, candidate.text, seed=candidate.seed, size=request.size)
    entries = {PLAN_KEY: json.dumps(record, ensure_ascii=False)} if record else {}
    return {**entries, FROM_PLAN_KEY: "True"} if request.plans else entries


def name_of(dtype: torch.dtype) -> str:
    """The name of a number format."""
    return str(dtype).removeprefix("torch.")


def _described_dtypes(networks: Networks | PublishedNetworks) -> str:
    """What the generator computes in, and the networks that do not, though they load alike."""
    parts = networks.parts()
    if isinstance(networks, PublishedNetworks):
        del parts["tokenizer"]  # In float32 beside any generator.
    names = {part: name_of(weight_of(network).dtype) for part, network in parts.items()}
    others = [f"{part} {name}" for part, name in names.items() if name != names["generator"]]
    return names["generator"] + (f" ({', '.join(others)})" if others else "")
