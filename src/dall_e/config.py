"""Every setting of the project: networks, sampling, data and training, with presets.

Standard library only, so that reading a setting never costs an import of torch. The text under a field is its help:
`field_help` reads it and the command line shows it. A default is written once, here.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import math
import numbers
import textwrap
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args, get_origin, get_type_hints

OrderKind = Literal["raster", "random", "locality"]
OptimizerKind = Literal["adamw", "muon"]
ScheduleKind = Literal["arccos", "cosine", "uniform"]


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@functools.cache
def _kinds(config_class: Any) -> dict[str, Any]:
    hints = get_type_hints(config_class)
    return {field.name: hints[field.name] for field in dataclasses.fields(config_class)}


def check_kinds(settings: Any) -> None:
    """Raises ValueError for a field that holds another kind of value than it says, or a number that is not finite."""
    config_class: Any = type(settings)
    for name, hint in _kinds(config_class).items():
        value = getattr(settings, name)
        problem = _kind_problem(value, hint)
        _require(not problem, f"{name} must be {problem}, got {value!r}")


def _kind_problem(value: Any, hint: Any) -> str:
    """What a value of the type `hint` must be, if `value` is not that."""
    if get_origin(hint) is Literal:
        return "" if value in get_args(hint) else f"one of {', '.join(get_args(hint))}"
    if get_origin(hint) is tuple:
        kind = get_args(hint)[0]
        fits = isinstance(value, tuple) and not any(_kind_problem(entry, kind) for entry in value)
        return "" if fits else f"a list of {'texts' if kind is str else 'whole numbers'}"
    if hint is int:
        fits = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        return "" if fits else "a whole number"
    if hint is float:
        fits = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
        return "" if fits else "a finite number"
    if isinstance(value, hint):
        return ""
    return {bool: "True or False", str: "a text"}.get(hint, f"a {getattr(hint, '__name__', hint)}")


def _check_at_least(settings: Any, least: float, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        for number in value if isinstance(value, tuple) else (value,):
            _require(number >= least, f"{name} must be at least {least}, got {value}")


def _check_shares(settings: Any, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        _require(0 <= value <= 1, f"{name} must be in [0, 1], got {value}")


def field_help(config_class: type) -> dict[str, str]:
    """The docstring under each field of a dataclass and of its bases, by field name."""
    texts: dict[str, str] = {}
    for base in reversed(config_class.__mro__):
        if not dataclasses.is_dataclass(base):
            continue
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(tree, ast.ClassDef)
        for field_node, text_node in zip(tree.body, tree.body[1:], strict=False):
            if not (isinstance(field_node, ast.AnnAssign) and isinstance(text_node, ast.Expr)):
                continue
            if isinstance(field_node.target, ast.Name) and isinstance(text_node.value, ast.Constant):
                texts[field_node.target.id] = " ".join(str(text_node.value.value).split())
    return texts


# Networks


@dataclass(frozen=True, kw_only=True)
class TokenizerConfig:
    """The image tokenizer: picture -> grid of codes -> picture (`models/vqgan.py`)."""

    image_size: int = 96
    """Side of the square picture in pixels."""
    widths: tuple[int, ...] = (32, 96, 192)
    """Channels at each resolution, from half the picture's side down to the token grid."""
    encoder_blocks: tuple[int, ...] = (1, 1, 2)
    """Residual blocks of the encoder at each resolution, same order as `widths`."""
    decoder_blocks: tuple[int, ...] = (2, 2, 2)
    """Residual blocks of the decoder at each resolution, same order as `widths`."""
    fsq_levels: tuple[int, ...] = (8, 5, 5, 5)
    """Finite scalar quantisation: number of levels of each latent channel; their product is the number of codes."""

    def __post_init__(self) -> None:
        check_kinds(self)
        _check_at_least(self, 1, "image_size", "widths")
        _check_at_least(self, 0, "encoder_blocks", "decoder_blocks")
        _require(0 < len(self.widths) <= 8, f"widths must have 1 to 8 entries, got {len(self.widths)}")
        lengths = {len(self.widths), len(self.encoder_blocks), len(self.decoder_blocks)}
        _require(len(lengths) == 1, "widths, encoder_blocks and decoder_blocks need one entry per resolution each")
        _require(
            self.image_size % self.patch_size == 0,
            f"image_size {self.image_size} is not a multiple of the token's side, {self.patch_size} pixels",
        )
        _require(len(self.fsq_levels) > 0, "fsq_levels needs at least one entry")
        _check_at_least(self, 2, "fsq_levels")

    @property
    def patch_size(self) -> int:
        """Side of the square of pixels that one token stands for."""
        return 1 << len(self.widths)

    @property
    def grid_size(self) -> int:
        """Side of the token grid."""
        return self.image_size // self.patch_size

    @property
    def num_codes(self) -> int:
        """Size of the vocabulary of image tokens."""
        return math.prod(self.fsq_levels)


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """The text encoder: ids -> states (`models/text_encoder.py`)."""

    vocab_size: int = 6144
    """Entries of the byte-level BPE."""
    max_tokens: int = 32
    """Longest prompt in tokens, start and end marks included."""
    width: int = 256
    """Width of the states."""
    num_layers: int = 2
    """Transformer blocks."""
    num_heads: int = 4
    """Attention heads."""

    def __post_init__(self) -> None:
        check_kinds(self)
        _check_at_least(self, 1, "width", "num_heads")
        _check_at_least(self, 0, "num_layers")
        _require(self.vocab_size >= 259, f"vocab_size {self.vocab_size} < 259: 256 bytes and 3 marks must fit")
        _require(self.max_tokens >= 4, f"max_tokens {self.max_tokens} < 4")
        _require(self.width % self.num_heads == 0, f"width {self.width} is not a multiple of {self.num_heads} heads")


@dataclass(frozen=True, kw_only=True)
class GeneratorConfig:
    """The native generator: text states and known tokens -> logits of asked tokens (`models/generator.py`)."""

    num_codes: int = 1000
    """Vocabulary of image tokens; equals the tokenizer's."""
    grid_size: int = 12
    """Side of the token grid; equals the tokenizer's."""
    text_width: int = 256
    """Width of the text states; equals the text encoder's."""
    text_tokens: int = 32
    """Length of the text prefix; equals the text encoder's."""
    width: int = 256
    """Width of the residual stream."""
    num_heads: int = 4
    """Attention heads in both passes."""
    content_layers: int = 4
    """Blocks of pass 1, over known tokens."""
    query_layers: int = 4
    """Blocks of pass 2, over asked places."""
    mlp_width: int = 704
    """Inner width of the gated MLP."""
    rope_base: float = 100.0
    """Base of the rotary frequencies; small, since the grid is small."""
    dropout: float = 0.0
    """Dropout on the residual branches in training."""

    def __post_init__(self) -> None:
        check_kinds(self)
        _check_at_least(self, 1, "num_codes", "grid_size", "text_width", "text_tokens", "width", "num_heads")
        _check_at_least(self, 1, "mlp_width", "rope_base")
        _check_at_least(self, 0, "content_layers", "query_layers")
        _require(self.width % self.num_heads == 0, f"width {self.width} is not a multiple of {self.num_heads} heads")
        head_width = self.width // self.num_heads
        _require(head_width % 4 == 0, f"head width {head_width} is not a multiple of 4, as 2-D rotation needs")
        _require(0 <= self.dropout < 1, f"dropout {self.dropout} is not in [0, 1)")

    @property
    def num_tokens(self) -> int:
        """Tokens of a picture."""
        return self.grid_size**2


@dataclass(frozen=True, kw_only=True)
class DiscriminatorConfig:
    """The multi-scale patch discriminator, D(x) = sum of d_i(x) over scales and patches (`models/discriminator.py`)."""

    widths: tuple[int, ...] = (32, 64, 128)
    """Channels after each stride-2 convolution of one scale."""
    num_scales: int = 3
    """How many times the picture is looked at, each at half the side of the one before."""


@dataclass(frozen=True, kw_only=True)
class CompanionConfig:
    """The scorer of text against pictures (`models/companion.py`)."""

    image_size: int = 64
    """Side in pixels at which it looks at pictures of any size."""
    image_widths: tuple[int, ...] = (32, 96, 160)
    """Channels of the picture tower at each resolution, from half the picture's side down."""
    vocab_size: int = 6144
    """Entries of the byte-level BPE."""
    max_tokens: int = 32
    """Longest caption in tokens, start and end marks included."""
    text_width: int = 112
    """Width of the text tower's states."""
    text_layers: int = 2
    """Transformer blocks of the text tower."""
    text_heads: int = 4
    """Attention heads of the text tower."""
    width: int = 128
    """Width of the space in which text and pictures are compared."""

    def __post_init__(self) -> None:
        check_kinds(self)
        _check_at_least(self, 1, "image_size", "image_widths", "width")
        _require(len(self.image_widths) > 0, "image_widths needs at least one entry")
        step = 2 << len(self.image_widths)
        _require(self.image_size % step == 0, f"image_size {self.image_size} is not a multiple of {step}")
        _require(self.text.width == self.text_width, "text_width must be that of the text tower")

    @property
    def text(self) -> TextConfig:
        """Sizes of the text tower."""
        return TextConfig(
            vocab_size=self.vocab_size,
            max_tokens=self.max_tokens,
            width=self.text_width,
            num_layers=self.text_layers,
            num_heads=self.text_heads,
        )


@dataclass(frozen=True, kw_only=True)
class UpsamplerConfig:
    """The U-Net that doubles the side of a picture (`models/upsampler.py`)."""

    widths: tuple[int, ...] = (32, 64, 128)
    """Channels at each resolution, from the small picture's own down."""

    def __post_init__(self) -> None:
        check_kinds(self)
        _require(len(self.widths) > 0, "widths needs at least one entry")
        _check_at_least(self, 1, "widths")


@dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """The network that finds things in pictures (`models/detector.py`); it only judges."""

    image_size: int = 64
    """Side in pixels at which it looks at pictures of any size."""
    widths: tuple[int, ...] = (32, 96, 160)
    """Channels at a half, a quarter and an eighth of that side; the maps have those of the quarter."""
    things: tuple[str, ...] = ("cat", "dog")
    """What it tells apart."""
    colours: tuple[str, ...] = (
        "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey",
    )  # fmt: skip
    """The colours that it tells apart."""

    def __post_init__(self) -> None:
        check_kinds(self)
        _require(self.image_size % 16 == 0, f"image_size {self.image_size} is not a multiple of 16")
        _require(len(self.widths) == 3, f"widths must have 3 entries, got {len(self.widths)}")
        _check_at_least(self, 1, "image_size", "widths")
        _require(len(self.things) > 0 and len(self.colours) > 0, "things and colours need an entry each")


@dataclass(frozen=True, kw_only=True)
class SamplingConfig:
    """How tokens are drawn; the defaults of a model are stored with its weights."""

    num_inference_steps: int = 50
    """Factors g_i of the product, that is groups of tokens revealed one after the other."""
    guidance_scale: float = 2.0
    """Strength s of classifier-free guidance, logits = u + s (c - u); 1 is off."""
    temperature: float = 0.8
    """Softmax temperature of the first step."""
    final_temperature: float = 0.65
    """Softmax temperature of the last step; linear in between."""
    top_k: int = 0
    """Keep only the k most likely codes; 0 keeps all."""
    top_p: float = 0.9
    """Keep the most likely codes whose shares add up to p; 1 keeps all."""
    order: OrderKind = "locality"
    """Order in which places are revealed."""
    schedule: ScheduleKind = "arccos"
    """How group sizes grow over the steps."""
    max_group: int = 16
    """No step reveals more tokens than this, if the steps allow it."""
    compose: bool = False
    """Draw the things of a prompt that names several one by one, and put them in their places (`composing.py`)."""

    def __post_init__(self) -> None:
        check_kinds(self)
        _check_at_least(self, 1, "num_inference_steps", "max_group")
        _check_at_least(self, 0, "guidance_scale", "temperature", "final_temperature", "top_k")
        _require(0 < self.top_p <= 1, f"top_p must be in (0, 1], got {self.top_p}")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """A whole native model, as `config.json` holds it."""

    name: str = "dall-e-emoji"
    """Name in metadata and messages."""
    version: str = "0"
    """Version of the weights."""
    tokenizer: TokenizerConfig = TokenizerConfig()
    """The image tokenizer."""
    text: TextConfig = TextConfig()
    """The text encoder."""
    generator: GeneratorConfig = GeneratorConfig()
    """The generator."""
    sampling: SamplingConfig = SamplingConfig()
    """Default sampling settings of these weights."""
    companion: CompanionConfig | None = None
    """The scorer of text against pictures, if the model has one."""
    upsampler: UpsamplerConfig | None = None
    """The network that doubles the side of pictures, if the model has one."""

    def __post_init__(self) -> None:
        check_kinds(self)
        pairs = (
            ("generator.num_codes", self.generator.num_codes, "tokenizer.num_codes", self.tokenizer.num_codes),
            ("generator.grid_size", self.generator.grid_size, "tokenizer.grid_size", self.tokenizer.grid_size),
            ("generator.text_width", self.generator.text_width, "text.width", self.text.width),
            ("generator.text_tokens", self.generator.text_tokens, "text.max_tokens", self.text.max_tokens),
        )
        for left_name, left, right_name, right in pairs:
            _require(left == right, f"{left_name} = {left} differs from {right_name} = {right}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON. Parts that the model does not have are left out."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """Reads what `to_dict` wrote. Raises ValueError on an unknown or ill-typed entry."""
        parts = {
            "tokenizer": TokenizerConfig,
            "text": TextConfig,
            "generator": GeneratorConfig,
            "sampling": SamplingConfig,
            "companion": CompanionConfig,
            "upsampler": UpsamplerConfig,
        }
        _require(isinstance(values, dict), f"a model needs a table of settings, got {type(values).__name__}")
        plain = {key: value for key, value in values.items() if key not in parts}
        built = {key: build_settings(part, values[key]) for key, part in parts.items() if key in values}
        model: ModelConfig = build_settings(cls, {**plain, **built})
        return model


REMOVED_SETTINGS: dict[str, dict[str, Any]] = {
    "SamplingConfig": {
        "inbetween": False,
        "correction_rounds": 0,
        "correction_share": None,
        "guidance_ramp": False,
    },
    "TokenizerConfig": {"quantizer": "fsq", "vq_codes": None, "vq_width": None},
    "TokenizerTraining": {"commitment_weight": None},
}
"""Settings of older versions, and the value that changed nothing; None for those that any value left without effect."""


def _without_removed(owner: str, values: dict[str, Any]) -> dict[str, Any]:
    """Values without the settings that older versions had. Warns once of those that did something."""
    removed = REMOVED_SETTINGS.get(owner, {})
    lost = [name for name in sorted(removed.keys() & values.keys()) if removed[name] not in (None, values[name])]
    if lost:
        warnings.warn(f"settings that this version no longer has are ignored: {', '.join(lost)}", stacklevel=4)
    return {name: value for name, value in values.items() if name not in removed}


def build_settings(config_class: type, values: dict[str, Any]) -> Any:
    """A settings class from what JSON held. Raises ValueError on an unknown or ill-typed entry."""
    _require(isinstance(values, dict), f"{config_class.__name__} needs a table of settings, got {values!r}")
    known = {field.name for field in dataclasses.fields(config_class)}
    values = _without_removed(config_class.__name__, values)
    unknown = sorted(set(values) - known)
    _require(not unknown, f"{config_class.__name__} has no setting named {', '.join(unknown)}")
    tupled = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    try:
        return config_class(**tupled)
    except TypeError as error:
        raise ValueError(f"{config_class.__name__}: {error}") from error


def _preset(tokenizer: TokenizerConfig, text: TextConfig, **generator: Any) -> ModelConfig:
    return ModelConfig(
        tokenizer=tokenizer,
        text=text,
        generator=GeneratorConfig(
            num_codes=tokenizer.num_codes,
            grid_size=tokenizer.grid_size,
            text_width=text.width,
            text_tokens=text.max_tokens,
            **generator,
        ),
    )


PRESETS: dict[str, ModelConfig] = {
    # The newcomer's tour: trains in minutes on a CPU from the picture set in the repository.
    "tiny": _preset(
        TokenizerConfig(image_size=32, widths=(32, 64), encoder_blocks=(1, 1), decoder_blocks=(1, 1)),
        TextConfig(vocab_size=512, max_tokens=24, width=96, num_layers=1),
        width=96,
        num_heads=4,
        content_layers=2,
        query_layers=2,
        mlp_width=256,
    ),
    # Two CPU cores, coarse: 64 pixels, 64 tokens.
    "xs64": _preset(
        TokenizerConfig(image_size=64),
        TextConfig(max_tokens=24),
        width=256,
        num_heads=4,
        content_layers=4,
        query_layers=4,
        mlp_width=704,
    ),
    # Two CPU cores: 96 pixels, 144 tokens; grows from xs64, whose tokenizer it shares.
    "xs": _preset(
        TokenizerConfig(),
        TextConfig(max_tokens=24),
        width=256,
        num_heads=4,
        content_layers=4,
        query_layers=4,
        mlp_width=704,
    ),
    # One GPU: 128 pixels, 256 tokens.
    "s": _preset(
        TokenizerConfig(image_size=128, widths=(48, 96, 160), encoder_blocks=(1, 2, 2), decoder_blocks=(2, 2, 2)),
        TextConfig(num_layers=3),
        width=384,
        num_heads=6,
        content_layers=5,
        query_layers=5,
        mlp_width=1024,
        dropout=0.1,
    ),
}

# Sizes of the companion, by preset.
COMPANIONS: dict[str, CompanionConfig] = {
    "tiny": CompanionConfig(
        image_size=32, image_widths=(16, 32, 48), vocab_size=512, text_width=48, text_layers=1, width=48
    ),
    "xs64": CompanionConfig(),
    "xs": CompanionConfig(),
    "s": CompanionConfig(),
    # Judges are not shipped with a model, so they may be larger.
    "judge": CompanionConfig(image_widths=(48, 128, 256)),
}


# Data and training


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """`dall-e data build`: packages -> shards of pictures with captions (`data/sources.py`)."""

    out: str = "data/emoji"
    """Folder to write the shards, `captions.jsonl`, `report.json` and the data-set card to."""
    size: int = 128
    """Side of the rendered pictures in pixels."""
    licences: tuple[str, ...] = ("MIT", "Apache-2.0", "CC-BY-4.0", "public-domain")
    """Licences that may be in the training split."""
    sources: tuple[str, ...] = ()
    """Only these sources, by name; empty takes all that the licences allow."""
    cache: str = "data/packages"
    """Folder for the downloaded packages; kept, so that a second build needs no network."""
    shard_size: int = 2000
    """Pictures per shard."""
    workers: int = 0
    """Processes that render; 0 takes one per core. The result does not depend on it."""

    def __post_init__(self) -> None:
        check_kinds(self)
        _require(8 <= self.size <= 1024, f"size must be between 8 and 1024 pixels, got {self.size}")
        _require(self.shard_size >= 1, f"shard_size must be at least 1, got {self.shard_size}")
        _require(self.workers >= 0, f"workers must be at least 0, got {self.workers}")


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """What every training stage has in common (`training/loop.py`). Schedules count pictures, not steps."""

    presets: ClassVar[Mapping[str, Any]] = PRESETS

    out: str = "runs/out"
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from it."""
    data: str = "data/emoji"
    """Folder made by `dall-e data build`, or a folder of pictures with captions."""
    preset: str = "xs"
    """Size of the model: one of the presets in config.py."""
    images: int = 400_000
    """Pictures to see before the run ends."""
    batch_size: int = 64
    """Pictures per step."""
    optimizer: OptimizerKind = "adamw"
    """What steps the matrices of transformer blocks and the kernels of convolutions: adamw, or muon, which learns more
    from a picture."""
    learning_rate: float = 1e-3
    """Peak learning rate; muon's steps are as large as AdamW's at the same one, and it bears several times as much."""
    warmup_images: int = 10_000
    """Pictures over which the learning rate rises to its peak."""
    final_learning_rate: float = 0.05
    """Learning rate at the end of the cosine, as a share of the peak."""
    weight_decay: float = 0.05
    """AdamW's decoupled weight decay, on matrices only."""
    clip_norm: float = 1.0
    """Largest norm of the gradient; larger ones are scaled down."""
    ema_decay: float = 0.999
    """Decay per step of the averaged weights, which are the ones that are sampled and kept."""
    seed: int = 0
    """Seed of initialisation, data order and noise."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Arithmetic of the forward pass; auto takes bf16 where the machine computes in it."""
    compile: bool = False
    """Compile the forward pass with torch.compile: faster steps after a minute or two of start-up."""
    device: str = "auto"
    """cpu, cuda, or auto."""
    log_every: int = 20
    """Steps between lines of the log."""
    save_minutes: float = 5.0
    """Minutes between checkpoints."""
    sample_minutes: float = 10.0
    """Minutes between sample sheets."""
    max_minutes: float = 0.0
    """Save and stop after this many minutes, to be resumed by the same command; 0 is no limit."""
    tensorboard: bool = False
    """Also write the log for TensorBoard."""

    def __post_init__(self) -> None:
        check_kinds(self)
        known = self.presets
        _require(self.preset in known, f"preset {self.preset!r} is not one of {', '.join(known)}")
        _check_at_least(self, 1, "images", "batch_size", "log_every")
        _check_at_least(self, 0, "warmup_images", "weight_decay", "save_minutes", "sample_minutes", "max_minutes")
        _check_shares(self, "final_learning_rate")
        for name in ("learning_rate", "clip_norm"):
            _require(getattr(self, name) > 0, f"{name} must be above 0, got {getattr(self, name)}")
        _require(0 <= self.ema_decay < 1, f"ema_decay must be in [0, 1), got {self.ema_decay}")
        _require(0 <= self.seed < 2**32, f"seed must be between 0 and 2^32 - 1, got {self.seed}")


@dataclass(frozen=True, kw_only=True)
class TokenizerTraining(LoopConfig):
    """`dall-e train tokenizer` (`training/tokenizer_stage.py`)."""

    out: str = "runs/tokenizer"
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from it."""
    init: str = ""
    """Run or model folder, or dall-e-emoji, to start from instead of random numbers."""
    freeze_encoder: bool = False
    """Train the decoder only: codes stay the same, so a generator trained on them stays valid."""
    coarse_share: float = 0.5
    """Share of batches at two thirds of the picture size, so that one vocabulary serves coarse and fine grids."""
    backdrop_share: float = 0.2
    """Share of pictures put on an opaque gradient of two random colours, so that full scenes have codes too."""
    scene_share: float = 0.0
    """Share of a batch's pictures that are composed scenes (`data/scenes.py`), each seen once."""
    moved_share: float = 1.0
    """Share of pictures that are moved, mirrored or scaled; a generator trained with `--views 1` meets the others."""
    pyramid_weight: float = 0.5
    """Weight of the Laplacian-pyramid L1 loss."""
    edge_weight: float = 4.0
    """How much more an error counts on a sharp edge of the picture than on flat colour."""
    feature_weight: float = 0.5
    """Weight of matching the discriminator's features of original and reconstruction."""
    companion: str = ""
    """Run or model folder of a companion, or dall-e-emoji: its features of both pictures are matched too."""
    perceptual_weight: float = 0.1
    """Weight of matching the companion's features, where there is one."""
    adversarial_weight: float = 0.5
    """Weight of the adversarial loss, on top of its adaptive scale; 0 trains without a discriminator."""
    adversarial_start: float = 0.25
    """Share of the run after which the discriminator joins."""
    discriminator_learning_rate: float = 4e-4
    """Peak learning rate of the discriminator."""
    gradient_penalty: float = 8.0
    """Weight of the discriminator's gradient penalties R1 and R2, applied every 8th step."""
    perturbed_share: float = 0.1
    """Share of pictures whose codes are moved to neighbours before decoding, so that the decoder forgives errors."""
    perturbed_tokens: float = 0.5
    """Largest share of the tokens of such a picture that are moved; each picture draws its own."""
    generator: str = ""
    """Run folder of a generator: the decoder then also learns from codes that it drew. Needs --freeze-encoder."""
    drawn_share: float = 0.5
    """Share of pictures whose codes are partly drawn by that generator."""
    drawn_tokens: float = 0.25
    """Share of the tokens of such a picture that are drawn; the others are its own."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(
            not self.generator or self.freeze_encoder,
            "generator needs freeze_encoder: what was drawn means something else once the encoder has moved",
        )
        _check_shares(self, "drawn_share", "drawn_tokens")
        _check_shares(self, "coarse_share", "backdrop_share", "adversarial_start", "scene_share", "moved_share")
        _check_shares(self, "perturbed_share", "perturbed_tokens")
        _check_at_least(self, 0, "pyramid_weight", "edge_weight", "feature_weight", "adversarial_weight")
        _check_at_least(self, 0, "perceptual_weight")
        _check_at_least(self, 0, "discriminator_learning_rate", "gradient_penalty")


@dataclass(frozen=True, kw_only=True)
class GeneratorData(LoopConfig):
    """What the stages that train the generator have in common (`training/generator_base.py`)."""

    tokenizer: str = "runs/tokenizer"
    """Run or model folder of the image tokenizer; dall-e-emoji is the built-in model's."""
    init: str = ""
    """Run or model folder, or dall-e-emoji, to start from instead of random numbers."""
    views: int = 8
    """Augmented views of each picture that are tokenised beforehand; the first is the picture itself."""
    scene_share: float = 0.0
    """Share of a batch's pictures that are composed scenes (`data/scenes.py`) instead of pictures of the data set."""
    scenes: int = 40_000
    """How many scenes are composed and tokenised beforehand, if they have a share."""
    settled_scenes: bool = True
    """Sizes, places and directions that captions do not say are always the same; small models learn these sooner."""
    caption_drop: float = 0.1
    """Share of captions replaced by the empty one, for classifier-free guidance."""
    caption_share: float = 1.0
    """Share of pictures whose captions are used; 0 trains without labels, before a run that starts from it (--init)."""
    other_words: float = 1.0
    """How often captions use everyday, like or broader words, relative to `data/captions.py`; 0 always uses names."""
    weight_exponent: float = 1.0
    """Exponent of the data set's weights: 1 sees pictures as often as they say, 0 each as often as any other."""
    random_order: float = 0.7
    """Share of batches with random order; the rest is split between locality and raster, two to one."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_shares(self, "caption_drop", "caption_share", "other_words", "random_order", "scene_share")
        _check_shares(self, "weight_exponent")
        _check_at_least(self, 1, "views", "scenes")


@dataclass(frozen=True, kw_only=True)
class GeneratorTraining(GeneratorData):
    """`dall-e train generator` (`training/generator_stage.py`)."""

    out: str = "runs/generator"
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from it."""
    noisy_share: float = 0.3
    """Share of pictures whose context gets noise."""
    noise_level: float = 0.4
    """Largest standard deviation of that noise, in units of the code grid, which spans -1 to 1."""
    replaced_share: float = 0.1
    """Share of context tokens of such a picture that are replaced by others of the picture or by neighbours."""
    correction_weight: float = 0.2
    """Weight of the loss that asks for the true token at replaced places."""
    contrastive_weight: float = 0.1
    """Weight of the contrastive loss between caption and picture."""
    first_weight: float = 2.0
    """Weight of the first revealed token's loss relative to the last one's."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_shares(self, "noisy_share", "replaced_share")
        _check_at_least(self, 0, "noise_level", "correction_weight", "contrastive_weight", "first_weight")


@dataclass(frozen=True, kw_only=True)
class AdversarialTraining(GeneratorData):
    """`dall-e train adversarial` (`training/adversarial_stage.py`)."""

    out: str = "runs/adversarial"
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from it."""
    images: int = 16_000
    """Real pictures to see before the run ends."""
    learning_rate: float = 2e-5
    """Peak learning rate of AdamW."""
    warmup_images: int = 1_000
    """Pictures over which the learning rate rises to its peak."""
    ema_decay: float = 0.98
    """Decay per step of the averaged weights; a round is short."""
    fakes: int = 8_192
    """How many pictures the generator draws before the game; they are the fakes."""
    fake_steps: tuple[int, ...] = (16, 32)
    """Numbers of steps that they are drawn in, as many fakes for each."""
    beta: float = 0.05
    """Factor of the log-likelihood ratio in d_i; small values move the generator far."""
    fake_weight: float = 1.0
    """Weight of the fakes in the game, relative to the real pictures."""
    wrong_weight: float = 0.5
    """Weight of the second game, in which real pictures with wrong captions are the fakes."""
    wrong_beta: float = 0.02
    """Factor of the log-likelihood ratio in that game."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_at_least(self, 1, "fake_steps")
        _require(len(self.fake_steps) > 0, "fake_steps needs at least one entry")
        least = self.batch_size * len(self.fake_steps)
        _require(
            self.fakes >= least, f"fakes must be at least {least}, a batch per entry of fake_steps; got {self.fakes}"
        )
        _require(self.beta > 0, f"beta must be above 0, got {self.beta}")
        _check_at_least(self, 0, "fake_weight", "wrong_weight", "wrong_beta")


@dataclass(frozen=True, kw_only=True)
class CompanionTraining(LoopConfig):
    """`dall-e train companion` (`training/companion_stage.py`)."""

    presets: ClassVar[Mapping[str, Any]] = COMPANIONS

    out: str = "runs/companion"
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from it."""
    batch_size: int = 256
    """Pictures per step. Every other picture of a batch is a wrong one for a caption, so more teach more."""
    text_tokenizer: str = ""
    """Run or model folder whose text tokenizer is taken over, as a model's companion must. Empty makes a new one."""
    fold: int = 0
    """Which half of the pictures is trained on, 0 or 1; the split is by name and always the same."""
    other_share: float = 1.0
    """How often pictures of the other half are drawn, relative to those of this one; 0 leaves them out."""
    scene_share: float = 0.0
    """Share of a batch's pictures that are composed scenes (`data/scenes.py`), most with a nearly right caption too."""
    hard_weight: float = 0.5
    """Weight of telling a caption from one with a colour, a count or a place changed, where a picture has such."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(self.fold in (0, 1), f"fold must be 0 or 1, got {self.fold}")
        _check_shares(self, "other_share", "scene_share")
        _check_at_least(self, 0, "hard_weight")


@dataclass(frozen=True, kw_only=True)
class UpsamplerTraining(LoopConfig):
    """`dall-e train upsampler` (`training/upsampler_stage.py`)."""

    out: str = "runs/upsampler"
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from it."""
    tokenizer: str = ""
    """Run folder of an image tokenizer. Half of the small pictures go through it, so that what it blurs is repaired."""
    batch_size: int = 32
    """Pictures per step."""
    small_size: int = 64
    """Side of the small pictures in pixels; the data set must have pictures of twice this side."""
    pyramid_weight: float = 0.5
    """Weight of the Laplacian-pyramid L1 loss."""
    edge_weight: float = 4.0
    """How much more an error counts on a sharp edge of the picture than on flat colour."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_at_least(self, 8, "small_size")
        _check_at_least(self, 0, "pyramid_weight", "edge_weight")
        least = 1 << (len(UpsamplerConfig().widths) - 1)
        _require(self.small_size % least == 0, f"small_size {self.small_size} is not a multiple of {least}")


@dataclass(frozen=True, kw_only=True)
class DetectorTraining(LoopConfig):
    """`dall-e train detector` (`training/detector_stage.py`)."""

    out: str = "runs/detector"
    """Run folder: config, log, checkpoints, sample sheets. The same command again resumes from it."""
    fold: int = 1
    """Which half of the pictures things are cut out of, 0 or 1; on the other half it is measured."""
    colour_weight: float = 0.5
    """Weight of naming colours, relative to finding things."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(self.fold in (0, 1), f"fold must be 0 or 1, got {self.fold}")
        _check_at_least(self, 0, "colour_weight")
