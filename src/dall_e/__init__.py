"""Text to picture with an autoregressive transformer.

    from dall_e import DALL_E
    image = DALL_E.from_pretrained("dall-e-emoji")("a white cat")

Public names are imported when they are first used, so `import dall_e` is quick and does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dall_e.checkpoints.known_models import list_models
    from dall_e.checkpoints.model_entry import KnownModel
    from dall_e.config import ModelConfig, SamplingConfig
    from dall_e.inference.image_codec import ImageCodec
    from dall_e.pipeline import DALL_E
    from dall_e.version import __version__

__all__ = [
    "DALL_E",
    "ImageCodec",
    "KnownModel",
    "ModelConfig",
    "SamplingConfig",
    "__version__",
    "list_models",
]

_HOMES = {
    "DALL_E": "dall_e.pipeline",
    "ImageCodec": "dall_e.inference.image_codec",
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
