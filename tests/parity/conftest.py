"""The reference folders: in $DALL_E_PARITY, or in shared/parity beside the checkout.

Without them, tests skip.
"""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FAMILIES = ("min_dalle", "llamagen", "llamagen_vq", "mindalle", "taming_vqgan", "openai_dvae")


def parity_folder() -> Path:
    return Path(os.environ.get("DALL_E_PARITY", ROOT.parent / "shared" / "parity"))


@pytest.fixture(params=FAMILIES)
def case(request: pytest.FixtureRequest) -> Path:
    """The reference folder of each family."""
    folder = parity_folder() / request.param
    if not (folder / "meta.json").is_file():
        pytest.skip(f"no reference folder {request.param}: set DALL_E_PARITY to where they are")
    return folder
