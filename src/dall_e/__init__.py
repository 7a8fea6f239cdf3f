"""Text to picture with an autoregressive transformer.

    from dall_e import DALL_E
    image = DALL_E.from_pretrained("dall-e-emoji")("a white cat")

Public names are imported when they are first used, so `import dall_e` is quick and does nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dall_e.checkpoints.known_models import list_models
    from dall_e.checkpoints.model_entry import KnownModel
    from dall_e.config import ModelConfig, SamplingConfig
    from dall_e.images.results import DrawnImage, ImageList
    from dall_e.inference.image_codec import ImageCodec
    from dall_e.pipeline import DALL_E
    from dall_e.version import __version__

__all__ = [
    "DALL_E",
    "DrawnImage",
    "ImageCodec",
    "ImageList",
    "KnownModel",
    "ModelConfig",
    "SamplingConfig",
    "__version__",
    "list_models",
]

_HOMES = {
    "DALL_E": "dall_e.pipeline",
    "DrawnImage": "dall_e.images.results",
    "ImageCodec": "dall_e.inference.image_codec",
    "ImageList": "dall_e.images.results",
    "KnownModel": "dall_e.checkpoints.model_entry",
    "ModelConfig": "dall_e.config",
    "SamplingConfig": "dall_e.config",
    "__version__": "dall_e.version",
    "list_models": "dall_e.checkpoints.known_models",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _check_namesake() -> None:
    """Warn if files of OpenAI's package DALL-E, which has this module name, lie among ours."""
    if not os.path.exists(os.path.join(os.path.dirname(__file__), "encoder.py")):
        return

    import warnings

    from dall_e.errors import DallEWarning

    warnings.warn(
        "OpenAI's package DALL-E has the module name dall_e too, and its files lie among ours: "
        "pip uninstall DALL-E, and then install this project again",
        DallEWarning,
        stacklevel=3,
    )


_check_namesake()
