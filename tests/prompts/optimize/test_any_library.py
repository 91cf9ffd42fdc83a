"""Whatever a library holds, the passes end, prove what they made of it, and need no second run."""

from collections.abc import Callable, Mapping

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeostat.app.prompts.passes import passes
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.optimize.pipeline import Price, chosen, optimize

Drafted = Callable[[Mapping[str, str]], Draft]

LOREM = "Words of no consequence which nobody needs to read twice, though they may stand here twice."
PIECES = [
    "# A heading",
    "You must never skip step 3 of 5 within 10 min.",
    f"{LOREM}\n{LOREM[::-1]}",
    "| a    | b  |\n|------|----|\n| 1    | `x|y` |",
    "|----|\n| no head |",
    "- item\n-   item two  \n\n\n- item three",
    "1. one\n\n   ```xml\n   <a><b>in a list</b><b>of two</b></a>\n   ```",
    "```xml\n<steps>\n  <step>one < two</step>\n</steps>\n```",
    "```xml\n<r x='>9'>\n  <s>Never 1</s>\n  <s>a: b\nc: d</s>\n  text <i>in</i> line\n</r>\n```",
    '```xml\n<long_tag>\n  <other n="1 2">You must\n    ```\n    x\n    ```</other>\n</long_tag>\n```',
    "```outline\nsteps::\nstep: as it was\n```",
    "```outline\n broken\n```",
    "```\n─────────────────\n```",
    "─" * 40,
    "─×40",
    '(as above: "Words of no consequence")',
    "{% if x %}\n\n\n{{ y }} \n{% endif %}",
    "@parts/a.md",
    "- @parts/b.md",
    "@parts/c.md",
    "See parts/a.md and [b](parts/b.md).",
    '<include src="parts/d.md"/>',
    "```bash\nmake   all\n```",
    "~~~xml\n<a><b>tilde</b></a>",
    "<div>\n\nhtml  \n\n</div>",
    "hard break  \nafter it\\\nlast",
    "Fix $ARGUMENTS 🙂 é",
]
BODIES = st.lists(st.sampled_from(PIECES), max_size=6)
PATHS = ["CLAUDE.md", "commands/x.md", "commands/y.md", *(f"parts/{n}.md" for n in "abcd"), "parts/e.txt"]


def text(pieces: list[str], front: bool, crlf: bool) -> str:
    whole = "---\nname:  n \n---\n" * front + "\n\n".join(pieces) + "\n"
    return whole.replace("\n", "\r\n") if crlf else whole


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(PATHS),
        st.builds(text, BODIES, st.sampled_from([False, False, True]), st.sampled_from([False, False, True])),
        min_size=1,
    )
)
def test_any_library_is_proven(drafted: Drafted, files: dict[str, str]) -> None:
    run, price = chosen(passes()), Price("gpt-4o", 1_760_000_000_000_000_000)
    found = optimize(drafted(files), run, price)
    assert found.outcome.verification.holds, found.outcome.verification
    assert found.outcome.after.library <= found.outcome.before.library
    if any(sign in text for text in files.values() for sign in ("(as above", "─×", "```outline")):
        return  # what looks like a compact form may be taken back, and is no loss
    for ran in found.outcome.passes:
        markdown = [r for r in ran.reverted if not any(p.endswith(".txt") for p in r.paths)]
        assert not [r for r in markdown if not r.why.startswith("saves no ")], ran.reverted
