"""The life of a canary: a made-up person whose door is tried with forged tokens, and whose rights are used.

All of it goes the way of anybody's requests: tokens are issued, messages said, edited, removed and exported,
then the person forgets everything. What should have come of it is looked at after each act.
"""

import io
import secrets
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from homeostat.companion.access.access import Access
from homeostat.companion.access.audit import Act, Audit, Entry
from homeostat.companion.access.grant import PERSONS, Scope
from homeostat.companion.access.secret import Token, new_token
from homeostat.companion.canary_names import PREFIX
from homeostat.companion.security.front import Answer, Front, encoded, path_of
from homeostat.companion.security.remains import Remains
from homeostat.companion.store.people import People

NAMED = f"{PREFIX}life."
LASTS_S = 3_600.0
"""How long the tokens of one life work; a life that a killed process left is ended after it."""

SHORT_S = 0.001
MESSAGES = 40
ENTRIES = 1_000
ME = "me"


@dataclass(slots=True)
class Found:
    """What one life showed: how many of the tries were right, by check, and what was wrong."""

    tried: dict[str, int] = field(default_factory=dict)
    right: dict[str, int] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)

    def note(self, check: str, right: bool, fault: str) -> None:
        """Count one try."""
        self.tried[check] = self.tried.get(check, 0) + 1
        self.right[check] = self.right.get(check, 0) + right
        if not right:
            self.faults.setdefault(check, []).append(fault)


@dataclass(frozen=True, slots=True)
class _Tokens:
    """What a canary shows at the door."""

    right: Token
    read: Token
    other: Token
    expired: Token
    revoked: Token


class Life:
    """Lives lives, one at a time. `forget` ends what a life could not end itself."""

    def __init__(
        self,
        access: Access,
        audit: Audit,
        people: People,
        front: Front,
        remains: Remains,
        forget: Callable[[str], object],
        now_s: Callable[[], float],
    ) -> None:
        self._access = access
        self._audit = audit
        self._people = people
        self._front = front
        self._remains = remains
        self._to_forget = forget
        self._now_s = now_s

    def steps(self, found: Found) -> Iterator[None]:
        """Live one life, a pause after each step; `found` is what it showed."""
        self._bury()
        name, other = (f"{NAMED}{round(self._now_s())}.{secrets.token_hex(4)}" for _ in range(2))
        since = self._last_entry()
        try:
            tokens = self._tokens(name, other)
            yield
            yield from self._forge(name, other, tokens, found)
            word = f"canary{secrets.token_hex(8)}"
            said = self._say(tokens, word, found)
            yield
            self._take_out(tokens, said, found)
            yield
            self._forget(name, tokens, word, found)
            yield
            self._look_up(name, tokens, since, found)
        finally:
            for person in (name, other):
                self._to_forget(person)

    def _tokens(self, name: str, other: str) -> _Tokens:
        def issued(person: str, scopes: frozenset[Scope], lasts_s: float = LASTS_S) -> Token:
            return self._access.issue(scopes, person=person, label="canary", lasts_s=lasts_s)[0]

        tokens = _Tokens(
            right=issued(name, PERSONS),
            read=issued(name, frozenset((Scope.READ,))),
            other=issued(other, PERSONS),
            expired=issued(name, PERSONS, SHORT_S),
            revoked=issued(name, PERSONS),
        )
        self._access.revoke(tokens.revoked.id)
        return tokens

    def _forge(self, name: str, other: str, tokens: _Tokens, found: Found) -> Iterator[None]:
        """Ask with tokens that must not open, and with those that must."""
        me = path_of(ME)
        forged: Sequence[tuple[str, str, str, str, int]] = (
            ("no token", "GET", me, "", 401),
            ("a token that was never issued", "GET", me, new_token().text, 401),
            ("another's secret", "GET", me, Token(tokens.right.id, tokens.other.secret).text, 401),
            ("an expired token", "GET", me, tokens.expired.text, 401),
            ("a revoked token", "GET", me, tokens.revoked.text, 401),
            ("another person's token", "GET", path_of(name, "/messages"), tokens.other.text, 403),
            ("an export with another's token", "GET", path_of(name, "/export"), tokens.other.text, 403),
            ("forgetting with another's token", "DELETE", path_of(name), tokens.other.text, 403),
            ("a name with a space after it", "GET", path_of(f"{other} "), tokens.other.text, 403),
            ("writing with a token for reading", "POST", path_of(ME, "/messages"), tokens.read.text, 403),
            ("forgetting with a token for reading", "DELETE", me, tokens.read.text, 403),
            ("the audit with a person's token", "GET", "/audit", tokens.right.text, 403),
            ("security with a person's token", "GET", "/security", tokens.right.text, 403),
            ("tokens with a person's token", "POST", "/tokens", tokens.right.text, 403),
        )
        for what, method, path, token, status in forged:
            answer = self._front(
                method, path, token, encoded({"text": "canary"}) if method == "POST" else b""
            )
            refused = answer.status in (status, 429)
            found.note("access", refused, f"{what} was answered with {answer.status}, not {status}")
            yield
        for what, method, path, token in (
            ("a person's own token", "POST", path_of(ME, "/messages"), tokens.right.text),
            ("a token for reading", "GET", path_of(ME, "/messages"), tokens.read.text),
            ("another person's own token", "POST", path_of(ME, "/messages"), tokens.other.text),
        ):
            body = encoded({"text": "good morning"}) if method == "POST" else b""
            answer = self._front(method, path, token, body)
            fault = f"{what} was answered with {answer.status}"
            found.note("access", answer.let_in, fault)
            found.note("authentication", answer.let_in, fault)
            yield

    def _say(self, tokens: _Tokens, word: str, found: Found) -> dict[str, str]:
        """Say things of which one is edited and one removed; return what has to be kept."""
        said = {f"m{n}": f"{word} number {n}, and the garden" for n in range(MESSAGES)}
        lines = b"\n".join(encoded({"id": id, "text": text}) for id, text in said.items())
        self._ask(found, "POST", "/messages/bulk", tokens, lines)
        self._ask(found, "PATCH", "/messages/m1", tokens, encoded({"text": "something else"}))
        self._ask(found, "DELETE", "/messages/m2", tokens)
        del said["m2"]
        return {**said, "m1": "something else"}

    def _take_out(self, tokens: _Tokens, said: dict[str, str], found: Found) -> None:
        """Export everything: each message is there as it was said, edited or removed."""
        answer = self._ask(found, "GET", "/export", tokens)
        try:
            with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
                lines = archive.read("messages.jsonl").splitlines()
            exported = {message["id"]: message["text"] for message in map(msgspec.json.decode, lines)}
        except (zipfile.BadZipFile, KeyError, msgspec.DecodeError):
            exported = {}
        wrong = [id for id, text in said.items() if exported.get(id) != text]
        found.note("privacy", not wrong, f"an export lacks {len(wrong)} of {len(said)} messages")
        found.note("privacy", "m2" not in exported, "an export holds a message that was removed")

    def _forget(self, name: str, tokens: _Tokens, word: str, found: Found) -> None:
        """Forget everything: no key, no file, no token and no word is left."""
        place = self._remains.place(name)
        self._ask(found, "DELETE", "", tokens)
        there = name in self._people.names(name[:-1], 10)
        found.note("privacy", not there, "somebody who was forgotten has a key still")
        left = self._remains.left(place, name, word)
        found.note("privacy", not left, f"of somebody who was forgotten something is in {', '.join(left)}")
        opened = self._access.admit(tokens.right.text) is not None
        found.note("privacy", not opened, "a token of somebody who was forgotten still opens")
        surplus = self._audit.surplus()
        found.note("privacy", not surplus, f"the audit keeps {surplus} entries beyond its retention")

    def _look_up(self, name: str, tokens: _Tokens, since: int, found: Found) -> None:
        """Look each act up in the audit."""
        digest = self._audit.digest_of(name)
        noted = {(entry.act, entry.by) for entry in self._entries(since) if entry.person == digest}
        own = tokens.right.id
        for act, by in (
            (Act.ISSUED, ""),
            (Act.REVOKED, ""),
            (Act.EDITED, own),
            (Act.REMOVED, own),
            (Act.EXPORTED, own),
            (Act.FORGOTTEN, own),
        ):
            found.note("audit", (act, by) in noted, f"{act} was done, and is not in the audit")

    def _ask(self, found: Found, method: str, tail: str, tokens: _Tokens, body: bytes = b"") -> Answer:
        answer = self._front(method, path_of(ME, tail), tokens.right.text, body)
        fault = f"{method} {tail or 'of a person'} was answered with {answer.status}"
        found.note("authentication", answer.let_in, fault)
        found.note("privacy", answer.status < 300, fault)
        return answer

    def _last_entry(self) -> int:
        newest = self._audit.newest(1)
        return newest[-1][0] if newest else 0

    def _entries(self, after: int) -> Iterator[Entry]:
        while page := self._audit.entries(after, ENTRIES):
            yield from (entry for _, entry in page)
            after = page[-1][0]

    def _bury(self) -> None:
        """End lives that a killed process left."""
        for name in self._people.names(NAMED, ENTRIES):
            if not name.startswith(NAMED):
                break
            began = name[len(NAMED) :].partition(".")[0]
            if not began.isdigit() or int(began) < self._now_s() - LASTS_S:
                self._to_forget(name)
