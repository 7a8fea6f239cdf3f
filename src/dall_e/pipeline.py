"""DALL_E: prompt -> ids -> text states -> image tokens -> pixels. Inference only.

Shapes: B pictures, N image tokens, C H W channels, rows and columns.
"""

from __future__ import annotations

import dataclasses
import os
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from dall_e.checkpoints import published, store
from dall_e.checkpoints.t5 import T5Features
from dall_e.checkpoints.zoo import BUILT_IN
from dall_e.config import ModelConfig, SamplingConfig
from dall_e.config.published import PublishedConfig, check_possible, left_to_right
from dall_e.images.files import PILImage, resize, to_pil, to_uint8
from dall_e.inference.answering import QUESTION, Describer, TextSamplingConfig, make_describer
from dall_e.inference.loading import (
    NativeModel,
    Networks,
    checked_dtype,
    checked_precision,
    load_model,
)
from dall_e.inference.progress import Reporter, StepCallback
from dall_e.inference.prompt_encoding import Pair, make_reader, stack_pairs
from dall_e.inference.retrieval import ImageInput, Retriever, SearchResult
from dall_e.inference.validation import (
    check_count,
    checked_negative,
    checked_prompts,
    image_seeds,
    is_int,
)
from dall_e.models.dual_encoder import DualEncoder
from dall_e.planning.plan import DrawingJob, plan_all
from dall_e.planning.vocabulary import Vocabulary
from dall_e.runtime import free_memory, one_thread, pick_device
from dall_e.sampling.decode import decode_tokens
from dall_e.text.published_tokenizers import PromptTokenizer
from dall_e.text.tokenizer import TextTokenizer

# More pictures than this are drawn one batch after the other, so that memory stays bounded; it
# changes no picture.
IMAGES_PER_BATCH = 16
# Of the free memory, keys and values may take so much; the rest is for what is computed from them.
_SHARE_REMEMBERED = 0.5
LARGEST_SIDE = 4096


class DALL_E:
    """Draws pictures from prompts.

    Make one with `from_pretrained`. The model then lies in memory and is used like a function.
    """

    def __init__(
        self,
        config: ModelConfig | PublishedConfig,
        networks: Networks | published.PublishedNetworks,
        text_tokenizer: TextTokenizer | PromptTokenizer | T5Features,
        *,
        weights_sha256: str = "",
        vocabulary: Vocabulary | None = None,
    ) -> None:
        self.config = config
        self.networks = networks
        self.text_tokenizer: Any = text_tokenizer
        self.weights_sha256 = weights_sha256
        self.vocabulary = vocabulary
        """What the model knows by name; without one, prompts are drawn whole."""
        self.quantization: str | None = None
        """int8 or int4 if the linear layers compute with so many bits."""
        self._describer: Describer | None = None
        for network in networks.parts().values():
            network.requires_grad_(False).eval()

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | os.PathLike[str] = BUILT_IN,
        *,
        dtype: torch.dtype | str | None = None,
        quantization: str | None = None,
        device: torch.device | str | None = None,
        variant: str | None = None,
        local_files_only: bool = False,
    ) -> DALL_E:
        """Loads a model by name (`list_models()` has them) or from a folder that `save_pretrained`
        wrote.

        Published models of other projects load by their hub id, downloaded on first use, or from a
        folder or a weight file in the layout in which their project publishes them. variant: which
        of several models of one name, such as "mega". local_files_only: never ask the network.

        dtype: float32 unless given; bfloat16 and float16 draw slightly different pictures; "auto"
        keeps the number format in which another project published its weights. quantization: "int8"
        or "int4" rounds the weights of linear layers to so many bits while loading, for less memory
        and, on a CPU, more speed; what flows through them is then bfloat16 unless `dtype` says
        otherwise. "bf16" and "fp32" are short for those dtypes. A model in int8 or int4 cannot be
        saved; int4 is for CPUs only. device: the CPU unless given; "auto" takes a GPU where there
        is one. Raises ValueError for an unknown name (and suggests the nearest) or for weights that
        are damaged or of the wrong shape, FileNotFoundError for a missing file.
        """
        as_stored = dtype == "auto" and quantization is None
        precision = checked_precision(None if dtype == "auto" else dtype, quantization)
        how = published.LoadOptions(*precision, local_files_only, as_stored)
        loaded = load_model(name_or_path, variant, how)
        vocabulary = loaded.vocabulary if isinstance(loaded, NativeModel) else None
        model = cls(*loaded[:3], weights_sha256=loaded.sha256, vocabulary=vocabulary)
        model.quantization = how.packing
        return model if device is None else model.to(device)

    def save_pretrained(self, path: str | os.PathLike[str], *, int8: bool = True) -> None:
        """Writes the model to a folder that `from_pretrained` loads.

        int8: eight bits per weight with one scale per output channel, a quarter of the size;
        otherwise float32. Raises ValueError for a model that was loaded with `quantization`, which
        no longer has its weights.
        """
        if self.quantization:
            raise ValueError(
                f"a model in {self.quantization} cannot be saved: load it without quantization first"
            )
        store.save_model(
            os.fspath(path),
            self.config.to_dict(),
            self.networks.state_dict(),
            int8=int8,
            text_tokenizer_json=self.text_tokenizer.to_json(),
            vocabulary=self.vocabulary.to_text() if self.vocabulary else None,
        )

    def to(self, *where: torch.device | str | torch.dtype) -> DALL_E:
        """Moves the model to a device, a dtype, or both, in place; returns it."""
        for target in where:
            checked = (
                checked_dtype(target)
                if isinstance(target, torch.dtype)
                else pick_device(str(target))
            )
            for network in self.networks.parts().values():
                network.to(checked)
        return self

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.networks.generator.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """Number format of the weights."""
        return next(self.networks.generator.parameters()).dtype

    def __call__(  # noqa: PLR0913, one visible keyword per choice serves people at a prompt better than a config
        self,
        prompt: str | Sequence[str],
        *,
        num_inference_steps: int | None = None,
        num_images_per_prompt: int = 1,
        best_of: int = 1,
        guidance_scale: float | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        compose: bool | None = None,
        negative_prompt: str | None = None,
        seed: int | Sequence[int] | None = None,
        generator: torch.Generator | None = None,
        height: int | None = None,
        width: int | None = None,
        transparent: bool = False,
        upsample: bool | None = None,
        sampling: SamplingConfig | None = None,
        callback_on_step_end: StepCallback | None = None,
        progress: bool = False,
    ) -> PILImage | list[PILImage]:
        """Draws one picture (a `PIL.Image.Image`) or several (a list, prompt by prompt).

        What is left out is the model's own default, or `sampling`'s if that is given.

        Args:
            prompt: what to draw, in English or Chinese; or a list of such texts.
            num_inference_steps: groups of tokens revealed one after the other; at most one per
                token.
            num_images_per_prompt: pictures of each prompt.
            best_of: draw this many candidates for each picture, and keep the one that fits the
                prompt best by `score`; for models with a dual encoder.
            guidance_scale: how strictly the picture follows the prompt; 1 is off.
            temperature: of the first step; the last step's keeps its ratio to it. 0 always takes
                the likeliest.
            top_k: choose among the k likeliest codes; 0 among all.
            top_p: choose among the likeliest codes that have this fraction of the probability; 1 among
                all.
            compose: draw the things of a prompt that names several, such as "two cats and a red
                ball", one by one, and put them in their places by rules; of a sentence that is not
                understood to the last word, the things that it names. A prompt that names nothing
                known is drawn as a whole. The plan is in the `info`. A model without a vocabulary
                draws every prompt whole, and cannot be asked to compose.
            negative_prompt: what to steer away from.
            seed: a number from 0 to 2^63 - 1, or one per picture. Picture k of the call has seed +
                k; with best_of = n the n candidates of picture k have seed + k n and the following
                ones, those of a picture with a seed of its own that one and the following ones. A
                picture depends on its own seed only, not on the others of the call. Without it a
                fresh one is drawn; that of the picture that was kept is in its `info`, with all
                that is needed to draw it again.
            generator: draws the seeds instead.
            height, width: the model draws at one size, `config.tokenizer.image_size`; the result is
                resized to this.
            upsample: let the model's upsampler draw sizes beyond its own, rather than resizing
                alone. True unless given for models that have an upsampler.
            transparent: keep the transparent background (mode RGBA) instead of white (mode RGB).
            sampling: every setting of the sampler at once; the ones above win over it.
            callback_on_step_end: called with a `DecodeStep` after each step; returning True stops
                the drawing with DecodeInterrupted.
            progress: show a bar on stderr, if that is a terminal.

        Raises ValueError for a blank prompt, for numbers out of range, and for what the model
        lacks. Warns if the prompt is too long, naming the words that were left out.
        """
        prompts = checked_prompts(prompt)
        negative = checked_negative(negative_prompt)
        check_count(num_images_per_prompt, best_of, len(prompts))
        if best_of > 1:
            self._needed_dual_encoder("best_of")
        settings = self.sampling_settings(
            sampling,
            num_inference_steps=num_inference_steps,
            guidance_scale=guidance_scale,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            compose=compose,
        )
        side = self._checked_side(height, width)
        upsample = self._checked_upsample(upsample, side)
        seeds = image_seeds(seed, generator, len(prompts) * num_images_per_prompt, best_of)
        texts = [text for text in prompts for _ in range(num_images_per_prompt * best_of)]
        jobs = plan_all(texts, seeds, self.vocabulary if settings.compose else None)
        if isinstance(self.config, PublishedConfig):
            check_possible(self.config, negative, transparent)
        report = Reporter(callback_on_step_end, progress)
        with torch.inference_mode(), self._threads():
            parts = [(part, job.seed) for job in jobs for part in job.prompts]
            codes_BN = self._draw_codes(
                [p for p, _ in parts], negative, [s for _, s in parts], settings, report
            )
            kept = self._kept(jobs, codes_BN, best_of)
            images = [self._to_image(job, codes_BN, transparent, side, upsample) for job, _ in kept]
        for (job, score), image in zip(kept, images, strict=True):
            image.info.update(self._metadata(job.text, negative, job.seed, settings))
            if not job.plan.is_whole:
                image.info.update(plan=job.plan.describe())
            image.info.update(
                transparent=str(transparent), size=f"{side}x{side}", upsample=str(upsample)
            )
            if best_of > 1:
                image.info.update(best_of=str(best_of), score=f"{score:.4f}")
        return images[0] if len(images) == 1 and isinstance(prompt, str) else images

    def sampling_settings(self, base: SamplingConfig | None = None, **given: Any) -> SamplingConfig:
        """`base`, or the model's own settings, with those replaced that are given and not None.

        Raises ValueError for a value out of range; warns for more steps than the picture has
        tokens, and takes fewer.
        """
        if not isinstance(base, SamplingConfig | None):
            raise ValueError(f"sampling must be a SamplingConfig, got {type(base).__name__}")
        if given.get("compose") and isinstance(self.config, ModelConfig) and not self.vocabulary:
            raise ValueError(
                f"compose is on: the model {self.config.name!r} {self.config.version} has no vocabulary.txt, so it draws "
                "every prompt whole; `dall-e export` writes one from the captions of its data set"
            )
        settings = _overridden(base or self.config.sampling, given)
        if isinstance(self.config, PublishedConfig):
            asked = base is not None or given.get("num_inference_steps") is not None
            return left_to_right(self.config, settings, warn=asked)
        if not self.vocabulary:
            settings = dataclasses.replace(settings, compose=False)
        most = self.config.generator.num_tokens
        if settings.num_inference_steps > most:
            if base is not None or given.get("num_inference_steps") is not None:
                warnings.warn(
                    f"num_inference_steps {settings.num_inference_steps} is more than the picture's {most} tokens: "
                    f"{most} steps are taken",
                    stacklevel=3,
                )
            settings = dataclasses.replace(settings, num_inference_steps=most)
        return settings

    def _draw_codes(
        self,
        texts: list[str],
        negative: str,
        seeds: list[int],
        settings: SamplingConfig,
        report: Reporter,
    ) -> torch.Tensor:
        """Image tokens [B, N], drawn in batches."""
        reader = make_reader(self.networks.text, self.text_tokenizer)
        pairs = {text: reader.read(text, negative) for text in dict.fromkeys(texts)}
        batches = _batches([pairs[text] for text in texts], self._images_per_batch(settings))
        report.batches = len(batches)
        drawn: list[tuple[int, torch.Tensor]] = []
        for rows in batches:
            text, null = stack_pairs([pairs[texts[row]] for row in rows])
            codes_BN = decode_tokens(
                self.networks.generator,
                text,
                null,
                seeds=[seeds[row] for row in rows],
                settings=settings,
                on_step=report.step if report.active else None,
            )
            drawn += list(zip(rows, codes_BN, strict=True))
            report.next_batch()
        return torch.stack([codes_N for _, codes_N in sorted(drawn, key=lambda each: each[0])])

    def _images_per_batch(self, settings: SamplingConfig) -> int:
        """How many are drawn together: fewer than PICTURES_PER_BATCH where memory is short."""
        free = free_memory(self.device)
        if free is None:
            return IMAGES_PER_BATCH
        rows = 1 if settings.guidance_scale == 1 else 2
        room = int(free * _SHARE_REMEMBERED) // (rows * self.networks.generator.row_bytes())
        return max(1, min(IMAGES_PER_BATCH, room))

    def describe(
        self,
        image: PILImage | str | os.PathLike[str],
        prompt: str = QUESTION,
        *,
        max_new_tokens: int = 256,
        temperature: float = 0.0,
        seed: int | None = None,
    ) -> str:
        """What the model says of a picture, a PIL image or a file. Raises ValueError if it only
        draws.

        The network for it is loaded at the first call. temperature: 0 takes the likeliest word, 1
        draws by `seed`.
        """
        self._describer = self._describer or make_describer(
            self.config.name, self.networks, self.text_tokenizer
        )
        with torch.inference_mode():
            return self._describer.answer(
                image, prompt, TextSamplingConfig(max_new_tokens, temperature, seed)
            )

    def score(self, image: PILImage, text: str) -> float:
        """How well a picture fits a text, from -1 to 1, by the model's dual encoder: the higher, the
        better.

        Scores of several pictures for one text can be compared, scores for different texts hardly.
        A transparent picture is seen on white. Raises ValueError if the model has no dual encoder.
        """
        with torch.inference_mode(), one_thread():
            return self._retriever("score").scores([image], text)[0]

    def search(
        self, text: str, pictures: Sequence[ImageInput] | str | os.PathLike[str], *, top: int = 10
    ) -> list[SearchResult]:
        """The pictures that fit a text best, by the model's dual encoder, best first: `(picture,
        score)` of each.

        pictures: a folder, looked through with the folders in it, or PIL images and picture files.
        top: how many to name. Files that cannot be read are left out with a warning. Raises
        ValueError if the model has no dual encoder or there is no picture, and FileNotFoundError for a
        folder that is not there.
        """
        with torch.inference_mode(), one_thread():
            return self._retriever("search").search(text, pictures, top)

    def _retriever(self, what: str) -> Retriever:
        return Retriever(self._needed_dual_encoder(what), self.text_tokenizer)

    def _needed_dual_encoder(self, what: str) -> DualEncoder:
        if self.networks.dual_encoder is None:
            raise ValueError(
                f"{what} needs a dual encoder, which the model {self.config.name!r} {self.config.version} does not have; "
                "`dall-e export --dual-encoder` makes a model with one"
            )
        return self.networks.dual_encoder

    def _kept(
        self, jobs: list[DrawingJob], codes_BN: torch.Tensor, best_of: int
    ) -> list[tuple[DrawingJob, float]]:
        """The best candidate of each picture and its score; without candidates all of them, and no
        scores."""
        if best_of == 1:
            return [(job, 0.0) for job in jobs]
        kept, retriever = [], self._retriever("best_of")
        native = self.config.tokenizer.image_size
        for first in range(0, len(jobs), best_of):
            candidates = jobs[first : first + best_of]
            images = [self._to_image(job, codes_BN, False, native, False) for job in candidates]
            scores = retriever.scores(images, candidates[0].text)
            best = max(range(best_of), key=lambda number: scores[number])
            kept.append((candidates[best], scores[best]))
        return kept

    def _to_image(
        self, job: DrawingJob, codes_BN: torch.Tensor, transparent: bool, side: int, upsample: bool
    ) -> PILImage:
        pictures = [self._pixels(codes_BN[row : row + 1], upsample) for row in job.rows]
        if not job.plan.is_whole:
            whole = job.plan.render([to_uint8(x_CHW) for x_CHW in pictures], side, job.seed)
            return to_pil(whole, transparent=transparent)
        image = to_pil(pictures[0], transparent=transparent)
        return image if side == image.width else resize(image, side, side)

    def _pixels(self, codes_1N: torch.Tensor, upsample: bool) -> torch.Tensor:
        """One picture [4, H, W]."""
        # One at a time: convolutions over a batch may round differently, and pixels are to be the
        # same bits.
        x_1CHW = self.networks.tokenizer.detokenize(codes_1N)
        if upsample and self.networks.upsampler:
            x_1CHW = self.networks.upsampler(x_1CHW.clamp(0, 1))
        return x_1CHW[0]

    def _checked_upsample(self, upsample: bool | None, side: int) -> bool:
        """Whether the upsampler is to be used. Raises ValueError if it is asked for and not
        there."""
        if upsample and self.networks.upsampler is None:
            raise ValueError(
                f"the model {self.config.name!r} {self.config.version} has no upsampler"
            )
        there = self.networks.upsampler is not None and side > self.config.tokenizer.image_size
        return there and upsample is not False

    def _threads(self) -> AbstractContextManager[None]:
        # Published models have products that are large enough to share among all cores.
        return nullcontext() if isinstance(self.config, PublishedConfig) else one_thread()

    def _checked_side(self, height: int | None, width: int | None) -> int:
        sides = [side for side in (height, width) if side is not None] or [
            self.config.tokenizer.image_size
        ]
        for side in sides:
            if not is_int(side) or not 8 <= side <= LARGEST_SIDE:
                raise ValueError(
                    f"height and width must be whole numbers from 8 to {LARGEST_SIDE}, got {side!r}"
                )
        side = sides[0]
        if side != sides[-1]:
            raise ValueError(
                f"this model draws square pictures: height {height} and width {width} must be equal"
            )
        return side

    def origin(self) -> dict[str, str]:
        """What a drawing depends on besides its own settings: model, versions, device and number
        format."""
        from dall_e import __version__

        published_as = (
            {"variant": self.config.variant} if isinstance(self.config, PublishedConfig) else {}
        )
        return {
            **{name: variant for name, variant in published_as.items() if variant},
            "model": self.config.name,
            "model_version": self.config.version,
            "weights_sha256": self.weights_sha256,
            "dall_e_version": __version__,
            "torch_version": torch.__version__,
            "device": self.device.type,
            "dtype": str(self.dtype).removeprefix("torch."),
            **({"quantization": self.quantization} if self.quantization else {}),
        }

    def _metadata(
        self, prompt: str, negative: str, seed: int, settings: SamplingConfig
    ) -> dict[str, str]:
        """All that is needed to draw a picture again."""
        settings_text = {name: str(value) for name, value in dataclasses.asdict(settings).items()}
        return {
            "prompt": prompt,
            "negative_prompt": negative,
            "seed": str(seed),
            **settings_text,
            **self.origin(),
        }


def _overridden(base: SamplingConfig, given: dict[str, Any]) -> SamplingConfig:
    changes = {name: value for name, value in given.items() if value is not None}
    settings = dataclasses.replace(base, **changes)
    if "temperature" in changes and "final_temperature" not in changes:
        ratio = base.final_temperature / base.temperature if base.temperature else 1.0
        settings = dataclasses.replace(settings, final_temperature=settings.temperature * ratio)
    return settings


def _batches(pairs: list[Pair], most: int) -> list[list[int]]:
    """Numbers of the pictures that are drawn together: up to `most`, with prompts of one length."""
    by_length: dict[int, list[int]] = {}
    for row, pair in enumerate(pairs):
        by_length.setdefault(pair.length, []).append(row)
    return [
        rows[first : first + most]
        for rows in by_length.values()
        for first in range(0, len(rows), most)
    ]
