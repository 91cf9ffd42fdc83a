"""A store in which people dream."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.places import private_folder
from homeostat.testing.dreamers import Dreamers


@pytest.fixture
def people(tmp_path: Path) -> Iterator[SqlitePeople]:
    """A store with nobody in it."""
    people = SqlitePeople(private_folder(tmp_path / "people"), MasterKey(bytes(32)))
    yield people
    people.close()


@pytest.fixture
def dreamers(people: SqlitePeople) -> Dreamers:
    """Dreams without a model."""
    return Dreamers(people)
