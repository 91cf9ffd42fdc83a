"""A prompt is its closure as the analysis sees it, each module once and as in its file."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.prompts.graph.styles import KINDS, load_styles
from homeostat.prompts.graph.understanding import understand
from homeostat.prompts.library.library import load_library
from homeostat.prompts.planning.loading_plan import loading_plan
from homeostat.prompts.planning.plan_file import NAME as PLAN
from homeostat.prompts.planning.plan_file import write_plan
from homeostat.prompts.serving.prompt_library import PromptLibrary
from homeostat.testing.bare_host import BareHost

NAMES = ["commands/a.md", "commands/b.md", "c.md", "d.md", "e.md", "deep/f.md"]
LINES = st.one_of(
    st.sampled_from([f"@/{n}" for n in NAMES] + [f"[see](/{n})" for n in NAMES]),
    st.sampled_from(["plain words", "é ü", "🙂 ─────", "", "\ttab", "{ % }", "a\r"]),
)
TEXTS = st.lists(LINES, max_size=6).map("\n".join)


@settings(max_examples=60)
@given(
    texts=st.lists(TEXTS, min_size=len(NAMES), max_size=len(NAMES)),
    planned=st.booleans(),
    layer=st.sampled_from(["critical", "on_demand"]),
)
def test_a_prompt_is_what_the_graph_says(texts: list[str], planned: bool, layer: str) -> None:
    files = dict(zip(NAMES, texts, strict=True))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in files.items():
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_bytes(text.encode())
        library = load_library(root)
        understood = understand(library, load_styles())
        if planned:
            letters = {p: len(m.text) for p, m in library.modules.items()}
            write_plan(root / PLAN, loading_plan(library, understood, letters, "letters"))
        host = BareHost()
        with PromptLibrary(host, root) as served:
            host.knob_set.pin("prompts_layers", layer)
            for name in ("a", "b"):
                for _ in range(2):
                    prompt = served.prompt(name)
                    kinds = KINDS[:1] if layer == "critical" else KINDS[:2]
                    expected = understood.graph.closure([f"commands/{name}.md"], kinds)
                    assert sorted(prompt.modules) == sorted(expected)
                    assert prompt.text == framed(prompt.modules, files)
                    assert b"".join(prompt.chunks()).decode() == prompt.text


def framed(modules: tuple[str, ...], files: dict[str, str]) -> str:
    *included, own = modules
    frames = []
    for path in included:
        ending = "" if files[path].endswith("\n") else "\n"
        frames.append(f'<module path="{path}">\n{files[path]}{ending}</module>\n\n')
    return "".join(frames) + files[own]


@pytest.mark.parametrize("size", [0, 1, 70_000])
def test_chunks_of_a_prompt_are_at_most_64_kb(tmp_path: Path, size: int) -> None:
    (tmp_path / "a.md").write_text("🙂" * size, encoding="utf-8")
    with PromptLibrary(BareHost(), tmp_path) as library:
        chunks = list(library.prompt("a.md").chunks())
    assert b"".join(chunks).decode() == "🙂" * size
    assert all(len(chunk) <= 64 * 1024 for chunk in chunks)
