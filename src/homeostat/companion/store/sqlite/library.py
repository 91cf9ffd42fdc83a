"""The library behind the embedded store: SQLite with encryption, looked for before it is used."""

from homeostat.core.errors import NotAvailable


def library() -> None:
    """Check that SQLite is one that encrypts. Raises NotAvailable."""
    remedy = "pip install 'homeostat[companion]'"
    try:
        import apsw
    except ImportError as error:
        raise NotAvailable(f"the companion needs apsw-sqlite3mc ({error}): {remedy}") from None
    if not hasattr(apsw, "mc_version"):
        # Plain apsw has the same name, takes the key and writes plain text.
        raise NotAvailable(f"the apsw that is installed does not encrypt: pip uninstall apsw, then {remedy}")
