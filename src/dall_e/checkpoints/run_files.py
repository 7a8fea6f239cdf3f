"""What training left behind, read back: weights, settings and words of a run or model folder.

A run folder (`training/run_folder.py` writes it) holds `checkpoint.pt`, from which the run resumes,
and `best.pt`, the weights that did best on held-out data, if its stage has a measure for that.
Which of the two is taken is chosen here, and said.
"""

from __future__ import annotations

import json
import warnings
import zipfile
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor

from dall_e.bounded_files import naming
from dall_e.checkpoints.known_models import BUILT_IN, find_model
from dall_e.checkpoints.pickle_files import check_archive
from dall_e.checkpoints.store import TEXT_FILE, WEIGHTS_FILE, load_model, load_strict
from dall_e.config import DualEncoderConfig, TokenizerConfig, build_settings, flattened
from dall_e.errors import DallEWarning, UnusableFileError
from dall_e.models.dual_encoder import DualEncoder
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.nn.lora import LowRank, has_lora, lora_of, merged
from dall_e.text.tokenizer import TextTokenizer

CHECKPOINT_FILE = "checkpoint.pt"
BEST_FILE = "best.pt"
CHECKPOINT_FORMAT = 1
SETTINGS_FILE = "config.json"
WeightsChoice = Literal["auto", "best", "last"]

FEW_HELD_OUT = 20
"""Of fewer held-out pictures, which weights do best is chance."""
_FAR_BEHIND = 0.5
"""Best weights that saw less than this fraction of what the last ones did are far behind."""
_WEIGHTS_ENTRIES = {"config", "networks", "players"}

_OLDER_SETTINGS = {
    "companion": "dual_encoder",
    "backdrop_share": "background_fraction",
    "settled_scenes": "canonical_scenes",
}
"""Settings as runs of version 0.11 called them; beside these, `_share` is now `_fraction`."""

_OLDER_PLAYER = "companion"
"""What version 0.11 called the dual encoder, and its tower of images "picture"."""


class TrainedStage(NamedTuple):
    """What the run of a stage came to, or the networks of a model folder."""

    folder: str
    """Where it was read from, for messages."""
    settings: dict[str, Any]
    """Settings of the run, each by its own name; empty for a model folder."""
    networks: dict[str, Any]
    """Settings of its networks, by network."""
    players: dict[str, dict[str, Tensor]]
    """Weights, by the name of the player that was trained; averaged where the run averages."""
    which: str = ""
    """Which of the run's weights these are, and why, in words; empty for a model folder."""
    trained_fraction: float = 1.0
    """How far the run came in its schedule: below 1 for one that was stopped."""

    @property
    def is_model(self) -> bool:
        """Whether it is a model folder, not a run."""
        return not self.which

    def weights(self, player: str) -> dict[str, Tensor]:
        """The weights of one player, with what it has learned by low rank added to them.

        Raises ValueError if the run trained others.
        """
        weights = self._weights(player)
        return merged(weights) if has_lora(weights) else weights

    def lora(self, player: str) -> dict[str, LowRank]:
        """What a player has learned by low rank, by layer; nothing if all of its weights learned.

        Raises as `weights` does.
        """
        return lora_of(self._weights(player))

    def _weights(self, player: str) -> dict[str, Tensor]:
        if player not in self.players and self.is_model:
            raise ValueError(
                f"the model {self.folder} has no {player}: it has {', '.join(self.players)}"
            )
        if player not in self.players:
            raise ValueError(
                f"{self.folder} is not a run that trained the {player}: "
                f"it trained {', '.join(self.players)}"
            )
        return self.players[player]

    def network(self, name: str) -> dict[str, Any]:
        """The settings of one network. Raises ValueError if the run has it not."""
        if name not in self.networks:
            raise ValueError(
                f"{self.folder} is not a run with a {name}: it has {', '.join(self.networks)}"
            )
        return dict(self.networks[name])


def load_stage(folder: str | Path, weights: WeightsChoice = "auto") -> TrainedStage:
    """Read a run folder, or a model folder (the built-in model goes by its name).

    `weights` chooses between those of a run that did best on held-out data and the last ones.
    "auto" takes the best, but the last where the run has no measure for that, where its held-out
    pictures are few, or where the best ones are from its first half. A model folder has the players
    "tokenizer" and "generator", and "dual_encoder", "upsampler" and "captioner" if there are such,
    without what only training needs. Warns of a run that was stopped before its end. Raises
    ValueError if there are no readable weights, or not those that are asked for.
    """
    if weights not in get_args(WeightsChoice):
        raise ValueError(f"weights {weights!r} is not one of {', '.join(get_args(WeightsChoice))}")
    path = _find_folder(folder)
    if not path.exists():
        raise UnusableFileError(
            path, "there is no such folder", f"name a run folder, a model folder or {BUILT_IN}"
        )
    if (path / WEIGHTS_FILE).exists():
        return _read_model(str(folder), path)

    if not (path / CHECKPOINT_FILE).exists():
        raise ValueError(
            f"{folder} holds no trained stage: "
            f"there is neither {CHECKPOINT_FILE} nor {WEIGHTS_FILE} in it"
        )
    last = read_checkpoint(path / CHECKPOINT_FILE, _WEIGHTS_ENTRIES)
    state, which = _chosen(path, last, weights)
    settings = _settings_named_now(flattened(last["config"]))
    seen, planned = last.get("images_seen"), settings.get("images")
    fraction = min(seen / planned, 1.0) if seen and planned else 1.0
    if fraction < 1:
        warnings.warn(
            f"{folder} was stopped at {seen:,} of {planned:,} pictures ({fraction:.0%}): the same "
            "training command goes on to the end",
            DallEWarning,
            stacklevel=2,
        )

    players: dict[str, dict[str, Tensor]] = {}
    for name, player in state["players"].items():
        players[name] = player.get("ema") or player["weights"]
    return TrainedStage(
        folder=str(folder),
        settings=settings,
        networks={_player_named_now(name): sizes for name, sizes in state["networks"].items()},
        players=dict(_weights_named_now(*player) for player in players.items()),
        which=which,
        trained_fraction=fraction,
    )


def _chosen(path: Path, last: dict[str, Any], weights: WeightsChoice) -> tuple[dict[str, Any], str]:
    """The best or the last state of a run, and in words which it is and why."""
    seen = last.get("images_seen", 0)
    of_last = f"the last weights ({seen:,} pictures)"
    if weights == "last":
        return last, f"{of_last}, as asked for"
    if not (path / BEST_FILE).exists():
        if weights == "best":
            raise UnusableFileError(
                path,
                f"it has no {BEST_FILE}: its stage has no measure to choose by, or none was taken",
                "take --weights last",
            )
        return last, f"{of_last}: the run has no others"

    best = read_checkpoint(path / BEST_FILE, _WEIGHTS_ENTRIES)
    of_best = f"the best weights on held-out pictures ({best.get('images_seen', 0):,} pictures)"
    if weights == "best":
        return best, f"{of_best}, as asked for"

    # Runs of older versions do not say how many were held out.
    held_out = best.get("num_held_out", FEW_HELD_OUT)
    if held_out < FEW_HELD_OUT:
        return last, f"{of_last}: {held_out} held-out pictures are too few to choose {of_best}"
    if best.get("images_seen", seen) < _FAR_BEHIND * seen:
        return last, f"{of_last}: {of_best} are far behind"
    return best, of_best


def initial_model(stage: TrainedStage) -> Path | None:
    """The folder of the model that a run started from, maybe over other runs (--init).

    None for a run from random numbers; the folder may be gone.
    """
    folder, been = str(stage.settings.get("init", "")), set[str]()
    while folder and folder not in been:
        been.add(folder)
        path = _find_folder(folder)
        if (path / WEIGHTS_FILE).exists() or not (path / SETTINGS_FILE).exists():
            return path
        try:
            folder = str(flattened(json.loads((path / SETTINGS_FILE).read_bytes())).get("init", ""))
        except (OSError, ValueError, AttributeError):
            return path
    return None


def load_text_tokenizer(folder: str | Path) -> TextTokenizer:
    """The text tokenizer of a run or model folder. Raises as `TextTokenizer.load` does."""
    return TextTokenizer.load(_find_folder(folder) / TEXT_FILE)


def load_image_tokenizer(stage: TrainedStage, sizes: TokenizerConfig) -> ImageTokenizer:
    """The image tokenizer that a stage trained, frozen, on the CPU.

    Its weights serve any picture size, so `sizes` may name another than the run's. Raises
    ValueError if there is no image tokenizer, or one of other sizes.
    """
    tokenizer = ImageTokenizer(sizes)
    weights = stage.weights("tokenizer")
    try:
        load_strict(tokenizer, weights, "")
    except ValueError as error:
        raise ValueError(
            f"the image tokenizer in {stage.folder} cannot be used with this preset: {error}"
        ) from error
    return tokenizer.eval().requires_grad_(False)


def load_image_tokenizer_at(folder: str, side: int) -> ImageTokenizer:
    """The image tokenizer of a run or model folder, frozen, for pictures of this side.

    Raises ValueError for a folder without one.
    """
    stage = load_stage(folder)
    stage.weights("tokenizer")  # before its settings: a run of another stage is named as such
    settings = {**stage.network("tokenizer"), "image_size": side}
    return load_image_tokenizer(stage, build_settings(TokenizerConfig, settings))


def load_dual_encoder(stage: TrainedStage) -> DualEncoder:
    """The dual encoder that a stage trained, frozen, on the CPU. Raises ValueError without one."""
    weights = stage.weights("dual_encoder")
    sizes: DualEncoderConfig = build_settings(DualEncoderConfig, stage.network("dual_encoder"))
    dual_encoder = DualEncoder(sizes)
    load_strict(dual_encoder, weights, "")
    return dual_encoder.eval().requires_grad_(False)


def read_checkpoint(path: Path, entries: set[str]) -> dict[str, Any]:
    """What a run saved to `path`, which must have these entries.

    Raises UnusableFileError if the file is damaged or is something else.
    """
    mend = "move it away to start the run anew"
    with naming(path, "it cannot be read", mend):
        check_archive(path, mend)
        state = load_whole(path)
    is_ours = isinstance(state, dict) and state.get("format") == CHECKPOINT_FORMAT
    if not is_ours or not state.keys() >= entries:
        raise UnusableFileError(path, "it is not a checkpoint of this version", mend)
    checkpoint: dict[str, Any] = state
    return checkpoint


def load_whole(path: Path) -> Any:
    """What `torch.save` wrote to `path`, on the CPU, if every byte is still as it was.

    The file is a zip archive with a checksum of each record, which `torch.load` does not look at.
    Raises ValueError for a record that has changed, and what torch, pickle and zip raise for a file
    that is damaged in another way.
    """
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"the checksum of {damaged} is wrong")
    return torch.load(path, map_location="cpu", weights_only=True)


def _find_folder(folder: str | Path) -> Path:
    return find_model(BUILT_IN) if str(folder) == BUILT_IN else Path(folder)


def _read_model(name: str, path: Path) -> TrainedStage:
    stored = load_model(path)

    # A model's text encoder was trained with its generator, so they are one player.
    players: dict[str, dict[str, Tensor]] = {"tokenizer": {}, "generator": {}}
    for weight, tensor in stored.tensors.items():
        part, rest = weight.split(".", 1)
        if part in ("tokenizer", "dual_encoder", "upsampler", "captioner"):
            players.setdefault(part, {})[rest] = tensor
        elif part in ("text", "generator"):
            players["generator"][weight] = tensor
    return TrainedStage(
        folder=name,
        settings={},
        networks=stored.config,
        players=players,
        trained_fraction=float(stored.config.get("trained_fraction", 1.0)),
    )


# Names of version 0.11


def _settings_named_now(values: dict[str, Any]) -> dict[str, Any]:
    renamed: dict[str, Any] = {}
    for name, value in values.items():
        name = _OLDER_SETTINGS.get(name, name)
        if name.endswith("_share"):
            name = name.removesuffix("share") + "fraction"
        renamed[name] = value
    return renamed


def _player_named_now(name: str) -> str:
    return "dual_encoder" if name == _OLDER_PLAYER else name


def _weights_named_now(name: str, weights: dict[str, Tensor]) -> tuple[str, dict[str, Tensor]]:
    if name != _OLDER_PLAYER:
        return name, weights
    renamed: dict[str, Tensor] = {}
    for weight, tensor in weights.items():
        if weight.startswith("picture."):
            weight = "image." + weight.removeprefix("picture.")
        renamed[weight] = tensor
    return "dual_encoder", renamed
