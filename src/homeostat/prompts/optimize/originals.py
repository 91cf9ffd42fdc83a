"""The originals: a content-addressed store of files, each under the SHA-256 of its bytes, compressed."""

import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path

from homeostat.core.errors import StoreCorrupt

CHUNK_BYTES = 1024 * 1024


class Originals:
    """Files by the SHA-256 of their bytes; the same content is kept once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, file: Path) -> str:
        """Keep a file and return its digest. Memory does not grow with its size."""
        digest = hashlib.sha256()
        self._folder.mkdir(parents=True, exist_ok=True)
        coming = self._folder / "coming"
        pack = zlib.compressobj()
        with file.open("rb") as source, coming.open("wb") as kept:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                kept.write(pack.compress(chunk))
            kept.write(pack.flush())
        place = self._place(digest.hexdigest())
        place.parent.mkdir(exist_ok=True)
        coming.replace(place)
        return digest.hexdigest()

    def fault(self, digest: str) -> str:
        """Return what is wrong with a kept file, empty where nothing is."""
        try:
            for _ in self._chunks(digest):
                pass
        except StoreCorrupt as error:
            return str(error)
        return ""

    def write(self, digest: str, file: Path) -> None:
        """Write a kept file to a place. Raises StoreCorrupt if it is missing or is not what was kept."""
        with file.open("wb") as target:
            target.writelines(self._chunks(digest))

    def _chunks(self, digest: str) -> Iterator[bytes]:
        seen = hashlib.sha256()
        unpack = zlib.decompressobj()
        try:
            with self._place(digest).open("rb") as kept:
                while chunk := kept.read(CHUNK_BYTES):
                    while chunk:
                        part = unpack.decompress(chunk, CHUNK_BYTES)
                        seen.update(part)
                        yield part
                        chunk = unpack.unconsumed_tail
                rest = unpack.flush()
                seen.update(rest)
                yield rest
        except FileNotFoundError:
            raise StoreCorrupt("its original is missing") from None
        except OSError as error:
            raise StoreCorrupt(f"its original cannot be read: {error.strerror or error}") from None
        except zlib.error:
            raise StoreCorrupt("its original is damaged") from None
        if not unpack.eof or seen.hexdigest() != digest:
            raise StoreCorrupt("its original is damaged")

    def _place(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest[2:]
