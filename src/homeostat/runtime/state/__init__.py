"""Shared state: small documents with versions, changed by several processes at once."""

from homeostat.runtime.state.document import Conflict, Document
from homeostat.runtime.state.policy import last_writer, merge_fields, reject
from homeostat.runtime.state.shared_state import SharedState

__all__ = ["Conflict", "Document", "SharedState", "last_writer", "merge_fields", "reject"]
