"""What is held of a module: the content of its file, ready or packed."""

from dataclasses import dataclass, replace
from sys import getsizeof
from typing import Literal

from homeostat.prompts.serving.module_file import FileState, Stamp
from homeostat.prompts.serving.packed import Packed, pack, unpack
from homeostat.prompts.serving.template import Template, compile_template

Source = Literal["hot", "warm", "cold", "file"]
"""Where a text was served from. Hot: put together before. Warm: ready parts. Cold: deflated. File: read."""

ModuleKey = tuple[str, str]
"""The name of an edition, and a module's path in it."""

RECORD_BYTES = 1_000
"""What a record takes beside its text: itself, stamp and digest, places in dictionaries, counts."""


@dataclass(slots=True)
class Held:
    """One content of a module. The content never changes, what is known of the file does.

    `checked_ns` is when the file was last known to have this content (monotonic time); `lost` is True where
    it could not be read since, so that this is the last good one. `foreseen` is True of what was loaded ahead
    until somebody asks for it.
    """

    key: ModuleKey
    digest: bytes
    size_bytes: int
    form: Template | Packed
    memory_bytes: int
    stamp: Stamp
    certain: bool
    checked_ns: int
    lost: bool = False
    foreseen: bool = False

    def learn(self, state: FileState, checked_ns: int) -> None:
        """Note that the file has another stamp and the same content."""
        self.certain = state.certain  # before the stamp: who reads between the two looks at the file again
        self.stamp = state.stamp
        self.lost = False
        self.checked_ns = checked_ns

    @property
    def template(self) -> Template:
        """The text, ready; this inflates it where it is packed."""
        return self.form if isinstance(self.form, Template) else unpack(self.form)

    def packed(self) -> "Held":
        """Return the same content, packed."""
        return self if isinstance(self.form, Packed) else _with(self, pack(self.form))

    def ready(self, template: Template) -> "Held":
        """Return the same content with its template, which was taken from it before."""
        return self if self.form is template else _with(self, template)


def hold(key: ModuleKey, state: FileState, checked_ns: int) -> Held:
    """Return a file's content as it is held first: ready."""
    form = compile_template(state.text)
    return Held(
        key,
        state.digest,
        state.size_bytes,
        form,
        _memory_bytes(key, form),
        state.stamp,
        state.certain,
        checked_ns,
    )


def _with(known: Held, form: Template | Packed) -> Held:
    return replace(known, form=form, memory_bytes=_memory_bytes(known.key, form))


def _memory_bytes(key: ModuleKey, form: Template | Packed) -> int:
    return form.memory_bytes + RECORD_BYTES + getsizeof(key[1])
