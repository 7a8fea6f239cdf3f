"""`dall-e serve`: a server with OpenAI's images API."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dall_e.checkpoints.known_models import BUILT_IN
from dall_e.cli.config_file import ConfigFile
from dall_e.cli.flags import with_flags
from dall_e.cli.keys import File, key_file
from dall_e.cli.options import Device, Quantization, load
from dall_e.cli.paths import absolute
from dall_e.config import ServingConfig

if TYPE_CHECKING:
    from fastapi import FastAPI

    from dall_e.pipeline import DALL_E

_SWITCH_SECONDS = 0.0005
NO_PAGE = "there is no page to draw on at /: pip install 'open-dalle[page]' brings it"
MISSING = "the server needs more packages: pip install 'open-dalle[serve]'"


@with_flags(ServingConfig)
def serve(  # noqa: PLR0913, one visible flag for each choice
    settings: ServingConfig,
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="NAME",
            show_default=BUILT_IN,
            help="A known name or a model folder; given several times, clients choose. The first "
            "draws for every name that none of them has.",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 is every one of this machine.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    keys: File = None,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Let everybody in who can reach the server.")
    ] = False,
    page: Annotated[
        bool,
        typer.Option(
            help="Serve a page to draw on at /, in the browser, if the extra `page` is installed."
        ),
    ] = True,
    cluster: Annotated[
        bool,
        typer.Option(
            "--cluster",
            help="Serve by several replicas on a Ray cluster, that of RAY_ADDRESS, or on this "
            "machine; without the page, and without links. Needs the extra `cluster`.",
        ),
    ] = False,
    quantization: Quantization = None,
    device: Device = "auto",
    config_file: ConfigFile = None,
) -> None:
    """Serve pictures by OpenAI's images API, so that programs of any language can ask for them.

    Requests that wait are drawn together. Where there are keys (`dall-e keys add`), clients need
    one; without any, the server listens to this machine alone. The API is shown at /docs, and at /
    there is a page to draw on.
    """
    try:
        import uvicorn  # noqa: F401, looked for before a model is loaded

        from dall_e.serving.app import create_app
        from dall_e.serving.filters import filters_of
        from dall_e.serving.keys import KeyFile
        from dall_e.serving.running import check_exposure, server_for
        from dall_e.serving.state import credentials_of
    except ImportError as error:
        raise ImportError(f"{MISSING} ({error})") from error

    file = key_file(keys)
    file.check_private()
    known = None if without_keys or not file.keys else file
    check_exposure(host, known, without_keys=without_keys)
    credentials_of(settings)
    filters_of(settings)  # a filter that is not there is said before a model is loaded

    if not cluster and settings.replicas != ServingConfig().replicas:
        raise ValueError("replicas are those of --cluster: give it, too, or leave them out")
    names = [absolute(name) for name in model or [BUILT_IN]]
    load_all = partial(_loaded, names, device, quantization)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if cluster:
        from dall_e.serving.cluster import serve_on_cluster

        if known is not None:
            known = KeyFile(known.path.absolute())
        files = ("refused_words", "c2pa_certificates", "c2pa_key")
        found: dict[str, Any] = {name: absolute(getattr(settings, name)) for name in files}
        serve_on_cluster(
            load_all,
            replace(settings, **found),
            known,
            host=host,
            port=port,
            switch_seconds=_SWITCH_SECONDS,
        )
        return

    # The thread that draws tokens asks for Python's lock at each step, and those that finish
    # pictures hold it for as long as this.
    sys.setswitchinterval(_SWITCH_SECONDS)
    if settings.processes > 1:
        from dall_e.runtime import divide_threads

        divide_threads(settings.processes)
    app = create_app(load_all(), settings, known, load=load_all)
    if page:
        _add_page(app)
    server_for(app, host, port).run()


def _add_page(app: FastAPI) -> None:
    """Mount the page, or say what it needs."""
    if find_spec("gradio") is None:
        logging.getLogger("dall_e.serving").info(NO_PAGE)
        return
    from dall_e.page.mounting import mount_page

    mount_page(app)


def _loaded(names: list[str], device: str, quantization: str | None) -> dict[str, DALL_E]:
    """Models by the names that clients know them by; a folder's is its last part."""
    models: dict[str, DALL_E] = {}
    for name in names:
        shown = Path(name).name if Path(name).is_dir() else name
        if shown in models:
            raise ValueError(f"two models would be called {shown!r}: rename one of the folders")
        models[shown] = load(name, device, quantization=quantization)
    return models
