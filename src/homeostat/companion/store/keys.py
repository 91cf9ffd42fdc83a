"""Keys: each person's data key, wrapped under one master key.

AES-256-GCM wraps, bound to what the key is for: a wrapped key that was moved to another person does not
open. Who has the master key and the wrapped keys has everything; a data key that is destroyed leaves its
file unreadable for ever.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from homeostat.core.errors import ConfigError, NotAvailable, StoreCorrupt

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
KEY_VARIABLE = "HOMEOSTAT_COMPANION_KEY"
KEY_FILE_VARIABLE = "HOMEOSTAT_COMPANION_KEY_FILE"
KEY_FILE = "master.key"

MADE_UNDER_KEY = ("people.db", "people/people.db")
"""What stands in a folder of people, or around one, whose master key was made already."""

_NONCE_BYTES = 12


class MasterKey:
    """A 256-bit key that wraps the others; it is shown by its fingerprint alone."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ConfigError(f"a master key has {KEY_BYTES} bytes, this one {len(key)}")
        self._key = key
        self.fingerprint = self.derived("fingerprint")[:8].hex()

    def __repr__(self) -> str:
        return f"MasterKey({self.fingerprint})"

    @classmethod
    def made(cls) -> "MasterKey":
        """Return a new, random one."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def of(cls, text: str, whence: str) -> "MasterKey":
        """Read 64 hexadecimal digits. Raises ConfigError, which names `whence` and quotes nothing."""
        try:
            return cls(bytes.fromhex(text.strip()))
        except (ValueError, ConfigError):
            raise ConfigError(
                f"{whence} is no master key: it takes {2 * KEY_BYTES} hexadecimal digits, "
                "as `openssl rand -hex 32` makes them"
            ) from None

    def text(self) -> str:
        """Return it as `of` reads it: a secret."""
        return self._key.hex()

    def derived(self, purpose: str) -> bytes:
        """Return a key of 32 bytes for one purpose (one block of HKDF-Expand, RFC 5869)."""
        return hmac.new(self._key, purpose.encode() + b"\x01", hashlib.sha256).digest()

    def wrap(self, key: bytes, use: str) -> bytes:
        """Return a key encrypted for one use."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher().encrypt(nonce, key, use.encode())

    def unwrap(self, wrapped: bytes, use: str) -> bytes:
        """Return the key. Raises StoreCorrupt where it was wrapped by another key or for another use."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher().decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], use.encode())
        except (InvalidTag, ValueError):
            raise StoreCorrupt(
                f"a wrapped key does not open with the master key {self.fingerprint}: it was changed, "
                "or is another's; restore it from a backup"
            ) from None

    def _cipher(self) -> "AESGCM":
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise NotAvailable(
                f"the companion needs cryptography ({error}): pip install 'homeostat[companion]'"
            ) from None
        return AESGCM(self.derived("wrap"))


def given_key(environment: Mapping[str, str]) -> MasterKey | None:
    """Return the master key of HOMEOSTAT_COMPANION_KEY, or of the file that ..._KEY_FILE names.

    Raises ConfigError where what is there is no key.
    """
    given = environment.get(KEY_VARIABLE)
    if given is not None:
        return MasterKey.of(given, KEY_VARIABLE)
    path = environment.get(KEY_FILE_VARIABLE)
    if path is None:
        return None
    try:
        return read_key(Path(path))
    except OSError as error:
        raise ConfigError(f"{KEY_FILE_VARIABLE}: {path} cannot be read ({error.strerror})") from None


def master_key_at(folder: Path, environment: Mapping[str, str]) -> MasterKey:
    """Return the environment's master key, else the one that lies in a folder, a new one where there is none.

    In the folder it lies beside what it protects: whoever copies the folder can read it. Raises ConfigError
    where what is there is no key, or where there is none beside people who were kept under one.
    """
    given = given_key(environment)
    if given is not None:
        return given
    path = folder / KEY_FILE
    try:
        return read_key(path)
    except FileNotFoundError:
        _check_new(folder, path)
    key = MasterKey.made()
    # Written whole under another name, then linked: of two processes that begin together one is first.
    draft = folder / f"{KEY_FILE}.{secrets.token_hex(8)}"
    write_key(key, draft)
    try:
        os.link(draft, path)
    except FileExistsError:
        return read_key(path)
    finally:
        draft.unlink()
    return key


def _check_new(folder: Path, path: Path) -> None:
    """Refuse to make a key for people who have one: it would open nobody, and be taken for theirs."""
    kept = next((folder / name for name in MADE_UNDER_KEY if (folder / name).exists()), None)
    if kept is not None and not path.exists():  # else another process has made it just now
        raise ConfigError(
            f"{path} is missing, and {kept} was made under it: restore it from your copy, "
            f"or set {KEY_VARIABLE} or {KEY_FILE_VARIABLE}"
        )


def write_key(key: MasterKey, path: Path) -> None:
    """Write a key to a new file that its owner alone can read."""
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(file, "w") as out:
        out.write(key.text() + "\n")
        out.flush()
        os.fsync(file)


def read_key(path: Path) -> MasterKey:
    """Read a key file. Raises ConfigError where there is no key in it, OSError where it cannot be read."""
    return MasterKey.of(path.read_text(encoding="ascii", errors="replace"), str(path))
