"""A round of runs is billed as a provider does: exact prefixes, up to the first placeholder, long enough."""

from collections.abc import Callable, Mapping

import pytest

from homeostat.prompts.optimize.billing import bill
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.tokens.run_cost import prompt_usd

Drafted = Callable[[Mapping[str, str]], Draft]

MODEL = "claude-sonnet-4-5"
AT = 1_760_000_000_000_000_000
LONG = "Words that fill a prompt until it is long enough to be cached by a provider of models. " * 100


def test_the_second_run_reads_what_the_first_wrote(drafted: Drafted) -> None:
    draft = drafted({"commands/a.md": LONG})
    tokens = draft.tokens("commands/a.md")
    found = bill(draft, MODEL, AT)
    write, read = prompt_usd(MODEL, tokens, AT, 0, tokens), prompt_usd(MODEL, tokens, AT, tokens, 0)
    assert found.cached_usd == pytest.approx(write + read)
    assert found.uncached_usd == pytest.approx(2 * prompt_usd(MODEL, tokens, AT))
    assert found.entries[0].again_usd == pytest.approx(read)


def test_what_follows_a_placeholder_is_paid_each_time(drafted: Drafted) -> None:
    found = bill(drafted({"commands/a.md": f"{LONG}\n$ARGUMENTS\n{LONG}"}), MODEL, AT)
    (entry,) = found.entries
    assert entry.stable < entry.tokens / 1.9
    assert entry.again_usd > prompt_usd(MODEL, entry.tokens - entry.stable, AT)


def test_a_short_prompt_is_never_cached(drafted: Drafted) -> None:
    found = bill(drafted({"commands/a.md": "Short."}), MODEL, AT)
    assert found.cached_usd == found.uncached_usd


def test_what_is_always_loaded_is_shared_by_all(drafted: Drafted) -> None:
    draft = drafted({"CLAUDE.md": LONG, "commands/a.md": "A", "commands/b.md": "B"})
    found = bill(draft, MODEL, AT)
    assert found.cached_usd < 0.55 * found.uncached_usd
