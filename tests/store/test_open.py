"""Addresses of stores."""

from pathlib import Path

import pytest

from homeostat.core.batch import Batch
from homeostat.core.errors import ConfigError
from homeostat.core.query import SizeQuery
from homeostat.store.open import open_store
from homeostat.testing.store_contract import span


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
def test_a_path_and_an_sqlite_address_name_the_same_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / "with space.db"
    with open_store(path) as store:
        store.write(Batch(spans=(span(1, 1),)))
    with open_store(form.format(path).replace(" ", "%20" if ":" in form else " ")) as store:
        assert store.read(SizeQuery()).spans == 1


@pytest.mark.parametrize("address", [":memory:", "sqlite:///:memory:"])
def test_a_store_in_memory_leaves_no_file(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store(address) as store:
        store.write(Batch(spans=(span(1, 1),)))
        assert store.read(SizeQuery()).spans == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("postgresql://u:p@rt@h/d", "%40"),
        ("postgresql://u:p/art@h/d", "%2F"),
        ("postgresql://u:p%zz@h/d", "cannot read the address postgresql://u@h/d"),
        ("postgresql://u@h/d?pasword=x", "cannot read the address postgresql://u@h/d"),
        ("mysql://h/d", "mysql"),
        ("sqlite://host/x.db", "sqlite:///path"),
        ("sqlite:///", "names no file"),
        ("  ", "empty"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_what_to_give_instead(
    address: str, named: str
) -> None:
    with pytest.raises(ConfigError, match=named):
        open_store(address)
