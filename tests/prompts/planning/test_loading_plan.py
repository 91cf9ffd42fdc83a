"""A plan loads what is needed, keeps the rest at hand, and says when it comes."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError, InputError
from homeostat.prompts.graph.graph import HARD, Edge, Graph
from homeostat.prompts.graph.styles import KINDS, load_styles
from homeostat.prompts.graph.understanding import EntryPoint, Understood, understand
from homeostat.prompts.library.library import Library, load_library
from homeostat.prompts.library.module import Module
from homeostat.prompts.planning.loading_plan import ON_DEMAND_MAX, EntryPlan, LoadingPlan, loading_plan
from homeostat.prompts.planning.plan_file import plan_bytes, read_plan, write_plan
from homeostat.prompts.planning.usage import Usage

NODES = [f"{c}.md" for c in "abcdefgh"]
NOBODY = Usage()
EDGES = st.lists(
    st.tuples(st.sampled_from(NODES), st.sampled_from(NODES), st.sampled_from(KINDS), st.booleans()),
    max_size=20,
)
READ = st.dictionaries(st.sampled_from(NODES), st.integers(1, 100), max_size=4)


def planned(root: Path, files: Mapping[str, str], usage: Usage = NOBODY) -> dict[str, EntryPlan]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    library = load_library(root)
    plan = loading_plan(library, understand(library, load_styles()), words(library), "words", usage)
    return {e.name: e for e in plan.entries}


def words(library: Library) -> dict[str, int]:
    return {p: len(m.text.split()) for p, m in library.modules.items()}


@given(EDGES, READ)
def test_what_is_needed_hard_is_never_on_demand_and_nothing_is_forgotten(
    pairs: list[tuple[str, str, str, bool]], read: dict[str, int]
) -> None:
    edges = [
        Edge(a, b, kind, b, 1, "x", one_of=way and kind == "conditional")  # type: ignore[arg-type]
        for a, b, kind, way in pairs
    ]
    graph = Graph(NODES, edges)
    library = Library(Path(), {n: Module(n, n, b"", 1, "utf-8") for n in NODES}, {}, ())
    understood = Understood(graph, (EntryPoint("a", "root", "a.md"),), ("h.md",), {}, 0, 0, ())
    tokens = dict.fromkeys(NODES, 1)
    usage = Usage({"a.md": 100}, {"a.md": read})
    (plan,) = loading_plan(library, understood, tokens, "ones", usage).entries
    always = set(understood.always_loaded)
    on_demand = {d.path for d in plan.on_demand} | {m for d in plan.on_demand for m in d.brings}
    assert set(plan.critical) == set(graph.closure(["a.md"], HARD))
    assert not on_demand & set(plan.ahead)
    for module in plan.ahead:
        assert set(graph.closure([module], HARD)) <= set(plan.ahead) | always
    reached = graph.closure([*plan.ahead, *read], KINDS[:2])
    assert set(reached) | always == set(plan.ahead) | on_demand | always
    assert len(set(plan.ahead)) == len(plan.ahead)
    assert plan.all_tokens == len(set(plan.ahead) | on_demand)
    assert all(d.triggers for d in plan.on_demand)


def test_routes_conditions_commands_and_words_say_when_a_module_is_loaded(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        {
            "commands/go.md": (
                "<ways>\n<review>\n<routes_to>@m/review.md</routes_to>\n</review>\n"
                "<fix>\n<note/>\n<routes_to>@m/fix.md</routes_to>\n</fix>\n</ways>\n"
                '<conditional module="m/audit.md" condition="security_needed"/>\n'
                'For <cmd name="/ship" module="m/ship.md"/>\n'
                "- **Read** `m/guide.md` when the tests fail.\n"
                "<integration_points>\n<gates>@m/gates.md</gates>\n</integration_points>\n"
                "See m/style_guide.md for the form\n"
            ),
            **{
                f"m/{n}.md": n
                for n in ("review", "fix", "audit", "ship", "guide", "gates", "style_guide", "part")
            },
            "m/review.md": "@m/part.md and more",
        },
    )["/go"]
    assert found.critical == ("commands/go.md",)
    assert {d.path: [(t.kind, t.when, t.line) for t in d.triggers] for d in found.on_demand} == {
        "m/review.md": [("route", "review", 3)],
        "m/fix.md": [("route", "fix", 7)],
        "m/audit.md": [("condition", "security_needed", 10)],
        "m/ship.md": [("command", "/ship", 11)],
        "m/guide.md": [("condition", "when the tests fail", 12)],
        "m/gates.md": [("words", "gates", 14)],
        "m/style_guide.md": [("words", "See m/style_guide.md for the form", 16)],
    }
    review = next(d for d in found.on_demand if d.path == "m/review.md")
    assert (review.brings, review.tokens) == (("m/part.md",), 4)
    assert found.route_tokens == found.critical_tokens + 4


def test_what_most_runs_read_is_loaded_ahead_with_what_it_needs(tmp_path: Path) -> None:
    files = {
        "commands/go.md": "Read m/often.md\nRead m/rare.md",
        "m/often.md": "@m/part.md",
        "m/rare.md": "rare",
        "m/part.md": "part",
        "m/unnamed.md": "nobody names this",
    }
    reads = {"m/often.md": 80, "m/rare.md": 10, "m/unnamed.md": 20, "gone.md": 90}
    found = planned(tmp_path, files, Usage({"commands/go.md": 100}, {"commands/go.md": reads}))["/go"]
    assert [(f.path, f.used) for f in found.frequent] == [("m/often.md", 0.8), ("m/part.md", 0.0)]
    assert [(d.path, d.used, d.triggers[0].kind) for d in found.on_demand] == [
        ("m/rare.md", 0.1, "words"),
        ("m/unnamed.md", 0.2, "usage"),
    ]


def test_of_very_many_modules_on_demand_the_nearest_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    files = {f"m/{i}.md": f"Read m/{i + 1}.md" for i in range(250)}
    found = planned(tmp_path, {**files, "m/250.md": "end", "commands/go.md": "Read m/0.md"})["/go"]
    assert [d.path for d in found.on_demand] == [f"m/{i}.md" for i in range(ON_DEMAND_MAX)]
    assert (found.unlisted, found.on_demand_tokens) == (51, 501)


def test_a_few_runs_prove_no_habit(tmp_path: Path) -> None:
    files = {"commands/go.md": "Read m/a.md", "m/a.md": "a"}
    usage = Usage({"commands/go.md": 3}, {"commands/go.md": {"m/a.md": 3}})
    assert planned(tmp_path, files, usage)["/go"].frequent == ()


def test_an_entry_point_is_found_by_name_and_path_and_a_mistake_says_what_there_is(tmp_path: Path) -> None:
    files = {"commands/go.md": "a", "commands/git/go.md": "b", "agents/go.md": "c"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    library = load_library(tmp_path)
    plan = loading_plan(library, understand(library, load_styles()), words(library), "words")
    assert plan.entry("/go").path == "commands/go.md"
    assert plan.entry("git:go").path == "commands/git/go.md"
    assert plan.entry("agents/go.md").name == "go"
    with pytest.raises(InputError, match=r"named '/gone'; there are .*/go"):
        plan.entry("/gone")
    doubled = msgspec.structs.replace(plan, entries=plan.entries * 2)
    with pytest.raises(InputError, match="'/go' is the name of several entry points; give a path"):
        doubled.entry("/go")


def test_a_plan_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    entry = EntryPlan("/go", "command", "go.md", ("go.md",), (), (), 1, 0, 1, 0)
    plan = LoadingPlan(1, "words", ("CLAUDE.md",), 5, {"go.md": 1}, (entry,))
    path = tmp_path / "loading-plan.json"
    write_plan(path, plan)
    assert read_plan(path) == plan
    path.write_bytes(plan_bytes(msgspec.structs.replace(plan, format=99)))
    with pytest.raises(ConfigError, match="has the format 99, this version reads 1"):
        read_plan(path)
    path.write_text("{}")
    with pytest.raises(ConfigError, match="is no loading plan"):
        read_plan(path)
    with pytest.raises(ConfigError, match="homeostat prompts plan DIR --out"):
        read_plan(tmp_path / "nowhere.json")
