"""Fixtures for the tests of the companion."""

import pytest

from homeostat.companion.embed.built import MINILM, default_folder, status
from homeostat.companion.embed.minilm import MiniLm
from homeostat.testing.bare_host import BareHost


@pytest.fixture(scope="session")
def minilm() -> MiniLm:
    """The embedder of this machine, where it is built."""
    found = status(default_folder(), MINILM)
    if found.fault:
        pytest.skip(f"{MINILM} is {found.fault}: homeostat companion embedder build")
    return MiniLm(BareHost())
