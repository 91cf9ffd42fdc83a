"""Pseudonyms: people as keyed hashes, so that what is kept names nobody to whom the key is not known."""

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from homeostat.core.errors import ConfigError
from homeostat.evaluate.experience.events import NAMELESS

KEY_BYTES = 32
KEY_VARIABLE = "HOMEOSTAT_EXPERIENCE_KEY"


class Pseudonyms:
    """Makes the pseudonyms of one application under one key (BLAKE2b, keyed). Cost: 1 us."""

    def __init__(self, key: bytes, service: str) -> None:
        if len(key) != KEY_BYTES:
            raise ConfigError(f"the key of pseudonyms has {KEY_BYTES} bytes, this one {len(key)}")
        self._key = key
        self._of = hashlib.blake2b(service.encode(), key=key, digest_size=16)

    def person(self, user: str) -> str:
        """Return the pseudonym of a user; of nobody ("") one that stands for this time alone."""
        return self._hashed(b"\x00", user) if user else NAMELESS + secrets.token_hex(8)

    def key_for(self, purpose: str) -> bytes:
        """Return another key for one purpose, of 32 bytes."""
        return hashlib.blake2b(purpose.encode(), key=self._key, digest_size=KEY_BYTES).digest()

    def choice(self, person: str, preference: str, value: object) -> str:
        """Return what a value that somebody chose is compared by, with others of theirs alone."""
        return self._hashed(b"\x01", repr((person, preference, value)))[:16]

    def request(self, request_id: str) -> str:
        """Return what an answer about a request is known by."""
        return self._hashed(b"\x02", request_id)[:16]

    def _hashed(self, use: bytes, text: str) -> str:
        found = self._of.copy()
        found.update(use + text.encode("utf-8", "surrogatepass"))
        return found.hexdigest()


def key_at(path: Path, environment: Mapping[str, str]) -> bytes:
    """Return the key of HOMEOSTAT_EXPERIENCE_KEY, else that of a file, made where there is none.

    Processes that are to know people as the same need the same key: those of one machine have the file.
    Raises ConfigError where what is there is no key, or where the file cannot be read or made.
    """
    given = environment.get(KEY_VARIABLE)
    if given is not None:
        return _read(given, KEY_VARIABLE)
    try:
        return _read(path.read_text(encoding="ascii"), str(path))
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the key of pseudonyms at {path} cannot be read: {error}") from None
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(KEY_BYTES))
        try:
            os.link(draft, path)
        except FileExistsError:  # another process was first
            pass
        finally:
            draft.unlink()
    except OSError as error:
        raise ConfigError(
            f"no key of pseudonyms can be made at {path}: {error}; set {KEY_VARIABLE}"
        ) from None
    return _read(path.read_text(encoding="ascii"), str(path))


def _read(text: str, whence: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(
            f"{whence} holds no key of pseudonyms: it takes {2 * KEY_BYTES} hexadecimal digits, "
            "as `openssl rand -hex 32` makes them"
        )
    return key
