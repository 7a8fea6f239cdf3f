"""Where a run's numbers and sheets go beside its own files: TensorBoard, Weights & Biases, others.

Accelerate speaks to all of them. Each is checked before a run prepares anything: hours of work must
not end at a login that is missing.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import struct
import uuid
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dall_e.atomic_files import replace_text
from dall_e.errors import DallEWarning
from dall_e.training.explanations import explain_number

_INSTALL = "pip install 'open-dalle[train]'"
_WANDB_ID_FILE = "wandb.id"
_WANDB_OFFLINE = ("offline", "dryrun", "disabled")
_PNG_START = b"\x89PNG\r\n\x1a\n"


def tracker_names(track: str) -> tuple[str, ...]:
    """The trackers that `--track` asks for, in order, each known and ready.

    `track` has names with commas; "none" is nothing, and "auto" is TensorBoard where it is
    installed. Raises ValueError for a name that Accelerate does not know or a tracker that nobody
    is logged in to, and ImportError for one that is not installed.
    """
    asked = tuple(dict.fromkeys(name.strip() for name in track.split(",") if name.strip()))
    if asked in ((), ("none",)):
        return ()
    if asked == ("auto",):
        return ("tensorboard",) if _has_tensorboard() else ()
    if importlib.util.find_spec("accelerate") is None:
        raise ImportError(f"--track {track} needs the package accelerate: {_INSTALL}")

    from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers

    installed = {str(name) for name in get_available_trackers()}
    for name in asked:
        if name not in LOGGER_TYPE_TO_CLASS:
            known = ", ".join(LOGGER_TYPE_TO_CLASS)
            raise ValueError(f"--track {name!r} is not known: there are {known}, auto and none")
        if name not in installed:
            mend = _INSTALL if name == "tensorboard" else f"pip install {name.replace('_', '-')}"
            raise ImportError(f"--track {name} needs the package {name}: {mend}")
    if "wandb" in asked:
        _check_wandb_login()
    return asked


def _has_tensorboard() -> bool:
    """Whether it can be used; an old library beside a new one is no reason not to train."""
    try:
        import accelerate.tracking
    except ImportError:
        return False
    return bool(accelerate.tracking.is_tensorboard_available())


def _check_wandb_login() -> None:
    """Raises ValueError if Weights & Biases would ask who is there, or does not answer."""
    if os.environ.get("WANDB_MODE", "").lower() in _WANDB_OFFLINE:
        return
    import wandb

    try:
        why = "" if wandb.login(prompt=False) else "nobody is logged in to Weights & Biases here"
    except wandb.errors.Error as error:
        why = str(error)
    if why:
        raise ValueError(
            f"--track wandb: {why}. Run `wandb login`, or set WANDB_MODE=offline to keep the "
            "numbers on this machine until `wandb sync`"
        )


class Trackers:
    """The trackers of a run, open until `close`. One that fails later is left out from then on."""

    def __init__(self, names: Sequence[str], folder: Path, settings: Mapping[str, Any]) -> None:
        """Starts each of `names`; they get the settings, to compare runs by.

        Raises ValueError if one does not start, with what it said.
        """
        self._folder = folder
        self._open: dict[str, Any] = {}
        if not names:
            return
        from accelerate.state import PartialState
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS

        PartialState()  # Accelerate's trackers ask it which process they are in.
        for name in names:
            try:
                tracker = LOGGER_TYPE_TO_CLASS[name](**self._arguments(name))
                tracker.start()
                if name != "tensorboard":  # It would make a folder for every start of the run.
                    tracker.store_init_configuration(dict(settings))
            except Exception as error:  # Each has errors of its own.
                self.close()
                raise ValueError(
                    f"the tracker {name} did not start: {error}. See to it, or leave it out of "
                    "--track"
                ) from error
            self._open[name] = tracker

    def add_numbers(self, values: Mapping[str, float], images_seen: int, under: str = "") -> None:
        """Adds numbers; TensorBoard explains each in words."""
        named = {f"{under}{name}": float(value) for name, value in values.items()}
        for name, tracker in list(self._open.items()):
            with self._failing(name):
                if name == "tensorboard":
                    _explained(tracker, named, images_seen)
                else:
                    tracker.log(named, step=images_seen)

    def add_sheet(self, path: Path, images_seen: int) -> None:
        """Adds a sample sheet, if it is a PNG file, to TensorBoard and Weights & Biases."""
        with open(path, "rb") as file:
            if file.read(8) != _PNG_START:
                return
        if "tensorboard" in self._open:
            with self._failing("tensorboard"):
                _put_png(self._open["tensorboard"], path.read_bytes(), images_seen)
        if "wandb" in self._open:
            with self._failing("wandb"):
                self._open["wandb"].log_images({"sheet": [str(path)]}, step=images_seen)

    def close(self) -> None:
        """Writes and sends what is left."""
        for name, tracker in list(self._open.items()):
            with self._failing(name):
                tracker.finish()
        self._open = {}

    @contextlib.contextmanager
    def _failing(self, name: str) -> Iterator[None]:
        """A tracker that fails must not end a run of hours: it is left out, in words."""
        try:
            yield
        except Exception as error:  # Each has errors of its own.
            del self._open[name]
            told = f"the tracker {name} failed ({error}) and gets no more; training goes on"
            warnings.warn(told, DallEWarning, stacklevel=3)

    def _arguments(self, name: str) -> dict[str, Any]:
        """What each wants to know: TensorBoard a folder, others the run's name."""
        if name == "tensorboard":
            return {"run_name": "", "logging_dir": str(self._folder)}
        if name == "wandb":
            known_as = {"name": self._folder.name, "id": self._wandb_id(), "resume": "allow"}
            return {"run_name": "dall_e", "dir": str(self._folder), **known_as}
        return {"run_name": self._folder.name}

    def _wandb_id(self) -> str:
        """The same for every start of a run, so that its curves are one."""
        path = self._folder / _WANDB_ID_FILE
        if not path.exists():
            replace_text(path, uuid.uuid4().hex)
        return path.read_text(encoding="utf-8").strip()


def _explained(tracker: Any, values: Mapping[str, float], images_seen: int) -> None:
    # Numbers go to TensorBoard's file by themselves, as its writer has no way to explain them.
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata

    plugin = SummaryMetadata.PluginData(plugin_name="scalars")
    entries = [
        Summary.Value(
            tag=name,
            simple_value=value,
            metadata=SummaryMetadata(
                summary_description=explain_number(name.rpartition("/")[2]), plugin_data=plugin
            ),
        )
        for name, value in values.items()
    ]
    tracker.writer.file_writer.add_summary(Summary(value=entries), images_seen)


def _put_png(tracker: Any, content: bytes, images_seen: int) -> None:
    from tensorboard.compat.proto.summary_pb2 import Summary

    width, height = struct.unpack(">II", content[16:24])
    image = Summary.Image(height=height, width=width, encoded_image_string=content)
    entry = Summary.Value(tag="sheet", image=image)
    tracker.writer.file_writer.add_summary(Summary(value=[entry]), images_seen)
