"""Verification: whether a changed library still says all that it said, to the same entry points."""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from homeostat.prompts.graph.styles import KINDS, Styles
from homeostat.prompts.graph.understanding import EntryPoint, Understood, understand
from homeostat.prompts.library.library import Library
from homeostat.prompts.library.module import Module
from homeostat.prompts.proof.evidence import EVIDENCE, Evidence, evidence, joined, plain


class Missing(msgspec.Struct, frozen=True):
    """Something that was there and is no more: where it stood (line 0 where that is not known) and what."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}" if self.line else f"{self.path}: {self.text}"


class Check(msgspec.Struct, frozen=True):
    """One claim about a changed library: of `total` things `total - len(missing)` are kept."""

    name: str
    total: int
    missing: tuple[Missing, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    @property
    def kept(self) -> float:
        """The share that is kept, 1 where there was nothing."""
        return 1 - len(self.missing) / self.total if self.total else 1.0


class Verification(msgspec.Struct, frozen=True):
    """All checks of a changed library, and how many of its files are byte for byte those of the original."""

    checks: tuple[Check, ...]
    same_files: int
    files: int

    @property
    def holds(self) -> bool:
        """Whether every check does."""
        return all(c.holds for c in self.checks)


def verify(before: Library, after: Library, styles: Styles) -> Verification:
    """Compare a library with what was made of it.

    Guarantee: where all checks hold, each entry point is there under its name; no reference leads nowhere
    that led somewhere or was not there; each distinct constraint, number with its unit, placeholder and
    block of code of the original stands somewhere in the result; and each constraint that an entry point
    loaded stands in what it loads or may load now. Words are compared exactly, without regard to markup
    and line ends.

    When it does not hold: it does not understand. A sentence that says the same in other words is missing,
    and one that a new sentence beside it contradicts is kept.
    """
    old, new = understand(before, styles), understand(after, styles)
    texts = {m.path: _words(m) for m in after.modules.values()}
    found = {m.path: tuple(evidence(m)) for m in before.modules.values()}
    everywhere = _Haystack(texts.values())
    numbers = _Numbers(after.modules.values())
    kinds = []
    for kind in EVIDENCE:
        things = _distinct(e for of in found.values() for e in of if e.kind == kind)
        there = numbers if kind == "number" else everywhere
        lost = tuple(Missing(e.path, e.line, e.text) for e in things if not there.holds(e))
        kinds.append(Check(f"{kind}s" if kind != "code" else "blocks of code", len(things), lost))
    same = sum(m.digest == o.digest for p, m in after.modules.items() if (o := before.modules.get(p)))
    checks = (_entries(old, new), _dangling(old, new), *kinds, _reached(old, new, found, texts))
    return Verification(checks, same, len(after.modules))


class _Haystack:
    """Texts in which evidence is looked for: whole, between other words, and not as a part of a word."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._text = "\n".join(texts)

    def holds(self, wanted: Evidence) -> bool:
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

    def __init__(self, modules: Iterable[Module]) -> None:
        self._texts = {e.text for m in modules for e in evidence(m) if e.kind == "number"}

    def holds(self, wanted: Evidence) -> bool:
        return wanted.text in self._texts


def _word(sign: str) -> bool:
    return sign.isalnum() or sign == "_"


def _words(module: Module) -> str:
    """Return a module's words without markup, and once more as written, for code and placeholders."""
    return joined(plain(module.text)) + "\n" + joined(module.text)


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
    old: Understood, new: Understood, found: Mapping[str, Collection[Evidence]], texts: Mapping[str, str]
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
        haystack = _Haystack(texts[m] for m in new.graph.closure(starts, KINDS[:2]))
        lost += [_of(entry, e) for e in wanted if not haystack.holds(e)]
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
