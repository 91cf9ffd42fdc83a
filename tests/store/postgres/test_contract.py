"""PostgreSQL keeps the contract of a store."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from homeostat.core.query import Retention, Store
from homeostat.store.open import open_store
from homeostat.testing.store_contract import StoreContract


class TestPostgres(StoreContract):
    examples = 6

    @pytest.fixture(autouse=True)
    def database(self, postgres_url: str) -> None:
        self.url = postgres_url

    @contextmanager
    def open_empty(self, retention: Retention) -> Iterator[Store]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS homeostat CASCADE")
        with open_store(self.url, retention) as store:
            yield store
