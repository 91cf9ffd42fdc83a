"""The rows of a Parquet file, read with pyarrow where it is installed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from homeostat.core.errors import InputError, NotAvailable
from homeostat.judge.tabular.chunk import ROWS, Chunk, Progress, Source
from homeostat.judge.tabular.text_file import opened


def parquet_rows(path: Path, progress: Progress) -> Source:
    """Return the rows of a Parquet file. Raises NotAvailable without pyarrow, which is no hard dependency."""
    with opened(path):
        pass
    try:
        import pyarrow  # type: ignore[import-not-found,import-untyped,unused-ignore]
        import pyarrow.parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        raise NotAvailable(
            f"{path} is a Parquet file, and reading it needs pyarrow: pip install 'homeostat[parquet]'"
        ) from None

    def _plain(column: Any) -> list[object]:
        kind = column.type
        if pyarrow.types.is_timestamp(kind):  # nanoseconds would need pandas
            column = column.cast(pyarrow.timestamp("us", kind.tz), safe=False)
        elif pyarrow.types.is_decimal(kind):
            column = column.cast(pyarrow.float64())
        elif pyarrow.types.is_duration(kind):
            column = column.cast(pyarrow.int64())
        found: list[object] = column.to_pylist()
        return found

    def chunks() -> Iterator[Chunk]:
        done = 0
        try:
            file = pyarrow.parquet.ParquetFile(path)
            total = file.metadata.num_rows
            names = [f.name for f in file.schema_arrow if not pyarrow.types.is_nested(f.type)]
            for batch in file.iter_batches(batch_size=ROWS, columns=names):
                done += batch.num_rows
                progress(done, total)
                yield {name: _plain(batch.column(i)) for i, name in enumerate(batch.schema.names)}
        except (pyarrow.ArrowException, OSError) as error:
            raise InputError(f"{path} cannot be read as Parquet: {error}") from None

    return Source(chunks(), [])
