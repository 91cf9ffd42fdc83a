"""Analysing a library: counting, following, comparing, and keeping what was found."""

import hashlib

import msgspec

from homeostat.observe.pricing import context_window
from homeostat.prompts.analysis.analysis import (
    Analysis,
    DuplicateFigures,
    EntryFigures,
    FileFigures,
    Priced,
    Runs,
)
from homeostat.prompts.analysis.overhead import OverheadCounter
from homeostat.prompts.analysis.repetition import Duplicate
from homeostat.prompts.graph.graph import HARD, Graph
from homeostat.prompts.graph.reach import reaches
from homeostat.prompts.graph.styles import KINDS, Styles, load_styles
from homeostat.prompts.graph.understanding import EntryPoint, understand
from homeostat.prompts.library.library import Library, Progress, silent
from homeostat.prompts.library.passages import passages
from homeostat.prompts.tokens.count_cache import CountCache
from homeostat.prompts.tokens.counting import count_modules
from homeostat.prompts.tokens.run_cost import cached_min_tokens, run_cost
from homeostat.prompts.tokens.tokenizer import Tokenizer, tokenizer

VERSION = 2
"""Goes up when an analysis of the same files would come out differently, so that kept ones are not used."""

DECODER = msgspec.msgpack.Decoder(Analysis)


def analyze(
    library: Library,
    counter: Tokenizer | None = None,
    styles: Styles | None = None,
    cache: CountCache | None = None,
    progress: Progress = silent,
) -> Analysis:
    """Return what is known of a library; from the cache where the same files were analysed before.

    Raises NotAvailable where something must be counted and bpe-openai is not installed.
    """
    counter, styles = counter or tokenizer(), styles or load_styles()
    key = hashlib.sha256(f"{VERSION}\0{counter.name}\0{styles.source}\0".encode() + library.digest).digest()
    if cache is not None and (kept := cache.analysis(key)) is not None:
        try:
            return DECODER.decode(kept)
        except msgspec.MsgspecError:
            pass  # written by another version: it is made again
    found = _analyzed(library, counter, styles, cache, progress)
    if cache is not None:
        cache.keep_analysis(key, msgspec.msgpack.encode(found))
    return found


def priced(analysis: Analysis, model: str, at_ns: int) -> Priced:
    """Return what the runs of each entry point cost with a model at a time (ns since the epoch).

    Raises ConfigError for a model without a known price.
    """
    window = context_window(model)
    runs = []
    for entry in analysis.entries:
        tokens = entry.hard_tokens + analysis.always_tokens
        left = None if window is None else max(1 - tokens / window, 0.0)
        runs.append(Runs(entry.name, tokens, run_cost(model, tokens, at_ns), left))
    notes = []
    short = [r.name for r in runs if not r.cost.cached]
    if short:
        notes.append(
            f"{len(short)} of {len(runs)} prompts are not cached by the provider: their prefix is shorter "
            f"than {cached_min_tokens(model):,} tokens, or it sells no cache"
        )
    if model.rpartition("/")[2].startswith(("claude", "gemini")):
        notes.append(f"tokens are those of {analysis.tokenizer}; the tokenizer of {model} is not public")
    return Priced(analysis, model, window, tuple(runs), tuple(notes))


def _analyzed(
    library: Library, counter: Tokenizer, styles: Styles, cache: CountCache | None, progress: Progress
) -> Analysis:
    tokens = count_modules(library, counter, cache, progress)
    understood = understand(library, styles, progress)
    form = OverheadCounter(counter)
    files = []
    for done, module in enumerate(library.modules.values()):
        progress("weighing the form", done, len(library.modules))
        gaps = understood.placeholders.get(module.path, 0)
        files.append(
            FileFigures(
                module.path,
                tokens[module.path],
                module.size_bytes,
                module.encoding,
                form.count(module.text),
                gaps,
            )
        )
    graph = understood.graph
    starts = [*understood.always, *(e.path for e in understood.entries)]
    named, loaded = set(graph.closure(starts, KINDS)), set(graph.closure(starts, KINDS[:2]))
    paths = {e.path for e in understood.entries}
    may, might = (reaches(graph, kinds, tokens, paths) for kinds in (KINDS[:2], KINDS))
    entries = tuple(_entry(e, graph, may[e.path], might[e.path], tokens) for e in understood.entries)
    together = {m for e in entries for m in e.modules}
    always = understood.always_loaded
    return Analysis(
        tokenizer=counter.name,
        tokens=sum(tokens.values()),
        files=tuple(files),
        entries=entries,
        always=always,
        always_tokens=sum(tokens[m] for m in always),
        commands_tokens=sum(tokens[m] for m in together),
        edges=graph.edges,
        cycles=graph.cycles(KINDS[:2]),
        circles=Graph(graph.modules, (e for e in graph.edges if e.exact)).cycles(KINDS),
        unused=tuple(m for m in graph.modules if m not in named),
        only_named=tuple(m for m in graph.modules if m in named and m not in loaded),
        duplicates=_duplicates(library, counter, progress),
        xml_fences=understood.xml_fences,
        xml_faults=understood.xml_faults,
        problems=(*library.problems, *understood.problems),
    )


def _entry(
    entry: EntryPoint, graph: Graph, may: tuple[int, int], might: tuple[int, int], tokens: dict[str, int]
) -> EntryFigures:
    hard = graph.closure([entry.path], HARD)
    route = graph.route_closure([entry.path], tokens)
    return EntryFigures(
        name=entry.name,
        kind=entry.kind,
        path=entry.path,
        own_tokens=tokens[entry.path],
        hard_tokens=sum(tokens[m] for m in hard),
        route_tokens=sum(tokens[m] for m in route),
        conditional_tokens=may[1],
        any_tokens=might[1],
        modules=hard,
        routes=sum(len(graph.ways(m)) for m in route),
        conditional_modules=may[0],
        any_modules=might[0],
    )


def _duplicates(library: Library, counter: Tokenizer, progress: Progress) -> tuple[DuplicateFigures, ...]:
    # numpy takes as long to import as the rest of an analysis that comes from the cache
    from homeostat.prompts.analysis.duplicates import duplicate_blocks, duplicate_runs, near_duplicates

    found: list[Duplicate] = []
    stretches = list(passages(library.modules.values()))
    for done, search in enumerate((duplicate_blocks, duplicate_runs, near_duplicates)):
        progress("looking for repetitions", done, 3)
        found += search(stretches)
    counted = [(d, counter.count(d.text)) for d in found]
    return tuple(DuplicateFigures(d, n, n * (len(d.places) - 1)) for d, n in counted)
