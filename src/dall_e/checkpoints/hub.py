"""Files of a repository on the hub, in the hub's own cache."""

from __future__ import annotations

from pathlib import Path


def download(name: str, patterns: list[str], local_files_only: bool) -> Path:
    """A snapshot of a hub repository, downloaded into the hub's own cache if it is not there.

    The download is resumed and checked, and read offline from then on.
    Raises ValueError for a user without a folder to keep it in, and for a repository that is not
    there or may not be read, FileNotFoundError if the network may not be used, or cannot be
    reached, and the files are not in the cache.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    if constants.HF_HUB_CACHE.startswith("~"):
        raise ValueError(
            f"this user has no home folder to keep {name} in: set HF_HOME to a folder for downloads"
        )
    try:
        return Path(
            snapshot_download(name, allow_patterns=patterns, local_files_only=local_files_only)
        )
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
