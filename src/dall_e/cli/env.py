"""`dall-e env`: on what models run here."""

from __future__ import annotations


def env() -> None:
    """Print versions and hardware, to paste into a report of a problem."""
    import os
    import platform

    import torch

    from dall_e.nn.cpu import kernels
    from dall_e.runtime import computes_bf16, pick_device
    from dall_e.version import __version__

    device = pick_device("auto")
    facts = {
        "dall-e": __version__,
        "built-in model": _built_in_model(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "threads": str(torch.get_num_threads()),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "kernels": kernels.described(),
        "bfloat16": "computed" if computes_bf16(device) else "emulated, not used",
    }
    for name, value in facts.items():
        print(f"{name:15} {value}")


def _built_in_model() -> str:
    """The version of the built-in model, or why there is none."""
    from dall_e.checkpoints.known_models import BUILT_IN, find_model
    from dall_e.checkpoints.store import read_model_config

    try:
        config = read_model_config(find_model(BUILT_IN))
    except (OSError, ValueError) as error:
        return f"not usable: {error}"
    return f"version {config.get('version', '?')}"
