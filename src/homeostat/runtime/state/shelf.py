"""The seam between shared state and what keeps it."""

from typing import Protocol


class Shelf(Protocol):
    """Small blobs by kind and name. Raises StoreError or NotAvailable where it does not answer."""

    def list(self, kind: str, after: str, limit: int) -> dict[str, bytes]:
        """Return up to `limit` of a kind in the order of their names, those that follow `after`."""
        ...

    def swap(self, kind: str, name: str, before: bytes | None, after: bytes) -> bool:
        """Put a blob, durably, in place of `before`, None for none; False where it was another one."""
        ...
