"""Lua scripts of a part of the runtime, as a Redis runs them: each after what they share."""

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

from redis.commands.core import AsyncScript


def scripts_of(client: Any, package: str, names: Iterable[str]) -> Mapping[str, AsyncScript]:
    """Return the scripts in the folder `scripts` of a package, by their names, each with its prelude."""
    folder = files(package) / "scripts"
    prelude = (folder / "prelude.lua").read_text(encoding="utf-8")
    return {
        name: client.register_script(prelude + (folder / f"{name}.lua").read_text(encoding="utf-8"))
        for name in names
    }
