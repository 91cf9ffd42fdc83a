"""SQLite, in a file and in memory, keeps the contract of a store."""

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from homeostat.core.query import Retention, Store
from homeostat.store.open import open_store
from homeostat.testing.store_contract import StoreContract


class TestSqliteFile(StoreContract):
    @contextmanager
    def open_empty(self, retention: Retention) -> Iterator[Store]:
        with (
            tempfile.TemporaryDirectory() as directory,
            open_store(Path(directory) / "homeostat.db", retention) as store,
        ):
            yield store


class TestSqliteInMemory(StoreContract):
    def open_empty(self, retention: Retention) -> AbstractContextManager[Store]:
        return open_store(":memory:", retention)
