"""Known model names: what each is, and the folder that holds it, downloaded where need be."""

from __future__ import annotations

import difflib
import json
import os
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Literal, NamedTuple

from dall_e.checkpoints.hub import download
from dall_e.checkpoints.registry import FAMILIES, WEIGHT_SUFFIXES

BUILT_IN = "dall-e-emoji"

Precision = Literal["float32", "bfloat16", "int8", "int4"]
BYTES_PER_WEIGHT: dict[Precision, float] = {"float32": 4, "bfloat16": 2, "int8": 1, "int4": 0.625}
"""Four bits come with a scale and a zero in bfloat16 for each 32 weights (`nn/quantized.py`)."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much there is of a model, or of one of its variants."""

    drawing: int
    """Weights of the transformer and of what reads the prompt."""
    embeddings: int
    """Of those, what stays in bfloat16 beside matrices of eight and four bits: embeddings, norms
    and biases."""
    tokenizer: int
    """Weights of the image tokenizer, which stay in float32."""
    layers: int
    """Layers that remember keys and values."""
    width: int
    """Width of a key or value."""
    positions: int
    """Tokens of the longest usual prompt and a picture, whose keys and values are remembered."""
    guided: bool = True
    """Whether each picture is drawn with and without its prompt."""
    reader: int = 0
    """Weights of another project's model that reads the prompt, in bfloat16."""
    describing: int = 0
    """Weights that are read only to describe pictures."""

    def gigabytes(self, precision: Precision) -> float:
        """What weights, and keys and values of one picture, take while it is drawn on a CPU.

        Python and PyTorch themselves, and what the image tokenizer computes, come on top.
        """
        remembered = 2 * self.layers * self.width * self.positions * (2 if self.guided else 1)
        per_weight = BYTES_PER_WEIGHT[precision]
        weights = (self.drawing - self.embeddings) * per_weight + self.embeddings * max(
            per_weight, 2
        )
        # On a CPU keys and values are float32 whatever the weights are (`nn/attention.py`).
        return (weights + remembered * 4 + self.tokenizer * 4 + self.reader * 2) / 1e9


@dataclass(frozen=True, kw_only=True)
class KnownModel:
    """A model that `DALL_E.from_pretrained` loads by name."""

    name: str
    """The name to pass; a hub id for models of other projects."""
    summary: str
    """One sentence on what it draws."""
    licence: str
    """Licence of the weights."""
    built_in: bool = False
    """Whether its weights come with the package; others are downloaded on first use."""
    archive: str = ""
    """Where to get it, if not from the hub: unpacked, it loads by its folder."""
    aliases: tuple[str, ...] = ()
    """Other names that load it, with a warning."""
    variants: tuple[str, ...] = ()
    """What `variant=` may be, the default first."""
    sizes: tuple[Size, ...] = ()
    """Of each variant, or of the only one; none for the built-in model, which is small."""
    languages: str = "English"
    """Languages of the prompts it was trained on."""
    resolution: str = ""
    """Side of its pictures in pixels."""
    files: tuple[str, ...] = ()
    """What to download, as patterns; `{v}` is `_mini` for the variant mini, else nothing."""

    @property
    def parameters(self) -> str:
        """Numbers in the weights that draw, of each variant."""
        return self._of_each(
            lambda size: f"{(size.drawing + size.tokenizer + size.reader) / 1e9:.1f} B"
        )

    @property
    def memory(self) -> str:
        """Memory that drawing one picture takes, of each variant."""
        return self._of_each(
            lambda size: (
                f"{size.gigabytes('float32'):.1f} GB in float32, {size.gigabytes('int8'):.1f} GB in int8"
            )
        )

    @property
    def describes(self) -> bool:
        """Whether it also says what is in a picture."""
        return any(size.describing for size in self.sizes)

    def _of_each(self, text: Callable[[Size], str]) -> str:
        texts = [text(size) for size in self.sizes]
        if len(set(texts)) > 1:
            texts = [
                f"{variant}: {each}" for variant, each in zip(self.variants, texts, strict=True)
            ]
        return "; ".join(dict.fromkeys(texts))


_VQGAN, _VQGAN_DECODER, _VQ16, _GUMBEL_F8 = 76_073_859, 46_709_891, 71_883_403, 68_995_971
_FLAN_T5_XL = 1_223_527_424
_JANUS_1B = Size(
    drawing=1_485_053_952,
    embeddings=209_969_152,
    tokenizer=_VQ16,
    layers=24,
    width=2048,
    positions=64 + 576,
    describing=519_699_456,
)
_JANUS_7B = Size(
    drawing=6_591_791_104,
    embeddings=419_840_000,
    tokenizer=_VQ16,
    layers=30,
    width=4096,
    positions=64 + 576,
    describing=744_098_816,
)


_MINI = Size(
    drawing=437_962_720,
    embeddings=68_912_096,
    tokenizer=_VQGAN_DECODER,
    layers=12,
    width=1024,
    positions=64 + 256,
)
_MEGA = Size(
    drawing=2_587_967_488,
    embeddings=138_428_416,
    tokenizer=_VQGAN_DECODER,
    layers=24,
    width=2048,
    positions=64 + 256,
)


def _dalle_mini(name: str, size: Size) -> KnownModel:
    """Mini or mega as they were trained; with the whole VQGAN, not its decoder alone."""
    return KnownModel(
        name=f"dalle-mini/dalle-{name}",
        summary=f"DALL-E {name} as it was trained, in Flax; its VQGAN, of another repository, is downloaded too.",
        licence="Apache-2.0",
        sizes=(replace(size, tokenizer=_VQGAN),),
        resolution="256",
        files=tuple(FAMILIES["dalle_mini"].variants[""].values()),
    )


def _llamagen(image_tokens: int) -> Size:
    """Both stages have the same weights."""
    return Size(
        drawing=777_923_840,
        embeddings=21_310_720,
        tokenizer=_VQ16,
        layers=36,
        width=1280,
        positions=120 + image_tokens,
        reader=_FLAN_T5_XL,
    )


_RUDALLE = Size(
    drawing=1_278_541_824,
    embeddings=53_805_056,
    tokenizer=_GUMBEL_F8,
    layers=24,
    width=2048,
    positions=128 + 1024,
    guided=False,
)
# The second version has one more place in its prompt.
_RUDALLE_2 = replace(_RUDALLE, drawing=1_278_543_872, embeddings=53_807_104, positions=129 + 1024)


def _rudalle(name: str, summary: str, **sizes: Size) -> KnownModel:
    """A model of 1.3 B, with its size, or those of its variants; text tokenizer and VQGAN are of
    other repositories."""
    variants = tuple(variant for variant in sizes if variant != "only")
    return KnownModel(
        name=name,
        summary=summary,
        licence="Apache-2.0",
        variants=variants,
        sizes=tuple(sizes.values()),
        languages="Russian",
        resolution="256",
        files=("pytorch_model_{v}.bin" if variants else "pytorch_model.bin",),
    )


def _janus(name: str, summary: str, size: Size) -> KnownModel:
    """A model of the Janus family, in either layout."""
    return KnownModel(
        name=name,
        summary=summary,
        licence="code MIT, weights DeepSeek Model Licence 1.0 (with use restrictions)",
        sizes=(size,),
        languages="English, Chinese",
        resolution="384",
        files=("config.json", "tokenizer.json", "*.safetensors", "*.bin", "*.index.json"),
    )


_MODELS = (
    KnownModel(
        name=BUILT_IN,
        summary="Trained from scratch on emoji and icons; draws single objects, animals, faces and symbols, "
        "from English and Chinese prompts, with transparency.",
        licence="Apache-2.0",
        built_in=True,
        aliases=("openai/dall-e",),
        languages="English, Chinese",
    ),
    KnownModel(
        name="kuprel/min-dalle",
        summary="DALL-E mini and mega: any subject, in the wobbly style of 2022.",
        licence="Apache-2.0",
        variants=("mini", "mega"),
        sizes=(_MINI, _MEGA),
        resolution="256",
        files=("encoder{v}.pt", "decoder{v}.pt", "vocab{v}.json", "merges{v}.txt", "detoker.pt"),
    ),
    _dalle_mini("mini", _MINI),
    _dalle_mini("mega", _MEGA),
    KnownModel(
        name="peizesun/llamagen_t2i",
        summary="LlamaGen text-to-image; reads prompts with flan-t5-xl, which is downloaded too (needs transformers).",
        licence="MIT",
        variants=("256", "512"),
        sizes=(_llamagen(256), _llamagen(1024)),
        resolution="256, 512",
        files=("t2i_XL_stage*_{v}.pt", "vq_ds16_t2i.pt"),
    ),
    _janus(
        "deepseek-community/Janus-Pro-1B",
        "Janus-Pro as converted for transformers: any subject.",
        _JANUS_1B,
    ),
    _janus(
        "deepseek-community/Janus-Pro-7B",
        "The larger Janus-Pro as converted for transformers.",
        _JANUS_7B,
    ),
    _janus("deepseek-ai/Janus-Pro-1B", "Janus-Pro in its own layout: any subject.", _JANUS_1B),
    _janus("deepseek-ai/Janus-Pro-7B", "The larger Janus-Pro in its own layout.", _JANUS_7B),
    _janus(
        "deepseek-ai/Janus-1.3B",
        "Janus, the first of the family: as large as Janus-Pro-1B.",
        _JANUS_1B,
    ),
    _rudalle(
        "ai-forever/rudalle-Malevich", "ruDALL-E Malevich: any subject.", v3=_RUDALLE, v2=_RUDALLE_2
    ),
    _rudalle("ai-forever/rudalle-Emojich", "Malevich trained on for emoji.", only=_RUDALLE_2),
    _rudalle(
        "shonenkov-AI/rudalle-xl-surrealist", "Malevich trained on for surrealism.", only=_RUDALLE
    ),
    KnownModel(
        name="kakaobrain/minDALL-E",
        summary="minDALL-E: natural pictures, without guidance.",
        licence="CC-BY-NC-SA-4.0 (not for commercial use)",
        archive="https://arena.kakaocdn.net/brainrepo/models/minDALL-E/57b008f02ceaa02b779c8b7463143315/1.3B.tar.gz",
        sizes=(
            Size(
                drawing=1_291_081_728,
                embeddings=51_664_896,
                tokenizer=_VQGAN,
                layers=42,
                width=1536,
                positions=64 + 256,
                guided=False,
            ),
        ),
        resolution="256",
    ),
)


def list_models() -> list[KnownModel]:
    """All models that `from_pretrained` knows by name."""
    return list(_MODELS)


def nearest(word: str, known: list[str]) -> str | None:
    """The known word that `word` is most likely a misspelling of, if any."""
    folded = {entry.lower(): entry for entry in known}
    matches = difflib.get_close_matches(word.lower(), list(folded), n=1, cutoff=0.6)
    return folded[matches[0]] if matches else None


class Located(NamedTuple):
    """A model that was found."""

    place: Path
    """Its folder, or one of its weight files."""
    name: str
    """What metadata call it: the known name, or that of the folder, and the variant if one was
    asked for."""
    variant: str | None
    """The variant to load; None if there is no choice."""
    again: str | os.PathLike[str]
    """What finds it again, together with the variant, and without another warning."""
    size: Size | None
    """How much there is of it, if that is known."""


def locate(
    name_or_path: str | os.PathLike[str],
    variant: str | None = None,
    *,
    local_files_only: bool = False,
) -> Located:
    """Where a known model is, or a local one; downloads what is not there. A known name may end in
    `/variant`.

    Known names win over folders of the same name; write ./name for the folder. Warns for an alias.
    Raises ValueError for a name that is not known (with the nearest one that is), FileNotFoundError
    for a path that is not there.
    """
    if variant is None:
        name_or_path, variant = split_variant(name_or_path)
    place = _place(name_or_path, variant, local_files_only)
    text = os.fspath(name_or_path)
    known = next((model for model in _MODELS if text == model.name or text in model.aliases), None)
    name = known.name if known else place.stem if os.path.exists(text) else text
    held = None if known or variant is None else _stored_variant(place)
    if held is not None and held != variant:
        raise ValueError(
            f"{place} has no variant {variant!r}: it holds {held or 'a model without variants'}"
        )
    chosen = variant or (known.variants[0] if known and known.variants else None)
    size = None
    if known and known.sizes:
        size = known.sizes[known.variants.index(chosen) if chosen else 0]
    full_name = f"{name}/{variant}" if variant else name
    return Located(place, full_name, chosen, known.name if known else name_or_path, size)


def find_model(name_or_path: str | os.PathLike[str], variant: str | None = None) -> Path:
    """The folder, or weight file, that `locate` finds. Raises as it does."""
    return locate(name_or_path, variant).place


def _place(
    name_or_path: str | os.PathLike[str], variant: str | None, local_files_only: bool
) -> Path:
    text = os.fspath(name_or_path)
    for model in _MODELS:
        if text in model.aliases:
            warnings.warn(_alias_notice(text, model), UserWarning, stacklevel=4)
        if text == model.name or text in model.aliases:
            _check_variant(model, variant)
            if model.built_in:
                return _built_in_folder()
            if model.archive:
                raise ValueError(
                    f"{model.name} is not on the hub: unpack {model.archive} and give the folder"
                )
            return download(model.name, _patterns(model, variant), local_files_only)
    path = Path(text).expanduser()
    if path.is_dir() or (path.is_file() and path.suffix in WEIGHT_SUFFIXES):
        return path
    if path.exists():
        raise ValueError(
            f"{text} is a file; give the model folder that holds config.json and model.safetensors"
        )
    if not isinstance(name_or_path, str) or text.startswith((".", "/", "~", "\\")):
        raise FileNotFoundError(f"there is no model folder {text}")
    names = [name for model in _MODELS for name in (model.name, *model.aliases)]
    guess = nearest(text, names)
    if guess is None and re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        return download(text, list(_OF_ANY_PROJECT), local_files_only)
    hint = f" Did you mean {guess!r}?" if guess else ""
    raise ValueError(
        f"unknown model {text!r}: neither a known name nor a folder.{hint} Known: {', '.join(names)}"
    )


def split_variant(
    name_or_path: str | os.PathLike[str],
) -> tuple[str | os.PathLike[str], str | None]:
    """A name that ends in one of its variants, such as kuprel/min-dalle/mega, taken apart."""
    text = os.fspath(name_or_path)
    for model in _MODELS:
        for variant in model.variants:
            if text == f"{model.name}/{variant}":
                return model.name, variant
    return name_or_path, None


def _stored_variant(folder: Path) -> str | None:
    """The variant that a folder of our own format holds, empty if it knows of none; None for any
    other folder."""
    try:
        head = json.loads((folder / "config.json").read_bytes())
        return str(head["model"].get("variant", "")) if "format" in head else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # What is wrong with it is said when it is loaded.


_OF_ANY_PROJECT = (
    "config.json",
    "tokenizer.json",
    "text_tokenizer.json",
    "*.safetensors",
    "*.index.json",
)
"""What is fetched of a hub id that is not known: models in our own format, and Janus'; no
pickles."""


def _check_variant(model: KnownModel, variant: str | None) -> None:
    if variant is not None and variant not in model.variants:
        known = (
            f"its variants are {', '.join(model.variants)}"
            if model.variants
            else "it has no variants"
        )
        raise ValueError(f"{model.name} has no variant {variant!r}: {known}")


def _patterns(model: KnownModel, variant: str | None) -> list[str]:
    chosen = variant or (model.variants[0] if model.variants else "")
    mark = {"mini": "_mini", "mega": ""}.get(chosen, chosen)
    return [pattern.replace("{v}", mark) for pattern in model.files]


def _alias_notice(alias: str, model: KnownModel) -> str:
    return (
        f"OpenAI never published the text-to-image transformer of DALL-E, so {alias!r} loads {model.name!r}, "
        f"the small model that comes with this package (`dall-e models` lists models of other projects to download)."
    )


def _built_in_folder() -> Path:
    folder = Path(str(resources.files("dall_e"))) / "weights"
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(
            f"the built-in weights are not in {folder}: this copy of the package is incomplete, install it again"
        )
    return folder
