"""The words of the built-in model."""

import pytest

from dall_e.checkpoints.known_models import BUILT_IN, find_model
from dall_e.planning.vocabulary import Vocabulary


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """What the built-in model knows."""
    return Vocabulary.load(find_model(BUILT_IN) / "vocabulary.txt")
