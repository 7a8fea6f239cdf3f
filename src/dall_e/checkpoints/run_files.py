"""What training left behind, read back: weights, settings and words of a run or model folder.

A run folder (`training/run_folder.py` writes it) holds `checkpoint.pt`, from which the run resumes,
and `best.pt`, the weights that did best on held-out data, if its stage has a measure for that.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from dall_e.bounded_files import naming
from dall_e.checkpoints.known_models import BUILT_IN, find_model
from dall_e.checkpoints.pickle_files import check_archive
from dall_e.checkpoints.store import TEXT_FILE, WEIGHTS_FILE, load_model, load_strict
from dall_e.config import DualEncoderConfig, TokenizerConfig, build_settings, flattened
from dall_e.errors import UnusableFileError
from dall_e.models.dual_encoder import DualEncoder
from dall_e.models.image_tokenizer import ImageTokenizer
from dall_e.text.tokenizer import TextTokenizer

CHECKPOINT_FILE = "checkpoint.pt"
BEST_FILE = "best.pt"
CHECKPOINT_FORMAT = 1
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

    def weights(self, player: str) -> dict[str, Tensor]:
        """The weights of one player. Raises ValueError if the run trained others."""
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


def load_stage(folder: str | Path) -> TrainedStage:
    """Read a run folder, or a model folder (the built-in model goes by its name).

    The weights are those that did best on held-out data, if the stage has a measure for that, else
    the newest. A model folder has the players "tokenizer" and "generator", and "dual_encoder" if
    there is one, without what only training needs. Raises ValueError if there are no readable
    weights.
    """
    path = _find_folder(folder)
    if (path / WEIGHTS_FILE).exists():
        return _read_model(str(folder), path)

    if not (path / CHECKPOINT_FILE).exists():
        raise ValueError(
            f"{folder} holds no trained stage: "
            f"there is neither {CHECKPOINT_FILE} nor {WEIGHTS_FILE} in it"
        )
    best = path / BEST_FILE
    state = read_checkpoint(best if best.exists() else path / CHECKPOINT_FILE, _WEIGHTS_ENTRIES)

    players: dict[str, dict[str, Tensor]] = {}
    for name, player in state["players"].items():
        players[name] = player.get("ema") or player["weights"]
    return TrainedStage(
        folder=str(folder),
        settings=_settings_named_now(flattened(state["config"])),
        networks={_player_named_now(name): sizes for name, sizes in state["networks"].items()},
        players=dict(_weights_named_now(*player) for player in players.items()),
    )


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
        if part in ("tokenizer", "dual_encoder"):
            players.setdefault(part, {})[rest] = tensor
        elif part in ("text", "generator"):
            players["generator"][weight] = tensor
    return TrainedStage(folder=name, settings={}, networks=stored.config, players=players)


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
