"""What is lost is found, wherever it went; what only changed its form is not."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from homeostat.prompts.graph.styles import load_styles
from homeostat.prompts.library.library import Library, load_library
from homeostat.prompts.library.module import Module
from homeostat.prompts.proof.evidence import evidence
from homeostat.prompts.proof.verification import Verification, verification_text, verify

DATA = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[3] / "../shared/data"))
REAL = DATA / "prompts" / "modular-v3"

FILES = {
    "commands/deploy.md": "# Deploy\n\nDeploy $ARGUMENTS.\n\n@modules/safety.md\n@modules/gates.md\n",
    "commands/review.md": "# Review\n\n@modules/safety.md\n",
    "modules/safety.md": (
        "# Safety\n\n- **NEVER** push to main without a review.\n- You must wait 30 seconds.\n"
        "- Do not log {{ secret }} anywhere; roll back within 5 min.\n"
    ),
    "modules/gates.md": (
        '```xml\n<gates>\n  <gate name="tests" blocking="true">All tests must pass</gate>\n'
        "  <gate>Coverage is always above 90%</gate>\n</gates>\n```\n\n"
        "```bash\nmake check\nmake deploy\n```\n"
    ),
    "modules/notes.md": "Prose that binds nobody.\n",
}
Change = Callable[[dict[str, str]], Mapping[str, str]]


def library(files: Mapping[str, str]) -> Library:
    modules = {p: Module(p, t, t.encode(), len(t.encode()), "utf-8") for p, t in sorted(files.items())}
    return Library(Path(), modules, {}, ())


def checked(files: Mapping[str, str]) -> Verification:
    return verify(library(FILES), library(files), load_styles())


def broken(found: Verification) -> dict[str, list[str]]:
    return {c.name: [m.text for m in c.missing] for c in found.checks if not c.holds}


def replaced(path: str, old: str, new: str) -> dict[str, str]:
    assert old in FILES[path]
    return FILES | {path: FILES[path].replace(old, new)}


def test_a_library_has_lost_nothing_of_itself() -> None:
    found = checked(FILES)
    assert found.holds
    assert (found.same_files, found.files) == (5, 5)
    assert verification_text(found).endswith("nothing is lost")


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("modules/safety.md", "- **NEVER** push to main without", "*  NEVER push to main\n   without"),
        ("modules/gates.md", '<gate name="tests" blocking="true">', "tests true "),
        (
            "modules/gates.md",
            "  <gate>Coverage is always above 90%</gate>",
            "gate: Coverage is always above 90%",
        ),
        ("modules/notes.md", "Prose that binds nobody.", "Shorter."),
        ("modules/gates.md", "make check\n", "make check\r\n"),
    ],
)
def test_a_change_of_form_is_no_loss(path: str, old: str, new: str) -> None:
    assert broken(checked(replaced(path, old, new))) == {}


@pytest.mark.parametrize(
    ("path", "old", "new", "check", "text"),
    [
        ("modules/safety.md", "NEVER", "Better do not", "constraints", "push to main"),
        ("modules/safety.md", "must wait", "may wait", "constraints", "You must wait 30 seconds."),
        ("modules/safety.md", "5 min", "50 min", "numbers", "5 min"),
        ("modules/gates.md", "90%", "9%", "numbers", "90%"),
        ("modules/safety.md", "{{ secret }}", "secrets", "placeholders", "{{ secret }}"),
        ("commands/deploy.md", "$ARGUMENTS", "it", "placeholders", "$ARGUMENTS"),
        ("modules/gates.md", "make deploy", "make all", "blocks of code", "make check make deploy"),
        (
            "commands/review.md",
            "@modules/safety.md",
            "@modules/safe.md",
            "references that lead somewhere",
            "safe.md",
        ),
    ],
)
def test_a_loss_is_found_with_what_was_lost(path: str, old: str, new: str, check: str, text: str) -> None:
    missing = broken(checked(replaced(path, old, new)))
    assert any(text in m for m in missing[check])


def test_what_moves_out_of_reach_of_a_command_is_lost_to_it() -> None:
    found = broken(checked(replaced("commands/review.md", "@modules/safety.md", "")))
    assert list(found) == ["constraints within reach of their entry points"]
    assert all(m.startswith("/review no longer reaches: ") for m in found.popitem()[1])


def test_what_moves_within_reach_is_not_lost() -> None:
    files = FILES | {
        "modules/safety.md": "@modules/rules.md\n",
        "modules/rules.md": FILES["modules/safety.md"],
    }
    assert checked(files).holds


def test_places_are_told_by_file_and_line() -> None:
    text = verification_text(checked(replaced("modules/safety.md", "must wait", "may wait")))
    assert "modules/safety.md:4: You must wait 30 seconds." in text
    assert text.endswith("something is lost")


def reduced(files: Mapping[str, str]) -> dict[str, str]:
    """Do what a hand-made reduction did: no commands, a third of the lines, references as they were."""
    kept: dict[str, str] = {}
    for path, text in files.items():
        if "/commands/" not in f"/{path}" and len(kept) < len(files) // 3:
            kept[path] = "".join(text.splitlines(keepends=True)[::3])
    return kept


def test_a_reduction_that_claims_to_keep_everything_fails_in_every_way() -> None:
    found = checked(reduced({f"{n}": t for n, t in FILES.items()} | {"a.md": "x", "b.md": "y"}))
    assert {"entry points", "constraints", "placeholders"} <= set(broken(found))


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real prompt library")
def test_the_reduction_of_the_real_library_fails() -> None:
    before = load_library(REAL)
    after = library(reduced({p: m.text for p, m in before.modules.items()}))
    found = verify(before, after, load_styles())
    by_name = {c.name: c for c in found.checks}
    assert by_name["entry points"].kept == 0
    assert by_name["constraints"].kept < 0.5
    assert by_name["references that lead somewhere"].missing
    assert not found.holds


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real prompt library")
def test_each_constraint_that_is_taken_from_the_real_library_is_missed() -> None:
    before = load_library(REAL)
    path = ".claude/system/quality/tdd.md"
    text = before.modules[path].text
    lines = [i for i, line in enumerate(text.split("\n")) if re.search(r"\b(?:MUST|NEVER|ALWAYS)\b", line)]
    assert lines
    alone = Library(before.root, {path: before.modules[path]}, {}, ())
    for taken in lines:
        left = "\n".join(line for i, line in enumerate(text.split("\n")) if i != taken)
        after = Library(before.root, {path: Module(path, left, b"", 0, "utf-8")}, {}, ())
        assert not verify(alone, after, load_styles()).holds


def test_evidence_is_told_by_kind() -> None:
    text = "You must use $1 for 3.5% of {{x}}.\n\n```sh\nls -l\n```\n"
    found = [(e.kind, e.text, e.line) for e in evidence(Module("a.md", text, b"", 0, "utf-8"))]
    assert ("constraint", "You must use $1 for 3.5% of {{x}}.", 1) in found
    assert ("number", "3.5%", 1) in found
    assert ("placeholder", "{{x}}", 1) in found
    assert ("code", "ls -l", 4) in found
