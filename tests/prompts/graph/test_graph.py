"""The graph says what is loaded, what may be, and what goes in circles."""

import time
import unicodedata
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from homeostat.prompts.graph.components import components
from homeostat.prompts.graph.graph import HARD, Edge, Graph
from homeostat.prompts.graph.resolution import Resolver
from homeostat.prompts.graph.styles import KINDS, EdgeKind, load_styles
from homeostat.prompts.graph.understanding import Understood, understand
from homeostat.prompts.library.library import Library, load_library

NODES = "abcdefgh"


@given(st.dictionaries(st.sampled_from(NODES), st.lists(st.sampled_from(NODES)), max_size=8))
def test_components_are_the_sets_that_all_reach_each_other(edges: dict[str, list[str]]) -> None:
    nodes = set(edges) | {t for ts in edges.values() for t in ts}

    def reached(start: str) -> set[str]:
        seen, waiting = {start}, [start]
        while waiting:
            for target in edges.get(waiting.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return seen

    slow = {frozenset(b for b in nodes if b in reached(a) and a in reached(b)) for a in nodes}
    found = components(edges)
    assert {frozenset(c) for c in found} == slow
    at = {node: i for i, c in enumerate(found) for node in c}
    assert all(at[t] <= at[s] for s, ts in edges.items() for t in ts)


def test_a_chain_of_ten_thousand_modules_needs_no_recursion() -> None:
    names = [str(i) for i in range(10_000)]
    edges = [Edge(a, b, "hard", b, 1, "x") for a, b in pairwise(names)]
    graph = Graph(names, [*edges, Edge(names[-1], names[0], "hard", "0", 1, "x")])
    assert len(graph.closure(["0"], HARD)) == 10_000
    assert [len(c) for c in graph.cycles(HARD)] == [10_000]


def library(root: Path, files: dict[str, str]) -> Understood:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return understand(load_library(root), load_styles())


def test_references_are_resolved_beside_above_in_hidden_folders_and_by_ending(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        {
            ".claude/commands/go.md": "@../m/a.md @m/b.md @c/deep/d.md @nowhere.md @twice.md @folder/skill",
            ".claude/m/a.md": "",
            ".claude/m/b.md": "",
            ".claude/x/c/deep/d.md": "",
            "one/twice.md": "",
            "two/twice.md": "",
            "folder/skill/SKILL.md": "",
        },
    )
    assert [(e.written, e.target, e.exact) for e in found.graph.edges] == [
        ("../m/a.md", ".claude/m/a.md", True),
        ("m/b.md", ".claude/m/b.md", True),
        ("c/deep/d.md", ".claude/x/c/deep/d.md", False),
        ("nowhere.md", None, False),
        ("twice.md", None, False),
        ("folder/skill", "folder/skill/SKILL.md", True),
    ]


def test_a_reference_through_a_link_means_what_the_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    found = library(tmp_path, {"real/a.md": "", "b.md": "@link/a.md"})
    assert [e.target for e in found.graph.edges] == ["real/a.md"]


def test_links_in_circles_and_to_the_root_are_gone_through(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "loop").symlink_to(".")
    found = library(
        tmp_path, {"a/x.md": "", "b.md": "@loop/a/x.md @a/up/a/x.md @loop/loop/a/x.md @loop/none.md"}
    )
    assert [e.target for e in found.graph.edges] == ["a/x.md", "a/x.md", "a/x.md", None]


def test_names_are_found_as_people_and_machines_write_them(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "prüf.md")
    text = f"@prüf.md @{decomposed} @my\\file.md [a](with%20blank.md) [b](<with blank.md>) @prompt\\_x.md"
    files = {decomposed: "", "my/file.md": "", "with blank.md": "", "prompt_x.md": ""}
    found = library(tmp_path, {"go.md": text, **files})
    assert [e.target for e in found.graph.edges] == [
        decomposed,
        decomposed,
        "my/file.md",
        "with blank.md",
        "with blank.md",
        "prompt_x.md",
    ]


def test_ten_thousand_references_by_the_ends_of_like_paths_take_no_search_each(tmp_path: Path) -> None:
    paths = [f"d{i % 50}/s{i}/SKILL.md" for i in range(10_000)]
    resolver = Resolver(Library(tmp_path, dict.fromkeys(paths), {}, ()))  # type: ignore[arg-type]
    began = time.process_time()
    found = [resolver.resolve(f"s{i}/SKILL.md", f"x{i}/a.md") for i in range(10_000)]
    assert time.process_time() - began < 3
    assert found == [(path, False) for path in paths]


def test_prompts_of_an_editor_are_commands_by_their_names(tmp_path: Path) -> None:
    files = {".github/prompts/fix.prompt.md": "", ".cursorrules": "Be brief.", ".windsurfrules": "Be kind."}
    found = library(tmp_path, files)
    assert [(e.name, e.kind) for e in found.entries] == [("/fix", "command")]
    assert found.always == (".cursorrules", ".windsurfrules")


def test_what_a_skill_names_in_its_folder_is_loaded_when_it_is_needed(tmp_path: Path) -> None:
    text = "- `forms.md`: forms\n- notes/api.md\n- ../xlsx/sheets.md\nSee /reference.md for more.\n"
    found = library(
        tmp_path,
        {
            "skills/pdf/SKILL.md": text,
            "skills/pdf/forms.md": "see also notes/api.md, or: notes/api.md",
            "skills/pdf/notes/api.md": "",
            "skills/pdf/reference.md": "",
            "skills/xlsx/sheets.md": "",
            "skills/xlsx/reference.md": "",
        },
    )
    assert [(e.target, e.kind) for e in found.graph.edges if e.source.endswith("SKILL.md")] == [
        ("skills/pdf/forms.md", "conditional"),
        ("skills/pdf/notes/api.md", "conditional"),
        ("skills/xlsx/sheets.md", "mention"),
        ("skills/pdf/reference.md", "conditional"),
    ]


def test_closures_grow_with_the_kinds_that_are_followed(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        {
            "commands/go.md": "@a.md\n<module>b.md</module>\n- c.md",
            "a.md": "@go.md",
            "b.md": "@d.md",
            "c.md": "",
            "d.md": "",
        },
    )
    start = ["commands/go.md"]
    assert found.graph.closure(start, HARD) == ("commands/go.md", "a.md")
    assert set(found.graph.closure(start, ("hard", "conditional"))) == {*start, "a.md", "b.md", "d.md"}
    assert len(found.graph.closure(start, ("hard", "conditional", "mention"))) == 5
    assert found.graph.cycles(HARD) == (("a.md", "commands/go.md"),)


def test_of_several_routes_the_heaviest_counts_and_routes_on_it_too(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        {
            "commands/go.md": "@base.md\n<routes_to>@a.md</routes_to>\n<routes_to>@b.md</routes_to>\n",
            "base.md": "",
            "a.md": "@base.md",
            "b.md": "@part.md\n<routes_to>@c.md</routes_to>\n<route>d.md</route>\n- see e.md",
            "part.md": "",
            "c.md": "",
            "d.md": "",
            "e.md": "",
        },
    )
    weights = {
        "commands/go.md": 1,
        "base.md": 50,
        "a.md": 9,
        "b.md": 5,
        "part.md": 5,
        "c.md": 1,
        "d.md": 2,
        "e.md": 99,
    }
    start = ["commands/go.md"]
    assert found.graph.ways("commands/go.md") == ("a.md", "b.md")
    assert set(found.graph.route_closure(start, weights)) == {*start, "base.md", "b.md", "part.md", "d.md"}
    assert set(found.graph.closure(start, HARD)) == {*start, "base.md"}


@given(
    st.lists(
        st.tuples(st.sampled_from(NODES), st.sampled_from(NODES), st.sampled_from(KINDS), st.booleans()),
        max_size=24,
    )
)
def test_a_route_lies_between_what_is_needed_and_all_that_may_come(
    pairs: list[tuple[str, str, EdgeKind, bool]],
) -> None:
    edges = [Edge(a, b, kind, b, 1, "x", one_of=way and kind == "conditional") for a, b, kind, way in pairs]
    graph = Graph(NODES, edges)
    route = graph.route_closure(["a"], dict.fromkeys(NODES, 1))
    assert len(set(route)) == len(route)
    assert set(graph.closure(["a"], KINDS[:1])) <= set(route) <= set(graph.closure(["a"], KINDS[:2]))
    assert set(route) == set(graph.closure(route, KINDS[:1]))


def test_entry_points_are_commands_skills_agents_and_what_is_always_loaded(tmp_path: Path) -> None:
    found = library(
        tmp_path,
        {
            "CLAUDE.md": "always",
            ".claude/commands/git/push.md": "push",
            ".claude/agents/reviewer.md": "---\nname: code-reviewer\n---\n",
            "skills/pdf/SKILL.md": "---\nname: pdf\n---\n",
            "skills/pdf/notes.md": "",
            "patterns/summarize/system.md": "",
        },
    )
    assert {(e.name, e.kind) for e in found.entries} == {
        ("/git:push", "command"),
        ("code-reviewer", "agent"),
        ("pdf", "skill"),
        ("summarize", "pattern"),
    }
    assert found.always == ("CLAUDE.md",)


def test_without_known_entry_points_those_count_that_nothing_loads(tmp_path: Path) -> None:
    found = library(tmp_path, {"main.md": "@part.md", "part.md": "", "other.md": "- part.md"})
    assert [(e.name, e.kind) for e in found.entries] == [("main.md", "root"), ("other.md", "root")]


def test_problems_name_file_and_line(tmp_path: Path) -> None:
    found = library(tmp_path, {"a.md": "---\nname: x\n\n", "b.md": "text\n\n```xml\n<a>\n<b>\n</a>\n```\n"})
    assert [str(p) for p in found.problems] == [
        "a.md:1: the front matter is not closed by a line of ---",
        "b.md:6: XML: mismatched tag",
    ]
    assert (found.xml_fences, found.xml_faults) == (1, 1)
