"""An image that is there, as the noise and the order that draw it.

`invert` finds them for the settings of a drawing; a drawing with them has the image's tokens. As
noise has a meaning whatever the words are, the same noise under other words is the image as it
would have been (docs/explanation/noise.md).

Shapes: N image tokens, C codes.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dall_e.atomic_files import replace_bytes
from dall_e.bounded_files import naming, read_bytes
from dall_e.config import SamplingConfig, build_settings
from dall_e.errors import UnusableFileError
from dall_e.inference.engine import Engine
from dall_e.inference.image_tokens import image_tokens
from dall_e.inference.request import GenerationRequest
from dall_e.inference.retrieval import ImageInput
from dall_e.inference.validation import SEEDS

_MOST_BYTES = 256 * 2**20
"""The longest file that is read: noise of 1,024 tokens of 16,384 codes has 64 MiB."""
_KIND = "dall-e inversion 1"
"""What such a file says of itself."""


@dataclass(frozen=True, kw_only=True)
class Inversion:
    """The noise and the order that draw an image: `model(inversion.prompt, noise=inversion)`."""

    prompt: str
    """The words that it was found for."""
    negative_prompt: str
    """What they steer away from."""
    seed: int
    """Chooses the order of the tokens."""
    sampling: SamplingConfig
    """The settings that it was found for."""
    codes_N: Tensor
    """The image's tokens, int64 in raster order."""
    noise_NC: Tensor
    """Noise of each position and code, float32."""
    weights_sha256: str
    """Of the model that found it; empty for one that was never in a file."""

    def check_model(self, weights_sha256: str) -> None:
        """Raise ValueError if these are not the weights that found the noise."""
        if self.weights_sha256 != weights_sha256:
            raise ValueError(
                "this noise was found with another model, weights "
                f"{self.weights_sha256[:8] or 'unknown'}, and this one has "
                f"{weights_sha256[:8] or 'unknown'}: invert the picture again"
            )

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = True) -> None:
        """Write it to a file in NumPy's format npz, which `load` reads.

        Raises OSError if it cannot be written, FileExistsError if it is there and not to be
        overwritten.
        """
        facts = {
            "kind": _KIND,
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "seed": self.seed,
            "sampling": dataclasses.asdict(self.sampling),
            "weights_sha256": self.weights_sha256,
        }
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            facts=np.frombuffer(json.dumps(facts, ensure_ascii=False).encode(), dtype=np.uint8),
            codes_N=self.codes_N.cpu().numpy(),
            noise_NC=self.noise_NC.cpu().numpy(),
        )
        replace_bytes(path, buffer.getvalue(), overwrite=overwrite)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Inversion:
        """Read what `save` wrote. Raises UnusableFileError for any other file."""
        content = read_bytes(Path(path), _MOST_BYTES)
        with naming(path, "it is no inversion", "`dall-e invert` writes them"):
            with np.load(io.BytesIO(content), allow_pickle=False) as stored:
                facts = json.loads(stored["facts"].tobytes())
                codes_N, noise_NC = stored["codes_N"], stored["noise_NC"]
            _check(path, facts, codes_N, noise_NC)
            return cls(
                prompt=facts["prompt"],
                negative_prompt=facts["negative_prompt"],
                seed=facts["seed"],
                sampling=build_settings(SamplingConfig, facts["sampling"]),
                codes_N=torch.from_numpy(codes_N),
                noise_NC=torch.from_numpy(noise_NC),
                weights_sha256=facts["weights_sha256"],
            )


def _check(path: str | os.PathLike[str], facts: Any, codes_N: Any, noise_NC: Any) -> None:
    """Raise UnusableFileError for parts of a file that do not belong together."""
    if facts.get("kind") != _KIND:
        raise UnusableFileError(path, f"it is a {facts.get('kind')!r}, not a {_KIND!r}")
    texts = [facts[name] for name in ("prompt", "negative_prompt", "weights_sha256")]
    seed = facts["seed"]
    if not all(isinstance(text, str) for text in texts) or not isinstance(seed, int):
        raise UnusableFileError(path, "its texts and its seed are not what they should be")
    if not 0 <= seed < SEEDS:
        raise UnusableFileError(path, f"its seed {seed} is not between 0 and 2^64 - 1")
    kinds = (codes_N.dtype, noise_NC.dtype)
    if kinds != (np.int64, np.float32) or noise_NC.shape[:1] != codes_N.shape:
        raise UnusableFileError(
            path, f"codes {codes_N.shape} and noise {noise_NC.shape} do not belong together"
        )


def invert(engine: Engine, image: ImageInput, request: GenerationRequest) -> Inversion:
    """Find noise that draws an image, for a request that asks for one.

    Raises ValueError for a request at temperature 0, where noise has no say, and for a model that
    cannot read images.
    """
    codes_1N = image_tokens(engine.config, engine.networks, image)
    noise_1NC = engine.find_noise(request, codes_1N)
    return Inversion(
        prompt=request.prompts[0],
        negative_prompt=request.negative_of(0),
        seed=request.seeds[0],
        sampling=request.sampling,
        codes_N=codes_1N[0].cpu(),
        noise_NC=noise_1NC[0],
        weights_sha256=engine.weights_sha256,
    )
