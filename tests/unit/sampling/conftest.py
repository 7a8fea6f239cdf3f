"""A toy generator for every test of the decode loop."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from dall_e.config import GeneratorConfig
from dall_e.models.generator import Generator

TOY = GeneratorConfig(
    num_codes=40,
    grid_size=5,
    text_width=12,
    text_tokens=4,
    width=32,
    num_heads=2,
    content_layers=2,
    query_layers=2,
    mlp_width=48,
)


@pytest.fixture(scope="session")
def make_network() -> Callable[..., Generator]:
    """Makes one of 40 codes and 5 x 5 tokens, whose weights all matter."""

    def make(network_class: type[Generator] = Generator, std: float = 0.1) -> Generator:
        torch.manual_seed(0)
        network = network_class(TOY)
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=std)
        return network.eval()

    return make


@pytest.fixture(scope="module")
def network(make_network: Callable[..., Generator]) -> Generator:
    return make_network()
