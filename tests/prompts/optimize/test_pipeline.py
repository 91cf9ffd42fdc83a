"""The pipeline keeps what saves and loses nothing, takes back the rest, and says both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from homeostat.core.errors import ConfigError
from homeostat.prompts.optimize.core_first import CoreFirst
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.optimize.pass_ import Change, Proposal, Saves
from homeostat.prompts.optimize.pipeline import Optimized, Price, chosen, optimize
from homeostat.prompts.proof.claims import Edit

Drafted = Callable[[Mapping[str, str]], Draft]

PRICE = Price("claude-sonnet-4-5", 1_760_000_000_000_000_000)
LONG = "Some words that bind nobody and go on for quite a while, as such words do. " * 8
TABLE = "| a      | b      |\n|--------|--------|\n| 1      | 2      |"
FILES = {
    "commands/go.md": "# Go\n\n@parts/rules.md\n",
    "commands/stay.md": "# Stay\n\n@parts/rules.md\n",
    "parts/rules.md": f"You must test first.\n\n{TABLE}\n",
    "parts/prose.md": LONG,
}


@dataclass(frozen=True)
class Given:
    """A pass that proposes what it is given."""

    changes: tuple[Change, ...] = ()
    lossless: bool = True
    saves: Saves = "library"
    name: str = "given"
    orders: Mapping[str, tuple[str, ...]] | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)

    def propose(self, draft: Draft) -> Proposal:
        return Proposal(self.changes, self.orders, self.files, ("a note",))


def run(drafted: Drafted, *passes: Given | CoreFirst, files: Mapping[str, str] = FILES) -> Optimized:
    return optimize(drafted(files), passes, PRICE, clock=lambda: 0)


def test_a_change_that_saves_and_loses_nothing_is_kept(drafted: Drafted) -> None:
    tight = FILES["parts/rules.md"].replace(TABLE, "a | b\n-|-\n1 | 2")
    found = run(drafted, Given((Change("space", {"parts/rules.md": tight}),)))
    (ran,) = found.outcome.passes
    assert found.draft.library.modules["parts/rules.md"].text == tight
    assert (ran.files_changed, ran.changes, ran.reverted, ran.notes) == (1, 1, (), ("a note",))
    assert ran.after.library < ran.before.library
    assert ran.after.loaded - ran.before.loaded == 2 * (ran.after.together - ran.before.together)
    assert found.outcome.verification.holds
    assert found.outcome.after == ran.after


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        ({"parts/rules.md": FILES["parts/rules.md"] + "More words."}, "saves no tokens"),
        ({"parts/prose.md": LONG}, "saves no tokens"),
        ({"parts/prose.md": "Fewer words."}, "texts that expand to what they were"),
        ({"parts/rules.md": "Test first."}, "constraints"),
        ({"commands/go.md": "# Go\n"}, "was '@parts/rules.md', is ''"),
        ({"commands/go.md": "@x/rules.md"}, "references that lead somewhere"),
    ],
)
def test_a_change_that_saves_nothing_or_loses_something_is_taken_back(
    drafted: Drafted, texts: dict[str, str], why: str
) -> None:
    good = Change("good", {"commands/stay.md": "# Stay\n\n@parts/rules.md"})
    found = run(drafted, Given((Change("bad", texts), good)))
    (ran,) = found.outcome.passes
    (reverted,) = ran.reverted
    assert reverted.what == "bad"
    assert why in reverted.why
    assert ran.changes == 1
    assert {p: m.text for p, m in found.draft.library.modules.items()} == FILES | dict(good.texts)


def test_a_lossy_pass_may_drop_words_and_nothing_that_binds(drafted: Drafted) -> None:
    fewer = Given((Change("fewer", {"parts/prose.md": "Some words."}),), lossless=False)
    found = run(drafted, fewer)
    assert found.draft.library.modules["parts/prose.md"].text == "Some words."
    assert found.claims.lossy == ("parts/prose.md",)
    binding = Given((Change("bad", {"parts/rules.md": "Test first.\n\n1 2"}),), lossless=False)
    assert run(drafted, binding).outcome.passes[0].reverted[0].why.startswith("constraints")


def test_an_entry_point_cannot_be_removed(drafted: Drafted) -> None:
    found = run(drafted, Given((Change("bad", {}, ("commands/go.md",)),), lossless=False))
    assert "commands/go.md" in found.draft.library.modules
    assert "entry points" in found.outcome.passes[0].reverted[0].why


def test_a_line_may_read_otherwise_where_it_is_said_and_holds_a_reference(drafted: Drafted) -> None:
    files = FILES | {"commands/go.md": "# Go\n\nLoad this file now as well: @parts/rules.md\n"}
    edit = Edit("commands/go.md", 3, "Load this file now as well: @parts/rules.md", "@parts/rules.md")
    change = Change("shorter", {"commands/go.md": "# Go\n\n@parts/rules.md\n"}, edits=(edit,))
    found = run(drafted, Given((change,)), files=files)
    assert found.outcome.passes[0].changes == 1
    assert found.claims.edits == (edit,)
    cheat = Edit("parts/prose.md", 1, LONG, "")
    found = run(drafted, Given((Change("cheat", {"parts/prose.md": ""}, edits=(cheat,)),)))
    assert "is no reference" in found.outcome.passes[0].reverted[0].why


def test_a_pass_that_loads_no_less_is_taken_back_as_a_whole(drafted: Drafted) -> None:
    found = run(drafted, Given((Change("space", {"parts/prose.md": LONG.rstrip()}),), saves="loaded"))
    assert found.outcome.passes[0].reverted[0].why == "saves no tokens that are loaded"
    assert found.draft.library.modules["parts/prose.md"].text == LONG


def test_the_core_goes_first_where_that_is_billed_less(drafted: Drafted) -> None:
    files = {f"commands/{n}.md": f"# {n} $ARGUMENTS\n\n@parts/core.md\n" for n in "abc"}
    files["parts/core.md"] = LONG * 12
    found = run(drafted, CoreFirst(), files=files)
    assert found.draft.orders["commands/a.md"] == ("parts/core.md", "commands/a.md")
    before, after = found.outcome.bill_before, found.outcome.bill_after
    assert after.cached_usd < 0.5 * before.cached_usd
    assert after.uncached_usd == pytest.approx(before.uncached_usd)
    assert found.outcome.before == found.outcome.after


def test_an_order_that_leaves_something_out_is_taken_back(drafted: Drafted) -> None:
    found = run(drafted, Given(orders={"commands/go.md": ("commands/go.md",)}, saves="billed"))
    assert found.draft.orders == {}
    assert found.outcome.passes[0].reverted[0].why == "the order does not name what is loaded"


def test_a_prompt_that_falls_below_what_is_cached_is_warned_of(drafted: Drafted) -> None:
    files = {"commands/a.md": "You must test. " + LONG * 8}
    found = run(
        drafted, Given((Change("cut", {"commands/a.md": "You must test."}),), lossless=False), files=files
    )
    (warning,) = found.outcome.warnings
    assert warning.startswith("/a: its stable prefix fell from 1,")
    assert "below the 1,024 that claude-sonnet-4-5 caches" in warning


def test_passes_are_chosen_by_name(drafted: Drafted) -> None:
    passes = (Given(name="a"), Given(name="b", lossless=False), Given(name="c"))
    assert [p.name for p in chosen(passes)] == ["a", "c"]
    assert [p.name for p in chosen(passes, skip=["a"])] == ["c"]
    assert [p.name for p in chosen(passes, only=["c", "b"])] == ["b", "c"]
    with pytest.raises(ConfigError, match="no pass is named 'x'; there are a, b, c"):
        chosen(passes, only=["x"])


def test_files_of_passes_are_kept(drafted: Drafted) -> None:
    assert run(drafted, Given(files={"plan.json": b"{}"})).files == {"plan.json": b"{}"}


def test_a_change_whose_fault_shows_elsewhere_is_found_among_many(drafted: Drafted) -> None:
    entries = {f"commands/{n}.md": f"# {n}\n\nSee it first of all: @parts/rules.md\n" for n in range(20)}
    good = [Change(f"good {n}", {f"commands/{n}.md": f"# {n}\n\n@parts/rules.md\n"}) for n in range(20)]
    good[13] = Change("bad", {"commands/13.md": "# 13\n"})
    found = run(drafted, Given(tuple(good), lossless=False), files=FILES | entries)
    (ran,) = found.outcome.passes
    assert [r.what for r in ran.reverted] == ["bad"]
    assert "/13 no longer reaches" in ran.reverted[0].why
    assert ran.changes == 19
