"""The schema: the tables, the policies that keep people apart in them, and what the application may do.

Its owner makes it (`prepare`); the application connects as another role, which can neither change the
policies nor bypass them. A policy shows the rows of the one person that the transaction has set. So a
statement that forgets its condition still sees one person's rows, and without a person set none.
"""

SCHEMA = "homeostat_companion"
VERSION = 1
LOCK = 0x434F4D50  # "COMP"

PERSONAL = ("people", "keys", "messages", "postings", "lengths", "kinds", "vectors", "notes")
"""Tables with rows of people, each with a column `person`."""

_ME = "nullif(current_setting('homeostat.person', true), '')::bigint"
_NAME = "nullif(current_setting('homeostat.name', true), '')"

_TABLES = (
    f"CREATE TABLE {SCHEMA}.version (step integer PRIMARY KEY)",
    # Which master key wraps the keys: another one is refused rather than mixed in.
    f"CREATE TABLE {SCHEMA}.master (one boolean PRIMARY KEY CHECK (one), fingerprint text NOT NULL)",
    f"""CREATE TABLE {SCHEMA}.people (
        person bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
        name text COLLATE "C" NOT NULL UNIQUE,
        count bigint NOT NULL DEFAULT 0, last bigint NOT NULL DEFAULT 0,
        generation bigint NOT NULL DEFAULT 0, words bigint NOT NULL DEFAULT 0
    ) WITH (fillfactor = 50)""",
    # Apart from what each message changes, and vacuumed at once: a key that was destroyed is soon gone.
    f"""CREATE TABLE {SCHEMA}.keys (person bigint PRIMARY KEY, wrapped bytea NOT NULL)
        WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0)""",
    f"""CREATE TABLE {SCHEMA}.messages (
        person bigint NOT NULL, seq bigint NOT NULL, id bytea NOT NULL,
        talk bigint NOT NULL, author bigint NOT NULL, own boolean NOT NULL, at_us bigint NOT NULL,
        body bytea NOT NULL,
        PRIMARY KEY (person, seq), UNIQUE (person, id)
    )""",
    f"CREATE INDEX messages_of_talk ON {SCHEMA}.messages (person, talk, seq)",
    f"CREATE INDEX messages_of_time ON {SCHEMA}.messages (person, talk, at_us, seq)",
    # The messages of one block that hold one word: four bytes each.
    f"""CREATE TABLE {SCHEMA}.postings (
        person bigint NOT NULL, word bigint NOT NULL, block integer NOT NULL, body bytea NOT NULL,
        PRIMARY KEY (person, word, block)
    ) WITH (fillfactor = 80)""",
    f"""CREATE TABLE {SCHEMA}.lengths (
        person bigint NOT NULL, block integer NOT NULL, body bytea NOT NULL, PRIMARY KEY (person, block)
    ) WITH (fillfactor = 50)""",
    f"""CREATE TABLE {SCHEMA}.kinds (
        person bigint NOT NULL, kind bigint NOT NULL, model bigint NOT NULL, dimensions integer NOT NULL,
        PRIMARY KEY (person, kind)
    )""",
    f"""CREATE TABLE {SCHEMA}.vectors (
        person bigint NOT NULL, kind bigint NOT NULL, block integer NOT NULL, body bytea NOT NULL,
        PRIMARY KEY (person, kind, block)
    )""",
    f"""CREATE TABLE {SCHEMA}.notes (
        person bigint NOT NULL, note bigint NOT NULL, body bytea NOT NULL, PRIMARY KEY (person, note)
    )""",
    # What is sealed does not compress.
    *(
        f"ALTER TABLE {SCHEMA}.{table} ALTER COLUMN body SET STORAGE EXTERNAL"
        for table in ("messages", "postings", "lengths", "vectors", "notes")
    ),
    # Finding a person by name is one statement: the name is set, looked for, and set no more.
    f"""CREATE FUNCTION {SCHEMA}.found(wanted text) RETURNS TABLE (person bigint, wrapped bytea)
        LANGUAGE plpgsql SET search_path = pg_catalog AS $$
        BEGIN
            PERFORM set_config('homeostat.name', wanted, true);
            RETURN QUERY SELECT p.person, k.wrapped FROM {SCHEMA}.people AS p
                JOIN {SCHEMA}.keys AS k ON k.person = p.person WHERE p.name = wanted;
            PERFORM set_config('homeostat.name', '', true);
        END $$""",  # noqa: S608
)

_ACCESS = (
    f"""CREATE TABLE {SCHEMA}.blobs (
        kind text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, blob bytea NOT NULL,
        PRIMARY KEY (kind, name)
    )""",
    f"CREATE TABLE {SCHEMA}.links (number bigint PRIMARY KEY, entry bytea NOT NULL, digest bytea NOT NULL)",
    f"""CREATE TABLE {SCHEMA}.anchor (
        one boolean PRIMARY KEY CHECK (one), number bigint NOT NULL, digest bytea NOT NULL
    )""",
)
"""What `access.postgres_cabinet` keeps: grants, flags, the audit. Nothing of them is within a memory."""

_POLICIES = (
    *(
        statement
        for table in PERSONAL
        for statement in (
            f"ALTER TABLE {SCHEMA}.{table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {SCHEMA}.{table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY own ON {SCHEMA}.{table} USING (person = {_ME}) WITH CHECK (person = {_ME})",
        )
    ),
    f"CREATE POLICY named ON {SCHEMA}.people USING (name = {_NAME}) WITH CHECK (name = {_NAME})",
    f"""CREATE POLICY named ON {SCHEMA}.keys USING (
        person = (SELECT p.person FROM {SCHEMA}.people AS p WHERE p.name = {_NAME}))""",  # noqa: S608
    f"""CREATE POLICY listed ON {SCHEMA}.people FOR SELECT
        USING (current_setting('homeostat.listing', true) = 'on')""",
    *(
        f"""CREATE POLICY rewrapped_{command} ON {SCHEMA}.keys FOR {command}
            USING (current_setting('homeostat.rewrapping', true) = 'on')"""
        for command in ("select", "update")
    ),
)

STEP: tuple[str, ...] = (
    f"CREATE SCHEMA {SCHEMA}",
    *_TABLES,
    *_ACCESS,
    *_POLICIES,
    f"INSERT INTO {SCHEMA}.version VALUES ({VERSION})",  # noqa: S608
)


def grants(role: str) -> tuple[str, ...]:
    """Return what lets a role (quoted already) use the tables: rows alone, nothing of their definition."""
    personal = ", ".join(f"{SCHEMA}.{table}" for table in PERSONAL)
    return (
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {personal} TO {role}",
        f"GRANT SELECT, INSERT, UPDATE ON {SCHEMA}.master TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {SCHEMA}.blobs TO {role}",
        f"GRANT SELECT, INSERT, DELETE ON {SCHEMA}.links TO {role}",
        f"GRANT SELECT, INSERT, UPDATE ON {SCHEMA}.anchor TO {role}",
        f"GRANT SELECT ON {SCHEMA}.version TO {role}",
    )
