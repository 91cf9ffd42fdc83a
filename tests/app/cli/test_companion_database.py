"""`homeostat companion prepare` lets a role use the tables, and says what it did."""

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from homeostat.app.cli.exits import Exit
from homeostat.app.cli.main import build
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.opening import people_at
from homeostat.testing.people_database import people_database


def test_the_tables_are_made_once(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE prepared_by_command LOGIN PASSWORD 'secret'")
    command = ["companion", "prepare", postgres_url, "--role", "prepared_by_command"]
    try:
        for said in (
            "The tables are made; prepared_by_command",
            "The tables were there; prepared_by_command",
        ):
            result = CliRunner().invoke(build(), command)
            assert (result.exit_code, said in result.output) == (0, True), result.output
        application = "postgresql://prepared_by_command:secret@" + postgres_url.rpartition("@")[2]
        people_at(application, MasterKey.made()).close()
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("DROP OWNED BY prepared_by_command")
            connection.execute("DROP ROLE prepared_by_command")


def test_a_role_that_would_see_everybody_is_refused(postgres_url: str) -> None:
    result = CliRunner().invoke(build(), ["companion", "prepare", postgres_url, "--role", "postgres"])
    assert result.exit_code == Exit.USAGE
    assert "bypasses row-level security" in " ".join(result.stderr.split())


def test_what_is_no_database_is_refused() -> None:
    result = CliRunner().invoke(build(), ["companion", "prepare", "people", "--role", "companion"])
    assert result.exit_code == Exit.USAGE
    assert "people is no PostgreSQL database" in " ".join(result.stderr.split())


def test_tokens_flags_and_the_audit_are_those_of_the_database(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMEOSTAT_COMPANION_KEY", "00" * 32)
    with people_database(postgres_url) as database:

        def run(folder: str, *arguments: str) -> str:
            where = ["--data", str(tmp_path / folder), "--store", database.application]
            result = CliRunner().invoke(build(), ["companion", *arguments, *where])
            assert result.exit_code == 0, result.output
            return result.output

        id = run("one", "token", "issue", "read", "--person", "ann").split("_")[1]
        run("one", "flags", "set", "mirror", "--percent", "20")
        assert f"{id}  person ann  read" in run("other", "token", "list")
        assert "mirror  20%" in run("other", "flags", "list")
        run("other", "token", "revoke", id)
        assert "The chain holds up to entry 3" in run("one", "audit", "--verify")
