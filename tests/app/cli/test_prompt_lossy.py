"""Claims about `homeostat prompts optimize` with --lossy and --rewrite: what is dropped, and refused."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from homeostat.app.cli.main import build
from homeostat.testing.simulated_model.serving import served_model
from homeostat.testing.simulated_model.settings import Faults
from homeostat.testing.simulated_model.wire import ChatRequest

Run = Callable[..., tuple[int, str]]
PLAIN = "\n\n".join(f"The team has talked about part {sign} of it at length." for sign in "abcdefghijklmnop")
GO = f"# Go\n\nNEVER push without a review.\n\n{PLAIN}\n\nWait 30 seconds for $ARGUMENTS.\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOMEOSTAT_ENDPOINT_KEY", "sk-secret")

    def _run(*arguments: str, answer: str = "") -> tuple[int, str]:
        words = ["prompts", "optimize", *arguments]
        found = CliRunner().invoke(build(), words, input=answer, env={"COLUMNS": "200"})
        assert "sk-secret" not in found.output
        return found.exit_code, " ".join(found.output.split())

    return _run


@pytest.fixture
def library(tmp_path: Path) -> str:
    root = tmp_path / "library"
    (root / "commands").mkdir(parents=True)
    (root / "commands" / "go.md").write_text(GO)
    (root / "commands" / "stop.md").write_text("# Stop\n\nAlways stop.\n")
    return str(root)


def test_nothing_is_dropped_unless_it_is_asked_for(run: Run, library: str, tmp_path: Path) -> None:
    code, said = run(library, "--out", str(tmp_path / "lean"))
    assert code == 0
    assert (tmp_path / "lean" / "commands" / "go.md").read_text() == GO
    assert "asked to drop" not in said
    assert "likeness" not in said


def test_what_is_dropped_is_said_and_listed_for_a_person(run: Run, library: str, tmp_path: Path) -> None:
    lean = tmp_path / "lean"
    code, said = run(library, "--out", str(lean), "--lossy", "0.5")
    assert code == 0
    assert "but extract was asked to drop words, and did in 1 files" in said
    text = (lean / "commands" / "go.md").read_text()
    assert len(text) < 0.6 * len(GO)
    assert "NEVER push without a review." in text
    assert "Wait 30 seconds for $ARGUMENTS." in text
    (listed,) = lean.rglob("dropped.txt")
    gone = [line for line in GO.splitlines() if line and line not in text]
    assert gone
    assert all(line in listed.read_text() for line in gone)
    assert "sk-secret" not in listed.read_text()
    back = CliRunner().invoke(build(), ["prompts", "restore", str(lean), "--to", str(tmp_path / "back")])
    assert back.exit_code == 0
    assert (tmp_path / "back" / "commands" / "go.md").read_text() == GO


def test_a_budget_for_what_commands_load_is_kept(run: Run, library: str) -> None:
    code, said = run(library, "--dry-run", "--lossy", "100", "--lossy-per", "command")
    assert code == 0
    loaded = re.search(r"/go \S+ (\d+)", said)
    assert loaded is not None
    assert int(loaded[1]) <= 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--lossy", "1.5"), "1.5"),
        (("--lossy", "some"), "a ratio such as 0.5 or a number of tokens, not 'some'"),
        (("--lossy", "0.5", "--lossy-per", "folder"), "per module or command, not 'folder'"),
        (("--lossy-per", "command"), "give the budget with --lossy"),
        (("--endpoint", "http://127.0.0.1:9/v1"), "name the model with --rewrite"),
        (("--rewrite", "m", "--endpoint", "nowhere"), "'nowhere' is no address"),
        (("--embeddings", "m", "--endpoint", "http://127.0.0.1:9/v1"), "neither is asked for"),
        (("--rewrite", "m", "--endpoint", "http://127.0.0.1:9/v1", "--yes"), "cannot reach 127.0.0.1:9"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(
    run: Run, library: str, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, said = run(library, "--out", str(tmp_path / "lean"), *arguments)
    assert code == (3 if "reach" in message else 2)
    assert message in said
    assert not (tmp_path / "lean").exists()


def shorter(request: ChatRequest) -> str:
    return request.messages[-1].text.replace(PLAIN, "The team has talked.")


def careless(request: ChatRequest) -> str:
    return shorter(request).replace("NEVER push without a review.\n\n", "")


def test_a_rewrite_tells_its_cost_and_asks_first(run: Run, library: str, tmp_path: Path) -> None:
    arguments = (library, "--rewrite", "gpt-4o", "--endpoint")
    with served_model(shorter) as url:
        code, said = run(*arguments, url, "--out", str(tmp_path / "no"), answer="n\n")
        assert code != 0
        assert "at most 1 requests" in said
        assert not (tmp_path / "no").exists()
        code, said = run(*arguments, url, "--out", str(tmp_path / "lean"), answer="y\n")
    assert code == 0
    assert re.search(r"billed: 1 requests, [\d,]+ tokens in and \d+ out, for 0\.\d+ USD", said)
    assert "1 of 1 rewrites passed the gate" in said
    assert (tmp_path / "lean" / "commands" / "go.md").read_text() == GO.replace(PLAIN, "The team has talked.")


def test_a_second_run_needs_no_server_and_no_money(run: Run, library: str, tmp_path: Path) -> None:
    with served_model(shorter) as url:
        arguments = (library, "--rewrite", "gpt-4o", "--endpoint", url, "--yes")
        assert run(*arguments, "--out", str(tmp_path / "first"))[0] == 0
    code, said = run(*arguments, "--out", str(tmp_path / "second"))
    assert code == 0
    assert "at most 0 requests" in said
    assert "1 answers are known already" in said
    first, second = ((tmp_path / n / "commands" / "go.md").read_text() for n in ("first", "second"))
    assert first == second != GO


def test_a_rewrite_without_a_constraint_is_refused_and_shown(run: Run, library: str, tmp_path: Path) -> None:
    lean = tmp_path / "lean"
    with served_model(careless) as url:
        code, said = run(library, "--out", str(lean), "--rewrite", "m", "--endpoint", url, "--yes")
    assert code == 0
    assert "lost of constraints: NEVER push without a review." in said
    assert (lean / "commands" / "go.md").read_text() == GO
    (refused,) = lean.rglob("refused.txt")
    assert "lost of constraints" in refused.read_text()


def test_a_server_that_fails_changes_nothing_and_is_said(run: Run, library: str) -> None:
    with served_model(shorter, Faults(limit_rate=1.0, retry_after_s=0.0)) as url:
        code, said = run(library, "--dry-run", "--rewrite", "m", "--endpoint", url, "--yes")
        assert (code, "answers 429" in said) == (0, False)  # a dry run asks nothing
        code, said = run(library, "--out", f"{library}-lean", "--rewrite", "m", "--endpoint", url, "--yes")
    assert code == 0
    assert "the endpoint answers 429" in said
    assert (Path(f"{library}-lean") / "commands" / "go.md").read_text() == GO


def test_likeness_by_embeddings_is_shown_beside_the_words_that_it_proves_nothing(
    run: Run, library: str, tmp_path: Path
) -> None:
    with served_model() as url:
        arguments = ("--lossy", "0.5", "--embeddings", "text-embedding-3-small", "--endpoint", url)
        code, said = run(library, "--out", str(tmp_path / "lean"), *arguments, answer="y\n")
    assert code == 0
    assert re.search(r"about 1 requests, \d+ tokens in and 0 out, for a price that is not known", said)
    assert re.search(r"likeness: median 0\.\d\d, .* by text-embedding-3-small: it proves nothing", said)
