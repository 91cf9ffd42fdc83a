"""The report as Markdown: the same words as everywhere, in tables that stay readable as plain text."""

import re
from collections.abc import Callable, Iterable, Sequence

from homeostat.core.finding import Course, Finding
from homeostat.judge.reports.report import Report
from homeostat.judge.words.moment_words import moment_words
from homeostat.judge.words.quantity import count, quantity

_TAG = re.compile(r"<(?=[A-Za-z/!?])")


def cell(text: str) -> str:
    """Return a text that stays within one cell of a table.

    >>> cell("a|b")
    'a\\\\|b'
    """
    escaped = text.replace("\\", "\\\\").replace("|", "\\|")
    return " ".join(_TAG.sub("&lt;", escaped).split()) or "–"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table, with an empty line after it."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(map(cell, row))} |" for row in rows]
    return [*lines, ""]


def markdown(report: Report) -> str:
    """Return a report as Markdown."""
    lines = [f"# {cell(report.title)}", "", f"{cell(report.source)}. {report.span_words}.", ""]
    lines += [f"- {cell(sentence)}" for sentence in report.summary] + [""]
    for part in PARTS:
        lines += part(report)
    lines.append(f"Written by Homeostat {report.version}, {moment_words(report.made_ns)} UTC.")
    return "\n".join(lines) + "\n"


def _recommendations(report: Report) -> list[str]:
    if not report.recommendations:
        return []
    lines = ["## What to do", ""]
    for i, r in enumerate(report.recommendations, 1):
        lines.append(f"{i}. **{cell(r.action)}**: {cell(r.gain_words)}. {cell(r.reason)}")
    return [*lines, ""]


def _standings(report: Report) -> list[str]:
    found = report.standings
    if found is None or found.score is None:
        return []
    rows = [
        (c.title, count(c.holds), count(c.broken), count(c.unknown), c.words, ", ".join(c.unknown_metrics))
        for c in found.categories
    ]
    head = ("category", "hold", "broken", "not known", "in words", "which are not known")
    said = f"{cell(found.words)} A limit counts once here, however many series it has."
    return ["## Limits by category", "", said, "", *table(head, rows)]


def _metrics(report: Report) -> list[str]:
    if not report.metrics:
        return []
    rows = [
        (
            m.title,
            f"{m.statistic} {m.value_words}",
            m.interval_words,
            m.target_words,
            m.state_words,
            m.trend,
            count(m.n),
            m.distribution_words,
        )
        for m in report.metrics
    ]
    head = ("metric", "value", "95% interval", "limit", "state", "trend", "n", "distribution")
    return ["## Metrics", "", *table(head, rows)]


def _findings(report: Report) -> list[str]:
    if not report.findings:
        return ["## Findings", "", "None.", ""]
    rows = [(f.title, f.kind.value, f.at_words, f.size_words, _course(f)) for f in report.findings]
    return ["## Findings", "", *table(("metric", "what", "when", "how much", "course"), rows)]


def _course(finding: Finding) -> str:
    return "" if finding.course is Course.NEITHER else f"for the {finding.course.value}"


def _comparison(report: Report) -> list[str]:
    found = report.comparison
    if found is None:
        return []
    rows = [
        (
            r.title,
            r.statistic,
            r.baseline_words,
            r.candidate_words,
            r.change_words,
            r.words,
            f"{count(r.n_baseline)}, {count(r.n_candidate)}",
        )
        for r in found.rows
    ]
    head = ("metric", "statistic", "baseline", "now", "change, 95%", "verdict", "n")
    parts = [
        (p.title, quantity(p.weight, "ratio"), f"{p.factor:.3f}", p.outcome)
        for p in found.score.parts
        if p.factor != 1
    ]
    score = ["", *table(("part of the score", "weight", "factor", "verdict"), parts)] if parts else [""]
    return [
        "## Comparison",
        "",
        f"{cell(found.candidate)} beside {cell(found.baseline)}. {cell(found.words)}",
        "",
        *table(head, rows),
        f"Score: {cell(found.score.words)}.",
        *score,
    ]


def _outlooks(report: Report) -> list[str]:
    known = [o for o in report.outlooks if o.point]
    return ["## Outlook", "", *(f"- {cell(o.words)}" for o in known), ""] if known else []


def _bottlenecks(report: Report) -> list[str]:
    if not report.bottlenecks:
        return []
    rows = [
        (b.operation, b.severity.value, b.share_words, b.gain_words, quantity(b.mean_ms, "ms"))
        for b in report.bottlenecks
    ]
    head = ("stage", "severity", "share of the critical path", "gain if twice as fast", "mean")
    return ["## Where the time goes", "", *table(head, rows)]


def _queueing(report: Report) -> list[str]:
    if not report.queueing:
        return []
    return ["## Waiting under load", "", *[f"- {q.severity.value}: {q.words}" for q in report.queueing], ""]


def _workloads(report: Report) -> list[str]:
    if not report.workloads:
        return []
    said = [w.words for w in report.workloads] + [s.words for s in report.scalability]
    return ["## Workload", "", *(f"- {cell(words)}" for words in said), ""]


def _notes(report: Report) -> list[str]:
    lines = []
    comparison = report.comparison.notes if report.comparison else ()
    for title, said in (
        ("What was assumed", (*report.notes, *comparison)),
        ("Not in this report", report.not_computed),
    ):
        if said:
            lines += [f"## {title}", "", *(f"- {cell(s)}" for s in said), ""]
    return lines


PARTS: tuple[Callable[[Report], list[str]], ...] = (
    _recommendations,
    _standings,
    _metrics,
    _findings,
    _comparison,
    _outlooks,
    _bottlenecks,
    _queueing,
    _workloads,
    _notes,
)
