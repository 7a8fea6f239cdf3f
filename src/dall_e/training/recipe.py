"""How to go on from trained weights on few pictures: settings that fit the data and the machine.

The defaults of training are for a start from nothing on many thousands of pictures. At their
learning rate weights forget what they know, and few pictures are soon learnt by heart. All of this
holds only for flags that were not given.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from pathlib import Path
from typing import Any, TypeVar

from dall_e.checkpoints.run_files import SETTINGS_FILE, load_stage
from dall_e.config import GeneratorTraining, TokenizerTraining, flat_values, flattened, with_values
from dall_e.data.counting import count_up_to
from dall_e.runtime import pick_device

Config = TypeVar("Config", GeneratorTraining, TokenizerTraining)

MOST_IMAGES = 5_000
"""Of more pictures, the defaults of a long training serve as well."""
_STEPS_PER_ROOT = 44
"""Steps for each square root of the number of pictures: 270 for 38 pictures, 1,400 for 1,000."""
_LORA_STEPS_PER_ROOT, _LORA_BATCH_SIZE = 28, 8
"""By low rank: after more, names that were not taught get rougher in a new style (LOG.md)."""
_LEARNING_RATE = 3e-4
_WARMUP_FRACTION = 0.05
_BATCH_SIZES = {"cpu": 16, "mps": 32, "cuda": 64}
"""What learns are steps, and on a CPU a step costs what its pictures cost. A GPU takes more of them
in the same time."""
_FITTED = (
    "tokenizer", "images", "batch_size", "learning_rate", "warmup_images", "contrastive_weight",
)  # fmt: skip


def fit_to_data(config: Config, given: Collection[str]) -> tuple[Config, str]:
    """Settings for a run from `--init`, but for those `given`; and in words what was chosen.

    A run that is there already keeps what it was started with. Nothing changes without --init.
    Raises ValueError if the data or the initial weights are missing.
    """
    if not config.start.init:
        return config, ""
    fitted = _stored(Path(config.run_folder)) or _chosen(config)
    values = {
        name: value
        for name, value in fitted.items()
        if name not in given and name in flat_values(config)
    }
    if not values:
        return config, ""
    flags = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in values.items())
    return with_values(config, values), f"to go on from {config.start.init}: {flags}"


def _stored(folder: Path) -> dict[str, Any]:
    """What a run that can be resumed was started with; nothing without one."""
    try:
        written = json.loads((folder / SETTINGS_FILE).read_bytes())
        # Those of the networks stand beside them, one of which is called tokenizer as well.
        stored = flattened({name: written[name] for name in written if name != "networks"})
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
    return {name: stored[name] for name in _FITTED if name in stored}


def _chosen(config: GeneratorTraining | TokenizerTraining) -> dict[str, Any]:
    """The image tokenizer that goes with the initial weights, and on few pictures a schedule."""
    values: dict[str, Any] = {}
    if isinstance(config, GeneratorTraining):
        start = load_stage(config.start.init)
        values["tokenizer"] = start.settings.get("tokenizer") or config.start.init
        if start.is_model:
            # A model folder has no contrastive tower: a new one would teach the text encoder noise.
            values["contrastive_weight"] = 0.0

    num_images = count_up_to(config.data, MOST_IMAGES)
    if not 0 < num_images <= MOST_IMAGES:
        return values
    batch_size = _BATCH_SIZES[pick_device(config.loop.device).type]
    steps_per_root = _STEPS_PER_ROOT
    if isinstance(config, GeneratorTraining) and config.lora.lora_rank:
        batch_size, steps_per_root = _LORA_BATCH_SIZE, _LORA_STEPS_PER_ROOT
    images = math.ceil(steps_per_root * math.sqrt(num_images)) * batch_size
    return values | {
        "images": images,
        "batch_size": batch_size,
        "learning_rate": _LEARNING_RATE,
        "warmup_images": round(_WARMUP_FRACTION * images),
    }
