"""The engine: prompts and seeds to image tokens, and image tokens to pixels.

Everything that draws calls it: the facade `DALL_E`, and whatever serves, edits, explains or
measures images. It knows no files and no terminal. A `GenerationRequest` says what to draw, with
every value checked; `Engine.generate` draws it:

    plan      each candidate is one drawing, or one for each object of its plan
    tokens    the drawings, in batches (`sampling/decode.py`)
    choose    of several candidates the one that fits the prompt best
    pixels    the image tokenizer, the upsampler, and the plan that puts drawings together

Shapes: B drawings, N image tokens, C H W channels (4, premultiplied RGBA), rows and columns.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dall_e.checkpoints.families.base import PublishedNetworks
from dall_e.checkpoints.t5 import T5Features
from dall_e.config import ModelConfig, SamplingConfig
from dall_e.config.published import PublishedConfig, check_possible
from dall_e.errors import DallEWarning
from dall_e.images.restyling.fitted_style import FittedStyle
from dall_e.inference.adapters import Adapters
from dall_e.inference.decoding import decode_pixels
from dall_e.inference.finishing import FinishedImage, checked_style, finished_image
from dall_e.inference.image_tokens import check_prefix, new_tokens
from dall_e.inference.loading import Networks
from dall_e.inference.origin import name_of, origin_of, story_of
from dall_e.inference.partial_images import PartialImages
from dall_e.inference.progress import ProgressCallback, StepCallback
from dall_e.inference.recognition import Recognition, names_nothing
from dall_e.inference.remarks import check_not_blank
from dall_e.inference.request import GeneratedImage, GenerationRequest, resolve_sampling
from dall_e.inference.retrieval import Retriever
from dall_e.inference.token_drawing import TokenDrawer
from dall_e.inference.validation import (
    Generators,
    Seed,
    check_count,
    checked_finish,
    checked_negatives,
    checked_prompts,
    checked_size,
    checked_tile,
    checked_upsample,
    default_size,
    image_seeds,
)
from dall_e.nn.precision import weight_of
from dall_e.planning.drawing_jobs import DrawingJob, jobs_of, plan_all
from dall_e.planning.mixing import mixed_plan
from dall_e.planning.plan import Plan
from dall_e.planning.vocabulary import Vocabulary
from dall_e.runtime import inference, one_thread
from dall_e.sampling.decode import KnownTokens, check_known_tokens
from dall_e.sampling.hindsight import NoiseRecorder, check_noise, check_noise_counts
from dall_e.sampling.memory import TokenMemory
from dall_e.text.published_tokenizers import PromptTokenizer
from dall_e.text.tokenizer import TextTokenizer


class Engine:
    """Draws images with the networks of one model."""

    def __init__(
        self,
        config: ModelConfig | PublishedConfig,
        networks: Networks | PublishedNetworks,
        text_tokenizer: TextTokenizer | PromptTokenizer | T5Features,
        *,
        vocabulary: Vocabulary | None = None,
        memory: TokenMemory | None = None,
        weights_sha256: str = "",
        quantization: str | None = None,
    ) -> None:
        """`vocabulary` is what the model knows by name; without one, prompts are drawn whole.

        `memory` has images that it remembers beside what it has learned.
        `weights_sha256` and `quantization` (int8 or int4) are recorded in the metadata.
        """
        self.config = config
        self.networks = networks
        self.text_tokenizer: Any = text_tokenizer
        self.vocabulary = vocabulary
        self.weights_sha256 = weights_sha256
        self.quantization = quantization
        self.adapters = Adapters(networks)
        """LoRA files on top of the weights."""
        self.drawer = TokenDrawer(networks, text_tokenizer, memory)
        """Draws tokens alone; inside of `computing`."""
        self.rounded: tuple[str, ...] = ()
        """Narrower number formats in which the weights have been before: what they lost is lost."""
        for network in networks.parts().values():
            network.requires_grad_(False).eval()

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return weight_of(self.networks.generator).device

    @property
    def dtype(self) -> torch.dtype:
        """Number format of the weights."""
        return weight_of(self.networks.generator).dtype

    def cast(self, dtype: torch.dtype) -> None:
        """Bring all weights to a number format, in place.

        Warns where they were narrower before: they are not what they would be, loaded in it.
        """
        before = self.dtype
        if dtype != before and before.itemsize <= dtype.itemsize:
            self.rounded = tuple(dict.fromkeys((*self.rounded, name_of(before))))
            warnings.warn(
                f"the weights stay as {name_of(before)} rounded them: "
                f"load the model again for all of {name_of(dtype)}",
                DallEWarning,
                stacklevel=3,
            )
        self.networks.cast(dtype)

    # What to draw

    def request(  # noqa: PLR0913, one keyword per choice, as the facade has them
        self,
        prompt: str | Sequence[str],
        *,
        negative_prompt: str | Sequence[str] | None = None,
        num_images_per_prompt: int = 1,
        best_of: int = 1,
        seed: Seed = None,
        generator: Generators = None,
        height: int | None = None,
        width: int | None = None,
        upsample: bool | None = None,
        transparent: bool = False,
        finish: str | None = None,
        style: str | None = None,
        tile: str | None = None,
        sampling: SamplingConfig | None = None,
        known: KnownTokens | None = None,
        noise_BNC: Tensor | None = None,
        plans: Sequence[Plan] = (),
        strict: bool = False,
        refuses_blots: bool = True,
    ) -> GenerationRequest:
        """Check what a caller asks for, and fill in the model's defaults for what is None.

        Seeds, sizes and the rest are those of `DALL_E.__call__`. plans: one for each prompt, if
        they were planned before. Raises ValueError for what is out of range or the model cannot do.
        """
        prompts = checked_prompts(prompt)
        negatives = checked_negatives(negative_prompt, len(prompts))
        check_count(num_images_per_prompt, best_of, len(prompts))
        if best_of > 1:
            self.retriever("best_of")
        if isinstance(self.config, PublishedConfig):
            check_possible(self.config, "".join(negatives), transparent)
            if known is not None:
                check_prefix(known, self.config.name)
        grid = self.networks.generator.config
        if known is not None:
            check_known_tokens(known, grid.num_tokens, grid.num_codes)
        if noise_BNC is not None:
            check_noise(noise_BNC, grid.num_tokens, grid.num_codes)

        size = checked_size(height, width, self.default_size)
        seeds = image_seeds(seed, generator, len(prompts) * num_images_per_prompt, best_of)
        return GenerationRequest(
            prompts=tuple(prompts),
            seeds=tuple(seeds),
            sampling=resolve_sampling(self.config, sampling, can_compose=bool(self.vocabulary)),
            size=size,
            upsample=checked_upsample(
                upsample, size, self.config, self.networks.upsampler is not None
            ),
            negative_prompts=negatives,
            images_per_prompt=num_images_per_prompt,
            best_of=best_of,
            transparent=transparent,
            finish=checked_finish(finish, self.config),
            style=checked_style(style, self.config, self.vocabulary),
            tile=checked_tile(tile),
            known=known.for_each(len(seeds)) if known else None,
            noise_BNC=noise_BNC,
            plans=tuple(plans),
            strict=strict,
            refuses_blots=refuses_blots,
        )

    @property
    def default_size(self) -> int:
        """Side in pixels at which the model draws if none is given."""
        has_upsampler = self.networks.upsampler is not None
        return default_size(self.config.tokenizer.image_size, has_upsampler)

    # Drawing

    def generate(
        self,
        request: GenerationRequest,
        on_step: StepCallback | None = None,
        on_progress: ProgressCallback | None = None,
        partial: PartialImages | None = None,
    ) -> list[GeneratedImage]:
        """Draw the images of a request, prompt by prompt.

        `on_step` sees the tokens after each step of each batch; `on_progress` is told how many
        steps of all batches are done; `partial` shows a single image on the way. Warns of words
        that the model does not read, and of a blank image; a strict request raises ValueError
        instead. What names nothing known, and does not look like its prompt either, is always a
        ValueError.
        """
        with self.computing():
            candidates = self.plan(request)
            if partial:
                partial.begin(request, candidates, self.pixels)
            codes_BN = self.drawer.draw(
                request, candidates, on_step, on_progress, on_batch_step=partial
            )
            kept = self._choose(request, candidates, codes_BN)

            finished: list[GeneratedImage] = []
            for candidate, score in kept:
                negative = request.negative_of(len(finished) * request.best_of)
                finished.append(self._finish(request, candidate, score, codes_BN, negative))
                if on_progress:
                    on_progress("finishing", len(finished), len(kept))
            return finished

    def vary(self, request: GenerationRequest, fraction: float, seed: int) -> GeneratedImage:
        """Draw the one image of a request with a fraction of its tokens drawn anew, by a seed.

        Everything stays in its place; of what the prompt leaves open, a fraction is chosen anew.
        """
        with self.computing():
            (before,) = self.plan(request)
            (after,) = self.plan(replace(request, seeds=(seed,)))
            codes_BN = self.drawer.draw(request, [before])
            is_new_B = np.random.default_rng(seed).random(len(before.prompts)) < fraction
            mixed = replace(before, plan=mixed_plan(before.plan, after.plan, list(is_new_B)))

            # Known tokens are of what is asked for as before; all of another thing is new.
            known = None
            if fraction < 1 and mixed.prompts == before.prompts and codes_BN.numel():
                known = KnownTokens(codes_BN, ~new_tokens(codes_BN, fraction, seed))
            varied_BN = self.drawer.draw(request, [replace(mixed, seed=seed)], known=known)
            return self._finish(request, mixed, None, varied_BN, request.negative_of(0))

    def find_noise(self, request: GenerationRequest, codes_1N: Tensor) -> Tensor:
        """Noise [1, N, C] with which a request for one image draws these codes.

        Raises ValueError for a request at temperature 0, where noise has no say.
        """
        check_noise_counts(request.sampling)
        with self.computing():
            recorder = NoiseRecorder(
                codes_1N,
                list(request.seeds),
                request.sampling,
                self.networks.generator.config.num_codes,
            )
            self.drawer.draw(request, self.plan(request), sampler=recorder)
            return recorder.noise_BNC

    def plan(self, request: GenerationRequest) -> list[DrawingJob]:
        """What is drawn for each candidate; the only place that asks the planner."""
        if request.plans:
            return jobs_of(request.candidate_prompts, request.seeds, request.plans)
        prompts, compose = request.candidate_prompts, request.sampling.compose
        vocabulary, style = self.vocabulary, request.style
        return plan_all(prompts, request.seeds, vocabulary, compose=compose, style=style)

    @contextlib.contextmanager
    def computing(self) -> Iterator[None]:
        """Compute without gradients, as drawings are: in one thread, or on all cores for published
        models, whose products are large enough."""
        is_large = isinstance(self.config, PublishedConfig)
        with inference(self.device), contextlib.nullcontext() if is_large else one_thread():
            yield

    def finish(self, request: GenerationRequest, codes_BN: Tensor) -> list[GeneratedImage]:
        """The images of a request whose tokens are drawn already, one drawing for each."""
        with self.computing():
            return [
                self._finish(request, job, None, codes_BN, request.negative_of(number))
                for number, job in enumerate(self.plan(request))
            ]

    # From candidates to images

    def retriever(self, purpose: str) -> Retriever:
        """What compares images with texts. Raises ValueError if the model has no dual encoder."""
        if self.networks.dual_encoder is None:
            raise ValueError(
                f"{purpose} needs a dual encoder, which the model {self.config.name!r} "
                f"{self.config.version} does not have; `dall-e export --dual-encoder` makes a "
                "model with one"
            )
        return Retriever(self.networks.dual_encoder, self.text_tokenizer)

    @cached_property
    def recognition(self) -> Recognition:
        """What tells a picture from a blot; only for models with a vocabulary."""
        assert self.vocabulary is not None
        return Recognition(self.retriever("a prompt that names nothing known"), self.vocabulary)

    def _choose(
        self, request: GenerationRequest, candidates: list[DrawingJob], codes_BN: Tensor
    ) -> list[tuple[DrawingJob, float | None]]:
        """The best candidate of each image with its score; the only one without a score."""
        if request.best_of == 1:
            return [(candidate, None) for candidate in candidates]

        # Compared at the model's own size: the upsampler shall not decide who wins.
        own_size = self.config.tokenizer.image_size
        small = replace(request, size=own_size, upsample=False, transparent=False)
        retriever = self.retriever("best_of")
        kept: list[tuple[DrawingJob, float | None]] = []
        for first in range(0, len(candidates), request.best_of):
            rivals = candidates[first : first + request.best_of]
            images = [
                self._finished(small, rival.without_style, codes_BN).pixels for rival in rivals
            ]
            scores = retriever.scores(images, rivals[0].text)
            best = scores.index(max(scores))
            kept.append((rivals[best], scores[best]))
        return kept

    def _finish(
        self,
        request: GenerationRequest,
        candidate: DrawingJob,
        score: float | None,
        codes_BN: Tensor,
        negative: str,
    ) -> GeneratedImage:
        """The image of the candidate that was kept, with its story."""
        finished = self._finished(request, candidate, codes_BN)
        image = finished.pixels
        is_judged = request.refuses_blots and self.networks.dual_encoder is not None
        if is_judged and names_nothing(candidate, self.vocabulary):
            self.recognition.check(image, candidate)
        check_not_blank(image, candidate, strict=request.strict)
        return GeneratedImage(
            pixels=image,
            prompt=candidate.text,
            seed=candidate.seed,
            plan=candidate.plan,
            score=score,
            metadata=story_of(request, candidate, score, negative, self.origin(), finished.placed),
            svg=finished.svg,
            placed=finished.placed,
        )

    def _finished(
        self, request: GenerationRequest, candidate: DrawingJob, codes_BN: Tensor
    ) -> FinishedImage:
        """The pixels of a candidate, and what they were painted from."""
        rows, memory = candidate.rows, self.drawer.memory
        drawings = [self.pixels(codes_BN[row : row + 1], request.upsample) for row in rows]
        curves = [memory.curves_of(codes_BN[row]) if memory else "" for row in rows]
        return finished_image(request, candidate, drawings, curves, self.fitted_style(candidate))

    def fitted_style(self, job: DrawingJob) -> FittedStyle | None:
        """The style of a job, if it was found in pictures."""
        return self.vocabulary.fitted.get(job.plan.style) if self.vocabulary else None

    def pixels(self, codes_1N: Tensor, upsample: bool = False) -> Tensor:
        """One drawing [4, H, W] in [0, 1], at the model's own size or upsampled."""
        return decode_pixels(self.networks, self.drawer.memory, codes_1N, upsample=upsample)

    def origin(self) -> dict[str, str]:
        """What a drawing depends on besides its settings, such as model, versions and device."""
        return origin_of(
            self.config,
            self.networks,
            weights_sha256=self.weights_sha256,
            quantization=self.quantization,
            rounded=self.rounded,
            lora=self.adapters.described(),
            memory=self.drawer.memory,
        )
