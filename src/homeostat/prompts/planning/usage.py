"""Usage: which modules the runs of an entry point read, as spans of loads tell it.

What loads a module records an operation `prompts.load` with the attribute `module`, the module's path within
its library, and where it knows it with `entry`, the path of the entry point that the load is for. Without
`entry`, a load belongs to the last entry point that was loaded before it in the same trace.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from homeostat.core.clock import DAY_NS
from homeostat.core.query import Store, TraceQuery, TracesQuery
from homeostat.core.span import Span
from homeostat.stats.wilson_interval import wilson_interval

OPERATION = "prompts.load"
MODULE, ENTRY = "module", "entry"
TRACES_MAX = 20_000
MONTH_DAYS = 30


@dataclass(frozen=True, slots=True)
class Usage:
    """Runs by the path of their entry point, and in how many of them each module was read.

    `days` is the time from the first load to the last, at least one day; `complete` is False where there were
    more traces than were looked at, and then only the newest count.
    """

    runs: Mapping[str, int] = field(default_factory=dict)
    reads: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    days: float = 1.0
    complete: bool = True

    def share(self, entry: str, module: str) -> float | None:
        """Return the share of an entry point's runs that read a module, None without runs."""
        runs = self.runs.get(entry, 0)
        return self.reads.get(entry, {}).get(module, 0) / runs if runs else None

    def share_at_least(self, entry: str, module: str) -> float:
        """Return the lower end of the 95% interval (Wilson's) of that share, 0 without runs."""
        found = wilson_interval(self.reads.get(entry, {}).get(module, 0), self.runs.get(entry, 0))
        return 0.0 if found is None else found.low

    def runs_a_month(self, entry: str) -> float:
        """Return how many runs that is in 30 days."""
        return self.runs.get(entry, 0) * MONTH_DAYS / self.days


def usage_of(spans: Iterable[Span], entries: Collection[str]) -> Usage:
    """Return what spans of loads tell of the runs of some entry points, by their paths.

    Each load of an entry point is a run of it. Loads that belong to none are passed over.
    """
    traces: dict[bytes, list[Span]] = defaultdict(list)
    for span in spans:
        if span.operation == OPERATION and isinstance(span.attributes.get(MODULE), str):
            traces[span.trace_id].append(span)
    runs: Counter[str] = Counter()
    reads: dict[str, Counter[str]] = defaultdict(Counter)
    first, last = 2**63, 0
    for loads in traces.values():
        loads.sort(key=lambda s: s.start_ns)
        first, last = min(first, loads[0].start_ns), max(last, loads[-1].start_ns)
        entry = ""
        seen: set[tuple[str, str]] = set()
        for span in loads:
            module = str(span.attributes[MODULE])
            if module in entries:
                runs[module] += 1
                entry = module
                seen = {pair for pair in seen if pair[0] != entry}
                continue
            owner = str(span.attributes.get(ENTRY, entry))
            if owner in entries and (owner, module) not in seen:
                seen.add((owner, module))
                reads[owner][module] += 1
    for owner, modules in reads.items():  # a run whose own load is in another trace is one all the same
        runs[owner] = max(runs[owner], *modules.values())
    days = max((last - first) / DAY_NS, 1.0) if traces else 1.0
    return Usage(dict(runs), {e: dict(m) for e, m in reads.items()}, days)


def read_usage(store: Store, entries: Collection[str], start_ns: int, end_ns: int) -> Usage:
    """Return the usage that a store tells for `[start_ns, end_ns)`.

    Looked at are the newest 20,000 traces that are loads, and the newest 20,000 of any kind, since a load may
    be a part of another operation. A store keeps a sample of quick traces without errors, so shares are right
    and runs are too few where it held some back.
    """
    ids: dict[bytes, None] = {}
    complete = True
    for operation in (OPERATION, None):
        query = TracesQuery(start_ns, end_ns, operation, order="newest", limit=TRACES_MAX)
        found = store.read(query)
        complete = complete and len(found) < TRACES_MAX
        ids.update((trace.trace_id, None) for trace in found)
    usage = usage_of((s for trace_id in ids for s in store.read(TraceQuery(trace_id))), entries)
    return replace(usage, complete=complete)
