"""The prompt library: what an application holds to get prompts that are ready to send."""

import asyncio
import os
import weakref
from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable, Iterator, Mapping
from pathlib import Path
from random import Random
from threading import Lock
from types import TracebackType
from typing import Self, cast

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.observe.operation import Operation
from homeostat.prompts.graph.styles import OWN, load_styles
from homeostat.prompts.serving.edition import Edition, Layer
from homeostat.prompts.serving.follow_model import FollowModel
from homeostat.prompts.serving.held import Held, ModuleKey, Source
from homeostat.prompts.serving.loading_ahead import LoadingAhead, worth_loading
from homeostat.prompts.serving.module_cache import Found, ModuleCache, unreadable
from homeostat.prompts.serving.module_file import chunks
from homeostat.prompts.serving.prompt import Prompt
from homeostat.prompts.serving.ready import Ready, ReadyKey, put_together
from homeostat.prompts.serving.ready_cache import ReadyCache
from homeostat.prompts.serving.serving_meter import SOURCES, ServingFigures, ServingMeter
from homeostat.prompts.serving.serving_settings import KB, ServingKnobs, ServingSettings
from homeostat.prompts.serving.template import NOTHING, fill
from homeostat.runtime.host import Host

OPERATION = "prompts.load"
Asked = tuple[str, str, str]
"""The name of an edition, a path in it, and the layer, or that it was asked for alone."""

ALONE = "alone"
ASKINGS_MAX = 4_096
"""Askings whose modules are remembered, to know what to load ahead."""

DEFAULTS = ServingSettings()


class NeedsFiles(Exception):
    """What was asked for is not all in memory, and nobody may wait here for files."""


class PromptLibrary:
    """A folder of prompts, or several editions of it, from which prompts are served.

    Each asking is an operation `prompts.load` with the path of the `module`. Any thread may ask; the methods
    with an `a` in front are for asyncio, and touch no file in the event loop.

    Guarantee: what is served is the content that the files had at most `check_every_s` before it was asked
    for (or the last good one, which is said); no tier ever holds more than its size.
    Cost: some 10 us for what is in memory and up to 20 KB.
    """

    def __init__(
        self,
        host: Host,
        folder: str | Path | Mapping[str, str | Path],
        *,
        name: str = "prompts",
        settings: ServingSettings = DEFAULTS,
        rng: Random | None = None,
    ) -> None:
        """Open a library. `folder` is one folder, or editions by name, of which the first is the default.

        Raises InputError if a folder is none, ConfigError where a setting or a loading plan cannot be used.
        """
        folders = folder if isinstance(folder, Mapping) else {"original": folder}
        if not folders or not all(str(at).strip() for at in folders.values()):
            raise ConfigError(f"a prompt library needs a folder, not {folder!r}")
        styles = load_styles(settings.styles or OWN)
        self._check_every_ns = round(settings.check_every_s * SECOND_NS)
        self._editions = {
            edition: Edition(edition, Path(at), styles, host.clock, self._check_every_ns)
            for edition, at in folders.items()
        }
        self._default = next(iter(self._editions))
        self._knobs = ServingKnobs(host, name, settings, tuple(self._editions))
        self._host = host
        self._name = name
        self._settings = settings
        self._rng = rng or Random()  # noqa: S311 - a sample
        self._operation = host.tracer.operation
        self._start()
        begin_anew_in_children(self)

    def _start(self) -> None:
        """Begin with nothing in memory: when it is opened, and in a forked child, whose locks may be held."""
        settings = self._settings
        self._lock = Lock()
        self._meter = ServingMeter(self._host, self._name)
        self._sizes = (settings.hot_kb, settings.warm_kb, settings.cold_kb)
        hot, warm, cold = (size * KB for size in self._sizes)
        self._modules = ModuleCache(
            (warm, cold), self._check_every_ns, self._host.clock, self._meter, self._rng
        )
        self._ready = ReadyCache(hot, self._modules, self._meter, self._rng)
        self._follow: FollowModel[Asked] | None = FollowModel() if settings.ahead else None
        self._asked: OrderedDict[Asked, tuple[ModuleKey, ...]] = OrderedDict()
        self._ahead: LoadingAhead[Asked] = LoadingAhead(self._load_ahead, self._host.losses)

    @property
    def names(self) -> tuple[str, ...]:
        """The entry points of the default edition."""
        return tuple(self._editions[self._default].catalogue.entries)

    @property
    def figures(self) -> ServingFigures:
        """What was served from where since the library was opened."""
        return self._meter.figures()

    @property
    def used_bytes(self) -> dict[Source, int]:
        """What the tiers hold in memory."""
        return {"hot": self._ready.used_bytes, **self._modules.used_bytes}

    def prompt(
        self,
        name: str,
        arguments: str | None = None,
        values: Mapping[str, object] = NOTHING,
        *,
        session: Hashable = None,
    ) -> Prompt:
        """Return an entry point or a module with all that it includes, its gaps filled.

        `arguments` go where $ARGUMENTS stands, else to the end. `session` is whose asking it is, so that what
        follows what can be learned. Raises InputError for a name that there is not, for a gap without a
        value, and for a file that cannot be read and never could.
        """
        with self._operation(OPERATION) as loading:
            edition, layer = self._choice()
            key = (edition.name, self._path(edition, name), layer)
            self._tell(loading, key)
            return self._filled(name, key, self._get(key, edition), arguments, values, session)

    async def aprompt(
        self,
        name: str,
        arguments: str | None = None,
        values: Mapping[str, object] = NOTHING,
        *,
        session: Hashable = None,
    ) -> Prompt:
        """Return what `prompt` does; files are read and looked at in a thread."""
        with self._operation(OPERATION) as loading:
            edition, layer = self._choice()
            key = (edition.name, await self._apath(edition, name), layer)
            self._tell(loading, key)
            try:
                found = self._get(key, edition, look=False)
            except NeedsFiles:
                found = await asyncio.to_thread(self._get, key, edition)
            return self._filled(name, key, found, arguments, values, session)

    def core(self) -> Prompt:
        """Return what is loaded before every entry point (`CLAUDE.md` and its like): a system prompt."""
        with self._operation(OPERATION) as loading:
            edition, layer = self._choice()
            key = (edition.name, "", layer)
            loading.set(edition=edition.name, library=self._name)
            return self._filled("core", key, self._get(key, edition), None, NOTHING, None)

    def module(self, path: str, *, session: Hashable = None) -> Prompt:
        """Return one module alone and as it stands in its file: what a model asks for while it works."""
        with self._operation(OPERATION) as loading:
            edition, layer = self._choice()
            key = (edition.name, self._path(edition, path))
            self._tell(loading, key)
            return self._alone(key, self._modules.get(key, edition.root), layer, session)

    async def amodule(self, path: str, *, session: Hashable = None) -> Prompt:
        """Return what `module` does; files are read and looked at in a thread."""
        with self._operation(OPERATION) as loading:
            edition, layer = self._choice()
            key = (edition.name, await self._apath(edition, path))
            self._tell(loading, key)
            content = self._modules.in_memory(key)
            if content is None:
                content = await asyncio.to_thread(self._modules.get, key, edition.root)
            return self._alone(key, content, layer, session)

    def stream(self, path: str) -> Iterator[bytes]:
        """Return a module's text as UTF-8, at most 64 KB at a time, past the cache: for what is large."""
        edition, _ = self._choice()
        key = (edition.name, self._path(edition, path))
        return self._loading(key)(self._chunks)(key, edition.root)

    async def astream(self, path: str) -> AsyncIterator[bytes]:
        """Return what `stream` does; each chunk is read in a thread."""
        edition, _ = self._choice()
        found = await self._apath(edition, path)
        key = (edition.name, found)
        async for piece in self._loading(key)(self._achunks)(key, edition.root):
            yield piece

    def refresh(self) -> None:
        """Look again what modules and entry points there are; a name that is not known does so by itself."""
        for edition in self._editions.values():
            edition.refresh()

    def settle(self, timeout_s: float = 5.0) -> bool:
        """Wait until what is loaded ahead is there; False if that takes longer."""
        return self._ahead.settle(timeout_s)

    def close(self) -> None:
        """End the thread that loads ahead. The library still serves."""
        self._ahead.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _choice(self) -> tuple[Edition, Layer]:
        """Return what the knobs say of this request; set the tiers to the sizes in force."""
        hot, warm, cold = (size.get() for size in self._knobs.sizes)
        if (hot, warm, cold) != self._sizes:
            self._sizes = (hot, warm, cold)
            self._modules.resize(warm * KB, cold * KB)
            self._ready.resize(hot * KB)
        edition = self._knobs.edition.get() if self._knobs.edition is not None else self._default
        return self._editions[edition], cast(Layer, self._knobs.layer.get())

    def _path(self, edition: Edition, name: str) -> str:
        found = edition.catalogue.path(name)
        if found is None:
            edition.look_again()
            found = edition.find(name)
        return found

    async def _apath(self, edition: Edition, name: str) -> str:
        found = edition.catalogue.path(name)
        return found if found is not None else await asyncio.to_thread(self._path, edition, name)

    def _tell(self, loading: Operation, key: ReadyKey | ModuleKey) -> None:
        loading.set(module=key[1], edition=key[0], library=self._name)

    def _loading(self, key: ModuleKey) -> Operation:
        return self._operation(OPERATION, module=key[1], edition=key[0], library=self._name)

    def _get(self, key: ReadyKey, edition: Edition, *, look: bool = True) -> tuple[Ready, Source]:
        """Return a prompt put together, and the slowest place that any module came from; count them.

        Raises NeedsFiles without `look`, where files would have to be read or looked at.
        """
        if look:
            edition.check()
        ready = self._ready.get(key, edition, look=look)
        if ready is not None:
            self._meter.served("hot", len(ready.modules), ready.size_bytes)
            return ready, "hot"
        known = self._ready.parts_of(key)
        found: dict[str, Found] = {}

        def content(path: str) -> Held:
            if path not in found:
                module = (edition.name, path)
                one = self._modules.in_memory(module, known=known.get(path))
                if one is None and not look:
                    raise NeedsFiles
                found[path] = one or self._modules.get(module, edition.root, known=known.get(path))
            return found[path].held

        catalogue = edition.catalogue
        paths = edition.loads(key[1], key[2], content) if key[1] else catalogue.always
        ready = put_together(key, catalogue, [content(path) for path in paths])
        self._ready.offer(ready)
        self._remember(key, tuple(held.key for held in ready.modules))
        for one in found.values():
            self._meter.served(one.source, 1, one.held.size_bytes)
        return ready, max((one.source for one in found.values()), key=SOURCES.index, default="hot")

    def _filled(
        self,
        name: str,
        key: ReadyKey,
        found: tuple[Ready, Source],
        arguments: str | None,
        values: Mapping[str, object],
        session: Hashable,
    ) -> Prompt:
        ready, source = found
        parts = ready.parts
        if arguments and not ready.takes_arguments:
            parts = (*parts[:-1], "".join(parts[-1:]).rstrip(), f"\n\nARGUMENTS: {arguments}\n")
        text, left = fill(name, parts, ready.gaps, arguments, values)
        self._foresee(key, session)
        return Prompt(
            text=text,
            modules=tuple(held.key[1] for held in ready.modules),
            edition=key[0],
            layer=key[2],
            source=source,
            last_good=tuple(held.key[1] for held in ready.modules if held.lost),
            left=left,
        )

    def _alone(self, key: ModuleKey, found: Found, layer: Layer, session: Hashable) -> Prompt:
        held, source = found
        self._meter.served(source, 1, held.size_bytes)
        asked = (*key, ALONE)
        if self._follow is not None:
            self._remember(asked, (key,))
            self._foresee(asked, session)
        lost = (key[1],) if held.lost else ()
        return Prompt(held.template.text, (key[1],), key[0], layer, source, lost)

    def _remember(self, asked: Asked, modules: tuple[ModuleKey, ...]) -> None:
        with self._lock:
            self._asked[asked] = modules
            self._asked.move_to_end(asked)
            if len(self._asked) > ASKINGS_MAX:
                self._asked.popitem(last=False)

    def _foresee(self, asked: Asked, session: Hashable) -> None:
        """Learn what is asked for now, and load what will probably be asked for next where that pays."""
        if self._follow is None:
            return
        cost, kept = self._modules.read_cost, self._meter.promise_kept
        with self._lock:
            self._follow.note(hash(session), asked)
            likely = [(n, p) for n, p in self._follow.likely(asked) if worth_loading(p * kept, cost)]
            missing = [(n, p) for n, p in likely if not all(map(self._modules.holds, self._asked.get(n, ())))]
        for following, probability in missing:
            self._ahead.submit(following, probability)

    def _load_ahead(self, asked: Asked, probability: float) -> None:
        root = self._editions[asked[0]].root
        for module in self._asked.get(asked, ()):
            if not self._modules.holds(module):
                self._modules.get(module, root, expected=probability)

    def _chunks(self, key: ModuleKey, root: Path) -> Iterator[bytes]:
        size = 0
        try:
            for piece in chunks(root / key[1]):
                size += len(piece)
                yield piece
        except OSError as error:
            raise unreadable(key, root, error) from None
        finally:
            self._meter.served("file", 1, size)

    async def _achunks(self, key: ModuleKey, root: Path) -> AsyncIterator[bytes]:
        pieces = self._chunks(key, root)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece


def begin_anew_in_children(library: PromptLibrary) -> None:
    """Have a library begin anew in forked children, for as long as it lives."""
    known = weakref.ref(library)

    def begin() -> None:
        living = known()
        if living is not None:
            living._start()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=begin)
