"""The tables that ship, read once."""

from pathlib import Path

import pytest

from dalle.text.heard import Hearing

NANO = Path(__file__).parents[3] / "assets" / "nano"


@pytest.fixture(scope="session")
def hearing() -> Hearing:
    return Hearing.beside(NANO)
