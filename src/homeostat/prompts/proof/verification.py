"""Verification: whether a changed library still says all that it said, to the same entry points."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec

from homeostat.prompts.graph.styles import KINDS, Styles
from homeostat.prompts.graph.understanding import EntryPoint, Understood
from homeostat.prompts.library.library import Library, Progress, silent
from homeostat.prompts.proof.check import Check, Missing
from homeostat.prompts.proof.claims import Claims
from homeostat.prompts.proof.evidence import EVIDENCE, Evidence
from homeostat.prompts.proof.reading import Reading
from homeostat.prompts.proof.texts_expand import texts_expand


class Verification(msgspec.Struct, frozen=True):
    """All checks of a changed library, and how many of its files are byte for byte those of the original."""

    checks: tuple[Check, ...]
    same_files: int
    files: int

    @property
    def holds(self) -> bool:
        """Whether every check does."""
        return all(c.holds for c in self.checks)


def verify(
    before: Library,
    after: Library,
    styles: Styles,
    claims: Claims | None = None,
    reading: Reading | None = None,
    progress: Progress = silent,
) -> Verification:
    """Compare a library with what was made of it.

    Guarantee: where all checks hold, each entry point is there under its name; no reference leads nowhere
    that led somewhere or was not there; each distinct constraint, number with its unit, placeholder and
    block of code of the original stands somewhere in the result; and each constraint that an entry point
    loaded stands in what it loads or may load now. Words are compared exactly, without regard to markup
    and line ends. With claims, each module besides expands to the text that it was: it renders the same,
    trees of XML are equal, and only lines that the claims name and that hold a reference read otherwise.
    Modules that lost words on purpose are left out of this last check, and of no other.

    When it does not hold: it does not understand. A sentence that says the same in other words is missing,
    and one that a new sentence beside it contradicts is kept.
    """
    reading = reading or Reading()
    progress("following references", 0, 2)
    old, new = reading.understood(before, styles), reading.understood(after, styles)
    found = {p: reading.evidence(m) for p, m in before.modules.items()}
    there = {p: reading.evidence(m) for p, m in after.modules.items()}
    texts = {p: reading.words(m) for p, m in after.modules.items()}
    everywhere = _Haystack(texts.values(), there.values())
    numbers = _Numbers(there.values())
    kinds = []
    progress("looking for what was said", 1, 2)
    for kind in EVIDENCE:
        things = _distinct(e for of in found.values() for e in of if e.kind == kind)
        place = numbers if kind == "number" else everywhere
        lost = tuple(Missing(e.path, e.line, e.text) for e in things if not place.holds(e))
        kinds.append(Check(f"{kind}s" if kind != "code" else "blocks of code", len(things), lost))
    same = sum(m.digest == o.digest for p, m in after.modules.items() if (o := before.modules.get(p)))
    reached = _reached(
        old, new, found, lambda paths: _Haystack((texts[p] for p in paths), (there[p] for p in paths))
    )
    checks = [_entries(old, new), _dangling(old, new), *kinds, reached]
    if claims is not None:
        checks.append(texts_expand(before, after, styles, claims, reading))
    return Verification(tuple(checks), same, len(after.modules))


class _Haystack:
    """Texts in which evidence is looked for: whole, between other words, and not as a part of a word."""

    def __init__(self, texts: Iterable[str], known: Iterable[Collection[Evidence]]) -> None:
        self._text = "\n".join(texts)
        self._known = {(e.kind, e.text) for of in known for e in of}

    def holds(self, wanted: Evidence) -> bool:
        if (wanted.kind, wanted.text) in self._known:
            return True
        text = wanted.text
        at = self._text.find(text)
        while at >= 0:
            end = at + len(text)
            if not (_word(text[0]) and at and _word(self._text[at - 1])) and not (
                _word(text[-1]) and end < len(self._text) and _word(self._text[end])
            ):
                return True
            at = self._text.find(text, at + 1)
        return False


class _Numbers:
    """The numbers of modules, each with its unit: 3 is not found in 3.5, nor 30 s in 30 min."""

    def __init__(self, known: Iterable[Collection[Evidence]]) -> None:
        self._texts = {e.text for of in known for e in of if e.kind == "number"}

    def holds(self, wanted: Evidence) -> bool:
        return wanted.text in self._texts


def _word(sign: str) -> bool:
    return sign.isalnum() or sign == "_"


def _distinct(things: Iterable[Evidence]) -> list[Evidence]:
    return list({e.text: e for e in reversed(list(things))}.values())[::-1]


def _entries(old: Understood, new: Understood) -> Check:
    there = {(e.kind, e.name) for e in new.entries}
    lost = tuple(Missing(e.path, 0, e.name) for e in old.entries if (e.kind, e.name) not in there)
    return Check("entry points", len(old.entries), lost)


def _dangling(old: Understood, new: Understood) -> Check:
    known = {(e.source, e.written) for e in old.graph.dangling}
    fresh = [e for e in new.graph.dangling if (e.source, e.written) not in known]
    lost = tuple(Missing(e.source, e.line, e.written) for e in fresh)
    return Check("references that lead somewhere", len(new.graph.edges), lost)


def _reached(
    old: Understood,
    new: Understood,
    found: Mapping[str, Collection[Evidence]],
    haystack: Callable[[Sequence[str]], _Haystack],
) -> Check:
    """Check that the constraints which an entry point loads are in what it may load in the result."""
    places = {(e.kind, e.name): e.path for e in new.entries}
    total, lost = 0, []
    for entry in old.entries:
        place = places.get((entry.kind, entry.name))
        modules = old.graph.closure([*old.always, entry.path], KINDS[:1])
        wanted = _distinct(e for m in modules for e in found[m] if e.kind == "constraint")
        total += len(wanted)
        starts = [*new.always, *([place] if place is not None else [])]
        there = haystack(new.graph.closure(starts, KINDS[:2]))
        lost += [_of(entry, e) for e in wanted if not there.holds(e)]
    return Check("constraints within reach of their entry points", total, tuple(lost))


def _of(entry: EntryPoint, wanted: Evidence) -> Missing:
    return Missing(wanted.path, wanted.line, f"{entry.name} no longer reaches: {wanted.text}")


def verification_text(found: Verification, most: int | None = 10) -> str:
    """Return a verification as text: each check, and what is missing, at most so many of each."""
    lines = [f"{found.same_files:,} of {found.files:,} files are the original's, byte for byte"]
    for check in found.checks:
        sign = "✓" if check.holds else "✗"
        lines.append(
            f"{sign} {check.name}: {check.total - len(check.missing):,} of {check.total:,} ({check.kept:.1%})"
        )
        shown = check.missing if most is None else check.missing[:most]
        lines += [f"    {m}" for m in shown]
        if len(check.missing) > len(shown):
            lines.append(f"    ... and {len(check.missing) - len(shown):,} more (--all shows them)")
    lines.append("nothing is lost" if found.holds else "something is lost")
    return "\n".join(lines)
