"""What all routes of a server use: its models, its queue, its keys and its counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from starlette.requests import Request

from dall_e.config import ServingConfig
from dall_e.images.credentials import Credentials
from dall_e.pipeline import DALL_E
from dall_e.serving.batcher import Batcher
from dall_e.serving.drawing_processes import Helper, Load
from dall_e.serving.filters import ContentFilter, filters_of
from dall_e.serving.keys import KeyFile
from dall_e.serving.links import LinkedImages
from dall_e.serving.metrics import Metrics
from dall_e.serving.moderation import Moderation
from dall_e.serving.rates import Rates
from dall_e.serving.sessions import Sessions
from dall_e.text.language import Language

MODEL_HEADER = "X-Model"
"""Says which model drew, as any name is taken for one."""


class ServerState:
    """The parts of one server."""

    def __init__(
        self,
        models: Mapping[str, DALL_E],
        settings: ServingConfig,
        keys: KeyFile | None = None,
        filters: Sequence[ContentFilter] = (),
        gives_links: bool = True,
        load: Load | None = None,
    ) -> None:
        """models: by name; the first one is for names that are not known.

        keys: who may use the server; everybody without them. filters: asked beside those that the
        settings name. gives_links: whether pictures may be asked for as links.
        load: makes the same models in further processes that draw.
        """
        if settings.processes > 1 and load is None:
            raise ValueError(
                f"{settings.processes} processes draw, but none is told how to load the models: "
                "give load, or one process"
            )
        if not models:
            raise ValueError("a server needs at least one model, got none")
        self.models = dict(models)
        self.settings = settings
        self.keys = keys
        self.metrics = Metrics()
        self.credentials = credentials_of(settings)
        """Sign what is given away, if anything does."""
        self.moderation = Moderation((*filters_of(settings), *filters), self.metrics)
        self.batcher = Batcher(settings, self.metrics, self._helpers(load))
        self.links = LinkedImages(settings.link_seconds, settings.link_megabytes * 2**20)
        self.gives_links = gives_links
        self.rates = Rates(settings.requests_per_minute)
        self.sessions = Sessions()
        self.pages: dict[str, Language] = {}
        """Below which path there is a page to draw on, in which language."""
        self.is_warm = False
        """Whether each model has drawn once."""

    def _helpers(self, load: Load | None) -> list[Helper]:
        number = self.settings.processes - 1 if load else 0
        return [Helper(load, self.models, self.settings.processes) for _ in range(number) if load]

    def model_of(self, name: str | None) -> NamedModel:
        """The model of a name; the first one for a name that is not known, as aliases have it."""
        if name not in self.models:
            name = next(iter(self.models))
        return NamedModel(name, self.models[name])

    def page_language(self, path: str) -> Language | None:
        """The language of the page that a path belongs to; None for all other paths."""
        below = f"{path}/"
        return next((told for page, told in self.pages.items() if below.startswith(page)), None)

    def url_of(self, request: Request, path: str) -> str:
        """Where a client finds a path of this server."""
        base = self.settings.public_url or str(request.base_url)
        return f"{base.rstrip('/')}/{path}"


def credentials_of(settings: ServingConfig) -> Credentials | None:
    """Return what signs pictures. Raises ValueError for files that cannot sign."""
    if not settings.c2pa_key:
        return None
    return Credentials.from_files(
        settings.c2pa_certificates, settings.c2pa_key, with_prompt=settings.c2pa_prompt
    )


@dataclass(frozen=True)
class NamedModel:
    """A model and the name that it is served by."""

    name: str
    model: DALL_E
    headers: dict[str, str] = field(init=False)
    """Say which model it was."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", {MODEL_HEADER: self.name})


def state_of(request: Request) -> ServerState:
    """The server that a request has come to."""
    return cast(ServerState, request.app.state.server)


def owner_of(request: Request) -> str:
    """Whose request it is, as the guard has found out."""
    return cast(str, request.state.owner)
