"""The budget: how many bytes of requests may be in flight at once."""

from homeostat.core.errors import HomeostatError


class OverBudget(HomeostatError):
    """There is no room for more bytes now; trying again later helps."""


class Budget:
    """Bytes that all requests together may hold. Lives on one event loop."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0

    def take(self, size_bytes: int) -> None:
        """Take bytes, or raise OverBudget where they do not fit beside what others hold."""
        if self.used_bytes and self.used_bytes + size_bytes > self.limit_bytes:
            raise OverBudget(f"{self.used_bytes:,} bytes are in flight already")
        self.used_bytes += size_bytes

    def give_back(self, size_bytes: int) -> None:
        """Give back what was taken."""
        self.used_bytes -= size_bytes
