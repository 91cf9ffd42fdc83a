"""The statements of the embedded queue.

Each takes or returns a whole batch as one JSON text: Python's sqlite3 gives up the interpreter's lock around
every step, and a loop of small statements would wait for it once a row.
"""

from homeostat.runtime.jobs.backend import LOST_MAX
from homeostat.runtime.jobs.embedded.file import CANCELLED, DEAD, DONE, READY, RUNNING, SCHEDULED

_NEW = """
WITH new AS (
    SELECT key AS place, json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS name,
        json_extract(value, '$[2]') AS arguments, nullif(json_extract(value, '$[3]'), '') AS key,
        json_extract(value, '$[4]') AS priority, json_extract(value, '$[5]') AS due_ns,
        json_extract(value, '$[6]') AS made_ns, json_extract(value, '$[7]') AS keep_ns
    FROM json_each(:jobs)
)
"""

INSERT = f"""
{_NEW}
INSERT INTO jobs (id, name, arguments, key, priority, due_ns, made_ns, keep_ns, state)
SELECT id, name, arguments, key, priority, due_ns, made_ns, keep_ns,
    CASE WHEN due_ns > :now_ns THEN {SCHEDULED} ELSE {READY} END
FROM new WHERE true ORDER BY place
ON CONFLICT DO NOTHING
"""  # noqa: S608 - numbers of our own

KNOWN_BY_KEY = f"""
{_NEW}
SELECT json_group_array(id) FROM (
    SELECT ifnull((SELECT jobs.id FROM jobs WHERE jobs.name = new.name AND jobs.key = new.key), new.id) AS id
    FROM new ORDER BY place)
"""  # noqa: S608

WAITING = f"SELECT count(*) FROM jobs WHERE state IN ({SCHEDULED}, {READY})"  # noqa: S608

_OUTCOMES = """
WITH outcome AS (
    SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS token,
        json_extract(value, '$[2]') AS state, json_extract(value, '$[3]') AS failed,
        json_extract(value, '$[4]') AS delay_ns, json_extract(value, '$[5]') AS keep_ns,
        json_extract(value, '$[6]') AS result, json_extract(value, '$[7]') AS error
    FROM json_each(:outcomes)
)
"""

SETTLE = f"""
{_OUTCOMES}
UPDATE jobs SET state = outcome.state, failures = failures + outcome.failed, owner = NULL, cancelling = 0,
    result = outcome.result, error = outcome.error,
    due_ns = CASE WHEN outcome.state = {SCHEDULED} THEN :now_ns + outcome.delay_ns ELSE due_ns END,
    ended_ns = CASE WHEN outcome.state >= {DONE} THEN :now_ns ELSE 0 END,
    progress = CASE WHEN outcome.state = {DONE} THEN 1 ELSE progress END,
    expires_ns = CASE WHEN outcome.state >= {DONE} THEN :now_ns + outcome.keep_ns ELSE 0 END
FROM outcome
WHERE jobs.id = outcome.id AND jobs.token = outcome.token AND jobs.state = {RUNNING}
"""  # noqa: S608

REFUSED = f"""
{_OUTCOMES}
SELECT json_group_array(id) FROM outcome AS o
WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE id = o.id AND token = o.token AND state = o.state)
"""  # noqa: S608

PROMOTE = f"UPDATE jobs SET state = {READY} WHERE state = {SCHEDULED} AND due_ns <= :now_ns"  # noqa: S608

ANY_WORK = f"""
SELECT EXISTS (SELECT 1 FROM jobs WHERE state = {READY})
    OR EXISTS (SELECT 1 FROM jobs WHERE state = {SCHEDULED} AND due_ns <= :now_ns)
"""  # noqa: S608

READY_NAMES = f"""
WITH RECURSIVE n(name) AS (
    SELECT min(name) FROM jobs WHERE state = {READY}
    UNION ALL
    SELECT (SELECT min(name) FROM jobs WHERE state = {READY} AND name > n.name) FROM n
    WHERE n.name IS NOT NULL
)
SELECT name FROM n WHERE name IS NOT NULL
"""  # noqa: S608

RUNNING_OF = f"SELECT count(*) FROM jobs WHERE state = {RUNNING} AND name = ?"  # noqa: S608

PICK = f"""
SELECT json_group_array(json_array(-priority, seq)) FROM (
    SELECT seq, priority FROM jobs WHERE state = {READY} AND name = :name
    ORDER BY priority DESC, seq LIMIT :count)
"""  # noqa: S608

TAKEN = """
SELECT json_group_array(json_array(
    id, name, arguments, token + 1, failures, max(0, :now_ns - max(due_ns, made_ns)) / 1e6, keep_ns))
FROM (SELECT jobs.* FROM json_each(:seqs) AS s CROSS JOIN jobs ON jobs.seq = s.value ORDER BY s.key)
"""

TAKE = f"""
UPDATE jobs SET state = {RUNNING}, token = token + 1, owner = :worker, cancelling = 0, progress = 0, note = ''
WHERE seq IN (SELECT value FROM json_each(:seqs))
"""  # noqa: S608

HOLD = """
INSERT INTO workers (id, beat_ns, until_ns) VALUES (:worker, :mono_ns, :until_ns)
ON CONFLICT (id) DO UPDATE SET beat_ns = excluded.beat_ns, until_ns = excluded.until_ns
"""

# A lease of an earlier boot was given at a monotonic time that has not come yet, or runs out by itself.
FORGET_DEAD_WORKERS = "DELETE FROM workers WHERE until_ns <= :mono_ns OR beat_ns > :mono_ns"

FORGET_WORKER = "DELETE FROM workers WHERE id = :worker"

TAKE_BACK = f"""
UPDATE jobs SET owner = NULL, lost = lost + :lost,
    state = CASE WHEN cancelling THEN {CANCELLED} WHEN lost + :lost > {LOST_MAX} THEN {DEAD} ELSE {READY} END,
    error = CASE WHEN lost + :lost > {LOST_MAX} THEN 'worker lost' ELSE error END,
    ended_ns = CASE WHEN cancelling OR lost + :lost > {LOST_MAX} THEN :now_ns ELSE 0 END,
    expires_ns = CASE WHEN cancelling THEN :now_ns + keep_ns
        WHEN lost + :lost > {LOST_MAX} THEN :now_ns + :keep_dead_ns ELSE 0 END
WHERE state = {RUNNING} AND owner NOT IN (SELECT id FROM workers)
"""  # noqa: S608

_REPORTS = """
WITH report AS (
    SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS token,
        json_extract(value, '$[2]') AS progress, json_extract(value, '$[3]') AS note
    FROM json_each(:reports)
)
"""

REPORT = f"""
{_REPORTS}
UPDATE jobs SET progress = report.progress, note = report.note FROM report
WHERE jobs.id = report.id AND jobs.token = report.token
    AND (jobs.progress <> report.progress OR jobs.note <> report.note)
"""  # noqa: S608

CANCELLED_OR_LOST = f"""
{_REPORTS}
SELECT report.id, jobs.id IS NULL FROM report
LEFT JOIN jobs ON jobs.id = report.id AND jobs.token = report.token AND jobs.state = {RUNNING}
WHERE jobs.id IS NULL OR jobs.cancelling
"""  # noqa: S608

EXPIRE = """
DELETE FROM jobs WHERE seq IN (
    SELECT seq FROM jobs WHERE expires_ns > 0 AND expires_ns <= :now_ns ORDER BY expires_ns LIMIT 1000)
"""

KEPT = "SELECT count(*) FROM jobs WHERE expires_ns > 0"

DROP_OLDEST = """
DELETE FROM jobs WHERE seq IN (
    SELECT seq FROM jobs WHERE expires_ns > 0 ORDER BY expires_ns LIMIT :count)
"""

COLUMNS = """jobs.id, name, state, ifnull(jobs.key, ''), priority, made_ns, due_ns, ended_ns, token, failures,
    lost, progress, note, result, error"""

BY_ID = f"""
SELECT {COLUMNS} FROM json_each(:ids) AS i CROSS JOIN jobs ON jobs.id = i.value ORDER BY i.key
"""  # noqa: S608

LISTED = f"""
SELECT {COLUMNS} FROM jobs WHERE state = :state AND (:name = '' OR name = :name)
ORDER BY seq DESC LIMIT :limit
"""  # noqa: S608

CANCEL = f"""
UPDATE jobs SET
    cancelling = state = {RUNNING},
    ended_ns = CASE WHEN state = {RUNNING} THEN 0 ELSE :now_ns END,
    expires_ns = CASE WHEN state = {RUNNING} THEN 0 ELSE :now_ns + keep_ns END,
    state = CASE WHEN state = {RUNNING} THEN {RUNNING} ELSE {CANCELLED} END
WHERE id = :id AND state <= {RUNNING}
"""  # noqa: S608

SEND_AGAIN = f"""
UPDATE jobs SET state = {READY}, failures = 0, lost = 0, due_ns = :now_ns, ended_ns = 0, expires_ns = 0,
    error = '', progress = 0, note = ''
WHERE id = :id AND state IN ({DEAD}, {CANCELLED})
"""  # noqa: S608

FORGET = f"DELETE FROM jobs WHERE id = :id AND state >= {DONE}"  # noqa: S608

COUNTS = f"""
SELECT (SELECT count(*) FROM jobs WHERE state = {READY}),
    (SELECT count(*) FROM jobs WHERE state = {SCHEDULED}),
    (SELECT count(*) FROM jobs WHERE state = {RUNNING}), (SELECT count(*) FROM jobs WHERE state = {DEAD})
"""  # noqa: S608

OLDEST = f"""
SELECT min((
    SELECT max(due_ns, made_ns) FROM jobs
    WHERE state = {READY} AND name = n.value AND priority = p.value ORDER BY seq LIMIT 1))
FROM json_each(:names) AS n, json_each('[0,1,2,3,4,5,6,7,8,9]') AS p
"""  # noqa: S608
