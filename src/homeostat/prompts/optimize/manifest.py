"""The manifest: what a folder that was optimised held before, file by file, and what is claimed of it."""

import posixpath
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

import msgspec

from homeostat.core.errors import ConfigError, StoreCorrupt
from homeostat.prompts.proof.claims import Claims

OWN = ".homeostat"
"""The folder within the result that holds the manifest, the originals and what passes wrote."""

NAME = "manifest.json"

ORDERS = "orders.json"
"""Within that folder: by the path of an entry point, the order in which its modules are put together."""

FILES = "files"
"""Within that folder: what passes wrote."""

SAFE = "/ !#$&'()+,;=@[]{}~^`"


class FileRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file, link or folder of the original.

    `path` is quoted as in a URL, so that any name can be written. `digest` is the SHA-256 of a file's bytes,
    `target` what a link holds. `now` is the digest, or the link's target, in the result; empty where it is
    not there any more.
    """

    path: str
    kind: Literal["file", "link", "folder"]
    mode: int = 0
    digest: str = ""
    target: str = ""
    now: str = ""

    @property
    def name(self) -> str:
        """The path as the operating system has it."""
        return unquote(self.path, errors="surrogateescape")


class Manifest(msgspec.Struct, frozen=True):
    """What a result was made of and how. `added` are new files by their paths, with their digests."""

    version: int
    passes: tuple[str, ...]
    tokenizer: str
    claims: Claims
    files: tuple[FileRecord, ...]
    added: dict[str, str] = {}


def quoted(path: str) -> str:
    """Return a path of any bytes as text that can be kept in JSON.

    >>> quoted("a b/ü\\udcff%.md")
    'a b/%C3%BC%FF%25.md'
    """
    return quote(path, safe=SAFE, errors="surrogateescape")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder that was optimised.

    Raises ConfigError where there is none, StoreCorrupt where it cannot be read or names a place outside.
    """
    path = folder / OWN / NAME
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise ConfigError(
            f"{folder} was not made by `homeostat prompts optimize`: there is no {OWN}/{NAME}"
        ) from None
    except OSError as error:
        raise StoreCorrupt(f"cannot read {path}: {error.strerror or error}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreCorrupt(f"{path} is damaged: {error}; take it from a backup") from None
    if found.version != 1:
        raise StoreCorrupt(f"{path} is of version {found.version}, this program reads 1; use a newer one")
    links = {r.name for r in found.files if r.kind == "link"}
    for record in found.files:
        name = record.name
        outside = name.startswith("/") or ".." in name.split("/") or "\0" in name
        if outside or any(folder in links for folder in _folders(name)):
            raise StoreCorrupt(f"{path} is damaged: {record.path!r} is not a place within the folder")
    return found


def has_manifest(folder: Path) -> bool:
    """Tell whether a folder is one that was optimised."""
    return (folder / OWN / NAME).is_file()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a manifest into a folder."""
    data = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / OWN / NAME).write_bytes(data + b"\n")


def _folders(name: str) -> list[str]:
    above = []
    while name := posixpath.dirname(name):
        above.append(name)
    return above
