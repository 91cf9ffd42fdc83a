"""What the file of a bus holds, and its statements. Each takes or gives a whole batch as one JSON text."""

from homeostat.runtime.jobs.embedded.file import Layout

LAYOUT = Layout(
    what="events",
    application_id=0x484D4253,  # "HMBS"
    version=1,
    schema=(
        """CREATE TABLE events (
            position INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, version INTEGER NOT NULL,
            key TEXT NOT NULL, at_ns INTEGER NOT NULL, body TEXT NOT NULL
        )""",
        # Times are monotonic ones of this boot: when the seat was taken last, and until when it is held.
        """CREATE TABLE subscribers (
            name TEXT PRIMARY KEY, position INTEGER NOT NULL, token INTEGER NOT NULL DEFAULT 0,
            owner TEXT, taken_ns INTEGER NOT NULL DEFAULT 0, until_ns INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID""",
        """CREATE TABLE letters (
            id TEXT PRIMARY KEY, subscriber TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
            version INTEGER NOT NULL, key TEXT NOT NULL, at_ns INTEGER NOT NULL, body TEXT NOT NULL,
            failures INTEGER NOT NULL, error TEXT NOT NULL, dead_ns INTEGER NOT NULL,
            queued INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID""",
        "CREATE INDEX letters_queued ON letters (subscriber, position) WHERE queued = 1",
        "CREATE INDEX letters_dead ON letters (dead_ns) WHERE queued = 0",
    ),
    synchronous="NORMAL",
    checkpoint_pages=16_000,
)
"""A commit costs no flush: events outlive `kill -9`, not a loss of power, after which the last seconds may be
gone. `tidy` moves what was written from the log into the file, so that no commit has to."""

LAST = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)"

SLOWEST = "SELECT name, position FROM subscribers ORDER BY position LIMIT 1"

APPEND = """
INSERT INTO events (name, version, key, at_ns, body)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(:records) ORDER BY key
"""

READ = """
SELECT json_group_array(json_array(position, name, version, key, at_ns, body))
FROM (SELECT * FROM events WHERE position > :after ORDER BY position LIMIT :count)
"""

QUEUED = """
SELECT json_group_array(json_array(position, name, version, key, at_ns, body, id))
FROM (SELECT * FROM letters WHERE subscriber = :subscriber AND queued = 1 ORDER BY position LIMIT :count)
"""

JOIN = f"INSERT OR IGNORE INTO subscribers (name, position) VALUES (?, ({LAST}))"  # noqa: S608

SEAT = "SELECT token, position, owner FROM subscribers WHERE name = ?"

# A lease of an earlier boot was given at a monotonic time that has not come yet, or runs out by itself.
TAKE = """
UPDATE subscribers SET
    token = token + (NOT :kept OR owner IS NOT :owner OR until_ns <= :mono_ns OR taken_ns > :mono_ns),
    owner = :owner, taken_ns = :mono_ns, until_ns = :until_ns
WHERE name = :name
    AND (owner IS NULL OR owner = :owner OR until_ns <= :mono_ns OR taken_ns > :mono_ns)
"""

LEAVE = "UPDATE subscribers SET owner = NULL, until_ns = 0 WHERE name = ? AND owner = ?"

UNJOIN = "DELETE FROM subscribers WHERE name = ?"

UNJOIN_LETTERS = "DELETE FROM letters WHERE subscriber = ?"

FIRST_AT = "SELECT position FROM events WHERE at_ns >= ? ORDER BY position LIMIT 1"

FIRST = "SELECT coalesce(min(position), 0) FROM events"

SEEK = "UPDATE subscribers SET position = :position, token = token + 1 WHERE name = :name"

SETTLE = "UPDATE subscribers SET position = max(position, :upto) WHERE name = :name AND token = :token"

CLEAR = "DELETE FROM letters WHERE id IN (SELECT value FROM json_each(?))"

BURY = """
INSERT OR REPLACE INTO letters (
    id, subscriber, position, name, version, key, at_ns, body, failures, error, dead_ns)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

LETTERS = """
SELECT json_group_array(json_array(
    id, subscriber, position, name, version, key, at_ns, body, failures, error, dead_ns))
FROM (SELECT * FROM letters WHERE queued = 0 AND (:subscriber = '' OR subscriber = :subscriber)
      ORDER BY dead_ns DESC, position DESC LIMIT :limit)
"""

REQUEUE = "UPDATE letters SET queued = 1 WHERE id = ? AND queued = 0"

FORGET = "DELETE FROM letters WHERE id = ? AND queued = 0"

LAGS = f"""
SELECT name, position, ({LAST}) - position,
    coalesce((SELECT at_ns FROM events WHERE position > s.position ORDER BY position LIMIT 1), 0),
    (SELECT count(*) FROM letters WHERE subscriber = s.name AND queued = 0),
    owner IS NOT NULL AND until_ns > :mono_ns AND taken_ns <= :mono_ns
FROM subscribers AS s ORDER BY name
"""  # noqa: S608

TRIMMED_AT_ONCE = 20_000

TRIM = f"""
DELETE FROM events WHERE position <= min(
    (SELECT coalesce(min(position), ({LAST})) FROM subscribers),
    coalesce((SELECT position - 1 FROM events WHERE at_ns >= :before_ns ORDER BY position LIMIT 1), ({LAST})),
    (SELECT min(position) + {TRIMMED_AT_ONCE} FROM events))
"""  # noqa: S608

TRIM_TO = f"""
DELETE FROM events WHERE position <= min(
    ({LAST}) - :kept_max, (SELECT min(position) + {TRIMMED_AT_ONCE} FROM events))
"""  # noqa: S608

TRIM_LETTERS = "DELETE FROM letters WHERE dead_ns < :before_ns"

TRIM_LETTERS_TO = """
DELETE FROM letters WHERE queued = 0 AND id IN (
    SELECT id FROM letters WHERE queued = 0 ORDER BY dead_ns DESC, position DESC LIMIT -1 OFFSET :most)
"""
