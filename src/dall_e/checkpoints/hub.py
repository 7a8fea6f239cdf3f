"""Files of a repository on the hub, in the hub's own cache."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dall_e.errors import UnusableFileError

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError


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
    Raises UnusableFileError for a user without a folder to keep it in, and for a repository that is
    not there or is not given, with what to do, FileNotFoundError if the network may not be used, or
    cannot be reached, and the files are not in the cache.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
    )

    if constants.HF_HUB_CACHE.startswith("~"):
        raise ValueError(
            f"this user has no home folder to keep {name} in: set HF_HOME to a folder for downloads"
        )
    try:
        return Path(snapshot_download(name, allow_patterns=patterns, **hub.keywords()))
    except HFValidationError as error:
        raise UnusableFileError(name, "it is no name of a repository on the hub") from error
    except LocalEntryNotFoundError as error:
        # The hub's client looks into its cache when it is refused, and only the cause says so.
        if isinstance(error.__cause__, HfHubHTTPError):
            raise _refusal(name, error.__cause__) from error
        raise FileNotFoundError(
            f"{name} is not in the cache, and the hub was not asked or not reached: "
            "connect once, or give a folder"
        ) from error
    except HfHubHTTPError as error:
        raise _refusal(name, error) from error


def _refusal(name: str, error: HfHubHTTPError) -> UnusableFileError:
    """Why the hub did not give a repository, and what to do."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    page, log_in = f"https://huggingface.co/{name}", "log in with `hf auth login`"
    status = getattr(error.response, "status_code", 0) or 0
    if isinstance(error, GatedRepoError):
        why, mend = "it is gated on the hub", f"accept its terms at {page} and {log_in}"
    elif isinstance(error, RepositoryNotFoundError) or status in (401, 404):
        why = "unknown model: neither a known name, a folder, nor on the hub"
        mend = f"check the name, or, if the repository is private, {log_in}"
    elif status == 403:
        why, mend = (
            "the hub does not let you read it (403)",
            f"{log_in}, or ask its owner at {page}",
        )
    elif status == 429:
        why, mend = (
            "the hub had too many requests from here (429)",
            f"wait some minutes, or {log_in}",
        )
    elif status >= 500:
        why = f"the hub is out of order ({status})"
        mend = "try again later; what is in the cache already needs no hub"
    else:
        why, mend = f"the hub did not give it ({' '.join(str(error).split())[:300]})", ""
    return UnusableFileError(name, why, mend)
