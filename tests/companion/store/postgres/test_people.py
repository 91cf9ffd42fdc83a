"""The people of a PostgreSQL database meet the contract of all stores."""

import pytest

from homeostat.companion.store.postgres.people import PostgresPeople
from homeostat.testing.people_contract import PeopleContract


class TestPeople(PeopleContract):
    @pytest.fixture
    def people(self, people: PostgresPeople) -> PostgresPeople:
        return people

    def test_names_may_follow_what_is_no_name(self, people: PostgresPeople) -> None:
        for name in ("ann", "bob"):
            with people.open(name, create=True):
                pass
        assert people.names("ann\0x", 9) == people.names("ann\U0010ffff", 9) == ["bob"]
