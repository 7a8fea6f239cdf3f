"""Files of a repository on the hub, in the hub's own cache."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple


class HubAccess(NamedTuple):
    """How the hub is asked; what is None is as the hub's own library has it."""

    local_files_only: bool = False
    """Never asks the network."""
    revision: str | None = None
    """Branch, tag or commit of the repository."""
    token: str | bool | None = None
    """Of a user who may read it; True takes the one of `hf auth login`, False none."""
    cache_dir: str | os.PathLike[str] | None = None
    """Folder of downloads."""

    def of_another_repository(self) -> HubAccess:
        """The same for a second repository that a model needs, whose revisions are its own."""
        return self._replace(revision=None)

    def keywords(self) -> dict[str, Any]:
        """Keywords for the libraries of the hub."""
        return {name: value for name, value in self._asdict().items() if value is not None}


ORDINARY_ACCESS = HubAccess()
"""As the hub's own library has it."""


def download(name: str, patterns: list[str], hub: HubAccess) -> Path:
    """A snapshot of a hub repository, downloaded into the hub's own cache if it is not there.

    The download is resumed and checked, and read offline from then on.
    Raises ValueError for a repository that is not there or may not be read, FileNotFoundError if
    the network may not be used, or cannot be reached, and the files are not in the cache.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        return Path(snapshot_download(name, allow_patterns=patterns, **hub.keywords()))
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ValueError(
            f"unknown model {name!r}: neither a known name, a folder, nor on the hub"
        ) from error
    except LocalEntryNotFoundError as error:
        raise FileNotFoundError(
            f"{name} is not in the cache, and the hub was not asked or not reached: "
            "connect once, or give a folder"
        ) from error
    except HfHubHTTPError as error:
        raise ValueError(f"the hub did not give {name}: {error}") from error
