"""`homeostat companion rotate-key`: a new master key in place of the one in the data folder."""

import typer

from homeostat.app.cli.companion_data import Folder, Store, data_folder
from homeostat.core.errors import InputError


def rotate_key(data: Folder = None, store: Store = None) -> None:
    """Put a new master key in the place of the one in the data folder. No server may be running.

    Each person's key is wrapped anew; what is stored stays as it is. Interrupted, do it again. A key from
    HOMEOSTAT_COMPANION_KEY is not in the folder, and is not rotated here.

    Example: [bold]homeostat companion rotate-key --data ./memories[/bold]
    """
    from homeostat.companion.access.audit_key import rewrap_audit_key
    from homeostat.companion.access.opening import cabinet_at
    from homeostat.companion.store.keys import KEY_FILE, MasterKey, read_key, write_key
    from homeostat.companion.store.rotation import rotate_key_file

    folder = data_folder(data)
    path = folder / KEY_FILE
    if not path.is_file():
        raise InputError(f"there is no master key at {path}; --data names another folder")
    where = store or folder / "people"
    draft = path.with_name(path.name + ".next")
    if not draft.exists():
        write_key(MasterKey.made(), draft)
    cabinet = cabinet_at(where, folder / "access.db")
    try:
        rewrap_audit_key(cabinet.drawers, read_key(path), read_key(draft))
    finally:
        cabinet.close()
    key = rotate_key_file(where, path)
    typer.echo(f"The master key is now {key.fingerprint}; keep a copy of {path} elsewhere.")
