"""What the hub says when it does not give a repository, and what is to be done about it."""

from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import errors

from dall_e.checkpoints.hub import ORDINARY_ACCESS, download
from dall_e.errors import UnusableFileError


def answer(kind: type[Exception], status: int) -> Exception:
    """An error as the hub's client raises it, made without a request."""
    error = kind.__new__(kind)
    error.args = ("the hub's own words",)
    vars(error)["response"] = SimpleNamespace(status_code=status)
    return error


CASES = [
    (errors.GatedRepoError, 403, "it is gated on the hub; accept its terms at https://.*/a/b and"),
    (errors.RepositoryNotFoundError, 404, "unknown model: .* nor on the hub; check the name"),
    (errors.HfHubHTTPError, 403, r"does not let you read it \(403\); log in"),
    (errors.HfHubHTTPError, 429, r"too many requests from here \(429\); wait some minutes"),
    (errors.HfHubHTTPError, 500, r"out of order \(500\); try again later"),
    (errors.HfHubHTTPError, 504, r"out of order \(504\)"),
    (errors.HfHubHTTPError, 418, "did not give it .the hub's own words"),
]


@pytest.mark.parametrize("from_the_cache", [False, True])
@pytest.mark.parametrize(("kind", "status", "said"), CASES)
def test_fault_use_15_the_hub_refuses(
    kind: Any, status: int, said: str, from_the_cache: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client raises it as it is, or looks into its cache and says that nothing is there."""

    def refuse(*_arguments: Any, **_named: Any) -> None:
        if from_the_cache:
            raise errors.LocalEntryNotFoundError("not there") from answer(kind, status)
        raise answer(kind, status)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(UnusableFileError, match=f"^a/b: .*{said}") as caught:
        download("a/b", ["*"], ORDINARY_ACCESS)
    assert caught.value.path == "a/b"


def test_a_hub_that_was_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_named: Any) -> None:
        raise errors.LocalEntryNotFoundError("offline") from ConnectionError()

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(FileNotFoundError, match="a/b is not in the cache"):
        download("a/b", ["*"], ORDINARY_ACCESS)
