"""Restoring: the original of a result, byte for byte."""

from pathlib import Path

from homeostat.core.errors import ConfigError, StoreCorrupt
from homeostat.prompts.library.library import Progress, silent
from homeostat.prompts.optimize.folder import appearing, is_free
from homeostat.prompts.optimize.manifest import OWN, FileRecord, read_manifest
from homeostat.prompts.optimize.originals import Originals
from homeostat.prompts.optimize.result_folder import changed_by_hand, set_modes

SHOWN = 3


def restore(folder: Path, to: Path | None = None, progress: Progress = silent) -> int:
    """Write the original of a result, in its own place or in another; return how many files it has.

    Nothing is written unless every original is there and is what it was. Raises ConfigError where the folder
    is no result, where the place is taken, and where files of the result were changed since and would be
    lost; StoreCorrupt naming the originals that are missing or damaged.
    """
    manifest = read_manifest(folder)
    place = (folder if to is None else to).resolve()
    if to is None:
        changed = changed_by_hand(folder)
        if changed:
            raise ConfigError(
                f"{len(changed)} files of {folder} were changed since it was made, such as {changed[0]}; "
                "--to DIR restores beside it"
            )
    elif not is_free(place) or place.is_relative_to(folder.resolve()):
        raise ConfigError(f"{to} is not free; name a new or empty folder, outside of {folder}")
    originals = Originals(folder.resolve() / OWN / "originals")
    files = [r for r in manifest.files if r.kind == "file"]
    faults = []
    for done, record in enumerate(files):
        progress("checking originals", done, len(files))
        if fault := originals.fault(record.digest):
            faults.append(f"{record.name}: {fault}")
    if faults:
        more = f" and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise StoreCorrupt(f"nothing was restored: {'; '.join(faults[:SHOWN])}{more}")
    with appearing(place) as building:
        for done, record in enumerate(manifest.files):
            progress("restoring", done, len(manifest.files))
            _put(record, building, originals)
        set_modes(building, list(manifest.files))
    return len(files)


def _put(record: FileRecord, building: Path, originals: Originals) -> None:
    target = building / record.name
    if record.kind == "folder":
        target.mkdir(exist_ok=True)
    elif record.kind == "link":
        target.symlink_to(record.target)
    else:
        originals.write(record.digest, target)
        target.chmod(record.mode)
