"""The table: rows of texts under heads, as plain text, figures to the right."""

from collections.abc import Sequence

UNKNOWN = ("", "?", "not cached")
"""What stands in a column of figures where there is none."""


def table(title: str, heads: Sequence[str], rows: Sequence[tuple[str, ...]], most: int | None = None) -> str:
    """Return a table, empty without rows; of more than `most` rows it says how many are left out."""
    if not rows:
        return ""
    shown = rows if most is None else rows[:most]
    widths = [max(len(r[i]) for r in (heads, *shown)) for i in range(len(heads))]
    right = [all(r[i][:1].isdigit() or r[i] in UNKNOWN for r in shown) for i in range(len(heads))]
    lines = [title.upper()]
    for row in (heads, *shown):
        cells = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True))
        lines.append("  ".join(cells).rstrip())
    return "\n".join([*lines, *rest(len(rows) - len(shown))])


def rest(count: int) -> list[str]:
    """Return the line that says how many are left out, if any are."""
    return [f"... and {count:,} more (--all shows them)"] if count > 0 else []
