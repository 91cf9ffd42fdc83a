"""The gate: what a rewrite of a module lost, made up, or failed to save."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from homeostat.prompts.extraction.pins import ADDRESS, INLINE_CODE, TEMPLATE, Reason, pins
from homeostat.prompts.extraction.structure import structure_of
from homeostat.prompts.graph.references import references
from homeostat.prompts.graph.styles import Styles
from homeostat.prompts.library.front_matter import read_front_matter
from homeostat.prompts.library.library import Library
from homeostat.prompts.library.module import Module
from homeostat.prompts.proof.evidence import joined, plain
from homeostat.prompts.proof.verification import verify

KINDS = ("constraints", "numbers", "placeholders", "blocks of code")
VERBATIM: frozenset[Reason] = frozenset({"constraint", "under a constraint", "number"})
SHOWN_CHARS = 120


def faults(module: Module, rewrite: str, styles: Styles, count: Callable[[str], int]) -> tuple[str, ...]:
    """Return why a rewrite may not take a module's place; nothing where it may.

    Guarantee: where there is no fault, it has fewer tokens; each constraint with what it leads, each
    sentence with a figure, each placeholder, block and span of code and address stands in it as it was; its
    front matter is the same; it refers to the same modules in the same ways; and no constraint, number,
    placeholder or block of code is in it that was not there.

    When it does not hold: it does not understand. A sentence that binds by its meaning alone may be gone or
    be turned into its opposite.
    """
    if not rewrite.strip():
        return ("it is empty",)
    before, after = count(module.text), count(rewrite)
    if after >= before:
        return (f"it is not shorter: {after:,} tokens, not less than {before:,}",)
    now = replace(module, text=rewrite)
    return (
        *_front_matter(module, now),
        *(f"lost of {name}: {text}" for name, text in _missing(module, now, styles)),
        *(f"made up of {name}: {text}" for name, text in _missing(now, module, styles)),
        *_spans(module, now),
        *_sentences(module, now, styles),
        *_references(module, now, styles),
    )


def _front_matter(module: Module, now: Module) -> tuple[str, ...]:
    was, is_now = (m.text[: read_front_matter(m.text).end] for m in (module, now))
    return ("the front matter is another",) if was != is_now else ()


def _missing(module: Module, other: Module, styles: Styles) -> Iterable[tuple[str, str]]:
    """Return what is verified of one text and not in the other."""
    before, after = (Library(Path(), {m.path: m}, {}, ()) for m in (module, other))
    for check in verify(before, after, styles).checks:
        if check.name in KINDS:
            yield from ((check.name, _shown(m.text)) for m in check.missing)


def _spans(module: Module, now: Module) -> Iterable[str]:
    for name, pattern in (("code", INLINE_CODE), ("addresses", ADDRESS), ("templates", TEMPLATE)):
        was, is_now = ({m[0] for m in pattern.finditer(t.text)} for t in (module, now))
        yield from (f"lost of {name}: {_shown(text)}" for text in sorted(was - is_now))


def _sentences(module: Module, now: Module, styles: Styles) -> Iterable[str]:
    """Return the sentences with figures, and those that constraints lead, that read otherwise.

    Constraints themselves and single numbers are verified; this keeps a number with what it is about.
    """
    structure = structure_of(module.text)
    named = references(module.text, read_front_matter(module.text), styles)
    text = joined(plain(now.text))
    for index, reason in pins(structure, (r.start for r in named)).items():
        words = joined(plain(structure.words(index)))
        if reason in VERBATIM and words not in text:
            yield f"reads otherwise: {_shown(words)}"


def _references(module: Module, now: Module, styles: Styles) -> Iterable[str]:
    was, is_now = (
        {(r.target, r.edge) for r in references(m.text, read_front_matter(m.text), styles)}
        for m in (module, now)
    )
    yield from (f"lost of references: {target} ({edge})" for target, edge in sorted(was - is_now))
    yield from (f"made up of references: {target} ({edge})" for target, edge in sorted(is_now - was))


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}..."
