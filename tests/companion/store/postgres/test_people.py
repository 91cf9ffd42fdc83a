"""The people of a PostgreSQL database meet the contract of all stores."""

import pytest

from homeostat.companion.store.postgres.people import PostgresPeople
from homeostat.testing.people_contract import PeopleContract


class TestPeople(PeopleContract):
    @pytest.fixture
    def people(self, people: PostgresPeople) -> PostgresPeople:
        return people
