"""The statements of the records in PostgreSQL. Times are microseconds of the server's clock, since 1970."""

from homeostat.runtime.jobs.backend import LOST_MAX
from homeostat.runtime.jobs.record import KEEP_DEAD_NS

LOCK = 0x484D4A42
"""The advisory lock under which the tables are made."""

NOW = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
KEEP_DEAD_US = KEEP_DEAD_NS // 1_000

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS homeostat_jobs (
        seq bigserial PRIMARY KEY, id text NOT NULL UNIQUE, queue text NOT NULL, name text NOT NULL,
        arguments text NOT NULL, key text, priority integer NOT NULL, state text NOT NULL,
        made_us bigint NOT NULL, due_us bigint NOT NULL, keep_us bigint NOT NULL,
        ended_us bigint NOT NULL DEFAULT 0, expires_us bigint NOT NULL DEFAULT 0,
        owner text, token integer NOT NULL DEFAULT 0, cancelling boolean NOT NULL DEFAULT false,
        failures integer NOT NULL DEFAULT 0, lost integer NOT NULL DEFAULT 0,
        progress double precision NOT NULL DEFAULT 0, note text NOT NULL DEFAULT '',
        result text NOT NULL DEFAULT '', error text NOT NULL DEFAULT ''
    )""",
    """CREATE UNIQUE INDEX IF NOT EXISTS homeostat_jobs_by_key ON homeostat_jobs (queue, name, key)
        WHERE key IS NOT NULL""",
    "CREATE INDEX IF NOT EXISTS homeostat_jobs_by_state ON homeostat_jobs (queue, state, seq)",
    "CREATE INDEX IF NOT EXISTS homeostat_jobs_by_owner ON homeostat_jobs (owner) WHERE state = 'running'",
    """CREATE INDEX IF NOT EXISTS homeostat_jobs_expiring ON homeostat_jobs (queue, expires_us)
        WHERE expires_us > 0""",
    "CREATE TABLE IF NOT EXISTS homeostat_job_workers (id text PRIMARY KEY, until_us bigint NOT NULL)",
)

WAITING = "SELECT count(*) FROM homeostat_jobs WHERE queue = %(queue)s AND state IN ('ready', 'scheduled')"

INSERT = f"""
INSERT INTO homeostat_jobs (id, queue, name, arguments, key, priority, state, made_us, due_us, keep_us)
SELECT id, %(queue)s, name, arguments, nullif(key, ''), priority,
    CASE WHEN due_us > {NOW} THEN 'scheduled' ELSE 'ready' END, made_us, due_us, keep_us
FROM json_to_recordset(%(jobs)s::json) AS new (id text, name text, arguments text, key text, priority integer,
    made_us bigint, due_us bigint, keep_us bigint)
ON CONFLICT DO NOTHING
RETURNING id
"""  # noqa: S608 - a name of our own

KNOWN_BY_KEY = """
SELECT new.id, known.id FROM json_to_recordset(%(jobs)s::json) AS new (id text, name text, key text)
JOIN homeostat_jobs AS known ON known.queue = %(queue)s AND known.name = new.name AND known.key = new.key
"""

SETTLE = f"""
UPDATE homeostat_jobs AS j SET state = o.state, failures = failures + o.failed, owner = NULL,
    cancelling = false, result = o.result, error = o.error,
    due_us = CASE WHEN o.state IN ('scheduled', 'ready') THEN {NOW} + o.delay_us ELSE due_us END,
    ended_us = CASE WHEN o.state IN ('scheduled', 'ready') THEN 0 ELSE {NOW} END,
    progress = CASE WHEN o.state = 'done' THEN 1 ELSE progress END,
    expires_us = CASE WHEN o.state IN ('scheduled', 'ready') THEN 0 ELSE {NOW} + o.keep_us END
FROM json_to_recordset(%(outcomes)s::json) AS o (id text, token integer, state text, failed integer,
    delay_us bigint, keep_us bigint, result text, error text)
WHERE j.id = o.id AND j.token = o.token AND j.state = 'running'
RETURNING j.id, j.name, j.priority, j.state, o.delay_us
"""  # noqa: S608

REFUSED = """
SELECT o.id FROM json_to_recordset(%(outcomes)s::json) AS o (id text, token integer, state text)
WHERE NOT EXISTS (
    SELECT 1 FROM homeostat_jobs AS j WHERE j.id = o.id AND j.token = o.token AND j.state = o.state)
"""

HOLD = f"""
INSERT INTO homeostat_job_workers (id, until_us) VALUES (%(worker)s, {NOW} + %(lease_us)s)
ON CONFLICT (id) DO UPDATE SET until_us = excluded.until_us
"""  # noqa: S608

FORGET_DEAD_WORKERS = f"DELETE FROM homeostat_job_workers WHERE until_us <= {NOW}"  # noqa: S608

FORGET_WORKER = "DELETE FROM homeostat_job_workers WHERE id = %(worker)s"

TAKE_BACK = f"""
UPDATE homeostat_jobs SET owner = NULL, cancelling = false, lost = lost + %(lost)s,
    state = CASE WHEN cancelling THEN 'cancelled' WHEN lost + %(lost)s > {LOST_MAX} THEN 'dead'
        ELSE 'ready' END,
    error = CASE WHEN lost + %(lost)s > {LOST_MAX} THEN 'worker lost' ELSE error END,
    ended_us = CASE WHEN cancelling OR lost + %(lost)s > {LOST_MAX} THEN {NOW} ELSE 0 END,
    expires_us = CASE WHEN cancelling THEN {NOW} + keep_us
        WHEN lost + %(lost)s > {LOST_MAX} THEN {NOW} + {KEEP_DEAD_US} ELSE 0 END
WHERE seq IN (
    SELECT seq FROM homeostat_jobs
    WHERE state = 'running' AND queue = %(queue)s AND owner NOT IN (SELECT id FROM homeostat_job_workers)
    ORDER BY seq FOR UPDATE)
RETURNING id, name, priority, state
"""  # noqa: S608

TAKE = f"""
UPDATE homeostat_jobs AS j SET state = 'running', token = token + 1, owner = %(worker)s, progress = 0,
    note = ''
FROM (
    SELECT seq, greatest(made_us, due_us) AS since_us FROM homeostat_jobs
    WHERE id = ANY(%(ids)s) AND name = ANY(%(names)s)
        AND (state = 'ready' OR (state = 'scheduled' AND due_us <= {NOW}))
    ORDER BY seq FOR UPDATE) AS ready
WHERE j.seq = ready.seq
RETURNING id, name, arguments, token, failures, greatest(0, {NOW} - since_us) / 1000.0::double precision,
    keep_us * 1000
"""  # noqa: S608

PROMOTE = f"""
UPDATE homeostat_jobs SET state = 'ready' WHERE queue = %(queue)s AND state = 'scheduled' AND due_us <= {NOW}
"""  # noqa: S608

REPORT = """
UPDATE homeostat_jobs AS j SET progress = r.progress, note = r.note
FROM json_to_recordset(%(reports)s::json) AS r (id text, token integer, progress double precision, note text)
WHERE j.id = r.id AND j.token = r.token AND (j.progress <> r.progress OR j.note <> r.note)
"""

CANCELLED_OR_LOST = """
SELECT r.id, j.id IS NULL FROM json_to_recordset(%(reports)s::json) AS r (id text, token integer)
LEFT JOIN homeostat_jobs AS j ON j.id = r.id AND j.token = r.token AND j.state = 'running'
WHERE j.id IS NULL OR j.cancelling
"""

EXPIRE = f"""
DELETE FROM homeostat_jobs WHERE seq IN (
    SELECT seq FROM homeostat_jobs WHERE queue = %(queue)s AND expires_us > 0 AND expires_us <= {NOW}
    ORDER BY expires_us LIMIT 1000 FOR UPDATE SKIP LOCKED)
"""  # noqa: S608

DROP_OLDEST = """
DELETE FROM homeostat_jobs WHERE seq IN (
    SELECT seq FROM homeostat_jobs WHERE queue = %(queue)s AND expires_us > 0
    ORDER BY expires_us DESC OFFSET %(kept_max)s LIMIT 1000)
"""

COLUMNS = """id, name, state, coalesce(key, ''), priority, made_us, due_us, ended_us, token, failures, lost,
    progress, note, result, error"""

BY_ID = f"""
SELECT {COLUMNS} FROM homeostat_jobs WHERE id = ANY(%(ids)s) ORDER BY array_position(%(ids)s, id)
"""  # noqa: S608

LISTED = f"""
SELECT {COLUMNS} FROM homeostat_jobs
WHERE queue = %(queue)s AND state = %(state)s AND (%(name)s::text = '' OR name = %(name)s::text)
ORDER BY seq DESC LIMIT %(limit)s
"""  # noqa: S608

CANCEL = f"""
UPDATE homeostat_jobs SET cancelling = (state = 'running'),
    ended_us = CASE WHEN state = 'running' THEN 0 ELSE {NOW} END,
    expires_us = CASE WHEN state = 'running' THEN 0 ELSE {NOW} + keep_us END,
    state = CASE WHEN state = 'running' THEN state ELSE 'cancelled' END
WHERE id = ANY(%(ids)s) AND state IN ('ready', 'scheduled', 'running') RETURNING id, name, priority
"""  # noqa: S608

SEND_AGAIN = f"""
UPDATE homeostat_jobs SET state = 'ready', failures = 0, lost = 0, due_us = {NOW}, ended_us = 0,
    expires_us = 0, error = '', progress = 0, note = ''
WHERE id = ANY(%(ids)s) AND state IN ('dead', 'cancelled') RETURNING id, name, priority
"""  # noqa: S608

FORGET = """
DELETE FROM homeostat_jobs WHERE id = ANY(%(ids)s) AND state IN ('done', 'dead', 'cancelled')
RETURNING id, name, priority
"""

DEPTH = f"""
SELECT count(*) FILTER (WHERE state = 'ready'), count(*) FILTER (WHERE state = 'scheduled'),
    count(*) FILTER (WHERE state = 'running'), count(*) FILTER (WHERE state = 'dead'),
    coalesce({NOW} - min(greatest(made_us, due_us)) FILTER (WHERE state = 'ready'), 0)
FROM homeostat_jobs WHERE queue = %(queue)s AND state IN ('ready', 'scheduled', 'running', 'dead')
"""  # noqa: S608

TRIM_LOG = """
DELETE FROM {log} WHERE id IN (
    SELECT id FROM {log} WHERE created < now() - %(kept)s::interval ORDER BY id LIMIT 50000)
"""
