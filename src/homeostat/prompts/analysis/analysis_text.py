"""An analysis as text for a terminal."""

from collections.abc import Iterable

from homeostat.prompts.analysis.analysis import Analysis, Priced, Runs
from homeostat.prompts.analysis.repetition import Duplicate
from homeostat.prompts.analysis.table import rest, table

ROWS_MAX = 10
TEXT_MAX = 60


def analysis_text(found: Priced, everything: bool = False) -> str:
    """Return an analysis as text: the whole, each entry point, and what stands out; all rows if asked for."""
    rows = None if everything else ROWS_MAX
    analysis = found.analysis
    parts = [
        "\n".join(summary(found)),
        table("entry points", ENTRY_HEADS, entry_rows(found), None),
        table("largest files", FILE_HEADS, _file_rows(analysis), rows),
        table("repetitions", REPEAT_HEADS, repeat_rows(analysis), rows),
        table("dangling references that would load", DANGLING_HEADS, dangling_rows(analysis), rows),
        _listed("circles", (f"{len(c)} modules: {', '.join(c)}" for c in analysis.circles), rows),
        _listed("reached from no entry point, by nothing", analysis.unused, rows),
        _listed("problems", map(str, analysis.problems), rows),
        _listed("notes", found.notes, None),
    ]
    return "\n\n".join(p for p in parts if p)


ENTRY_HEADS = (
    "name",
    "kind",
    "own",
    "loaded",
    "files",
    "one route",
    "if needed",
    "window left",
    "first USD",
    "again USD",
)
FILE_HEADS = ("path", "tokens", "tags", "indents")
REPEAT_HEADS = ("kind", "places", "repeated tokens", "first place", "text")
DANGLING_HEADS = ("from", "written", "kind")


def summary(found: Priced) -> list[str]:
    """Return what matters most of an analysis, in sentences."""
    a = found.analysis
    share = a.commands_tokens / a.tokens if a.tokens else 0.0
    form = a.overhead
    dangling = a.dangling
    loading = sum(e.kind != "mention" for e in dangling)
    again: dict[str, int] = dict.fromkeys(("block", "run", "near"), 0)
    for d in a.duplicates:
        again[d.duplicate.kind] += d.repeated_tokens
    lines = [
        f"{len(a.files):,} files, {a.tokens:,} tokens ({a.tokenizer})",
        f"{len(a.entries):,} entry points load {a.commands_tokens:,} tokens together ({share:.0%} of all)",
    ]
    if a.always:
        lines.append(f"before each of them: {a.always_tokens:,} tokens of {', '.join(a.always)}")
    routed = sum(e.routes > 0 for e in a.entries)
    if routed:
        lines.append(f"{routed:,} of them take one of several routes, which are loaded when they are taken")
    lines += [
        f"form: {form.xml_tags:,} tokens of XML tags, {form.indentation:,} of indentation, "
        f"{form.blank_lines:,} of blank lines",
        f"{len(a.edges):,} references: {len(dangling):,} lead nowhere, "
        f"{loading:,} of these would load something",
        f"repeated: {again['block']:,} tokens in whole passages, {again['run']:,} in runs of lines, "
        f"{again['near']:,} in passages that nearly agree",
        f"{len(a.unused):,} files are reached from no entry point, {len(a.only_named):,} are only named",
        f"{len(a.cycles):,} cycles of loading, {len(a.circles):,} of any reference"
        + (f" (the largest has {len(a.circles[0])} files)" if a.circles else ""),
    ]
    if a.xml_fences:
        lines.append(f"{a.xml_faults:,} of {a.xml_fences:,} blocks of XML are malformed")
    if a.problems:
        lines.append(f"{len(a.problems):,} problems")
    return lines


def entry_rows(found: Priced) -> list[tuple[str, ...]]:
    """Return the entry points as rows under `ENTRY_HEADS`, those that load most first."""
    pairs = sorted(
        zip(found.analysis.entries, found.runs, strict=True), key=lambda p: (-p[0].hard_tokens, p[0].name)
    )
    return [
        (
            e.name,
            e.kind,
            f"{e.own_tokens:,}",
            f"{e.hard_tokens:,}",
            f"{len(e.modules):,}",
            f"{e.route_tokens:,}" if e.routes else "",
            f"{e.conditional_tokens:,}",
            "?" if r.window_left is None else f"{r.window_left:.1%}",
            *_costs(r),
        )
        for e, r in pairs
    ]


def repeat_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return the repetitions as rows under `REPEAT_HEADS`, those with most tokens first."""
    found = sorted(analysis.duplicates, key=lambda d: -d.repeated_tokens)
    return [
        (
            d.duplicate.kind,
            f"{len(d.duplicate.places):,}",
            f"{d.repeated_tokens:,}",
            _place(d.duplicate),
            shortened(d.duplicate.text),
        )
        for d in found
    ]


def dangling_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return the references that would load something and lead nowhere, under `DANGLING_HEADS`."""
    found = sorted((e for e in analysis.dangling if e.kind != "mention"), key=lambda e: e.kind != "hard")
    return [(f"{e.source}:{e.line}", e.written, e.kind) for e in found]


def shortened(text: str) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= TEXT_MAX else line[: TEXT_MAX - 1] + "…"


def _file_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    files = sorted(analysis.files, key=lambda f: (-f.tokens, f.path))
    return [
        (f.path, f"{f.tokens:,}", f"{f.overhead.xml_tags:,}", f"{f.overhead.indentation:,}") for f in files
    ]


def _costs(run: Runs) -> tuple[str, str]:
    return f"{run.cost.first_usd:.4f}", f"{run.cost.again_usd:.4f}" if run.cost.cached else "not cached"


def _place(duplicate: Duplicate) -> str:
    first = duplicate.places[0]
    return f"{first.path}:{first.first}-{first.last}"


def _listed(title: str, texts: Iterable[str], most: int | None) -> str:
    found = list(texts)
    if not found:
        return ""
    shown = found if most is None else found[:most]
    return "\n".join([title.upper(), *shown, *rest(len(found) - len(shown))])
