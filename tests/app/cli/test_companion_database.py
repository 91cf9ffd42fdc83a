"""`homeostat companion prepare` lets a role use the tables, and says what it did."""

import psycopg
from typer.testing import CliRunner

from homeostat.app.cli.exits import Exit
from homeostat.app.cli.main import build
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.opening import people_at


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
