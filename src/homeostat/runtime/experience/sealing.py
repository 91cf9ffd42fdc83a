"""Sealing: what somebody wrote, encrypted before it is kept, so that the store holds no text of people."""

import secrets

from homeostat.core.errors import NotAvailable, StoreCorrupt

NONCE_BYTES = 12


class Sealing:
    """Encrypts texts with AES-256-GCM, each bound to its person. Raises NotAvailable without cryptography."""

    def __init__(self, key: bytes) -> None:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise NotAvailable(
                f"texts of people are encrypted with cryptography ({error}): "
                "pip install 'homeostat[companion]', or have none kept"
            ) from None
        self._cipher: AESGCM = AESGCM(key)

    def seal(self, text: str, person: str) -> bytes:
        """Return a person's text, encrypted."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode("utf-8", "replace"), person.encode())

    def open(self, sealed: bytes, person: str) -> str:
        """Return the text. Raises StoreCorrupt where it was sealed by another key, or for another person."""
        from cryptography.exceptions import InvalidTag

        try:
            nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
            return self._cipher.decrypt(nonce, text, person.encode()).decode("utf-8")
        except (InvalidTag, ValueError):
            raise StoreCorrupt(
                "a text does not open with this key of pseudonyms: it was sealed under another one"
            ) from None
