"""The version of the installed package, looked up when it is first read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str


def __getattr__(name: str) -> str:
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    # Reading the metadata of a package takes milliseconds, which most imports can do without.
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("open-dalle")
    except PackageNotFoundError:  # run from its sources, without an installation
        found = "0+source"
    globals()[name] = found
    return found
