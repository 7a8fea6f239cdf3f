"""Other projects' code on the same work: a class each that draws, with models of our sizes.

Where the networks match, they get our weights too.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import types
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

    from dall_e.checkpoints.keymap import KeyTable


class MissingPeerError(Exception):
    """A package is not installed; the message says how to install it."""


def load(name: str, install: str, stubs: Sequence[str] = ()) -> Any:
    """Import a module of a peer, with empty stand-ins for missing modules of `stubs`.

    Stand-ins are for what our use never reaches, such as downloads. Settings of torch that the
    import changes are put back, so that everybody draws with the same threads. Raises
    MissingPeerError with the command `install` in its message.
    """
    import torch

    threads, gradients = torch.get_num_threads(), torch.is_grad_enabled()
    try:
        with _standing_in(stubs):
            return importlib.import_module(name)
    except ImportError as error:
        raise MissingPeerError(
            f"{name} cannot be imported ({error}); to measure beside it: {install}"
        ) from error
    finally:
        torch.set_num_threads(threads)
        torch.set_grad_enabled(gradients)


class _Anything:
    """What a stand-in has under every name: may be called and subclassed, and does nothing."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        self.version = "0"


class _StandIn(types.ModuleType):
    __path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything


@contextlib.contextmanager
def _standing_in(names: Sequence[str]) -> Iterator[None]:
    """Inside, importing a module that is not installed gives a stand-in; none stays behind."""
    added: list[str] = []
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            added.append(name)
            sys.modules[name] = _StandIn(name)
    try:
        yield
    finally:
        for name in added:
            sys.modules.pop(name, None)


def renamed(network: nn.Module, table: KeyTable) -> dict[str, Tensor]:
    """Return our weights under another project's names, without copying them."""
    weights = network.state_dict()
    theirs: dict[str, Tensor] = {}
    for name, source in table.rows.items():
        parts = weights[name].chunk(len(source.names))
        theirs |= dict(zip(source.names, parts, strict=True))
    return theirs
