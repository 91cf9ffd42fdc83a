"""How soon is an intruder blocked, what does watching cost, and are plain pages told from noise?"""

import secrets
import sqlite3
import tempfile
import time
from pathlib import Path

import numpy as np
from starlette.testclient import TestClient

from benchmarks.result import Result
from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.companion.access.grant import PERSONS, Grant
from homeostat.companion.access.secret import new_token
from homeostat.companion.canaries import canary
from homeostat.companion.security.pages import PAGE_BYTES, noise
from homeostat.companion.security.sentry import Sentry

INTRUDERS = 60
PAGES = 20_000
PLAIN_PEOPLE = 40
REQUESTS = 20_000
ROUNDS = 5


def run(data: Path | None) -> list[Result]:
    """Return times of blocks, costs of a request, and pages that were judged wrongly."""
    del data
    with tempfile.TemporaryDirectory() as folder:
        node = CompanionNode(CompanionOptions(Path(folder) / "companion"))
        for limit in ("person", "stranger"):
            node.homeostat.knob_set.pin(f"companion_{limit}_rate", 1e6)
        results = [*_blocked(node), _cost(node.sentry)]
        node.close()
        return [*results, *_pages(Path(folder))]


def _blocked(node: CompanionNode) -> list[Result]:
    """Have addresses guess, and persons' tokens try other people, until each is blocked."""
    app = create_companion_app(node)
    let_in = 0
    for intruder in range(INTRUDERS):
        client = TestClient(app, client=(f"198.51.100.{intruder}", 1))
        own = node.access.issue(PERSONS, person=f"person {intruder}")[0].text
        for number in range(node.sentry.watch.guesses):
            token = own if intruder % 2 else new_token().text
            path = f"/people/other{number}" if intruder % 2 else "/people/me"
            client.get(path, headers={"authorization": f"Bearer {token}"})
        after = client.get("/people/me", headers={"authorization": f"Bearer {token}"})
        let_in += after.status_code != 429
    node.homeostat.flush()
    took = node.homeostat.registry.snapshot("security.response", {})
    note = f"{took.count} intruders, half of them guess and half enumerate; max {took.maximum:.3g} ms"
    return [
        Result("from the request that shows an intruder to its block, median", took.p50, "ms", 5.0, "lower"),
        Result("the same, p95", took.p95, "ms", 5.0, "lower", note=note),
        Result("intruders that are let in after it", let_in, "intruders", 0, "lower"),
    ]


def _cost(sentry: Sentry) -> Result:
    grant = Grant(id="a" * 16, digest=b"", label="", person="ann", scopes=PERSONS, made_us=0)
    best_s = float("inf")
    for _ in range(ROUNDS):
        begin_s = time.process_time()
        for number in range(REQUESTS):
            address = sentry.address_of("192.0.2.1")
            sentry.entered(grant, address, number)
            sentry.holder(grant, sentry.address_of("192.0.2.1"))
        best_s = min(best_s, time.process_time() - begin_s)
    return Result(
        "watching, a request",
        best_s / REQUESTS * 1e6,
        "us",
        None,
        "lower",
        note=f"CPU, least of {ROUNDS} rounds",
    )


def _pages(folder: Path) -> list[Result]:
    mistaken = sum(not noise(secrets.token_bytes(PAGE_BYTES)) for _ in range(PAGES))
    path = folder / "plain.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE said (id, text, vector)")
        rng = np.random.default_rng(1)
        for number in range(PLAIN_PEOPLE):
            rows = np.clip(rng.normal(0, 40, (len(canary(number).messages), 384)), -127, 127).astype(np.int8)
            connection.executemany(
                "INSERT INTO said VALUES (?, ?, ?)",
                [(m.id, m.text, row.tobytes()) for m, row in zip(canary(number).messages, rows, strict=True)],
            )
    image = path.read_bytes()
    pages = [image[at : at + PAGE_BYTES] for at in range(0, len(image), PAGE_BYTES)]
    missed = sum(map(noise, pages))
    return [
        Result(
            "pages of noise that are taken for plain ones", mistaken, "pages", 0, "lower",
            note=f"of {PAGES}",
        ),
        Result(
            "plain pages that are taken for noise", missed, "pages", 0, "lower",
            note=f"of {len(pages)}: words and rows of vectors, without canaries' words",
        ),
    ]  # fmt: skip
