"""The query of a watch: the whole of it in an address that can be sent to somebody.

series=METRIC                             every series of a metric
series=p99 METRIC{operation=answer}       a statistic of those with these attributes
warn=500 ms, warn=>500 ms, warn=<0.9      the n-th belongs to the n-th series; empty: none
critical=2 s                              likewise
every=2 s, over=1 min                     how often, and over how long each value is
only=session=abc                          attributes that every series must have
"""

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from urllib.parse import urlencode

from homeostat.core.clock import MINUTE_NS, SECOND_NS
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.series import Attributes
from homeostat.judge.targets.statistic import EXACT, QUANTILES
from homeostat.judge.targets.target_language import parse_amount, parse_length
from homeostat.judge.views.watch import Asked, Threshold, Watch
from homeostat.judge.words.amount import write_amount, write_length

FIELDS = ("series", "warn", "critical", "every", "over", "only")
ASKED_MAX = 8
ONLY_MAX = 4
TEXT_MAX = 300
STATISTICS = ("mean", "rate", *sorted(QUANTILES), *sorted(EXACT - {"minimum", "maximum"}))
EVERY_NS = (SECOND_NS, MINUTE_NS)
OVER_NS = (10 * SECOND_NS, 15 * MINUTE_NS)
EXAMPLE = "write it like 'p95 operation.duration{operation=answer}'"

_SERIES = re.compile(r"(?:(?P<statistic>[a-z]+[0-9]*)\s+)?(?P<metric>[^\s{}]+)(?:\{(?P<attributes>.*)\})?")
_BETWEEN = re.compile(r",(?=[^,={}]+=)")

Pairs = tuple[tuple[str, str], ...]


def pairs_of(items: Iterable[tuple[str, str]]) -> Pairs:
    """Return the part of a query that describes a watch, as it was given."""
    return tuple((name, value) for name, value in items if name in FIELDS)


def watch_of(pairs: Pairs) -> Watch:
    """Read a watch, or raise InputError that names the value and what would be accepted."""
    long = next((value for _, value in pairs if len(value) > TEXT_MAX), None)
    if long is not None:
        raise InputError(f"{long[:40]!r}... has {len(long)} characters; write at most {TEXT_MAX}")
    given: dict[str, list[str]] = {name: [v.strip() for n, v in pairs if n == name] for name in FIELDS}
    asked = [
        _asked(series, warn, critical)
        for series, warn, critical in zip_longest(*(given[n] for n in FIELDS[:3]), fillvalue="")
        if series or _refused(warn or critical)
    ]
    if len(asked) > ASKED_MAX:
        raise InputError(f"a watch has at most {ASKED_MAX} choices of series, not {len(asked)}")
    only = tuple(_pair(text, "only") for text in given["only"] if text)
    if len(only) > ONLY_MAX:
        raise InputError(f"only can be given {ONLY_MAX} times, not {len(only)}")
    default = Watch()
    return Watch(
        tuple(asked),
        _length(given["every"], "every", EVERY_NS, default.every_ns),
        _length(given["over"], "over", OVER_NS, default.over_ns),
        only,
    )


def query_of(watch: Watch) -> str:
    """Return the query of a watch; `watch_of` reads it back as the same."""
    pairs = [("series", series_text(asked)) for asked in watch.asked]
    for name in ("warn", "critical"):
        texts = [threshold_text(getattr(asked, name)) for asked in watch.asked]
        pairs.extend((name, text) for text in texts if any(texts))
    default = Watch()
    if watch.every_ns != default.every_ns:
        pairs.append(("every", write_length(watch.every_ns)))
    if watch.over_ns != default.over_ns:
        pairs.append(("over", write_length(watch.over_ns)))
    pairs.extend(("only", f"{name}={value}") for name, value in watch.only)
    return urlencode(pairs)


def series_text(asked: Asked) -> str:
    """Return a choice of series as it is written.

    >>> series_text(Asked("llm.duration", (("model", "m"),), "p99"))
    'p99 llm.duration{model=m}'
    """
    attributes = ",".join(f"{name}={value}" for name, value in asked.attributes)
    shown = f"{asked.metric}{{{attributes}}}" if attributes else asked.metric
    return f"{asked.statistic} {shown}" if asked.statistic else shown


def threshold_text(threshold: Threshold | None) -> str:
    """Return a threshold as it is written.

    >>> from homeostat.core.target import Amount
    >>> threshold_text(Threshold(Amount(500, "ms"), above=True)), threshold_text(None)
    ('> 500 ms', '')
    """
    if threshold is None:
        return ""
    side = {None: "", True: "> ", False: "< "}[threshold.above]
    return f"{side}{write_amount(threshold.amount)}"


def _refused(threshold: str) -> bool:
    """A threshold without a series is a mistake; nothing at all is an empty line of a form."""
    if threshold:
        raise InputError(f"the threshold {threshold!r} has no series: the n-th belongs to the n-th series")
    return False


def _asked(series: str, warn: str, critical: str) -> Asked:
    found = _SERIES.fullmatch(series)
    if found is None:
        raise InputError(f"the series {series!r} cannot be understood; {EXAMPLE}")
    statistic = found["statistic"] or ""
    if statistic and statistic not in STATISTICS:
        raise InputError(f"unknown statistic {statistic!r}; use one of {', '.join(STATISTICS)}")
    inner = (found["attributes"] or "").strip()
    attributes = tuple(_pair(text, "series") for text in _BETWEEN.split(inner)) if inner else ()
    return Asked(
        found["metric"], attributes, statistic, _threshold(warn, "warn"), _threshold(critical, "critical")
    )


def _pair(text: str, field: str) -> tuple[str, str]:
    name, sign, value = (part.strip() for part in text.partition("="))
    if not (name and sign and value):
        raise InputError(f"{field}: an attribute is written as name=value, not {text!r}")
    return name, value


def _threshold(text: str, field: str) -> Threshold | None:
    if not text:
        return None
    above = {">": True, "<": False}.get(text[0])
    try:
        return Threshold(parse_amount(text.lstrip("<>= ") if above is not None else text), above)
    except ConfigError:
        raise InputError(
            f"{field} must be an amount such as 500 ms, > 500 ms or < 0.9, not {text!r}"
        ) from None


def _length(given: Sequence[str], field: str, allowed: tuple[int, int], default: int) -> int:
    text = given[-1] if given else ""
    if not text:
        return default
    try:
        found = parse_length(text)
    except ConfigError:
        found = 0
    if not allowed[0] <= found <= allowed[1] or found % SECOND_NS:
        low, high = map(write_length, allowed)
        raise InputError(f"{field} must be whole seconds from {low} to {high}, such as 10 s, not {text!r}")
    return found


def attributes_words(only: Attributes) -> str:
    """Return attributes as they are written.

    >>> attributes_words((("session", "s-1"),))
    'session=s-1'
    """
    return ", ".join(f"{name}={value}" for name, value in only)
