"""The module: one file of a prompt library, as text and as what it was before."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Module:
    """One file of a prompt library.

    `path` is relative to the library, with `/` on every platform. `text` is as decoded, its line ends
    unchanged, without a byte order mark. `digest` is the SHA-256 of the file's bytes.
    """

    path: str
    text: str
    digest: bytes
    size_bytes: int
    encoding: str

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.rpartition("/")[2]
