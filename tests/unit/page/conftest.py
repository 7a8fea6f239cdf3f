"""A server with its page, for every test that asks one."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from dall_e import DALL_E
from dall_e.config import ServingConfig
from dall_e.page.mounting import mount_page

from ..serving.conftest import RunningServer, running


@pytest.fixture(scope="session")
def planning_model(tiny_folder: Path) -> DALL_E:
    """The tiny model, which plans and paints as the built-in one does."""
    model = DALL_E.from_pretrained(tiny_folder)
    sampling = dataclasses.replace(model.config.sampling, compose=True)
    config = dataclasses.replace(model.config, sampling=sampling, finish="crisp")
    return DALL_E(config, model.networks, model.text_tokenizer, vocabulary=model.vocabulary)


@pytest.fixture(scope="session")
def site(planning_model: DALL_E) -> Iterator[RunningServer]:
    """A server without keys, with its page."""
    settings = ServingConfig(requests_per_minute=0, max_images=2, max_upload_pixels=100_000)
    with running(planning_model, settings, prepare=mount_page) as started:
        yield started
