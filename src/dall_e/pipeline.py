"""`DALL_E`, the facade: a model in memory that draws, describes, scores and searches images.

    prompt -> ids -> text states -> image tokens -> pixels

What happens between is the work of the engine (`inference/engine.py`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import torch

from dall_e.checkpoints import store
from dall_e.checkpoints.families.base import LoadOptions, PublishedNetworks
from dall_e.checkpoints.hub import HubAccess
from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.checkpoints.t5 import T5Features
from dall_e.config import ModelConfig, SamplingConfig
from dall_e.config.published import PublishedConfig
from dall_e.editing.methods import Editing
from dall_e.editing.noise_methods import NoiseHandling
from dall_e.explain.methods import Explaining
from dall_e.images.files import PILImage
from dall_e.images.results import DrawnImage, ImageList
from dall_e.images.svg import vectorised
from dall_e.inference.adapted import Adapted
from dall_e.inference.engine import Engine
from dall_e.inference.equivalents import (
    CALL_HABITS,
    COMPILER_ASKS,
    LOAD_HABITS,
    attribute_of_others,
    check_keywords,
    device_of_map,
    draw_uncompiled,
    either,
)
from dall_e.inference.image_prompts import ImagePrompt, known_part
from dall_e.inference.loading import Networks, checked_precision, load_model
from dall_e.inference.looking import Looking
from dall_e.inference.partial_images import split_callback
from dall_e.inference.placement import Placed
from dall_e.inference.progress import AnyStepCallback, ProgressBar
from dall_e.inference.request import ExplicitNoise, resolve_sampling, with_noise
from dall_e.inference.streaming import Streaming
from dall_e.inference.style_finding import StyleFinding
from dall_e.inference.validation import Generators, Seed
from dall_e.planning.vocabulary import Vocabulary
from dall_e.sampling.memory import TokenMemory
from dall_e.sheets.methods import Sheets
from dall_e.text.published_tokenizers import PromptTokenizer
from dall_e.text.tokenizer import TextTokenizer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from dall_e.inference.request import DrawingKeywords


class DALL_E(  # one base for each room that adds methods
    Placed,
    Adapted,
    StyleFinding,
    Looking,
    Streaming,
    Sheets,
    NoiseHandling,
    Editing,
    Explaining,
):
    """Draws pictures from prompts.

    Make one with `from_pretrained`. The model then lies in memory and is used like a function.
    """

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
        """Put a model together from its parts, as `from_pretrained` does."""
        self.config = config
        self.networks = networks
        self.text_tokenizer: Any = text_tokenizer
        self.vocabulary = vocabulary
        """What the model knows by name; without one, prompts are drawn whole."""
        self.weights_sha256 = weights_sha256
        self.quantization = quantization
        """int8 or int4 if the linear layers compute with so many bits."""
        self.engine = Engine(
            config,
            networks,
            text_tokenizer,
            vocabulary=vocabulary,
            memory=memory,
            weights_sha256=weights_sha256,
            quantization=quantization,
        )
        """Draws without the conveniences of this class."""

    @classmethod
    def from_pretrained(  # noqa: PLR0913, the keywords that other libraries have here, too
        cls,
        name_or_path: str | os.PathLike[str] = BUILT_IN,
        *,
        dtype: torch.dtype | str | None = None,
        quantization: str | None = None,
        device: torch.device | str | None = None,
        variant: str | None = None,
        local_files_only: bool = False,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        torch_dtype: torch.dtype | str | None = None,
        device_map: str | Mapping[str, Any] | None = None,
        **others: Any,
    ) -> DALL_E:
        """Load a model by name, or from a folder that `save_pretrained` wrote.

        `list_models()` has the names. Published models of other projects load by their hub id,
        downloaded on first use, or from a folder or a weight file in the layout in which their
        project publishes them.

        Args:
            name_or_path: known name, hub id, folder or weight file.
            dtype: number format. float32 unless given; bfloat16 and float16 draw slightly different
                pictures; "auto" keeps the format in which another project published its weights.
            quantization: "int8" or "int4" rounds the weights of linear layers to so many bits while
                loading. That takes less memory and, on a CPU, less time. What flows through the
                layers is then bfloat16 unless `dtype` says otherwise. "bf16" and "fp32" are short
                for those dtypes. A model in int8 or int4 cannot be saved; int4 is for CPUs only.
            device: the CPU unless given; "auto" takes a GPU where there is one.
            variant: which of several models of one name, such as "mega".
            local_files_only: never ask the network.
            revision, token, cache_dir: of a model on the hub: its branch, tag or commit; the token
                of a user who may read it; the folder of downloads.
            torch_dtype, device_map: other names of `dtype` and `device`.
            others: what other libraries have here. What changes nothing is ignored with a warning;
                for the rest, a TypeError says what to write.

        Raises ValueError for an unknown name (and suggests the nearest) or for weights that are
        damaged or of the wrong shape, FileNotFoundError for a missing file.
        """
        check_keywords(others, LOAD_HABITS, "from_pretrained")
        dtype = either("dtype", dtype, "torch_dtype", torch_dtype)
        device = either("device", device, "device_map", device_of_map(device_map))

        precision = checked_precision(None if dtype == "auto" else dtype, quantization)
        access = HubAccess(local_files_only, revision, token, cache_dir)
        options = LoadOptions(*precision, access, dtype == "auto" and quantization is None)
        loaded = load_model(name_or_path, variant, options)
        parts = (loaded.config, loaded.networks, loaded.text_tokenizer)
        model = cls(
            *parts,
            vocabulary=loaded.vocabulary,
            memory=loaded.memory,
            weights_sha256=loaded.sha256,
            quantization=options.packing,
        )
        model.recogniser = loaded.recogniser
        return model if device is None else model.to(device)

    def save_pretrained(self, path: str | os.PathLike[str], *, int8: bool = True) -> None:
        """Write the model to a folder that `from_pretrained` loads.

        int8: eight bits per weight with one scale per output channel, a quarter of the size;
        otherwise float32. Raises ValueError for a model that was loaded with `quantization`, which
        no longer has its weights.
        """
        if self.quantization:
            raise ValueError(
                f"a model in {self.quantization} cannot be saved: "
                "load it without quantization first"
            )
        store.save_model(
            os.fspath(path),
            self.config.to_dict(),
            self.networks.state_dict(),
            int8=int8,
            text_tokenizer_json=self.text_tokenizer.to_json(),
            vocabulary=self.vocabulary.to_text() if self.vocabulary else None,
            memory=self.memory,
            recogniser=self.recogniser,
            styles=tuple(self.vocabulary.fitted.values()) if self.vocabulary else (),
        )

    # A text is a sequence of texts as well, so the last overload would take it too.
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self,
        prompt: str,
        *,
        num_images_per_prompt: Literal[1] = 1,
        **keywords: Unpack[DrawingKeywords],
    ) -> DrawnImage: ...

    # A number that is only known when it runs: a list, unless it is 1. Who writes one wants a list.
    @overload
    def __call__(
        self, prompt: str, *, num_images_per_prompt: int, **keywords: Unpack[DrawingKeywords]
    ) -> ImageList | Any: ...

    @overload
    def __call__(
        self,
        prompt: Sequence[str],
        *,
        num_images_per_prompt: int = 1,
        **keywords: Unpack[DrawingKeywords],
    ) -> ImageList: ...

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
        negative_prompt: str | Sequence[str] | None = None,
        seed: Seed = None,
        generator: Generators = None,
        height: int | None = None,
        width: int | None = None,
        transparent: bool = False,
        style: str | None = None,
        tile: str | None = None,
        upsample: bool | None = None,
        finish: str | None = None,
        sampling: SamplingConfig | None = None,
        callback_on_step_end: AnyStepCallback | None = None,
        progress: bool = False,
        strict: bool = False,
        noise: ExplicitNoise | None = None,
        image_prompt: ImagePrompt | None = None,
        **others: Any,
    ) -> DrawnImage | ImageList:
        """Draw one picture (a `PIL.Image.Image`) or several (a list, prompt by prompt).

        Pictures keep their metadata when they are saved, and a list shows itself in a notebook.
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
            top_p: choose among the likeliest codes that have this fraction of the probability; 1
                among all.
            compose: draw the things of a prompt that names several, such as "two cats and a red
                ball", one by one, and put them in their places by rules. Of a sentence that is not
                understood to the last word, the things that it names are drawn. A prompt that names
                nothing known is drawn as a whole. The plan is in the `info`. A model without a
                vocabulary draws every prompt whole, and cannot be asked to compose.
            negative_prompt: what to steer away from; or one such text per prompt.
            seed: a number from 0 to 2^64 - 1, or one per picture; -1 is a random one. Picture k of
                the call has seed + k. With best_of = n, the n candidates of picture k have seed +
                k n and the following ones; those of a picture with a seed of its own have that one
                and the following ones. A picture depends on its own seed only, not on the others of
                the call. Without it a fresh one is drawn. The seed of the picture that was kept is
                in its `info`, with all that is needed to draw it again.
            generator: draws the seeds instead; or a list with one per picture.
            height, width: side in pixels. A model with an upsampler draws 384 unless given, others
                their own size, `config.tokenizer.image_size`. The built-in model's own is 96, which
                is what it draws with height=96.
            transparent: keep the transparent background (mode RGBA) instead of white (mode RGB).
            style: "watercolour", "pixel art", "sticker" or another of `dall-e styles`, in English
                or Chinese. Without it, what the prompt says: "a watercolour painting of a rose".
            tile: "x", "y" or "xy": a texture that repeats across, down or both without seam. Its
                things are laid out as on wrapping paper; a place is mirrored.
            upsample: let the model's upsampler draw sizes beyond its own, rather than resizing
                alone. True unless given for models that have an upsampler.
            finish: "crisp" paints areas of one colour with sharp borders, "soft" shows the pixels
                of the networks. The built-in model's is crisp. A crisp picture has itself as an
                SVG document in `info["svg"]`, as bytes.
            sampling: every setting of the sampler at once; the ones above win over it.
            callback_on_step_end: called with a `DecodeStep` after each step; returning True stops
                the drawing with DecodeInterrupted. A function of four parameters is called as
                diffusers calls it, (pipe, step, timestep, callback_kwargs), with `codes` and
                `known` in the dict; `pipe._interrupt = True` stops it.
            progress: show a bar, in a notebook or on stderr if that is a terminal.
            strict: raise ValueError where something of a prompt is not read, or where a picture is
                blank, instead of a warning.
            noise: what `invert` found, for one picture that is drawn whole, with its seed and
                settings unless others are given.
            image_prompt: a picture, or its file, whose top half is given; the rest is drawn to fit
                it and the prompt. Or a pair of it and the part that is given: "top", "bottom",
                "left", "right", or left, top, right and bottom of a box, in pixels or fractions. A
                model that draws left to right can be given top rows only.
            others: what other libraries have here. What changes nothing is ignored; for the rest,
                a TypeError says what to write.

        Raises ValueError for a blank prompt, for numbers out of range, and for what the model
        lacks. Warns once for each prompt of which something is not read, because it is too long or
        in words that the model does not know, and names it; it is in the `info`, too. Emoji are
        read as their names, and traditional Chinese as simplified. Warns of a blank picture.
        """
        check_keywords(others, CALL_HABITS, "a DALL_E")
        if noise is not None:
            seed, sampling = with_noise(noise, seed, sampling, self.weights_sha256)
        settings = self.sampling_settings(
            sampling,
            num_inference_steps=num_inference_steps,
            guidance_scale=guidance_scale,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            compose=compose,
        )
        known = None
        if image_prompt is not None:
            besides = {"compose": compose, "tile": tile, "noise": noise is not None}
            known, settings = known_part(self.engine, image_prompt, settings, **besides)
        request = self.engine.request(
            prompt,
            negative_prompt=negative_prompt,
            num_images_per_prompt=num_images_per_prompt,
            best_of=best_of,
            seed=seed,
            generator=generator,
            height=height,
            width=width,
            upsample=upsample,
            transparent=transparent,
            style=style,
            tile=tile,
            finish=finish,
            sampling=settings,
            strict=strict,
            known=known,
            refuses_blots=known is None,
            noise_BNC=None if noise is None else noise.noise_NC[None],
        )
        on_step, partial = split_callback(callback_on_step_end, self)
        with ProgressBar(progress) as bar:
            on_progress = bar if bar.is_shown else None
            generated = self.engine.generate(request, on_step, on_progress, partial)

        images = ImageList(
            DrawnImage.of(each.pixels, each.metadata, svg=each.svg) for each in generated
        )
        return images[0] if len(images) == 1 and isinstance(prompt, str) else images

    def svg(self, image_or_prompt: PILImage | str, **keywords: Any) -> str:
        """Draw a picture as an SVG document, or turn a PIL image into one.

        It has a transparent ground and areas of one colour; each thing of a planned picture is a
        group with its name. keywords: those of a call that draws one picture. Raises ValueError as
        a call does, and for keywords beside an image.
        """
        if isinstance(image_or_prompt, PILImage):
            if keywords:
                raise ValueError(f"an image is not drawn: leave out {', '.join(sorted(keywords))}")
            return vectorised(image_or_prompt)

        if not isinstance(image_or_prompt, str) or keywords.get("num_images_per_prompt", 1) != 1:
            raise ValueError("svg draws one picture of one prompt, or takes a PIL image")
        image = self(image_or_prompt, **{**keywords, "finish": "crisp"})
        assert isinstance(image, PILImage)
        svg: bytes = image.info["svg"]
        return svg.decode()

    def sampling_settings(self, base: SamplingConfig | None = None, **given: Any) -> SamplingConfig:
        """`base`, or the model's own settings, with those replaced that are given and not None.

        Raises ValueError for a value out of range. Takes as many steps as the picture has tokens
        where more are asked for, and warns of it.
        """
        return resolve_sampling(self.config, base, can_compose=self.vocabulary is not None, **given)

    def origin(self) -> dict[str, str]:
        """What a drawing depends on besides its settings, such as model, versions and device."""
        return self.engine.origin()

    if not TYPE_CHECKING:  # A type checker shall go on knowing which attributes there are.

        def __getattr__(self, name: str) -> Any:
            """What other libraries' models have: ignored with a warning, or said what to write."""
            if name == COMPILER_ASKS:
                draw_uncompiled(type(self))
            return attribute_of_others(name)
