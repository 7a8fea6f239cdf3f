"""Words of a model that never changes, so that new weights change no expectation.

`vocabulary.txt` is that of the built-in weights 0.11.
"""

from pathlib import Path

import pytest

from dall_e.planning.vocabulary import Vocabulary


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """What some model knows."""
    return Vocabulary.load(Path(__file__).with_name("vocabulary.txt"))
