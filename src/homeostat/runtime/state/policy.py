"""Policies: what becomes of a change to a document that another process changed meanwhile."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Fields: TypeAlias = Mapping[str, Any]

Policy: TypeAlias = Callable[[Fields, Fields, Fields], Fields | None]
"""Returns what holds from now on, None to refuse the change: from what the change began with (empty where
there was nothing), what the others made of that, and what the change would make of it."""


def last_writer(base: Fields, theirs: Fields, ours: Fields) -> Fields:
    """Return the change, as if the others had not been there."""
    return ours


def reject(base: Fields, theirs: Fields, ours: Fields) -> None:
    """Refuse the change."""


def merge_fields(base: Fields, theirs: Fields, ours: Fields) -> Fields:
    """Return what each side changed; a field that both changed is as the later one has it.

    >>> merge_fields({"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 3, "c": 1})
    {'a': 2, 'b': 3}
    """
    merged = dict(theirs)
    for field in [*base, *(field for field in ours if field not in base)]:
        if field not in ours:
            merged.pop(field, None)
        elif field not in base or ours[field] != base[field]:
            merged[field] = ours[field]
    return merged
