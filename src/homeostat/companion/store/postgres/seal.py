"""The seal: what a person's data key closes, and the numbers that stand for what is looked up by equality.

A database sees whose a row is, when it was, and how long; texts, names, vectors and notes it holds sealed
(AES-256-GCM, bound to their place), and of words, ids, talks and authors keyed digests (BLAKE2b, RFC 7693).
Who reads the database sees which digests are equal within one person, and nothing between two.
"""

import hashlib
import hmac
import secrets

from homeostat.core.errors import NotAvailable, StoreCorrupt

NONCE_BYTES = 12


class Seal:
    """What one person's data key can do. Safe for threads."""

    __slots__ = ("_cipher", "_digests")

    def __init__(self, key: bytes) -> None:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise NotAvailable(
                f"the companion needs cryptography ({error}): pip install 'homeostat[companion]'"
            ) from None
        self._cipher = AESGCM(hmac.digest(key, b"seal", "sha256"))
        self._digests = hmac.digest(key, b"digests", "sha256")

    def close(self, body: bytes, place: str) -> bytes:
        """Return a body sealed for one place; each seal has a nonce of its own."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, body, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Return the body. Raises StoreCorrupt where it was changed, or is of another place or person."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError):
            raise StoreCorrupt(
                f"{place} does not open with the key of its person: the row was changed or moved; "
                "restore it from a backup"
            ) from None

    def number(self, kind: bytes, name: str) -> int:
        """Return the 64-bit number that stands for a name among those of its kind."""
        digest = hashlib.blake2b(
            name.encode(errors="replace"), digest_size=8, key=self._digests, person=kind
        ).digest()
        return int.from_bytes(digest, "big", signed=True)

    def digest(self, kind: bytes, name: str) -> bytes:
        """Return the 16 bytes that stand for a name where two must never be taken for one."""
        return hashlib.blake2b(
            name.encode(errors="replace"), digest_size=16, key=self._digests, person=kind
        ).digest()
