"""`dall-e models` and `dall-e env`: what can be loaded, and on what it runs."""

from __future__ import annotations


def models() -> None:
    """List the models that can be loaded by name."""
    from dall_e import list_models

    for model in list_models():
        place = "built in" if model.built_in else "downloaded on first use"
        print(f"{model.name}  ({model.licence}; {place})")
        print(f"    {model.summary}")
        facts = {
            "also": ", ".join(model.aliases),
            "variants": ", ".join(f"{model.name}/{variant}" for variant in model.variants),
            "parameters": model.parameters,
            "memory": model.memory,
            "prompts in": model.languages,
            "pixels": model.resolution,
        }
        for name, value in facts.items():
            if value:
                print(f"    {name}: {value}")


def env() -> None:
    """Print versions, hardware and settings: paste it into a report of a problem."""
    import os
    import platform

    import torch

    from dall_e import __version__
    from dall_e.checkpoints.store import read_model_config
    from dall_e.checkpoints.zoo import BUILT_IN, find_model
    from dall_e.runtime import computes_bf16, pick_device

    device = pick_device("auto")
    try:
        built_in = f"version {read_model_config(find_model(BUILT_IN)).get('version', '?')}"
    except (OSError, ValueError) as error:
        built_in = f"not usable: {error}"
    facts = {
        "dall-e": __version__,
        "built-in model": built_in,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "threads": str(torch.get_num_threads()),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "bfloat16": "computed" if computes_bf16(device) else "emulated, not used",
    }
    for name, value in facts.items():
        print(f"{name:15} {value}")
